package align_test

import (
	"image"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"fovea/darkroom/align"
)

// processor returns the time that this process has had processors for: what one
// pair takes on one of them, however many others want it.
func processor(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkFind lays a follow-up over its predecessor, both decoded, 1024 × 768
// pixels each. The promise is of processor time.
func BenchmarkFind(b *testing.B) {
	img := photo(b, photos(b, "faces/bald_guys.jpg", 1)[0])
	small, ok := followUp{camera: align.Homography{1.9, 0, 0, 0, 1.9, 0, 0, 0, 1}, gain: 1}.take(b, img, 1024, 768, nil).(*image.RGBA)
	if !ok {
		b.Fatal("not RGBA")
	}
	f := followUp{camera: camera(1024, 768, stand{1.1, 8, align.Place{X: .03, Y: -.02}, align.Place{X: .04}}), gain: .9, slope: .2, noise: 2, save: 85}
	after := f.take(b, small, 1024, 768, rand.New(rand.NewPCG(1, 1)))
	b.ReportAllocs()
	from, pairs := processor(b), 0
	for b.Loop() {
		r, err := align.Find(b.Context(), small, after)
		if err != nil || !r.Accepted() {
			b.Fatalf("%+v, %v", r, err)
		}
		pairs++
	}
	b.ReportMetric(float64((processor(b)-from).Milliseconds())/float64(pairs), "cpu-ms/op")
}
