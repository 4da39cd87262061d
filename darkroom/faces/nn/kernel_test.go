package nn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// numbers returns n floats, a few of which are the ones that kernels get wrong.
func numbers(r *rand.Rand, n int) []float32 {
	odd := []float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), float32(math.Inf(1)), 1e-42, -1e30}
	v := make([]float32, n)
	for i := range v {
		v[i] = r.Float32()*2 - 1
		if r.IntN(50) == 0 {
			v[i] = odd[r.IntN(len(odd))]
		}
	}
	return v
}

// sameBits compares to the last bit. All that is not a number is one.
func sameBits(a, b []float32) int {
	for i := range a {
		nan := a[i] != a[i] && b[i] != b[i]
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) && !nan {
			return i
		}
	}
	return -1
}

func TestKernelsOfThisProcessorEqualThePlainOnesToTheLastBit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		depth, relu := 1+r.IntN(120), round%2 == 0
		b := block{
			src: numbers(r, lanes*depth+3), filter: numbers(r, lanes*depth), bias: numbers(r, lanes),
			depth: depth, srcStride: depth, dstStride: lanes * (1 + r.IntN(3)), relu: relu,
		}
		plain := b
		b.dst, plain.dst = make([]float32, lanes*b.dstStride), make([]float32, lanes*b.dstStride)
		b.multiply()
		plain.multiplyGo()
		if i := sameBits(b.dst, plain.dst); i >= 0 {
			t.Fatalf("multiply, depth %d: %g at %d, plain %g", depth, b.dst[i], i, plain.dst[i])
		}

		stride, pixels := lanes*(1+r.IntN(4)), 1+r.IntN(20)
		row := func() []float32 { return numbers(r, (2*pixels+3)*stride) }
		s := strip{
			a: row(), b: row(), c: row(), filter: numbers(r, 9*lanes), bias: numbers(r, lanes),
			stride: stride, step: stride * (1 + r.IntN(2)), pixels: pixels,
		}
		slow := s
		s.dst, slow.dst = make([]float32, pixels*stride), make([]float32, pixels*stride)
		s.slide()
		slow.slideGo()
		if i := sameBits(s.dst, slow.dst); i >= 0 {
			t.Fatalf("slide, %d pixels of %d: %g at %d, plain %g", pixels, stride, s.dst[i], i, slow.dst[i])
		}

		x, y := numbers(r, stride*pixels), numbers(r, stride*pixels)
		got, want := make([]float32, len(x)), make([]float32, len(x))
		sum(got, x, y, relu)
		sumGo(want, x, y, relu)
		if i := sameBits(got, want); i >= 0 {
			t.Fatalf("sum: %g at %d, plain %g", got[i], i, want[i])
		}
		raise(got, x)
		raiseGo(want, x)
		if i := sameBits(got, want); i >= 0 {
			t.Fatalf("raise: %g at %d, plain %g", got[i], i, want[i])
		}
	}
}
