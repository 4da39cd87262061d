package nn

import "encoding/binary"

// The operators of TFLite that are run (tensorflow/lite/schema/schema.fbs,
// BuiltinOperator).
const (
	liteAdd        = 0
	liteConcat     = 2
	liteConv       = 3
	liteDepthwise  = 4
	liteDequantize = 6
	liteMaxPool    = 17
	liteRelu       = 19
	liteReshape    = 22
	liteResize     = 23
	litePad        = 34
)

// lite reads one TFLite file into a graph.
type lite struct {
	file    *flatFile
	graph   *graph
	tensors []record
	blobs   []record
	values  map[int]int    // tensor → value of the graph
	tables  map[int]flat   // tensor → table
	halved  map[int][]byte // tensor → constant of half precision, dequantised
}

// ReadTFLite lays out the network of a TFLite file: 32-bit floats, constants of
// half precision included, one input of batch size one.
//
// It returns an error of [ErrModel] for anything else, however damaged.
func ReadTFLite(data []byte) (*Model, error) {
	if len(data) < 8 || len(data) > maxFile || string(data[4:8]) != "TFL3" {
		return nil, refuse("no TFLite file")
	}
	file := &flatFile{data: data}
	root := record{file, file.i32(0)}
	parts := root.records(2)
	if len(parts) != 1 {
		return nil, refuse("%d subgraphs", len(parts))
	}
	l := &lite{
		file: file, tensors: parts[0].records(0), blobs: root.records(4),
		values: map[int]int{}, tables: map[int]flat{}, halved: map[int][]byte{},
	}
	if err := l.begin(parts[0].ints(1)); err != nil {
		return nil, err
	}
	codes := root.records(1)
	for _, op := range parts[0].records(3) {
		if err := l.operator(codes, op); err != nil {
			return nil, err
		}
	}
	return l.end(parts[0].ints(2))
}

func (l *lite) begin(inputs []int) error {
	if len(l.tensors) > maxValues || len(inputs) != 1 {
		return refuse("%d inputs, %d tensors", len(inputs), len(l.tensors))
	}
	shape := l.shape(inputs[0])
	if len(shape) != 4 || shape[0] != 1 {
		return refuse("input is not one picture")
	}
	g, err := newGraph(Shape{shape[1], shape[2], shape[3]})
	l.graph = g
	l.values[inputs[0]] = 0
	return err
}

func (l *lite) end(outputs []int) (*Model, error) {
	for _, tensor := range outputs {
		table, ok := l.tables[tensor]
		if !ok {
			return nil, refuse("an output is not a table")
		}
		l.graph.out = append(l.graph.out, table)
	}
	if l.file.fault {
		return nil, refuse("an offset points outside the file")
	}
	return l.graph.plan()
}

// operator adds what one operator computes to the graph.
func (l *lite) operator(codes []record, op record) error {
	in, out := op.ints(1), op.ints(2)
	index := op.int(0, 0)
	if l.file.fault || index < 0 || index >= len(codes) || len(in) == 0 || len(in) > maxValues || len(out) != 1 {
		return refuse("a damaged operator")
	}
	code := codes[index].int(3, 0)
	if code == 0 {
		code = codes[index].byte(0)
	}
	options := op.record(4)
	switch code {
	case liteDequantize:
		return l.dequantize(in[0], out[0])
	case liteReshape:
		return l.reshape(in[0], out[0])
	case liteConcat:
		return l.concat(in, out[0], options)
	}
	from, ok := l.values[in[0]]
	if !ok {
		return refuse("operator %d reads what nobody wrote", code)
	}
	value, act, err := l.compute(code, from, in, options)
	if err != nil {
		return err
	}
	switch act {
	case 0:
	case 1:
		if value, err = l.graph.relu(value); err != nil {
			return err
		}
	default:
		return refuse("activation %d", act)
	}
	l.values[out[0]] = value
	return nil
}

// compute adds an operator of pictures, and tells the activation that follows.
func (l *lite) compute(code, from int, in []int, options record) (value, act int, err error) {
	switch code {
	case liteConv, liteDepthwise:
		return l.convolve(code, from, in, options)
	case liteAdd:
		if len(in) != 2 {
			return 0, 0, refuse("addition of %d tensors", len(in))
		}
		other, ok := l.values[in[1]]
		if !ok {
			return 0, 0, refuse("addition of a constant")
		}
		value, err = l.graph.add(from, other)
		return value, options.byte(0), err
	case liteMaxPool:
		w := window{kh: options.int(4, 0), kw: options.int(3, 0), strideH: options.int(2, 0), strideW: options.int(1, 0)}
		if w, err = l.place(w, from, options.byte(0)); err != nil {
			return 0, 0, err
		}
		value, err = l.graph.maxPool(from, w)
		return value, options.byte(5), err
	case liteRelu:
		value, err = l.graph.relu(from)
	case litePad:
		value, err = l.pad(from, in)
	case liteResize:
		value, err = l.resize(from, in, options)
	default:
		err = refuse("operator %d", code)
	}
	return value, 0, err
}

