package darkroom_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/darkroom"
	"fovea/internal/sandbox"
)

// editors are the ways to edit: both steps in children, the second here, all here.
func editors(t testing.TB) map[string]*darkroom.Renderer {
	t.Helper()
	box, err := sandbox.Open(t.Context(), sandbox.Options{AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	half := darkroom.NewRenderer(box)
	return map[string]*darkroom.Renderer{"children": half.WithChild(self, childArg), "child": half, "go": darkroom.NewRenderer(nil)}
}

func lossless(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// scene is a picture of many frequencies and colours, another for every seed.
func scene(w, h int, seed uint64) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	f := [6]float64{}
	for i := range f {
		f[i] = 0.01 + 0.2*r.Float64()
	}
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := func(i int) uint8 {
				return uint8(127 + 100*math.Sin(float64(x)*f[i])*math.Cos(float64(y)*f[5-i]) + float64(r.IntN(20)))
			}
			img.SetNRGBA(x, y, color.NRGBA{v(0), v(1), v(2), 255})
		}
	}
	return img
}

func edit(t testing.TB, r *darkroom.Renderer, b []byte, recipe clinical.Recipe, opt darkroom.EditOptions) darkroom.Picture {
	t.Helper()
	opt.Asset = clinicaltest.ID[clinical.Asset]("edited")
	p, err := r.Edit(t.Context(), source(b, "image/png"), recipe, opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := darkroom.Bare(p.JPEG); err != nil {
		t.Fatal(err)
	}
	return p
}

func pt(x, y float64) clinical.Point { return clinical.Point{X: x, Y: y} }

// everything uses every section of a recipe, on a picture of 640 × 480.
func everything() clinical.Recipe {
	r := clinical.NewRecipe()
	r.Turn = 270
	r.Frame = &clinical.Frame{Centre: pt(330, 240), Width: 480, Height: 300, Angle: 11.5}
	r.Tone = clinical.Tone{
		Exposure: 0.4, Contrast: 0.2, White: &clinical.WhiteBalance{Gains: [3]float64{1.1, 1, 0.85}},
		Matrix: &[9]float64{1.1, -0.1, 0, 0.05, 0.9, 0.05, 0, -0.2, 1.2},
	}
	r.Masks = []clinical.Mask{
		{Shape: clinical.MaskEllipse, Centre: pt(300, 200), Radii: pt(50, 30), Angle: 20, Fill: clinical.FillSolid, Cause: clinical.HidesFace},
		{Shape: clinical.MaskPolygon, Points: []clinical.Point{pt(400, 200), pt(470, 210), pt(430, 280)}, Fill: clinical.FillNoise, Cause: clinical.HidesTattoo},
		{Shape: clinical.MaskBrush, Points: []clinical.Point{pt(200, 300), pt(240, 330), pt(300, 320)}, Radius: 11, Fill: clinical.FillNoise, Cause: clinical.HidesLabel},
	}
	r.Marks = []clinical.Mark{
		{Kind: clinical.MarkArrow, Points: []clinical.Point{pt(200, 160), pt(290, 250)}, Ink: clinical.Yellow},
		{Kind: clinical.MarkOutline, Points: []clinical.Point{pt(350, 230), pt(390, 260), pt(360, 300)}, Ink: clinical.Cyan},
		{Kind: clinical.MarkText, Points: []clinical.Point{pt(340, 330)}, Text: "Ulcère 3½ cm", Ink: clinical.White},
	}
	r.Scale = &clinical.ScaleBar{From: pt(150, 340), To: pt(350, 350), LengthMM: 80, Corner: clinical.LowerRight}
	r.Side = clinical.Left
	return r
}

// The golden hashes hold on every machine: run with GOAMD64=v3, whose compiler
// joins multiplication and addition, the test computes the same bits.
func TestTheSameRecipeIsTheSameBitsOnEveryMachineAndByEveryWay(t *testing.T) {
	src := lossless(t, scene(640, 480, 7))
	tests := []struct {
		name string
		opt  darkroom.EditOptions
		want string
	}{
		{"256", darkroom.EditOptions{Size: darkroom.ThumbnailSize, Masked: true}, "514c49c94506a069"},
		{"1024", darkroom.EditOptions{Size: darkroom.ScreenSize, Masked: true}, "f35ca4432e704504"},
		{"full", darkroom.EditOptions{Masked: true}, "b92006540f725c3e"},
		{"full, unmasked", darkroom.EditOptions{}, "bcf0ecf82c531db2"},
	}
	for _, tt := range tests {
		for way, r := range editors(t) {
			p := edit(t, r, src, everything(), tt.opt)
			sum := sha256.Sum256(p.JPEG)
			if got := hex.EncodeToString(sum[:8]); got != tt.want {
				t.Errorf("%s by %s: %dx%d, %s; want %s", tt.name, way, p.Width, p.Height, got, tt.want)
			}
			if p.SourceWidth != 640 || p.SourceHeight != 480 {
				t.Errorf("%s by %s: source %dx%d", tt.name, way, p.SourceWidth, p.SourceHeight)
			}
			if dir := os.Getenv("LOOK"); dir != "" {
				os.WriteFile(fmt.Sprintf("%s/%s-%s.jpg", dir, tt.name, way), p.JPEG, 0o600)
			}
		}
	}
}

func TestNothingIsChangedByTheRecipeThatChangesNothing(t *testing.T) {
	img := scene(320, 200, 3)
	var want bytes.Buffer
	rgba := image.NewRGBA(img.Rect)
	for y := range 200 {
		for x := range 320 {
			rgba.Set(x, y, img.At(x, y))
		}
	}
	if err := jpeg.Encode(&want, rgba, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	got := edit(t, darkroom.NewRenderer(nil), lossless(t, img), clinical.NewRecipe(), darkroom.EditOptions{})
	if !bytes.Equal(got.JPEG, want.Bytes()) {
		t.Error("pixels were changed")
	}
}
