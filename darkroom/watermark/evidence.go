package watermark

import (
	"math"

	"fovea/darkroom/plane"
)

// evidence is what a leak tells about the signs of a rendition's mark: for each
// block, how strongly each frequency stands out of the difference, and in which
// direction. No mark went into it, so that the signs of an innocent one are
// independent of it.
type evidence struct {
	at     []int            // the blocks with evidence, by number
	nibble [][2][16]float32 // for each of them, the sums by its lower and upper four signs
	norm   float64          // the root of the sum of squares
	blocks int              // of the rendition
}

// mostGrey bounds what a cell may say: differences of more are no mark. In DC
// units.
const mostGrey = 60

// doubt is the mean square of what JPEG does to a cell, in squared DC units: a
// block that differs by less says no more for it.
const doubt = 25

// gather compares the leak with the rendition, laid over it by onto.
func (p *plan) gather(original, leak *plane.Plane, onto affine) *evidence {
	by := min(1, math.Sqrt(math.Abs(onto[0]*onto[4]-onto[1]*onto[3])))
	pr := paired(original, leak, onto, by)
	local := pr.down.inverse().after(onto).after(pr.up.inverse())
	d := pr.difference(local)
	across, down := p.grid()
	all := make([]sight, across*down)
	for i := range p.cells {
		c := &p.cells[i]
		if c.limit == 0 || !carries(c.block, p.thin) {
			continue
		}
		x := int(c.block)%across*blockSize + int(c.place)%blockCells*cellSize
		y := int(c.block)/across*blockSize + int(c.place)/blockCells*cellSize
		if mean, ok := d.mean(x, y, pr.up); ok {
			all[c.block].add(c, min(max(cellSize*mean, -mostGrey), mostGrey), p.step[p.comps[0].quantiser])
		}
	}
	return weigh(all)
}

// sight is what was seen of one block: the difference of each cell, in DC units,
// and how deeply it was marked.
type sight struct {
	diff, depth [cells]float64
	cells       int
	power       float64
}

func (s *sight) add(c *cell, diff float64, step int) {
	s.diff[c.place], s.depth[c.place] = diff, float64(min(int(c.limit)*step, textureDepth))
	s.cells++
	s.power += diff * diff
}

// weigh projects what was seen on the frequencies. Cells that were marked more
// deeply say more, blocks that differ by more than a mark say less.
func weigh(all []sight) *evidence {
	waves := basis()
	e := &evidence{blocks: len(all)}
	var sum float64
	for b := range all {
		s := &all[b]
		if s.power == 0 || s.cells < cells/2 {
			continue
		}
		var says [frequencies]float32
		for k := range waves {
			var v float64
			for c, wave := range waves[k] {
				v += float64(wave) / (1 << 15) * s.diff[c] * s.depth[c]
			}
			v /= s.power/float64(s.cells) + doubt
			says[k] = float32(v)
			sum += v * v
		}
		e.add(b, &says)
	}
	e.norm = math.Sqrt(sum)
	return e
}

func (e *evidence) add(block int, says *[frequencies]float32) {
	var sums [2][16]float32
	for half := range sums {
		for signs := range sums[half] {
			for k := range 4 {
				if v := says[4*half+k]; signs>>k&1 == 1 {
					sums[half][signs] += v
				} else {
					sums[half][signs] -= v
				}
			}
		}
	}
	e.at = append(e.at, block)
	e.nibble = append(e.nibble, sums)
}

// score counts a mark's signs against the evidence: 0 on average and 1 in
// standard deviation for an innocent one.
func (e *evidence) score(signs []byte) float64 {
	if e.norm == 0 {
		return 0
	}
	var sum float64
	for i, block := range e.at {
		s, n := signs[block], &e.nibble[i]
		sum += float64(n[0][s&15] + n[1][s>>4])
	}
	return sum / e.norm
}

// sums holds, for each pixel, the sum of differences and the count of pixels
// above and left of it.
type sums struct {
	w, h        int
	total, seen []float64
}

