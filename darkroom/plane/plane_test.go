package plane_test

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"fovea/darkroom/plane"
)

// ramp is a plane that is brighter to the right and below.
func ramp(w, h int) *plane.Plane {
	p := plane.New(w, h)
	for y := range h {
		for x := range w {
			p.Pix[y*w+x] = float32(x) + 2*float32(y)
		}
	}
	return p
}

func TestAPlaneHoldsTheBrightnessOfAnyKindOfPicture(t *testing.T) {
	grey := image.NewGray(image.Rect(3, 5, 35, 29))
	colours := image.NewNRGBA(grey.Rect)
	video := image.NewYCbCr(grey.Rect, image.YCbCrSubsampleRatio420)
	for i := range video.Cb {
		video.Cb[i], video.Cr[i] = 128, 128
	}
	r := rand.New(rand.NewPCG(1, 2))
	for y := grey.Rect.Min.Y; y < grey.Rect.Max.Y; y++ {
		for x := grey.Rect.Min.X; x < grey.Rect.Max.X; x++ {
			v := uint8(r.Uint32())
			grey.SetGray(x, y, color.Gray{Y: v})
			colours.Set(x, y, color.Gray{Y: v})
			video.Y[video.YOffset(x, y)] = v
		}
	}
	want := plane.Of(grey, 100)
	for name, img := range map[string]image.Image{"colours": colours, "YCbCr": video, "paletted by default": image.Image(grey)} {
		got := plane.Of(img, 100)
		if got.W != 32 || got.H != 24 {
			t.Fatalf("%s: %d × %d pixels", name, got.W, got.H)
		}
		for i := range got.Pix {
			if math.Abs(float64(got.Pix[i]-want.Pix[i])) > .01 {
				t.Fatalf("%s: pixel %d is %v, want %v", name, i, got.Pix[i], want.Pix[i])
			}
		}
	}
}

func TestScalingKeepsPlacesWhereTheyAre(t *testing.T) {
	for _, size := range [][2]int{{80, 60}, {40, 30}, {33, 57}, {160, 120}} {
		got := ramp(80, 60).Resized(size[0], size[1])
		for y := 4; y < size[1]-4; y++ {
			for x := 4; x < size[0]-4; x++ {
				want := (float64(x)+.5)*80/float64(size[0]) - .5 + 2*((float64(y)+.5)*60/float64(size[1])-.5)
				if v := float64(got.Pix[y*size[0]+x]); math.Abs(v-want) > 1 {
					t.Fatalf("%v: %v at %d, %d, want %v", size, v, x, y, want)
				}
			}
		}
	}
}

func TestFourQuartersAreAWholeTurn(t *testing.T) {
	p := ramp(7, 4)
	again := p.Quarter().Quarter().Quarter().Quarter()
	twice := p.Turned().Turned()
	for i, v := range p.Pix {
		if again.Pix[i] != v || twice.Pix[i] != v {
			t.Fatalf("pixel %d", i)
		}
	}
	if q := p.Quarter(); q.W != 4 || q.H != 7 || q.Pix[3] != p.Pix[0] {
		t.Errorf("a quarter does not turn clockwise: %v", q)
	}
}

func TestDetailHasNothingOfWhatIsLarge(t *testing.T) {
	p := ramp(64, 64)
	d := p.Detail()
	for y := 8; y < 56; y++ {
		for x := 8; x < 56; x++ {
			if math.Abs(float64(d.Pix[y*64+x])) > .01 {
				t.Fatalf("%v at %d, %d of a ramp", d.Pix[y*64+x], x, y)
			}
		}
	}
	if v := p.At(3.25, 7.5); math.Abs(float64(v)-18.25) > 1e-4 || !p.Holds(3.25, 7.5) || p.Holds(63.5, 1) || p.Holds(-.1, 1) {
		t.Errorf("between pixels it reads %v", v)
	}
}
