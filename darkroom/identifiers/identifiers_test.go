package identifiers_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/darkroom/identifiers"
	"fovea/internal/sandbox"
)

func box(tb testing.TB) *sandbox.Sandbox {
	tb.Helper()
	s, err := sandbox.Open(tb.Context(), sandbox.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func sheet(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = 200
	}
	return img
}

func TestWithoutAnEngineThatNobodyReadIsSaid(t *testing.T) {
	s := scene{img: sheet(900, 700)}
	s.lay(coded(t, "qr", "H1000001", 300), pose{x: 450, y: 350, scale: 1})
	for name, f := range map[string]*identifiers.Finder{
		"no sandbox": identifiers.New(nil), "not installed": identifiers.With(box(t), "/usr/bin/no-such-program"),
	} {
		got, err := f.Find(t.Context(), s.img)
		if err != nil || got.Unread != identifiers.ReasonNoEngine {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if len(got.Found) != 1 || got.Found[0].Kind != identifiers.Code || got.Found[0].Level != clinical.ToMask {
			t.Errorf("%s: the code is found all the same: %+v", name, got.Found)
		}
	}
}

// An engine that was taken over, or is broken, is killed when it has written too
// much; each of the four looks has a child of its own.
func TestABrokenEngineIsKilledAndTold(t *testing.T) {
	for _, program := range []string{"/usr/bin/yes", "/usr/bin/false"} {
		start := time.Now()
		got, err := identifiers.With(box(t), program).Find(t.Context(), sheet(400, 300))
		if err != nil || got.Unread != identifiers.ReasonEngineFailed || len(got.Found) != 0 {
			t.Errorf("%s: %+v, %v", program, got, err)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s took %v", program, took)
		}
	}
}

func TestTheLookEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := identifiers.New(box(t)).Find(ctx, sheet(400, 300)); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	for _, img := range []image.Image{image.NewRGBA(image.Rectangle{}), image.NewUniform(color.White)} {
		if _, err := identifiers.New(nil).Find(t.Context(), img); clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%v: %v", img.Bounds(), err)
		}
	}
}

func TestAPictureThatDoesNotBeginAtZeroHasItsBoxesInItself(t *testing.T) {
	s := scene{img: sheet(1400, 1000)}
	s.lay(coded(t, "code128", "H1000001", 400), pose{x: 1000, y: 700, scale: 1})
	part := s.img.SubImage(image.Rect(500, 300, 1400, 1000))
	got, err := identifiers.New(nil).Find(t.Context(), part)
	if err != nil || len(got.Found) != 1 || share(got.Found[0].Box, s.codes[0]) < .9 {
		t.Errorf("%+v, %v; the code is at %v", got, err, s.codes)
	}
}

func TestTurningBackIsTurningBack(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 50, 30))
	at := image.Rect(7, 4, 11, 6)
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			img.SetGray(x, y, color.Gray{255})
		}
	}
	for quarter := range 4 {
		turned, back := identifiers.Turned(img, quarter)
		var lit image.Rectangle
		for y := range turned.Rect.Dy() {
			for x := range turned.Rect.Dx() {
				if turned.GrayAt(x, y).Y > 0 {
					lit = lit.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		if got := back(lit); got != at {
			t.Errorf("%d quarters: %v", quarter, got)
		}
	}
	if turned, _ := identifiers.Turned(img, 1); turned.GrayAt(30-1-4, 7).Y == 0 {
		t.Error("a quarter is not clockwise")
	}
}

// table is what the engine writes of words on one line.
func table(words ...string) string {
	out := "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n1\t1\t0\t0\t0\t0\t0\t0\t900\t700\t-1\t\n"
	x := 100
	for _, w := range words {
		text, sure, _ := strings.Cut(w, "@")
		out += fmt.Sprintf("5\t1\t1\t1\t1\t1\t%d\t50\t%d\t20\t%s\t%s\n", x, 12*len(text), sure, text)
		x += 12*len(text) + 15
	}
	return out
}

func TestWhatCountsAsWritten(t *testing.T) {
	for name, x := range map[string]struct {
		table  string
		blocks int
		scale  bool
	}{
		"a name":                {table("FONTAINE@91"), 1, false},
		"a name and what is by": {table("FONTAINE@91", "A@40"), 1, false},
		"a number":              {table("1000001@70"), 1, false},
		"a date, hardly read":   {table("10/05/2017@27"), 1, false},
		"a ruler":               {table("1@95", "2@90", "3@93", "4@80", "cm@70"), 1, true},
		"a telephone number":    {table("943@95", "476@95", "5919@95"), 1, false},
		"a ruler with a name":   {table("1@95", "2@90", "3@93", "Dupont@90"), 1, false},
		"two figures":           {table("1@95", "2@90"), 0, false},
		"three letters of skin": {table("wes@67"), 0, false},
		"long, and unsure":      {table("Dermat@50"), 0, false},
		"punctuation":           {table("—_.,|@99"), 0, false},
		"another table":         {"5\t1\t1\t1\t1\t1\t-5\t5\t5\t5\t99\tFONTAINE\n5\tx\n\n5\t1\t1\t1\t1\t1\t5\t5\t99\t20\tNaN\tFONTAINE\n", 0, false},
	} {
		got := identifiers.Blocks(x.table)
		if len(got) != x.blocks {
			t.Errorf("%s: %v", name, got)
		}
		for _, scale := range got {
			if scale != x.scale {
				t.Errorf("%s: scale %t", name, scale)
			}
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add(table("FONTAINE@91", "1@95"))
	f.Fuzz(func(t *testing.T, s string) {
		for box := range identifiers.Blocks(s) {
			if box.Empty() {
				t.Errorf("a block without area: %v", box)
			}
		}
	})
}

// share is how much of the second rectangle lies in the first.
func share(a, b image.Rectangle) float64 {
	in := a.Intersect(b)
	return float64(in.Dx()*in.Dy()) / float64(b.Dx()*b.Dy())
}
