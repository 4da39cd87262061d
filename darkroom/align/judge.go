package align

import (
	"cmp"
	"math"
	"slices"

	"fovea/darkroom/plane"
)

// What is asked of an alignment. Lengths are in half sides of the earlier
// picture, half its longer one.
const (
	fewestMatches  = 12
	fewestAgreeing = 12
	tolerance      = 0.03 // 1.5 % of the longer side
	leastSpread    = 0.12 // of what both show
	leastOverlap   = 0.15 // of the smaller picture
	largestScale   = 5.0  // times as large, or as small
	largestSlant   = 2.6  // one way against the other: a tilt of 67°
	largestChange  = 3.0  // of the size, from one end to the other
	blocks         = 6    // along the longer side, in which misses are taken for one
	neighbours     = 9    // details that tell of a place
	samples        = 14   // of a picture's width and height, for shares of its area
)

// judge makes the map, and says whether it may be used.
func (t *board) judge(before, after *sheet) Result {
	r := Result{Matches: len(t.pairs)}
	if r.Matches < fewestMatches {
		r.Reason = ReasonFew
		return r
	}
	h, ok := t.agreed()
	if !ok {
		r.Reason = ReasonFew
		return r
	}
	f := t.settled(h)
	if len(f.agreeing) < fewestAgreeing {
		r.Reason = ReasonFew
		return r
	}
	unit := t.to.unit * max(before.w/float64(before.plane.W), before.h/float64(before.plane.H))
	r.Agreeing, r.Residual = len(f.agreeing), unit*f.residual()
	r.Matrix = before.own().After(f.onto).After(after.own().Inverse())
	o := t.overlap(f.onto)
	r.Overlap, r.Spread = o.share, o.covered(f.agreeing)
	r.Error = unit * f.error(o.places)
	votes := confirm(before.plane, after.plane, before.half().from().After(f.onto).After(after.half().from().Inverse()))
	r.Parts, r.Alike, r.Elsewhere = votes.parts, votes.alike, votes.elsewhere
	switch {
	case !o.plausible:
		r.Reason = ReasonImplausible
	case r.Spread < leastSpread:
		r.Reason = ReasonNarrow
	case !votes.confirmed():
		r.Reason = ReasonUnconfirmed
	case !(r.Error <= tolerance*unit):
		r.Reason = ReasonInexact
	}
	return r
}

// fit is a map and what it was made from.
type fit struct {
	onto     Homography
	free     int
	pairs    []pair // details near where the map puts them
	agreeing []pair
	reach    float64 // by how much they miss at most
}

// settled fits a map to the details that are found by it, a few times over. A
// body that is not quite as it was is let in: what agrees may miss by thrice what
// half of them do.
func (t *board) settled(h Homography) fit {
	f := fit{onto: h, free: flat, reach: near}
	for range 4 {
		f.pairs = t.again(f.onto)
		f.agreeing = within(f.pairs, f.onto, f.reach)
		if len(f.agreeing) < fewestAgreeing {
			break
		}
		f.refit()
		f.reach = min(3*near, max(near/2, 4*quantile(f.misses(f.onto, f.pairs), 1, 2)))
	}
	return f
}

// refit finds the map of what agrees. Perspective is left out where maps with it
// foretell no better what they were not made from: it bends far away what it
// straightens here.
func (f *fit) refit() {
	flatMap, ok := fitted(f.agreeing, flat)
	if !ok {
		return
	}
	flatMap = flatMap.polished(f.agreeing, flat, f.reach)
	f.onto, f.free = flatMap, flat
	if typical(f.foretold(flatMap, flat, f.agreeing)) > typical(f.foretold(flatMap, slanted, f.agreeing)) {
		f.onto, f.free = flatMap.polished(f.agreeing, slanted, f.reach), slanted
	}
	f.agreeing = within(f.pairs, f.onto, f.reach)
}

// block is the part of the earlier picture in which a pair lies.
func block(p pair) [2]int {
	return [2]int{int(math.Floor(p.to.X * blocks / 2)), int(math.Floor(p.to.Y * blocks / 2))}
}

// missed is a detail and by how much it was missed.
type missed struct {
	pair
	by float64
}

// foretold is by how much the details of every fourth block miss, by a map that
// was made from what agrees in the others.
func (f *fit) foretold(h Homography, free int, of []pair) (out []missed) {
	for fold := range 4 {
		there := func(p pair) bool { b := block(p); return (b[0]+2*b[1])&3 == fold }
		var known []pair
		for _, p := range f.agreeing {
			if !there(p) {
				known = append(known, p)
			}
		}
		if len(known) < free {
			continue
		}
		other := h.polished(known, free, f.reach)
		for _, p := range of {
			if there(p) {
				out = append(out, missed{p, other.miss(p)})
			}
		}
	}
	return out
}

