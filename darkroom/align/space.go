package align

import (
	"math"

	"fovea/darkroom/plane"
)

// The scale space of Lowe 2004: how often a picture is smoothed between one size
// and half of it, and how smooth the first of them is.
const (
	steps      = 3    // per octave
	firstBlur  = 1.6  // in pixels
	ownBlur    = 0.5  // of a picture as it is, in its own pixels
	leastSide  = 24   // of the smallest octave, in pixels
	kernelWide = 3.0  // standard deviations on either side
	faintest   = 0.75 // difference of two smoothings, in levels, that can be a detail
	edgeRatio  = 10.0 // of the two curvatures, beyond which a place is an edge
	margin     = 6    // pixels along the sides in which nothing is looked for
)

// octave is a picture at one size, ever smoother, and the differences of those
// that follow one another.
type octave struct {
	smooth [steps + 3]*plane.Plane
	change [steps + 2]*plane.Plane
	grain  float64 // pixels of the picture per pixel here
}

// octaves smooths a picture that was enlarged by a factor, or not.
func octaves(p *plane.Plane, enlarged float64) []octave {
	own := ownBlur * max(1, enlarged)
	first := blurred(p, math.Sqrt(max(firstBlur*firstBlur-own*own, 0.01)))
	var out []octave
	for grain := 1.0; min(first.W, first.H) >= leastSide; grain *= 2 {
		o := octave{grain: grain}
		o.smooth[0] = first
		sigma := firstBlur
		for i := 1; i < len(o.smooth); i++ {
			next := firstBlur * math.Exp2(float64(i)/steps)
			o.smooth[i] = blurred(o.smooth[i-1], math.Sqrt(next*next-sigma*sigma))
			sigma = next
			o.change[i-1] = difference(o.smooth[i], o.smooth[i-1])
		}
		out = append(out, o)
		first = thinned(o.smooth[steps])
	}
	return out
}

func difference(a, b *plane.Plane) *plane.Plane {
	out := plane.New(a.W, a.H)
	for i, v := range a.Pix {
		out.Pix[i] = v - b.Pix[i]
	}
	return out
}

// thinned keeps every second pixel of every second row: what is left of a smooth
// picture has the same places, halved.
func thinned(p *plane.Plane) *plane.Plane {
	out := plane.New(p.W/2, p.H/2)
	for y := range out.H {
		from, to := p.Row(2*y), out.Row(y)
		for x := range to {
			to[x] = from[2*x]
		}
	}
	return out
}

// blurred smooths by a Gaussian; beyond the sides is what is at them.
func blurred(p *plane.Plane, sigma float64) *plane.Plane {
	kernel := gaussian(sigma)
	r := len(kernel) - 1
	mid, out := plane.New(p.W, p.H), plane.New(p.W, p.H)
	padded := make([]float32, p.W+2*r)
	for y := range p.H {
		row := p.Row(y)
		copy(padded[r:], row)
		for i := range r {
			padded[i], padded[r+p.W+i] = row[0], row[p.W-1]
		}
		to := mid.Row(y)
		add(to, padded[r:], padded[r:], kernel[0]/2)
		for i := 1; i <= r; i++ {
			add(to, padded[r-i:], padded[r+i:], kernel[i])
		}
	}
	for y := range p.H {
		to := out.Row(y)
		add(to, mid.Row(y), mid.Row(y), kernel[0]/2)
		for i := 1; i <= r; i++ {
			add(to, mid.Row(max(0, y-i)), mid.Row(min(p.H-1, y+i)), kernel[i])
		}
	}
	return out
}

// add adds a share of two lines to another.
func add(to, a, b []float32, share float32) {
	a, b = a[:len(to)], b[:len(to)]
	for i := range to {
		to[i] += share * (a[i] + b[i])
	}
}

// gaussian is the middle and one side of a kernel that sums to one.
func gaussian(sigma float64) []float32 {
	k := make([]float32, 1+max(1, int(math.Ceil(kernelWide*sigma))))
	var sum float64
	for i := range k {
		v := math.Exp(-float64(i*i) / (2 * sigma * sigma))
		k[i] = float32(v)
		sum += v
		if i > 0 {
			sum += v
		}
	}
	for i := range k {
		k[i] /= float32(sum)
	}
	return k
}

// spot is where a detail lies, in pixels of the picture's first octave.
type spot struct {
	x, y, size float64 // size: the blur at which it stands out, in pixels
	angle      float64 // radians, of what it looks like
	strength   float32
	bright     bool // on darker ground
}

