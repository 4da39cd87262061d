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
	tolerance      = 0.03  // 1.5 % of the longer side
	leastSpread    = 0.12  // of what both show
	leastOverlap   = 0.4   // of the smaller picture
	largestScale   = 5.0   // times as large, or as small
	largestSlant   = 2.6   // one way against the other: a tilt of 67°
	largestChange  = 3.0   // of the size, from one end to the other
	aside          = 0.1   // from the region to the middle of what both show
	blocks         = 6     // along the longer side, in which misses are taken for one
	neighbours     = 9     // details that tell of a place
	reach          = 0.03  // a detail that misses by more counts little
	least          = 0.001 // what is stated at least: half a pixel in a thousand
	samples        = 14    // of a picture's width and height, for shares of its area
)

// judge makes the map, and says whether it may be used. Where more than one map
// has details for it, the first is taken that may: behind a foot is a floor, and
// it has moved otherwise.
func (b *board) judge(before, after *sheet) Result {
	first := Result{Matches: len(b.pairs), Reason: ReasonFew}
	if len(b.pairs) < fewestMatches {
		return first
	}
	for i, h := range b.agreed() {
		r := b.judgeOne(before, after, h)
		if r.Accepted() {
			return r
		}
		if i == 0 {
			first = r
		}
	}
	return first
}

// judgeOne settles one map, and judges it.
func (b *board) judgeOne(before, after *sheet, h Homography) Result {
	r := Result{Matches: len(b.pairs)}
	f := b.settled(h)
	if len(f.agreeing) < fewestAgreeing {
		r.Reason = ReasonFew
		return r
	}
	unit := b.to.unit * max(before.w/float64(before.plane.W), before.h/float64(before.plane.H))
	r.Agreeing, r.Residual = len(f.agreeing), unit*rms(f.agreeing, f.onto)
	r.Matrix = before.own().After(f.onto).After(after.own().Inverse())
	o := seen(f.onto, b.from, b.to)
	outline, held := o.covered(f.agreeing)
	r.Overlap, r.Spread = o.share, float64(len(held))/float64(max(1, len(o.places)))
	r.Error = unit * f.error(held)
	r.Region = placed(before.own(), outline)
	c := comparison{onto: before.half().from().After(f.onto).After(after.half().from().Inverse()), measure: before.half(), region: outline}
	votes := c.confirm(before.plane, after.plane)
	r.Parts, r.Alike, r.Elsewhere = votes.parts, votes.alike, votes.elsewhere
	switch {
	case !o.plausible:
		r.Reason = ReasonImplausible
	case r.Spread < leastSpread:
		r.Reason = ReasonNarrow
	case !within(outline, o.middle(), aside):
		r.Reason = ReasonAside
	case !votes.confirmed():
		r.Reason = ReasonUnconfirmed
	case !(r.Error <= tolerance*unit):
		r.Reason = ReasonInexact
	}
	return r
}

// placed are places as a map puts them.
func placed(h Homography, all []Place) (out []Place) {
	for _, at := range all {
		p, _ := h.Apply(at)
		out = append(out, p)
	}
	return out
}

// fit is a map and what it was made from.
type fit struct {
	onto     Homography
	free     int
	agreeing []pair
}

// settled fits a map to the details that are found by it, a few times over.
func (b *board) settled(h Homography) fit {
	f := fit{onto: h, free: flat}
	for range 4 {
		f.agreeing = coherent(b.again(f.onto), f.onto)
		if len(f.agreeing) < fewestAgreeing {
			break
		}
		f.refit()
	}
	return f
}

// coherent keeps of what was matched near where a map puts it that which misses
// by as much, and in the same direction, as most of what lies around it. A body
// that is not quite as it was bends, and does not scatter.
func coherent(all []pair, h Homography) (out []pair) {
	misses := make([]Place, len(all))
	for i, p := range all {
		at, _ := h.Apply(p.from)
		misses[i] = Place{p.to.X - at.X, p.to.Y - at.Y}
	}
	for i, p := range all {
		same := 0
		closest, n := nearest(all, p.to, i)
		for _, k := range closest[:n] {
			if math.Hypot(misses[k].X-misses[i].X, misses[k].Y-misses[i].Y) < near {
				same++
			}
		}
		if 2*same > neighbours {
			out = append(out, p)
		}
	}
	return out
}

