package darkroom_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/internal/sandbox"
	"fovea/internal/testenv"
)

// renderers are the two engines, where both are to be had.
func renderers(t testing.TB) map[string]*darkroom.Renderer {
	t.Helper()
	box, err := sandbox.Open(t.Context(), sandbox.Options{AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*darkroom.Renderer{"child": darkroom.NewRenderer(box), "go": darkroom.NewRenderer(nil)}
}

func source(b []byte, mime string) darkroom.Source {
	return darkroom.Source{Reader: bytes.NewReader(b), Size: int64(len(b)), MIME: mime}
}

func decode(t testing.TB, p darkroom.Picture) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(p.JPEG))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != p.Width || b.Dy() != p.Height {
		t.Fatalf("says %dx%d, is %v", p.Width, p.Height, b)
	}
	return img
}

// difference is the mean distance of two pictures' channels, 0 to 255.
func difference(a, b image.Image) float64 {
	if a.Bounds().Size() != b.Bounds().Size() {
		return 255
	}
	var sum, n float64
	s := a.Bounds().Size()
	for y := 0; y < s.Y; y += 3 {
		for x := 0; x < s.X; x += 3 {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range [][2]uint32{{r1, r2}, {g1, g2}, {b1, b2}} {
				sum += max(float64(d[0]), float64(d[1])) - min(float64(d[0]), float64(d[1]))
				n++
			}
		}
	}
	return sum / n / 257
}

func TestEightOrientationsComeOutUpright(t *testing.T) {
	for engine, r := range renderers(t) {
		for _, shape := range []string{"landscape", "portrait"} {
			var first image.Image
			for o := 1; o <= 8; o++ {
				b, err := os.ReadFile(filepath.Join(testenv.Data(t, "orientation"), fmt.Sprintf("%s_%d.jpg", shape, o)))
				if err != nil {
					t.Fatal(err)
				}
				p, err := r.Render(t.Context(), source(b, "image/jpeg"), darkroom.ThumbnailSize, false)
				if err != nil {
					t.Fatalf("%s: %s %d: %v", engine, shape, o, err)
				}
				img := decode(t, p)
				if o == 1 {
					first = img
				}
				// Each file has its number printed in it and was compressed on its
				// own, so likeness is judged against the picture turned wrongly.
				d := difference(first, img)
				wrong := min(difference(first, flip{img, true, false}), difference(first, flip{img, false, true}),
					difference(first, flip{img, true, true}))
				if d > wrong*2/3 {
					t.Errorf("%s: %s %d is %.1f levels from upright, turned wrongly %.1f", engine, shape, o, d, wrong)
				}
			}
		}
	}
}

// flip is a picture mirrored left to right, upside down, or both.
type flip struct {
	image.Image
	h, v bool
}

func (f flip) At(x, y int) color.Color {
	b := f.Bounds()
	if f.h {
		x = b.Max.X - 1 - x
	}
	if f.v {
		y = b.Max.Y - 1 - y
	}
	return f.Image.At(x, y)
}

func mimeOf(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".heic", ".heif":
		return "image/heic"
	case ".tif":
		return "image/tiff"
	case ".mov":
		return "video/quicktime"
	case ".mp4":
		return "video/mp4"
	}
	return "image/jpeg"
}

func TestEveryCameraFileIsRenderedBareOrUndecodable(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Data(t, "cameras"), "*.*"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	r := renderers(t)["child"]
	made := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.Render(t.Context(), source(b, mimeOf(f)), darkroom.ThumbnailSize, true)
		if err != nil {
			if clinical.ReasonOf(err) != darkroom.ReasonUndecodable || clinical.KindOf(err) != clinical.Invalid {
				t.Errorf("%s: %v", filepath.Base(f), err)
			}
			t.Logf("%s: %v", filepath.Base(f), err)
			continue
		}
		made++
		if err := darkroom.Bare(p.JPEG); err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
		if max(p.Width, p.Height) > 256 || min(p.Width, p.Height) < 1 {
			t.Errorf("%s: %dx%d", filepath.Base(f), p.Width, p.Height)
		}
	}
	if made < 45 {
		t.Errorf("only %d of %d rendered", made, len(files))
	}
}

