package align_test

import (
	"image"
	"math/rand/v2"
	"testing"

	"fovea/darkroom/align"
)

// BenchmarkFind lays a follow-up over its predecessor, both decoded, 1024 pixels
// at the longer side.
func BenchmarkFind(b *testing.B) {
	img := photo(b, photos(b, "faces/bald_guys.jpg", 1)[0])
	small := followUp{camera: align.Homography{1.9, 0, 0, 0, 1.9, 0, 0, 0, 1}, gain: 1}.take(b, img, 1024, 768, nil)
	f := followUp{camera: camera(1024, 768, stand{1.1, 8, align.Place{X: .03, Y: -.02}, align.Place{X: .04}}), gain: .9, slope: .2, noise: 2, save: 85}
	before := small.(*image.RGBA)
	after := f.take(b, before, 1024, 768, rand.New(rand.NewPCG(1, 1)))
	for b.Loop() {
		r, err := align.Find(b.Context(), before, after)
		if err != nil || !r.Accepted() {
			b.Fatalf("%+v, %v", r, err)
		}
	}
}
