package watermark

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"

	"fovea/darkroom/plane"
)

// The search for where a leak lies on the rendition.
const (
	searchSide = 192  // the longer side of what is searched, in pixels
	searchStep = 1.02 // from one scale to the next
	// The smallest part of the rendition's width that a crop may show, and of the
	// leak's width that the rendition may fill. Smaller ones are not searched for.
	smallestCrop  = 0.22
	smallestInset = 0.35
	smallestSide  = 20 // of the smaller picture in the search, in pixels
	refined       = 4  // of the best guesses
)

// guess is a place of the leak on the rendition, or of the rendition in the leak.
type guess struct {
	onto  affine
	worth float64
}

// worth is how much better a correlation over an area explains one picture by
// the other than chance does: the logarithm of the likelihood ratio of two normal
// variables. It weighs a small part that fits well against a large one that fits
// somewhat.
func worth(correlation, area float64) float64 {
	if correlation <= 0 {
		return 0
	}
	return -area * math.Log(1-min(correlation*correlation, 0.9999))
}

// search lays the leak over the rendition in every scale and place, without
// rotation, and returns the best guesses, best first.
func search(ctx context.Context, original, leak *plane.Plane) []guess {
	var all []guess
	all = append(all, inside(ctx, original, leak, smallestCrop, true)...)
	all = append(all, inside(ctx, leak, original, smallestInset, false)...)
	slices.SortStableFunc(all, func(a, b guess) int { return cmp.Compare(b.worth, a.worth) })
	return all[:min(len(all), refined)]
}

// inside looks for part in whole, from the full width of whole down to a
// smallest share of it, and returns the best place in each scale. crop says that
// whole is the rendition and part the leak.
func inside(ctx context.Context, whole, part *plane.Plane, smallest float64, crop bool) (out []guess) {
	shrink := min(1, float64(searchSide)/float64(max(whole.W, whole.H)))
	ground := whole.Resized(scaled(whole.W, shrink), scaled(whole.H, shrink))
	hay := newHaystack(ground.Detail())
	// One reduction serves all scales: the largest part that is looked for.
	fit := 1.5 * min(float64(ground.W)/float64(part.W), 2*float64(ground.H)/float64(part.H))
	reduced := part.Resized(scaled(part.W, min(1, fit)), scaled(part.H, min(1, fit)))
	var needles []*plane.Plane
	for share := 1.0; share >= smallest && ctx.Err() == nil; share /= searchStep {
		w := scaled(ground.W, share)
		h := scaled(w, float64(part.H)/float64(part.W))
		if min(w, h) >= smallestSide && h <= ground.H {
			needles = append(needles, reduced.Resized(w, h).Detail())
		}
	}
	for two := range slices.Chunk(needles, 2) {
		places := hay.find(two)
		for i, n := range two {
			at := places[i]
			// part → ground, in pixels of each, then both in full.
			placed := affine{float64(n.W) / float64(part.W), 0, float64(at.x), 0, float64(n.H) / float64(part.H), float64(at.y)}
			onto := resizing(ground, whole).after(placed.centred())
			if crop {
				onto = onto.inverse()
			}
			out = append(out, guess{onto, worth(at.likeness, float64(n.W*n.H))})
		}
		if ctx.Err() != nil {
			break
		}
	}
	return out
}

func scaled(n int, by float64) int { return max(1, int(math.Round(float64(n)*by))) }

// haystack is a plane in which others are looked for.
type haystack struct {
	*plane.Plane
	*fourier
	transform, work []complex128
	energy          []float64 // sums of squares above and left of each pixel
}

func newHaystack(p *plane.Plane) *haystack {
	n := 1 << bits.Len(uint(max(p.W, p.H)-1))
	h := &haystack{Plane: p, fourier: newFourier(n)}
	h.transform, h.work = make([]complex128, n*n), make([]complex128, n*n)
	h.energy = make([]float64, (p.W+1)*(p.H+1))
	for y := range p.H {
		var row float64
		for x, v := range p.Row(y) {
			h.transform[y*n+x] = complex(float64(v), 0)
			row += float64(v) * float64(v)
			h.energy[(y+1)*(p.W+1)+x+1] = h.energy[y*(p.W+1)+x+1] + row
		}
	}
	h.square(h.transform, p.H)
	return h
}

// place is where a needle's corner lies, and the normalised correlation there.
type place struct {
	x, y     int
	likeness float64
}

// find returns where one or two needles, no larger than the haystack, are most
// like it. Two real correlations are one complex one.
func (h *haystack) find(needles []*plane.Plane) (out [2]place) {
	clear(h.work)
	high := 0
	for i, needle := range needles {
		high = max(high, needle.H)
		for y := range needle.H {
			for x, v := range needle.Row(y) {
				h.work[y*h.n+x] += complex(float64(v)*float64(1-i), float64(v)*float64(i))
			}
		}
	}
	h.square(h.work, high)
	h.correlate(h.work, h.transform)
	out[0] = h.best(needles[0], func(i int) float64 { return real(h.work[i]) })
	if len(needles) > 1 {
		out[1] = h.best(needles[1], func(i int) float64 { return imag(h.work[i]) })
	}
	return out
}

// best returns the place of the greatest correlation. A place without detail has
// none to speak of.
func (h *haystack) best(needle *plane.Plane, correlation func(i int) float64) place {
	var own float64
	for _, v := range needle.Pix {
		own += float64(v) * float64(v)
	}
	scale, stride := float64(h.n*h.n), h.W+1
	best := place{likeness: -1}
	for y := 0; y <= h.H-needle.H; y++ {
		top, bottom := h.energy[y*stride:], h.energy[(y+needle.H)*stride:]
		for x := 0; x <= h.W-needle.W; x++ {
			there := bottom[x+needle.W] - bottom[x] - top[x+needle.W] + top[x]
			if v := correlation(y*h.n+x) / scale / math.Sqrt(own*there+1); v > best.likeness {
				best = place{x, y, v}
			}
		}
	}
	return best
}
