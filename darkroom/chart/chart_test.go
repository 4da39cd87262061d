package chart_test

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

	"fovea/clinical"
	"fovea/darkroom/chart"
	"fovea/internal/testenv"
)

func pt(x, y float64) clinical.Point { return clinical.Point{X: x, Y: y} }

func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func level(light float64) uint8 {
	v := 12.92 * light
	if light > 0.0031308 {
		v = 1.055*math.Pow(light, 1/2.4) - 0.055
	}
	return uint8(math.Round(255 * min(max(v, 0), 1)))
}

// lit is a picture under another light: m on the light of every pixel.
type lit struct {
	image.Image
	m [9]float64
}

func (l lit) At(x, y int) color.Color {
	r, g, b, _ := l.Image.At(x, y).RGBA()
	c := [3]float64{linear(float64(r) / 65535), linear(float64(g) / 65535), linear(float64(b) / 65535)}
	return under(c, l.m)
}

func under(c [3]float64, m [9]float64) color.NRGBA {
	v := func(i int) uint8 { return level(m[i]*c[0] + m[i+1]*c[1] + m[i+2]*c[2]) }
	return color.NRGBA{v(0), v(3), v(6), 255}
}

// The casts: tungsten light on a daylight camera, theatre light that is green,
// a ring flash that is blue and a stop under, and a sensor that mixes channels.
func casts() map[string][9]float64 {
	return map[string][9]float64{
		"tungsten": {1.05, 0, 0, 0, 0.85, 0, 0, 0, 0.5},
		"theatre":  {0.8, 0, 0, 0, 1.0, 0, 0, 0, 0.75},
		"flash":    {0.42, 0, 0, 0, 0.5, 0, 0, 0, 0.62},
		"sensor":   {0.75, 0.2, 0.02, 0.1, 0.7, 0.12, 0.03, 0.15, 0.75},
	}
}

// laid draws a chart over a picture: the middles of its corner patches lie at
// corners, its patches a tenth of their distance apart.
func laid(under image.Image, corners [4]clinical.Point, patches [][3]float64) *image.NRGBA {
	b := under.Bounds()
	out := image.NewNRGBA(b)
	inverse := square(corners)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out.Set(x, y, under.At(x, y))
			u, v := inverse(float64(x)+0.5, float64(y)+0.5)
			u, v = 5*u, 3*v
			if u < -0.6 || u > 5.6 || v < -0.6 || v > 3.6 {
				continue
			}
			i, j := int(math.Round(u)), int(math.Round(v))
			c := [3]float64{0.02, 0.02, 0.02} // its frame
			if math.Abs(u-float64(i)) < 0.45 && math.Abs(v-float64(j)) < 0.45 && i >= 0 && i < 6 && j >= 0 && j < 4 {
				c = patches[6*j+i]
			}
			out.SetNRGBA(x, y, color.NRGBA{level(c[0]), level(c[1]), level(c[2]), 255})
		}
	}
	return out
}

// square maps four corners onto the unit square, by solving for the eight
// numbers of the projection.
func square(c [4]clinical.Point) func(x, y float64) (u, v float64) {
	to := [4][2]float64{{0, 0}, {1, 0}, {1, 1}, {0, 1}}
	var m [8][9]float64
	for i, p := range c {
		u, v := to[i][0], to[i][1]
		m[2*i] = [9]float64{p.X, p.Y, 1, 0, 0, 0, -u * p.X, -u * p.Y, u}
		m[2*i+1] = [9]float64{0, 0, 0, p.X, p.Y, 1, -v * p.X, -v * p.Y, v}
	}
	for k := range m {
		best := k
		for i := k; i < 8; i++ {
			if math.Abs(m[i][k]) > math.Abs(m[best][k]) {
				best = i
			}
		}
		m[k], m[best] = m[best], m[k]
		for i := range m {
			if i == k {
				continue
			}
			f := m[i][k] / m[k][k]
			for j := range m[i] {
				m[i][j] -= f * m[k][j]
			}
		}
	}
	var h [8]float64
	for k := range h {
		h[k] = m[k][8] / m[k][k]
	}
	return func(x, y float64) (float64, float64) {
		w := h[6]*x + h[7]*y + 1
		return (h[0]*x + h[1]*y + h[2]) / w, (h[3]*x + h[4]*y + h[5]) / w
	}
}

