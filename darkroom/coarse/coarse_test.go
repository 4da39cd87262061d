package coarse_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"fovea/darkroom/coarse"
	"fovea/internal/testenv"
)

// encoded is a JPEG with detail and noise, in colour or grey.
func encoded(tb testing.TB, w, h int, grey bool, quality int) []byte {
	tb.Helper()
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := func(f float64) uint8 {
				return uint8(127 + 90*math.Sin(float64(x)*f)*math.Cos(float64(y)*f) + float64(r.IntN(30)))
			}
			img.SetRGBA(x, y, color.RGBA{v(0.03), v(0.05), v(0.02), 255})
		}
	}
	var src image.Image = img
	if grey {
		g := image.NewGray(img.Rect)
		for i := range g.Pix {
			g.Pix[i] = img.Pix[4*i]
		}
		src = g
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, src, &jpeg.Options{Quality: quality}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// means are those of 8 × 8 samples of one component of a decoded picture.
func means(pix []byte, stride, w, h int) [][]float64 {
	var out [][]float64
	for y := 0; y+8 <= h; y += 8 {
		var row []float64
		for x := 0; x+8 <= w; x += 8 {
			sum := 0
			for i := range 64 {
				sum += int(pix[(y+i/8)*stride+x+i%8])
			}
			row = append(row, float64(sum)/64)
		}
		out = append(out, row)
	}
	return out
}

// near compares the samples of a coarse component with the means of all of them.
// A decoder rounds and cuts off what sharpening left beyond black and white.
func near(t *testing.T, what string, want [][]float64, pix []byte, stride int) {
	t.Helper()
	sum, n := 0.0, 0
	for y, row := range want {
		for x, v := range row {
			d := math.Abs(v - float64(pix[y*stride+x]))
			if d > 12 {
				t.Errorf("%s: at %d, %d: %d, and its pixels have %.1f", what, x, y, pix[y*stride+x], v)
				return
			}
			sum, n = sum+d, n+1
		}
	}
	if n > 0 && sum/float64(n) > 0.6 {
		t.Errorf("%s: off by %.2f in the mean", what, sum/float64(n))
	}
}

// matches compares a coarse picture with all of it.
func matches(t *testing.T, name string, b []byte) {
	t.Helper()
	got, err := coarse.Decode(b)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	full, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(name, err)
	}
	w, h := full.Bounds().Dx(), full.Bounds().Dy()
	if sw, sh, ok := coarse.Suits(b); !ok || sw != w || sh != h {
		t.Errorf("%s: said to be %d × %d, %v; is %d × %d", name, sw, sh, ok, w, h)
	}
	if want := image.Rect(0, 0, (w+7)/8, (h+7)/8); got.Bounds() != want {
		t.Errorf("%s: %v, want %v", name, got.Bounds(), want)
	}
	switch full := full.(type) {
	case *image.Gray:
		g, ok := got.(*image.Gray)
		if !ok {
			t.Fatalf("%s: grey became %T", name, got)
		}
		near(t, name, means(full.Pix, full.Stride, w, h), g.Pix, g.Stride)
	case *image.YCbCr:
		g, ok := got.(*image.YCbCr)
		if !ok || g.SubsampleRatio != full.SubsampleRatio {
			t.Fatalf("%s: colours became %T", name, got)
		}
		cw, ch := w*full.CStride/full.YStride, len(full.Cb)/full.CStride*h/(len(full.Y)/full.YStride)
		near(t, name+" Y", means(full.Y, full.YStride, w, h), g.Y, g.YStride)
		near(t, name+" Cb", means(full.Cb, full.CStride, cw, ch), g.Cb, g.CStride)
		near(t, name+" Cr", means(full.Cr, full.CStride, cw, ch), g.Cr, g.CStride)
	default:
		t.Errorf("%s: %T", name, full)
	}
}

func TestEachPixelIsTheMeanOfItsBlock(t *testing.T) {
	for _, size := range []image.Point{{8, 8}, {1, 1}, {640, 480}, {641, 487}, {17, 300}, {33, 15}} {
		for _, q := range []int{30, 85, 100} {
			matches(t, "colour "+size.String(), encoded(t, size.X, size.Y, false, q))
			matches(t, "grey "+size.String(), encoded(t, size.X, size.Y, true, q))
		}
	}
}

