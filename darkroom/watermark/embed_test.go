package watermark_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"

	"fovea/clinical"
	"fovea/darkroom/watermark"
	"fovea/internal/testenv"
)

func marker(tb testing.TB) *watermark.Marker {
	tb.Helper()
	m, err := watermark.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func mark(n int) (m watermark.Mark) {
	binary.BigEndian.PutUint64(m[8:], uint64(n))
	return m
}

func asset() clinical.AssetID { return clinical.AssetID{15: 1} }

func embed(tb testing.TB, m *watermark.Marker, rendition []byte, n int) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := m.Embed(&out, rendition, asset(), mark(n)); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func decode(tb testing.TB, b []byte) image.Image {
	tb.Helper()
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

func encode(tb testing.TB, img image.Image, quality int) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func scaled(img image.Image, long int) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if m := max(w, h); m > long {
		w, h = (w*long+m/2)/m, (h*long+m/2)/m
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, img, b, draw.Src, nil)
	return out
}

// renditions are the test pictures as the darkroom renders them, by file name.
func renditions(tb testing.TB, patterns ...string) map[string][]byte {
	tb.Helper()
	out := map[string][]byte{}
	for _, p := range patterns {
		names, err := filepath.Glob(filepath.Join(testenv.Data(tb), p))
		if err != nil || len(names) == 0 {
			tb.Fatalf("no pictures in %s", p)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				tb.Fatal(err)
			}
			out[filepath.Base(name)] = encode(tb, scaled(decode(tb, b), 2048), 85)
		}
	}
	return out
}

// psnr compares two pictures over their luma and chroma, in RGB.
func psnr(a, b image.Image) float64 {
	var sum, n float64
	r := a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			ar, ag, ab, _ := a.At(x, y).RGBA()
			br, bg, bb, _ := b.At(x, y).RGBA()
			for _, d := range [3]int{int(ar>>8) - int(br>>8), int(ag>>8) - int(bg>>8), int(ab>>8) - int(bb>>8)} {
				sum += float64(d * d)
				n++
			}
		}
	}
	return 10 * math.Log10(255*255*n/max(sum, 1e-9))
}

func TestEveryMarkedCopyHasTheDeclaredLengthAndLooksTheSame(t *testing.T) {
	m := marker(t)
	for name, rendition := range renditions(t, "cameras/jpg-C*.jpg", "faces/2008*.jpg", "wounds/validation/000*.jpg") {
		room, err := watermark.Measure(rendition)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plain := decode(t, rendition)
		for n := range 3 {
			served := embed(t, m, rendition, n)
			if len(served) != room.Length {
				t.Errorf("%s: %d bytes, declared %d", name, len(served), room.Length)
			}
			db := psnr(plain, decode(t, served))
			t.Logf("%-40s %v %7d %7d %v %.1f dB", name, plain.Bounds().Max, len(rendition), room.Length, room.Blocks, db)
			if db < 45 {
				t.Errorf("%s: %.1f dB", name, db)
			}
		}
	}
}
