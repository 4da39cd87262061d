package barcode

import (
	"image"
	"slices"
)

const (
	cell      = 24 // pixels of a level on a side
	contrast  = 40 // between two pixels beside each other
	mostSpots = 12
)

// spots are the middles of what changes most between black and white, across and
// down, the busiest first: squares of modules do, and print. The reader of Data
// Matrix sees a code only where it looks at its middle.
func spots(level *image.Gray) []image.Point {
	type spot struct {
		at    image.Point
		turns int
	}
	var all []spot
	for y := 0; y+cell < level.Rect.Dy(); y += cell / 2 {
		for x := 0; x+cell < level.Rect.Dx(); x += cell / 2 {
			if n := busy(level, x, y); n > cell {
				all = append(all, spot{image.Pt(x+cell/2, y+cell/2), n})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b spot) int { return b.turns - a.turns })
	var out []image.Point
	for _, s := range all {
		if len(out) == mostSpots {
			break
		}
		around := image.Rectangle{Min: s.at, Max: s.at}.Inset(-cell)
		if !slices.ContainsFunc(out, func(p image.Point) bool { return p.In(around) }) {
			out = append(out, s.at)
		}
	}
	return out
}

// busy counts the steps between black and white in a cell, in the direction in
// which there are fewer.
func busy(level *image.Gray, x, y int) int {
	across, down := 0, 0
	for dy := range cell {
		line := level.Pix[level.PixOffset(x, y+dy):]
		next := line[level.Stride:]
		for dx := range cell {
			if step(line[dx], line[dx+1]) {
				across++
			}
			if step(line[dx], next[dx]) {
				down++
			}
		}
	}
	return min(across, down)
}

func step(a, b uint8) bool { return max(a, b)-min(a, b) > contrast }
