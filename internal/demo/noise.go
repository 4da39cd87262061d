package demo

import "math"

// noise is value noise on an integer lattice: smooth, in [0, 1), the same for the same seed.
type noise uint32

func (n noise) corner(x, y int32) float64 {
	h := uint32(x)*0x85EBCA6B ^ uint32(y)*0xC2B2AE35 ^ uint32(n)*0x9E3779B1
	h ^= h >> 15
	h *= 0x2C1B3C6D
	h ^= h >> 12
	h *= 0x297A2D39
	h ^= h >> 15
	return float64(h>>8) / (1 << 24)
}

func (n noise) at(x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int32(fx), int32(fy)
	tx, ty := ease(x-fx), ease(y-fy)
	top := mix(n.corner(ix, iy), n.corner(ix+1, iy), tx)
	bottom := mix(n.corner(ix, iy+1), n.corner(ix+1, iy+1), tx)
	return mix(top, bottom, ty)
}

// cloud sums octaves of noise, each twice as fine and half as strong, to [0, 1).
func (n noise) cloud(x, y float64, octaves int) float64 {
	sum, amp, total := 0.0, 1.0, 0.0
	for i := range octaves {
		sum += amp * (n+noise(i)*101).at(x, y)
		total += amp
		x, y, amp = x*2.03, y*2.03, amp/2
	}
	return sum / total
}

func ease(t float64) float64      { return t * t * (3 - 2*t) }
func mix(a, b, t float64) float64 { return a + (b-a)*t }

// step rises smoothly from 0 at a to 1 at b.
func step(a, b, v float64) float64 { return ease(min(1, max(0, (v-a)/(b-a)))) }

// point is a place in a scene: the picture's height is 1.
type point struct{ x, y float64 }

func (p point) minus(q point) point { return point{p.x - q.x, p.y - q.y} }
func (p point) norm() float64       { return math.Hypot(p.x, p.y) }

// colour is linear enough for drawing: components in [0, 1], clipped when written.
type colour struct{ r, g, b float64 }

func rgb(r, g, b float64) colour { return colour{r / 255, g / 255, b / 255} }

func (c colour) mix(d colour, t float64) colour {
	return colour{mix(c.r, d.r, t), mix(c.g, d.g, t), mix(c.b, d.b, t)}
}

func (c colour) times(f float64) colour { return colour{c.r * f, c.g * f, c.b * f} }

func (c colour) plus(d colour) colour { return colour{c.r + d.r, c.g + d.g, c.b + d.b} }