// photographed adds a sensor's noise and goes through JPEG, as a camera does.
func photographed(t *testing.T, img image.Image, seed uint64) image.Image {
	t.Helper()
	r, b := rand.New(rand.NewPCG(seed, 9)), img.Bounds()
	noisy := image.NewNRGBA(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			n := func(v uint8) uint8 { return uint8(min(max(math.Round(float64(v)+2*r.NormFloat64()), 0), 255)) }
			noisy.SetNRGBA(x, y, color.NRGBA{n(c.R), n(c.G), n(c.B), 255})
		}
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, noisy, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	back, err := jpeg.Decode(&buf)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// wound is a real picture of 640 × 640 pixels or so.
func wound(t *testing.T, nth int) image.Image {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testenv.Data(t, "wounds"), "validation", "*.jpg"))
	if err != nil || len(files) <= nth {
		t.Fatalf("%d pictures, %v", len(files), err)
	}
	b, err := os.ReadFile(files[nth])
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// askew is a chart seen from the side.
func askew(b image.Rectangle) [4]clinical.Point {
	w, h := float64(b.Dx()), float64(b.Dy())
	return [4]clinical.Point{pt(.12*w, .62*h), pt(.55*w, .58*h), pt(.58*w, .86*h), pt(.1*w, .84*h)}
}

func TestKnownCastsOnRealPicturesAreTakenAway(t *testing.T) {
	nth := 0
	for name, cast := range casts() {
		plain := wound(t, nth)
		nth++
		corners := askew(plain.Bounds())
		whole := laid(plain, corners, chart.Draw())
		got, err := chart.Fit(photographed(t, lit{whole, cast}, uint64(nth)), corners)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// What of the picture itself comes back: the mean over its own pixels.
		b, off, was, n := plain.Bounds(), 0.0, 0.0, 0.0
		for y := b.Min.Y; y < b.Max.Y/2; y += 7 {
			for x := b.Min.X; x < b.Max.X; x += 7 {
				seen := lit{whole, cast}.At(x, y)
				r, g, bl, _ := seen.RGBA()
				c := [3]float64{linear(float64(r) / 65535), linear(float64(g) / 65535), linear(float64(bl) / 65535)}
				off += differ(under(c, got.Matrix), plain.At(x, y))
				was += differ(seen, plain.At(x, y))
				n++
			}
		}
		t.Logf("%s: patches ΔE %.2f, corrected %.2f; the wound's own pixels %.1f levels, corrected %.1f", name, got.Before, got.After, was/n, off/n)
		if got.Before < 4 || got.After > 1.2 {
			t.Errorf("%s: ΔE %.2f, corrected %.2f, want at most 1.2", name, got.Before, got.After)
		}
		if off/n > 4 || off > was/3 {
			t.Errorf("%s: the wound is off by %.1f levels, corrected by %.1f", name, was/n, off/n)
		}
	}
}

// differ is the largest difference of three channels, in levels.
func differ(a, b color.Color) float64 {
	r, g, bl, _ := a.RGBA()
	r2, g2, b2, _ := b.RGBA()
	d := func(x, y uint32) float64 { return math.Abs(float64(x)-float64(y)) / 257 }
	return max(d(r, r2), d(g, g2), d(bl, b2))
}

func grey(w, h int, v uint8) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = v
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func TestAChartThatIsRightAlreadyIsLeftAlone(t *testing.T) {
	corners := askew(image.Rect(0, 0, 800, 600))
	got, err := chart.Fit(laid(grey(800, 600, 90), corners, chart.Draw()), corners)
	if err != nil || got.Before > 0.5 || got.After > got.Before {
		t.Errorf("ΔE %.2f, corrected %.2f, %v", got.Before, got.After, err)
	}
	if len(got.Patches) != 24 || got.Patches[0].Name != "dark skin" || got.Patches[23].Name != "black" {
		t.Errorf("%d patches", len(got.Patches))
	}
}

func TestScratchesAndReflectionsDoNotCount(t *testing.T) {
	corners := [4]clinical.Point{pt(100, 100), pt(700, 100), pt(700, 460), pt(100, 460)}
	clean := laid(grey(800, 600, 90), corners, chart.Draw())
	marred := laid(grey(800, 600, 90), corners, chart.Draw())
	for y := 80; y < 480; y++ { // a scratch down every patch of three columns
		for _, x := range []int{100, 340, 580} {
			for i := range 9 {
				marred.SetNRGBA(x+i, y, color.NRGBA{230, 220, 210, 255})
			}
		}
	}
	a, errA := chart.Fit(lit{clean, casts()["tungsten"]}, corners)
	b, errB := chart.Fit(lit{marred, casts()["tungsten"]}, corners)
	if errA != nil || errB != nil || math.Abs(a.After-b.After) > 0.15 {
		t.Errorf("clean %.2f (%v), scratched %.2f (%v)", a.After, errA, b.After, errB)
	}
}

