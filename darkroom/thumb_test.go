package darkroom_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"slices"
	"testing"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/darkroom/coarse"
	"fovea/internal/testenv"
)

// large is a JPEG that a thumbnail is made of coarsely, with a corner of its own
// colour, and what is put behind its start.
func large(tb testing.TB, w, h int, segment []byte) []byte {
	tb.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{uint8(40 + x*100/w), uint8(60 + y*100/h), 90, 255}
			if x < w/3 && y < h/3 {
				c = color.RGBA{220, 30, 30, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		tb.Fatal(err)
	}
	return slices.Insert(b.Bytes(), 2, segment...)
}

// turnedBy is an EXIF segment with an orientation.
func turnedBy(o byte) []byte {
	return []byte("\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(rune(o)) + "\x00\x00\x00\x00\x00\x00\x00")
}

// TestASmallPictureIsTheSameEverywhere compares thumbnails made in a child with
// those made here, bit by bit, and with libvips', by eye.
func TestASmallPictureIsTheSameEverywhere(t *testing.T) {
	ways := editors(t)
	pictures := map[string][]byte{}
	for o := range byte(8) {
		pictures["orientation "+string('1'+o)] = large(t, 2600, 2081, turnedBy(o+1))
	}
	for _, name := range []string{"jpg-Nikon-D90.jpg", "jpg-Canon-PowerShot-G11.jpg", "jpg-HTC-One-M8.jpg", "jpg-Pentax-ist-D.jpg"} {
		b, err := os.ReadFile(testenv.Data(t, "cameras", name))
		if err != nil {
			t.Fatal(err)
		}
		pictures[name] = b
	}
	coarsely := 0
	for name, b := range pictures {
		var made [3]darkroom.Picture
		for i, way := range []string{"children", "go", "child"} {
			var err error
			if made[i], err = ways[way].Render(t.Context(), source(b, "image/jpeg"), darkroom.ThumbnailSize, false); err != nil {
				t.Fatal(name, way, err)
			}
		}
		if w, h, ok := coarse.Suits(b); ok && max(w, h) >= 2048 {
			coarsely++
			if !bytes.Equal(made[0].JPEG, made[1].JPEG) {
				t.Errorf("%s: a child's %d bytes, and here %d", name, len(made[0].JPEG), len(made[1].JPEG))
			}
		}
		alike(t, name, decode(t, made[0]), decode(t, made[2]))
	}
	if coarsely < 10 {
		t.Errorf("%d made coarsely", coarsely)
	}
}

// alike fails unless two pictures show the same, up to what resampling differs in:
// either of libvips and coarse is as far from filtering every pixel as 3.3 levels.
func alike(t *testing.T, name string, a, b image.Image) {
	t.Helper()
	r := a.Bounds()
	if d := b.Bounds().Size().Sub(r.Size()); max(d.X, d.Y) > 1 || min(d.X, d.Y) < -1 {
		t.Errorf("%s: %v and %v", name, r, b.Bounds())
		return
	}
	r = r.Intersect(b.Bounds())
	sum := 0
	for y := range r.Dy() {
		for x := range r.Dx() {
			ar, ag, ab, _ := a.At(x, y).RGBA()
			br, bg, bb, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(ar) - int(br), int(ag) - int(bg), int(ab) - int(bb)} {
				sum += max(d, -d) >> 8
			}
		}
	}
	if mean := float64(sum) / float64(3*r.Dx()*r.Dy()); mean > 5 {
		t.Errorf("%s: differ by %.1f levels in the mean", name, mean)
	}
}

// TestADamagedPictureIsShownAsFarAsItGoes: what is not read to its end coarsely,
// libvips and Go's own decoder are asked for.
func TestADamagedPictureIsShownAsFarAsItGoes(t *testing.T) {
	whole := large(t, 2400, 1800, nil)
	cut := whole[:len(whole)*3/4]
	p, err := editors(t)["children"].Render(t.Context(), source(cut, "image/jpeg"), darkroom.ThumbnailSize, false)
	if err != nil || p.Width != 256 {
		t.Errorf("cut short: %d px, %v", p.Width, err)
	}
	if _, err := editors(t)["go"].Render(t.Context(), source(cut, "image/jpeg"), darkroom.ThumbnailSize, false); clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
		t.Errorf("cut short, in Go: %v", err)
	}
}

// TestGoldenThumbnail: the bits of a recipe's number stay as they are.
func TestGoldenThumbnail(t *testing.T) {
	for way, r := range editors(t) {
		if way == "child" { // libvips alone: its bits are its version's
			continue
		}
		p, err := r.Render(t.Context(), source(large(t, 2600, 2081, turnedBy(6)), "image/jpeg"), darkroom.ThumbnailSize, false)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(p.JPEG)
		if got := hex.EncodeToString(sum[:8]); got != "91264f44265c719f" {
			t.Errorf("%s: %s: did you mean to change what every thumbnail looks like? Then a new recipe number, too", way, got)
		}
	}
}

// TestGreyPicturesAreShown: without a colour profile libvips takes grey for grey.
func TestGreyPicturesAreShown(t *testing.T) {
	shade := func(x, y int) uint16 { return uint16(x*120 + y*90) }
	grey, deep := image.NewGray(image.Rect(0, 0, 300, 200)), image.NewGray16(image.Rect(0, 0, 300, 200))
	veil := image.NewNRGBA(grey.Rect)
	for y := range 200 {
		for x := range 300 {
			v := shade(x, y)
			grey.SetGray(x, y, color.Gray{uint8(v >> 8)})
			deep.SetGray16(x, y, color.Gray16{v})
			veil.SetNRGBA(x, y, color.NRGBA{uint8(v >> 8), uint8(v >> 8), uint8(v >> 8), 255})
		}
	}
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, grey, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"image/jpeg": plain.Bytes(), "image/png": lossless(t, grey), "image/png; 16": lossless(t, deep), "image/png; rgb": lossless(t, veil)}
	for way, r := range editors(t) {
		for mime, b := range files {
			p, err := r.Render(t.Context(), source(b, mime[:min(len(mime), 10)]), darkroom.FullSize, false)
			if err != nil {
				t.Errorf("%s, %s: %v", way, mime, err)
				continue
			}
			alike(t, way+", "+mime, decode(t, p), grey)
			p, err = r.Edit(t.Context(), source(b, "image/png"), clinical.NewRecipe(), darkroom.EditOptions{})
			if err != nil {
				t.Errorf("%s, %s, edited: %v", way, mime, err)
				continue
			}
			alike(t, way+", "+mime+", edited", decode(t, p), grey)
		}
	}
}
