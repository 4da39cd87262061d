package align

import (
	"cmp"
	"math"
	"slices"

	"fovea/darkroom/plane"
)

// How the surroundings of a detail are told (Lowe 2004): 4 × 4 squares of eight
// directions each.
const (
	squares    = 4
	directions = 8
	words      = squares * squares * directions
	squareSize = 3.0  // times the blur
	most       = 1600 // details of a picture
	cells      = 8    // along the longer side: each keeps its share of the strongest
	bins       = 36   // of directions, for which way up a detail is
)

// detail is a spot and what it looks like.
type detail struct {
	spot
	look [words]float32 // of length one
}

// details are what can be told apart in a picture, spread over it.
func details(p *plane.Plane, enlarged float64) []detail {
	all := octaves(p, enlarged)
	var spots []found
	for i := range all {
		spots = append(spots, all[i].extremes(i)...)
	}
	spots = spread(spots, p)
	slopes := make(map[[2]int]*slopes)
	var out []detail
	for _, f := range spots {
		key := [2]int{f.octave, f.layer}
		if slopes[key] == nil {
			slopes[key] = slopesOf(all[f.octave].smooth[f.layer])
		}
		s := slopes[key]
		for _, angle := range s.angles(f) {
			d := detail{spot: f.spot}
			d.angle = angle
			if s.tell(f, angle, &d.look) {
				out = append(out, d)
			}
		}
	}
	return out
}

// spread keeps the strongest spots of every part of a picture: a wound or a
// ruler must not take all the room.
func spread(all []found, p *plane.Plane) []found {
	side := float64(max(p.W, p.H))/cells + 1e-9
	across, down := int(float64(p.W)/side)+1, int(float64(p.H)/side)+1
	each := max(1, most/(across*down))
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(b.strength, a.strength) })
	count := make([]int, across*down)
	var first, rest []found
	for _, f := range all {
		c := int(f.y/side)*across + int(f.x/side)
		if count[c]++; count[c] <= each {
			first = append(first, f)
		} else {
			rest = append(rest, f)
		}
	}
	return append(first, rest[:min(len(rest), max(0, most-len(first)))]...)
}

// slopes is how steep a smooth picture is at every pixel, and which way, in
// radians from 0 to 2π.
type slopes struct {
	w, h          int
	steep, toward []float32
}

func slopesOf(p *plane.Plane) *slopes {
	s := &slopes{p.W, p.H, make([]float32, len(p.Pix)), make([]float32, len(p.Pix))}
	for y := 1; y < p.H-1; y++ {
		for x := 1; x < p.W-1; x++ {
			i := y*p.W + x
			dx, dy := p.Pix[i+1]-p.Pix[i-1], p.Pix[i+p.W]-p.Pix[i-p.W]
			s.steep[i] = float32(math.Sqrt(float64(dx*dx + dy*dy)))
			s.toward[i] = bearing(dx, dy)
		}
	}
	return s
}

// bearing is the angle of a vector from 0 to 2π, to a thousandth of a radian
// (the polynomial of Abramowitz and Stegun 4.4.49, shortened).
func bearing(dx, dy float32) float32 {
	ax, ay := max(dx, -dx), max(dy, -dy)
	low, high := min(ax, ay), max(ax, ay)
	if high == 0 {
		return 0
	}
	t := low / high
	t2 := t * t
	a := t * (0.99997726 + t2*(-0.33262347+t2*(0.19354346+t2*(-0.11643287+t2*(0.05265332-t2*0.01172120)))))
	if ay > ax {
		a = math.Pi/2 - a
	}
	if dx < 0 {
		a = math.Pi - a
	}
	if dy < 0 {
		a = 2*math.Pi - a
	}
	return a
}

// angles are the ways in which most of the surroundings slope: one, or two that
// are nearly as good.
func (s *slopes) angles(f found) []float64 {
	var histogram [bins]float64
	sigma := 1.5 * f.blur
	r := int(math.Round(3 * sigma))
	cx, cy := int(math.Round(f.col)), int(math.Round(f.row))
	for y := max(1, cy-r); y <= min(s.h-2, cy+r); y++ {
		for x := max(1, cx-r); x <= min(s.w-2, cx+r); x++ {
			dx, dy := float64(x)-f.col, float64(y)-f.row
			i := y*s.w + x
			at := int(s.toward[i]*(bins/(2*math.Pi))+0.5) % bins
			histogram[at] += float64(s.steep[i]) * math.Exp(-(dx*dx+dy*dy)/(2*sigma*sigma))
		}
	}
	for range 2 {
		smooth := histogram
		for i := range histogram {
			histogram[i] = (smooth[(i+bins-1)%bins] + 2*smooth[i] + smooth[(i+1)%bins]) / 4
		}
	}
	return peaks(&histogram)
}

