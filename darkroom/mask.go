package darkroom

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"fovea/clinical"
)

// Masks are filled at the full size of the original, before anything is scaled,
// turned or measured: no later step can then see a masked pixel, and two
// originals that differ under a mask only are one picture from here on.

// slack is how much wider than computed a masked span is, in pixels, so that no
// rounding leaves a pixel out.
const slack = 1.0 / 64

// span is a part of a row: columns from up to, not including, to.
type span struct{ from, to int }

// piece is a part of a mask between two heights. Spans adds what it covers of
// the strip y to y+1, ends as x coordinates.
type piece struct {
	low, high float64
	spans     func(y float64, add func(x0, x1 float64))
}

// hide replaces every pixel that a mask touches. The noise depends on seed and
// place alone. Where masks overlap, solid wins.
func (p *raster) hide(masks []clinical.Mask, seed [sha256.Size]byte) {
	for _, fill := range []clinical.MaskFill{clinical.FillNoise, clinical.FillSolid} {
		var pieces []piece
		for _, m := range masks {
			if m.Fill == fill {
				pieces = append(pieces, piecesOf(m)...)
			}
		}
		if len(pieces) == 0 {
			continue
		}
		paint := func(y, from, to int) { clear(p.row(y)[3*from : 3*to]) }
		if fill == clinical.FillNoise {
			paint = p.noise(seed)
		}
		for y := range p.h {
			for _, s := range p.covered(pieces, y) {
				paint(y, s.from, s.to)
			}
		}
	}
}

