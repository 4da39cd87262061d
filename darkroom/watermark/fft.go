package watermark

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// fourier transforms squares of side n, a power of two.
type fourier struct {
	n       int
	twiddle []complex128
	swap    []int
	column  []complex128
}

func newFourier(n int) *fourier {
	f := &fourier{n: n, twiddle: make([]complex128, n/2), swap: make([]int, n), column: make([]complex128, n)}
	for i := range f.twiddle {
		f.twiddle[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/float64(n))
	}
	shift := bits.LeadingZeros64(uint64(n)) + 1
	for i := range f.swap {
		f.swap[i] = int(bits.Reverse64(uint64(i)) >> shift)
	}
	return f
}

// line transforms n values in place (Cooley–Tukey, decimation in time).
func (f *fourier) line(v []complex128) {
	for i, j := range f.swap {
		if i < j {
			v[i], v[j] = v[j], v[i]
		}
	}
	for size := 2; size <= f.n; size *= 2 {
		half, step := size/2, f.n/size
		for start := 0; start < f.n; start += size {
			low, high := v[start:start+half], v[start+half:start+size]
			for k, t := 0, 0; k < half; k, t = k+1, t+step {
				b := high[k] * f.twiddle[t]
				low[k], high[k] = low[k]+b, low[k]-b
			}
		}
	}
}

// square transforms n×n values in place, of which rows below the first filled
// ones are zero.
func (f *fourier) square(v []complex128, filled int) {
	for y := range filled {
		f.line(v[y*f.n : (y+1)*f.n])
	}
	for x := range f.n {
		for y := range f.n {
			f.column[y] = v[y*f.n+x]
		}
		f.line(f.column)
		for y := range f.n {
			v[y*f.n+x] = f.column[y]
		}
	}
}

// correlate replaces v, the transform of a picture, by its correlation with the
// real one whose transform is of: the sum of products when v's corner lies at
// x, y, times n².
func (f *fourier) correlate(v, of []complex128) {
	for i := range v {
		// The inverse transform is the conjugate of the transform of the conjugate.
		v[i] = cmplx.Conj(of[i]) * v[i]
	}
	f.square(v, f.n)
}
