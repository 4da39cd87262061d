package watermark_test

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"fovea/darkroom/watermark"
)

// mixed makes one picture of several copies, pixel by pixel or block by block.
func mixed(copies []image.Image, pick func(x, y int) []int) image.Image {
	out := image.NewRGBA(copies[0].Bounds())
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			var sum [3]int
			who := pick(x, y)
			for _, i := range who {
				r, g, b, _ := copies[i].At(x, y).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+int(r>>8), sum[1]+int(g>>8), sum[2]+int(b>>8)
			}
			n := len(who)
			out.SetRGBA(x, y, color.RGBA{uint8((sum[0] + n/2) / n), uint8((sum[1] + n/2) / n), uint8((sum[2] + n/2) / n), 255})
		}
	}
	return out
}

// Readers who put their copies together are named, and nobody else. How many there may be depends on the size of the
// picture; docs/watermark.md gives the figures.
func TestReadersWhoMixTheirCopiesAreNamed(t *testing.T) {
	for name, all := range map[string]int{"cameras/jpg-Sony-DCR*.jpg": 5, "wounds/validation/0001.jpg": 3} {
		for _, rendition := range renditions(t, name) {
			var copies []image.Image
			for n := range 5 {
				copies = append(copies, decode(t, embed(t, marker(t), rendition, n)))
			}
			for _, n := range []int{2, 3, 5} {
				t.Run(fmt.Sprint(name, n), func(t *testing.T) {
					t.Parallel()
					who := []int{0, 1, 2, 3, 4}[:n]
					random := rand.New(rand.NewPCG(5, 6))
					for how, pick := range map[string]func(x, y int) []int{
						"averaged": func(int, int) []int { return who },
						"patched":  func(x, y int) []int { return who[(x/40+y/56*3)%n:][:1] },
						"speckled": func(int, int) []int { return who[random.IntN(n):][:1] },
					} {
						leak := encode(t, mixed(copies[:n], pick), 75)
						t.Log(how)
						named(t, leak, rendition, n, n <= all)
					}
				})
			}
		}
	}
}

// named fails unless a certain match is among the first guilty marks and nobody else is named; where all is set, unless
// all of them are.
func named(t *testing.T, leak, rendition []byte, guilty int, all bool) {
	t.Helper()
	who := []int{0, 1, 2, 3, 4}[:guilty]
	found, err := marker(t).Trace(t.Context(), decode(t, leak), rendition, asset(), crowd(1000, who...))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found.Certain {
		if c.Mark[13] != 0 || c.Mark[15] >= 5 {
			t.Errorf("an innocent mark is named, score %.1f", c.Score)
		}
	}
	if len(found.Certain) == 0 || all && len(found.Certain) != guilty {
		t.Errorf("%d of %d are named", len(found.Certain), guilty)
		return
	}
	t.Logf("%d of %d are named, scores %.1f to %.1f", len(found.Certain), guilty,
		found.Certain[0].Score, found.Certain[len(found.Certain)-1].Score)
}

// photographed shows a picture as a telephone sees it on a screen: tilted, a little blurred, lit from one side, of
// another contrast, noisy.
func photographed(img image.Image, tilt, blur, noise float64) image.Image {
	b := img.Bounds()
	w, h := float64(b.Dx()), float64(b.Dy())
	random := rand.New(rand.NewPCG(8, 9))
	out := image.NewRGBA(b)
	soft := img
	if blur > 1 {
		soft = resized(by(img, 1/blur), b.Dx(), b.Dy())
	}
	for y := range b.Dy() {
		for x := range b.Dx() {
			u, v := float64(x)/w-.5, float64(y)/h-.5
			z := 1 + tilt*u + tilt/2*v
			px, py := (u/z*.97+.5)*w, (v/z*.97+.5)*h
			r, g, bl := bilinear(soft, px, py)
			light := (1 - .25*u - .15*v)
			tone := func(c float64) uint8 {
				c = 255*math.Pow(c/255, 1.15)*light*.92 + 10 + noise*random.NormFloat64()
				return uint8(min(max(c, 0), 255))
			}
			out.SetRGBA(x, y, color.RGBA{tone(r), tone(g), tone(bl), 255})
		}
	}
	return out
}

