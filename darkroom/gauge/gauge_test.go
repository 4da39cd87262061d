package gauge_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/darkroom/gauge"
	"fovea/internal/testenv"
)

// photos are real pictures, every nth of them: wounds, and people, at most 640
// pixels long.
func photos(t testing.TB, nth int) map[string]gauge.Picture {
	t.Helper()
	out := map[string]gauge.Picture{}
	for _, folder := range [][]string{{"wounds", "validation"}, {"faces"}} {
		files, err := filepath.Glob(filepath.Join(testenv.Data(t, folder...), "*.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range files {
			if i%nth != 0 {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			img, err := jpeg.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if img.Bounds().Dx() <= 640 {
				out[filepath.Base(f)] = picture(img)
			}
		}
	}
	if len(out) < 55/nth {
		t.Fatalf("%d photos", len(out))
	}
	return out
}

func picture(img image.Image) gauge.Picture {
	b := img.Bounds()
	p := gauge.Picture{Width: b.Dx(), Height: b.Dy()}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			p.RGB = append(p.RGB, byte(r>>8), byte(g>>8), byte(bl>>8))
		}
	}
	return p
}

// through returns p with every pixel the mean of its surroundings by weight: what
// a lens out of focus, or a camera that moves, does.
func through(p gauge.Picture, kernel map[image.Point]float64) gauge.Picture {
	out := gauge.Picture{Width: p.Width, Height: p.Height, RGB: make([]byte, len(p.RGB))}
	sums := make([]float64, len(p.RGB))
	for at, weight := range kernel {
		for y := range p.Height {
			row := min(max(y+at.Y, 0), p.Height-1) * p.Width
			for x := range p.Width {
				i, j := 3*(y*p.Width+x), 3*(row+min(max(x+at.X, 0), p.Width-1))
				sums[i] += weight * float64(p.RGB[j])
				sums[i+1] += weight * float64(p.RGB[j+1])
				sums[i+2] += weight * float64(p.RGB[j+2])
			}
		}
	}
	for i, s := range sums {
		out.RGB[i] = byte(min(max(math.Round(s), 0), 255))
	}
	return out
}

// gaussian blurs across and down.
func gaussian(p gauge.Picture, sigma float64) gauge.Picture {
	across, down := map[image.Point]float64{}, map[image.Point]float64{}
	sum := 0.0
	reach := int(math.Ceil(3 * sigma))
	for i := -reach; i <= reach; i++ {
		sum += math.Exp(-float64(i*i) / (2 * sigma * sigma))
	}
	for i := -reach; i <= reach; i++ {
		w := math.Exp(-float64(i*i)/(2*sigma*sigma)) / sum
		across[image.Pt(i, 0)], down[image.Pt(0, i)] = w, w
	}
	return through(through(p, across), down)
}

// along smears over nine pixels in one direction.
func along(p gauge.Picture, step image.Point) gauge.Picture {
	kernel := map[image.Point]float64{}
	for i := -4; i <= 4; i++ {
		kernel[step.Mul(i)] = 1.0 / 9
	}
	return through(p, kernel)
}

// each returns p with every value as f says.
func each(p gauge.Picture, f func(float64) float64) gauge.Picture {
	out := gauge.Picture{Width: p.Width, Height: p.Height, RGB: make([]byte, len(p.RGB))}
	for i, v := range p.RGB {
		out.RGB[i] = byte(min(max(math.Round(f(float64(v))), 0), 255))
	}
	return out
}

// advised are the codes of the advice that a person would read.
func advised(p gauge.Picture) []clinical.Reason {
	f := gauge.Measure(p, p)
	q := clinical.Quality{
		Program: gauge.Version, Edges: f.Edges, Blur: f.Blur, Smear: f.Smear, Still: f.Still, Median: f.Light.Median, Low: f.Light.Low, High: f.Light.High,
		Burnt: f.Light.Burnt, Black: f.Light.Black, White: f.Light.White, Dark: f.Light.Dark,
	}
	var out []clinical.Reason
	for _, a := range q.Advise(clinical.Asset{State: clinical.Filed}, false) {
		out = append(out, a.Code)
	}
	return out
}

// floor is what docs/quality.md promises of pictures that real cameras took and
// that the test spoils by a known measure.
type floor struct {
	name        string
	spoil       func(gauge.Picture) gauge.Picture
	codes       []clinical.Reason
	least, most float64 // shares of pictures that get one of codes
}

