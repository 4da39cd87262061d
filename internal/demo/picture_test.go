package demo_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/internal/demo"
)

func options() demo.Options {
	return demo.Options{
		Taken:  time.Date(2026, 3, 1, 9, 5, 7, 0, time.FixedZone("", 3600)),
		Camera: demo.Camera{Make: "Canon", Model: "Canon EOS R5", Serial: "032021004177", Clock: 7 * time.Minute},
		Height: 480,
	}
}

func draw(tb testing.TB, k demo.Kind, seed uint64, o demo.Options) []byte {
	tb.Helper()
	if k == demo.Label {
		o.Payload = "fovea:job:26-1187"
	}
	b, err := demo.Picture(k, seed, o)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func decode(tb testing.TB, b []byte) image.Image {
	tb.Helper()
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

func TestSameSeedDrawsTheSameBytes(t *testing.T) {
	for _, k := range append(demo.Scenes(), demo.Label) {
		a, again, other := draw(t, k, 1, options()), draw(t, k, 1, options()), draw(t, k, 2, options())
		if !bytes.Equal(a, again) {
			t.Errorf("%s: the same seed draws something else", k)
		}
		if bytes.Equal(a, other) {
			t.Errorf("%s: two seeds draw the same", k)
		}
	}
}

func TestPictureIsOfTheSizeOfACameraFile(t *testing.T) {
	o := options()
	o.Height, o.Ruler = 1200, true
	b := draw(t, demo.LegUlcer, 5, o)
	if got := decode(t, b).Bounds().Size(); got != image.Pt(1600, 1200) {
		t.Errorf("%v px", got)
	}
	if len(b) < 200<<10 || len(b) > 800<<10 {
		t.Errorf("%d bytes", len(b))
	}
}

// TestEveryOrientationShowsTheSamePicture turns each stored picture back as its EXIF says, by the definition of the
// tag, and compares.
func TestEveryOrientationShowsTheSamePicture(t *testing.T) {
	upright := decode(t, draw(t, demo.HandBurn, 3, options()))
	w, h := upright.Bounds().Dx(), upright.Bounds().Dy()
	for orientation := 1; orientation <= 8; orientation++ {
		o := options()
		o.Orientation = orientation
		stored := decode(t, draw(t, demo.HandBurn, 3, o))
		sum, n := 0.0, 0
		for y := 0; y < h; y += 7 {
			for x := 0; x < w; x += 7 {
				at := [9]image.Point{ // where the upright x, y is stored, from the tag's definition: TIFF 6.0, page 36
					{},
					{X: x, Y: y},
					{X: w - 1 - x, Y: y},
					{X: w - 1 - x, Y: h - 1 - y},
					{X: x, Y: h - 1 - y},
					{X: y, Y: x},
					{X: y, Y: w - 1 - x},
					{X: h - 1 - y, Y: w - 1 - x},
					{X: h - 1 - y, Y: x},
				}[orientation]
				a, _, _, _ := upright.At(x, y).RGBA()
				b, _, _, _ := stored.At(at.X, at.Y).RGBA()
				sum += math.Abs(float64(a)-float64(b)) / 257
				n++
			}
		}
		if sum/float64(n) > 6 {
			t.Errorf("orientation %d: %.1f levels apart on average", orientation, sum/float64(n))
		}
	}
}

// TestExiftoolReadsWhatTheCameraSays asks the program that the pipeline uses.
func TestExiftoolReadsWhatTheCameraSays(t *testing.T) {
	dir := t.TempDir()
	silent := options()
	silent.Camera = demo.Camera{NoOffset: true}
	turned := options()
	turned.Orientation = 6
	for name, o := range map[string]demo.Options{"full.jpg": options(), "silent.jpg": silent, "turned.jpg": turned} {
		if err := os.WriteFile(filepath.Join(dir, name), draw(t, demo.ArmScar, 1, o), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) map[string]any {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "exiftool", "-j", "-n", "-validate", "-warning", "-a", filepath.Join(dir, name)).Output()
		if err != nil {
			t.Fatalf("exiftool (make setup installs it): %v", err)
		}
		validated := out
		out, err = exec.CommandContext(t.Context(), "exiftool", "-j", "-n", filepath.Join(dir, name)).Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(validated), `"Validate": "0 0 0"`) {
			t.Errorf("%s: %s", name, validated)
		}
		var got []map[string]any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	full := read("full.jpg")
	for k, want := range map[string]any{
		"DateTimeOriginal": "2026:03:01 09:12:07", "OffsetTimeOriginal": "+01:00", "Make": "Canon", "Model": "Canon EOS R5",
		"Orientation": 1.0, "ImageWidth": 640.0,
	} {
		if full[k] != want {
			t.Errorf("%s: %v, want %v", k, full[k], want)
		}
	}
	if s, ok := full["SerialNumber"].(string); !ok || s != "032021004177" {
		t.Errorf("serial number %v", full["SerialNumber"])
	}
	if got := read("silent.jpg"); got["Make"] != nil || got["SerialNumber"] != nil || got["OffsetTimeOriginal"] != nil || got["DateTimeOriginal"] == nil {
		t.Errorf("a silent camera says %v", got)
	}
	if got := read("turned.jpg"); got["Orientation"] != 6.0 || got["ImageWidth"] != 480.0 || got["ImageHeight"] != 640.0 {
		t.Errorf("turned: %v × %v, orientation %v", got["ImageWidth"], got["ImageHeight"], got["Orientation"])
	}
}

func TestPictureOutOfBoundsIsInvalid(t *testing.T) {
	for name, change := range map[string]func(*demo.Options){
		"orientation": func(o *demo.Options) { o.Orientation = 9 },
		"low":         func(o *demo.Options) { o.Height = 100 },
		"high":        func(o *demo.Options) { o.Height = 5000 },
		"skin":        func(o *demo.Options) { o.Skin = 7 },
		"close":       func(o *demo.Options) { o.Close = 0.5 },
		"healed":      func(o *demo.Options) { o.Healed = 1.5 },
		"serial":      func(o *demo.Options) { o.Camera.Serial = strings.Repeat("1", 65) },
		"make":        func(o *demo.Options) { o.Camera.Make = "Caf\u00e9" },
	} {
		o := options()
		change(&o)
		if _, err := demo.Picture(demo.ArmScar, 1, o); clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%s: want Invalid, got %v", name, err)
		}
	}
	for name, change := range map[string]func(*demo.Options){
		"no payload":   func(o *demo.Options) { o.Payload = "" },
		"long payload": func(o *demo.Options) { o.Payload = strings.Repeat("x", 301) },
		"many lines":   func(o *demo.Options) { o.Lines = make([]string, 9) },
		"long line":    func(o *demo.Options) { o.Lines = []string{strings.Repeat("é", 33)} },
	} {
		o := options()
		o.Payload = "x"
		change(&o)
		if _, err := demo.Picture(demo.Label, 1, o); clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%s: want Invalid, got %v", name, err)
		}
	}
	if _, err := demo.Picture("face", 1, options()); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("a kind that is not drawn: %v", err)
	}
}

