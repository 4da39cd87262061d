// Package plane holds the brightness of a picture as numbers, for what compares
// pictures: it reads it from any decoded picture, scales it, turns it, takes
// what is large away from it, and reads between its pixels.
//
// A place is given in pixels with the first one's middle at 0, 0. Nothing here
// knows colours, and nothing is written back to a picture.
package plane

import (
	"image"
	"image/draw"
	"math"
)

// Plane is the brightness of a picture, 0 to 255, row by row.
type Plane struct {
	W, H int
	Pix  []float32
}

// New returns a black plane of w × h pixels.
func New(w, h int) *Plane { return &Plane{w, h, make([]float32, w*h)} }

// Row is one line of the plane; writing to it writes to the plane.
func (p *Plane) Row(y int) []float32 { return p.Pix[y*p.W : (y+1)*p.W] }

// Of reads the brightness of a picture, averaging squares of pixels where a side
// of it is longer than most. Of transparent colours it sees what white shows
// through. A picture much narrower than it is long may come out without pixels.
func Of(img image.Image, most int) *Plane {
	b := img.Bounds()
	each := (max(b.Dx(), b.Dy()) + most - 1) / most
	out := New(b.Dx()/each, b.Dy()/each)
	line := make([]float32, b.Dx())
	read := liner(img)
	share := 1 / float32(each*each)
	for y := range out.H * each {
		read(line, b.Min.Y+y)
		row := out.Row(y / each)
		for x := range out.W * each {
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

// Resized scales by a triangle as wide as the pixels of the smaller picture,
// halving first while that is exact.
func (p *Plane) Resized(w, h int) *Plane {
	for p.W >= 2*w && p.H >= 2*h && p.W%2 == 0 && p.H%2 == 0 {
		p = p.halved()
	}
	if w == p.W && h == p.H {
		return p
	}
	return p.narrowed(w).Turned().narrowed(h).Turned()
}

func (p *Plane) halved() *Plane {
	out := New(p.W/2, p.H/2)
	for y := range out.H {
		a, b := p.Row(2*y), p.Row(2*y+1)
		for x := range out.Row(y) {
			out.Pix[y*out.W+x] = (a[2*x] + a[2*x+1] + b[2*x] + b[2*x+1]) / 4
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
func (p *Plane) narrowed(w int) *Plane {
	if w == p.W {
		return p
	}
	out, given := New(w, p.H), shares(p.W, w)
	for y := range p.H {
		from, to := p.Row(y), out.Row(y)
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

// Turned swaps rows and columns.
func (p *Plane) Turned() *Plane {
	out := New(p.H, p.W)
	const tile = 32
	for y0 := 0; y0 < p.H; y0 += tile {
		for x0 := 0; x0 < p.W; x0 += tile {
			for y := y0; y < min(y0+tile, p.H); y++ {
				for x := x0; x < min(x0+tile, p.W); x++ {
					out.Pix[x*p.H+y] = p.Pix[y*p.W+x]
				}
			}
		}
	}
	return out
}

// Quarter turns the picture by 90° clockwise.
func (p *Plane) Quarter() *Plane {
	out := p.Turned()
	for y := range out.H {
		row := out.Row(y)
		for i, j := 0, len(row)-1; i < j; i, j = i+1, j-1 {
			row[i], row[j] = row[j], row[i]
		}
	}
	return out
}

// fine is the radius in pixels within which detail is looked for.
const fine = 5

// Detail takes away what is larger than about twice that.
func (p *Plane) Detail() *Plane {
	smooth := p.blurred().Turned().blurred().Turned()
	for i, v := range p.Pix {
		smooth.Pix[i] = v - smooth.Pix[i]
	}
	return smooth
}

// blurred averages along the rows.
func (p *Plane) blurred() *Plane {
	out := New(p.W, p.H)
	for y := range p.H {
		from, to := p.Row(y), out.Row(y)
		var sum float32
		n := 0
		for x := -fine; x < p.W; x++ {
			if x+fine < p.W {
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

// At interpolates; x and y must lie inside by a pixel.
func (p *Plane) At(x, y float64) float32 {
	x0, y0 := int(x), int(y)
	fx, fy := float32(x-float64(x0)), float32(y-float64(y0))
	i := y0*p.W + x0
	a, b := p.Pix[i]+(p.Pix[i+1]-p.Pix[i])*fx, p.Pix[i+p.W]+(p.Pix[i+p.W+1]-p.Pix[i+p.W])*fx
	return a + (b-a)*fy
}

// Holds tells whether At may be asked.
func (p *Plane) Holds(x, y float64) bool {
	return x >= 0 && y >= 0 && x < float64(p.W-1) && y < float64(p.H-1)
}