// typical is what three of four misses are at most.
func typical(all []missed) float64 {
	out := make([]float64, len(all))
	for i, m := range all {
		out[i] = m.by
	}
	return quantile(out, 3, 4)
}

func (f *fit) misses(h Homography, of []pair) []float64 {
	out := make([]float64, len(of))
	for i, p := range of {
		out[i] = h.miss(p)
	}
	return out
}

func within(pairs []pair, h Homography, reach float64) (out []pair) {
	for _, p := range pairs {
		if h.miss(p) < reach {
			out = append(out, p)
		}
	}
	return out
}

func rms(pairs []pair, h Homography) float64 {
	var sum float64
	for _, p := range pairs {
		sum += h.miss(p) * h.miss(p)
	}
	return math.Sqrt(sum/float64(len(pairs))) + 1e-9
}

func (f *fit) residual() float64 { return rms(f.agreeing, f.onto) }

// error is within what distance 19 of 20 of the places come to lie: by how much
// the details around a place miss, agreeing or not, by maps that were not made
// from them, and what the details leave uncertain there. Misses side by
// side are taken for one, so that a body that is bent is not taken for many
// details read with care.
func (f *fit) error(places []Place) float64 {
	left, ok := f.onto.doubt(f.agreeing, f.free, f.reach)
	if !ok {
		return math.Inf(1)
	}
	known := f.foretold(f.onto, f.free, f.pairs)
	out := make([]float64, len(places))
	for i, at := range places {
		out[i] = math.Hypot(around(known, at), 2.5*f.onto.doubtAt(left, at))
	}
	return quantile(out, 19, 20)
}

// around is by how much most of the details nearest to a place miss.
func around(known []missed, at Place) float64 {
	slices.SortFunc(known, func(a, b missed) int {
		return cmp.Compare(math.Hypot(a.from.X-at.X, a.from.Y-at.Y), math.Hypot(b.from.X-at.X, b.from.Y-at.Y))
	})
	var near []float64
	for _, m := range known[:min(len(known), neighbours)] {
		near = append(near, m.by)
	}
	return quantile(near, 2, 3)
}

// quantile is what so many of so many are at most; infinite for none.
func quantile(all []float64, of, many int) float64 {
	if len(all) == 0 {
		return math.Inf(1)
	}
	slices.Sort(all)
	return all[min(len(all)-1, len(all)*of/many)]
}

// overlap is what both pictures show.
type overlap struct {
	places    []Place // of the later picture, in half sides
	to        []Place // where they lie in the earlier
	share     float64 // of the smaller picture
	plausible bool
}

// overlap looks at a grid of places over the later picture, and at how the map
// grows, slants and turns them.
func (t *board) overlap(h Homography) overlap {
	return seen(h, t.from, t.to)
}

func seen(h Homography, from, to half) overlap {
	var o overlap
	low, high, slant := math.Inf(1), 0.0, 0.0
	var shown float64 // of the earlier picture, in half sides squared
	cell := 4 * from.x * from.y / (from.unit * from.unit) / (samples * samples)
	for i := range samples * samples {
		at := Place{
			(2*(float64(i%samples)+.5)/samples - 1) * from.x / from.unit, (2*(float64(i/samples)+.5)/samples - 1) * from.y / from.unit,
		}
		p, ok := h.Apply(at)
		if !ok || math.Abs(p.X) > to.x/to.unit || math.Abs(p.Y) > to.y/to.unit {
			continue
		}
		a, b, c, d := h.slope(at)
		det := a*d - b*c
		if det <= 0 {
			return o
		}
		long, short := stretches(a, b, c, d)
		o.places, o.to = append(o.places, at), append(o.to, p)
		shown += cell * det
		low, high, slant = min(low, math.Sqrt(det)), max(high, math.Sqrt(det)), max(slant, long/short)
	}
	n := float64(len(o.places)) / (samples * samples)
	o.share = min(1, max(n, shown/(4*to.x*to.y/(to.unit*to.unit))))
	o.plausible = len(o.places) >= 4 && o.share >= leastOverlap && high <= largestScale && low >= 1/largestScale &&
		slant <= largestSlant && high <= largestChange*low && clockwise(h, from)
	return o
}

// stretches are the most and the least by which a step becomes longer.
func stretches(a, b, c, d float64) (long, short float64) {
	p, q := math.Hypot(a+d, c-b), math.Hypot(a-d, b+c)
	return (p + q) / 2, max((p-q)/2, 1e-9)
}

// clockwise tells whether all of a picture is seen, from its front: no corner is
// behind the horizon, and none has changed places with another.
func clockwise(h Homography, a half) bool {
	x, y := a.x/a.unit, a.y/a.unit
	var at [4]Place
	for i, c := range [4]Place{{-x, -y}, {x, -y}, {x, y}, {-x, y}} {
		var ok bool
		if at[i], ok = h.Apply(c); !ok {
			return false
		}
	}
	for i := range at {
		if area(at[i], at[(i+1)%4], at[(i+2)%4]) <= 0 {
			return false
		}
	}
	return true
}

