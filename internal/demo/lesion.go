package demo

import "math"

// finding is what the picture is of: a change of the skin at a place. colour takes the skin's own colour at p and
// returns what is there; lift is by how much the surface stands up (or lies deeper, negative); wet is how much it
// shines.
type finding struct {
	at     point
	size   float64
	angle  float64
	span   float64 // beyond this from at nothing is changed
	n      noise
	colour func(f finding, skin colour, p point) (c colour, lift, wet float64)
}

// far reports whether p is out of the finding's reach.
func (f finding) far(p point) bool {
	d := p.minus(f.at)
	return d.x*d.x+d.y*d.y > f.span*f.span
}

// reach returns p's distance from the centre in units of the finding's uneven edge: 1 is the edge.
func (f finding) reach(p point, uneven float64) float64 {
	d := p.minus(f.at)
	sin, cos := math.Sincos(f.angle)
	x, y := d.x*cos+d.y*sin, (d.y*cos-d.x*sin)*1.35
	a := math.Atan2(y, x)
	edge := f.size * (1 - uneven + 2*uneven*f.n.cloud(3+1.6*math.Cos(a), 3+1.6*math.Sin(a), 3))
	return math.Hypot(x, y) / edge
}

func ulcer(f finding, skin colour, p point) (c colour, lift, wet float64) {
	s := f.reach(p, 0.4)
	halo := step(2.1, 1.0, s+0.25*(f.n.cloud(p.x*14, p.y*14, 2)-0.5))
	c = skin.mix(colour{skin.r * 0.86, skin.g * 0.60, skin.b * 0.58}, 0.75*halo)
	c = c.mix(skin.times(0.55), 0.35*step(2.6, 1.2, s)*step(0.45, 0.75, f.n.cloud(p.x*9+7, p.y*9, 3))) // staining
	c = c.mix(rgb(236, 196, 180).mix(skin, 0.35), 0.6*step(1.16, 1.06, s)*step(0.96, 1.06, s))         // new skin at the edge
	if s >= 1.08 {
		return c, 0, 0
	}
	fine := f.n.cloud(p.x*70, p.y*70, 3)
	bed := rgb(158, 34, 32).mix(rgb(104, 16, 22), step(0.35, 0.7, fine)).mix(rgb(206, 78, 66), step(0.62, 0.8, fine))
	slough := step(0.52, 0.62, f.n.cloud(p.x*13+40, p.y*13, 4))
	bed = bed.mix(rgb(203, 174, 104).mix(rgb(176, 140, 70), fine), 0.9*slough)
	crust := step(0.66, 0.72, f.n.cloud(p.x*10+90, p.y*10, 3))
	bed = bed.mix(rgb(46, 30, 26), 0.85*crust)
	in := step(1.05, 0.93, s)
	return c.mix(bed, in), in * (-0.020 + 0.006*fine + 0.006*slough), in * (0.85 - 0.6*crust)
}

func burn(f finding, skin colour, p point) (c colour, lift, wet float64) {
	s := f.reach(p, 0.35) + 0.3*(f.n.cloud(p.x*16, p.y*16, 3)-0.5)
	in := step(1.08, 0.86, s)
	patch := f.n.cloud(p.x*11+20, p.y*11, 4)
	raw := rgb(190, 70, 66).mix(rgb(222, 132, 116), step(0.4, 0.65, patch))
	raw = raw.mix(rgb(240, 214, 190), 0.8*step(0.6, 0.72, patch)) // deeper: pale
	raw = raw.mix(rgb(128, 32, 38), 0.7*step(0.36, 0.26, patch))
	peel := math.Abs(s-0.97) / 0.05
	c = skin.mix(colour{min(1, skin.r*1.02), skin.g * 0.66, skin.b * 0.64}, 0.8*step(1.7, 1.0, s)).mix(raw, in)
	c = c.mix(rgb(238, 222, 200), 0.55*max(0, 1-peel)*step(0.45, 0.6, f.n.cloud(p.x*40, p.y*40, 2)))
	blister := step(0.68, 0.74, f.n.cloud(p.x*15+70, p.y*15, 2)) * step(1.5, 1.0, s)
	c = c.mix(rgb(232, 198, 140), 0.55*blister)
	return c, -0.005*in + 0.022*blister + 0.004*in*f.n.cloud(p.x*60, p.y*60, 2), max(0.75*in, 0.95*blister)
}