// nearest are the pairs nearest to a place of the earlier picture, but for one.
func nearest(all []pair, at Place, but int) (closest [neighbours]int, n int) {
	var far [neighbours]float64
	for k, p := range all {
		d := (p.to.X-at.X)*(p.to.X-at.X) + (p.to.Y-at.Y)*(p.to.Y-at.Y)
		if k == but || n == neighbours && d >= far[neighbours-1] {
			continue
		}
		n = min(n+1, neighbours)
		i := n - 1
		for ; i > 0 && far[i-1] > d; i-- {
			closest[i], far[i] = closest[i-1], far[i-1]
		}
		closest[i], far[i] = k, d
	}
	return closest, n
}

// refit finds the map of what agrees. Perspective is left out where maps with it
// foretell no better what they were not made from: it bends far away what it
// straightens here.
func (f *fit) refit() {
	flatMap, ok := fitted(f.agreeing, flat)
	if !ok {
		return
	}
	flatMap = flatMap.polished(f.agreeing, flat, reach)
	f.onto, f.free = flatMap, flat
	if typical(f.foretold(flatMap, flat)) > typical(f.foretold(flatMap, slanted)) {
		f.onto, f.free = flatMap.polished(f.agreeing, slanted, reach), slanted
	}
}

// block is the part of the earlier picture in which a pair lies.
func block(p pair) [2]int {
	return [2]int{int(math.Floor(p.to.X * blocks / 2)), int(math.Floor(p.to.Y * blocks / 2))}
}

// foretold is where details are that a map was not made from, from where it puts
// them: each block is foretold from three quarters of the others. What cannot be
// foretold is infinitely far.
func (f *fit) foretold(h Homography, free int) []Place {
	out := make([]Place, len(f.agreeing))
	for fold := range 4 {
		there := func(p pair) bool { b := block(p); return (b[0]+2*b[1])&3 == fold }
		var known []pair
		for _, p := range f.agreeing {
			if !there(p) {
				known = append(known, p)
			}
		}
		other := h
		if len(known) >= free {
			other = h.polished(known, free, reach)
		}
		for i, p := range f.agreeing {
			if !there(p) {
				continue
			}
			out[i] = Place{math.Inf(1), 0}
			if at, ok := other.Apply(p.from); ok && len(known) >= free {
				out[i] = Place{p.to.X - at.X, p.to.Y - at.Y}
			}
		}
	}
	return out
}

// typical is what three of four misses are at most.
func typical(misses []Place) float64 {
	out := make([]float64, len(misses))
	for i, m := range misses {
		out[i] = math.Hypot(m.X, m.Y)
	}
	return quantile(out, 3, 4)
}

func rms(pairs []pair, h Homography) float64 {
	var sum float64
	for _, p := range pairs {
		sum += h.miss(p) * h.miss(p)
	}
	return math.Sqrt(sum/float64(len(pairs))) + 1e-9
}