func TestBulkFilesAreWholeDistinctAndOfTheirSize(t *testing.T) {
	for _, size := range []int{300_000, 300_001, 300_002, 300_003, 8_000_000} {
		files, err := demo.Bulk(3, size, options())
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for name, b := range files {
			if len(b) != size || seen[name] || seen[string(b)] {
				t.Errorf("%s: %d bytes, want %d", name, len(b), size)
			}
			seen[name], seen[string(b)] = true, true
			if decode(t, b).Bounds().Dx() == 0 || !bytes.HasSuffix(b, []byte{0xFF, 0xD9}) {
				t.Errorf("%s is not whole", name)
			}
		}
		if len(seen) != 6 {
			t.Errorf("%d names and files", len(seen))
		}
	}
	if _, err := demo.Bulk(1, 1000, options()); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("too small: %v", err)
	}
}

func BenchmarkPicture(b *testing.B) {
	o := options()
	o.Height = 0
	for b.Loop() {
		draw(b, demo.LegUlcer, 1, o)
	}
}

func BenchmarkBulk8MB(b *testing.B) {
	files, err := demo.Bulk(1<<30, 8_000_000, options())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(8_000_000)
	n := 0
	b.ResetTimer()
	for range files {
		if n++; n >= b.N {
			break
		}
	}
}
