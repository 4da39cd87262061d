package darkroom_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"testing"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/internal/testenv"
)

// Recipes are checked against what a picture measures. A camera does not say it
// of a raw file, whose preview is edited, nor of a video.
func TestTheUprightSizeIsThatOfThePixels(t *testing.T) {
	video, err := os.ReadFile(testenv.Data(t, "cameras", "mov-with-gps.mov"))
	if err != nil {
		t.Fatal(err)
	}
	misnamed, err := os.ReadFile(testenv.Data(t, "cameras", "nef-Issue-247-1.nef"))
	if err != nil {
		t.Fatal(err)
	}
	turned, err := os.ReadFile(testenv.Data(t, "orientation", "portrait_6.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	raw := append(append([]byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"), picture(t, 40, 30)...), oriented(t, patches(300, 200, pt(200, 60)), 6)...)
	cases := map[string]struct {
		b    []byte
		mime string
		w, h int
	}{
		"raw, by its preview as the camera was held": {raw, "image/x-nikon-nef", 300, 200},
		"a camera's file that is turned":             {turned, "image/jpeg", 450, 600},
		"a JPEG under a raw file's name":             {misnamed, "image/jpeg", 2000, 3008},
		"a video as the camera was held":             {video, "video/quicktime", 0, 0},
	}
	for way, r := range editors(t) {
		for name, c := range cases {
			m, err := r.Measure(t.Context(), source(c.b, c.mime), darkroom.MeasureOptions{}, true)
			if c.mime == "video/quicktime" {
				if way == "go" { // there is no decoder
					continue
				}
				p, err := r.Edit(t.Context(), source(c.b, c.mime), clinical.NewRecipe(), darkroom.EditOptions{})
				if err != nil {
					t.Fatal(err)
				}
				c.w, c.h = p.SourceWidth, p.SourceHeight
			}
			if err != nil || m.Width != c.w || m.Height != c.h {
				t.Errorf("%s: %s: %d × %d, want %d × %d, %v", way, name, m.Width, m.Height, c.w, c.h, err)
			}
		}
		if got, err := hostileMeasure(t); err == nil {
			t.Errorf("a child that lies was believed: %+v", got)
		}
		if _, err := r.Measure(t.Context(), source([]byte("no picture at all"), "image/jpeg"), darkroom.MeasureOptions{}, true); clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
			t.Errorf("%s: no picture: %v", way, err)
		}
	}
}

// hostileMeasure asks a child that a picture took over.
func hostileMeasure(t *testing.T) (darkroom.Measured, error) {
	t.Helper()
	r, _ := hostile(t, liarArg)
	return r.Measure(t.Context(), source(picture(t, 100, 80), "image/jpeg"), darkroom.MeasureOptions{}, true)
}

// All ways measure the same, but for the last digits in which decoders differ.
func TestFiguresAreOfThePixelsWhoeverDecodesThem(t *testing.T) {
	b, err := os.ReadFile(testenv.Data(t, "wounds", "validation", "0001.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	thumb := small(t, img, 256)
	for way, r := range editors(t) {
		m, err := r.Measure(t.Context(), source(b, "image/jpeg"), darkroom.MeasureOptions{Others: [][]byte{nil, thumb, []byte("no thumbnail"), make([]byte, 1<<20), b}}, true)
		if err != nil {
			t.Fatal(err)
		}
		if f := m.Figures; !f.Edges || f.Blur > 1 || f.Light.High < 0.7 || f.Light.High > 0.9 || f.Light.Dark < 0.24 || f.Light.Dark > 0.26 {
			t.Errorf("%s: %+v", way, f)
		}
		if a := m.Alike; len(a) != 5 || a[0] != 0 || a[1] < 0.98 || a[2] != 0 || a[3] != 0 || a[4] != 0 {
			t.Errorf("%s: alike %v: only a thumbnail is compared with", way, m.Alike)
		}
		if m.Sought {
			t.Errorf("%s: looked for faces though nobody asked", way)
		}
	}
}

// small is a thumbnail as the darkroom makes it.
func small(t testing.TB, img image.Image, size darkroom.Size) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	p, err := darkroom.NewRenderer(nil).Render(t.Context(), source(b.Bytes(), "image/jpeg"), size, false)
	if err != nil {
		t.Fatal(err)
	}
	return p.JPEG
}

// BenchmarkMeasure measures a picture of 12 megapixels, decoding and both
// children included: alone, beside six others of a burst, and with the search for
// faces.
func BenchmarkMeasure(b *testing.B) {
	data := photograph(b, 4000, 3000)
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		b.Fatal(err)
	}
	thumb := small(b, img, darkroom.ThumbnailSize)
	r := editors(b)["children"]
	for name, opt := range map[string]darkroom.MeasureOptions{
		"alone": {}, "in-a-burst": {Others: [][]byte{thumb, thumb, thumb, thumb, thumb, thumb}}, "faces": {Faces: true},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := r.Measure(b.Context(), source(data, "image/jpeg"), opt, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
