package darkroom_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"testing"

	"fovea/clinical"
	"fovea/darkroom"
)

// peak does work and returns by how many bytes the memory of this process grew
// while it did (VmHWM, proc(5)).
func peak(t *testing.T, work func()) int {
	t.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak is what there is now
		t.Fatal(err)
	}
	before := highest(t)
	work()
	return highest(t) - before
}

func highest(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(b)
	if found == nil {
		t.Fatal("no peak")
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}

// TestTheServersMemoryKnowsNoPixels: a photograph of 24 megapixels, 72 MB of
// pixels, leaves the peak of the process that has it decoded where it was, up to
// buffers and what comes out.
func TestTheServersMemoryKnowsNoPixels(t *testing.T) {
	grey := image.NewYCbCr(image.Rect(0, 0, 6000, 4000), image.YCbCrSubsampleRatio420)
	for i := range grey.Y {
		grey.Y[i] = uint8(i % 6000 / 24)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, grey, &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	grey = nil
	recipe := clinical.NewRecipe()
	recipe.Masks = []clinical.Mask{{Shape: clinical.MaskEllipse, Centre: pt(2000, 1400), Radii: pt(400, 500), Fill: clinical.FillNoise, Cause: clinical.HidesFace}}
	all := editors(t)
	every := func(r *darkroom.Renderer) {
		for _, size := range []darkroom.Size{darkroom.ThumbnailSize, darkroom.TeachingSize} {
			if _, err := r.Render(t.Context(), source(b.Bytes(), "image/jpeg"), size, false); err != nil {
				t.Error(err)
			}
			if _, err := r.Edit(t.Context(), source(b.Bytes(), "image/jpeg"), recipe, darkroom.EditOptions{Size: size, Masked: true}); err != nil {
				t.Error(err)
			}
		}
		if _, err := r.Brightness(t.Context(), source(b.Bytes(), "image/jpeg"), 512); err != nil {
			t.Error(err)
		}
	}
	const most = 12 << 20
	if grew := peak(t, func() { every(all["children"]) }); grew > most {
		t.Errorf("with children it grew by %d MiB", grew>>20)
	}
	if grew := peak(t, func() { every(all["go"]) }); grew < 4*most {
		t.Errorf("the measure is blunt: without children it grew by %d MiB alone", grew>>20)
	}
}
