package watermark

import (
	"bytes"
	"image"
	"image/draw"
	_ "image/jpeg" // decoder
	_ "image/png"  // decoder
	"math"

	_ "golang.org/x/image/webp" // decoder

	"fovea/clinical"
)

// What is read of a leak.
const (
	maxLeak   = 64 << 20   // bytes
	maxPhoto  = 50_000_000 // pixels
	planeSide = 4096       // larger ones are averaged down while they are read
)

// plane is the brightness of a picture, 0 to 255, row by row.
type plane struct {
	w, h int
	pix  []float32
}

func newPlane(w, h int) *plane { return &plane{w, h, make([]float32, w*h)} }

func (p *plane) row(y int) []float32 { return p.pix[y*p.w : (y+1)*p.w] }

// read decodes a leak: JPEG, PNG or WebP.
func read(leak []byte) (p *plane, err error) {
	defer func() {
		if recover() != nil { // a decoder's fault is the picture's fault
			p, err = nil, unreadable()
		}
	}()
	cfg, _, err := image.DecodeConfig(bytes.NewReader(leak))
	if err != nil || len(leak) > maxLeak || cfg.Width < blockSize/2 || cfg.Height < blockSize/2 ||
		cfg.Width > maxPhoto/cfg.Height {
		return nil, unreadable()
	}
	img, _, err := image.Decode(bytes.NewReader(leak))
	if err != nil {
		return nil, unreadable()
	}
	return luma(img), nil
}

func unreadable() error {
	return &clinical.Error{
		Kind: clinical.Invalid, Reason: ReasonUnreadable,
		Public: "This is no picture that can be read. Save it as JPEG, PNG or WebP, at least 16 pixels wide, and try again.",
	}
}

// luma reads the brightness of a picture, averaging squares of pixels where it
// is larger than planeSide.
func luma(img image.Image) *plane {
	b := img.Bounds()
	each := (max(b.Dx(), b.Dy()) + planeSide - 1) / planeSide
	out := newPlane(b.Dx()/each, b.Dy()/each)
	line := make([]float32, b.Dx())
	read := liner(img)
	share := 1 / float32(each*each)
	for y := range out.h * each {
		read(line, b.Min.Y+y)
		row := out.row(y / each)
		for x := range out.w * each {
			row[x/each] += line[x] * share
		}
	}
	return out
}

// liner returns what reads one line of a picture's brightness.
func liner(img image.Image) func(dst []float32, y int) {
	b := img.Bounds()
	var pix []uint8
	var at func(x, y int) int
	switch img := img.(type) {
	case *image.YCbCr:
		pix, at = img.Y, img.YOffset
	case *image.NYCbCrA:
		pix, at = img.Y, img.YOffset
	case *image.Gray:
		pix, at = img.Pix, img.PixOffset
	default:
		return painter(img)
	}
	return func(dst []float32, y int) {
		for x, v := range pix[at(b.Min.X, y):][:b.Dx()] {
			dst[x] = float32(v)
		}
	}
}

