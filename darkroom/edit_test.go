package darkroom_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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

// patches is black with one red square of 20 pixels around each place.
func patches(w, h int, at ...clinical.Point) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{0, 0, 0, 255})
		}
	}
	for _, p := range at {
		for y := -10; y < 10; y++ {
			for x := -10; x < 10; x++ {
				img.SetNRGBA(int(p.X)+x, int(p.Y)+y, color.NRGBA{255, 0, 0, 255})
			}
		}
	}
	return img
}

// centre is the middle of all that is red.
func centre(img image.Image) clinical.Point {
	var sum clinical.Point
	n := 0.0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, g, _, _ := img.At(x, y).RGBA(); r > 0x8000 && g < 0x6000 {
				sum, n = pt(sum.X+float64(x)+0.5, sum.Y+float64(y)+0.5), n+1
			}
		}
	}
	return pt(sum.X/n, sum.Y/n)
}

// The lesion at 400, 150 of a picture of 600 × 400 has to be where the recipe
// puts it.
func TestAPlaceIsWhereTheRecipePutsIt(t *testing.T) {
	frame := func(x, y, w, h, angle float64) *clinical.Frame {
		return &clinical.Frame{Centre: pt(x, y), Width: w, Height: h, Angle: angle}
	}
	// With the frame 30° askew, what lies 100 px along its top edge's direction is 100 px right of its middle.
	s, c := math.Sincos(30 * math.Pi / 180)
	tests := map[string]struct {
		turn  int
		frame *clinical.Frame
		size  darkroom.Size
		at    clinical.Point
		want  clinical.Point
		w, h  int
	}{
		"as it is":            {0, nil, 0, pt(400, 150), pt(400, 150), 600, 400},
		"turned by 90":        {90, nil, 0, pt(400, 150), pt(250, 400), 400, 600},
		"turned by 180":       {180, nil, 0, pt(400, 150), pt(200, 250), 600, 400},
		"turned by 270":       {270, nil, 0, pt(400, 150), pt(150, 200), 400, 600},
		"smaller":             {0, nil, 300, pt(400, 150), pt(200, 75), 300, 200},
		"much smaller":        {0, nil, 66, pt(400, 150), pt(44, 16.5), 66, 44},
		"cropped":             {0, frame(350, 200, 300, 200, 0), 0, pt(400, 150), pt(200, 50), 300, 200},
		"cropped and turned":  {90, frame(350, 200, 300, 200, 0), 0, pt(400, 150), pt(150, 200), 200, 300},
		"cropped and smaller": {0, frame(350, 200, 300, 200, 0), 150, pt(400, 150), pt(100, 25), 150, 100},
		"straightened":        {0, frame(300, 200, 300, 120, 30), 0, pt(300+100*c, 200+100*s), pt(250, 60), 300, 120},
		"straightened the other way": {
			0, frame(300, 200, 300, 120, -30), 0, pt(300+100*c, 200-100*s), pt(250, 60), 300, 120,
		},
		"straightened, smaller, turned": {
			180, frame(300, 200, 300, 120, 30), 150, pt(300+100*c, 200+100*s), pt(25, 30), 150, 60,
		},
	}
	for name, tt := range tests {
		recipe := clinical.NewRecipe()
		recipe.Turn, recipe.Frame = tt.turn, tt.frame
		p := edit(t, darkroom.NewRenderer(nil), lossless(t, patches(600, 400, tt.at)), recipe, darkroom.EditOptions{Size: tt.size})
		if p.Width != tt.w || p.Height != tt.h {
			t.Errorf("%s: %dx%d, want %dx%d", name, p.Width, p.Height, tt.w, tt.h)
		}
		if got := centre(decode(t, p)); !(math.Hypot(got.X-tt.want.X, got.Y-tt.want.Y) < 0.8) {
			t.Errorf("%s: at %.1f, want %v", name, got, tt.want)
		}
	}
}

