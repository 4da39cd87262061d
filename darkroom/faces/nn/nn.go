// Package nn runs small convolutional networks on one processor, in Go alone: it
// reads a TFLite or ONNX file, lays the network out once, and then computes it
// as often as asked without allocating.
//
// It knows the operators that face detectors of the BlazeFace family are made
// of and refuses every other file rather than guess. A file is parsed as if it
// came from an enemy: every offset is checked, sizes and work have limits, and
// nothing in it makes the reader panic.
//
// The same input gives the same bits on every processor. Each output is one sum
// in one fixed order, multiplied and added apart, never fused; vector
// instructions compute eight such sums side by side and change none of them.
// On amd64 they are AVX, in kernel_amd64.s; elsewhere the loops of kernel.go,
// to which a test holds the others to the last bit.
//
// Start reading at [ReadTFLite], [Model.NewRun] and [Run.Do].
package nn

import (
	"errors"
	"fmt"
)

// ErrModel means that a file is damaged, too large, or needs what this package
// does not do. The text around it says what.
var ErrModel = errors.New("not a network that can be run")

func refuse(format string, args ...any) error {
	return fmt.Errorf("nn: %w: %s", ErrModel, fmt.Sprintf(format, args...))
}

// Limits of what a file may ask for.
const (
	maxFile   = 16 << 20 // bytes of a file
	maxValues = 4096     // tensors of a network
	maxSide   = 4096     // height, width or channels of a tensor
	maxFloats = 8 << 20  // elements of one tensor, and of all that live at once
	maxFilter = 16 << 20 // elements of all filters
	maxWork   = 2 << 30  // elements computed and multiplications made in one run
)

// lanes is how many sums are computed side by side. The channels of a tensor
// are stored in groups of so many, the last one filled up with zeros.
const lanes = 8

func padded(n int) int { return (n + lanes - 1) / lanes * lanes }

// Shape is the size of a picture of floats: rows, columns, channels. It is
// stored row by row, the channels of a pixel side by side.
type Shape struct{ H, W, C int }

// Len returns how many floats a dense picture of this shape has.
func (s Shape) Len() int { return s.H * s.W * s.C }

func (s Shape) valid() bool {
	in := func(n int) bool { return n > 0 && n <= maxSide }
	return in(s.H) && in(s.W) && in(s.C) && s.H*s.W*padded(s.C) <= maxFloats
}

// Table is the size of an output: a row for each anchor.
type Table struct{ Rows, Cols int }

// Model is a network laid out for running. It never changes; any number of runs
// may share it.
type Model struct {
	input   Shape
	steps   []step
	buffers []int // floats of each buffer of a run
	scratch int   // floats of the scratch space
	outputs []output
}

// output is filled from the buffers of values, one after the other.
type output struct {
	table Table
	parts []part
}

// part is one value of an output: its buffer and its shape.
type part struct {
	buffer int
	shape  Shape
}

// Input returns the shape of what goes in.
func (m *Model) Input() Shape { return m.input }

// Outputs returns the sizes of what comes out, in the order of the file.
func (m *Model) Outputs() []Table {
	tables := make([]Table, len(m.outputs))
	for i, o := range m.outputs {
		tables[i] = o.table
	}
	return tables
}

// Run is the memory that one computation needs. It belongs to one goroutine at a
// time.
type Run struct {
	model   *Model
	input   []float32
	buffers [][]float32
	scratch []float32
	zeros   []float32
	outputs [][]float32
}

// NewRun allocates what computing m takes, some megabytes.
func (m *Model) NewRun() *Run {
	r := &Run{model: m, input: make([]float32, m.input.Len()), scratch: make([]float32, m.scratch)}
	most := 0
	for _, n := range m.buffers {
		r.buffers = append(r.buffers, make([]float32, n))
		most = max(most, n)
	}
	r.zeros = make([]float32, maxRow(m))
	for _, o := range m.outputs {
		r.outputs = append(r.outputs, make([]float32, o.table.Rows*o.table.Cols))
	}
	return r
}

// maxRow returns the floats of the longest row that any step reads.
func maxRow(m *Model) int {
	most := 0
	for _, s := range m.steps {
		most = max(most, s.in.W*s.inStride)
	}
	return most
}

// Input is where the caller writes the picture before Do: dense, in the order of
// [Shape]. Do does not change it.
func (r *Run) Input() []float32 { return r.input }

// Output returns what the last Do left in the i-th output: dense, row by row. It
// is overwritten by the next.
func (r *Run) Output(i int) []float32 { return r.outputs[i] }

// Do computes the network on what Input holds.
func (r *Run) Do() {
	for i := range r.model.steps {
		s := &r.model.steps[i]
		s.run(r, s)
	}
	for i, o := range r.model.outputs {
		dst := r.outputs[i]
		for _, p := range o.parts {
			dst = compact(dst, r.buffers[p.buffer], p.shape)
		}
	}
}

// compact copies the channels of src without their filling and returns what is
// left of dst.
func compact(dst, src []float32, s Shape) []float32 {
	stride := padded(s.C)
	for range s.H * s.W {
		copy(dst[:s.C], src[:s.C])
		dst, src = dst[s.C:], src[stride:]
	}
	return dst
}
