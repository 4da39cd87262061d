package align_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"fovea/darkroom/align"
	"fovea/internal/testenv"
)

// photo is a decoded photograph of the test data.
func photo(t testing.TB, path string) *image.RGBA {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			out.Set(x, y, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return uncovered(out)
}

// photos are the paths of every n-th photograph of a folder of the test data.
func photos(t testing.TB, pattern string, n int) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(testenv.Data(t), filepath.FromSlash(pattern)))
	if err != nil || len(all) == 0 {
		t.Fatalf("no photographs like %s (%v)", pattern, err)
	}
	var out []string
	for i := 0; i < len(all); i += n {
		out = append(out, all[i])
	}
	return out
}

// followUp is how a later photograph of the same place differs.
type followUp struct {
	camera align.Homography // later → earlier, in pixels
	bend   float64          // by how many pixels, at most, the body is not as it was
	gain   float64          // of the light
	slope  float64          // by how much it is brighter on the right
	warm   float64          // by how much redder
	noise  float64          // standard deviation, in levels
	save   int              // quality as a JPEG
}

// bent is where the body of the earlier photograph is in the later.
func (f followUp) bent(p align.Place, size float64) align.Place {
	return align.Place{
		X: p.X + f.bend*math.Sin(2.3*math.Pi*p.Y/size+.4), Y: p.Y + f.bend*math.Cos(1.9*math.Pi*p.X/size),
	}
}

// truth is where a place of the later photograph is in the earlier.
func (f followUp) truth(p align.Place, size float64) align.Place {
	at, _ := f.camera.Apply(p)
	return f.bent(at, size)
}

// take makes the later photograph, w × h pixels.
func (f followUp) take(t testing.TB, from *image.RGBA, w, h int, r *rand.Rand) image.Image {
	t.Helper()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	size := float64(max(from.Rect.Dx(), from.Rect.Dy()))
	for y := range h {
		for x := range w {
			at := f.truth(align.Place{X: float64(x) + .5, Y: float64(y) + .5}, size)
			c := sampled(from, at.X-.5, at.Y-.5)
			light := f.gain * (1 + f.slope*(float64(x)/float64(w)-.5))
			for i, v := range c {
				v = v * light * (1 + f.warm*float64(1-i))
				if f.noise > 0 {
					v += f.noise * r.NormFloat64()
				}
				c[i] = min(255, max(0, math.Round(v)))
			}
			out.SetRGBA(x, y, color.RGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255})
		}
	}
	if f.save == 0 {
		return out
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, out, &jpeg.Options{Quality: f.save}); err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// sampled is the colour between pixels; beyond the sides is what is at them.
func sampled(img *image.RGBA, x, y float64) (out [3]float64) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	x, y = min(max(x, 0), float64(w-1)), min(max(y, 0), float64(h-1))
	x0, y0 := min(int(x), w-2), min(int(y), h-2)
	fx, fy := x-float64(x0), y-float64(y0)
	for i := range out {
		at := func(x, y int) float64 { return float64(img.Pix[y*img.Stride+4*x+i]) }
		top := at(x0, y0)*(1-fx) + at(x0+1, y0)*fx
		low := at(x0, y0+1)*(1-fx) + at(x0+1, y0+1)*fx
		out[i] = top*(1-fy) + low*fy
	}
	return out
}

// stand is where a camera is held: so much closer, turned by degrees, tilted by
// shares of perspective, and pointing beside the middle by shares of the side.
type stand struct {
	grow, degrees float64
	tilt, aside   align.Place
}

// camera looks at a picture of w × h pixels from a stand.
func camera(w, h float64, from stand) align.Homography {
	grow, degrees, tilt, aside := from.grow, from.degrees, from.tilt, from.aside
	s, c := math.Sincos(degrees * math.Pi / 180)
	unit := max(w, h) / 2
	centre := align.Homography{1 / unit, 0, -w / 2 / unit, 0, 1 / unit, -h / 2 / unit, 0, 0, 1}
	move := align.Homography{c / grow, -s / grow, 2 * aside.X, s / grow, c / grow, 2 * aside.Y, tilt.X, tilt.Y, 1}
	return centre.Inverse().After(move).After(centre)
}

// wrong is within how many pixels 19 of 20 places of a region of the earlier
// photograph are laid where they belong.
func wrong(got align.Result, f followUp, from image.Rectangle, w, h int) float64 {
	size := float64(max(from.Dx(), from.Dy()))
	var all []float64
	for y := 4.; y < float64(h); y += float64(h) / 40 {
		for x := 4.; x < float64(w); x += float64(w) / 40 {
			p := align.Place{X: x, Y: y}
			want := f.truth(p, size)
			if !holds(got.Region, want) {
				continue
			}
			is, ok := got.Matrix.Apply(p)
			if !ok {
				is = align.Place{X: math.Inf(1)}
			}
			all = append(all, math.Hypot(is.X-want.X, is.Y-want.Y))
		}
	}
	return quantile(all, .95)
}

// holds tells whether a region, all of whose corners point outward, holds a
// place.
func holds(region []align.Place, at align.Place) bool {
	for i, a := range region {
		b := region[(i+1)%len(region)]
		if (b.X-a.X)*(at.Y-a.Y)-(b.Y-a.Y)*(at.X-a.X) < 0 {
			return false
		}
	}
	return len(region) > 2
}

// uncovered cuts the black away that some photographs of the test data were made
// square with: no camera adds it.
func uncovered(img *image.RGBA) *image.RGBA {
	var r image.Rectangle
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if p := img.Pix[y*img.Stride+4*x:]; int(p[0])+int(p[1])+int(p[2]) > 60 {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	out := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	for y := range r.Dy() {
		copy(out.Pix[y*out.Stride:(y+1)*out.Stride], img.Pix[(y+r.Min.Y)*img.Stride+4*r.Min.X:])
	}
	return out
}
