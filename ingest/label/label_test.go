package label_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"
	"pgregory.net/rapid"

	"fovea/ingest/label"
)

func text(t testing.TB, p label.Payload) string {
	t.Helper()
	s, err := p.Text()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// code renders a code of about n pixels with its quiet zone.
func code(t testing.TB, symbology, s string, n int) image.Image {
	t.Helper()
	var m *gozxing.BitMatrix
	var err error
	switch symbology {
	case "qr":
		m, err = qrcode.NewQRCodeWriter().Encode(s, gozxing.BarcodeFormat_QR_CODE, n, n, nil)
	case "datamatrix":
		m, err = datamatrix.NewDataMatrixWriter().Encode(s, gozxing.BarcodeFormat_DATA_MATRIX, n, n, nil)
	case "code128":
		m, err = oned.NewCode128Writer().Encode(s, gozxing.BarcodeFormat_CODE_128, n, n/4, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := m.Bounds()
	sheet := image.NewGray(image.Rect(0, 0, b.Dx()+n/4, b.Dy()+n/4))
	draw.Draw(sheet, sheet.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(sheet, b.Add(image.Pt(n/8, n/8)), m, b.Min, draw.Src)
	return sheet
}

// scene is a skin-toned, uneven background, w × h.
func scene(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			d := int(12 * math.Sin(float64(x)/37) * math.Cos(float64(y)/53))
			img.SetRGBA(x, y, color.RGBA{uint8(205 + d), uint8(160 + d), uint8(135 + d), 255})
		}
	}
	return img
}

// place draws src on dst in the quadrilateral q (clockwise from the top left):
// perspective, by the inverse of a bilinear map solved per pixel is not needed,
// for a dense forward map fills it.
func place(dst *image.RGBA, src image.Image, q [4][2]float64) {
	b := src.Bounds()
	n := 3 * max(b.Dx(), b.Dy())
	for j := range n {
		v := (float64(j) + .5) / float64(n)
		for i := range n {
			u := (float64(i) + .5) / float64(n)
			x := (1-v)*((1-u)*q[0][0]+u*q[1][0]) + v*((1-u)*q[3][0]+u*q[2][0])
			y := (1-v)*((1-u)*q[0][1]+u*q[1][1]) + v*((1-u)*q[3][1]+u*q[2][1])
			dst.Set(int(x), int(y), src.At(b.Min.X+int(u*float64(b.Dx())), b.Min.Y+int(v*float64(b.Dy()))))
		}
	}
}

// pose is how a label lies in the frame.
type pose struct{ degrees, tilt float64 }

// square is a w × h quadrilateral around a middle, turned by degrees and leaning
// back by tilt (0: flat).
func square(cx, cy, w, h float64, lie pose) [4][2]float64 {
	s, c := math.Sincos(lie.degrees * math.Pi / 180)
	var q [4][2]float64
	for i, p := range [4][2]float64{{-1 + lie.tilt, -1}, {1 - lie.tilt, -1}, {1, 1}, {-1, 1}} {
		x, y := p[0]*w/2, p[1]*h/2
		q[i] = [2]float64{cx + x*c - y*s, cy + x*s + y*c}
	}
	return q
}

// blurred is img seen through a lens out of focus by r pixels.
func blurred(img *image.RGBA, r int) *image.RGBA {
	small := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx()/r, img.Rect.Dy()/r))
	draw.ApproxBiLinear.Scale(small, small.Rect, img, img.Rect, draw.Src, nil)
	out := image.NewRGBA(img.Rect)
	draw.ApproxBiLinear.Scale(out, out.Rect, small, small.Rect, draw.Src, nil)
	return out
}

