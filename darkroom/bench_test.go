package darkroom_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/darkroom/watermark"
	"fovea/internal/testenv"
)

// peers are programs that make a picture of size of a file, as their users call
// them, with one thread; the hint tells ImageMagick that it need not decode
// everything.
func peers(from, to string, size darkroom.Size) map[string][]string {
	fit := fmt.Sprintf("%dx%d>", size, size)
	out := map[string][]string{
		"vipsthumbnail": {"/usr/bin/vipsthumbnail", from, "--size", fit, "--iprofile", "srgb", "--eprofile", "srgb", "-o", to + "[Q=85,strip]"},
		"convert":       {"/usr/bin/convert", from, "-auto-orient", "-thumbnail", fit, "-quality", "85", to},
	}
	if size == darkroom.ThumbnailSize { // with it, a larger size needs more memory than Debian grants
		out["convert-jpegsize"] = []string{"/usr/bin/convert", "-define", "jpeg:size=512x512", from, "-auto-orient", "-thumbnail", fit, "-quality", "85", to}
	}
	for name, argv := range out {
		if _, err := os.Stat(argv[0]); err != nil {
			delete(out, name)
		}
	}
	return out
}

func peer(ctx context.Context, argv []string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"VIPS_CONCURRENCY=1", "MAGICK_THREAD_LIMIT=1", "OMP_NUM_THREADS=1"}
	return cmd.Run()
}

// BenchmarkRenderBesidePeers makes thumbnails and teaching pictures of one
// photograph of 24 megapixels in turns: confined children of ours, and others that
// read and write plain files. A ratio is the median, over the rounds, of the ratio
// within a round. A round of two makes two pictures side by side. Where a peer is
// not installed it has no ratio.
func BenchmarkRenderBesidePeers(b *testing.B) {
	data := photograph(b, 6000, 4000)
	from := filepath.Join(b.TempDir(), "f.jpg")
	if err := os.WriteFile(from, data, 0o600); err != nil {
		b.Fatal(err)
	}
	r := editors(b)["children"]
	for _, size := range []darkroom.Size{darkroom.ThumbnailSize, darkroom.TeachingSize} {
		for _, beside := range []int{1, 2} {
			b.Run(fmt.Sprintf("%d/by%d", size, beside), func(b *testing.B) {
				turn := func(work func(i int) error) time.Duration {
					var all errgroup.Group
					start := time.Now()
					for i := range beside {
						all.Go(func() error { return work(i) })
					}
					if err := all.Wait(); err != nil {
						b.Fatal(err)
					}
					return time.Since(start)
				}
				dir := b.TempDir()
				ratios, took := map[string][]float64{}, []float64{}
				for b.Loop() {
					own := turn(func(int) error {
						_, err := r.Render(b.Context(), source(data, "image/jpeg"), size, false)
						return err
					})
					took = append(took, own.Seconds()/float64(beside))
					for name := range peers(from, "", size) {
						its := turn(func(i int) error {
							return peer(b.Context(), peers(from, filepath.Join(dir, strconv.Itoa(i)+".jpg"), size)[name])
						})
						ratios[name] = append(ratios[name], its.Seconds()/own.Seconds())
					}
				}
				for name, all := range ratios {
					b.ReportMetric(median(all), "x/"+name)
				}
				b.ReportMetric(1/median(took), "own/s")
			})
		}
	}
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkTeachingPictureMarked makes a teaching picture of 12 megapixels from
// its original, measures it for marks, and marks it for one reader.
func BenchmarkTeachingPictureMarked(b *testing.B) {
	data, err := os.ReadFile(testenv.Data(b, "cameras", "jpg-Nikon-D90.jpg"))
	if err != nil {
		b.Fatal(err)
	}
	r := editors(b)["children"]
	m, err := watermark.New(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	var took []float64
	for b.Loop() {
		start := time.Now()
		p, err := r.Render(b.Context(), source(data, "image/jpeg"), darkroom.TeachingSize, false)
		if err != nil {
			b.Fatal(err)
		}
		room, err := watermark.Measure(p.JPEG)
		if err != nil {
			b.Fatal(err)
		}
		var out bytes.Buffer
		if err := m.Embed(&out, p.JPEG, clinical.AssetID{1}, watermark.Mark{2}); err != nil || out.Len() != room.Length {
			b.Fatalf("%d bytes, told %d: %v", out.Len(), room.Length, err)
		}
		took = append(took, time.Since(start).Seconds())
	}
	b.ReportMetric(1/median(took), "pictures/s")
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
