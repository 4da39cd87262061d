package watermark_test

import (
	"bytes"
	"image/jpeg"
	"io"
	"runtime"
	"testing"
	"time"

	"fovea/darkroom/watermark"
)

// BenchmarkEmbed marks a teaching rendition of 2048 pixels, beside what any watermark in pixels must do at least:
// decode it and encode it again with the standard library. pictures/s is ours alone.
func BenchmarkEmbed(b *testing.B) {
	m := marker(b)
	for _, rendition := range renditions(b, "cameras/jpg-Canon-EOS*.jpg") {
		var own, other time.Duration
		n := 0
		for b.Loop() {
			n++
			start := time.Now()
			if err := m.Embed(io.Discard, rendition, asset(), mark(n)); err != nil {
				b.Fatal(err)
			}
			own += time.Since(start)
			start = time.Now()
			img, err := jpeg.Decode(bytes.NewReader(rendition))
			if err != nil {
				b.Fatal(err)
			}
			if err := jpeg.Encode(io.Discard, img, &jpeg.Options{Quality: 85}); err != nil {
				b.Fatal(err)
			}
			other += time.Since(start)
		}
		b.ReportMetric(float64(other)/float64(own), "x/decode-and-encode")
		b.ReportMetric(float64(n)/own.Seconds(), "pictures/s")
		b.ReportMetric(embedMemory(b, m, rendition), "B-allocated/picture")
	}
}

// embedMemory is how much one embedding allocates once the buffers are there.
func embedMemory(b *testing.B, m *watermark.Marker, rendition []byte) float64 {
	b.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for n := range 10 {
		if err := m.Embed(io.Discard, rendition, asset(), mark(n)); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / 10
}

// BenchmarkMeasure is what a rendition costs once, when it is made.
func BenchmarkMeasure(b *testing.B) {
	for _, rendition := range renditions(b, "cameras/jpg-Canon-EOS*.jpg") {
		for b.Loop() {
			if _, err := watermark.Measure(rendition); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkTrace looks for a reader among 10,000: in the whole picture saved again, in half of it at 640 pixels, and
// in a picture of something else.
func BenchmarkTrace(b *testing.B) {
	m, candidates := marker(b), crowd(10_000, 1)
	for _, rendition := range renditions(b, "cameras/jpg-Canon-EOS*.jpg") {
		served := decode(b, embed(b, m, rendition, 1))
		for name, leak := range map[string][]byte{
			"whole": encode(b, served, 50),
			"half":  encode(b, scaled(cropped(served, .15, .2, .7, .72), 640), 50),
			"other": encode(b, texture(1200, 900, 120, 30), 50),
		} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if _, err := m.Trace(b.Context(), decode(b, leak), rendition, asset(), candidates); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