// painter reads lines of pictures in colours other than YCbCr, over white.
func painter(img image.Image) func(dst []float32, y int) {
	b := img.Bounds()
	line := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	return func(dst []float32, y int) {
		draw.Draw(line, line.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(line, line.Rect, img, image.Pt(b.Min.X, y), draw.Over)
		for x := range dst {
			p := line.Pix[4*x:]
			dst[x] = 0.299*float32(p[0]) + 0.587*float32(p[1]) + 0.114*float32(p[2])
		}
	}
}

// resized scales by a triangle as wide as the pixels of the smaller picture,
// halving first while that is exact.
func (p *plane) resized(w, h int) *plane {
	for p.w >= 2*w && p.h >= 2*h && p.w%2 == 0 && p.h%2 == 0 {
		p = p.halved()
	}
	if w == p.w && h == p.h {
		return p
	}
	return p.narrowed(w).turned().narrowed(h).turned()
}

func (p *plane) halved() *plane {
	out := newPlane(p.w/2, p.h/2)
	for y := range out.h {
		a, b := p.row(2*y), p.row(2*y+1)
		for x := range out.row(y) {
			out.pix[y*out.w+x] = (a[2*x] + a[2*x+1] + b[2*x] + b[2*x+1]) / 4
		}
	}
	return out
}

// share is what some pixels side by side give to one.
type share struct {
	first   int
	weights []float32
}

// shares are those of every pixel of a line of from pixels scaled to to.
func shares(from, to int) []share {
	step := float64(from) / float64(to)
	reach := max(1, step)
	out := make([]share, to)
	for x := range out {
		centre := (float64(x)+0.5)*step - 0.5
		first, last := max(0, int(math.Ceil(centre-reach))), min(from-1, int(math.Floor(centre+reach)))
		weights := make([]float32, last-first+1)
		var sum float32
		for i := range weights {
			weights[i] = float32(1 - math.Abs(float64(first+i)-centre)/reach)
			sum += weights[i]
		}
		for i := range weights {
			weights[i] /= sum
		}
		out[x] = share{first, weights}
	}
	return out
}

// narrowed scales the width alone.
func (p *plane) narrowed(w int) *plane {
	if w == p.w {
		return p
	}
	out, given := newPlane(w, p.h), shares(p.w, w)
	for y := range p.h {
		from, to := p.row(y), out.row(y)
		for x := range to {
			s := &given[x]
			var v float32
			for i, from := range from[s.first : s.first+len(s.weights)] {
				v += from * s.weights[i]
			}
			to[x] = v
		}
	}
	return out
}

// turned swaps rows and columns.
func (p *plane) turned() *plane {
	out := newPlane(p.h, p.w)
	const tile = 32
	for y0 := 0; y0 < p.h; y0 += tile {
		for x0 := 0; x0 < p.w; x0 += tile {
			for y := y0; y < min(y0+tile, p.h); y++ {
				for x := x0; x < min(x0+tile, p.w); x++ {
					out.pix[x*p.h+y] = p.pix[y*p.w+x]
				}
			}
		}
	}
	return out
}

// quarter turns the picture by 90° clockwise.
func (p *plane) quarter() *plane {
	out := p.turned()
	for y := range out.h {
		row := out.row(y)
		for i, j := 0, len(row)-1; i < j; i, j = i+1, j-1 {
			row[i], row[j] = row[j], row[i]
		}
	}
	return out
}

// fine is the radius in pixels within which detail is looked for.
const fine = 5

// detail takes away what is larger than about twice that.
func (p *plane) detail() *plane {
	smooth := p.blurred().turned().blurred().turned()
	for i, v := range p.pix {
		smooth.pix[i] = v - smooth.pix[i]
	}
	return smooth
}

// blurred averages along the rows.
func (p *plane) blurred() *plane {
	out := newPlane(p.w, p.h)
	for y := range p.h {
		from, to := p.row(y), out.row(y)
		var sum float32
		n := 0
		for x := -fine; x < p.w; x++ {
			if x+fine < p.w {
				sum += from[x+fine]
				n++
			}
			if x-fine-1 >= 0 {
				sum -= from[x-fine-1]
				n--
			}
			if x >= 0 {
				to[x] = sum / float32(n)
			}
		}
	}
	return out
}

// at interpolates; x and y must lie inside by a pixel.
func (p *plane) at(x, y float64) float32 {
	x0, y0 := int(x), int(y)
	fx, fy := float32(x-float64(x0)), float32(y-float64(y0))
	i := y0*p.w + x0
	a, b := p.pix[i]+(p.pix[i+1]-p.pix[i])*fx, p.pix[i+p.w]+(p.pix[i+p.w+1]-p.pix[i+p.w])*fx
	return a + (b-a)*fy
}

// holds tells whether at may be asked.
func (p *plane) holds(x, y float64) bool {
	return x >= 0 && y >= 0 && x < float64(p.w-1) && y < float64(p.h-1)
}
