package nn

import (
	"encoding/binary"
	"slices"
)

// onnx reads one ONNX file (onnx/onnx.proto) into a graph. ONNX computes with the
// channels outermost. This package stores them innermost whatever the file says,
// so a transposition that only moves them costs nothing: it changes how a value
// is told, not how it lies in memory.
type onnx struct {
	graph     *graph
	constants map[string]constant
	values    map[string]told
	tables    map[string]flat
	zeros     map[string][]int // tensors of zeros, by their shape
}

// constant is a tensor of the file.
type constant struct {
	dims     []int
	floats   []float32
	integers []int
}

// told is a value of the graph and how the file tells it: with its channels
// innermost, or outermost.
type told struct {
	value int
	inner bool
}

// operation is a node of the file.
type operation struct {
	name       string
	in         []string
	out        string
	attributes map[string][]int
}

// ReadONNX lays out the network of an ONNX file: 32-bit floats, one input of
// batch size one whose channels come last, as converters from TensorFlow leave
// it.
//
// It returns an error of [ErrModel] for anything else, however damaged.
func ReadONNX(data []byte) (*Model, error) {
	if len(data) > maxFile {
		return nil, refuse("a file of %d bytes", len(data))
	}
	root, err := readMessage(data)
	if err != nil {
		return nil, err
	}
	graphs := root.all(7)
	if len(graphs) != 1 {
		return nil, refuse("%d graphs", len(graphs))
	}
	file, err := readMessage(graphs[0])
	if err != nil {
		return nil, err
	}
	o := &onnx{constants: map[string]constant{}, values: map[string]told{}, tables: map[string]flat{}, zeros: map[string][]int{}}
	if err := o.begin(file); err != nil {
		return nil, err
	}
	for _, b := range file.all(1) {
		op, err := readOperation(b)
		if err != nil {
			return nil, err
		}
		if err := o.operator(op); err != nil {
			return nil, err
		}
	}
	return o.end(file)
}

// begin reads constants and the input, which is what has a shape and no value.
func (o *onnx) begin(file message) error {
	for _, b := range file.all(5) {
		if err := o.constant(b); err != nil {
			return err
		}
	}
	for _, b := range file.all(11) {
		name, dims, err := declared(b)
		if err != nil {
			return err
		}
		if _, known := o.constants[name]; known {
			continue
		}
		if o.graph != nil || len(dims) != 4 || dims[0] != 1 {
			return refuse("more inputs than one picture")
		}
		if o.graph, err = newGraph(Shape{dims[1], dims[2], dims[3]}); err != nil {
			return err
		}
		o.values[name] = told{0, true}
	}
	if o.graph == nil {
		return refuse("no input")
	}
	return nil
}

func (o *onnx) end(file message) (*Model, error) {
	for _, b := range file.all(12) {
		info, err := readMessage(b)
		if err != nil {
			return nil, err
		}
		table, ok := o.tables[info.text(1)]
		if !ok {
			return nil, refuse("an output is not a table")
		}
		o.graph.out = append(o.graph.out, table)
	}
	return o.graph.plan()
}

// constant reads a TensorProto of floats or of 64-bit integers.
func (o *onnx) constant(b []byte) error {
	m, err := readMessage(b)
	if err != nil {
		return err
	}
	var c constant
	if c.dims, err = m.integers(1); err != nil {
		return err
	}
	kind, err := m.integers(2)
	if err != nil || len(kind) != 1 {
		return refuse("a constant without a type")
	}
	raw := m.all(9)
	switch {
	case kind[0] == 1 && len(raw) == 1:
		c.floats = floats(raw[0])
	case kind[0] == 7 && len(raw) == 1:
		for b := raw[0]; len(b) >= 8; b = b[8:] {
			c.integers = append(c.integers, int(int64(binary.LittleEndian.Uint64(b))))
		}
	case kind[0] == 7:
		if c.integers, err = m.integers(7); err != nil {
			return err
		}
	default:
		return refuse("a constant of type %d", kind[0])
	}
	if !finite(c.floats) || len(c.dims) > 8 {
		return refuse("a constant that no filter should hold")
	}
	o.constants[m.text(8)] = c
	return nil
}

