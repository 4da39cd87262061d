package identifiers

import (
	"image"

	"golang.org/x/image/draw"
)

// greyOf returns the grey levels of a picture, beginning at 0, 0.
func greyOf(img image.Image) *image.Gray {
	b := img.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	return out
}

const (
	// small is the long side up to which a picture is enlarged twice before it is
	// read: the engine wants capitals of some 20 pixels, and misses those of 8.
	small = 1024
)

// inkOf returns the darkest of the three colours of each pixel. Ink of any colour
// on paper is dark in it, and so is the orange in which cameras burn a date, which
// has the grey of skin. factor is by how much it is larger than img.
func inkOf(img image.Image) (ink *image.Gray, factor int) {
	b := img.Bounds()
	colour := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(colour, colour.Rect, img, b.Min, draw.Src)
	ink = image.NewGray(colour.Rect)
	for i := range ink.Pix {
		p := colour.Pix[4*i:]
		ink.Pix[i] = min(p[0], p[1], p[2])
	}
	if max(b.Dx(), b.Dy()) > small {
		return ink, 1
	}
	large := image.NewGray(image.Rect(0, 0, 2*b.Dx(), 2*b.Dy()))
	draw.CatmullRom.Scale(large, large.Rect, ink, ink.Rect, draw.Src, nil)
	return large, 2
}

// quarters turns a picture clockwise. back maps a rectangle to the picture.
func quarters(img *image.Gray, turn int) (turned *image.Gray, back func(image.Rectangle) image.Rectangle) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	var at func(x, y int) (int, int)
	switch turn {
	case 0:
		return img, func(r image.Rectangle) image.Rectangle { return r }
	case 1:
		turned, at = image.NewGray(image.Rect(0, 0, h, w)), func(x, y int) (int, int) { return h - 1 - y, x }
		back = func(r image.Rectangle) image.Rectangle { return image.Rect(r.Min.Y, h-r.Max.X, r.Max.Y, h-r.Min.X) }
	case 2:
		turned, at = image.NewGray(img.Rect), func(x, y int) (int, int) { return w - 1 - x, h - 1 - y }
		back = func(r image.Rectangle) image.Rectangle { return image.Rect(w-r.Max.X, h-r.Max.Y, w-r.Min.X, h-r.Min.Y) }
	default:
		turned, at = image.NewGray(image.Rect(0, 0, h, w)), func(x, y int) (int, int) { return y, w - 1 - x }
		back = func(r image.Rectangle) image.Rectangle { return image.Rect(w-r.Max.Y, r.Min.X, w-r.Min.Y, r.Max.X) }
	}
	for y := range h {
		for x, level := range img.Pix[y*img.Stride:][:w] {
			tx, ty := at(x, y)
			turned.Pix[ty*turned.Stride+tx] = level
		}
	}
	return turned, back
}