// difference subtracts the rendition from the leak, after bending the
// rendition's tones to the leak's.
func (p pair) difference(onto affine) *sums {
	o, l := p.original, p.leak
	warped := plane.New(o.W, o.H)
	bend := new(tones)
	for y := range o.H {
		row := warped.Row(y)
		for x, v := range o.Row(y) {
			row[x] = -1
			if lx, ly := onto.apply(float64(x), float64(y)); l.Holds(lx, ly) {
				row[x] = l.At(lx, ly)
				bend.learn(v, row[x])
			}
		}
	}
	bend.settle()
	s := &sums{w: o.W, h: o.H, total: make([]float64, (o.W+1)*(o.H+1)), seen: make([]float64, (o.W+1)*(o.H+1))}
	for y := range o.H {
		var total, seen float64
		from := o.Row(y)
		above, here := y*(o.W+1), (y+1)*(o.W+1)
		for x, v := range warped.Row(y) {
			if v >= 0 {
				total += float64(v - bend.of(from[x]))
				seen++
			}
			s.total[here+x+1] = s.total[above+x+1] + total
			s.seen[here+x+1] = s.seen[above+x+1] + seen
		}
	}
	return s
}

// mean averages the differences over a cell whose corner is x, y in the
// rendition, up from which the sums were scaled. It is not ok where more than a
// tenth of the cell is outside of the leak.
func (s *sums) mean(x, y int, up affine) (mean float64, ok bool) {
	x0, y0 := up[0]*float64(x), up[4]*float64(y)
	x1, y1 := min(up[0]*float64(x+cellSize), float64(s.w)), min(up[4]*float64(y+cellSize), float64(s.h))
	n := s.over(s.seen, x0, y0, x1, y1)
	if area := (x1 - x0) * (y1 - y0); n < 0.9*area || area <= 0 {
		return 0, false
	}
	return s.over(s.total, x0, y0, x1, y1) / n, true
}

// over sums over a rectangle, parts of pixels by their share.
func (s *sums) over(of []float64, x0, y0, x1, y1 float64) float64 {
	return s.upto(of, x1, y1) - s.upto(of, x0, y1) - s.upto(of, x1, y0) + s.upto(of, x0, y0)
}

func (s *sums) upto(of []float64, x, y float64) float64 {
	ix, iy := min(int(x), s.w-1), min(int(y), s.h-1)
	fx, fy := x-float64(ix), y-float64(iy)
	i := iy*(s.w+1) + ix
	a := of[i] + (of[i+1]-of[i])*fx
	b := of[i+s.w+1] + (of[i+s.w+2]-of[i+s.w+1])*fx
	return a + (b-a)*fy
}

// tones maps the rendition's brightness to the leak's: the mean of the leak at
// each of 64 levels.
type tones struct {
	sum, n [toneLevels + 1]float64
}

const (
	toneLevels = 64
	toneEach   = 256 / toneLevels
	toneDoubt  = 100 // pixels that a level must have before it is believed more than its neighbours
)

func (t *tones) learn(from, to float32) {
	i := int(from/toneEach + 0.5)
	t.sum[i] += float64(to - from)
	t.n[i]++
}

// settle turns sums into means, smoothed over levels that few pixels have.
func (t *tones) settle() {
	var all, n float64
	for i := range t.n {
		all, n = all+t.sum[i], n+t.n[i]
	}
	before := all / max(1, n)
	var forward [toneLevels + 1]float64
	for i := range t.n {
		before = (t.sum[i] + before*toneDoubt) / (t.n[i] + toneDoubt)
		forward[i] = before
	}
	for i := toneLevels; i >= 0; i-- {
		before = (t.sum[i] + before*toneDoubt) / (t.n[i] + toneDoubt)
		t.sum[i] = (forward[i] + before) / 2
	}
}

// of is the leak's brightness where the rendition's is v.
func (t *tones) of(v float32) float32 {
	at := v / toneEach
	i := min(int(at), toneLevels-1)
	f := at - float32(i)
	return v + float32(t.sum[i])*(1-f) + float32(t.sum[i+1])*f
}
