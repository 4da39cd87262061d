// Package chart measures colours on what lies in the picture for it: a chart of
// 24 patches (ColorChecker Classic), on which a colour matrix is fitted, and a
// grey patch, on which a white balance is taken.
//
// It works on pixels that somebody else decoded, and on places that a person
// marked; it looks for nothing by itself. A figure that the picture does not
// bear is refused with what to do: a chart that is clipped, small, marked in
// another order or covered, and one whose colours no matrix puts right. Start
// reading at Fit.
package chart

import (
	"cmp"
	"image"
	"math"
	"slices"

	"fovea/clinical"
)

// The bounds of what is believed.
const (
	// MaxResidual is the largest mean CIEDE2000 that a chart may still differ by
	// once it is corrected. Cameras' own curves leave 2 to 5 behind.
	MaxResidual = 6.0
	minPitch    = 8.0  // pixels from patch to patch
	clipped     = 253  // a level that may stand for anything above it
	mostClipped = 0.05 // of a patch's pixels
	sunk        = 2    // a level that may stand for anything below it
	darkest     = 0.01 // of white's light
	mostSpread  = 32   // levels between which four pixels of five lie: more is no even patch
	mostCast    = 5    // of the strongest channel to the weakest: candle light is 4
	fewest      = 18   // patches to fit on
)

const across, down = 6, 4

// Fitted is what fitting a chart came to.
type Fitted struct {
	// Matrix takes linear sRGB to linear sRGB, row by row. It takes the place of
	// exposure and white balance.
	Matrix [9]float64
	// Before and After are the mean CIEDE2000 of all patches from what they are,
	// as taken and corrected.
	Before, After float64
	Patches       []Patch
}

// Patch is one patch's difference from what it is, in CIEDE2000.
type Patch struct {
	Name          string
	Before, After float64
}

// Fit fits a matrix on the chart whose corner patches have their middles at
// corners: dark skin, bluish green, black, white. Refusals are Invalid, with a
// reason that begins with chart-.
func Fit(img image.Image, corners [4]clinical.Point) (Fitted, error) {
	if err := usable(img.Bounds(), corners); err != nil {
		return Fitted{}, err
	}
	read, err := readAll(img, corners)
	if err != nil {
		return Fitted{}, err
	}
	got, ok := fit(read)
	if ok && got.After <= MaxResidual {
		return got, nil
	}
	for turns := 1; turns < 4; turns++ { // which corner comes first is easily mistaken
		if other, err := readAll(img, [4]clinical.Point(slices.Concat(corners[turns:], corners[:turns]))); err == nil {
			if better, ok := fit(other); ok && better.After <= MaxResidual {
				return Fitted{}, refuse("chart-turned", "The chart lies the other way round. Mark its corner patches in this order: dark brown, bluish green, black, white.")
			}
		}
	}
	return Fitted{}, refuse("chart-fit", "These are not the colours of a chart of 24 patches, even corrected. Mark the middles of its corner patches again; see that nothing covers it or shines on it.")
}

func refuse(reason clinical.Reason, words string) error {
	return clinical.Refuse(clinical.Invalid, reason, words)
}

// usable tests the places alone.
func usable(b image.Rectangle, c [4]clinical.Point) error {
	shortest, turn := math.Inf(1), 0
	for i, p := range c {
		next, after := c[(i+1)%4], c[(i+2)%4]
		if !(p.X >= float64(b.Min.X) && p.X <= float64(b.Max.X) && p.Y >= float64(b.Min.Y) && p.Y <= float64(b.Max.Y)) {
			return refuse("chart-corners", "The colour chart leaves the picture. Mark the middles of its corner patches again.")
		}
		patches := float64(across - 1 - i%2*(across-down))
		shortest = min(shortest, math.Hypot(next.X-p.X, next.Y-p.Y)/patches)
		if bend := (next.X-p.X)*(after.Y-next.Y) - (next.Y-p.Y)*(after.X-next.X); bend > 0 {
			turn++
		} else {
			turn--
		}
	}
	switch {
	case turn == -4:
		return refuse("chart-turned", "The corners go round anticlockwise. Mark them in this order: dark brown, bluish green, black, white.")
	case turn != 4:
		return refuse("chart-corners", "The corners of the chart cross over. Mark its corner patches in this order: dark brown, bluish green, black, white.")
	case shortest < minPitch:
		return refuse("chart-small", "The chart is too small in the picture to measure its colours. Take it from nearer.")
	}
	return nil
}

