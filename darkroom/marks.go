package darkroom

import (
	"math"
	"strconv"

	"fovea/clinical"
)

// annotate draws marks, scale bar and side on the finished picture. All of them
// have a rim of the opposite tone, to be seen on skin and on drapes.
func (p *raster) annotate(r clinical.Recipe, v view) error {
	long := float64(max(p.w, p.h))
	thick, letters := max(1, long/900), min(max(11, long/48), maxLetters)
	for _, m := range r.Marks {
		at := make([]clinical.Point, len(m.Points))
		for i, one := range m.Points {
			at[i] = v.place(one)
		}
		ink := inkOf(m.Ink)
		switch m.Kind {
		case clinical.MarkArrow:
			p.strokes(arrow(at[0], at[1], mul(12, thick)), thick, ink)
		case clinical.MarkOutline:
			p.strokes([][]clinical.Point{append(at, at[0])}, thick, ink)
		case clinical.MarkText:
			if err := p.write(m.Text, at[0], letters, ink); err != nil {
				return err
			}
		}
	}
	corner := clinical.UpperLeft
	if s := r.Scale; s != nil {
		if err := p.scaleBar(distance(v.place(s.From), v.place(s.To))/s.LengthMM, *s, strength{thick, letters}); err != nil {
			return err
		}
		if s.Corner == clinical.UpperLeft {
			corner = clinical.UpperRight
		}
	}
	if r.Side == clinical.LateralityUnknown {
		return nil
	}
	return p.side(string(r.Side), corner, mul(2, letters))
}

// strength is how strong what is drawn is, in pixels.
type strength struct{ thick, letters float64 }

// colours are what a mark is drawn with, and its rim.
type colours struct{ line, rim [3]byte }

func inkOf(i clinical.Ink) colours {
	black, white := [3]byte{0, 0, 0}, [3]byte{255, 255, 255}
	switch i {
	case clinical.Black:
		return colours{black, white}
	case clinical.Yellow:
		return colours{[3]byte{255, 221, 0}, black}
	case clinical.Cyan:
		return colours{[3]byte{0, 221, 255}, black}
	case clinical.White:
	}
	return colours{white, black}
}

func distance(a, b clinical.Point) float64 {
	dx, dy := b.X-a.X, b.Y-a.Y
	return math.Sqrt(mul(dx, dx) + mul(dy, dy))
}

// arrow is a shaft and two barbs of the given length, at most half the shaft's.
func arrow(tail, head clinical.Point, barb float64) [][]clinical.Point {
	long := distance(tail, head)
	if long == 0 {
		return nil
	}
	barb = min(barb, long/2)
	dx, dy := (tail.X-head.X)/long, (tail.Y-head.Y)/long
	sin, cos := sincos(28)
	return [][]clinical.Point{{tail, head}, {
		{X: head.X + mul(barb, mul(dx, cos)-mul(dy, sin)), Y: head.Y + mul(barb, mul(dx, sin)+mul(dy, cos))},
		head,
		{X: head.X + mul(barb, mul(dx, cos)+mul(dy, sin)), Y: head.Y + mul(barb, mul(dy, cos)-mul(dx, sin))},
	}}
}

// strokes draws lines through points, radius thick to each side, all rims first.
func (p *raster) strokes(lines [][]clinical.Point, radius float64, c colours) {
	for _, pass := range []struct {
		radius float64
		colour [3]byte
	}{{radius + max(1, radius/2), c.rim}, {radius, c.line}} {
		for _, line := range lines {
			for i := 1; i < len(line); i++ {
				p.stroke(line[i-1], line[i], pass.radius, pass.colour)
			}
		}
	}
}

// stroke draws one line with soft edges.
func (p *raster) stroke(a, b clinical.Point, radius float64, colour [3]byte) {
	around := brush([]clinical.Point{a, b}, radius+1)
	low, high := min(a.Y, b.Y)-radius-1, max(a.Y, b.Y)+radius+1
	for y := clampInt(low, 0, p.h); y < clampInt(high+1, 0, p.h); y++ {
		row := p.row(y)
		for _, s := range p.covered(around, y) {
			for x := s.from; x < s.to; x++ {
				d := fromLine(clinical.Point{X: float64(x) + 0.5, Y: float64(y) + 0.5}, a, b)
				cover(row[3*x:3*x+3], colour, int(math.Floor(mul(min(max(radius+0.5-d, 0), 1), 255)+0.5)))
			}
		}
	}
}

// fromLine is how far q is from the line a to b.
func fromLine(q, a, b clinical.Point) float64 {
	dx, dy := b.X-a.X, b.Y-a.Y
	square := mul(dx, dx) + mul(dy, dy)
	t := 0.0
	if square > 0 {
		t = min(max((mul(q.X-a.X, dx)+mul(q.Y-a.Y, dy))/square, 0), 1)
	}
	return distance(q, clinical.Point{X: a.X + mul(t, dx), Y: a.Y + mul(t, dy)})
}

// cover lays colour over a pixel, amount in 0 … 255.
func cover(pixel []byte, colour [3]byte, amount int) {
	for c, v := range colour {
		pixel[c] = byte((int(pixel[c])*(255-amount) + int(v)*amount + 127) / 255)
	}
}

// scaleBar draws a bar of round length where a millimetre is perMM pixels long:
// the length that was chosen, or the longest that takes at most a quarter of the
// picture's width. Where not even a tenth of a millimetre fits there is none.
func (p *raster) scaleBar(perMM float64, s clinical.ScaleBar, k strength) error {
	best := 0 // tenths of a millimetre
	for _, step := range clinical.BarLengths() {
		long := mul(float64(step)/10, perMM)
		if long <= float64(p.w)/4 {
			best = step
		}
		if float64(step)/10 == s.BarMM && long <= mul(0.8, float64(p.w)) {
			best = step
			break
		}
	}
	if best == 0 {
		return nil
	}
	corner := s.Corner
	long := mul(float64(best)/10, perMM)
	margin := mul(1.5, k.letters)
	x, y := margin, float64(p.h)-margin
	if corner == clinical.UpperRight || corner == clinical.LowerRight {
		x = float64(p.w) - margin - long
	}
	if corner == clinical.UpperLeft || corner == clinical.UpperRight {
		y = mul(2, margin)
	}
	tick := mul(4, k.thick)
	c := inkOf(clinical.White)
	p.strokes([][]clinical.Point{
		{{X: x, Y: y}, {X: x + long, Y: y}},
		{{X: x, Y: y - tick}, {X: x, Y: y + tick}},
		{{X: x + long, Y: y - tick}, {X: x + long, Y: y + tick}},
	}, k.thick, c)
	return p.write(millimetres(best), clinical.Point{X: x, Y: y - tick - mul(0.4, k.letters)}, k.letters, c)
}

// millimetres names a length in tenths of a millimetre.
func millimetres(tenths int) string {
	switch {
	case tenths < 10:
		return "0." + strconv.Itoa(tenths) + " mm"
	case tenths < 100:
		return strconv.Itoa(tenths/10) + " mm"
	default:
		return strconv.Itoa(tenths/100) + " cm"
	}
}

// side writes the patient's side into an upper corner.
func (p *raster) side(letter string, corner clinical.Corner, letters float64) error {
	x := letters / 2
	if corner == clinical.UpperRight {
		x = float64(p.w) - mul(1.2, letters)
	}
	return p.write(letter, clinical.Point{X: x, Y: mul(1.2, letters)}, letters, inkOf(clinical.White))
}
