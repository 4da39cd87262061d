package align

import (
	"image"
	"math"

	"fovea/clinical"
)

// What is asked of places that a person points at.
const (
	fewestPoints = 3
	mostPoints   = 8
	pointing     = 0.008 // how closely a person points, both times together, in half sides
	handError    = 0.1   // the largest, in half sides: 5 % of the longer side
	leastArea    = 0.02  // twice that of three points that do not lie in a line, in half sides squared
)

// Pair is a place that a person says is the same in both pictures.
type Pair struct{ Before, After Place }

// ByHand lays a picture over an earlier one by three to eight places that are
// the same in both; before and after are the pictures' sizes in pixels. Three
// make a map without perspective, four or more one with. The error that is stated
// supposes that a person points to within 0.4 % of the longer side. Places that
// lie in a line, outside, or so that the picture would be mirrored are refused.
func ByHand(before, after image.Point, points []Pair) Result {
	r := Result{Matches: len(points), Agreeing: len(points)}
	b, a := halfOf(float64(before.X), float64(before.Y)), halfOf(float64(after.X), float64(after.Y))
	pairs, ok := pointedAt(b, a, points)
	if !ok {
		r.Reason = ReasonPoints
		return r
	}
	if r.Reason = sameWay(pairs); r.Reason != "" {
		return r
	}
	free := flat
	if len(pairs) > fewestPoints {
		free = slanted
	}
	h, ok := fitted(pairs, free)
	if !ok {
		r.Reason = ReasonPoints
		return r
	}
	h = h.polished(pairs, free, 1)
	r.Matrix = b.from().After(h).After(a.from().Inverse())
	o := seen(h, a, b)
	outline, held := o.covered(pairs)
	r.Overlap, r.Spread, r.Residual = o.share, float64(len(held))/float64(max(1, len(o.places))), b.unit*rms(pairs, h)
	r.Region = placed(b.from(), outline)
	normal, _ := h.equations(pairs, free, 1e3)
	left, ok := inverted(normal)
	if !ok {
		r.Reason = ReasonPoints
		return r
	}
	known := max(pointing, rms(pairs, h))
	var doubts []float64
	for _, at := range held {
		doubts = append(doubts, 2*known*h.doubtAt(left, at))
	}
	r.Error = b.unit * quantile(doubts, 19, 20)
	switch {
	case !o.plausible:
		r.Reason = ReasonImplausible
	case !(r.Error <= handError*b.unit):
		r.Reason = ReasonPoints
	}
	return r
}

// pointedAt are pairs in half sides, unless they are too few, too many or outside.
func pointedAt(before, after half, points []Pair) ([]pair, bool) {
	if len(points) < fewestPoints || len(points) > mostPoints || !(before.unit > 0) || !(after.unit > 0) {
		return nil, false
	}
	in := func(p Place, a half) bool { return p.X >= 0 && p.Y >= 0 && p.X <= 2*a.x && p.Y <= 2*a.y }
	var out []pair
	for _, p := range points {
		if !in(p.Before, before) || !in(p.After, after) { // also no number at all
			return nil, false
		}
		out = append(out, pair{
			Place{(p.After.X - after.x) / after.unit, (p.After.Y - after.y) / after.unit},
			Place{(p.Before.X - before.x) / before.unit, (p.Before.Y - before.y) / before.unit},
		})
	}
	return out, true
}

// sameWay asks that places follow one another in the same sense in both
// pictures, and that three of them span an area.
func sameWay(pairs []pair) clinical.Reason {
	same, mirrored := 0, 0
	for i := range pairs {
		for j := i + 1; j < len(pairs); j++ {
			for k := j + 1; k < len(pairs); k++ {
				before := area(pairs[i].to, pairs[j].to, pairs[k].to)
				after := area(pairs[i].from, pairs[j].from, pairs[k].from)
				switch {
				case math.Abs(before) < leastArea || math.Abs(after) < leastArea:
				case before*after > 0:
					same++
				default:
					mirrored++
				}
			}
		}
	}
	switch {
	case same > 0 && mirrored == 0:
		return ""
	case mirrored > 0 && same == 0:
		return ReasonMirrored
	default:
		return ReasonPoints
	}
}
