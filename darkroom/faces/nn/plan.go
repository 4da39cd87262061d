package nn

// step is a node laid out: its buffers, strides and packed filter.
type step struct {
	run       func(*Run, *step)
	in, out   Shape
	inStride  int    // floats between the pixels of in
	from      [2]int // buffers; -1 is the input
	to        int
	window    window
	filter    []float32
	bias      []float32
	relu      bool
	rows      []tap // resize
	cols      []tap
	direct    bool // convolution: a pixel's channels are its column already
	outStride int
}

// tap is how one row or column of a resized picture is mixed from two.
type tap struct {
	a, b int
	mix  float32 // share of b
}

// plan lays the graph out: which buffer holds which value for how long.
func (g *graph) plan() (*Model, error) {
	if len(g.out) == 0 {
		return nil, refuse("no output")
	}
	g.fuse()
	m := &Model{input: g.input}
	at := g.place(m)
	total := 0
	for _, n := range m.buffers {
		total += n
	}
	if total > maxFloats {
		return nil, refuse("too much lives at once")
	}
	for i := range g.nodes {
		m.steps = append(m.steps, g.step(&g.nodes[i], at))
		if s := &m.steps[i]; !s.direct {
			m.scratch = max(m.scratch, lanes*s.window.kh*s.window.kw*s.inStride)
		}
	}
	for _, o := range g.out {
		out := output{table: o.table}
		for _, p := range o.parts {
			out.parts = append(out.parts, part{at[p], g.shapes[p]})
		}
		m.outputs = append(m.outputs, out)
	}
	return m, nil
}

// place gives every value a buffer. A buffer is given on when its value has been
// read for the last time.
func (g *graph) place(m *Model) []int {
	left := g.readers()
	at := make([]int, len(g.shapes))
	at[0] = -1
	var free []int
	for i := range g.nodes {
		n := &g.nodes[i]
		s := g.shapes[n.out]
		at[n.out] = m.buffer(&free, padded(s.H*s.W)*padded(s.C))
		for _, in := range n.reads() {
			if left[in]--; left[in] == 0 && in != 0 {
				free = append(free, at[in])
			}
		}
	}
	return at
}

// buffer takes the free buffer that needs the least growing, or a new one.
func (m *Model) buffer(free *[]int, floats int) int {
	best, cost := -1, 0
	for i, b := range *free {
		grow := max(floats-m.buffers[b], 0)
		if best < 0 || grow < cost || grow == cost && m.buffers[b] < m.buffers[(*free)[best]] {
			best, cost = i, grow
		}
	}
	if best < 0 {
		m.buffers = append(m.buffers, floats)
		return len(m.buffers) - 1
	}
	b := (*free)[best]
	*free = append((*free)[:best], (*free)[best+1:]...)
	m.buffers[b] = max(m.buffers[b], floats)
	return b
}

func (g *graph) step(n *node, at []int) step {
	in, out := g.shapes[n.in[0]], g.shapes[n.out]
	s := step{
		in: in, out: out, from: [2]int{at[n.in[0]], at[n.in[1]]}, to: at[n.out], window: n.window, relu: n.relu,
		inStride: padded(in.C), outStride: padded(out.C),
	}
	if n.in[0] == 0 {
		s.inStride = in.C
	}
	switch n.kind {
	case kindConv:
		w := n.window
		s.direct = w.kh == 1 && w.kw == 1 && w.strideH == 1 && w.strideW == 1 && w.top == 0 && w.left == 0 && n.in[0] != 0 &&
			in.H == out.H && in.W == out.W
		s.run, s.filter, s.bias = runConv, packConv(n, in.C, s.inStride, out.C), fill(n.bias, s.outStride)
	case kindDepthwise:
		s.run, s.filter, s.bias = runDepthwise, packDepthwise(n, in.C), fill(n.bias, s.outStride)
	case kindAdd:
		s.run = runAdd
	case kindRelu:
		s.run = runRelu
	case kindMaxPool:
		s.run = runMaxPool
	case kindWiden:
		s.run = runWiden
	case kindResize:
		s.run = runResize
		s.rows, s.cols = taps(in.H, out.H, n.centres), taps(in.W, out.W, n.centres)
	}
	return s
}

// fill returns v with zeros up to n.
func fill(v []float32, n int) []float32 {
	full := make([]float32, n)
	copy(full, v)
	return full
}

// packConv turns a filter of out × kh × kw × in into blocks of eight outputs:
// block × kh × kw × stride × 8, so that the kernel reads it from front to back.
func packConv(n *node, in, stride, out int) []float32 {
	taps := n.window.kh * n.window.kw
	packed := make([]float32, padded(out)*taps*stride)
	for o := range out {
		block := packed[o/lanes*taps*stride*lanes:]
		for t := range taps {
			for c := range in {
				block[(t*stride+c)*lanes+o%lanes] = n.filter[(o*taps+t)*in+c]
			}
		}
	}
	return packed
}

// packDepthwise turns a filter of kh × kw × channels into blocks of eight
// channels: block × kh × kw × 8.
func packDepthwise(n *node, channels int) []float32 {
	taps := n.window.kh * n.window.kw
	packed := make([]float32, padded(channels)*taps)
	for t := range taps {
		for c := range channels {
			packed[(c/lanes*taps+t)*lanes+c%lanes] = n.filter[t*channels+c]
		}
	}
	return packed
}

// taps tells how size pixels become out: by their centres, or corner on corner
// as TensorFlow did first.
func taps(size, out int, centres bool) []tap {
	all := make([]tap, out)
	scale := float64(size) / float64(out)
	for i := range all {
		at := float64(float64(i) * scale)
		if centres {
			at = max(float64((float64(i)+0.5)*scale)-0.5, 0)
		}
		a := min(int(at), size-1)
		all[i] = tap{a, min(a+1, size-1), float32(at - float64(a))}
	}
	return all
}
