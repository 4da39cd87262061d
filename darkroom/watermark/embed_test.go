package watermark_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/image/draw"

	"fovea/clinical"
	"fovea/darkroom/watermark"
	"fovea/internal/testenv"
)

func marker(tb testing.TB) *watermark.Marker {
	tb.Helper()
	m, err := watermark.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func mark(n int) (m watermark.Mark) {
	binary.BigEndian.PutUint64(m[8:], uint64(n))
	return m
}

func asset() clinical.AssetID { return clinical.AssetID{15: 1} }

func embed(tb testing.TB, m *watermark.Marker, rendition []byte, n int) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := m.Embed(&out, rendition, asset(), mark(n)); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func decode(tb testing.TB, b []byte) image.Image {
	tb.Helper()
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

func encode(tb testing.TB, img image.Image, quality int) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func scaled(img image.Image, long int) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if m := max(w, h); m > long {
		w, h = (w*long+m/2)/m, (h*long+m/2)/m
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, img, b, draw.Src, nil)
	return out
}

// renditions are the test pictures as the darkroom renders them, by file name.
func renditions(tb testing.TB, patterns ...string) map[string][]byte {
	tb.Helper()
	out := map[string][]byte{}
	for _, p := range patterns {
		names, err := filepath.Glob(filepath.Join(testenv.Data(tb), p))
		if err != nil || len(names) == 0 {
			tb.Fatalf("no pictures in %s", p)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				tb.Fatal(err)
			}
			out[filepath.Base(name)] = encode(tb, scaled(decode(tb, b), 2048), 85)
		}
	}
	return out
}

// psnr compares two pictures over their luma and chroma, in RGB.
func psnr(a, b image.Image) float64 {
	var sum, n float64
	r := a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			ar, ag, ab, _ := a.At(x, y).RGBA()
			br, bg, bb, _ := b.At(x, y).RGBA()
			for _, d := range [3]int{int(ar>>8) - int(br>>8), int(ag>>8) - int(bg>>8), int(ab>>8) - int(bb>>8)} {
				sum += float64(d * d)
				n++
			}
		}
	}
	return 10 * math.Log10(255*255*n/max(sum, 1e-9))
}

func TestEveryMarkedCopyHasTheDeclaredLengthAndLooksTheSame(t *testing.T) {
	m := marker(t)
	for name, rendition := range renditions(t, "cameras/jpg-C*.jpg", "faces/2008*.jpg", "wounds/validation/00*.jpg") {
		room, err := watermark.Measure(rendition)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		served := embed(t, m, rendition, 1)
		if len(served) != room.Length {
			t.Errorf("%s: %d bytes, declared %d", name, len(served), room.Length)
		}
		if more := float64(room.Length)/float64(len(rendition)) - 1; more > 0.06 {
			t.Errorf("%s: %.1f %% longer than the rendition", name, 100*more)
		}
		db := psnr(decode(t, rendition), decode(t, served))
		t.Logf("%s: %d of %d bytes, %d blocks, %.1f dB", name, room.Length, len(rendition), room.Blocks, db)
		if db < 45 {
			t.Errorf("%s: %.1f dB", name, db)
		}
	}
}

func TestTheDeclaredLengthHoldsForThousandsOfMarks(t *testing.T) {
	m := marker(t)
	for name, rendition := range renditions(t, "faces/2008_001*.jpg", "wounds/validation/0001.jpg") {
		room, err := watermark.Measure(rendition)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[[32]byte]bool{}
		for n := range 1000 {
			served := embed(t, m, rendition, n)
			if len(served) != room.Length {
				t.Fatalf("%s: mark %d: %d bytes, declared %d", name, n, len(served), room.Length)
			}
			seen[sha256.Sum256(served)] = true
		}
		if len(seen) != 1000 {
			t.Errorf("%s: %d different copies of 1000", name, len(seen))
		}
	}
}

