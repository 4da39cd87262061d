package darkroom_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/internal/testenv"
)

// BenchmarkRenderBesidePeers makes thumbnails and teaching pictures of one
// photograph of 24 megapixels in turns: a confined child of ours, the same program
// called directly on a file, and ImageMagick, as its users call it and with the
// hint that it need not decode everything. All have one thread. A ratio is of the
// best of their turns, which others on the same machine disturb least. Where a
// peer is not installed it has no ratio.
func BenchmarkRenderBesidePeers(b *testing.B) {
	data := photograph(b, 6000, 4000)
	from := filepath.Join(b.TempDir(), "f.jpg")
	if err := os.WriteFile(from, data, 0o600); err != nil {
		b.Fatal(err)
	}
	r := editors(b)["children"]
	for _, size := range []darkroom.Size{darkroom.ThumbnailSize, darkroom.TeachingSize} {
		b.Run(strconv.Itoa(int(size)), func(b *testing.B) {
			to, fit := filepath.Join(b.TempDir(), "t.jpg"), fmt.Sprintf("%dx%d>", size, size)
			peers := map[string][]string{
				"vipsthumbnail": {"/usr/bin/vipsthumbnail", from, "--size", fit, "--iprofile", "srgb", "--eprofile", "srgb", "-o", to + "[Q=85,strip]"},
				"convert":       {"/usr/bin/convert", from, "-auto-orient", "-thumbnail", fit, "-quality", "85", to},
			}
			if size == darkroom.ThumbnailSize { // with it, a larger size needs more memory than Debian grants
				peers["convert-jpegsize"] = []string{"/usr/bin/convert", "-define", "jpeg:size=512x512", from, "-auto-orient", "-thumbnail", fit, "-quality", "85", to}
			}
			best := map[string]time.Duration{}
			turn := func(name string, work func() error) {
				start := time.Now()
				if err := work(); err != nil {
					b.Fatalf("%s: %v", name, err)
				}
				if took := time.Since(start); best[name] == 0 || took < best[name] {
					best[name] = took
				}
			}
			for b.Loop() {
				turn("own", func() error {
					_, err := r.Render(b.Context(), source(data, "image/jpeg"), size, false)
					return err
				})
				for name, argv := range peers {
					if _, err := os.Stat(argv[0]); err != nil {
						continue
					}
					turn(name, func() error {
						cmd := exec.CommandContext(b.Context(), argv[0], argv[1:]...)
						cmd.Env = []string{"VIPS_CONCURRENCY=1", "MAGICK_THREAD_LIMIT=1", "OMP_NUM_THREADS=1"}
						return cmd.Run()
					})
				}
			}
			for name := range peers {
				if best[name] > 0 {
					b.ReportMetric(float64(best[name])/float64(best["own"]), "x/"+name)
				}
			}
			b.ReportMetric(float64(best["own"].Microseconds())/1000, "own-ms")
		})
	}
}

// photograph is a JPEG with detail and noise everywhere.
func photograph(b *testing.B, w, h int) []byte {
	b.Helper()
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	tile := scene(512, 512, 5)
	for y := range h {
		for x := range w {
			img.Y[y*img.YStride+x] = tile.Pix[(y%512)*tile.Stride+(x%512)*4]
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = tile.Pix[i*4%len(tile.Pix)], 140
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// BenchmarkEdit makes a masked, straightened teaching picture of 12 megapixels,
// all three ways.
func BenchmarkEdit(b *testing.B) {
	data, err := os.ReadFile(testenv.Data(b, "cameras", "jpg-Nikon-D90.jpg"))
	if err != nil {
		b.Fatal(err)
	}
	recipe := clinical.NewRecipe()
	recipe.Frame = &clinical.Frame{Centre: pt(2144, 1424), Width: 3600, Height: 2200, Angle: 3}
	recipe.Tone.Exposure = 0.2
	recipe.Masks = []clinical.Mask{{Shape: clinical.MaskEllipse, Centre: pt(2000, 1400), Radii: pt(400, 500), Fill: clinical.FillNoise, Cause: clinical.HidesFace}}
	for way, r := range editors(b) {
		b.Run(way, func(b *testing.B) {
			for b.Loop() {
				if _, err := r.Edit(b.Context(), source(data, "image/jpeg"), recipe, darkroom.EditOptions{Size: darkroom.TeachingSize, Masked: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
