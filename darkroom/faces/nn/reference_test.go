package nn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// reference computes a graph by the definition of each operator, one number at a
// time and in double precision, and returns every value.
func reference(g *graph, input []float32) [][]float64 {
	values := make([][]float64, len(g.shapes))
	for _, v := range input {
		values[0] = append(values[0], float64(v))
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		s, in := g.shapes[n.out], g.shapes[n.in[0]]
		out := make([]float64, s.Len())
		at := func(y, x, c int) float64 { return values[n.in[0]][(y*in.W+x)*in.C+c] }
		for k := range out {
			y, x, c := k/s.C/s.W, k/s.C%s.W, k%s.C
			switch n.kind {
			case kindConv, kindDepthwise, kindMaxPool:
				out[k] = n.see(in, at, [3]int{y, x, c})
			case kindAdd:
				out[k] = values[n.in[0]][k] + values[n.in[1]][k]
			case kindRelu:
				out[k] = max(values[n.in[0]][k], 0)
			case kindWiden:
				if c < in.C {
					out[k] = at(y, x, c)
				}
			case kindResize:
				out[k] = between(float64(y), in.H, s.H, n.centres, func(y int) float64 {
					return between(float64(x), in.W, s.W, n.centres, func(x int) float64 { return at(y, x, c) })
				})
			}
			if n.relu {
				out[k] = max(out[k], 0)
			}
		}
		values[n.out] = out
	}
	return values
}

// see is a window's result at one place.
func (n *node) see(in Shape, at func(y, x, c int) float64, place [3]int) float64 {
	w, c := n.window, place[2]
	sum, most := 0.0, math.Inf(-1)
	if len(n.bias) > 0 {
		sum = float64(n.bias[c])
	}
	for ky := range w.kh {
		for kx := range w.kw {
			y, x := place[0]*w.strideH-w.top+ky, place[1]*w.strideW-w.left+kx
			if y < 0 || x < 0 || y >= in.H || x >= in.W {
				continue
			}
			tap := ky*w.kw + kx
			switch n.kind {
			case kindConv:
				for d := range in.C {
					sum += at(y, x, d) * float64(n.filter[(c*w.kh*w.kw+tap)*in.C+d])
				}
			case kindDepthwise:
				sum += at(y, x, c) * float64(n.filter[tap*in.C+c])
			default:
				most = max(most, at(y, x, c))
			}
		}
	}
	if n.kind == kindMaxPool {
		return most
	}
	return sum
}

// between interpolates along one side.
func between(i float64, size, out int, centres bool, at func(int) float64) float64 {
	scale := float64(size) / float64(out)
	x := i * scale
	if centres {
		x = max((i+0.5)*scale-0.5, 0)
	}
	a := min(int(x), size-1)
	share := x - float64(a)
	return at(a)*(1-share) + at(min(a+1, size-1))*share
}

// noise returns n floats between -1 and 1.
func noise(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = r.Float32()*2 - 1
	}
	return v
}

// invent builds a graph of every operator in random sizes.
func invent(t *testing.T, r *rand.Rand) *graph {
	t.Helper()
	must := func(v int, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	g, err := newGraph(Shape{8 + r.IntN(20), 8 + r.IntN(20), 1 + r.IntN(4)})
	if err != nil {
		t.Fatal(err)
	}
	wide := func(v, kernel, stride int) window {
		w := window{kh: kernel, kw: kernel, strideH: stride, strideW: stride}
		if r.IntN(2) == 0 {
			return w.same(g.shapes[v])
		}
		return w.explicit(g.shapes[v], [4]int{1, r.IntN(2), 2, 1})
	}
	conv := func(v, out, kernel, stride int) int {
		return must(g.conv(v, wide(v, kernel, stride), noise(r, out*kernel*kernel*g.shapes[v].C), noise(r, out)))
	}
	v := must(g.relu(conv(0, 1+r.IntN(30), 5, 1+r.IntN(2))))
	kept := v
	v = must(g.depthwise(v, window{kh: 3, kw: 3, strideH: 1, strideW: 1}.same(g.shapes[v]), noise(r, 9*g.shapes[v].C), nil))
	v = must(g.conv(v, window{kh: 1, kw: 1, strideH: 1, strideW: 1}.same(g.shapes[v]), noise(r, g.shapes[v].C*g.shapes[v].C), nil))
	v = must(g.relu(must(g.add(v, kept))))
	v = must(g.maxPool(v, window{kh: 2, kw: 2, strideH: 2, strideW: 2}.same(g.shapes[v])))
	v = must(g.widen(v, g.shapes[v].C+r.IntN(12)))
	v = must(g.depthwise(v, wide(v, 3, 2), noise(r, 9*g.shapes[v].C), noise(r, g.shapes[v].C)))
	v = must(g.relu(v))
	v = must(g.resize(v, 1+r.IntN(12), 1+r.IntN(12), r.IntN(2) == 0))
	end := conv(v, 1+r.IntN(12), 1+r.IntN(3), 1)
	for _, one := range []int{end, kept} {
		s := g.shapes[one]
		table, err := g.flatten(one, s.H*s.W, s.C)
		if err != nil {
			t.Fatal(err)
		}
		g.out = append(g.out, table)
	}
	return g
}

func TestARunIsWhatTheOperatorsSay(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		g := invent(t, r)
		input := noise(r, g.input.Len())
		want := reference(g, input)
		outputs := g.out
		m, err := g.plan()
		if err != nil {
			t.Fatal(err)
		}
		run := m.NewRun()
		copy(run.Input(), input)
		run.Do()
		for i, o := range outputs {
			for k, w := range want[o.parts[0]] {
				if got := float64(run.Output(i)[k]); math.Abs(got-w) > 1e-3*(1+math.Abs(w)) {
					t.Fatalf("input %v, output %d of %v: %g at %d, want %g", g.input, i, o.table, got, k, w)
				}
			}
		}
	}
}

// Small files can ask for much: one constant serves any number of filters, and
// what is added at the end lives until then.
func TestWhatAFileAsksForHasLimits(t *testing.T) {
	pixel := window{kh: 1, kw: 1, strideH: 1, strideW: 1}
	start := func(s Shape) (*graph, int) {
		g, err := newGraph(s)
		if err != nil {
			t.Fatal(err)
		}
		v, err := g.conv(0, pixel.same(s), make([]float32, 8*s.C), nil)
		if err != nil {
			t.Fatal(err)
		}
		return g, v
	}
	t.Run("filters", func(t *testing.T) {
		g, v := start(Shape{1, 1, 8})
		for range maxValues {
			filter := make([]float32, 4096*g.shapes[v].C)
			var err error
			if v, err = g.conv(v, pixel.same(g.shapes[v]), filter, nil); err != nil {
				return
			}
		}
		t.Error("filters without end were taken")
	})
	t.Run("work", func(t *testing.T) {
		g, v := start(Shape{1000, 1000, 8})
		for range maxValues {
			var err error
			if v, err = g.relu(v); err != nil {
				return
			}
		}
		t.Error("work without end was taken")
	})
	t.Run("memory", func(t *testing.T) {
		g, v := start(Shape{1000, 1000, 1})
		kept := []int{v}
		for range 10 {
			next, err := g.maxPool(kept[len(kept)-1], pixel.same(g.shapes[v]))
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, next)
		}
		for _, one := range kept {
			table, err := g.flatten(one, 1000*1000, 8)
			if err != nil {
				t.Fatal(err)
			}
			g.out = append(g.out, table)
		}
		if _, err := g.plan(); err == nil {
			t.Error("ten pictures at once were taken")
		}
	})
}