// place gives a window its padding: 0 is SAME, 1 is VALID.
func (l *lite) place(w window, from, padding int) (window, error) {
	s := l.graph.shapes[from]
	if !w.sane() || padding > 1 {
		return w, refuse("window of %d × %d, padding %d", w.kh, w.kw, padding)
	}
	if padding == 0 {
		return w.same(s), nil
	}
	return w.explicit(s, [4]int{}), nil
}

func (l *lite) convolve(code, from int, in []int, options record) (value, act int, err error) {
	if len(in) != 3 {
		return 0, 0, refuse("convolution without filter and bias")
	}
	shape := l.shape(in[1])
	filter, bias := l.constant(in[1]), l.constant(in[2])
	if len(shape) != 4 || len(bias) == 0 {
		return 0, 0, refuse("filter of %d dimensions, %d biases", len(shape), len(bias))
	}
	w := window{kh: shape[1], kw: shape[2], strideH: options.int(2, 0), strideW: options.int(1, 0)}
	if w, err = l.place(w, from, options.byte(0)); err != nil {
		return 0, 0, err
	}
	if code == liteConv {
		if options.int(4, 1) != 1 || options.int(5, 1) != 1 || shape[3] != l.graph.shapes[from].C {
			return 0, 0, refuse("dilated convolution, or one of other channels")
		}
		value, err = l.graph.conv(from, w, filter, bias)
		return value, options.byte(3), err
	}
	if options.int(3, 0) != 1 || options.int(5, 1) != 1 || options.int(6, 1) != 1 {
		return 0, 0, refuse("dilated or multiplied depthwise convolution")
	}
	value, err = l.graph.depthwise(from, w, filter, bias)
	return value, options.byte(4), err
}

// pad takes zeros behind the channels only.
func (l *lite) pad(from int, in []int) (int, error) {
	if len(in) != 2 {
		return 0, refuse("padding by %d tensors", len(in))
	}
	by := l.integers(in[1])
	if len(by) != 8 || by[7] < 0 || by[7] > maxSide {
		return 0, refuse("padding by %d numbers", len(by))
	}
	for _, n := range by[:7] {
		if n != 0 {
			return 0, refuse("padding other than behind the channels")
		}
	}
	return l.graph.widen(from, l.graph.shapes[from].C+by[7])
}

func (l *lite) resize(from int, in []int, options record) (int, error) {
	if len(in) != 2 {
		return 0, refuse("resizing by %d tensors", len(in))
	}
	size := l.integers(in[1])
	if len(size) != 2 || options.byte(2) != 0 {
		return 0, refuse("resizing to %d numbers, or aligned at the corners", len(size))
	}
	return l.graph.resize(from, size[0], size[1], options.byte(3) != 0)
}

// dequantize takes constants of half precision; wider ones come from nowhere
// else.
func (l *lite) dequantize(in, out int) error {
	t, ok := l.tensor(in)
	if !ok || t.byte(1) != 1 {
		return refuse("dequantisation of what is not of half precision")
	}
	l.halved[out] = l.data(t)
	return nil
}

func (l *lite) reshape(in, out int) error {
	from, ok := l.values[in]
	to := l.shape(out)
	if !ok || len(to) != 3 || to[0] != 1 {
		return refuse("reshaping to other than a table")
	}
	table, err := l.graph.flatten(from, to[1], to[2])
	l.tables[out] = table
	return err
}

func (l *lite) concat(in []int, out int, options record) error {
	if options.int(0, 0) != 1 || options.byte(1) != 0 {
		return refuse("joining other than tables by rows")
	}
	tables := make([]flat, len(in))
	for i, tensor := range in {
		table, ok := l.tables[tensor]
		if !ok {
			return refuse("joining other than tables")
		}
		tables[i] = table
	}
	table, err := stack(tables)
	l.tables[out] = table
	return err
}

func (l *lite) tensor(n int) (record, bool) {
	if n < 0 || n >= len(l.tensors) {
		return record{file: l.file}, false
	}
	return l.tensors[n], true
}

func (l *lite) shape(n int) []int {
	t, _ := l.tensor(n)
	return t.ints(0)
}

// data returns the bytes of a constant, none for a tensor that is computed.
func (l *lite) data(t record) []byte {
	n := t.int(2, 0)
	if n < 0 || n >= len(l.blobs) {
		return nil
	}
	return l.blobs[n].blob(0)
}

// constant returns the floats of a constant; none where it is none, or holds
// what no filter should.
func (l *lite) constant(n int) []float32 {
	var v []float32
	if b, ok := l.halved[n]; ok {
		v = halves(b)
	} else if t, ok := l.tensor(n); ok && t.byte(1) == 0 {
		v = floats(l.data(t))
	}
	if !finite(v) {
		return nil
	}
	return v
}

// integers returns the 32-bit integers of a constant.
func (l *lite) integers(n int) []int {
	t, ok := l.tensor(n)
	if !ok || t.byte(1) != 2 {
		return nil
	}
	b := l.data(t)
	v := make([]int, min(len(b)/4, 16))
	for i := range v {
		v[i] = int(int32(binary.LittleEndian.Uint32(b[4*i:])))
	}
	return v
}
