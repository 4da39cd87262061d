package watermark_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"os"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/darkroom/watermark"
)

// FuzzEmbed: a rendition of any bytes is refused, or marked in exactly the length that was declared; and what could be
// decoded before can be after.
func FuzzEmbed(f *testing.F) {
	seeds(f)
	m := marker(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		room, measured := watermark.Measure(b)
		var out bytes.Buffer
		err := m.Embed(&out, b, asset(), mark(1))
		if (err == nil) != (measured == nil) {
			t.Fatalf("measured %v, embedded %v", measured, err)
		}
		if err != nil {
			if !errors.Is(err, clinical.ErrInvalid) || out.Len() > 0 {
				t.Fatalf("%d bytes and %v", out.Len(), err)
			}
			return
		}
		if out.Len() != room.Length {
			t.Fatalf("%d bytes, declared %d", out.Len(), room.Length)
		}
		again, err := watermark.Measure(out.Bytes())
		if err != nil || again.Length < room.Length/2 {
			t.Fatalf("the marked copy cannot be marked: %v", err)
		}
		before, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil {
			return
		}
		after, err := jpeg.Decode(&out)
		if err != nil || before.Bounds() != after.Bounds() {
			t.Fatalf("%v became %v", before.Bounds(), err)
		}
	})
}

// FuzzTrace: a leak of any bytes is refused or looked at for as long as there is time, and names nobody by chance.
func FuzzTrace(f *testing.F) {
	seeds(f)
	m, rendition := marker(f), encode(f, texture(96, 64, 120, 30), 85)
	f.Fuzz(func(t *testing.T, b []byte) {
		if cfg, _, err := image.DecodeConfig(bytes.NewReader(b)); err != nil || cfg.Width*cfg.Height > 1<<15 {
			return // bounded as well, and slow
		}
		leak, _, err := image.Decode(bytes.NewReader(b))
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		found, err := m.Trace(ctx, leak, rendition, asset(), crowd(3))
		if err != nil && !errors.Is(err, clinical.ErrInvalid) && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if len(found.Certain) > 0 {
			t.Fatalf("score %.1f", found.Best.Score)
		}
	})
}

func seeds(f *testing.F) {
	f.Helper()
	for _, name := range []string{"testdata/rendition.jpg", "testdata/marked.jpg"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add(encode(f, scaled(texture(48, 40, 200, 50), 48), 30))
	f.Add(encode(f, image.NewGray(image.Rect(0, 0, 17, 70)), 85))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
}