// Each orientation of the same scene is edited alike: coordinates are upright.
func TestCoordinatesAreThoseOfTheUprightPicture(t *testing.T) {
	for way, r := range editors(t) {
		for o := 1; o <= 8; o++ {
			b := oriented(t, patches(300, 200, pt(200, 60)), o)
			recipe := clinical.NewRecipe()
			recipe.Frame = &clinical.Frame{Centre: pt(200, 70), Width: 100, Height: 100}
			p, err := r.Edit(t.Context(), source(b, "image/jpeg"), recipe, darkroom.EditOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := centre(decode(t, p)); !(math.Hypot(got.X-50, got.Y-40) < 1) {
				t.Errorf("%s: orientation %d: at %.1f", way, o, got)
			}
			if p.SourceWidth != 300 || p.SourceHeight != 200 {
				t.Errorf("%s: orientation %d: source %dx%d", way, o, p.SourceWidth, p.SourceHeight)
			}
		}
	}
}

// oriented stores img so that EXIF orientation o makes it upright (CIPA DC-008).
func oriented(t testing.TB, img image.Image, o int) []byte {
	t.Helper()
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	sw, sh := w, h
	if o >= 5 {
		sw, sh = h, w
	}
	stored := image.NewRGBA(image.Rect(0, 0, sw, sh))
	for y := range h {
		for x := range w {
			sx, sy := x, y // where row 0 and column 0 of the stored picture are shown, by the standard's table
			switch o {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, w-1-x
			case 7:
				sx, sy = h-1-y, w-1-x
			case 8:
				sx, sy = h-1-y, x
			}
			stored.Set(sx, sy, img.At(x, y))
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, stored, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	exif := append([]byte("\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"), byte(o), 0, 0, 0, 0, 0, 0, 0)
	return append(append([]byte{0xff, 0xd8}, exif...), b.Bytes()[2:]...)
}

// The reference is the definition of sRGB, computed in floating point.
func TestToneIsComputedInLinearLight(t *testing.T) {
	toLinear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	fromLinear := func(v float64) float64 {
		v = min(max(v, 0), 1)
		if v <= 0.0031308 {
			return 12.92 * v
		}
		return 1.055*math.Pow(v, 1/2.4) - 0.055
	}
	tone := clinical.Tone{
		Exposure: -0.7, Contrast: 0.3, White: &clinical.WhiteBalance{Gains: [3]float64{1.2, 1, 0.8}},
		Matrix: &[9]float64{0.9, 0.1, 0, 0, 1, 0, 0.05, 0, 0.95},
	}
	recipe := clinical.NewRecipe()
	recipe.Tone = tone
	for _, c := range []color.NRGBA{{128, 128, 128, 255}, {200, 150, 120, 255}, {60, 40, 30, 255}, {250, 240, 230, 255}, {10, 12, 14, 255}} {
		img := image.NewNRGBA(image.Rect(0, 0, 32, 32))
		for i := range 32 * 32 {
			img.SetNRGBA(i%32, i/32, c)
		}
		var in, out [3]float64
		for i, v := range []uint8{c.R, c.G, c.B} {
			in[i] = toLinear(float64(v)/255) * tone.White.Gains[i] * math.Exp2(tone.Exposure)
		}
		for i := range out {
			m := tone.Matrix[3*i:]
			v := fromLinear(m[0]*in[0] + m[1]*in[1] + m[2]*in[2])
			out[i] = 255 * min(max(0.5+(v-0.5)*math.Exp2(tone.Contrast), 0), 1)
		}
		r, g, b, _ := decode(t, edit(t, darkroom.NewRenderer(nil), lossless(t, img), recipe, darkroom.EditOptions{})).At(16, 16).RGBA()
		for i, got := range []uint32{r, g, b} {
			if math.Abs(float64(got)/257-out[i]) > 2 { // a JPEG's own rounding
				t.Errorf("%v: channel %d is %.1f, want %.1f", c, i, float64(got)/257, out[i])
			}
		}
	}
}

// 200 px along the ruler are 80 mm: 2.5 px each.
func TestTheScaleBarIsAsLongAsItSays(t *testing.T) {
	recipe := clinical.NewRecipe()
	recipe.Scale = &clinical.ScaleBar{From: pt(20, 20), To: pt(220, 20), LengthMM: 80, Corner: clinical.LowerLeft}
	for _, size := range []darkroom.Size{0, 400} {
		p := edit(t, darkroom.NewRenderer(nil), lossless(t, patches(800, 600)), recipe, darkroom.EditOptions{Size: size})
		img := decode(t, p)
		// A quarter of the width is 200 px, 80 mm; the longest round length below it is 5 cm.
		want := 125.0 * float64(p.Width) / 800
		longest := 0
		for y := range p.Height {
			run := 0
			for x := range p.Width {
				if v, _, _, _ := img.At(x, y).RGBA(); v > 0x9000 {
					run++
					longest = max(longest, run)
				} else {
					run = 0
				}
			}
		}
		if math.Abs(float64(longest)-want) > 4 {
			t.Errorf("size %d: the bar is %d px long, want %.0f", size, longest, want)
		}
	}
}

func TestARecipeThatDoesNotFitIsRefusedInItsOwnWords(t *testing.T) {
	recipe := clinical.NewRecipe()
	recipe.Frame = &clinical.Frame{Centre: pt(500, 500), Width: 100, Height: 100}
	src := lossless(t, patches(300, 200))
	for way, r := range editors(t) {
		_, err := r.Edit(t.Context(), source(src, "image/png"), recipe, darkroom.EditOptions{})
		if clinical.KindOf(err) != clinical.Invalid || clinical.ReasonOf(err) != "recipe-frame" {
			t.Errorf("%s: %v", way, err)
		}
		_, err = r.Edit(t.Context(), source(src[:len(src)/2], "image/png"), clinical.NewRecipe(), darkroom.EditOptions{})
		if err != nil && clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
			t.Errorf("%s: half a picture: %v", way, err)
		}
		_, err = r.Edit(t.Context(), source([]byte("no picture"), "image/png"), clinical.NewRecipe(), darkroom.EditOptions{})
		if clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
			t.Errorf("%s: no picture: %v", way, err)
		}
	}
}

// A raw file is edited by its preview, which lies askew as the camera was held.
func TestARawFileIsEditedByItsPreview(t *testing.T) {
	raw := append(append([]byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"), picture(t, 40, 30)...), oriented(t, patches(300, 200, pt(200, 60)), 6)...)
	recipe := clinical.NewRecipe()
	recipe.Frame = &clinical.Frame{Centre: pt(200, 70), Width: 100, Height: 100}
	for way, r := range editors(t) {
		p, err := r.Edit(t.Context(), source(raw, "image/x-nikon-nef"), recipe, darkroom.EditOptions{})
		if err != nil {
			t.Fatalf("%s: %v", way, err)
		}
		if got := centre(decode(t, p)); !(math.Hypot(got.X-50, got.Y-40) < 1) || p.SourceWidth != 300 {
			t.Errorf("%s: at %.1f of %d", way, got, p.SourceWidth)
		}
		if p, err := r.Render(t.Context(), source(raw, "image/x-nikon-nef"), 100, false); err != nil || p.Width != 100 || p.Height != 67 {
			t.Errorf("%s: %dx%d %v", way, p.Width, p.Height, err)
		}
		if _, err := r.Edit(t.Context(), source(raw[:40], "image/x-nikon-nef"), recipe, darkroom.EditOptions{}); clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
			t.Errorf("%s: without a preview: %v", way, err)
		}
	}
}

// The bar is as long as it was chosen, where it fits; else the longest that
// takes a quarter of the width. A millimetre is 10 pixels here.
func TestTheScaleBarIsAsLongAsItWasChosen(t *testing.T) {
	plain := image.NewNRGBA(image.Rect(0, 0, 640, 480))
	for i := range plain.Pix {
		plain.Pix[i] = 255
		if i%4 < 2 {
			plain.Pix[i] = 60
		}
	}
	src := lossless(t, plain)
	for chosen, want := range map[float64]int{0: 100, 5: 50, 10: 100, 50: 500, 100: 100, 5000: 100} {
		r := clinical.NewRecipe()
		r.Scale = &clinical.ScaleBar{From: pt(100, 100), To: pt(300, 100), LengthMM: 20, Corner: clinical.LowerLeft, BarMM: chosen}
		shown := decode(t, edit(t, darkroom.NewRenderer(nil), src, r, darkroom.EditOptions{}))
		longest := 0
		for y := range 480 {
			run := 0
			for x := range 640 {
				if red, green, _, _ := shown.At(x, y).RGBA(); red > 0xd000 && green > 0xd000 {
					run++
				} else {
					run = 0
				}
				longest = max(longest, run)
			}
		}
		if longest < want-2 || longest > want+6 {
			t.Errorf("a bar of %g mm is %d pixels long, want %d", chosen, longest, want)
		}
	}
}
