package darkroom

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/draw"
)

// maxSide is the longest side that a JPEG can state, and more than any camera's.
const maxSide = 65500

// errRaster: the decoder's stream of pixels is not one.
var errRaster = errors.New("not a stream of pixels")

// raster is a picture in memory: sRGB, 3 bytes per pixel, row by row.
type raster struct {
	w, h int
	pix  []byte
}

func newRaster(w, h int) *raster { return &raster{w: w, h: h, pix: make([]byte, w*h*3)} }

func (p *raster) row(y int) []byte { return p.pix[y*p.w*3 : (y+1)*p.w*3] }

// readPPM reads a binary PPM or PGM of 8 bits (netpbm), which is what decoders
// hand over. Nothing may follow it.
func readPPM(r io.Reader) (*raster, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var magic [2]byte
	if _, err := io.ReadFull(in, magic[:]); err != nil || magic[0] != 'P' || magic[1] != '5' && magic[1] != '6' {
		return nil, errRaster
	}
	var head [3]int
	for i := range head {
		n, err := number(in)
		if err != nil {
			return nil, err
		}
		head[i] = n
	}
	w, h := head[0], head[1]
	if w <= 0 || h <= 0 || head[2] != 255 || int64(w)*int64(h) > MaxPixels {
		return nil, errRaster
	}
	p := newRaster(w, h)
	if magic[1] == '6' {
		if _, err := io.ReadFull(in, p.pix); err != nil {
			return nil, errRaster
		}
	} else if err := p.readGrey(in); err != nil {
		return nil, err
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, errRaster
	}
	return p, nil
}

// number reads blanks, digits, and the one blank after them.
func number(in *bufio.Reader) (int, error) {
	n, digits := 0, 0
	for {
		c, err := in.ReadByte()
		switch {
		case err != nil:
			return 0, errRaster
		case c >= '0' && c <= '9' && digits < 9:
			n, digits = n*10+int(c-'0'), digits+1
		case (c == ' ' || c == '\n' || c == '\t' || c == '\r') && digits > 0:
			return n, nil
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
		default:
			return 0, errRaster
		}
	}
}

func (p *raster) readGrey(in io.Reader) error {
	line := make([]byte, p.w)
	for y := range p.h {
		if _, err := io.ReadFull(in, line); err != nil {
			return errRaster
		}
		row := p.row(y)
		for x, v := range line {
			row[3*x], row[3*x+1], row[3*x+2] = v, v, v
		}
	}
	return nil
}

// rasterOf copies a decoded picture, on white.
func rasterOf(img image.Image) *raster {
	b := img.Bounds()
	p := newRaster(b.Dx(), b.Dy())
	const lines = 16
	strip := image.NewRGBA(image.Rect(0, 0, p.w, lines))
	for top := 0; top < p.h; top += lines {
		draw.Draw(strip, strip.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(strip, strip.Rect, img, image.Pt(b.Min.X, b.Min.Y+top), draw.Over)
		for y := range min(lines, p.h-top) {
			row, from := p.row(top+y), strip.Pix[y*strip.Stride:]
			for x := range p.w {
				copy(row[3*x:3*x+3], from[4*x:4*x+3])
			}
		}
	}
	return p
}

// rgba copies p into the form that the encoder is fast with.
func (p *raster) rgba() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, p.w, p.h))
	for i, j := 0, 0; i < len(p.pix); i, j = i+3, j+4 {
		img.Pix[j], img.Pix[j+1], img.Pix[j+2], img.Pix[j+3] = p.pix[i], p.pix[i+1], p.pix[i+2], 0xff
	}
	return img
}

// upright returns p turned by an EXIF orientation.
func (p *raster) upright(orientation int) *raster {
	if orientation <= 1 || orientation > 8 {
		return p
	}
	w, h := p.w, p.h
	if orientation >= 5 {
		w, h = h, w
	}
	out := newRaster(w, h)
	for y := range h {
		row := out.row(y)
		for x := range w {
			sx, sy := origin(orientation, x, y, p.w, p.h)
			i := (sy*p.w + sx) * 3
			copy(row[3*x:3*x+3], p.pix[i:i+3])
		}
	}
	return out
}

// turned returns p turned clockwise by quarters.
func (p *raster) turned(degrees int) (*raster, error) {
	switch degrees {
	case 0:
		return p, nil
	case 90:
		return p.upright(6), nil
	case 180:
		return p.upright(3), nil
	case 270:
		return p.upright(8), nil
	}
	return nil, fmt.Errorf("darkroom: turn by %d degrees", degrees)
}
