package darkroom

import (
	"math"

	"fovea/clinical"
)

// view is the way from a place in the upright original to a place in the edited
// picture and back.
type view struct {
	centre   clinical.Point
	w, h     float64 // of the frame, in pixels of the original
	angle    float64
	sin, cos float64
	turn     int
	ow, oh   int     // of the edited picture before it is turned
	sx, sy   float64 // pixels of the original per pixel of the edited picture
	part     box     // what an upright frame cuts out
}

// look is the view of a checked recipe on a picture of w × h pixels, shown no
// larger than size; size 0 is as large as it is.
func look(w, h int, r clinical.Recipe, size Size) view {
	v := view{
		centre: clinical.Point{X: float64(w) / 2, Y: float64(h) / 2}, w: float64(w), h: float64(h),
		cos: 1, turn: r.Turn, part: box{0, 0, w, h},
	}
	if f := r.Frame; f != nil && f.Angle == 0 {
		v.part = box{
			clampInt(f.Centre.X-f.Width/2, 0, w-1), clampInt(f.Centre.Y-f.Height/2, 0, h-1),
			clampInt(f.Centre.X+f.Width/2, 1, w), clampInt(f.Centre.Y+f.Height/2, 1, h),
		}
		v.w, v.h = float64(v.part.w()), float64(v.part.h())
		v.centre = clinical.Point{X: float64(v.part.x0+v.part.x1) / 2, Y: float64(v.part.y0+v.part.y1) / 2}
	} else if f != nil {
		v.centre, v.w, v.h, v.angle = f.Centre, f.Width, f.Height, f.Angle
		v.sin, v.cos = sincos(f.Angle)
	}
	v.ow, v.oh = fit(v.w, v.h, size)
	v.sx, v.sy = v.w/float64(v.ow), v.h/float64(v.oh)
	return v
}

func clampInt(v float64, low, high int) int {
	return min(max(int(math.Floor(v+0.5)), low), high)
}

// fit returns whole pixels of w × h at most as large as size, and as a JPEG can
// be.
func fit(w, h float64, size Size) (int, int) {
	long, most := max(w, h), float64(maxSide)
	if size > 0 {
		most = min(most, float64(size))
	}
	shrunk := min(1, most/long)
	whole := func(v float64) int { return max(1, int(math.Floor(mul(v, shrunk)+0.5))) }
	return whole(w), whole(h)
}

// see renders the view of p, except for the turn.
func (v view) see(p *raster) *raster {
	if v.angle == 0 {
		return p.cut(v.part, v.ow, v.oh)
	}
	// Scale first, upright, what the frame lies in; then turn it at its own size.
	const border = 3
	rx := (mul(v.w, v.cos) + mul(v.h, math.Abs(v.sin))) / 2
	ry := (mul(v.w, math.Abs(v.sin)) + mul(v.h, v.cos)) / 2
	around := box{
		clampInt(math.Floor(v.centre.X-rx)-mul(border, v.sx), 0, p.w-1), clampInt(math.Floor(v.centre.Y-ry)-mul(border, v.sy), 0, p.h-1),
		clampInt(math.Ceil(v.centre.X+rx)+mul(border, v.sx), 1, p.w), clampInt(math.Ceil(v.centre.Y+ry)+mul(border, v.sy), 1, p.h),
	}
	w := max(1, int(math.Ceil(float64(around.w())/max(1, v.sx))))
	h := max(1, int(math.Ceil(float64(around.h())/max(1, v.sy))))
	return v.sample(p.cut(around, w, h), around)
}

