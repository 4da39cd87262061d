package barcode

import (
	"image"

	"github.com/makiuchi-d/gozxing"
	"golang.org/x/image/draw"
)

// luminance lends the pixels of a grey picture to the readers as they are: the
// library's own source asks for every pixel's colour first.
type luminance struct {
	gozxing.LuminanceSourceBase
	pix []byte // row by row, nothing between them
}

func luminanceOf(pix []byte, w, h int) *luminance {
	return &luminance{LuminanceSourceBase: gozxing.LuminanceSourceBase{Width: w, Height: h}, pix: pix}
}

func (l *luminance) GetRow(y int, row []byte) ([]byte, error) {
	if len(row) < l.Width {
		row = make([]byte, l.Width)
	}
	copy(row, l.pix[y*l.Width:(y+1)*l.Width])
	return row, nil
}

func (l *luminance) GetMatrix() []byte { return l.pix }

func (l *luminance) Invert() gozxing.LuminanceSource { return gozxing.LuminanceSourceInvert(l) }

func (l *luminance) IsRotateSupported() bool { return true }

func (l *luminance) RotateCounterClockwise() (gozxing.LuminanceSource, error) {
	turned := make([]byte, len(l.pix))
	for y := range l.Height {
		for x, v := range l.pix[y*l.Width : (y+1)*l.Width] {
			turned[(l.Width-1-x)*l.Height+y] = v
		}
	}
	return luminanceOf(turned, l.Height, l.Width), nil
}

// String says nothing of the pixels.
func (l *luminance) String() string { return "picture" }

// grey returns img in grey levels, its long side at most n.
func grey(img image.Image, n int) *image.Gray {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > n {
		w, h = max(1, w*n/long), max(1, h*n/long)
	}
	full := levels(img)
	if w == b.Dx() && h == b.Dy() {
		return full
	}
	return shrunk(full, w, h)
}

// levels returns the grey levels of img, which a JPEG holds as such.
func levels(img image.Image) *image.Gray {
	b := img.Bounds()
	switch img := img.(type) {
	case *image.Gray:
		return &image.Gray{Pix: img.Pix[img.PixOffset(b.Min.X, b.Min.Y):], Stride: img.Stride, Rect: image.Rect(0, 0, b.Dx(), b.Dy())}
	case *image.YCbCr:
		return &image.Gray{Pix: img.Y[img.YOffset(b.Min.X, b.Min.Y):], Stride: img.YStride, Rect: image.Rect(0, 0, b.Dx(), b.Dy())}
	}
	dst := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(dst, dst.Bounds(), img, b.Min, draw.Src)
	return dst
}

// shrunk returns src in w × h pixels, which are no more than it has, each the
// mean of the area it stands for.
func shrunk(src *image.Gray, w, h int) *image.Gray {
	b := src.Bounds()
	dst := image.NewGray(image.Rect(0, 0, w, h))
	line := make([]float32, w) // one row of src, w wide
	sum := make([]float32, w)  // what has gathered for row y of dst
	y, filled, need := 0, 0, b.Dy()
	for sy := range b.Dy() {
		narrow(line, src.Pix[src.PixOffset(b.Min.X, b.Min.Y+sy):][:b.Dx()])
		part := min(h, need-filled) // in h-ths of a row of src
		for x, v := range line {
			sum[x] += v * float32(part)
		}
		if filled += part; filled < need {
			continue
		}
		filled = h - part
		for x, v := range sum {
			dst.Pix[y*dst.Stride+x] = uint8(v/float32(need) + .5)
			sum[x] = line[x] * float32(filled)
		}
		y++
	}
	return dst
}

// narrow writes row into line, which is no longer: each value is the mean of
// those it stands for.
func narrow(line []float32, row []uint8) {
	x, filled, need, sum := 0, 0, len(row), 0
	for _, v := range row {
		part := min(len(line), need-filled) // in parts of a pixel of row
		sum += int(v) * part
		if filled += part; filled < need {
			continue
		}
		line[x] = float32(sum) / float32(need)
		filled = len(line) - part
		sum = int(v) * filled
		x++
	}
}
