package gauge

import (
	"math"
	"slices"

	"fovea/darkroom/plane"
)

const (
	fine, coarse = 1.0, 2.0 // pixels: widths of the two looks at every edge
	// tileSide is the side of what is judged by itself, in pixels.
	tileSide = 128
	// fewestEdges is how many places of edges a tile needs to be judged.
	fewestEdges = 40
	// fewestTiles is how many tiles must be judged for the picture to be.
	fewestTiles = 3
	// sharpestShare of the judged tiles counts: in a picture in focus, most of what
	// lies before and behind the finding may be soft.
	sharpestShare = 0.1
	// weakest is the least slope that counts as an edge, in levels per pixel, and
	// overNoise how many times the slope of noise it has at least.
	weakest, overNoise = 1.5, 5
	// softest is the widest edge that is told from a shadow, in pixels.
	softest = 12.0
)

// directions is how many directions edges are sorted by: a camera that moved
// leaves those along its way sharp.
const directions = 4

// width is what one set of edges comes to.
type width struct {
	pixels float64
	told   bool // there were enough edges
}

// blur measures how wide the sharpest edges are: the standard deviation, in
// pixels, of the Gaussian that would make such edges of perfect ones; of all
// edges, and of those that lie in each direction.
//
// The slope of an edge of width s that is looked at through a Gaussian of width g
// falls as 1/√(s²+g²); its slopes through two of them give s whatever the
// contrast (Zhuo and Sim, Defocus map estimation from a single image, Pattern
// Recognition 44, 2011).
func blur(luma *plane.Plane) (all width, by [directions]width) {
	near := smoothed(luma, fine)
	far := smoothed(near, math.Sqrt(coarse*coarse-fine*fine))
	least := max(weakest, overNoise*noise(luma)/math.Sqrt(8*math.Pi)/(fine*fine))
	across, down := (luma.W+tileSide-1)/tileSide, (luma.H+tileSide-1)/tileSide
	var tiles [directions][][]float64
	for d := range tiles {
		tiles[d] = make([][]float64, across*down)
	}
	for y := 2; y < luma.H-2; y++ {
		for x := 2; x < luma.W-2; x++ {
			if steep(near, x, y) < float32(least*least) {
				continue
			}
			if w, d, ok := edge(near, far, x, y); ok {
				t := y/tileSide*across + x/tileSide
				tiles[d][t] = append(tiles[d][t], w)
			}
		}
	}
	for d := range tiles {
		by[d] = sharpest(tiles[d])
	}
	for d := 1; d < directions; d++ {
		for t := range tiles[0] {
			tiles[0][t] = append(tiles[0][t], tiles[d][t]...)
		}
	}
	return sharpest(tiles[0]), by
}

// sharpest is the width of the edges of the sharpest tiles.
func sharpest(tiles [][]float64) width {
	var widths []float64
	for _, t := range tiles {
		if len(t) >= fewestEdges {
			slices.Sort(t)
			widths = append(widths, t[len(t)/2])
		}
	}
	if len(widths) < fewestTiles {
		return width{}
	}
	slices.Sort(widths)
	return width{widths[int(sharpestShare*float64(len(widths)))], true}
}

// edge returns the width of the edge whose steepest place is at x, y, and the
// direction it lies in; false: there is none.
func edge(near, far *plane.Plane, x, y int) (float64, int, bool) {
	n := steep(near, x, y)
	gx, gy := slope(near, x, y)
	dx, dy, d := 1, 0, 0
	switch {
	case abs(gy) > 2.4142135*abs(gx):
		dx, dy, d = 0, 1, 1
	case abs(gx) > 2.4142135*abs(gy):
	case gx*gy > 0:
		dx, dy, d = 1, 1, 2
	default:
		dx, dy, d = 1, -1, 3
	}
	if steep(near, x-dx, y-dy) > n || steep(near, x+dx, y+dy) >= n {
		return 0, 0, false
	}
	ratio := float64(n) / float64(max(steep(far, x, y), 1e-6)) // of squares
	if ratio <= 1 {
		return softest, d, true
	}
	square := (coarse*coarse - ratio*fine*fine) / (ratio - 1)
	return min(math.Sqrt(max(square, 0)), softest), d, true
}

func abs(v float32) float32 { return max(v, -v) }

func slope(p *plane.Plane, x, y int) (gx, gy float32) {
	i := y*p.W + x
	return (p.Pix[i+1] - p.Pix[i-1]) / 2, (p.Pix[i+p.W] - p.Pix[i-p.W]) / 2
}

// steep is the square of the slope.
func steep(p *plane.Plane, x, y int) float32 {
	gx, gy := slope(p, x, y)
	return gx*gx + gy*gy
}

// noise estimates the standard deviation of the noise of one pixel, in levels,
// from the median of a mask that edges and shades leave alone (Immerkær, Fast
// noise variance estimation, 1996).
func noise(p *plane.Plane) float64 {
	var counts [4096]int
	n := 0
	for y := 1; y < p.H-1; y += 2 {
		up, at, low := p.Row(y-1), p.Row(y), p.Row(y+1)
		for x := 1; x < p.W-1; x += 2 {
			m := up[x-1] + up[x+1] + low[x-1] + low[x+1] - 2*(up[x]+at[x-1]+at[x+1]+low[x]) + 4*at[x]
			counts[min(int(abs(m)*2), len(counts)-1)]++
			n++
		}
	}
	seen := 0
	for i, c := range counts {
		if seen += c; 2*seen >= n {
			return (float64(i) + 0.5) / 2 / 6 / 0.6745
		}
	}
	return 0
}

// smoothed returns p behind a Gaussian; beyond an edge the edge goes on.
func smoothed(p *plane.Plane, sigma float64) *plane.Plane {
	kernel := gaussian(sigma)
	reach := len(kernel) - 1
	line, out := plane.New(p.W, p.H), plane.New(p.W, p.H)
	padded := make([]float32, p.W+2*reach)
	for y := range p.H {
		from, to := p.Row(y), line.Row(y)
		for i := range reach {
			padded[i], padded[len(padded)-1-i] = from[0], from[p.W-1]
		}
		copy(padded[reach:], from)
		for x := range to {
			to[x] = kernel[0] * padded[x+reach]
		}
		for k := 1; k <= reach; k++ {
			a, b, v := padded[reach-k:], padded[reach+k:], kernel[k]
			for x := range to {
				to[x] += v * (a[x] + b[x])
			}
		}
	}
	for y := range p.H {
		to := out.Row(y)
		for x, v := range line.Row(y) {
			to[x] = kernel[0] * v
		}
		for k := 1; k <= reach; k++ {
			a, b, v := line.Row(max(y-k, 0)), line.Row(min(y+k, p.H-1)), kernel[k]
			for x := range to {
				to[x] += v * (a[x] + b[x])
			}
		}
	}
	return out
}

// gaussian returns the middle and the right half of a kernel that sums to one.
func gaussian(sigma float64) []float32 {
	reach := int(math.Ceil(3 * sigma))
	out := make([]float32, reach+1)
	sum := 0.0
	for i := -reach; i <= reach; i++ {
		sum += math.Exp(-float64(i*i) / (2 * sigma * sigma))
	}
	for i := range out {
		out[i] = float32(math.Exp(-float64(i*i)/(2*sigma*sigma)) / sum)
	}
	return out
}
