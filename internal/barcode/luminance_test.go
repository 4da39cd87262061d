package barcode_test

import (
	"image"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fovea/internal/barcode"
)

func TestEachPixelOfAShrunkPictureIsTheMeanOfItsArea(t *testing.T) {
	src := &image.Gray{Pix: []byte{
		0, 90, 30, 9,
		60, 30, 60, 9,
		90, 0, 30, 9,
	}, Stride: 4, Rect: image.Rect(0, 0, 3, 3)}
	got := barcode.Shrunk(src, 2, 2)
	// A side of 3 in 2: each takes one pixel and half of the middle one.
	want := []byte{37, 50, 57, 30}
	if diff := cmp.Diff(want, got.Pix); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestShrinkingKeepsAnEvenPictureEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 80)
		w, h := side.Draw(t, "width"), side.Draw(t, "height")
		level := rapid.Byte().Draw(t, "level")
		src := image.NewGray(image.Rect(0, 0, w, h))
		for i := range src.Pix {
			src.Pix[i] = level
		}
		got := barcode.Shrunk(src, rapid.IntRange(1, w).Draw(t, "to width"), rapid.IntRange(1, h).Draw(t, "to height"))
		for i, v := range got.Pix {
			if v != level {
				t.Fatalf("pixel %d of %v is %d, want %d", i, got.Rect, v, level)
			}
		}
	})
}
