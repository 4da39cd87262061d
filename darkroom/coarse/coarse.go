// Package coarse reads a JPEG at an eighth of its size, from the mean of each of
// its transform blocks, and passes over everything else.
//
// That is all a thumbnail of a camera's picture needs, and a fraction of the work
// and of the memory of decoding it. It reads what cameras write: baseline, eight
// bits, grey or YCbCr, one scan. [Suits] tells from the beginning of a file
// whether it is one of those; what it cannot read to the end it refuses rather
// than guesses.
//
// The computation is in whole numbers: the same on every machine. The bytes are
// a stranger's; nothing of them is believed.
package coarse

import (
	"errors"
	"fmt"
	"image"
)

// Step is how many pixels of the picture make one of the coarse picture, along
// either side.
const Step = 8

// errNot: the bytes are not a JPEG that this package reads.
var errNot = errors.New("coarse: no plain JPEG")

func not(why string) error { return fmt.Errorf("%w: %s", errNot, why) }

// Suits reports whether head begins a JPEG that Decode reads if the rest of it is
// sound, and its dimensions in pixels as they are stored. Pictures with a colour
// profile do not suit: somebody has to convert their colours. The whole header
// has to be in head.
func Suits(head []byte) (w, h int, ok bool) {
	f, _, err := parse(head)
	if err != nil {
		return 0, 0, false
	}
	return f.width, f.height, true
}

// Decode reads a whole JPEG. Each pixel of what it returns, an *image.Gray or an
// *image.YCbCr with the picture's own subsampling, is the mean of 8 × 8; those of
// the last row and column are where the picture ends within them. It needs
// memory of 1/32 of the picture's pixels. The caller bounds these by what Suits
// said.
func Decode(b []byte) (image.Image, error) {
	f, scan, err := parse(b)
	if err != nil {
		return nil, err
	}
	r := &reader{frame: f, bits: bits{data: scan}}
	if err := r.tables(); err != nil {
		return nil, err
	}
	r.planes()
	if err := r.scan(); err != nil {
		return nil, err
	}
	return f.picture(r.to), nil
}

// plane is the means of one component's blocks.
type plane struct {
	pix    []byte
	stride int
}

// picture puts the planes together.
func (f *frame) picture(planes [3]plane) image.Image {
	bounds := image.Rect(0, 0, (f.width+Step-1)/Step, (f.height+Step-1)/Step)
	if len(f.comps) == 1 {
		return &image.Gray{Pix: planes[0].pix, Stride: planes[0].stride, Rect: bounds}
	}
	return &image.YCbCr{
		Y: planes[0].pix, Cb: planes[1].pix, Cr: planes[2].pix, YStride: planes[0].stride, CStride: planes[1].stride,
		SubsampleRatio: f.ratio, Rect: bounds,
	}
}
