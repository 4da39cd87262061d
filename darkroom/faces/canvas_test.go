package faces

import (
	"image"
	"image/color"
	"math"
	"testing"
)

// spot is black but for a white square around one place.
func spot(w, h, x, y, size int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for dy := range size {
		for dx := range size {
			img.SetRGBA(x-size/2+dx, y-size/2+dy, color.RGBA{255, 255, 255, 255})
		}
	}
	return img
}

// What is seen in a view is placed where it was, however the view is turned and
// whatever the picture was shrunk by.
func TestWhatAViewShowsIsPlacedWhereItWas(t *testing.T) {
	for _, size := range [][2]int{{900, 600}, {4000, 3000}, {601, 1999}} {
		x, y := size[0]*2/3, size[1]/4
		c, factor := shrink(spot(size[0], size[1], x, y, max(size[0], size[1])/40))
		p := newPicture(c)
		for turn := range 4 {
			v := view{float64(c.w) / 2, float64(c.h) / 2, 1.5 * float64(max(c.w, c.h)), turn}
			const side = 256
			shown := make([]float32, 3*side*side)
			p.draw(shown, side, v, make([]mix, 2*side))
			var s sight
			total := 0.0
			for i := range side * side {
				light := float64(shown[3*i]) + 1
				s.x += light * (float64(i%side) + 0.5) / side
				s.y += light * (float64(i/side) + 0.5) / side
				total += light
			}
			s.x, s.y, s.w, s.h = s.x/total, s.y/total, 0.1, 0.2
			b := v.place(s)
			gotX, gotY := (b.x0+b.x1)/2*float64(factor), (b.y0+b.y1)/2*float64(factor)
			if math.Hypot(gotX-float64(x), gotY-float64(y)) > 0.01*float64(max(size[0], size[1])) {
				t.Errorf("%v turned %d: placed at %.0f, %.0f, was at %d, %d", size, turn, gotX, gotY, x, y)
			}
			if tall := b.y1-b.y0 > b.x1-b.x0; tall != (turn%2 == 0) {
				t.Errorf("%v turned %d: %v lies on its side", size, turn, b)
			}
		}
	}
}

func TestShrinkingTakesTheMeanOfEveryPixel(t *testing.T) {
	img := image.NewYCbCr(image.Rect(3, 5, 3+1601, 5+7), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = uint8(90 + 20*(i%2))
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 128, 128
	}
	c, factor := shrink(img)
	if factor != 2 || c.w != 801 || c.h != 4 {
		t.Fatalf("%d × %d by %d", c.w, c.h, factor)
	}
	for i, v := range c.pix[:3*(c.w-1)] {
		if v != 100 {
			t.Fatalf("byte %d is %d, want the mean 100", i, v)
		}
	}
}

func TestTheSurestOfThoseThatOverlapIsKept(t *testing.T) {
	kept := distinct([]candidate{
		{box: box{0, 0, 10, 10}, score: 0.5},
		{box: box{1, 1, 11, 11}, score: 0.9},
		{box: box{9, 9, 20, 20}, score: 0.4},
	}, 0.3)
	if len(kept) != 2 || kept[0].score != 0.9 || kept[1].score != 0.4 {
		t.Errorf("kept %v", kept)
	}
}

func TestAnUnsureFindingGrowsToHoldWhatItReplaces(t *testing.T) {
	a, b := box{0, 0, 10, 10}, box{3, 0, 13, 10}
	grown := merged([]candidate{{box: b, score: 0.4}, {box: a, score: 0.5}})
	if len(grown) != 1 || grown[0].box != a.union(b) || grown[0].score != 0.5 {
		t.Errorf("unsure: %v", grown)
	}
	sure := merged([]candidate{{box: b, score: 0.4}, {box: a, score: 0.9}})
	if len(sure) != 1 || sure[0].box != a {
		t.Errorf("sure: %v", sure)
	}
}

func TestExpIsTheExponential(t *testing.T) {
	for x := -100.0; x <= 100; x += 0.37 {
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 1e-13*want {
			t.Errorf("exp(%g) is %g, want %g", x, got, want)
		}
	}
	if exp(-1e9) != exp(-100) || exp(1e9) != exp(100) {
		t.Error("the ends are not the ends")
	}
}