func TestWhatAChartCannotTellIsRefused(t *testing.T) {
	bounds := image.Rect(0, 0, 800, 600)
	at := askew(bounds)
	whole := laid(grey(800, 600, 90), at, chart.Draw())
	turned := func(n int) [4]clinical.Point {
		return [4]clinical.Point{at[n%4], at[(n+1)%4], at[(n+2)%4], at[(n+3)%4]}
	}
	bent := make([][3]float64, 24) // a film's colours: no matrix puts them right
	for i, c := range chart.Draw() {
		bent[i] = [3]float64{math.Pow(max(c[2], 0), 0.3), math.Pow(max(c[0], 0), 3), max(c[1], 0) * 0.8}
	}
	half := laid(grey(800, 600, 90), at, chart.Draw())
	for y := range 600 {
		for x := range 260 {
			half.SetNRGBA(x, y, color.NRGBA{180, 130, 110, 255}) // a hand lies on it
		}
	}
	small := [4]clinical.Point{pt(10, 10), pt(45, 10), pt(45, 32), pt(10, 32)}
	for name, tt := range map[string]struct {
		img     image.Image
		corners [4]clinical.Point
		want    clinical.Reason
	}{
		"upside down":     {whole, turned(2), "chart-turned"},
		"on its side":     {whole, turned(1), "chart-turned"},
		"anticlockwise":   {whole, [4]clinical.Point{at[0], at[3], at[2], at[1]}, "chart-turned"},
		"crossed":         {whole, [4]clinical.Point{at[0], at[2], at[1], at[3]}, "chart-corners"},
		"outside":         {whole, [4]clinical.Point{pt(-5, 1), at[1], at[2], at[3]}, "chart-corners"},
		"no number":       {whole, [4]clinical.Point{pt(math.NaN(), 1), at[1], at[2], at[3]}, "chart-corners"},
		"small":           {laid(grey(800, 600, 90), small, chart.Draw()), small, "chart-small"},
		"overexposed":     {lit{whole, [9]float64{1.6, 0, 0, 0, 1.6, 0, 0, 0, 1.6}}, at, "chart-clipped"},
		"in the dark":     {lit{whole, [9]float64{.03, 0, 0, 0, .03, 0, 0, 0, .03}}, at, "chart-dark"},
		"something else":  {grey(800, 600, 90), at, "chart-fit"},
		"half covered":    {half, at, "chart-fit"},
		"another process": {laid(grey(800, 600, 90), at, bent), at, "chart-fit"},
		"a wound":         {wound(t, 3), askew(wound(t, 3).Bounds()), "chart-fit"},
	} {
		if got, err := chart.Fit(tt.img, tt.corners); clinical.ReasonOf(err) != tt.want {
			t.Errorf("%s: %v, ΔE %.2f; want %s", name, err, got.After, tt.want)
		}
	}
}

func TestAGreyPatchIsMadeGreyAndStaysAsBright(t *testing.T) {
	for name, cast := range casts() {
		img := photographed(t, lit{grey(400, 300, 118), cast}, 4)
		got, err := chart.Grey(img, clinical.Rect{Min: pt(100, 80), Max: pt(220, 200)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r, g, b, _ := lit{grey(400, 300, 118), cast}.At(150, 120).RGBA()
		light := [3]float64{linear(float64(r) / 65535), linear(float64(g) / 65535), linear(float64(b) / 65535)}
		y := 0.2126*light[0] + 0.7152*light[1] + 0.0722*light[2]
		for c, v := range light {
			if math.Abs(v*got.Gains[c]/y-1) > 0.02 {
				t.Errorf("%s: channel %d is %.3f of grey", name, c, v*got.Gains[c]/y)
			}
		}
		if name != "sensor" && got.Cast < 3 {
			t.Errorf("%s: a cast of %.1f", name, got.Cast)
		}
	}
}

func TestWhatIsNoGreyIsRefused(t *testing.T) {
	patch := clinical.Rect{Min: pt(10, 10), Max: pt(60, 60)}
	stripes := image.NewNRGBA(image.Rect(0, 0, 100, 100))
	for y := range 100 {
		for x := range 100 {
			v := uint8(60 + 120*(x/10%2))
			stripes.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
		}
	}
	for name, tt := range map[string]struct {
		img   image.Image
		patch clinical.Rect
		want  clinical.Reason
	}{
		"overexposed": {grey(100, 100, 255), patch, "grey-clipped"},
		"black":       {grey(100, 100, 3), patch, "grey-dark"},
		"stripes":     {stripes, patch, "grey-uneven"},
		"blood":       {lit{grey(100, 100, 118), [9]float64{1, 0, 0, 0, .1, 0, 0, 0, .08}}, patch, "grey-coloured"},
		"outside":     {grey(100, 100, 118), clinical.Rect{Min: pt(60, 10), Max: pt(160, 60)}, "grey-place"},
		"no number":   {grey(100, 100, 118), clinical.Rect{Min: pt(math.NaN(), 10), Max: pt(60, 60)}, "grey-place"},
		"a line":      {grey(100, 100, 118), clinical.Rect{Min: pt(10, 10), Max: pt(60, 10)}, "grey-place"},
	} {
		if got, err := chart.Grey(tt.img, tt.patch); clinical.ReasonOf(err) != tt.want {
			t.Errorf("%s: %v, %v; want %s", name, got.Gains, err, tt.want)
		}
	}
}
