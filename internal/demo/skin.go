package demo

import (
	"image"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

// scene is a body on a drape under one soft light, with a finding on it.
type scene struct {
	body    body
	skin    colour
	drape   colour
	finding finding
	nails   []point // centres, with the finger pointing right
	n       noise
	near    float64 // how much larger than life's distance things are, about focus
	focus   point
}

// tones are skin tones from light to dark, as a camera with a neutral balance sees them.
func tones() []colour {
	return []colour{
		rgb(236, 196, 176), rgb(226, 180, 152), rgb(206, 156, 122), rgb(176, 124, 92), rgb(136, 90, 66), rgb(96, 62, 48),
	}
}

func drapes() []colour {
	return []colour{rgb(62, 112, 128), rgb(52, 96, 132), rgb(70, 128, 112), rgb(96, 104, 116)}
}

// compose sets up the scene of a kind.
func compose(kind Kind, r *rand.Rand, o Options) scene {
	n := noise(r.Uint32())
	s := scene{n: n, skin: tones()[r.IntN(len(tones()))], drape: drapes()[r.IntN(len(drapes()))], near: o.Close}
	if o.Skin > 0 {
		s.skin = tones()[o.Skin-1]
	}
	s.finding = finding{n: n + 5000, angle: r.Float64()*0.9 - 0.45, size: 0.12 + 0.04*r.Float64()}
	near := func(x, y float64) point { return point{x + 0.1*(r.Float64()-0.5), y + 0.05*(r.Float64()-0.5)} }
	switch kind {
	case HandBurn:
		s.body, s.finding.colour, s.finding.at, s.finding.size = hand(n), burn, near(0.44, 0.54), 0.12
		for i, f := range fingers() {
			s.nails = append(s.nails, point{f[2].x - 0.012, f[2].y + 0.003*float64(2-i)})
		}
	case TrunkNaevus:
		s.body, s.finding.colour, s.finding.at, s.finding.size = trunk(n), naevus, near(0.62, 0.45), 0.055+0.02*r.Float64()
	case ArmScar:
		s.body, s.finding.colour, s.finding.at, s.finding.size = limb(n, -0.12), scar, near(0.62, 0.42), 0.22
	case ThighGraft:
		s.body, s.finding.colour, s.finding.at, s.finding.size = limb(n, 0.06), graft, near(0.55, 0.46), 0.19
	case TrunkRash:
		s.body, s.finding.colour, s.finding.at, s.finding.size = trunk(n), rash, near(0.66, 0.5), 0.24
	case FootUlcer:
		s.body, s.finding.colour, s.finding.at, s.finding.size = foot(n), ulcer, near(0.70, 0.52), 0.075
		for i := range 5 {
			y, x := 0.37+0.085*float64(i), 1.10-0.028*float64(i*i)/2
			s.nails = append(s.nails, point{x - 0.010, y})
		}
	default: // LegUlcer
		s.body, s.finding.colour, s.finding.at = limb(n, 0.10), ulcer, near(0.60, 0.44)
	}
	s.finding.span = 4.5 * s.finding.size
	if kind == TrunkNaevus {
		s.finding.span = 12 * s.finding.size
	}
	s.finding.size *= 1 - 0.55*o.Healed
	s.focus = point{mix(2.0/3, s.finding.at.x, 0.6), mix(0.5, s.finding.at.y, 0.6)}
	return s
}

// render draws the scene w × h pixels large. Bands of rows are independent and drawn on all cores; the result does not
// depend on how many there are.
func (s scene) render(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	const band = 32
	next := make(chan int)
	var bands sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		bands.Go(func() {
			for top := range next {
				s.band(img, top, min(top+band, h))
			}
		})
	}
	for top := 0; top < h; top += band {
		next <- top
	}
	close(next)
	bands.Wait()
	return img
}

// band draws the rows from top to bottom. The light on a place depends on how high its neighbours to the right and
// below stand, so each row is looked at before it is lit: the last rows wait in a ring.
func (s scene) band(img *image.RGBA, top, bottom int) {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	scale := float64(h) * s.near // pixels to the unit of a scene
	reach := max(1, int(math.Round(0.004*scale)))
	ring := make([][]place, reach+1)
	for i := range ring {
		ring[i] = make([]place, w+reach)
	}
	for y := top; y < bottom+reach; y++ {
		row := ring[y%len(ring)]
		for x := range row {
			row[x] = s.look(point{float64(x) / float64(h), float64(y) / float64(h)})
		}
		lit := y - reach
		if lit < top {
			continue
		}
		here := ring[lit%len(ring)]
		for x := range w {
			run := scale / float64(reach)
			put(img, x, lit, s.light(here[x], (here[x].tall-here[x+reach].tall)*run, (here[x].tall-row[x].tall)*run))
		}
	}
}

func put(img *image.RGBA, x, y int, c colour) {
	i := img.PixOffset(x, y)
	img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = level(c.r), level(c.g), level(c.b), 255
}

func level(v float64) uint8 { return uint8(min(255, max(0, v*255+0.5))) }

// place is what lies at a point of the scene, before light falls on it.
type place struct {
	at   point
	away float64 // from the body's outline, negative on it
	skin colour  // what is there, finding and nail included
	wet  float64
	tall float64 // how far it stands above the table
}

// Where skin and drape meet they mix; so far outside nothing of the body is seen.
const (
	inside, outside = -0.003, 0.004
	beside          = 0.02
)