func find(t testing.TB, img image.Image) []string {
	t.Helper()
	codes, err := label.Find(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, c := range codes {
		out = append(out, c.Text)
		if c.X < 0 || c.X > 1 || c.Y < 0 || c.Y > 1 {
			t.Errorf("a code lies at %.2f, %.2f", c.X, c.Y)
		}
	}
	return out
}

func TestLabelsAreReadAsPhotographed(t *testing.T) {
	job := text(t, label.Payload{Kind: label.Job, Number: "2024-00317"})
	tests := []struct {
		what, symbology     string
		size, degrees, tilt float64
		blur                int
	}{
		{"straight", "qr", 500, 0, 0, 1},
		{"turned", "qr", 500, 30, 0, 1},
		{"on its side", "qr", 500, 90, 0, 1},
		{"upside down", "qr", 500, 180, 0, 1},
		{"leaning", "qr", 500, 10, .08, 1},
		{"small", "qr", 220, 0, 0, 1},
		{"blurred", "qr", 500, 5, 0, 4},
		{"filling the frame", "qr", 1100, 0, 0, 1},
		{"straight", "datamatrix", 400, 0, 0, 1},
		{"turned", "datamatrix", 400, 4, 0, 1},
		{"straight", "code128", 1100, 0, 0, 1},
		{"on its side", "code128", 1100, 90, 0, 1},
		{"upside down", "code128", 1100, 180, 0, 1},
	}
	for _, tt := range tests {
		img := scene(2000, 1400)
		c := code(t, tt.symbology, job, 600)
		ratio := float64(c.Bounds().Dy()) / float64(c.Bounds().Dx())
		place(img, c, square(1000, 700, tt.size, tt.size*ratio, pose{tt.degrees, tt.tilt}))
		if tt.blur > 1 {
			img = blurred(img, tt.blur)
		}
		if got := find(t, img); len(got) != 1 || got[0] != job {
			t.Errorf("%s %s: %q", tt.symbology, tt.what, got)
		}
	}
}

func TestEveryLabelInTheFrameIsReported(t *testing.T) {
	a := text(t, label.Payload{Kind: label.Job, Number: "A1"})
	b := text(t, label.Payload{Kind: label.Patient, System: "mrn", Number: "0042"})
	for _, symbologies := range [][2]string{{"qr", "qr"}, {"qr", "datamatrix"}, {"qr", "code128"}, {"datamatrix", "datamatrix"}} {
		img := scene(2000, 1400)
		for i, s := range []string{a, b} {
			c := code(t, symbologies[i], s, 600)
			ratio := float64(c.Bounds().Dy()) / float64(c.Bounds().Dx())
			place(img, c, square(500+1000*float64(i), 400+600*float64(i), 700, 700*ratio, pose{}))
		}
		if got := find(t, img); len(got) != 2 {
			t.Errorf("%v: found %q", symbologies, got)
		}
	}
}

func TestGlareAcrossALabelReadsNothing(t *testing.T) {
	job := text(t, label.Payload{Kind: label.Job, Number: "2024-00317"})
	img := scene(1600, 1200)
	place(img, code(t, "qr", job, 600), square(800, 600, 600, 600, pose{}))
	for y := 350; y < 850; y++ {
		for x := 620; x < 980; x++ {
			img.SetRGBA(x, y, color.RGBA{255, 255, 255, 255})
		}
	}
	if got := find(t, img); len(got) != 0 {
		t.Errorf("read %q through glare", got)
	}
}

func TestNoiseNeverBecomesALabel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 12 {
		img := image.NewGray(image.Rect(0, 0, 900, 700))
		cell := 1 << (i % 4)
		for y := range 700 {
			for x := range 900 {
				switch {
				case x%cell != 0:
					img.Pix[y*img.Stride+x] = img.Pix[y*img.Stride+x-1]
				case i%3 == 0 && y > 0 && y%50 != 0: // bars
					img.Pix[y*img.Stride+x] = img.Pix[(y-1)*img.Stride+x]
				default:
					img.Pix[y*img.Stride+x] = uint8(255 * r.IntN(2))
				}
			}
		}
		if got := find(t, img); len(got) != 0 {
			t.Errorf("noise %d: %q", i, got)
		}
	}
}

func TestPayloadsComeBackAndNoChangeOfOneCharacterPasses(t *testing.T) {
	field := rapid.StringMatching(`[!-9;-~]{1,20}`)
	rapid.Check(t, func(t *rapid.T) {
		p := label.Payload{Kind: rapid.SampledFrom([]label.Kind{label.Job, label.End, label.Patient}).Draw(t, "kind"), Number: field.Draw(t, "number")}
		if p.Kind == label.Patient {
			p.System = field.Draw(t, "system")
		}
		s, err := p.Text()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := label.Parse(s); err != nil || got != p {
			t.Fatalf("%+v %v, want %+v", got, err, p)
		}
		b := []byte(s)
		i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		c := rapid.ByteRange(' ', '~').Draw(t, "new")
		if b[i] == c {
			return
		}
		b[i] = c
		if got, err := label.Parse(string(b)); err == nil {
			t.Fatalf("%q passes as %+v", b, got)
		}
	})
}

