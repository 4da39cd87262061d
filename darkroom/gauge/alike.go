package gauge

import (
	"math"

	"fovea/darkroom/plane"
)

const (
	// alikeSide is the longer side at which pictures are compared, in pixels, and
	// alikeShift how far one may lie beside the other there.
	alikeSide, alikeShift = 64, 5
	// alikeRound is how far around a pixel its surroundings reach: what is lighter
	// and darker than those is compared, not how light it is.
	alikeRound = 5
	// alikeFlat is the least structure, in levels, that can be compared.
	alikeFlat = 1.0
)

// Alike is how much two pictures show the same in the same way: near 1 for two
// frames of one burst, below a half for two others, 0 where their forms differ or
// nothing is to be seen.
// It is the correlation of what is left of both, at 64 pixels, when their
// surroundings are taken away, in the best of the small shifts of a camera held
// by hand.
func Alike(a, b Picture) float64 {
	if a.Width*a.Height == 0 || b.Width*b.Height == 0 {
		return 0
	}
	forms := float64(a.Width) * float64(b.Height) / (float64(a.Height) * float64(b.Width))
	if forms < 0.96 || forms > 1/0.96 {
		return 0
	}
	scale := math.Min(1, alikeSide/float64(max(a.Width, a.Height)))
	w, h := max(1, int(float64(a.Width)*scale+0.5)), max(1, int(float64(a.Height)*scale+0.5))
	if min(w, h) <= 4*alikeShift {
		return 0
	}
	x, y := relief(a.luma().Resized(w, h)), relief(b.luma().Resized(w, h))
	best := 0.0
	for dy := -alikeShift; dy <= alikeShift; dy++ {
		for dx := -alikeShift; dx <= alikeShift; dx++ {
			best = max(best, correlation(x, y, dx, dy))
		}
	}
	return best
}

// relief returns p less the mean of every pixel's surroundings.
func relief(p *plane.Plane) *plane.Plane {
	out := plane.New(p.W, p.H)
	for y := range p.H {
		for x := range p.W {
			sum, n := float32(0), float32(0)
			x0, x1 := max(x-alikeRound, 0), min(x+alikeRound+1, p.W)
			for j := max(y-alikeRound, 0); j < min(y+alikeRound+1, p.H); j++ {
				for _, v := range p.Row(j)[x0:x1] {
					sum += v
				}
				n += float32(x1 - x0)
			}
			out.Row(y)[x] = p.Row(y)[x] - sum/n
		}
	}
	return out
}

// correlation is that of a with b moved by dx, dy, where they overlap.
func correlation(a, b *plane.Plane, dx, dy int) float64 {
	var sa, sb, aa, bb, ab float64
	n := 0.0
	for y := max(0, dy); y < a.H+min(0, dy); y++ {
		left, right := max(0, dx), a.W+min(0, dx)
		from, to := a.Row(y)[left:right], b.Row(y - dy)[left-dx:right-dx]
		for i, u := range from {
			u, v := float64(u), float64(to[i])
			sa, sb, aa, bb, ab = sa+u, sb+v, aa+u*u, bb+v*v, ab+u*v
		}
		n += float64(right - left)
	}
	va, vb := aa/n-sa*sa/(n*n), bb/n-sb*sb/(n*n)
	if va < alikeFlat*alikeFlat || vb < alikeFlat*alikeFlat {
		return 0
	}
	return (ab/n - sa*sb/(n*n)) / math.Sqrt(va*vb)
}