// found is a spot in its octave, before it has an angle.
type found struct {
	spot
	octave, layer int
	col, row      float64 // in pixels of the octave
	blur          float64 // in pixels of the octave
}

// extremes are the places of an octave that differ from all around them.
func (o *octave) extremes(at int) []found {
	var out []found
	for layer := 1; layer <= steps; layer++ {
		c := o.change[layer]
		for y := margin; y < c.H-margin; y++ {
			row := c.Row(y)
			for x := margin; x < c.W-margin; x++ {
				if v := row[x]; (v > faintest || v < -faintest) && o.extreme(layer, x, y) {
					if f, ok := o.settle(layer, x, y); ok {
						f.octave = at
						out = append(out, f)
					}
				}
			}
		}
	}
	return out
}

// extreme tells whether a pixel is above, or below, all its 26 neighbours.
func (o *octave) extreme(layer, x, y int) bool {
	v := o.change[layer].Pix[y*o.change[layer].W+x]
	for l := layer - 1; l <= layer+1; l++ {
		c := o.change[l]
		for dy := -1; dy <= 1; dy++ {
			around := c.Pix[(y+dy)*c.W+x-1:][:3]
			for i, n := range around {
				if v > 0 && n > v || v < 0 && n < v {
					return false
				}
				if n == v && (l != layer || dy != 0 || i != 1) {
					return false // a flat place has no middle
				}
			}
		}
	}
	return true
}

// settle finds the place between pixels and layers (Brown and Lowe 2002), and
// refuses what is faint or an edge.
func (o *octave) settle(layer, x, y int) (found, bool) {
	for range 5 {
		if layer < 1 || layer > steps || x < margin || y < margin || x >= o.change[0].W-margin || y >= o.change[0].H-margin {
			return found{}, false
		}
		g, h := o.slope(layer, x, y)
		rows := [][]float64{{h[0], h[3], h[4], -g[0]}, {h[3], h[1], h[5], -g[1]}, {h[4], h[5], h[2], -g[2]}}
		d, ok := solved(rows)
		if !ok {
			return found{}, false
		}
		if math.Abs(d[0]) <= 0.6 && math.Abs(d[1]) <= 0.6 && math.Abs(d[2]) <= 0.6 {
			v := float64(o.change[layer].Pix[y*o.change[layer].W+x]) + (g[0]*d[0]+g[1]*d[1]+g[2]*d[2])/2
			trace, det := h[0]+h[1], h[0]*h[1]-h[3]*h[3]
			if math.Abs(v) < faintest || det <= 0 || trace*trace*edgeRatio >= (edgeRatio+1)*(edgeRatio+1)*det {
				return found{}, false
			}
			f := found{layer: layer, col: float64(x) + d[0], row: float64(y) + d[1], blur: firstBlur * math.Exp2((float64(layer)+d[2])/steps)}
			f.spot = spot{x: f.col * o.grain, y: f.row * o.grain, size: f.blur * o.grain, strength: float32(math.Abs(v)), bright: v < 0}
			return f, true
		}
		if math.Abs(d[0]) > 4 || math.Abs(d[1]) > 4 || math.Abs(d[2]) > 4 {
			return found{}, false
		}
		x, y, layer = x+int(math.Round(d[0])), y+int(math.Round(d[1])), layer+int(math.Round(d[2]))
	}
	return found{}, false
}

// slope is the gradient in x, y and layer at a pixel, and the second derivatives
// xx, yy, ll, xy, xl, yl.
func (o *octave) slope(layer, x, y int) (g [3]float64, h [6]float64) {
	w := o.change[layer].W
	i := y*w + x
	p, q, r := o.change[layer-1].Pix, o.change[layer].Pix, o.change[layer+1].Pix
	at := func(c []float32, i int) float64 { return float64(c[i]) }
	g = [3]float64{(at(q, i+1) - at(q, i-1)) / 2, (at(q, i+w) - at(q, i-w)) / 2, (at(r, i) - at(p, i)) / 2}
	v := 2 * at(q, i)
	h = [6]float64{
		at(q, i+1) + at(q, i-1) - v, at(q, i+w) + at(q, i-w) - v, at(r, i) + at(p, i) - v,
		(at(q, i+w+1) - at(q, i+w-1) - at(q, i-w+1) + at(q, i-w-1)) / 4,
		(at(r, i+1) - at(r, i-1) - at(p, i+1) + at(p, i-1)) / 4,
		(at(r, i+w) - at(r, i-w) - at(p, i+w) + at(p, i-w)) / 4,
	}
	return g, h
}