func naevus(f finding, skin colour, p point) (c colour, lift, wet float64) {
	c = skin
	for i := range 7 { // one to look at, and its neighbours
		g := f
		if i > 0 {
			a := float64(i)*2.4 + f.angle
			g.at = point{f.at.x + math.Cos(a)*f.size*(2.6+float64(i)), f.at.y + math.Sin(a)*f.size*(2+float64(i)*0.7)}
			g.size, g.n = f.size*(0.10+0.05*float64(i%3)), f.n+noise(i)*13
		}
		g.span = 2 * g.size
		if g.far(p) {
			continue
		}
		s := g.reach(p, 0.38)
		brown := rgb(112, 66, 44).mix(rgb(44, 26, 24), step(0.4, 0.62, g.n.cloud(p.x*26, p.y*26, 3)))
		brown = brown.mix(rgb(150, 84, 72), 0.7*step(0.6, 0.72, g.n.cloud(p.x*19+5, p.y*19, 2)))
		in := step(1.08, 0.9, s)
		c = c.mix(colour{min(brown.r, skin.r*0.9), min(brown.g, skin.g*0.9), min(brown.b, skin.b*0.9)}, in)
		lift += 0.006 * in
	}
	return c, lift, 0
}

func scar(f finding, skin colour, p point) (c colour, lift, wet float64) {
	d := p.minus(f.at)
	sin, cos := math.Sincos(f.angle)
	along, across := d.x*cos+d.y*sin, d.y*cos-d.x*sin
	across -= 0.35 * f.size * (f.n.cloud(along*3+3, 1, 2) - 0.5)
	half := f.size * 1.5
	ends := step(half, half*0.93, math.Abs(along))
	width := 0.011 + 0.007*f.n.at(along*14, 5)
	line := ends * step(width*1.4, width*0.5, math.Abs(across))
	red := ends * step(width*7, width, math.Abs(across))
	c = skin.mix(colour{min(1, skin.r*1.03), skin.g * 0.74, skin.b * 0.74}, 0.7*red)
	c = c.mix(rgb(222, 150, 146).mix(skin, 0.25).mix(rgb(170, 72, 78), 0.6*f.n.at(along*40, across*90)), line)
	stitch := math.Abs(math.Mod(math.Abs(along)+0.5*f.size*0.28, f.size*0.28) - f.size*0.14)
	mark := ends * step(0.0085, 0.004, math.Hypot(stitch, math.Abs(math.Abs(across)-0.042)))
	c = c.mix(rgb(150, 62, 62), 0.75*mark)
	return c, 0.012 * line, 0.35 * line
}

func graft(f finding, skin colour, p point) (c colour, lift, wet float64) {
	s := f.reach(p, 0.22)
	in := step(1.03, 0.97, s)
	d := p.minus(f.at)
	u := (d.x*math.Cos(f.angle) + d.y*math.Sin(f.angle)) * 34
	v := (d.y*math.Cos(f.angle) - d.x*math.Sin(f.angle)) * 60
	u += 0.5 * math.Floor(math.Mod(math.Abs(math.Floor(v)), 2)) // every second row is shifted
	cu, cv := u-math.Floor(u)-0.5, v-math.Floor(v)-0.5
	hole := step(0.36, 0.24, math.Hypot(cu*0.9, cv*1.15)+0.14*(f.n.at(u*2, v*2)-0.5))
	mesh := skin.mix(rgb(214, 148, 134), 0.55).times(0.98 + 0.1*f.n.cloud(p.x*50, p.y*50, 2))
	bed := rgb(148, 36, 38).mix(rgb(196, 84, 72), f.n.cloud(p.x*60+9, p.y*60, 2))
	c = skin.mix(colour{skin.r * 0.92, skin.g * 0.66, skin.b * 0.64}, 0.7*step(1.5, 1.0, s))
	c = c.mix(mesh.mix(bed, 0.85*hole), in)
	seam := max(0, 1-math.Abs(s-1)/0.035) * step(0.3, 0.5, f.n.cloud(p.x*45, p.y*45, 2))
	return c.mix(rgb(112, 34, 34), 0.7*seam), in * (0.009 - 0.012*hole), in * (0.25 + 0.5*hole)
}

func rash(f finding, skin colour, p point) (c colour, lift, wet float64) {
	spread := step(2.4, 0.8, f.reach(p, 0.3))
	spots := 0.0
	for i, scale := range []float64{16, 26, 37} {
		cx, cy := math.Floor(p.x*scale), math.Floor(p.y*scale)
		for dx := -1.0; dx <= 1; dx++ {
			for dy := -1.0; dy <= 1; dy++ {
				n := f.n + noise(i)*31
				x, y := cx+dx, cy+dy
				if n.corner(int32(x)+900, int32(y)) > 0.25+0.5*spread {
					continue
				}
				q := point{p.x*scale - x - n.corner(int32(x), int32(y)), p.y*scale - y - n.corner(int32(x), int32(y)+500)}
				size := 0.12 + 0.32*n.corner(int32(x)+77, int32(y))
				spots = max(spots, step(size, size*0.35, q.norm()+0.10*(n.at(p.x*90, p.y*90)-0.5)))
			}
		}
	}
	spots *= spread
	red := colour{skin.r * 0.94, skin.g * 0.52, skin.b * 0.50}
	c = skin.mix(colour{skin.r, skin.g * 0.84, skin.b * 0.83}, 0.8*spread).mix(red, 0.85*spots)
	return c, 0.006 * spots, 0.1 * spots
}