func floors() []floor {
	noise := rand.New(rand.NewPCG(1, 2))
	noisy := func(sigma float64) func(float64) float64 {
		return func(v float64) float64 { return v + noise.NormFloat64()*sigma }
	}
	unsharp := []clinical.Reason{clinical.AdviceSoft, clinical.AdviceMoved}
	stops := func(ev float64) func(float64) float64 { // in light, about
		return func(v float64) float64 { return v * math.Pow(2, ev/2.2) }
	}
	return []floor{
		{"as they were taken", func(p gauge.Picture) gauge.Picture { return p }, unsharp, 0, 0.02},
		{"with noise of 5 levels", func(p gauge.Picture) gauge.Picture { return each(p, noisy(5)) }, unsharp, 0, 0.05},
		{"blurred by 1 px", func(p gauge.Picture) gauge.Picture { return gaussian(p, 1) }, unsharp, 0, 0.1},
		{"blurred by 3 px", func(p gauge.Picture) gauge.Picture { return gaussian(p, 3) }, unsharp, 0.98, 1},
		{"blurred by 3 px, then noise of 3 levels", func(p gauge.Picture) gauge.Picture { return each(gaussian(p, 3), noisy(3)) }, unsharp, 0.8, 1},
		{"blurred by 6 px", func(p gauge.Picture) gauge.Picture { return gaussian(p, 6) }, unsharp, 0.98, 1},
		{"smeared over 9 px askew", func(p gauge.Picture) gauge.Picture { return along(p, image.Pt(1, 1)) }, unsharp, 0.6, 1},
		{"as they were taken, for light", func(p gauge.Picture) gauge.Picture { return p }, []clinical.Reason{clinical.AdviceDark, clinical.AdviceBright}, 0, 0.02},
		{"3 EV too dark", func(p gauge.Picture) gauge.Picture { return each(p, stops(-3)) }, []clinical.Reason{clinical.AdviceDark}, 0, 0.5},
		{"4 EV too dark", func(p gauge.Picture) gauge.Picture { return each(p, stops(-4)) }, []clinical.Reason{clinical.AdviceDark}, 0.9, 1},
		{"2 EV too light", func(p gauge.Picture) gauge.Picture { return each(p, stops(2)) }, []clinical.Reason{clinical.AdviceBurnt}, 0.5, 1},
	}
}

// share is how much of the pictures get the advice.
func (c floor) share(all map[string]gauge.Picture) float64 {
	found := 0
	for _, p := range all {
		if slices.ContainsFunc(advised(c.spoil(p)), func(r clinical.Reason) bool { return slices.Contains(c.codes, r) }) {
			found++
		}
	}
	return float64(found) / float64(len(all))
}

func TestFloors(t *testing.T) {
	all := photos(t, 4)
	for _, c := range floors() {
		if share := c.share(all); share < c.least || share > c.most {
			t.Errorf("%s: advice on %.2f of the pictures, want %.2f to %.2f", c.name, share, c.least, c.most)
		}
	}
}

// BenchmarkFloors reports the shares of all the pictures.
func BenchmarkFloors(b *testing.B) {
	all := photos(b, 1)
	for b.Loop() {
		for _, c := range floors() {
			b.ReportMetric(c.share(all), strings.ReplaceAll(c.name, " ", "-"))
		}
	}
}

// BenchmarkMeasure is what the figures of 12 megapixels cost beside decoding.
func BenchmarkMeasure(b *testing.B) {
	full, small := gauge.Picture{Width: 4000, Height: 3000}, gauge.Picture{Width: 2048, Height: 1536}
	noise := rand.New(rand.NewPCG(3, 4))
	for _, p := range []*gauge.Picture{&full, &small} {
		p.RGB = make([]byte, 3*p.Width*p.Height)
		for i := range p.RGB {
			p.RGB[i] = byte(128 + 100*math.Sin(float64(i/90)) + 3*noise.NormFloat64())
		}
	}
	for b.Loop() {
		gauge.Measure(full, small)
	}
}