// sample reads the frame out of the scaled part around it, askew, by Catmull-Rom
// in steps of 1/256 pixel. Places are counted in 1/2^24 pixel.
func (v view) sample(p *raster, around box) *raster {
	const unit = 1 << 24
	fx, fy := float64(p.w)/float64(around.w()), float64(p.h)/float64(around.h())
	place := func(i, j float64) (int64, int64) {
		at := v.back(i, j)
		x := mul(at.X-float64(around.x0), fx) - 0.5
		y := mul(at.Y-float64(around.y0), fy) - 0.5
		return int64(math.Floor(mul(x, unit) + 0.5)), int64(math.Floor(mul(y, unit) + 0.5))
	}
	stepX := int64(math.Floor(mul(mul(mul(v.cos, v.sx), fx), unit) + 0.5))
	stepY := int64(math.Floor(mul(mul(mul(v.sin, v.sx), fy), unit) + 0.5))
	table := phases()
	out := newRaster(v.ow, v.oh)
	for j := range v.oh {
		x, y := place(0.5, float64(j)+0.5)
		row := out.row(j)
		for i := range v.ow {
			p.blend(row[3*i:3*i+3], x, y, table)
			x, y = x+stepX, y+stepY
		}
	}
	return out
}

// phases are the weights of four neighbours at 256 places between the middle two.
func phases() *[256][4]int32 {
	var out [256][4]int32
	for i := range out {
		f := float64(i) / 256
		exact := []float64{catmullRom(1 + f), catmullRom(f), catmullRom(1 - f), catmullRom(2 - f)}
		copy(out[i][:], whole(exact, 1))
	}
	return &out
}

// blend is the colour of p at x, y, in 1/2^24 pixel; beyond an edge the edge goes
// on.
func (p *raster) blend(to []byte, x, y int64, table *[256][4]int32) {
	wx, wy := &table[x>>16&255], &table[y>>16&255]
	x0, y0 := int(x>>24)-1, int(y>>24)-1
	var r, g, b int32
	for j, v := range wy {
		row := p.row(min(max(y0+j, 0), p.h-1))
		var lr, lg, lb int32
		if x0 >= 0 && x0+4 <= p.w {
			part := row[3*x0 : 3*x0+12]
			lr = wx[0]*int32(part[0]) + wx[1]*int32(part[3]) + wx[2]*int32(part[6]) + wx[3]*int32(part[9])
			lg = wx[0]*int32(part[1]) + wx[1]*int32(part[4]) + wx[2]*int32(part[7]) + wx[3]*int32(part[10])
			lb = wx[0]*int32(part[2]) + wx[1]*int32(part[5]) + wx[2]*int32(part[8]) + wx[3]*int32(part[11])
		} else {
			for i, u := range wx {
				k := 3 * min(max(x0+i, 0), p.w-1)
				lr, lg, lb = lr+u*int32(row[k]), lg+u*int32(row[k+1]), lb+u*int32(row[k+2])
			}
		}
		// Six of fourteen bits of fraction stay, so that the sum of four fits.
		r, g, b = r+v*(lr>>8), g+v*(lg>>8), b+v*(lb>>8)
	}
	to[0], to[1], to[2] = fine(r), fine(g), fine(b)
}

// fine rounds a sum of 14 and 6 bits of fraction to 0 … 255.
func fine(sum int32) byte {
	return byte(min(max((sum+1<<19)>>20, 0), 255))
}

// back is the place in the original of a place in the edited picture before its
// turn.
func (v view) back(i, j float64) clinical.Point {
	x, y := mul(i, v.sx)-v.w/2, mul(j, v.sy)-v.h/2
	return clinical.Point{
		X: v.centre.X + (mul(x, v.cos) - mul(y, v.sin)),
		Y: v.centre.Y + (mul(x, v.sin) + mul(y, v.cos)),
	}
}

// place is the place in the edited picture, turned, of a place in the original.
func (v view) place(p clinical.Point) clinical.Point {
	dx, dy := p.X-v.centre.X, p.Y-v.centre.Y
	x := (mul(dx, v.cos) + mul(dy, v.sin) + v.w/2) / v.sx
	y := (mul(dy, v.cos) - mul(dx, v.sin) + v.h/2) / v.sy
	switch v.turn {
	case 90:
		return clinical.Point{X: float64(v.oh) - y, Y: x}
	case 180:
		return clinical.Point{X: float64(v.ow) - x, Y: float64(v.oh) - y}
	case 270:
		return clinical.Point{X: y, Y: float64(v.ow) - x}
	}
	return clinical.Point{X: x, Y: y}
}