func TestForeignAndDamagedAreToldApart(t *testing.T) {
	good := text(t, label.Payload{Kind: label.Job, Number: "7"})
	for s, want := range map[string]error{
		"": label.ErrForeign, "943 476 5919": label.ErrForeign, "FOVE": label.ErrForeign,
		"FOVEA": label.ErrDamaged, "fovea1:J:7:0000": label.ErrDamaged, "FOVEA2:J:7:0000": label.ErrDamaged,
		good + " ": label.ErrDamaged, " " + good: label.ErrDamaged, "\x1d" + good: label.ErrDamaged, "\ufeff*FOVEA1:J:7:0000": label.ErrDamaged, good[:len(good)-1]: label.ErrDamaged, "FOVEA1:X:7:0000": label.ErrDamaged,
	} {
		if _, err := label.Parse(s); !errors.Is(err, want) {
			t.Errorf("Parse(%q) = %v, want %v", s, err, want)
		}
	}
	for _, p := range []label.Payload{
		{},
		{Kind: label.Job},
		{Kind: label.Job, Number: "a:b"},
		{Kind: label.Job, Number: "a b"},
		{Kind: label.Job, Number: "é"},
		{Kind: label.Job, System: "x", Number: "1"},
		{Kind: label.Patient, Number: "1"},
	} {
		if s, err := p.Text(); err == nil {
			t.Errorf("%+v printed as %q", p, s)
		}
	}
}

func TestTheCheckIsThisOne(t *testing.T) { // printed labels outlive the program
	for want, p := range map[string]label.Payload{
		"FOVEA1:J:2024-00317:E7MG": {Kind: label.Job, Number: "2024-00317"},
		"FOVEA1:P:mrn:0042:TTP7":   {Kind: label.Patient, System: "mrn", Number: "0042"},
	} {
		if got := text(t, p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("FOVEA1:J:7:0000")
	f.Add("FOVEA1:P:mrn:0042:0000")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := label.Parse(s)
		if err != nil {
			return
		}
		if again, err := p.Text(); err != nil || again != s {
			t.Errorf("%q is read as %+v, which is written %q, %v", s, p, again, err)
		}
	})
}

func photo(t testing.TB) []byte {
	t.Helper()
	img := scene(4288, 2848)
	place(img, code(t, "qr", text(t, label.Payload{Kind: label.Job, Number: "2024-00317"}), 600), square(2000, 1400, 900, 900, pose{8, .03}))
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPhotographIsReadFromItsFile(t *testing.T) {
	b := photo(t)
	codes, err := label.NewReader(nil).Read(t.Context(), bytes.NewReader(b), int64(len(b)), "image/jpeg")
	if err != nil || len(codes) != 1 {
		t.Fatalf("%v, %v", codes, err)
	}
	if c := codes[0]; math.Abs(c.X-.466) > .1 || math.Abs(c.Y-.49) > .1 || c.Symbology != "qr" {
		t.Errorf("%+v", c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := label.NewReader(nil).Read(ctx, bytes.NewReader(b), int64(len(b)), "image/jpeg"); err == nil {
		t.Error("read on after the end of its context")
	}
	if _, err := label.NewReader(nil).Read(t.Context(), bytes.NewReader(b[:1000]), 1000, "image/jpeg"); err == nil {
		t.Error("half a picture was decoded")
	}
}

func BenchmarkRead12MP(b *testing.B) {
	data := photo(b)
	r := label.NewReader(nil)
	for b.Loop() {
		if _, err := r.Read(b.Context(), bytes.NewReader(data), int64(len(data)), "image/jpeg"); err != nil {
			b.Fatal(err)
		}
	}
}

func ExamplePayload_Text() {
	s, _ := label.Payload{Kind: label.End, Number: "7"}.Text()
	p, err := label.Parse(s)
	fmt.Println(p.Number, err)
	// Output: 7 <nil>
}
