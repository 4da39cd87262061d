package align

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// How matches are made one map. Lengths are in half sides of the picture.
const (
	near      = 0.01 // a match agrees
	proposals = 8    // similarities that are looked into
	attempts  = 3    // maps that are judged
	draws     = 150  // of four matches from what supports a similarity
	fewest    = 6    // supporters that a similarity needs to be looked into
	guided    = 0.05 // how far from where the map puts it a detail is looked for
)

// half is a picture's measure: its middle and half its longer side.
type half struct{ x, y, unit float64 }

func halfOf(w, h float64) half { return half{w / 2, h / 2, max(w, h) / 2} }

// from makes pixels of a place in half sides.
func (a half) from() Homography { return Homography{a.unit, 0, a.x, 0, a.unit, a.y, 0, 0, 1} }

// place is where a spot lies, in half sides. A pixel's middle is half a pixel
// from its corner.
func (a half) place(s *spot) Place {
	return Place{(s.x + .5 - a.x) / a.unit, (s.y + .5 - a.y) / a.unit}
}

// board is what two pictures have in common, with their measures.
type board struct {
	from, to   half
	all        []match
	pairs      []pair // of all
	fromDetail []detail
	toDetail   []detail
}

func (b *board) pair(m match) pair { return pair{b.from.place(&m.from.spot), b.to.place(&m.to.spot)} }

// proposal is a similarity and the matches that support it.
type proposal struct {
	support []int
}

// supporters are the matches that agree with the one similarity that a match of
// two details with their sizes and angles is; more loosely the farther away.
func (b *board) supporters(seed int) []int {
	m := b.all[seed]
	grow, turn := m.to.size/m.from.size*b.from.unit/b.to.unit, m.to.angle-m.from.angle
	cos, sin := grow*math.Cos(turn), grow*math.Sin(turn)
	origin := b.pairs[seed]
	var out []int
	for i, p := range b.pairs {
		x, y := p.from.X-origin.from.X, p.from.Y-origin.from.Y
		dx := origin.to.X + cos*x - sin*y - p.to.X
		dy := origin.to.Y + sin*x + cos*y - p.to.Y
		o := b.all[i]
		if math.Hypot(dx, dy) < 0.02+0.2*grow*math.Hypot(x, y) && b.alike(o, grow, turn) {
			out = append(out, i)
		}
	}
	return out
}

// alike tells whether a match grows and turns by about as much.
func (b *board) alike(o match, grow, turn float64) bool {
	own := o.to.size / o.from.size * b.from.unit / b.to.unit
	angle := math.Abs(math.Remainder(o.to.angle-o.from.angle-turn, 2*math.Pi))
	return angle < 0.6 && own < 1.8*grow && grow < 1.8*own
}

// proposed are the similarities with the most support, each with matches of its
// own.
func (b *board) proposed() []proposal {
	all := make([]proposal, len(b.all))
	for i := range b.all {
		all[i] = proposal{b.supporters(i)}
	}
	slices.SortStableFunc(all, func(a, b proposal) int { return cmp.Compare(len(b.support), len(a.support)) })
	taken := make([]int, len(b.all))
	var out []proposal
	for _, p := range all {
		if len(p.support) < fewest || len(out) == proposals {
			break
		}
		known := 0
		for _, i := range p.support {
			known += min(1, taken[i])
		}
		if 3*known > 2*len(p.support) {
			continue
		}
		for _, i := range p.support {
			taken[i]++
		}
		out = append(out, p)
	}
	return out
}

// scored is a map and how well the matches agree with it.
type scored struct {
	Homography
	score float64
}

