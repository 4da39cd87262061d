// Package gauge measures what a photographer would want to know of a picture
// while the patient is still there: how wide its sharpest edges are, how light it
// is and what is burnt out, and whether it is nearly the same as another.
//
// It measures and judges nothing: clinical.Quality.Advise compares the figures
// with what is usual, and nothing is ever refused for them. It keeps nothing of
// a picture, and what it answers describes none: two pictures are compared while
// both are at hand, and there is no fingerprint of either.
//
// docs/quality.md says how the figures were chosen and how far they go.
//
// Start reading at [Measure].
package gauge

import (
	"slices"

	"fovea/darkroom/plane"
)

// Version is that of the figures. Pictures that were measured by another are
// measured again.
const Version = 1

// MaxSide is the longer side, in pixels, that a picture is made to fit before
// its edges are looked at: what a screen shows, whatever the camera.
const MaxSide = 2048

// Picture is an upright sRGB picture, 3 bytes per pixel, row by row. It is only
// read.
type Picture struct {
	Width, Height int
	RGB           []byte
}

// Figures are what was measured of one picture.
type Figures struct {
	// Blur is how wide the sharpest edges are, in pixels of a picture that fits
	// MaxSide: the standard deviation of the Gaussian that makes such edges of
	// perfect ones. 0 is as sharp as pixels can tell.
	Blur float64
	// Edges reports whether there were enough edges to tell. Blur is 0 without.
	Edges bool
	// Smear is Blur of the edges in the direction in which they are widest, and
	// Still in the one in which they are narrowest: a camera or a patient that
	// moved parts them. 0 where fewer than two directions have enough edges.
	Smear, Still float64
	Light        Light
}

// Measure measures a picture: full, and made to fit MaxSide. Both may be the
// same.
func Measure(full, small Picture) Figures {
	all, by := blur(small.luma())
	out := Figures{Blur: all.pixels, Edges: all.told, Light: light(full)}
	var told []float64
	for _, w := range by {
		if w.told {
			told = append(told, w.pixels)
		}
	}
	if len(told) > 1 {
		out.Smear, out.Still = slices.Max(told), slices.Min(told)
	}
	return out
}

// luma is the brightness of every pixel, in levels from 0 to 255.
func (p Picture) luma() *plane.Plane {
	out := plane.New(p.Width, p.Height)
	for i := range out.Pix {
		out.Pix[i] = brightness(p.RGB[3*i:])
	}
	return out
}

// brightness is the luma of ITU-R BT.709, in levels.
func brightness(rgb []byte) float32 {
	return 0.2126*float32(rgb[0]) + 0.7152*float32(rgb[1]) + 0.0722*float32(rgb[2])
}