func TestCamerasPicturesAreReadAsTheyAre(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(filepath.Dir(testenv.Data(t, "cameras", "jpg-Nikon-D90.jpg")), "jpg-*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	suited := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok := coarse.Suits(b); ok {
			suited++
			matches(t, filepath.Base(f), b)
		}
	}
	if suited < len(files)*2/3 {
		t.Errorf("%d of %d suit", suited, len(files))
	}
}

// restarting is b, grey, with a marker behind each MCU: its coefficients are
// written again by hand, each block a DC value of size 0 and no other.
func restarting(w, h int) []byte {
	b := []byte{0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}
	b = append(b, bytes.Repeat([]byte{8}, 64)...)
	b = append(b, 0xff, 0xc0, 0, 11, 8, byte(h>>8), byte(h), byte(w>>8), byte(w), 1, 1, 0x11, 0)
	for class := range byte(2) { // one code each, of one bit: DC of size 3, the end of a block
		b = append(b, 0xff, 0xc4, 0, 20, class<<4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3*(1-class))
	}
	b = append(b, 0xff, 0xdd, 0, 4, 0, 1, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0)
	for i := range (w + 7) / 8 * ((h + 7) / 8) {
		if i > 0 {
			b = append(b, 0xff, 0xd0+byte((i-1)%8))
		}
		b = append(b, byte(i%8)<<4|0b0000_0111) // 0, three bits, 0, ones
	}
	return append(b, 0xff, 0xd9)
}

func TestMarkersBetweenBlocksAreFollowed(t *testing.T) {
	b := restarting(40, 24)
	img, err := coarse.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	g := img.(*image.Gray) //nolint:forcetypeassert // one component
	for i, v := range g.Pix {
		diff := i % 8 // as three bits: below 4 it is negative
		if diff < 4 {
			diff -= 7
		}
		if int(v) != 128+diff {
			t.Errorf("block %d: %d, want %d", i, v, 128+diff)
		}
	}
	at := bytes.Index(b, []byte{0xff, 0xd3})
	for _, wrong := range []byte{0xd4, 0xd9, 0x00, 0x12} {
		other := bytes.Clone(b)
		other[at+1] = wrong
		if _, err := coarse.Decode(other); err == nil {
			t.Errorf("a marker %x in the place of another passes", wrong)
		}
	}
}

// What is cut short anywhere, or is something else, is refused: libvips decides
// what to make of it.
func TestWhatIsNotWholeIsRefused(t *testing.T) {
	b := encoded(t, 100, 60, false, 85)
	end := bytes.LastIndex(b, []byte{0xff, 0xd9})
	for n := range end - 1 {
		if _, err := coarse.Decode(b[:n]); err == nil {
			t.Errorf("%d of %d bytes pass", n, len(b))
		}
	}
	insert := func(marker byte, body string) []byte {
		seg := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(body)))
		return append(append(bytes.Clone(b[:2]), append(seg, body...)...), b[2:]...)
	}
	change := func(marker byte, at int, to byte) []byte {
		out := bytes.Clone(b)
		out[bytes.Index(out, []byte{0xff, marker})+at] = to
		return out
	}
	for name, other := range map[string][]byte{
		"profile":     insert(0xe2, "ICC_PROFILE\x00\x01\x01profile"),
		"RGB":         insert(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x00"),
		"progressive": change(0xc0, 1, 0xc2),
		"arithmetic":  change(0xc0, 1, 0xc9),
		"12 bits":     change(0xc0, 4, 12),
		"4 planes":    change(0xc0, 9, 4),
		"sampling":    change(0xc0, 11, 0x31),
		"no height":   change(0xc0, 6, 0)[:0],
		"PNG":         []byte("\x89PNG\r\n\x1a\n"),
	} {
		if _, _, ok := coarse.Suits(other); ok {
			t.Errorf("%s suits", name)
		}
		if _, err := coarse.Decode(other); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	if _, err := coarse.Decode(insert(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x01")); err != nil {
		t.Errorf("YCbCr said by Adobe: %v", err)
	}
}

// FuzzDecode: whatever the bytes are, they are read in bounded time and memory.
func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, 40, 30, false, 75))
	f.Add(encoded(f, 40, 30, true, 95))
	f.Add(restarting(40, 24))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, h, ok := coarse.Suits(b)
		if !ok || w*h > 1<<22 {
			return
		}
		img, err := coarse.Decode(b)
		if err == nil && img.Bounds() != image.Rect(0, 0, (w+7)/8, (h+7)/8) {
			t.Errorf("%v of %d × %d", img.Bounds(), w, h)
		}
	})
}