// declared reads a ValueInfoProto: name and dimensions.
func declared(b []byte) (string, []int, error) {
	m, err := readMessage(b)
	if err != nil {
		return "", nil, err
	}
	name := m.text(1)
	var dims []int
	for _, number := range []int{2, 1, 2} { // type, tensor_type, shape
		all := m.all(number)
		if len(all) != 1 {
			return "", nil, refuse("an input without a shape")
		}
		if m, err = readMessage(all[0]); err != nil {
			return "", nil, err
		}
	}
	for _, b := range m.all(1) {
		dim, err := readMessage(b)
		if err != nil {
			return "", nil, err
		}
		size, err := dim.integers(1)
		if err != nil || len(size) != 1 {
			return "", nil, refuse("an input of no fixed size")
		}
		dims = append(dims, size[0])
	}
	return name, dims, nil
}

func readOperation(b []byte) (operation, error) {
	m, err := readMessage(b)
	if err != nil {
		return operation{}, err
	}
	op := operation{name: m.text(4), out: m.text(2), attributes: map[string][]int{}}
	for _, in := range m.all(1) {
		op.in = append(op.in, string(in))
	}
	if len(op.in) == 0 || len(m.all(2)) != 1 {
		return operation{}, refuse("a damaged operator")
	}
	for _, b := range m.all(5) {
		a, err := readMessage(b)
		if err != nil {
			return operation{}, err
		}
		one, err := a.integers(3)
		if err != nil {
			return operation{}, err
		}
		many, err := a.integers(8)
		if err != nil {
			return operation{}, err
		}
		op.attributes[a.text(1)] = append(one, many...)
	}
	return op, nil
}

// operator adds what one operator computes to the graph.
func (o *onnx) operator(op operation) error {
	switch op.name {
	case "ConstantOfShape":
		o.zeros[op.out] = o.constants[op.in[0]].integers
		if len(op.attributes) > 0 {
			return refuse("a constant other than zero")
		}
		return nil
	case "Reshape":
		return o.reshape(op)
	}
	from, ok := o.values[op.in[0]]
	if !ok {
		return refuse("%s reads what nobody wrote", op.name)
	}
	if op.name == "Transpose" {
		return o.transpose(op, from)
	}
	if from.inner {
		return refuse("%s of a picture whose channels come last", op.name)
	}
	value, err := o.compute(op, from.value)
	o.values[op.out] = told{value, false}
	return err
}

// compute adds an operator of pictures whose channels come first.
func (o *onnx) compute(op operation, from int) (int, error) {
	switch op.name {
	case "Conv":
		return o.convolve(op, from)
	case "Relu":
		return o.graph.relu(from)
	case "Add":
		if len(op.in) == 2 {
			if other, ok := o.values[op.in[1]]; ok && !other.inner {
				return o.graph.add(from, other.value)
			}
		}
		return 0, refuse("addition of other than two pictures")
	case "MaxPool":
		w, err := o.window(op, from, op.attributes["kernel_shape"])
		if err != nil {
			return 0, err
		}
		return o.graph.maxPool(from, w)
	case "Concat":
		return o.widen(op, from)
	}
	return 0, refuse("operator %s", op.name)
}

// window reads how a kernel moves.
func (o *onnx) window(op operation, from int, kernel []int) (window, error) {
	strides, pads, dilations := op.attributes["strides"], op.attributes["pads"], op.attributes["dilations"]
	if pads == nil {
		pads = make([]int, 4)
	}
	if dilations == nil {
		dilations = []int{1, 1}
	}
	if len(kernel) != 2 || len(strides) != 2 || len(pads) != 4 || !slices.Equal(dilations, []int{1, 1}) ||
		len(op.attributes["auto_pad"]) > 0 || len(op.attributes["ceil_mode"]) > 0 && op.attributes["ceil_mode"][0] != 0 {
		return window{}, refuse("%s with a window that is not known", op.name)
	}
	w := window{kh: kernel[0], kw: kernel[1], strideH: strides[0], strideW: strides[1]}
	for _, p := range pads {
		if p < 0 || p > 16 {
			return window{}, refuse("%s padded by %d", op.name, p)
		}
	}
	if !w.sane() {
		return window{}, refuse("%s by %d × %d", op.name, w.kh, w.kw)
	}
	return w.explicit(o.graph.shapes[from], [4]int(pads)), nil
}