// Encoders differ in tables, sampling, restarts and segments: every camera's own file is marked too, or refused as
// what it is, and none of its metadata goes along.
func TestFilesOfManyEncoders(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(testenv.Data(t, "cameras"), "jpg-*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	m, marked := marker(t), 0
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		room, err := watermark.Measure(b)
		var refused *clinical.Error
		if errors.As(err, &refused) && refused.Reason == watermark.ReasonUnmarkable {
			t.Log(filepath.Base(name), err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		served := embed(t, m, b, 1)
		if len(served) != room.Length {
			t.Errorf("%s: %d bytes, declared %d", filepath.Base(name), len(served), room.Length)
		}
		if bytes.Contains(served, []byte("Exif\x00")) || bytes.Contains(served, []byte("http")) {
			t.Errorf("%s: metadata was passed on", filepath.Base(name))
		}
		if got, want := decode(t, served).Bounds(), decode(t, b).Bounds(); got != want {
			t.Errorf("%s: %v, want %v", filepath.Base(name), got, want)
		}
		marked++
	}
	if marked < len(names)*3/4 {
		t.Errorf("%d of %d were marked", marked, len(names))
	}
}

// The signs that a mark stands for outlive this program: a leak of today is traced with the program of then.
func TestMarkedBytesNeverChange(t *testing.T) {
	rendition, err := os.ReadFile("testdata/rendition.jpg")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/marked.jpg")
	if err != nil {
		t.Fatal(err)
	}
	m, err := watermark.New([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var got bytes.Buffer
		if err := m.Embed(&got, rendition, clinical.AssetID{1, 2, 3}, watermark.Mark{4, 5, 6}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Fatal("the bytes differ from those of testdata/marked.jpg")
		}
	}
}

func TestKeyAssetAndMarkEachMatter(t *testing.T) {
	rendition := encode(t, texture(160, 160, 120, 30), 85)
	copies := map[string]bool{}
	for _, seed := range []byte{1, 2} {
		m, err := watermark.New(bytes.Repeat([]byte{seed}, 32))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []byte{1, 2} {
			for _, who := range []byte{1, 2} {
				var out bytes.Buffer
				if err := m.Embed(&out, rendition, clinical.AssetID{id}, watermark.Mark{who}); err != nil {
					t.Fatal(err)
				}
				copies[out.String()] = true
			}
		}
	}
	if len(copies) != 8 {
		t.Errorf("%d different copies of 8", len(copies))
	}
	if _, err := watermark.New(make([]byte, 31)); !errors.Is(err, clinical.ErrInvalid) {
		t.Errorf("a short key: %v", err)
	}
}

// texture is a grey picture around a level, of a contrast.
func texture(w, h int, level, contrast float64) *image.Gray {
	random := rand.New(rand.NewPCG(3, 4))
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		x, y := float64(i%w), float64(i/w)
		v := level + contrast*(math.Sin(x/37+y/91)+math.Sin(x/11)*math.Cos(y/13)/2+random.NormFloat64()/6)
		img.Pix[i] = uint8(min(max(v, 0), 255))
	}
	return img
}

// What a picture is like decides how much of a mark it holds. A leak of it is saved again at quality 50.
func TestFlatDarkGreyAndSmallPictures(t *testing.T) {
	candidates := crowd(1000, 1)
	for _, tt := range []struct {
		name   string
		img    image.Image
		blocks int // at least
		traced bool
	}{
		{"texture", texture(640, 480, 120, 40), 300, true},
		{"flat grey cloth", texture(640, 480, 120, 3), 300, true},
		{"one level all over", texture(640, 480, 120, 0), 300, true},
		{"dark", texture(640, 480, 14, 6), 300, true},
		{"black", texture(640, 480, 0, 0), 0, false},
		{"white", texture(640, 480, 255, 0), 0, false},
		{"thumbnail", texture(256, 192, 120, 40), 48, true},
		{"128 pixels", texture(128, 128, 120, 40), 16, true},
		{"64 pixels", texture(64, 64, 120, 40), 4, false},
		{"31 pixels", texture(31, 31, 120, 40), 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rendition := encode(t, tt.img, 85)
			room, err := watermark.Measure(rendition)
			if err != nil {
				t.Fatal(err)
			}
			if room.Blocks < tt.blocks || tt.blocks == 0 && room.Blocks != 0 {
				t.Errorf("%d blocks", room.Blocks)
			}
			served := embed(t, marker(t), rendition, 1)
			if len(served) != room.Length {
				t.Errorf("%d bytes, declared %d", len(served), room.Length)
			}
			leak := encode(t, decode(t, served), 50)
			found, err := marker(t).Trace(t.Context(), decode(t, leak), rendition, asset(), candidates)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d blocks, %.1f dB, score %.1f", room.Blocks, psnr(decode(t, rendition), decode(t, served)), found.Best.Score)
			if tt.traced != (len(found.Certain) == 1 && found.Best.Mark == mark(1)) {
				t.Errorf("%d certain, score %.1f", len(found.Certain), found.Best.Score)
			}
		})
	}
}

func TestWhatCannotBeMarkedIsRefusedBeforeAByteIsWritten(t *testing.T) {
	good := encode(t, texture(160, 160, 120, 30), 85)
	progressive := bytes.Replace(good, []byte{0xff, 0xc0}, []byte{0xff, 0xc2}, 1)
	for name, b := range map[string][]byte{
		"nothing":     nil,
		"text":        []byte("a letter"),
		"cut":         good[:len(good)/2],
		"cut early":   good[:100],
		"no end":      good[:len(good)-2],
		"progressive": progressive,
	} {
		var out bytes.Buffer
		err := marker(t).Embed(&out, b, asset(), mark(1))
		var refused *clinical.Error
		if !errors.As(err, &refused) || refused.Kind != clinical.Invalid || refused.Reason != watermark.ReasonUnmarkable {
			t.Errorf("%s: %v", name, err)
		}
		if out.Len() > 0 {
			t.Errorf("%s: %d bytes were written", name, out.Len())
		}
		if _, err := marker(t).Trace(t.Context(), decode(t, good), b, asset(), crowd(1)); !errors.Is(err, clinical.ErrInvalid) {
			t.Errorf("%s: trace: %v", name, err)
		}
	}
}

// A mount's buffer that fails is the mount's fault, and the next copy is as good as the first.
func TestAReaderWhoLeavesSpoilsNothing(t *testing.T) {
	m, rendition := marker(t), encode(t, texture(160, 160, 120, 30), 85)
	want := embed(t, m, rendition, 1)
	for _, room := range []int{0, 10, len(want) / 2, len(want) - 1} {
		if err := m.Embed(&short{room}, rendition, asset(), mark(1)); !errors.Is(err, errLeft) {
			t.Errorf("after %d bytes: %v", room, err)
		}
	}
	if !bytes.Equal(embed(t, m, rendition, 1), want) {
		t.Error("a later copy differs")
	}
}

var errLeft = errors.New("the reader has left")

// short takes so many bytes.
type short struct{ room int }

func (s *short) Write(b []byte) (int, error) {
	if s.room -= len(b); s.room < 0 {
		return 0, errLeft
	}
	return len(b), nil
}

func TestManyReadersAtOnceGetTheirOwnCopies(t *testing.T) {
	m, rendition := marker(t), encode(t, texture(320, 256, 120, 30), 85)
	var all sync.WaitGroup
	for n := range 8 {
		want := embed(t, marker(t), rendition, n)
		all.Go(func() {
			for range 10 {
				var got bytes.Buffer
				if err := m.Embed(&got, rendition, asset(), mark(n)); err != nil || !bytes.Equal(got.Bytes(), want) {
					t.Errorf("mark %d: another's copy, %v", n, err)
				}
			}
		})
	}
	all.Wait()
}
