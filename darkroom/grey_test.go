package darkroom_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/darkroom"
)

// bomb is a PNG of a few bytes that says of itself to be 60,000 × 60,000 pixels.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	out := b.Bytes()
	const header = 12 // after the signature and a length
	binary.BigEndian.PutUint32(out[header+4:], 60_000)
	binary.BigEndian.PutUint32(out[header+8:], 60_000)
	binary.BigEndian.PutUint32(out[header+17:], crc32.ChecksumIEEE(out[header:header+17]))
	return out
}

func TestTheBrightnessOfAStrangersPicture(t *testing.T) {
	pic := scene(500, 300, 3)
	for way, r := range editors(t) {
		for _, size := range []darkroom.Size{4096, 250} {
			got, err := r.Brightness(t.Context(), source(lossless(t, pic), ""), size)
			if err != nil {
				t.Fatal(way, err)
			}
			if want := image.Pt(min(500, int(size)), min(300, int(size)*3/5)); got.Rect.Size() != want {
				t.Errorf("%s: %v, want %v", way, got.Rect, want)
			}
			if size < 500 {
				continue
			}
			for _, at := range []image.Point{{0, 0}, {499, 299}, {123, 77}} {
				c := pic.NRGBAAt(at.X, at.Y)
				want := 0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B)
				if d := want - float64(got.GrayAt(at.X, at.Y).Y); d > 1.5 || d < -1.5 {
					t.Errorf("%s: at %v: %d, want %.1f", way, at, got.GrayAt(at.X, at.Y).Y, want)
				}
			}
		}
		for name, b := range map[string][]byte{
			"nothing": nil, "text": []byte("a letter"), "bomb": bomb(t), "page": []byte("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"),
		} {
			if p, err := r.Brightness(t.Context(), source(b, ""), 4096); clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
				t.Errorf("%s: %s: %v, %v", way, name, p != nil, err)
			}
		}
	}
}

// What a child says that a picture took over is measured before it is a picture.
func TestALyingChildIsNoPicture(t *testing.T) {
	for _, what := range []string{liarArg, crashedArg, hungryArg} {
		r, _ := hostile(t, what)
		p, err := r.Brightness(t.Context(), source(lossless(t, scene(40, 30, 1)), ""), 4096)
		if p != nil || err == nil || strings.Contains(err.Error(), planted) {
			t.Errorf("%s: %v, %v", what, p != nil, err)
		}
	}
}