func (o *onnx) convolve(op operation, from int) (int, error) {
	if len(op.in) < 2 || len(op.in) > 3 {
		return 0, refuse("convolution of %d tensors", len(op.in))
	}
	filter := o.constants[op.in[1]]
	d := filter.dims
	if len(d) != 4 || min(d[0], d[1], d[2], d[3]) < 1 || max(d[0], d[1], d[2], d[3]) > maxSide ||
		d[0]*d[1]*d[2]*d[3] != len(filter.floats) {
		return 0, refuse("a filter of other than four dimensions")
	}
	var bias []float32
	if len(op.in) == 3 {
		if bias = o.constants[op.in[2]].floats; len(bias) != d[0] {
			return 0, refuse("%d biases for %d channels", len(bias), d[0])
		}
	}
	w, err := o.window(op, from, d[2:])
	if err != nil {
		return 0, err
	}
	group, channels := op.attributes["group"], o.graph.shapes[from].C
	switch {
	case (len(group) == 0 || group[0] == 1) && d[1] == channels:
		return o.graph.conv(from, w, innermost(filter.floats, d), bias)
	case len(group) == 1 && group[0] == channels && d[0] == channels && d[1] == 1:
		// channels × 1 × kh × kw becomes 1 × kh × kw × channels
		return o.graph.depthwise(from, w, innermost(filter.floats, []int{1, d[0], d[2], d[3]}), bias)
	}
	return 0, refuse("a convolution in groups")
}

// innermost turns out × in × kh × kw into out × kh × kw × in.
func innermost(v []float32, d []int) []float32 {
	turned := make([]float32, len(v))
	area := d[2] * d[3]
	for n := range d[0] {
		for c := range d[1] {
			for t := range area {
				turned[(n*area+t)*d[1]+c] = v[(n*d[1]+c)*area+t]
			}
		}
	}
	return turned
}

// widen takes joining with zeros behind the channels only.
func (o *onnx) widen(op operation, from int) (int, error) {
	if len(op.in) != 2 || !slices.Equal(op.attributes["axis"], []int{1}) {
		return 0, refuse("joining other than two pictures by channels")
	}
	zeros, s := o.zeros[op.in[1]], o.graph.shapes[from]
	if len(zeros) != 4 || zeros[0] != 1 || zeros[1] < 0 || zeros[1] > maxSide || zeros[2] != s.H || zeros[3] != s.W {
		return 0, refuse("joining with other than zeros")
	}
	return o.graph.widen(from, s.C+zeros[1])
}

func (o *onnx) transpose(op operation, from told) error {
	order := op.attributes["perm"]
	switch {
	case from.inner && slices.Equal(order, []int{0, 3, 1, 2}):
		o.values[op.out] = told{from.value, false}
	case !from.inner && slices.Equal(order, []int{0, 2, 3, 1}):
		o.values[op.out] = told{from.value, true}
	default:
		return refuse("a transposition that moves more than the channels")
	}
	return nil
}

func (o *onnx) reshape(op operation) error {
	from, ok := o.values[op.in[0]]
	if !ok || !from.inner || len(op.in) != 2 {
		return refuse("reshaping other than a picture whose channels come last")
	}
	to := o.constants[op.in[1]].integers
	if len(to) != 3 || to[0] != 1 {
		return refuse("reshaping to other than a table")
	}
	table, err := o.graph.flatten(from.value, to[1], to[2])
	o.tables[op.out] = table
	return err
}
