package watermark

import (
	"context"
	"math"

	"fovea/darkroom/plane"
)

// The refinement of a guess: least squares over an affine map, a gain and an
// offset (Lucas and Kanade 1981; Baker and Matthews 2004), from coarse to fine.
const (
	unknowns    = 8
	rounds      = 12     // at most, on each level
	still       = 0.01   // pixels by which no corner moved: it has settled
	fitted      = 60_000 // pixels that are looked at, spread evenly
	levelFactor = 2
	startSide   = 160
)

// pair is the rendition and the leak in about the same size.
type pair struct {
	original, leak *plane.Plane
	up             affine // from the rendition in full to original
	down           affine // from leak to the leak in full
}

// paired scales both so that a pixel of the rendition is by pixels of original,
// and of the leak too where onto is right.
func paired(original, leak *plane.Plane, onto affine, by float64) pair {
	size := math.Sqrt(math.Abs(onto[0]*onto[4] - onto[1]*onto[3])) // leak pixels per rendition pixel
	if math.IsNaN(size) || size <= 0 {
		size = 1
	}
	o := original.Resized(scaled(original.W, by), scaled(original.H, by))
	shrink := min(1, by/size)
	l := leak.Resized(scaled(leak.W, shrink), scaled(leak.H, shrink))
	return pair{o, l, resizing(original, o), resizing(l, leak)}
}

// refine improves onto on ever finer copies of both pictures.
func refine(ctx context.Context, original, leak *plane.Plane, onto affine) affine {
	long := float64(max(original.W, original.H))
	finest := min(1, math.Sqrt(math.Abs(onto[0]*onto[4]-onto[1]*onto[3])))
	for by := min(startSide/long, finest); ctx.Err() == nil; by = min(by*levelFactor, finest) {
		p := paired(original, leak, onto, by)
		local := p.down.inverse().after(onto).after(p.up.inverse())
		onto = p.down.after(p.fit(local)).after(p.up)
		if !(by < finest) {
			break
		}
	}
	return onto
}

// fit refines the map from p.original to p.leak.
func (p pair) fit(onto affine) affine {
	f := fitting{pair: p, onto: onto, gain: 1, trust: 32}
	for range rounds {
		delta, ok := f.step()
		if !ok {
			break
		}
		var moved float64
		for _, corner := range [2][2]float64{{0, 0}, {float64(p.original.W), float64(p.original.H)}} {
			dx, dy := delta.apply(corner[0], corner[1])
			moved = max(moved, math.Abs(dx), math.Abs(dy))
		}
		if !(moved < float64(p.original.W)) { // also no number at all
			return onto
		}
		for i := range f.onto {
			f.onto[i] += delta[i]
		}
		if moved < still {
			break
		}
	}
	return f.onto
}

// fitting is the state of one least-squares fit.
type fitting struct {
	pair
	onto         affine
	gain, offset float64
	trust        float64 // the difference, in grey levels, at which a pixel counts half
}

// step solves for the change of the map that best explains the differences.
func (f *fitting) step() (delta affine, ok bool) {
	var normal [unknowns][unknowns + 1]float64
	o, l := f.original, f.leak
	stride := max(1, int(math.Sqrt(float64(o.W*o.H)/fitted)))
	// Positions are taken about the middle and in units of the side, so that the unknowns are of one size.
	mx, my, unit := float64(o.W)/2, float64(o.H)/2, float64(max(o.W, o.H))/2
	var n, sum float64
	for y := 0; y < o.H; y += stride {
		for x := 0; x < o.W; x += stride {
			lx, ly := f.onto.apply(float64(x), float64(y))
			if lx < 1 || ly < 1 || !l.Holds(lx+1, ly+1) {
				continue
			}
			v := float64(l.At(lx, ly))
			gx := float64(l.At(lx+1, ly)-l.At(lx-1, ly)) / 2
			gy := float64(l.At(lx, ly+1)-l.At(lx, ly-1)) / 2
			want := float64(o.Pix[y*o.W+x])
			e := f.gain*want + f.offset - v
			weight := 1 / (1 + (e/f.trust)*(e/f.trust))
			u, w := (float64(x)-mx)/unit, (float64(y)-my)/unit
			accumulate(&normal, &[unknowns + 1]float64{gx * u, gx * w, gx, gy * u, gy * w, gy, -want / 128, -1, e}, weight)
			n++
			sum += math.Abs(e)
		}
	}
	if n < 4*unknowns {
		return delta, false
	}
	f.trust = max(2, 2*sum/n)
	s, ok := solve(&normal, n)
	f.gain += s[6] / 128
	f.offset += s[7]
	delta = affine{s[0] / unit, s[1] / unit, s[2] - (s[0]*mx+s[1]*my)/unit, s[3] / unit, s[4] / unit, s[5] - (s[3]*mx+s[4]*my)/unit}
	return delta, ok
}

func accumulate(normal *[unknowns][unknowns + 1]float64, row *[unknowns + 1]float64, weight float64) {
	for i := range unknowns {
		v := row[i] * weight
		for j := i; j <= unknowns; j++ {
			normal[i][j] += v * row[j]
		}
	}
}

// solve solves symmetric normal equations of n rows by Gauss elimination, held
// back a little: a picture without texture moves nothing.
func solve(normal *[unknowns][unknowns + 1]float64, n float64) (s [unknowns]float64, ok bool) {
	for i := range unknowns {
		normal[i][i] += 0.02 * n
		for j := range i {
			normal[i][j] = normal[j][i]
		}
	}
	for i := range unknowns {
		if normal[i][i] <= 0 || math.IsNaN(normal[i][i]) {
			return s, false
		}
		for k := i + 1; k < unknowns; k++ {
			by := normal[k][i] / normal[i][i]
			for j := i; j <= unknowns; j++ {
				normal[k][j] -= by * normal[i][j]
			}
		}
	}
	for i := unknowns - 1; i >= 0; i-- {
		s[i] = normal[i][unknowns]
		for j := i + 1; j < unknowns; j++ {
			s[i] -= normal[i][j] * s[j]
		}
		s[i] /= normal[i][i]
	}
	return s, true
}

// likeness is the correlation of the detail of both pictures where they overlap,
// and the share of the rendition that does.
func (p pair) likeness(onto affine) (likeness, overlap float64) {
	o, l := p.original.Detail(), p.leak.Detail()
	var oo, ll, ol, n float64
	for y := range o.H {
		for x, a := range o.Row(y) {
			if lx, ly := onto.apply(float64(x), float64(y)); l.Holds(lx, ly) {
				a, b := float64(a), float64(l.At(lx, ly))
				oo, ll, ol, n = oo+a*a, ll+b*b, ol+a*b, n+1
			}
		}
	}
	return ol / math.Sqrt(oo*ll+1), n / float64(o.W*o.H)
}
