package darkroom

import "math"

// one is 1 in the fixed-point weights of scaling.
const one = 1 << 14

// taps are the pixels of a line that make one pixel of a shorter line, and how
// much each counts; the weights of every pixel sum to one.
type taps struct {
	first   int
	weights []int32
}

// catmullRom is the kernel of Catmull and Rom (1974), B = 0, C = ½; 0 from 2 on.
func catmullRom(x float64) float64 {
	x = math.Abs(x)
	square := mul(x, x)
	switch {
	case x < 1:
		return 1 - mul(2.5, square) + mul(mul(1.5, square), x)
	case x < 2:
		return 2 - mul(4, x) + mul(2.5, square) - mul(mul(0.5, square), x)
	}
	return 0
}

// shorten returns the taps that turn n pixels, the last of which may stand for
// less than one so that they are long in all, into m ≤ n.
func shorten(n int, long float64, m int) []taps {
	ratio := long / float64(m)
	reach := mul(2, ratio)
	out := make([]taps, m)
	for i := range out {
		centre := mul(float64(i)+0.5, ratio)
		first := max(0, int(math.Ceil(centre-reach-0.5)))
		last := min(n-1, int(math.Floor(centre+reach-0.5)))
		exact := make([]float64, 0, last-first+1)
		sum := 0.0
		for j := first; j <= last; j++ {
			w := catmullRom((float64(j) + 0.5 - centre) / ratio)
			exact = append(exact, w)
			sum += w
		}
		out[i] = taps{first, whole(exact, sum)}
	}
	return out
}

// whole turns weights that sum to sum into integers that sum to one; the largest
// takes what rounding leaves.
func whole(exact []float64, sum float64) []int32 {
	out := make([]int32, len(exact))
	left, largest := int32(one), 0
	for i, w := range exact {
		out[i] = int32(math.Floor(mul(w/sum, one) + 0.5))
		left -= out[i]
		if out[i] > out[largest] {
			largest = i
		}
	}
	out[largest] += left
	return out
}

// box is a part of a raster in whole pixels; x1 and y1 are outside.
type box struct{ x0, y0, x1, y1 int }

func (b box) w() int { return b.x1 - b.x0 }
func (b box) h() int { return b.y1 - b.y0 }

// cut returns the part b of p at w × h pixels, never larger than it is. No pixel
// outside b counts.
func (p *raster) cut(b box, w, h int) *raster {
	long, high := float64(b.w()), float64(b.h())
	if k := min(b.w()/w, b.h()/h) / 2; k > 1 {
		p, b = p.binned(b, k)
		long, high = long/float64(k), high/float64(k)
	}
	return p.narrowed(b, long, w).flattened(high, h)
}

// binned returns the part b of p with k × k pixels made one by their mean, and
// where b is in it. An incomplete last bin is the mean of what it has.
func (p *raster) binned(b box, k int) (*raster, box) {
	w, h := (b.w()+k-1)/k, (b.h()+k-1)/k
	out := newRaster(w, h)
	sums := make([]uint32, 3*w)
	for y := range h {
		clear(sums)
		rows := min(k, b.h()-y*k)
		for i := range rows {
			at := b.y0 + y*k + i
			binRow(sums, p.row(at)[3*b.x0:3*b.x1], k)
		}
		row := out.row(y)
		for x := range w {
			n := uint32(rows * min(k, b.w()-x*k))
			for c := range 3 {
				row[3*x+c] = byte((sums[3*x+c] + n/2) / n)
			}
		}
	}
	return out, box{0, 0, w, h}
}

// binRow adds k pixels of row to each pixel of sums.
func binRow(sums []uint32, row []byte, k int) {
	for x := 0; x < len(sums); x += 3 {
		var r, g, b uint32
		n := min(3*k, len(row))
		for i := 0; i+2 < n; i += 3 {
			r, g, b = r+uint32(row[i]), g+uint32(row[i+1]), b+uint32(row[i+2])
		}
		sums[x], sums[x+1], sums[x+2] = sums[x]+r, sums[x+1]+g, sums[x+2]+b
		row = row[n:]
	}
}

// narrowed returns the part b of p, which is long pixels wide, w pixels wide.
func (p *raster) narrowed(b box, long float64, w int) *raster {
	out := newRaster(w, b.h())
	if float64(w) == long {
		for y := range out.h {
			copy(out.row(y), p.row(b.y0 + y)[3*b.x0:])
		}
		return out
	}
	table := shorten(b.w(), long, w)
	for y := range out.h {
		from, to := p.row(b.y0 + y)[3*b.x0:3*b.x1], out.row(y)
		for x, t := range table {
			var r, g, bl int32
			part := from[3*t.first : 3*(t.first+len(t.weights))]
			for _, v := range t.weights {
				r, g, bl = r+v*int32(part[0]), g+v*int32(part[1]), bl+v*int32(part[2])
				part = part[3:]
			}
			to[3*x], to[3*x+1], to[3*x+2] = level(r), level(g), level(bl)
		}
	}
	return out
}

// flattened returns p, which is high pixels high, h pixels high.
func (p *raster) flattened(high float64, h int) *raster {
	if float64(h) == high {
		return p
	}
	out := newRaster(p.w, h)
	sums := make([]int32, 3*p.w)
	for y, t := range shorten(p.h, high, h) {
		clear(sums)
		for i, v := range t.weights {
			for j, c := range p.row(t.first + i) {
				sums[j] += v * int32(c)
			}
		}
		row := out.row(y)
		for j, s := range sums {
			row[j] = level(s)
		}
	}
	return out
}

// level rounds a weighted sum to 0 … 255.
func level(sum int32) byte {
	return byte(min(max((sum+one/2)>>14, 0), 255))
}
