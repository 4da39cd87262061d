package watermark_test

import (
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/draw"

	"fovea/darkroom/watermark"
)

// crowd is n candidates, the given ones among them.
func crowd(n int, guilty ...int) []watermark.Mark {
	out := make([]watermark.Mark, n)
	for i := range out {
		out[i] = mark(1_000_000 + i)
	}
	for i, g := range guilty {
		out[i*n/len(guilty)] = mark(g)
	}
	return out
}

func cropped(img image.Image, x0, y0, w, h float64) image.Image {
	b := img.Bounds()
	at := func(f float64, n int) int { return int(f*float64(n) + 0.5) }
	r := image.Rect(at(x0, b.Dx()), at(y0, b.Dy()), at(x0+w, b.Dx()), at(y0+h, b.Dy()))
	out := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(out, out.Rect, img, r.Min, draw.Src)
	return out
}

func resized(img image.Image, w, h int) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, img, img.Bounds(), draw.Src, nil)
	return out
}

func by(img image.Image, f float64) image.Image {
	b := img.Bounds()
	return resized(img, int(f*float64(b.Dx())+.5), int(f*float64(b.Dy())+.5))
}

// framed shows a picture in a window on a screen.
func framed(img image.Image) image.Image {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()*5/4, b.Dy()*4/3))
	for i := range out.Pix {
		out.Pix[i] = 60
	}
	at := image.Pt(b.Dx()/7, b.Dy()/5)
	draw.Draw(out, b.Add(at), img, b.Min, draw.Src)
	return out
}

type attack struct {
	name string
	do   func(testing.TB, image.Image) []byte
}

func attacks() []attack {
	q := func(quality int, f func(image.Image) image.Image) func(testing.TB, image.Image) []byte {
		return func(tb testing.TB, img image.Image) []byte { return encode(tb, f(img), quality) }
	}
	same := func(i image.Image) image.Image { return i }
	return []attack{
		{"as served", q(100, same)},
		{"q50", q(50, same)},
		{"q30", q(30, same)},
		{"640 q70", q(70, func(i image.Image) image.Image { return scaled(i, 640) })},
		{"640 q50", q(50, func(i image.Image) image.Image { return scaled(i, 640) })},
		{"crop half q75", q(75, func(i image.Image) image.Image { return cropped(i, .21, .13, .7, .72) })},
		{"crop half q50", q(50, func(i image.Image) image.Image { return cropped(i, .28, .2, .71, .71) })},
		{"crop left half q75", q(75, func(i image.Image) image.Image { return cropped(i, 0, 0, .5, 1) })},
		{"crop quarter q75", q(75, func(i image.Image) image.Image { return cropped(i, .3, .33, .5, .5) })},
		{"screenshot .83 q80", q(80, func(i image.Image) image.Image { return by(i, .83) })},
		{"screenshot 1.25 in a frame q75", q(75, func(i image.Image) image.Image { return framed(by(i, 1.25)) })},
		{"screenshot .6 crop half q60", q(60, func(i image.Image) image.Image { return cropped(by(i, .61), .2, .1, .72, .7) })},
		{"crop half, 640 q50", q(50, func(i image.Image) image.Image { return scaled(cropped(i, .15, .2, .7, .72), 640) })},
		{"turned 90", q(75, quarter)},
	}
}

func quarter(img image.Image) image.Image {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dy(), b.Dx()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			out.Set(b.Dy()-1-y, x, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// TestALeakNamesItsReader prints its figures with -v: they are those of docs/watermark.md.
func TestALeakNamesItsReader(t *testing.T) {
	candidates := crowd(1000, 1)
	for name, rendition := range renditions(t, "cameras/jpg-Sony-DCR*.jpg", "faces/2008_001322.jpg", "wounds/validation/0001.jpg") {
		served := decode(t, embed(t, marker(t), rendition, 1))
		for _, a := range attacks() {
			t.Run(name+"/"+a.name, func(t *testing.T) {
				t.Parallel()
				mustName(t, a.do(t, served), rendition, candidates, 1)
			})
		}
	}
}

// mustName fails unless the leak is traced to these readers and nobody else.
func mustName(t *testing.T, leak, rendition []byte, candidates []watermark.Mark, want ...int) {
	t.Helper()
	start := time.Now()
	found, err := marker(t).Trace(t.Context(), decode(t, leak), rendition, asset(), candidates)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("score %.1f, false %.0e, likeness %.2f, overlap %.2f, scale %.3f, %v",
		found.Best.Score, found.Best.False, found.Likeness, found.Overlap, found.Scale, time.Since(start).Round(time.Millisecond))
	if len(found.Certain) != len(want) {
		t.Fatalf("%d certain matches, want %d", len(found.Certain), len(want))
	}
	for _, match := range found.Certain {
		if !slices.ContainsFunc(want, func(n int) bool { return mark(n) == match.Mark }) {
			t.Errorf("an innocent mark is named, score %.1f", match.Score)
		}
	}
}

func TestATeachingRenditionIsTracedAmongTenThousand(t *testing.T) {
	candidates := crowd(10_000, 1)
	for _, rendition := range renditions(t, "cameras/jpg-Samsung-GT*.jpg") {
		served := decode(t, embed(t, marker(t), rendition, 1))
		for _, a := range attacks() {
			if !strings.HasSuffix(a.name, "q50") {
				continue
			}
			t.Run(a.name, func(t *testing.T) { mustName(t, a.do(t, served), rendition, candidates, 1) })
		}
	}
}

// A leak of nobody knows which picture is most like the one that it was.
func TestLikenessFindsThePicture(t *testing.T) {
	all := renditions(t, "faces/2008_00*.jpg", "wounds/validation/000*.jpg")
	for _, name := range []string{"2008_001322.jpg", "0005.jpg"} {
		served := decode(t, embed(t, marker(t), all[name], 1))
		leak := encode(t, cropped(by(served, .9), .2, .1, .72, .7), 60)
		for other, rendition := range all {
			likeness, err := watermark.Likeness(t.Context(), decode(t, leak), rendition)
			if err != nil {
				t.Fatal(err)
			}
			if (likeness > 0.6) != (other == name) {
				t.Errorf("a part of %s beside %s: %.2f", name, other, likeness)
			}
		}
	}
}
