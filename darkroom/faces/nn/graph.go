package nn

import "slices"

// kind is what a node computes.
type kind uint8

const (
	kindConv kind = iota
	kindDepthwise
	kindAdd
	kindRelu
	kindMaxPool
	kindWiden
	kindResize
)

// graph is a network as read, in the one layout that is computed: batches of
// one, the channels of a pixel side by side. Both readers build it through its
// methods, which infer every shape and refuse what does not fit.
type graph struct {
	input  Shape
	shapes []Shape // of each value; value 0 is the input
	nodes  []node
	out    []flat

	work, filters int // of all nodes, against their limits
}

// node computes one value.
type node struct {
	kind    kind
	in      [2]int // values; the second only of an addition
	out     int
	window  window
	filter  []float32 // convolution: out × kh × kw × in; depthwise: kh × kw × channels
	bias    []float32 // empty for none
	relu    bool      // negative results become zero
	centres bool      // resize: pixels are sampled at their centres
}

// window is how a kernel steps over a picture, with what stands before the first
// row and column. What stands behind the last follows from the result's size.
type window struct {
	kh, kw, strideH, strideW, top, left int
	out                                 [2]int // rows and columns of the result
}

// flat is values written out one after the other, told as a table.
type flat struct {
	table Table
	parts []int
}

func newGraph(input Shape) (*graph, error) {
	if !input.valid() {
		return nil, refuse("input of %d × %d × %d", input.H, input.W, input.C)
	}
	return &graph{input: input, shapes: []Shape{input}}, nil
}

// put appends a node and returns its value.
func (g *graph) put(n node, s Shape, work int) (int, error) {
	if !s.valid() {
		return 0, refuse("tensor of %d × %d × %d", s.H, s.W, s.C)
	}
	if g.work += work + s.Len(); g.work > maxWork {
		return 0, refuse("too much work")
	}
	if len(n.filter) > 0 {
		g.filters += n.window.kh * n.window.kw * padded(s.C) * padded(g.shapes[n.in[0]].C)
	}
	if g.filters > maxFilter {
		return 0, refuse("too large filters")
	}
	if len(g.shapes) >= maxValues {
		return 0, refuse("too many tensors")
	}
	if n.in[0] == 0 && n.kind != kindConv {
		return 0, refuse("something other than a convolution reads the input")
	}
	n.out = len(g.shapes)
	g.shapes, g.nodes = append(g.shapes, s), append(g.nodes, n)
	return n.out, nil
}

// same returns the window that covers all of s as TensorFlow's padding SAME
// does: ceil(size/stride) results, the odd pixel of padding behind.
func (w window) same(s Shape) window {
	pad := func(size, k, stride int) (int, int) {
		out := (size + stride - 1) / stride
		return out, max((out-1)*stride+k-size, 0) / 2
	}
	w.out[0], w.top = pad(s.H, w.kh, w.strideH)
	w.out[1], w.left = pad(s.W, w.kw, w.strideW)
	return w
}

// explicit returns the window with the given padding: top, left, bottom, right.
func (w window) explicit(s Shape, pads [4]int) window {
	w.top, w.left = pads[0], pads[1]
	w.out[0] = (s.H+pads[0]+pads[2]-w.kh)/w.strideH + 1
	w.out[1] = (s.W+pads[1]+pads[3]-w.kw)/w.strideW + 1
	return w
}

// sane refuses kernels, strides and paddings that no detector has. Every window
// is asked before its result is inferred.
func (w window) sane() bool {
	in := func(n, low, high int) bool { return n >= low && n <= high }
	return in(w.kh, 1, 16) && in(w.kw, 1, 16) && in(w.strideH, 1, 4) && in(w.strideW, 1, 4) &&
		in(w.top, 0, 16) && in(w.left, 0, 16)
}

func (g *graph) conv(in int, w window, filter, bias []float32) (int, error) {
	s := g.shapes[in]
	per := w.kh * w.kw * s.C
	if !w.sane() || len(filter) == 0 || len(filter)%per != 0 {
		return 0, refuse("filter of %d for a window of %d × %d × %d", len(filter), w.kh, w.kw, s.C)
	}
	out := Shape{w.out[0], w.out[1], len(filter) / per}
	if len(bias) != 0 && len(bias) != out.C {
		return 0, refuse("%d biases for %d channels", len(bias), out.C)
	}
	if !out.valid() {
		return 0, refuse("convolution to %d × %d × %d", out.H, out.W, out.C)
	}
	return g.put(node{kind: kindConv, in: [2]int{in}, window: w, filter: filter, bias: bias}, out, out.Len()*per)
}