// covered returns the columns of row y that any piece touches, in order and
// without overlap.
func (p *raster) covered(pieces []piece, y int) []span {
	var all []span
	add := func(x0, x1 float64) {
		from := int(max(0, math.Floor(x0-slack)))
		to := int(min(float64(p.w), math.Floor(x1+slack)+1))
		if from < to {
			all = append(all, span{from, to})
		}
	}
	top := float64(y)
	for _, c := range pieces {
		if c.low <= top+1+slack && c.high >= top-slack {
			c.spans(top, add)
		}
	}
	slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
	merged := all[:0]
	for _, s := range all {
		if n := len(merged); n > 0 && s.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

func piecesOf(m clinical.Mask) []piece {
	switch m.Shape {
	case clinical.MaskEllipse:
		return []piece{ellipse(m)}
	case clinical.MaskPolygon:
		return []piece{polygon(m.Points)}
	case clinical.MaskBrush:
		return brush(m.Points, m.Radius)
	}
	return nil
}

// ellipse is a·x² + 2b·xy + c·y² = 1 about its centre. Its left and right ends
// within a strip lie at the height nearest to where the whole one has its own.
func ellipse(m clinical.Mask) piece {
	sin, cos := sincos(m.Angle)
	u, v := 1/mul(m.Radii.X, m.Radii.X), 1/mul(m.Radii.Y, m.Radii.Y)
	a := mul(mul(cos, cos), u) + mul(mul(sin, sin), v)
	b := mul(mul(sin, cos), u-v)
	c := mul(mul(sin, sin), u) + mul(mul(cos, cos), v)
	d := mul(u, v) // a·c − b²
	height, rightmost := math.Sqrt(a/d), math.Sqrt(c/d)
	atRight := -mul(b/c, rightmost)
	end := func(y, sign float64) float64 {
		root := math.Sqrt(max(0, a-mul(d, mul(y, y))))
		return m.Centre.X + (mul(sign, root)-mul(b, y))/a
	}
	return piece{m.Centre.Y - height, m.Centre.Y + height, func(y float64, add func(x0, x1 float64)) {
		low, high := max(y-m.Centre.Y, -height), min(y+1-m.Centre.Y, height)
		if low > high { // it only just touches the strip, or not quite
			low, high = min(max(low, -height), height), min(max(high, -height), height)
		}
		add(end(min(max(-atRight, low), high), -1), end(min(max(atRight, low), high), 1))
	}}
}

// polygon covers what its edges touch and what lies inside by the non-zero rule.
func polygon(points []clinical.Point) piece {
	low, high := heights(points)
	return piece{low, high, func(y float64, add func(x0, x1 float64)) {
		var crossings []crossing
		for i, a := range points {
			b := points[(i+1)%len(points)]
			if x0, x1, ok := within(a, b, y); ok {
				add(x0, x1)
			}
			middle := y + 0.5
			switch {
			case a.Y <= middle && b.Y > middle:
				crossings = append(crossings, crossing{at(a, b, middle), 1})
			case b.Y <= middle && a.Y > middle:
				crossings = append(crossings, crossing{at(a, b, middle), -1})
			}
		}
		slices.SortFunc(crossings, func(a, b crossing) int {
			switch {
			case a.x < b.x:
				return -1
			case a.x > b.x:
				return 1
			}
			return 0
		})
		wound := 0
		for i, c := range crossings {
			if wound != 0 {
				add(crossings[i-1].x, c.x)
			}
			wound += c.way
		}
	}}
}

type crossing struct {
	x   float64
	way int
}

// brush is a disc around every point and a bar from each to the next.
func brush(points []clinical.Point, r float64) []piece {
	out := make([]piece, 0, 2*len(points))
	from := points[0]
	for _, c := range points {
		out = append(out, piece{c.Y - r, c.Y + r, func(y float64, add func(x0, x1 float64)) {
			dy := max(0, y-c.Y, c.Y-(y+1))
			half := math.Sqrt(max(0, mul(r, r)-mul(dy, dy)))
			add(c.X-half, c.X+half)
		}})
		dx, dy := c.X-from.X, c.Y-from.Y
		length := math.Sqrt(mul(dx, dx) + mul(dy, dy))
		if length == 0 { // the first point, or one set twice
			continue
		}
		nx, ny := mul(-dy/length, r), mul(dx/length, r)
		out = append(out, bar([]clinical.Point{
			{X: from.X + nx, Y: from.Y + ny}, {X: c.X + nx, Y: c.Y + ny}, {X: c.X - nx, Y: c.Y - ny}, {X: from.X - nx, Y: from.Y - ny},
		}))
		from = c
	}
	return out
}

// bar covers a convex polygon: between its leftmost and rightmost point of each
// strip.
func bar(points []clinical.Point) piece {
	low, high := heights(points)
	return piece{low, high, func(y float64, add func(x0, x1 float64)) {
		left, right := math.Inf(1), math.Inf(-1)
		for i, a := range points {
			if x0, x1, ok := within(a, points[(i+1)%len(points)], y); ok {
				left, right = min(left, x0), max(right, x1)
			}
		}
		if left <= right {
			add(left, right)
		}
	}}
}

func heights(points []clinical.Point) (low, high float64) {
	low, high = points[0].Y, points[0].Y
	for _, p := range points {
		low, high = min(low, p.Y), max(high, p.Y)
	}
	return low, high
}

// within returns how far the line from a to b reaches left and right inside the
// strip y to y+1, and whether it enters it.
func within(a, b clinical.Point, y float64) (x0, x1 float64, ok bool) {
	if a.Y > b.Y {
		a, b = b, a
	}
	if b.Y < y || a.Y > y+1 {
		return 0, 0, false
	}
	first, last := a.X, b.X
	if a.Y < y {
		first = at(a, b, y)
	}
	if b.Y > y+1 {
		last = at(a, b, y+1)
	}
	return min(first, last), max(first, last), true
}

// at is where the line from a to b, which is not level, is at height y.
func at(a, b clinical.Point, y float64) float64 {
	return a.X + mul((y-a.Y)/(b.Y-a.Y), b.X-a.X)
}

// noise paints cells of random colour, large enough to be seen as noise at any
// size.
func (p *raster) noise(seed [sha256.Size]byte) func(y, from, to int) {
	key, cell := binary.LittleEndian.Uint64(seed[:]), max(1, max(p.w, p.h)/400)
	return func(y, from, to int) {
		row := p.row(y)
		for x := from; x < to; {
			v := scramble(key ^ scramble(uint64(x/cell)<<32|uint64(y/cell)))
			for end := min(to, (x/cell+1)*cell); x < end; x++ {
				row[3*x], row[3*x+1], row[3*x+2] = byte(v), byte(v>>8), byte(v>>16)
			}
		}
	}
}

// scramble is the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
func scramble(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// noiseSeed is what a mask's noise comes from: the recipe and the asset it is
// for, never pixels or a clock.
func noiseSeed(asset clinical.AssetID, recipe []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte("fovea mask noise 1\x00"))
	h.Write(asset[:])
	h.Write(recipe)
	var seed [sha256.Size]byte
	h.Sum(seed[:0])
	return seed
}
