package faces

import (
	"cmp"
	"math"
	"slices"
)

// box is a rectangle of the picture in pixels of the largest canvas.
type box struct{ x0, y0, x1, y1 float64 }

// area rounds its product, as every product here that is added to something: a
// processor that fuses the two would otherwise place boxes of its own.
func (b box) area() float64 { return float64(max(b.x1-b.x0, 0) * max(b.y1-b.y0, 0)) }

func (b box) union(o box) box {
	return box{min(b.x0, o.x0), min(b.y0, o.y0), max(b.x1, o.x1), max(b.y1, o.y1)}
}

// overlap is the share of the two rectangles together that both cover.
func (b box) overlap(o box) float64 {
	both := box{max(b.x0, o.x0), max(b.y0, o.y0), min(b.x1, o.x1), min(b.y1, o.y1)}
	if both.x1 <= both.x0 || both.y1 <= both.y0 {
		return 0
	}
	shared := both.area()
	return shared / (b.area() + o.area() - shared)
}

// place turns what was seen in a view back into a rectangle of the picture.
func (v view) place(s sight) box {
	x, y, w, h := s.x-0.5, s.y-0.5, s.w, s.h
	switch v.turn {
	case 1:
		x, y, w, h = y, -x, h, w
	case 2:
		x, y = -x, -y
	case 3:
		x, y, w, h = -y, x, h, w
	}
	return box{
		v.x + float64((x-w/2)*v.side), v.y + float64((y-h/2)*v.side),
		v.x + float64((x+w/2)*v.side), v.y + float64((y+h/2)*v.side),
	}
}

// candidate is a rectangle that may be a face which looks upright after the
// picture has been turned clockwise by so many quarters.
type candidate struct {
	box
	turn  int
	score float64
}

// distinct sorts candidates by their score, the surest first, and drops those
// that overlap a surer one by more than the share given.
func distinct(all []candidate, share float64) []candidate {
	slices.SortStableFunc(all, bySurety)
	kept := all[:0]
	for _, c := range all {
		if !slices.ContainsFunc(kept, func(k candidate) bool { return k.overlap(c.box) > share }) {
			kept = append(kept, c)
		}
	}
	return kept
}

// merged sorts candidates by their score, the surest first, and joins those that
// are about the same face. A sure one stays as it is. Another one grows to hold
// those that it replaces: a part of a face is seen now here, now there, and a
// person makes a box smaller more readily than larger.
func merged(all []candidate) []candidate {
	slices.SortStableFunc(all, bySurety)
	var kept []candidate
	var first []box // of those kept, before they grew
	for _, c := range all {
		i := slices.IndexFunc(first, func(b box) bool { return b.overlap(c.box) > same })
		switch {
		case i < 0:
			kept, first = append(kept, c), append(first, c.box)
		case kept[i].score < autoScore:
			kept[i].box = kept[i].union(c.box)
		}
	}
	return kept
}

// bySurety orders the surest first.
func bySurety(a, b candidate) int { return cmp.Compare(b.score, a.score) }

func floor(v float64) int { return int(math.Floor(v)) }