func TestSameRecipeSameBits(t *testing.T) {
	b, err := os.ReadFile(testenv.Data(t, "cameras", "jpg-Nikon-D90.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	for engine, r := range renderers(t) {
		one, err1 := r.Render(t.Context(), source(b, "image/jpeg"), darkroom.TeachingSize, false)
		two, err2 := r.Render(t.Context(), source(b, "image/jpeg"), darkroom.TeachingSize, true)
		if err1 != nil || err2 != nil || !bytes.Equal(one.JPEG, two.JPEG) {
			t.Errorf("%s: %v %v, %d and %d bytes", engine, err1, err2, len(one.JPEG), len(two.JPEG))
		}
	}
}

func TestFuzzedFilesRenderOrAreRefused(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Data(t, "cameras", "fuzzed"), "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no fuzzed files", err)
	}
	for engine, r := range renderers(t) {
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Render(t.Context(), source(b, "image/jpeg"), darkroom.ThumbnailSize, false); err != nil &&
				clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
				t.Errorf("%s: %s: %v", engine, filepath.Base(f), err)
			}
		}
	}
}

func TestPixelBombIsRefusedByItsHeader(t *testing.T) {
	head := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x75\x30\x00\x00\x75\x30\x08\x02\x00\x00\x00")
	for engine, r := range renderers(t) {
		_, err := r.Render(t.Context(), source(head, "image/png"), darkroom.ThumbnailSize, false)
		if clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
			t.Errorf("%s: %v", engine, err)
		}
	}
}

// picture is a JPEG, redder to the right.
func picture(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(255 * x / w), 90, 60, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRawIsShownByItsLargestWholePreview(t *testing.T) {
	small, large := picture(t, 160, 120), picture(t, 1200, 800)
	cut := picture(t, 3000, 2000)
	raw := binary.LittleEndian.AppendUint32([]byte("II*\x00"), 8)
	raw = append(raw, 0, 0, 0, 0, 0, 0)
	raw = append(raw, small...)
	raw = append(raw, large...)
	raw = append(raw, cut[:len(cut)/2]...)
	for engine, r := range renderers(t) {
		p, err := r.Render(t.Context(), source(raw, "image/x-nikon-nef"), darkroom.TeachingSize, false)
		if err != nil || p.Width != 1200 || p.Height != 800 {
			t.Errorf("%s: %dx%d, %v; want 1200x800", engine, p.Width, p.Height, err)
		}
		if _, err := r.Render(t.Context(), source(raw[:14], "image/x-nikon-nef"), 256, false); clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
			t.Errorf("%s: without a preview: %v", engine, err)
		}
	}
}

func TestSmallPicturesAreNotEnlargedAndTransparencyIsWhite(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	for engine, r := range renderers(t) {
		p, err := r.Render(t.Context(), source(b.Bytes(), "image/png"), darkroom.ThumbnailSize, false)
		if err != nil || p.Width != 30 || p.Height != 20 {
			t.Fatalf("%s: %dx%d %v", engine, p.Width, p.Height, err)
		}
		if red, _, _, _ := decode(t, p).At(10, 10).RGBA(); red < 0xf000 {
			t.Errorf("%s: transparent became %x", engine, red)
		}
	}
}

func TestStoppingIsNotThePicturesFault(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := renderers(t)["child"].Render(ctx, source(picture(t, 100, 100), "image/jpeg"), 256, false)
	if clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("err = %v, kind %v", err, clinical.KindOf(err))
	}
}

func TestBareFindsWhatAPictureCarries(t *testing.T) {
	plain := picture(t, 16, 16)
	if err := darkroom.Bare(plain); err != nil {
		t.Fatal(err)
	}
	with := func(marker byte, body string) []byte {
		n := len(body) + 2
		return append([]byte{0xff, 0xd8, 0xff, marker, byte(n >> 8), byte(n)}, append([]byte(body), plain[2:]...)...)
	}
	for what, b := range map[string][]byte{
		"EXIF": with(0xe1, "Exif\x00\x00MM\x00*"), "profile": with(0xe2, "ICC_PROFILE\x00"), "IPTC": with(0xed, "Photoshop 3.0\x00"),
		"comment": with(0xfe, "PATIENT"), "tail": append(bytes.Clone(plain), 'x'), "cut": plain[:len(plain)-2], "empty": nil,
	} {
		if darkroom.Bare(b) == nil {
			t.Errorf("%s passes as bare", what)
		}
	}
}

func BenchmarkThumbnail(b *testing.B) {
	data, err := os.ReadFile(testenv.Data(b, "cameras", "jpg-Nikon-D90.jpg"))
	if err != nil {
		b.Fatal(err)
	}
	for engine, r := range renderers(b) {
		b.Run(engine, func(b *testing.B) {
			for b.Loop() {
				if _, err := r.Render(b.Context(), source(data, "image/jpeg"), darkroom.ThumbnailSize, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
