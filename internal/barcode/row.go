package barcode

import (
	"image"
	"math"

	"github.com/makiuchi-d/gozxing"

	"fovea/clinical"
)

const (
	alike   = 0.5 // correlation from which a line crosses the same bars
	samples = 96  // of a line across the bars
)

func stopped(err error) error { return clinical.Errorf(clinical.Unavailable, "barcode: find: %w", err) }

// row returns the corners of a row of bars that was read along the line between
// two points: it goes on to both sides for as long as lines beside the first
// cross the same bars, and for a least part of its length.
func row(img *image.Gray, ends []gozxing.ResultPoint, least float64) (corners [4][2]float64) {
	ax, ay, bx, by := ends[0].GetX(), ends[0].GetY(), ends[1].GetX(), ends[1].GetY()
	length := math.Hypot(bx-ax, by-ay)
	if length < 1 {
		return corners
	}
	ux, uy := (bx-ax)/length, (by-ay)/length // along the line; (-uy, ux) leads away from it
	first := across(img, ax, ay, bx, by)
	reach := func(side float64) (drift, far float64) {
		for d := 2.0; d < length; d += 2 {
			best, at := alike, math.NaN()
			for _, slip := range []float64{-2, -1, 0, 1, 2} { // bars lean
				s := drift + slip
				x, y := ux*s-side*uy*d, uy*s+side*ux*d
				if c := correlation(first, across(img, ax+x, ay+y, bx+x, by+y)); c > best {
					best, at = c, s
				}
			}
			if math.IsNaN(at) {
				return drift, far
			}
			drift, far = at, d
		}
		return drift, far
	}
	quiet := length * 0.06 // ten modules on each side
	for i, side := range []float64{-1, 1} {
		drift, far := reach(side)
		far = max(far+2, least*length) // a line that leans leaves the bars early
		x, y := ux*drift-side*uy*far, uy*drift+side*ux*far
		corners[2*i] = [2]float64{ax + x - ux*quiet, ay + y - uy*quiet}
		corners[2*i+1] = [2]float64{bx + x + ux*quiet, by + y + uy*quiet}
	}
	return corners
}

// across is what a line crosses, beginning to end.
func across(img *image.Gray, ax, ay, bx, by float64) (out [samples]float64) {
	for i := range out {
		t := float64(i) / (samples - 1)
		x, y := int(ax+(bx-ax)*t), int(ay+(by-ay)*t)
		if image.Pt(x, y).In(img.Rect) {
			out[i] = float64(img.Pix[img.PixOffset(x, y)])
		}
	}
	return out
}

// correlation is that of Pearson; 0 where one of both is even.
func correlation(a, b [samples]float64) float64 {
	var ma, mb float64
	for i := range a {
		ma, mb = ma+a[i]/samples, mb+b[i]/samples
	}
	var ab, aa, bb float64
	for i := range a {
		x, y := a[i]-ma, b[i]-mb
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa < 1 || bb < 1 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// cut copies a part of a level, which the readers want row by row with nothing
// between.
func cut(level *image.Gray, part image.Rectangle) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, part.Dx(), part.Dy()))
	for y := range part.Dy() {
		copy(out.Pix[y*out.Stride:], level.Pix[level.PixOffset(part.Min.X, part.Min.Y+y):][:part.Dx()])
	}
	return out
}

// paint makes a rectangle white.
func paint(img *image.Gray, r image.Rectangle) {
	r = r.Intersect(img.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		line := img.Pix[img.PixOffset(r.Min.X, y):][:r.Dx()]
		for x := range line {
			line[x] = 255
		}
	}
}

// leaned turns a level clockwise, on white. back maps to the level.
func leaned(level *image.Gray, degrees float64) (turned *image.Gray, back func(x, y float64) (float64, float64)) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(level.Rect.Dx()), float64(level.Rect.Dy())
	tw, th := math.Ceil(w*cos+h*sin), math.Ceil(w*sin+h*cos)
	back = func(x, y float64) (float64, float64) {
		x, y = x-tw/2, y-th/2
		return x*cos + y*sin + w/2, -x*sin + y*cos + h/2
	}
	turned = image.NewGray(image.Rect(0, 0, int(tw), int(th)))
	for y := range turned.Rect.Dy() {
		for x := range turned.Rect.Dx() {
			sx, sy := back(float64(x), float64(y))
			turned.Pix[y*turned.Stride+x] = between(level, sx, sy)
		}
	}
	return turned, back
}

// between reads a level between its pixels; white outside.
func between(img *image.Gray, x, y float64) uint8 {
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	if x0 < 0 || y0 < 0 || x0+1 >= img.Rect.Dx() || y0+1 >= img.Rect.Dy() {
		return 255
	}
	fx, fy := x-float64(x0), y-float64(y0)
	p := img.Pix[y0*img.Stride+x0:]
	top := float64(p[0])*(1-fx) + float64(p[1])*fx
	low := float64(p[img.Stride])*(1-fx) + float64(p[img.Stride+1])*fx
	return uint8(top*(1-fy) + low*fy + .5)
}