// error is within what distance 19 of 20 of places come to lie: by how much the
// details around each are missed together, by maps that were not made from them,
// and what the details leave uncertain there. Misses side by side are taken for
// one, so that a body that is bent is not taken for many details read with care.
func (f *fit) error(places []Place) float64 {
	left, ok := f.onto.doubt(f.agreeing, f.free, reach)
	if !ok {
		return math.Inf(1)
	}
	misses := f.foretold(f.onto, f.free)
	out := make([]float64, len(places))
	for i, at := range places {
		to, _ := f.onto.Apply(at)
		closest, n := nearest(f.agreeing, to, -1)
		var x, y []float64
		for _, k := range closest[:n] {
			x, y = append(x, misses[k].X), append(y, misses[k].Y)
		}
		local := math.Hypot(quantile(x, 1, 2), quantile(y, 1, 2))
		out[i] = math.Hypot(local, 2.5*f.onto.doubtAt(left, at)) + least
	}
	return quantile(out, 19, 20)
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

// middle is that of what both show, in the earlier picture: a photographer has
// what matters there.
func (o overlap) middle() (at Place) {
	for _, p := range o.to {
		at.X, at.Y = at.X+p.X/float64(len(o.to)), at.Y+p.Y/float64(len(o.to))
	}
	return at
}

// seen looks at a grid of places over the later picture, and at how a map grows,
// slants and turns them.
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
		s := h.slope(at)
		det := s[0]*s[3] - s[1]*s[2]
		if det <= 0 {
			return o
		}
		long, short := stretches(s)
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
func stretches(s [4]float64) (long, short float64) {
	p, q := math.Hypot(s[0]+s[3], s[2]-s[1]), math.Hypot(s[0]-s[3], s[1]+s[2])
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

// covered is the outline of agreeing details in the earlier picture, and the
// places of the later that lie in it.
func (o overlap) covered(agreeing []pair) (outline, held []Place) {
	var to []Place
	for _, p := range agreeing {
		to = append(to, p.to)
	}
	outline = hull(to)
	for i, at := range o.places {
		if inside(outline, o.to[i]) {
			held = append(held, at)
		}
	}
	return outline, held
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

// within tells whether a place lies in an outline, or no farther from it.
func within(outline []Place, at Place, far float64) bool {
	if inside(outline, at) {
		return true
	}
	for i, p := range outline {
		q := outline[(i+1)%len(outline)]
		dx, dy := q.X-p.X, q.Y-p.Y
		share := min(1, max(0, ((at.X-p.X)*dx+(at.Y-p.Y)*dy)/(dx*dx+dy*dy)))
		if math.Hypot(at.X-p.X-share*dx, at.Y-p.Y-share*dy) <= far {
			return true
		}
	}
	return false
}

// The comparison of pixels.
const (
	compareSide = 320  // the longer side of what is compared, in pixels
	part        = 32   // of it, in pixels
	beside      = 9    // pixels from one place to the next that it could be instead
	alikeFrom   = 0.25 // correlation from which pixels are alike
	clearly     = 0.08 // by how much more
)

// votes are what the parts of the overlap say.
type votes struct{ parts, alike, elsewhere int }

// confirmed asks that most parts are alike where they are laid, and that few say
// otherwise.
func (v votes) confirmed() bool {
	return v.alike >= 4 && 2*v.alike >= v.parts && v.alike >= 2*v.elsewhere
}

// comparison is how the pixels of two pictures are compared: by a map between
// them, within a region of the earlier.
type comparison struct {
	onto    Homography
	measure half    // of the earlier
	region  []Place // in its half sides
}

// confirm compares the detail of two pictures, part by part, where a map lays
// them and beside it.
func (c comparison) confirm(before, after *plane.Plane) votes {
	small := func(p *plane.Plane) (*plane.Plane, Homography) {
		by := compareSide / float64(max(p.W, p.H))
		s := p.Resized(max(1, int(math.Round(float64(p.W)*by))), max(1, int(math.Round(float64(p.H)*by))))
		return s.Detail(), Homography{float64(s.W) / float64(p.W), 0, 0, 0, float64(s.H) / float64(p.H), 0, 0, 0, 1}
	}
	b, shrunkBefore := small(before)
	a, shrunkAfter := small(after)
	back := shrunkBefore.After(c.onto).After(shrunkAfter.Inverse()).Inverse()
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
			middle, _ := c.measure.from().Inverse().After(shrunkBefore.Inverse()).Apply(Place{float64(x + part/2), float64(y + part/2)})
			if inside(c.region, middle) {
				v.ask(b, laid, known, [2]int{x, y})
			}
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
			here = max(here, correlation(b, laid, corner, [2]int{2 * dx, 2 * dy}))
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
