package demo

import "math"

// part is a stretch of a limb: a capsule whose radius runs from ra to rb.
type part struct {
	a, b   point
	ra, rb float64
}

// away returns the distance from p to the part's surface (negative inside) and the part's radius there.
func (c part) away(p point) (d, r float64) {
	ab, ap := c.b.minus(c.a), p.minus(c.a)
	t := min(1, max(0, (ap.x*ab.x+ap.y*ab.y)/(ab.x*ab.x+ab.y*ab.y)))
	r = mix(c.ra, c.rb, t)
	return math.Hypot(ap.x-ab.x*t, ap.y-ab.y*t) - r, r
}

// body is a smooth union of parts, as seen from above. Rough makes its outline less than perfect.
type body struct {
	parts []part
	soft  float64 // how far parts melt into one another
	rough noise
}

// maxParts is how many parts a body has at most.
const maxParts = 16

// away returns the distance to the outline and the radius of what is near: a soft minimum over the parts, of which
// those far behind the nearest do not count.
func (b body) away(p point) (d, r float64) {
	var ds, rs [maxParts]float64
	nearest := math.Inf(1)
	for i, c := range b.parts {
		ds[i], rs[i] = c.away(p)
		nearest = min(nearest, ds[i])
	}
	sum, weight := 0.0, 0.0
	for i := range b.parts {
		if behind := (ds[i] - nearest) / b.soft; behind < 7 {
			w := math.Exp(-behind)
			sum += w
			weight += w * rs[i]
		}
	}
	d = nearest - b.soft*math.Log(sum)
	return d + 0.008*(b.rough.at(p.x*7, p.y*7)-0.5), weight / sum
}

// rise is how far a body's surface stands above the table, d from its outline and where it is r wide: a round profile.
func rise(d, r float64) float64 {
	q := min(-d, r)
	if q <= 0 {
		return 0
	}
	return math.Sqrt(r*r - (r-q)*(r-q))
}

// The bodies. Each fills a frame of 4:3 and runs off its edges, as close views do.

func limb(n noise, tilt float64) body {
	lean := func(x, y float64) point { return point{x, y + tilt*(x-0.67)} }
	return body{soft: 0.03, rough: n, parts: []part{
		{lean(-0.2, 0.50), lean(0.45, 0.47), 0.27, 0.31},
		{lean(0.45, 0.47), lean(1.0, 0.52), 0.31, 0.23},
		{lean(1.0, 0.52), lean(1.6, 0.53), 0.23, 0.18},
	}}
}

func hand(n noise) body {
	b := body{soft: 0.014, rough: n, parts: []part{
		{point{-0.1, 0.60}, point{0.22, 0.56}, 0.15, 0.16},  // wrist
		{point{0.30, 0.50}, point{0.62, 0.42}, 0.17, 0.13},  // back of the hand
		{point{0.32, 0.60}, point{0.60, 0.60}, 0.15, 0.115}, //
		{point{0.30, 0.68}, point{0.48, 0.86}, 0.085, 0.06}, // thumb
		{point{0.48, 0.86}, point{0.62, 0.92}, 0.06, 0.045}, //
	}}
	for _, f := range fingers() {
		b.parts = append(b.parts, part{f[0], f[1], 0.058, 0.052}, part{f[1], f[2], 0.052, 0.041})
	}
	return b
}

// fingers are knuckle, joint and tip of each.
func fingers() [4][3]point {
	return [4][3]point{
		{{0.62, 0.33}, {0.85, 0.23}, {1.03, 0.17}},
		{{0.66, 0.43}, {0.93, 0.37}, {1.14, 0.33}},
		{{0.66, 0.54}, {0.92, 0.53}, {1.12, 0.53}},
		{{0.62, 0.65}, {0.82, 0.69}, {0.98, 0.72}},
	}
}

func trunk(n noise) body {
	return body{soft: 0.05, rough: n, parts: []part{
		{point{0.62, -0.6}, point{0.66, 0.5}, 0.62, 0.60},
		{point{0.66, 0.5}, point{0.70, 1.6}, 0.60, 0.66},
	}}
}

func foot(n noise) body {
	b := body{soft: 0.02, rough: n, parts: []part{
		{point{-0.2, 0.45}, point{0.30, 0.50}, 0.17, 0.17},
		{point{0.30, 0.50}, point{0.85, 0.52}, 0.20, 0.19},
	}}
	for i := range 5 {
		y, x := 0.37+0.085*float64(i), 1.10-0.028*float64(i*i)/2
		r := []float64{0.062, 0.044, 0.042, 0.040, 0.042}[i]
		b.parts = append(b.parts, part{point{0.85, mix(0.5, y, 0.9)}, point{x, y}, r * 1.1, r})
	}
	return b
}