// reading is a patch as it was read.
type reading struct {
	light [3]float64 // linear sRGB
	sunk  bool       // a channel may be darker than it says
}

// readAll reads every patch, row by row.
func readAll(img image.Image, corners [4]clinical.Point) ([]reading, error) {
	place := perspective(corners)
	out := make([]reading, 0, across*down)
	for j := range down {
		for i := range across {
			px := inner(img, func(u, v float64) clinical.Point {
				return place((float64(i)+u/2)/(across-1), (float64(j)+v/2)/(down-1))
			})
			if px.clipped() {
				return nil, refuse("chart-clipped", "The chart is overexposed: patches of it are clipped, and what is lost cannot be corrected. Take it again with less light.")
			}
			middle := px.mean()
			out = append(out, reading{middle, px.median(0) <= sunk || px.median(1) <= sunk || px.median(2) <= sunk})
		}
	}
	brightest := slices.MaxFunc(out, func(a, b reading) int { return cmp.Compare(luminance(a.light), luminance(b.light)) })
	if luminance(brightest.light) < darkest*4 {
		return nil, refuse("chart-dark", "The chart is too dark to measure its colours. Take it again with more light.")
	}
	return out, nil
}

// fit fits by least squares in linear light, each patch weighed by how well its
// lightness is told apart: L* climbs with the −⅔ power of the light, so errors
// count with its square. A patch with a channel at black is no witness. False:
// there are too few, or they do not span three colours.
func fit(read []reading) (Fitted, bool) {
	var normal, right [9]float64
	n := 0
	ref := reference()
	for k, r := range read {
		if r.sunk {
			continue
		}
		n++
		w := math.Pow(max(luminance(ref[k].light), 0)+0.01, -4.0/3)
		for i := range 3 {
			for j := range 3 {
				normal[3*i+j] += w * r.light[i] * r.light[j]
				right[3*i+j] += w * ref[k].light[i] * r.light[j]
			}
		}
	}
	inverse, ok := inverted(normal)
	if n < fewest || !ok {
		return Fitted{}, false
	}
	got := judged(read, times(right, inverse))
	if one := [9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1}; got.After >= got.Before { // it is right already
		got = judged(read, one)
	}
	return got, true
}

// judged tells how far the patches are from what they are, with a matrix and
// without. What is shown ends at black and at white.
func judged(read []reading, m [9]float64) Fitted {
	out := Fitted{Matrix: m}
	for k, ref := range reference() {
		p := Patch{Name: ref.name, Before: ciede2000(lab(read[k].light), ref.lab), After: ciede2000(lab(shown(apply(m, read[k].light))), ref.lab)}
		out.Before += p.Before / (across * down)
		out.After += p.After / (across * down)
		out.Patches = append(out.Patches, p)
	}
	return out
}

func shown(c [3]float64) [3]float64 {
	for i := range c {
		c[i] = min(max(c[i], 0), 1)
	}
	return c
}

// perspective maps the unit square onto four corners, clockwise from 0, 0
// (Heckbert, Fundamentals of texture mapping and image warping, 1989, § 2.2.3).
func perspective(c [4]clinical.Point) func(u, v float64) clinical.Point {
	x1, y1 := c[1].X-c[2].X, c[1].Y-c[2].Y
	x2, y2 := c[3].X-c[2].X, c[3].Y-c[2].Y
	x3, y3 := c[0].X-c[1].X+c[2].X-c[3].X, c[0].Y-c[1].Y+c[2].Y-c[3].Y
	det := x1*y2 - x2*y1
	g, h := (x3*y2-x2*y3)/det, (x1*y3-x3*y1)/det
	return func(u, v float64) clinical.Point {
		w := g*u + h*v + 1
		return clinical.Point{
			X: ((c[1].X-c[0].X+g*c[1].X)*u + (c[3].X-c[0].X+h*c[3].X)*v + c[0].X) / w,
			Y: ((c[1].Y-c[0].Y+g*c[1].Y)*u + (c[3].Y-c[0].Y+h*c[3].Y)*v + c[0].Y) / w,
		}
	}
}
