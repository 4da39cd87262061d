package darkroom

import (
	"fmt"
	"image"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"fovea/clinical"
)

// maxLetters is the largest size of letters, in pixels: below it the rasteriser
// counts in whole numbers and gives the same bits on every machine.
const maxLetters = 240

// write sets a line of text with its base line beginning at at, letters high,
// with a rim. What does not fit is cut off.
func (p *raster) write(text string, at clinical.Point, letters float64, c colours) error {
	face, err := bold(min(letters, maxLetters))
	if err != nil {
		return err
	}
	rim := max(1, int(letters/12))
	bounds, _ := font.BoundString(face, text)
	frame := image.Rect(bounds.Min.X.Floor()-rim, bounds.Min.Y.Floor()-rim, bounds.Max.X.Ceil()+rim, bounds.Max.Y.Ceil()+rim)
	x, y := int(math.Floor(at.X+0.5)), int(math.Floor(at.Y+0.5))
	seen := frame.Intersect(image.Rect(-x, -y, p.w-x, p.h-y).Inset(-rim)) // what of it is in the picture
	if seen.Empty() {
		return nil
	}
	shape := image.NewAlpha(seen)
	(&font.Drawer{Dst: shape, Src: image.Opaque, Face: face, Dot: fixed.P(0, 0)}).DrawString(text)
	p.ink(shape, x, y, swollen(shape, rim), c.rim)
	p.ink(shape, x, y, shape.Pix, c.line)
	return nil
}

func bold(size float64) (font.Face, error) {
	parsed, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("darkroom: letters: %w", err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: math.Floor(size), DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("darkroom: letters: %w", err)
	}
	return face, nil
}

// ink lays colour over p as strongly as amounts say, which are laid out as shape
// is, shape's own zero being at x, y.
func (p *raster) ink(shape *image.Alpha, x, y int, amounts []byte, colour [3]byte) {
	for sy := shape.Rect.Min.Y; sy < shape.Rect.Max.Y; sy++ {
		if y+sy < 0 || y+sy >= p.h {
			continue
		}
		row := p.row(y + sy)
		for sx := shape.Rect.Min.X; sx < shape.Rect.Max.X; sx++ {
			a := amounts[shape.PixOffset(sx, sy)]
			if i := x + sx; a > 0 && i >= 0 && i < p.w {
				cover(row[3*i:3*i+3], colour, int(a))
			}
		}
	}
}

// swollen is shape grown by n pixels each way: along the rows, then down the
// columns.
func swollen(shape *image.Alpha, n int) []byte {
	w, h := shape.Rect.Dx(), shape.Rect.Dy()
	wide, out := make([]byte, len(shape.Pix)), make([]byte, len(shape.Pix))
	for y := range h {
		for x := range w {
			v := byte(0)
			for i := max(0, x-n); i <= min(w-1, x+n); i++ {
				v = max(v, shape.Pix[y*shape.Stride+i])
			}
			wide[y*shape.Stride+x] = v
		}
	}
	for y := range h {
		for x := range w {
			v := byte(0)
			for i := max(0, y-n); i <= min(h-1, y+n); i++ {
				v = max(v, wide[i*shape.Stride+x])
			}
			out[y*shape.Stride+x] = v
		}
	}
	return out
}
