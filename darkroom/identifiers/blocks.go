package identifiers

import (
	"cmp"
	"image"
	"slices"

	"fovea/clinical"
)

// The thresholds. How they were chosen, and what they find and miss, is in
// docs/identifiers.md.
const (
	wordScore   = .6  // the engine's confidence from which four characters are a word
	shortScore  = .9  // the same for three: nearly all that is read into skin and cloth is as short
	besideScore = .3  // the same for what stands beside a word
	dateScore   = .25 // the same for what has the shape of a date
	surely      = .85 // from which two words together are beyond doubt
	leastRow    = 3   // figures of a scale
)

// block is words that stand together.
type block struct {
	box      image.Rectangle
	score    float64 // of its surest word
	weight   float64 // characters, each as sure as its word
	sure     int     // words beyond doubt
	measures bool    // nothing in it but what stands on a ruler
	turn     int
}

// blocksOf joins the words of one look to blocks: around each word that stands
// for itself what stands beside it and is about as high. Figures of a ruler stand
// further apart and are too short to stand for themselves: three in a row do.
func blocksOf(words []word) []block {
	words = slices.DeleteFunc(slices.Clone(words), func(w word) bool { return !w.printed() || w.sure < besideScore && !w.stands() })
	var out []block
	for _, group := range groups(words, near) {
		if !slices.ContainsFunc(group, word.stands) {
			continue
		}
		out = append(out, blockOf(group))
	}
	figures := slices.DeleteFunc(words, func(w word) bool { return !w.measure || w.sure < wordScore })
	for _, group := range groups(figures, inRow) {
		b := blockOf(group)
		if len(group) >= leastRow && !slices.ContainsFunc(out, func(o block) bool { return share(o.box, b.box) > .5 }) {
			out = append(out, b)
		}
	}
	return out
}

// printed reports whether a word is shaped like one: characters are about half
// as wide as high. What is read into skin and cloth most often is not.
func (w word) printed() bool {
	n := w.letters + w.digits
	wide, high := float64(w.box.Dx()), float64(w.box.Dy())
	all := float64(n + w.others)
	return n > 0 && n >= w.others && high >= 5 && wide >= .2*high*all && wide <= 1.6*high*all
}

// stands reports whether a word is one, whatever stands beside it.
func (w word) stands() bool {
	switch n := w.letters + w.digits; {
	case w.date:
		return w.sure >= dateScore
	case n > 3:
		return w.sure >= wordScore
	default:
		return n == 3 && w.sure >= shortScore
	}
}

// near reports whether two words belong together: on one line, or on the next.
func near(a, b word) bool {
	high := min(a.box.Dy(), b.box.Dy())
	if max(a.box.Dy(), b.box.Dy()) > 3*high {
		return false
	}
	return a.box.Inset(-high).Overlaps(b.box)
}

// inRow reports whether two figures stand in one row of a scale.
func inRow(a, b word) bool {
	high := min(a.box.Dy(), b.box.Dy())
	if 2*max(a.box.Dy(), b.box.Dy()) > 3*high {
		return false
	}
	reach := image.Rect(a.box.Min.X-8*high, a.box.Min.Y, a.box.Max.X+8*high, a.box.Max.Y)
	return reach.Overlaps(b.box) && abs(a.box.Min.Y+a.box.Max.Y-b.box.Min.Y-b.box.Max.Y) < high
}

func abs(n int) int { return max(n, -n) }

// groups are the words that hang together.
func groups(words []word, together func(a, b word) bool) [][]word {
	left := slices.Clone(words)
	var out [][]word
	for len(left) > 0 {
		group := []word{left[0]}
		left = left[1:]
		for i := 0; i < len(group); i++ {
			left = slices.DeleteFunc(left, func(w word) bool {
				joins := together(group[i], w)
				if joins {
					group = append(group, w)
				}
				return joins
			})
		}
		out = append(out, group)
	}
	return out
}

func blockOf(group []word) block {
	b := block{measures: true}
	high := 0
	for _, w := range group {
		b.box = b.box.Union(w.box)
		b.score = max(b.score, w.sure)
		b.weight += w.sure * float64(w.letters+w.digits)
		b.measures = b.measures && w.measure
		high = max(high, w.box.Dy())
		if w.stands() && w.sure >= surely {
			b.sure++
		}
	}
	b.box = b.box.Inset(-high / 4) // the engine's boxes touch the ink
	return b
}

// distinct keeps of blocks that lie on one another, read at different turns, the
// one with most to it: print that stands on its head is read, too, and as
// something else.
func distinct(all []block) []Found {
	slices.SortStableFunc(all, func(a, b block) int { return cmp.Compare(b.weight, a.weight) })
	var out []Found
	for _, b := range all {
		if slices.ContainsFunc(out, func(f Found) bool { return share(f.Box, b.box) > .3 }) {
			continue
		}
		one := Found{Box: b.box, Kind: Text, Score: b.score, Level: clinical.ToConfirm, Turn: b.turn}
		switch {
		case b.measures:
			one.Kind = Scale
		case b.sure >= 2:
			one.Level = clinical.ToMask
		}
		out = append(out, one)
	}
	return out
}
