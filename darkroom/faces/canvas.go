package faces

import (
	"image"
	"image/color"
)

// longest is the longer side, in pixels, beyond which a picture is shrunk before
// anything is looked for.
const longest = 1600

// canvas is a picture in sRGB, three bytes a pixel.
type canvas struct {
	w, h int
	pix  []uint8
}

func newCanvas(w, h int) *canvas { return &canvas{w, h, make([]uint8, 3*w*h)} }

// shrink returns the picture with the mean of factor × factor pixels for each
// of its own, where factor is the least that brings the longer side down to
// longest. Transparent pixels count as black.
func shrink(img image.Image) (c *canvas, factor int) {
	b := img.Bounds()
	factor = (max(b.Dx(), b.Dy()) + longest - 1) / longest
	c = newCanvas((b.Dx()+factor-1)/factor, (b.Dy()+factor-1)/factor)
	for y := range c.h {
		rows := image.Rect(b.Min.X, b.Min.Y+y*factor, b.Max.X, min(b.Min.Y+(y+1)*factor, b.Max.Y))
		line := c.pix[3*y*c.w : 3*(y+1)*c.w]
		switch img := img.(type) {
		case *image.YCbCr:
			meanYCbCr(line, img, rows, factor)
		case *image.RGBA:
			meanRGBA(line, img, rows, factor)
		default:
			meanAny(line, img, rows, factor)
		}
	}
	return c, factor
}

// meanYCbCr averages before it converts, which comes to the same: the conversion
// (JFIF, clause 7) is linear.
func meanYCbCr(line []uint8, img *image.YCbCr, rows image.Rectangle, factor int) {
	for x0, at := rows.Min.X, 0; x0 < rows.Max.X; x0, at = x0+factor, at+3 {
		x1 := min(x0+factor, rows.Max.X)
		luma, blue, red, chromas := 0, 0, 0, 0
		last := -1
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			from := img.YOffset(x0, y)
			for _, v := range img.Y[from : from+x1-x0] {
				luma += int(v)
			}
			from, to := img.COffset(x0, y), img.COffset(x1-1, y)+1
			if from == last { // chroma is stored once for several rows
				continue
			}
			last = from
			for i := from; i < to; i++ {
				blue += int(img.Cb[i])
				red += int(img.Cr[i])
			}
			chromas += to - from
		}
		pixels := (x1 - x0) * rows.Dy()
		half := chromas / 2
		line[at], line[at+1], line[at+2] = color.YCbCrToRGB(
			uint8((luma+pixels/2)/pixels), uint8((blue+half)/chromas), uint8((red+half)/chromas))
	}
}

func meanRGBA(line []uint8, img *image.RGBA, rows image.Rectangle, factor int) {
	for x0, at := rows.Min.X, 0; x0 < rows.Max.X; x0, at = x0+factor, at+3 {
		x1 := min(x0+factor, rows.Max.X)
		r, g, b := 0, 0, 0
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			from := img.PixOffset(x0, y)
			for p := img.Pix[from : from+4*(x1-x0)]; len(p) >= 4; p = p[4:] {
				r += int(p[0])
				g += int(p[1])
				b += int(p[2])
			}
		}
		pixels := (x1 - x0) * rows.Dy()
		line[at], line[at+1], line[at+2] = uint8((r+pixels/2)/pixels), uint8((g+pixels/2)/pixels), uint8((b+pixels/2)/pixels)
	}
}

func meanAny(line []uint8, img image.Image, rows image.Rectangle, factor int) {
	wide, ok := img.(image.RGBA64Image)
	for x0, at := rows.Min.X, 0; x0 < rows.Max.X; x0, at = x0+factor, at+3 {
		x1 := min(x0+factor, rows.Max.X)
		r, g, b := 0, 0, 0
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			for x := x0; x < x1; x++ {
				var c color.RGBA64
				if ok {
					c = wide.RGBA64At(x, y)
				} else {
					r, g, b, a := img.At(x, y).RGBA()
					c = color.RGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: uint16(a)}
				}
				r, g, b = r+int(c.R>>8), g+int(c.G>>8), b+int(c.B>>8)
			}
		}
		pixels := (x1 - x0) * rows.Dy()
		line[at], line[at+1], line[at+2] = uint8(r/pixels), uint8(g/pixels), uint8(b/pixels)
	}
}