// covered is the share of the overlap that lies between agreeing details.
func (o overlap) covered(agreeing []pair) float64 {
	var from []Place
	for _, p := range agreeing {
		from = append(from, p.from)
	}
	outline := hull(from)
	n := 0
	for _, at := range o.places {
		if inside(outline, at) {
			n++
		}
	}
	return float64(n) / float64(max(1, len(o.places)))
}

// hull is the outline of places (Andrew 1979).
func hull(all []Place) []Place {
	slices.SortFunc(all, func(a, b Place) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y)) })
	var out []Place
	for pass := range 2 {
		start := len(out)
		for i := range all {
			p := all[i]
			if pass == 1 {
				p = all[len(all)-1-i]
			}
			for len(out)-start >= 2 && area(out[len(out)-2], out[len(out)-1], p) <= 0 {
				out = out[:len(out)-1]
			}
			out = append(out, p)
		}
		out = out[:len(out)-1]
	}
	return out
}

func inside(outline []Place, at Place) bool {
	for i, p := range outline {
		if area(p, outline[(i+1)%len(outline)], at) < 0 {
			return false
		}
	}
	return len(outline) >= 3
}

// The comparison of pixels.
const (
	compareSide = 320  // the longer side of what is compared, in pixels
	part        = 32   // of it, in pixels
	beside      = 7    // pixels from one place to the next that it could be instead
	alikeFrom   = 0.25 // correlation from which pixels are alike
	clearly     = 0.08 // by how much more
)

// votes are what the parts of the overlap say.
type votes struct{ parts, alike, elsewhere int }

// confirmed asks that more parts are alike where they are laid than chance, or a
// ruler in one of them, would bring, and that few say otherwise.
func (v votes) confirmed() bool {
	return v.alike >= 4 && 8*v.alike >= v.parts && v.alike >= 2*v.elsewhere
}

// confirm compares the detail of two pictures, part by part, where a map lays
// them and beside it. The map is between their pixels.
func confirm(before, after *plane.Plane, h Homography) votes {
	small := func(p *plane.Plane) (*plane.Plane, Homography) {
		by := compareSide / float64(max(p.W, p.H))
		s := p.Resized(max(1, int(math.Round(float64(p.W)*by))), max(1, int(math.Round(float64(p.H)*by))))
		return s.Detail(), Homography{float64(s.W) / float64(p.W), 0, 0, 0, float64(s.H) / float64(p.H), 0, 0, 0, 1}
	}
	b, shrunkBefore := small(before)
	a, shrunkAfter := small(after)
	back := shrunkBefore.After(h).After(shrunkAfter.Inverse()).Inverse()
	laid, known := plane.New(b.W, b.H), make([]bool, b.W*b.H)
	for y := range b.H {
		for x := range b.W {
			at, ok := back.Apply(Place{float64(x) + .5, float64(y) + .5})
			if at.X, at.Y = at.X-.5, at.Y-.5; ok && a.Holds(at.X, at.Y) {
				laid.Pix[y*b.W+x], known[y*b.W+x] = a.At(at.X, at.Y), true
			}
		}
	}
	var v votes
	const room = 2 * beside
	for y := room; y+part+room <= b.H; y += part {
		for x := room; x+part+room <= b.W; x += part {
			v.ask(b, laid, known, [2]int{x, y})
		}
	}
	return v
}

// ask lets one part vote.
func (v *votes) ask(b, laid *plane.Plane, known []bool, corner [2]int) {
	for y := range part {
		for x := range part {
			if !known[(corner[1]+y)*b.W+corner[0]+x] {
				return
			}
		}
	}
	v.parts++
	here, there := -1.0, -1.0
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			if dx != 0 || dy != 0 {
				there = max(there, correlation(b, laid, corner, [2]int{dx * beside, dy * beside}))
			}
			here = max(here, correlation(b, laid, corner, [2]int{dx, dy}))
		}
	}
	switch {
	case here >= alikeFrom && here > there+clearly:
		v.alike++
	case there >= alikeFrom && there > here+clearly:
		v.elsewhere++
	}
}

// correlation is that of a part of what was laid over a picture with what is
// there, or so many pixels beside it.
func correlation(b, laid *plane.Plane, corner, step [2]int) float64 {
	var bb, ll, bl float64
	for y := range part {
		at := laid.Row(corner[1] + y)[corner[0]:][:part]
		row := b.Row(corner[1] + y + step[1])[corner[0]+step[0]:][:part]
		for x, l := range at {
			v := row[x]
			bb, ll, bl = bb+float64(v*v), ll+float64(l*l), bl+float64(v*l)
		}
	}
	return bl / math.Sqrt(bb*ll+1)
}
