package chart

import (
	"image"
	"math"
	"slices"

	"fovea/clinical"
)

// pixels are the levels of red, green and blue in a patch.
type pixels [3][]uint8

// samples is how many rows and columns of a patch are read at most.
const samples = 33

// inner reads the middle of a patch, where place puts −½ … ½ each way.
func inner(img image.Image, place func(u, v float64) clinical.Point) pixels {
	var out pixels
	b := img.Bounds()
	for j := range samples {
		for i := range samples {
			p := place(float64(i)/(samples-1)-0.5, float64(j)/(samples-1)-0.5)
			x := min(max(int(math.Floor(p.X)), b.Min.X), b.Max.X-1)
			y := min(max(int(math.Floor(p.Y)), b.Min.Y), b.Max.Y-1)
			r, g, bl, _ := img.At(x, y).RGBA()
			for c, v := range [3]uint32{r, g, bl} {
				out[c] = append(out[c], uint8(v>>8))
			}
		}
	}
	return out
}

// clipped tells whether too many pixels are at the upper end.
func (p pixels) clipped() bool {
	n := 0
	for i := range p[0] {
		if max(p[0][i], p[1][i], p[2][i]) >= clipped {
			n++
		}
	}
	return float64(n) > mostClipped*float64(len(p[0]))
}

func (p pixels) median(channel int) float64 { return middle(slices.Clone(p[channel])) }

// spread is the median distance from the median, in levels.
func (p pixels) spread(channel int) float64 {
	m := p.median(channel)
	off := make([]uint8, len(p[channel]))
	for i, v := range p[channel] {
		off[i] = uint8(math.Abs(float64(v) - m))
	}
	return middle(off)
}

// range80 is between which levels four pixels of five lie, in levels.
func (p pixels) range80(channel int) float64 {
	v := slices.Sorted(slices.Values(p[channel]))
	return float64(v[len(v)*9/10]) - float64(v[len(v)/10])
}

func middle(v []uint8) float64 {
	slices.Sort(v)
	return float64(v[len(v)/2])
}

// mean is the mean light of the pixels that belong to the patch: those within
// three standard deviations of the median in every channel, which a scratch, a
// reflection or a finger are not.
func (p pixels) mean() [3]float64 {
	var at, reach, sum [3]float64
	for c := range p {
		at[c], reach[c] = p.median(c), max(2, 3*1.4826*p.spread(c))
	}
	n := 0.0
	for i := range p[0] {
		belongs := true
		for c := range p {
			belongs = belongs && math.Abs(float64(p[c][i])-at[c]) <= reach[c]
		}
		if !belongs {
			continue
		}
		n++
		for c := range p {
			sum[c] += linear(float64(p[c][i]) / 255)
		}
	}
	if n == 0 {
		return [3]float64{linear(at[0] / 255), linear(at[1] / 255), linear(at[2] / 255)}
	}
	return [3]float64{sum[0] / n, sum[1] / n, sum[2] / n}
}

// Balance is a white balance taken on a grey patch.
type Balance struct {
	// Gains make the patch grey and leave it as bright as it is.
	Gains [3]float64
	// Cast is how far the patch was from grey, in CIEDE2000.
	Cast float64
}

// Grey takes a white balance on a patch. Refusals are Invalid, with a reason
// that begins with grey-.
func Grey(img image.Image, patch clinical.Rect) (Balance, error) {
	b := img.Bounds()
	inside := patch.Min.X >= float64(b.Min.X) && patch.Min.Y >= float64(b.Min.Y) && patch.Max.X <= float64(b.Max.X) && patch.Max.Y <= float64(b.Max.Y)
	w, h := patch.Max.X-patch.Min.X, patch.Max.Y-patch.Min.Y
	if !inside || !(w >= 2 && h >= 2) {
		return Balance{}, refuse("grey-place", "The grey patch is too small, or leaves the picture. Draw it again.")
	}
	px := inner(img, func(u, v float64) clinical.Point {
		return clinical.Point{X: patch.Min.X + (u+0.5)*w, Y: patch.Min.Y + (v+0.5)*h}
	})
	light := px.mean()
	y := luminance(light)
	switch {
	case px.clipped():
		return Balance{}, refuse("grey-clipped", "The grey patch is overexposed. Take the white balance from a darker place.")
	case y < darkest || min(light[0], light[1], light[2]) <= 0:
		return Balance{}, refuse("grey-dark", "The grey patch is too dark to measure. Take the white balance from a lighter place.")
	case max(px.range80(0), px.range80(1), px.range80(2)) > mostSpread:
		return Balance{}, refuse("grey-uneven", "This is not one even grey. Draw the patch inside the grey card.")
	}
	out := Balance{Gains: [3]float64{y / light[0], y / light[1], y / light[2]}, Cast: ciede2000(lab(light), lab([3]float64{y, y, y}))}
	if lowest, highest := slices.Min(out.Gains[:]), slices.Max(out.Gains[:]); highest > mostCast*lowest {
		return Balance{}, refuse("grey-coloured", "This place is too far from grey. Take the white balance from a grey card.")
	}
	return out, nil
}