// look finds what lies where the lens shows p.
func (s scene) look(p point) place {
	p = s.through(p)
	d, r := s.body.away(p)
	here := place{at: p, away: d}
	if d > beside {
		return here
	}
	skin := s.complexion(p)
	here.skin = skin
	if !s.finding.far(p) {
		here.skin, here.tall, here.wet = s.finding.colour(s.finding, skin, p)
	}
	here.skin, here.wet = s.nail(here.skin, here.wet, p)
	here.tall += rise(d, r) + 0.0016*s.n.cloud(p.x*60, p.y*60, 2) + 0.0007*s.n.at(p.x*210, p.y*210)
	return here
}

// light is the colour of a place where the surface falls away by nx to the right and ny downwards.
func (s scene) light(here place, nx, ny float64) colour {
	switch {
	case here.away > outside:
		return s.cloth(here.at)
	case here.away < inside:
		return s.flesh(here, nx, ny)
	default:
		return s.cloth(here.at).mix(s.flesh(here, nx, ny), step(outside, inside, here.away))
	}
}

// through is the place that the lens shows at p: the nearer it stands, the more the focus comes to the middle.
func (s scene) through(p point) point {
	middle := point{2.0 / 3, 0.5}
	aside := 1 / (s.near * s.near)
	return point{
		s.focus.x + (p.x-middle.x)/s.near + (middle.x-s.focus.x)*aside,
		s.focus.y + (p.y-middle.y)/s.near + (middle.y-s.focus.y)*aside,
	}
}

// cloth is the drape with its folds, and the shadow of what lies on it.
func (s scene) cloth(p point) colour {
	fold := s.n.cloud(p.x*2.2+50, p.y*3.1+0.8*s.n.at(p.x*2, 9), 4)
	slope := s.n.cloud(p.x*2.2+50.05, p.y*3.1+0.05+0.8*s.n.at(p.x*2, 9), 4) - fold
	weave := 0.03 * (math.Sin(p.x*900) * math.Sin(p.y*900))
	c := s.drape.times(0.62 + 0.35*fold + 5*slope + weave)
	d, r := s.body.away(point{p.x - 0.035, p.y - 0.05})
	return c.times(1 - 0.62*step(0.10*(0.5+2*r), -0.02, d))
}

// flesh is the skin of a place in the light.
func (s scene) flesh(here place, nx, ny float64) colour {
	p, c := here.at, here.skin
	inv := 1 / math.Sqrt(nx*nx+ny*ny+1)
	const lx, ly, lz = -0.42, -0.55, 0.722
	facing := (nx*lx + ny*ly + lz) * inv
	wrap := max(0, (facing+0.25)/1.25) // light wraps round skin
	light := 0.30 + 0.82*wrap
	lit := c.times(light)
	lit.r += 0.05 * c.r * (1 - wrap) // and comes out of it redder
	rim := 1 - inv
	lit = lit.mix(lit.times(0.72), rim*rim)
	half := max(0, (nx*-0.23+ny*-0.30+0.93)*inv)
	shine := (0.05+0.05*s.n.at(p.x*33, p.y*33))*math.Pow(half, 24) + here.wet*0.45*math.Pow(half, 70)*(0.4+s.n.at(p.x*120, p.y*120))
	return lit.plus(colour{shine, shine, shine})
}

// complexion is the colour of healthy skin at p: mottled, veined, freckled.
func (s scene) complexion(p point) colour {
	warm := s.n.cloud(p.x*3, p.y*3, 4) - 0.5
	fine := s.n.cloud(p.x*38, p.y*38, 3) - 0.5
	c := colour{s.skin.r * (1 + 0.05*warm + 0.05*fine), s.skin.g * (1 - 0.13*warm + 0.07*fine), s.skin.b * (1 - 0.12*warm + 0.08*fine)}
	course := p.y*5.2 + 1.7*s.n.cloud(p.x*2.4, p.y*2.4, 3)
	vein := step(0.055, 0.0, math.Abs(s.n.at(p.x*1.3+9, course)-0.5)) * step(0.4, 0.65, s.n.cloud(p.x*1.7+30, p.y*1.7, 2))
	c = c.mix(colour{c.r * 0.80, c.g * 0.92, c.b * 1.02}, 0.55*vein)
	return c.mix(colour{c.r * 0.78, c.g * 0.70, c.b * 0.66}, 0.5*s.freckle(p))
}

// freckle is 1 in a freckle: at most one in each cell of a lattice, where there are any at all.
func (s scene) freckle(p point) float64 {
	const cells = 34
	fx, fy := math.Floor(p.x*cells), math.Floor(p.y*cells)
	x, y := int32(fx), int32(fy)
	if s.n.corner(x, y+4000) > 0.32*step(0.45, 0.75, s.n.cloud(p.x*2.5+60, p.y*2.5, 2)) {
		return 0
	}
	at := point{0.3 + 0.4*s.n.corner(x+11, y), 0.3 + 0.4*s.n.corner(x, y+11)}
	size := 0.08 + 0.16*s.n.corner(x+23, y)
	return step(size, size*0.4, point{p.x*cells - fx, p.y*cells - fy}.minus(at).norm()+0.08*(s.n.at(p.x*150, p.y*150)-0.5))
}

// nail lays the nails over c.
func (s scene) nail(c colour, wet float64, p point) (colour, float64) {
	for _, at := range s.nails {
		d := p.minus(at)
		q := math.Pow(math.Pow(math.Abs(d.x)/0.032, 3)+math.Pow(math.Abs(d.y)/0.025, 3), 1.0/3)
		if q > 1.2 {
			continue
		}
		in := step(1.08, 0.95, q)
		pink := s.skin.mix(rgb(232, 182, 172), 0.6)
		pink = pink.mix(rgb(244, 232, 220), 0.8*step(0.019, 0.025, d.x))
		c = c.mix(c.times(0.8), 0.6*step(1.2, 1.0, q)).mix(pink, in)
		return c, max(wet, 0.5*in)
	}
	return c, wet
}