// depthwise takes windows of 3 × 3 only, what all detectors of the family have.
func (g *graph) depthwise(in int, w window, filter, bias []float32) (int, error) {
	s := g.shapes[in]
	if !w.sane() || w.kh != 3 || w.kw != 3 || len(filter) != w.kh*w.kw*s.C {
		return 0, refuse("depthwise filter of %d for %d × %d × %d", len(filter), w.kh, w.kw, s.C)
	}
	if len(bias) != 0 && len(bias) != s.C {
		return 0, refuse("%d biases for %d channels", len(bias), s.C)
	}
	out := Shape{w.out[0], w.out[1], s.C}
	if !out.valid() {
		return 0, refuse("depthwise convolution to %d × %d × %d", out.H, out.W, out.C)
	}
	return g.put(node{kind: kindDepthwise, in: [2]int{in}, window: w, filter: filter, bias: bias}, out, out.Len()*w.kh*w.kw)
}

func (g *graph) add(a, b int) (int, error) {
	if g.shapes[a] != g.shapes[b] || b == 0 {
		return 0, refuse("addition of tensors that differ in shape")
	}
	return g.put(node{kind: kindAdd, in: [2]int{a, b}}, g.shapes[a], 0)
}

func (g *graph) relu(in int) (int, error) {
	return g.put(node{kind: kindRelu, in: [2]int{in}}, g.shapes[in], 0)
}

func (g *graph) maxPool(in int, w window) (int, error) {
	if !w.sane() {
		return 0, refuse("pooling by %d × %d", w.kh, w.kw)
	}
	out := Shape{w.out[0], w.out[1], g.shapes[in].C}
	if !out.valid() {
		return 0, refuse("pooling to %d × %d × %d", out.H, out.W, out.C)
	}
	return g.put(node{kind: kindMaxPool, in: [2]int{in}, window: w}, out, out.Len()*w.kh*w.kw)
}

// widen adds channels of zeros behind the others.
func (g *graph) widen(in, channels int) (int, error) {
	s := g.shapes[in]
	if channels < s.C {
		return 0, refuse("%d channels widened to %d", s.C, channels)
	}
	s.C = channels
	return g.put(node{kind: kindWiden, in: [2]int{in}}, s, 0)
}

// resize interpolates linearly between pixels.
func (g *graph) resize(in, h, w int, centres bool) (int, error) {
	return g.put(node{kind: kindResize, in: [2]int{in}, centres: centres}, Shape{h, w, g.shapes[in].C}, 0)
}

// flatten tells a value as a table of the given number of columns.
func (g *graph) flatten(in, rows, cols int) (flat, error) {
	if in == 0 || rows <= 0 || cols <= 0 || rows > maxFloats || cols > maxSide || rows*cols != g.shapes[in].Len() {
		return flat{}, refuse("%d values told as %d × %d", g.shapes[in].Len(), rows, cols)
	}
	return flat{Table{rows, cols}, []int{in}}, nil
}

// stack puts tables of the same width one under the other.
func stack(tables []flat) (flat, error) {
	if len(tables) == 0 {
		return flat{}, refuse("nothing to join")
	}
	all := flat{table: Table{Cols: tables[0].table.Cols}}
	for _, t := range tables {
		if t.table.Cols != all.table.Cols || len(all.parts)+len(t.parts) > maxValues {
			return flat{}, refuse("joined tables differ in width")
		}
		all.table.Rows += t.table.Rows
		all.parts = append(all.parts, t.parts...)
	}
	if all.table.Rows > maxFloats {
		return flat{}, refuse("too long a table")
	}
	return all, nil
}

// fuse lets the node before a lone relu do its work, and drops nodes whose
// value nobody reads.
func (g *graph) fuse() {
	readers := g.readers()
	maker := make([]int, len(g.shapes))
	for i, n := range g.nodes {
		maker[n.out] = i
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.kind != kindRelu || readers[n.in[0]] != 1 {
			continue
		}
		before := &g.nodes[maker[n.in[0]]]
		if before.kind == kindConv || before.kind == kindDepthwise || before.kind == kindAdd {
			readers[n.in[0]] = 0
			before.relu, before.out = true, n.out
			maker[n.out] = maker[n.in[0]]
			n.out = -1
		}
	}
	g.nodes = slices.DeleteFunc(g.nodes, func(n node) bool { return n.out < 0 })
	g.prune()
}

// prune drops, from the last to the first, what no output needs.
func (g *graph) prune() {
	needed := make([]bool, len(g.shapes))
	for _, o := range g.out {
		for _, p := range o.parts {
			needed[p] = true
		}
	}
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := &g.nodes[i]
		if !needed[n.out] {
			n.out = -1
			continue
		}
		for _, in := range n.reads() {
			needed[in] = true
		}
	}
	g.nodes = slices.DeleteFunc(g.nodes, func(n node) bool { return n.out < 0 })
}

// reads returns the values that a node needs.
func (n *node) reads() []int {
	if n.kind == kindAdd {
		return n.in[:]
	}
	return n.in[:1]
}

// readers counts who needs each value.
func (g *graph) readers() []int {
	count := make([]int, len(g.shapes))
	for i := range g.nodes {
		for _, in := range g.nodes[i].reads() {
			count[in]++
		}
	}
	for _, o := range g.out {
		for _, p := range o.parts {
			count[p]++
		}
	}
	return count
}