// halve returns the canvas with the mean of two by two pixels for each.
func (c *canvas) halve() *canvas {
	small := newCanvas((c.w+1)/2, (c.h+1)/2)
	for y := range small.h {
		a, b := c.pix[3*c.w*2*y:], c.pix[3*c.w*min(2*y+1, c.h-1):]
		for x := range small.w {
			l, r, to := 6*x, 3*min(2*x+1, c.w-1), 3*(y*small.w+x)
			for k := range 3 {
				small.pix[to+k] = uint8((int(a[l+k]) + int(a[r+k]) + int(b[l+k]) + int(b[r+k]) + 2) / 4)
			}
		}
	}
	return small
}

// picture is a canvas with its halves, the largest first.
type picture []*canvas

func newPicture(c *canvas) picture {
	p := picture{c}
	for max(c.w, c.h) > 64 {
		c = c.halve()
		p = append(p, c)
	}
	return p
}

// view is a square of the picture, in pixels of the largest canvas, seen after
// the picture has been turned clockwise by so many quarters. It may reach beyond
// the picture, where it is black.
type view struct {
	x, y, side float64 // centre and side
	turn       int
}

// mix is where one row or column of a view comes from: the offsets of two
// neighbours and the share of the second. Neighbours outside are -1.
type mix struct {
	a, b  int
	share float32
}

// draw fills dst, side × side pixels of three floats from -1 to 1, with what the
// view shows. The columns and rows of the picture are mixed in mixes, which has
// room for two for each pixel of the side.
func (p picture) draw(dst []float32, side int, v view, mixes []mix) {
	level, scale := 0, v.side/float64(side)
	for scale > 2 && level+1 < len(p) {
		level, scale = level+1, scale/2
	}
	c, unit := p[level], float64(int(1)<<level)
	columns := line(mixes[:side], v.x/unit, scale, c.w)
	rows := line(mixes[side:2*side], v.y/unit, scale, c.h)
	for i := range side {
		out := dst[3*i*side : 3*(i+1)*side]
		for j := range side {
			column, row := columns[j], rows[i]
			switch v.turn {
			case 1:
				column, row = columns[i], rows[side-1-j]
			case 2:
				column, row = columns[side-1-j], rows[side-1-i]
			case 3:
				column, row = columns[side-1-i], rows[j]
			}
			c.at(out[3*j:3*j+3], column, row)
		}
	}
}

// line tells for each of the pixels along one side of a view where it comes from
// on a canvas of the given size.
func line(mixes []mix, centre, scale float64, size int) []mix {
	start := centre - float64(scale*float64(len(mixes))/2)
	inside := func(n int) int {
		if n < 0 || n >= size {
			return -1
		}
		return n
	}
	for i := range mixes {
		at := start + float64((float64(i)+0.5)*scale) - 0.5
		whole := floor(at)
		mixes[i] = mix{inside(whole), inside(whole + 1), float32(at - float64(whole))}
	}
	return mixes
}

// at mixes four pixels into three floats.
func (c *canvas) at(out []float32, column, row mix) {
	if column.a|column.b|row.a|row.b < 0 {
		c.edge(out, column, row)
		return
	}
	aa, ab := c.pix[3*(row.a*c.w+column.a):][:3], c.pix[3*(row.a*c.w+column.b):][:3]
	ba, bb := c.pix[3*(row.b*c.w+column.a):][:3], c.pix[3*(row.b*c.w+column.b):][:3]
	for k := range 3 {
		up := float32(aa[k]) + float32(column.share*(float32(ab[k])-float32(aa[k])))
		down := float32(ba[k]) + float32(column.share*(float32(bb[k])-float32(ba[k])))
		out[k] = float32((up+float32(row.share*(down-up)))*(1/127.5)) - 1
	}
}

// edge is at for a pixel of which a part lies outside.
func (c *canvas) edge(out []float32, column, row mix) {
	pixel := func(x, y, k int) float32 {
		if x < 0 || y < 0 {
			return 0
		}
		return float32(c.pix[3*(y*c.w+x)+k])
	}
	for k := range 3 {
		aa, ab := pixel(column.a, row.a, k), pixel(column.b, row.a, k)
		ba, bb := pixel(column.a, row.b, k), pixel(column.b, row.b, k)
		up := aa + float32(column.share*(ab-aa))
		down := ba + float32(column.share*(bb-ba))
		out[k] = float32((up+float32(row.share*(down-up)))*(1/127.5)) - 1
	}
}