// The figure follows the blur, whatever the picture shows.
func TestBlurIsMeasuredInPixels(t *testing.T) {
	for name, p := range photos(t, 4) {
		if !strings.HasPrefix(name, "00") {
			continue
		}
		last := gauge.Measure(p, p).Blur
		for _, sigma := range []float64{2, 4, 6} {
			got := gauge.Measure(gaussian(p, sigma), gaussian(p, sigma))
			if !got.Edges || got.Blur <= last || got.Blur > sigma+1 || got.Blur < sigma/2-0.5 {
				t.Errorf("%s blurred by %.0f px: %.2f after %.2f", name, sigma, got.Blur, last)
			}
			last = got.Blur
		}
	}
	flat := each(photos(t, 60)["0001.jpg"], func(float64) float64 { return 120 })
	if f := gauge.Measure(flat, flat); f.Edges || f.Blur != 0 || f.Smear != 0 || f.Light.Median < 0.46 || f.Light.Median > 0.48 {
		t.Errorf("of a wall: %+v", f)
	}
}

func TestLightIsCounted(t *testing.T) {
	p := gauge.Picture{Width: 10, Height: 10}
	for i := range 100 {
		switch {
		case i < 10:
			p.RGB = append(p.RGB, 255, 255, 254)
		case i < 30:
			p.RGB = append(p.RGB, 254, 90, 80)
		case i < 45:
			p.RGB = append(p.RGB, 1, 0, 2)
		default:
			p.RGB = append(p.RGB, 100, 100, 100)
		}
	}
	l := gauge.Measure(p, p).Light
	want := gauge.Light{Median: 100.0 / 255, Low: 0, High: 1, Burnt: [3]float64{0.3, 0.1, 0.1}, Black: [3]float64{0.15, 0.15, 0.15}, White: 0.1, Dark: 0.15}
	if math.Abs(l.Low-want.Low) > 0.01 || math.Abs(l.High-want.High) > 0.01 || math.Abs(l.Median-want.Median) > 0.01 {
		t.Errorf("%+v", l)
	}
	l.Low, l.High, l.Median, want.Low, want.High, want.Median = 0, 0, 0, 0, 0, 0
	if l != want {
		t.Errorf("got %+v, want %+v", l, want)
	}
}

// moved is p as a hand that moved a little takes it again: aside, askew, closer,
// and in other light.
func moved(p gauge.Picture) gauge.Picture {
	const dx, dy, degrees, closer, levels = 12, -9, 1.0, 0.02, 8
	out := gauge.Picture{Width: p.Width, Height: p.Height, RGB: make([]byte, len(p.RGB))}
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	mx, my := float64(p.Width)/2, float64(p.Height)/2
	for y := range p.Height {
		for x := range p.Width {
			u, v := (float64(x)-mx)/(1+closer), (float64(y)-my)/(1+closer)
			sx := min(max(int(cos*u-sin*v+mx+dx), 0), p.Width-1)
			sy := min(max(int(sin*u+cos*v+my+dy), 0), p.Height-1)
			for c := range 3 {
				out.RGB[3*(y*p.Width+x)+c] = byte(min(max(float64(p.RGB[3*(sy*p.Width+sx)+c])+levels, 0), 255))
			}
		}
	}
	return out
}

func TestFramesOfABurstAreAlikeAndOthersAreNot(t *testing.T) {
	all := photos(t, 2)
	names := make([]string, 0, len(all))
	for name := range all {
		if strings.Contains(name, "_") { // people have other forms
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	again, pairs, confused := 0, 0, 0
	for i, name := range names {
		p := all[name]
		if gauge.Alike(p, p) < 0.999 {
			t.Errorf("%s is not like itself", name)
		}
		if gauge.Alike(p, moved(p)) >= clinical.LikenessLimit {
			again++
		}
		for _, other := range names[:i] {
			pairs++
			if gauge.Alike(p, all[other]) >= clinical.LikenessLimit {
				confused++
			}
		}
	}
	t.Logf("%d of %d taken again are alike, and %d of %d pairs of others", again, len(names), confused, pairs)
	if float64(again) < 0.9*float64(len(names)) || confused > 0 {
		t.Errorf("%d of %d taken again are alike, and %d of %d pairs of others", again, len(names), confused, pairs)
	}
	wide, high := gauge.Picture{Width: 60, Height: 40, RGB: make([]byte, 7200)}, gauge.Picture{Width: 40, Height: 60, RGB: make([]byte, 7200)}
	if gauge.Alike(wide, high) != 0 || gauge.Alike(wide, wide) != 0 || gauge.Alike(gauge.Picture{}, wide) != 0 {
		t.Error("what cannot be compared is alike")
	}
}
