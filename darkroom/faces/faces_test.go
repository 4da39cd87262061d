package faces_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"sync"
	"testing"

	"fovea/clinical"
	"fovea/darkroom/faces"
)

func detector(tb testing.TB) *faces.Detector {
	tb.Helper()
	d, err := faces.New()
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func find(tb testing.TB, d *faces.Detector, img image.Image) []faces.Found {
	tb.Helper()
	found, err := d.Find(tb.Context(), img)
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

func TestManyAtOnceFindWhatOneFinds(t *testing.T) {
	d := detector(t)
	img := photo(t, "faces", "2008_001009.jpg")
	want := find(t, d, img)
	if len(want) != 2 || want[0].Level != clinical.ToMask || want[0].Turn != 0 {
		t.Fatalf("found %v, want two upright faces", want)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			got, err := d.Find(t.Context(), img)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("at once: %v, %v; alone: %v", got, err, want)
			}
		})
	}
	all.Wait()
}

func TestAFaceIsToldHowItLies(t *testing.T) {
	d := detector(t)
	s := shot{img: photo(t, "faces", "2008_001009.jpg")}.turned()
	found := find(t, d, s.img)
	if len(found) != 2 || found[0].Turn != 270 || found[1].Turn != 270 {
		t.Errorf("found %v, want two faces that are upright after three quarters more", found)
	}
}

// What a picture is stored as makes no difference, nor does where its bounds
// begin.
func TestEveryKindOfPictureIsLookedAt(t *testing.T) {
	d := detector(t)
	img := photo(t, "faces", "2008_001009.jpg")
	want := find(t, d, img)
	shift := image.Pt(300, -20)
	kinds := map[string]draw.Image{
		"RGBA":    image.NewRGBA(img.Bounds().Add(shift)),
		"NRGBA":   image.NewNRGBA(img.Bounds().Add(shift)),
		"RGBA64":  image.NewRGBA64(img.Bounds().Add(shift)),
		"unknown": strange{image.NewRGBA(img.Bounds().Add(shift))},
	}
	for name, kind := range kinds {
		draw.Draw(kind, kind.Bounds(), img, img.Bounds().Min, draw.Src)
		got := find(t, d, kind)
		if len(got) != len(want) {
			t.Errorf("%s: found %v, want %v", name, got, want)
			continue
		}
		for i := range got {
			if overlap(got[i].Box.Sub(shift), want[i].Box) < 0.9 {
				t.Errorf("%s: found %v, want %v", name, got[i], want[i])
			}
		}
	}
}

// strange hides what a picture is.
type strange struct{ draw.Image }

func TestNothingIsFoundInNothing(t *testing.T) {
	d := detector(t)
	grey := image.NewUniform(color.Gray{128})
	for _, size := range []image.Point{{1, 1}, {1, 5000}, {5000, 1}, {3, 2}, {640, 480}} {
		img := image.NewRGBA(image.Rectangle{Max: size})
		draw.Draw(img, img.Bounds(), grey, image.Point{}, draw.Src)
		for _, f := range find(t, d, img) {
			if f.Level == clinical.ToMask {
				t.Errorf("%v: found %v in grey", size, f)
			}
		}
	}
}

func TestAPictureWithoutPixelsIsInvalid(t *testing.T) {
	d := detector(t)
	for _, r := range []image.Rectangle{{}, image.Rect(0, 0, 0, 9), image.Rect(0, 0, 1<<20, 1<<20)} {
		if _, err := d.Find(t.Context(), bare(r)); clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%v: %v, want invalid", r, err)
		}
	}
}

// bare is a picture that nobody may look at.
type bare image.Rectangle

func (b bare) Bounds() image.Rectangle { return image.Rectangle(b) }
func (bare) ColorModel() color.Model   { return color.GrayModel }
func (bare) At(int, int) color.Color   { panic("looked at") }

func TestAnAskerWhoHasLeftIsAnsweredAtOnce(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := detector(t).Find(ctx, photo(t, "faces", "2008_001009.jpg")); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, want the context's error", err)
	}
}
