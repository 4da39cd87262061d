//go:build unix

package faces_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"slices"
	"syscall"
	"testing"
	"time"
)

// enlarged is a picture of 4000 × 3000 pixels in which the given one stands as
// large as it fits, as a camera of 12 megapixels would have stored it.
func enlarged(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	const w, h = 4000, 3000
	b := img.Bounds()
	scale := min(float64(w)/float64(b.Dx()), float64(h)/float64(b.Dy()))
	large := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range int(float64(b.Dy()) * scale) {
		for x := range int(float64(b.Dx()) * scale) {
			large.Set(x, y, img.At(b.Min.X+int(float64(x)/scale), b.Min.Y+int(float64(y)/scale)))
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, large, &jpeg.Options{Quality: 90}); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// processor returns the time that this process has had processors for: what one
// picture takes on one of them, however many others want it.
func processor(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkFind12MP is one picture, from its JPEG to the boxes: a portrait of
// one, a group of seven, one of twenty-four, and a wound. The promise is of
// processor time, decode-ms the share of reading the JPEG.
func BenchmarkFind12MP(b *testing.B) {
	d := detector(b)
	for _, one := range []struct{ name, folder, file string }{
		{"one", "faces", "Tom_Cruise_avp_2014_4.jpg"},
		{"seven", "faces", "2008_004176.jpg"},
		{"twentyfour", "faces", "bald_guys.jpg"},
		{"wound", "wounds/train", "0692.jpg"},
	} {
		b.Run(one.name, func(b *testing.B) {
			data := enlarged(b, photo(b, one.folder, one.file))
			var all []time.Duration
			var reading time.Duration
			b.ReportAllocs()
			for b.Loop() {
				from := processor(b)
				img, err := jpeg.Decode(bytes.NewReader(data))
				if err != nil {
					b.Fatal(err)
				}
				reading += processor(b) - from
				find(b, d, img)
				all = append(all, processor(b)-from)
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Milliseconds()), "p50-ms")
			b.ReportMetric(float64(reading.Milliseconds())/float64(len(all)), "decode-ms")
		})
	}
}