// agreed are maps with which many matches agree, the best first: for each
// similarity the best of what supports it.
func (b *board) agreed() (out []Homography) {
	r := rand.New(rand.NewPCG(0x616c69676e, 1)) //nolint:gosec // the same every time, on purpose
	var all []scored
	for _, p := range b.proposed() {
		if best := b.drawn(p, r); best.score > 0 {
			all = append(all, best)
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	for _, s := range all {
		if !slices.ContainsFunc(out, func(h Homography) bool { return b.alikeMaps(h, s.Homography) }) && len(out) < attempts {
			out = append(out, s.Homography)
		}
	}
	return out
}

// drawn is the best map of draws of four from what supports a similarity
// (Fischler and Bolles 1981), each improved by what agrees with it.
func (b *board) drawn(p proposal, r *rand.Rand) (best scored) {
	for range draws {
		var four [4]pair
		for i := range four {
			four[i] = b.pairs[p.support[r.IntN(len(p.support))]]
		}
		h, ok := drawnFrom(&four)
		if !ok {
			continue
		}
		if got := b.agreement(h); got > best.score {
			if closer := h.polished(b.agreeing(h, 2*near), flat, near); b.agreement(closer) > got {
				h, got = closer, b.agreement(closer)
			}
			best = scored{h, got}
		}
	}
	return best
}

// alikeMaps tells whether two maps agree about most of what agrees with one.
func (b *board) alikeMaps(one, other Homography) bool {
	both := b.agreeing(one, near)
	same := 0
	for _, p := range both {
		if other.miss(p) < 2*near {
			same++
		}
	}
	return 2*same >= len(both)
}

// drawnFrom is the map of four pairs, unless they lie so that it mirrors or that
// little follows from them.
func drawnFrom(four *[4]pair) (Homography, bool) {
	for i := range four {
		a, b, c := four[i], four[(i+1)%4], four[(i+2)%4]
		before, after := area(a.from, b.from, c.from), area(a.to, b.to, c.to)
		if math.Abs(before) < 1e-3 || math.Abs(after) < 1e-3 || before*after < 0 {
			return Homography{}, false
		}
	}
	return fitted(four[:], slanted)
}

// area is twice that of a triangle, negative where it is counted clockwise.
func area(a, b, c Place) float64 { return (b.X-a.X)*(c.Y-a.Y) - (c.X-a.X)*(b.Y-a.Y) }

// agreement is how many matches agree with a map, those that agree well counting
// more (Torr and Zisserman 2000).
func (b *board) agreement(h Homography) (sum float64) {
	for _, p := range b.pairs {
		if d := h.miss(p) / near; d < 1 {
			sum += 1 - d*d
		}
	}
	return sum
}

func (b *board) agreeing(h Homography, within float64) (out []pair) {
	for _, p := range b.pairs {
		if h.miss(p) < within {
			out = append(out, p)
		}
	}
	return out
}

// again matches once more, now that it is known where to look: every detail with
// the most alike near where the map puts it.
func (b *board) again(h Homography) []pair {
	grid := make(map[[2]int][]int)
	cell := func(p Place) [2]int { return [2]int{int(math.Floor(p.X / guided)), int(math.Floor(p.Y / guided))} }
	places := make([]Place, len(b.toDetail))
	for i := range b.toDetail {
		places[i] = b.to.place(&b.toDetail[i].spot)
		grid[cell(places[i])] = append(grid[cell(places[i])], i)
	}
	type claim struct {
		from  int
		alike float32
	}
	claims := make(map[int]claim)
	for i := range b.fromDetail {
		d := &b.fromDetail[i]
		at := b.from.place(&d.spot)
		to, ok := h.Apply(at)
		if !ok {
			continue
		}
		step := h.slope(at) // how one to the right goes: its first column
		grow, turn := math.Hypot(step[0], step[2]), math.Atan2(step[2], step[0])
		c, won := cell(to), rival{at: -1, best: -1, second: -1}
		for n := range 9 {
			for _, j := range grid[[2]int{c[0] + n%3 - 1, c[1] + n/3 - 1}] {
				other := &b.toDetail[j]
				if other.bright == d.bright && math.Hypot(places[j].X-to.X, places[j].Y-to.Y) < guided && b.alike(match{from: d, to: other}, grow, turn) {
					won.meet(cosine(&d.look, &other.look), j, b.toDetail)
				}
			}
		}
		if won.at >= 0 && won.clear() < ratio && won.best > claims[won.at].alike {
			claims[won.at] = claim{i, won.best}
		}
	}
	var out []pair
	for j := range b.toDetail { // in order: the same every time
		if c, ok := claims[j]; ok {
			out = append(out, pair{b.from.place(&b.fromDetail[c.from].spot), places[j]})
		}
	}
	return out
}