// peaks are the two highest of a histogram, if they are nearly the same.
func peaks(histogram *[bins]float64) []float64 {
	type peak struct{ height, angle float64 }
	var all []peak
	for i, v := range histogram {
		l, r := histogram[(i+bins-1)%bins], histogram[(i+1)%bins]
		if v > l && v >= r {
			at := float64(i) + (l-r)/(2*(l-2*v+r))
			all = append(all, peak{v, math.Mod(at+bins, bins) * (2 * math.Pi / bins)})
		}
	}
	slices.SortStableFunc(all, func(a, b peak) int { return cmp.Compare(b.height, a.height) })
	var out []float64
	for _, p := range all[:min(2, len(all))] {
		if p.height >= 0.8*all[0].height {
			out = append(out, p.angle)
		}
	}
	return out
}

// tell describes the surroundings of a spot that is turned by an angle. It says
// false where there is nothing to tell.
func (s *slopes) tell(f found, angle float64, look *[words]float32) bool {
	size := squareSize * f.blur
	r := int(math.Round(size * math.Sqrt2 * (squares + 1) / 2))
	r = min(r, max(s.w, s.h))
	cos, sin := math.Cos(angle)/size, math.Sin(angle)/size
	cx, cy := int(math.Round(f.col)), int(math.Round(f.row))
	var grid [squares + 2][squares + 2][directions + 1]float32
	for y := max(1, cy-r); y <= min(s.h-2, cy+r); y++ {
		dy := float64(y) - f.row
		for x := max(1, cx-r); x <= min(s.w-2, cx+r); x++ {
			dx := float64(x) - f.col
			u, v := cos*dx+sin*dy, cos*dy-sin*dx
			col, row := u+squares/2+0.5, v+squares/2+0.5 // in squares, with one of room around
			if col <= 0 || row <= 0 || col >= squares+1 || row >= squares+1 {
				continue
			}
			i := y*s.w + x
			if s.steep[i] == 0 {
				continue
			}
			to := (float64(s.toward[i]) - angle) * (directions / (2 * math.Pi))
			if to < 0 {
				to += directions
			}
			weight := float64(s.steep[i]) * falling(u*u+v*v)
			share(&grid, [3]float64{row, col, to}, float32(weight))
		}
	}
	return gather(&grid, look)
}

// falling is how little a place counts with the square of its distance from the
// middle, in squares: near enough to a Gaussian as wide as half the grid.
func falling(d2 float64) float64 {
	t := 1 - d2/20
	if t <= 0 {
		return 0
	}
	return t * t
}

// share gives a slope to the eight nearest of the squares and directions.
func share(grid *[squares + 2][squares + 2][directions + 1]float32, at [3]float64, weight float32) {
	row, col, to := int(at[0]), int(at[1]), int(at[2])
	fr, fc, ft := float32(at[0]-float64(row)), float32(at[1]-float64(col)), float32(at[2]-float64(to))
	if to >= directions {
		to -= directions
	}
	b := weight * fr
	a := weight - b
	for i, w := range [2]float32{a, b} {
		right := w * fc
		left := w - right
		g := &grid[row+i][col]
		g[to] += left * (1 - ft)
		g[to+1] += left * ft
		g = &grid[row+i][col+1]
		g[to] += right * (1 - ft)
		g[to+1] += right * ft
	}
}

// gather makes of a grid a vector of length one. What is steepest is held back,
// so that a glare does not drown the rest, and roots are taken (Arandjelović and
// Zisserman 2012).
func gather(grid *[squares + 2][squares + 2][directions + 1]float32, look *[words]float32) bool {
	at := 0
	var square float32
	for row := 1; row <= squares; row++ {
		for col := 1; col <= squares; col++ {
			g := &grid[row][col]
			g[0] += g[directions]
			for _, v := range g[:directions] {
				look[at] = v
				square += v * v
				at++
			}
		}
	}
	if square < 1e-6 {
		return false
	}
	limit := 0.2 * float32(math.Sqrt(float64(square)))
	var sum float32
	for i, v := range look {
		look[i] = min(v, limit)
		sum += look[i]
	}
	for i, v := range look {
		look[i] = float32(math.Sqrt(float64(v / sum)))
	}
	return true
}