func bilinear(img image.Image, x, y float64) (r, g, b float64) {
	rect := img.Bounds()
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := x-float64(x0), y-float64(y0)
	for _, c := range [4]struct {
		x, y int
		w    float64
	}{{x0, y0, (1 - fx) * (1 - fy)}, {x0 + 1, y0, fx * (1 - fy)}, {x0, y0 + 1, (1 - fx) * fy}, {x0 + 1, y0 + 1, fx * fy}} {
		cr, cg, cb, _ := img.At(min(max(c.x, 0), rect.Dx()-1), min(max(c.y, 0), rect.Dy()-1)).RGBA()
		r, g, b = r+c.w*float64(cr>>8), g+c.w*float64(cg>>8), b+c.w*float64(cb>>8)
	}
	return r, g, b
}

// rotated turns a picture about its middle, keeping its frame.
func rotated(img image.Image, degrees float64) image.Image {
	b := img.Bounds()
	s, c := math.Sincos(degrees * math.Pi / 180)
	x, y := float64(b.Dx())/2, float64(b.Dy())/2
	out := image.NewRGBA(b)
	draw.CatmullRom.Transform(out, f64.Aff3{c, -s, x - c*x + s*y, s, c, y - s*x - c*y}, img, b, draw.Src, nil)
	return out
}

// bent moves every pixel by up to depth pixels, as programs do that mean to break such marks.
func bent(img image.Image, depth float64) image.Image {
	b := img.Bounds()
	out := image.NewRGBA(b)
	for y := range b.Dy() {
		for x := range b.Dx() {
			u, v := float64(x)/float64(b.Dx()), float64(y)/float64(b.Dy())
			r, g, bl := bilinear(img, float64(x)+depth*math.Sin(2*math.Pi*(v*2+u)), float64(y)+depth*math.Sin(2*math.Pi*(u*2-v)))
			out.SetRGBA(x, y, color.RGBA{uint8(r + .5), uint8(g + .5), uint8(bl + .5), 255})
		}
	}
	return out
}

func mirrored(img image.Image) image.Image {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			out.Set(b.Dx()-1-x, y, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// Each line is what docs/watermark.md says of a treatment: it is survived, or it is not. An innocent is never named.
func TestHowFarAMarkGoes(t *testing.T) {
	candidates := crowd(1000, 1)
	rendition := renditions(t, "cameras/jpg-Sony-DCR*.jpg")
	for _, b := range rendition {
		served := decode(t, embed(t, marker(t), b, 1))
		for _, tt := range []struct {
			name     string
			survives bool
			quality  int
			do       func() image.Image
		}{
			{"320 pixels", true, 50, func() image.Image { return scaled(served, 320) }},
			{"240 pixels", true, 75, func() image.Image { return scaled(served, 240) }},
			{"a quarter of each side", true, 75, func() image.Image { return cropped(served, .4, .3, .25, .25) }},
			{"a sixth of each side", false, 75, func() image.Image { return cropped(served, .4, .3, .16, .16) }},
			{"turned by 2 degrees", true, 75, func() image.Image { return rotated(served, 2) }},
			{"mirrored", true, 75, func() image.Image { return mirrored(served) }},
			{"photo of a screen, 3 % tilt", true, 75, func() image.Image { return photographed(served, .03, 1.5, 4) }},
			{"photo of a screen, 20 % tilt", false, 75, func() image.Image { return photographed(served, .2, 1.5, 4) }},
			{"printed and scanned", true, 75, func() image.Image { return rotated(photographed(served, 0, 2, 6), .4) }},
			{"bent by 2 pixels", true, 75, func() image.Image { return bent(served, 2) }},
			{"bent by 24 pixels", false, 75, func() image.Image { return bent(served, 24) }},
			{"the unmarked picture", false, 75, func() image.Image { return decode(t, b) }},
			{"another picture", false, 75, func() image.Image { return texture(900, 700, 120, 30) }},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				found, err := marker(t).Trace(t.Context(), decode(t, encode(t, tt.do(), tt.quality)), b, asset(), candidates)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s: score %.1f, likeness %.2f, overlap %.2f", tt.name, found.Best.Score, found.Likeness, found.Overlap)
				named := slices.ContainsFunc(found.Certain, func(m watermark.Match) bool { return m.Mark == mark(1) })
				if named != tt.survives {
					t.Errorf("named: %v, documented: %v", named, tt.survives)
				}
				if len(found.Certain) > 1 || len(found.Certain) == 1 && !named {
					t.Error("an innocent mark is named")
				}
			})
		}
	}
}
