package watermark

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
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
	detailRadius  = 5
	refined       = 4 // of the best guesses
)

// guess is a place of the leak on the rendition, or of the rendition in the leak.
type guess struct {
	onto  affine
	worth float64 // how unlikely by chance: correlation times the root of the area
}

// search lays the leak over the rendition in every scale and place, without
// rotation, and returns the best guesses, best first.
func search(ctx context.Context, original, leak *plane) []guess {
	var all []guess
	all = append(all, inside(ctx, original, leak, smallestCrop, true)...)
	all = append(all, inside(ctx, leak, original, smallestInset, false)...)
	slices.SortStableFunc(all, func(a, b guess) int { return cmp.Compare(b.worth, a.worth) })
	return all[:min(len(all), refined)]
}

// inside looks for part in whole, from the full width of whole down to a
// smallest share of it, and returns the best place in each scale. crop says that
// whole is the rendition and part the leak.
func inside(ctx context.Context, whole, part *plane, smallest float64, crop bool) (out []guess) {
	shrink := min(1, float64(searchSide)/float64(max(whole.w, whole.h)))
	ground := whole.resized(scaled(whole.w, shrink), scaled(whole.h, shrink))
	hay := newHaystack(ground.detail(detailRadius))
	// One reduction serves all scales: the largest part that is looked for.
	fit := min(1, float64(ground.w)/float64(part.w), 2*float64(ground.h)/float64(part.h))
	reduced := part.resized(scaled(part.w, min(1, 1.5*fit)), scaled(part.h, min(1, 1.5*fit)))
	for share := 1.0; share >= smallest && ctx.Err() == nil; share /= searchStep {
		w := scaled(ground.w, share)
		h := scaled(w, float64(part.h)/float64(part.w))
		if min(w, h) < smallestSide {
			break
		}
		if h > ground.h {
			continue
		}
		x, y, likeness := hay.find(reduced.resized(w, h).detail(detailRadius))
		g := guess{worth: likeness * math.Sqrt(float64(w*h))}
		// part → ground, in pixels of each, then both in full.
		placed := affine{float64(w) / float64(part.w), 0, float64(x), 0, float64(h) / float64(part.h), float64(y)}
		full := resizing(ground, whole).after(placed.centred())
		if g.onto = full; crop {
			g.onto = full.inverse()
		}
		out = append(out, g)
	}
	return out
}

func scaled(n int, by float64) int { return max(1, int(math.Round(float64(n)*by))) }

// haystack is a plane in which others are looked for.
type haystack struct {
	*plane
	*fourier
	transform, work []complex128
	energy          []float64 // sums of squares above and left of each pixel
}

func newHaystack(p *plane) *haystack {
	n := 1 << bits.Len(uint(max(p.w, p.h)-1))
	h := &haystack{plane: p, fourier: newFourier(n)}
	h.transform, h.work = make([]complex128, n*n), make([]complex128, n*n)
	h.load(h.transform, p)
	h.square(h.transform, p.h)
	h.energy = make([]float64, (p.w+1)*(p.h+1))
	for y := range p.h {
		var row float64
		for x, v := range p.row(y) {
			row += float64(v) * float64(v)
			h.energy[(y+1)*(p.w+1)+x+1] = h.energy[y*(p.w+1)+x+1] + row
		}
	}
	return h
}

// find returns where needle, no larger than the haystack, is most like it, and
// the normalised correlation there.
func (h *haystack) find(needle *plane) (x, y int, likeness float64) {
	h.load(h.work, needle)
	h.square(h.work, needle.h)
	h.correlate(h.work, h.transform)
	var own float64
	for _, v := range needle.pix {
		own += float64(v) * float64(v)
	}
	scale := float64(h.n * h.n)
	stride := h.w + 1
	likeness = -1
	for dy := 0; dy <= h.h-needle.h; dy++ {
		for dx := 0; dx <= h.w-needle.w; dx++ {
			top, bottom := h.energy[dy*stride:], h.energy[(dy+needle.h)*stride:]
			there := bottom[dx+needle.w] - bottom[dx] - top[dx+needle.w] + top[dx]
			v := real(h.work[dy*h.n+dx]) / scale / math.Sqrt(own*there+1)
			if v > likeness {
				x, y, likeness = dx, dy, v
			}
		}
	}
	return x, y, likeness
}
