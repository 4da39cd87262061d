package align_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"fovea/clinical"
	"fovea/darkroom/align"
)

func near(a, b align.Place, within float64) bool { return math.Hypot(a.X-b.X, a.Y-b.Y) <= within }

// some is a map that a camera can make of a picture of 1000 × 700 pixels.
func some(r *rand.Rand) align.Homography {
	v := func(most float64) float64 { return most * (2*r.Float64() - 1) }
	return camera(1000, 700, stand{math.Exp(v(.7)), v(180), align.Place{X: v(.15), Y: v(.15)}, align.Place{X: v(.3), Y: v(.3)}})
}

func TestAMapAndItsInverseLeavePlacesWhereTheyAre(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for range 500 {
		h, g := some(r), some(r)
		at := align.Place{X: 1000 * r.Float64(), Y: 700 * r.Float64()}
		there, ok := h.Apply(at)
		back, ok2 := h.Inverse().Apply(there)
		if !ok || !ok2 || !near(back, at, 1e-6) {
			t.Fatalf("%v: %v becomes %v and then %v", h, at, there, back)
		}
		once, _ := g.Apply(there)
		if twice, ok := g.After(h).Apply(at); ok && !near(once, twice, 1e-6*(1+math.Hypot(once.X, once.Y))) {
			t.Fatalf("one after the other %v, both at once %v", once, twice)
		}
		if same := h.Inverse().After(h); !nearly(same, align.Homography{1, 0, 0, 0, 1, 0, 0, 0, 1}) {
			t.Fatalf("%v undone is %v", h, same)
		}
	}
	if _, ok := (align.Homography{1, 0, 0, 0, 1, 0, -1, 0, 1}).Apply(align.Place{X: 2}); ok {
		t.Error("what lies behind the horizon is somewhere")
	}
}

func nearly(a, b align.Homography) bool {
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-6 {
			return false
		}
	}
	return true
}

// scene is a picture with detail of all sizes, the same for the same seed.
func scene(w, h int, seed uint64) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 9))
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range out.Pix {
		out.Pix[i] = 150
	}
	for range 500 {
		x, y, radius := r.IntN(w), r.IntN(h), 2+r.IntN(5)*r.IntN(7)
		c := color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
		for dy := -radius; dy <= radius; dy++ {
			for dx := -radius; dx <= radius; dx++ {
				if dx*dx+dy*dy <= radius*radius && image.Pt(x+dx, y+dy).In(out.Rect) {
					out.SetRGBA(x+dx, y+dy, c)
				}
			}
		}
	}
	return out
}

func TestTheSamePicturesGiveTheSameResult(t *testing.T) {
	before := scene(480, 360, 1)
	f := followUp{camera: camera(480, 360, stand{1.1, 12, align.Place{X: .05}, align.Place{Y: .03}}), gain: .9, noise: 3}
	after := f.take(t, before, 480, 360, rand.New(rand.NewPCG(4, 4)))
	first, err := align.Find(t.Context(), before, after)
	if err != nil || !first.Accepted() {
		t.Fatalf("%+v, %v", first, err)
	}
	if is := wrong(first, f, before.Rect, 480, 360); is > first.Error || is > 1 {
		t.Errorf("wrong by %.2f px, and %.2f were stated", is, first.Error)
	}
	for range 2 {
		if again, err := align.Find(t.Context(), before, after); err != nil || !reflect.DeepEqual(again, first) {
			t.Fatalf("%+v\n%+v, %v", first, again, err)
		}
	}
}

func TestPicturesInWhichNothingIsToBeFoundAreRefused(t *testing.T) {
	flat := func(w, h int) image.Image {
		p := image.NewGray(image.Rect(0, 0, w, h))
		for i := range p.Pix {
			p.Pix[i] = 90
		}
		return p
	}
	noise := func(seed uint64) image.Image {
		p := image.NewGray(image.Rect(5, 9, 405, 309))
		r := rand.New(rand.NewPCG(seed, 1))
		for i := range p.Pix {
			p.Pix[i] = uint8(r.Uint32())
		}
		return p
	}
	stripes, chess := image.NewGray(image.Rect(0, 0, 400, 300)), image.NewGray(image.Rect(0, 0, 400, 300))
	for i := range stripes.Pix {
		stripes.Pix[i] = uint8(255 * (i % 400 / 10 % 2))
		chess.Pix[i] = uint8(255 * ((i%400/20 + i/400/20) % 2))
	}
	photo := scene(400, 300, 2)
	tests := []struct {
		name          string
		before, after image.Image
		want          clinical.Reason // "": any
	}{
		{"nothing", image.NewGray(image.Rectangle{}), photo, align.ReasonSmall},
		{"one pixel", flat(1, 1), photo, align.ReasonSmall},
		{"a stamp", photo, flat(63, 200), align.ReasonSmall},
		{"a ribbon", photo, flat(4000, 80), align.ReasonSmall},
		{"one colour", flat(300, 300), flat(300, 300), align.ReasonFew},
		{"one colour, large", flat(5000, 4000), photo, align.ReasonFew},
		{"noise", noise(1), noise(2), align.ReasonFew},
		{"stripes, beside", stripes, stripes.SubImage(image.Rect(45, 30, 400, 300)), ""},
		{"a chess board, beside", chess, chess.SubImage(image.Rect(47, 33, 400, 300)), ""},
		{"another scene", photo, scene(400, 300, 3), ""},
	}
	for _, tt := range tests {
		got, err := align.Find(t.Context(), tt.before, tt.after)
		if err != nil || got.Accepted() || tt.want != "" && got.Reason != tt.want {
			t.Errorf("%s: %+v, %v; want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestAlignmentEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := align.Find(ctx, scene(200, 200, 1), scene(200, 200, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// seen are places of a picture of 1000 × 700 pixels as one of 800 × 800 shows
// them.
func pointed(h align.Homography, at ...align.Place) (out []align.Pair) {
	for _, p := range at {
		before, _ := h.Apply(p)
		out = append(out, align.Pair{Before: before, After: p})
	}
	return out
}

func TestThreeOrFourPlacesOfAPersonAreEnough(t *testing.T) {
	before, after := image.Pt(1000, 700), image.Pt(800, 800)
	affine := align.Homography{1.1, -.2, 40, .15, .9, 20, 0, 0, 1}
	slanted := align.Homography{1.1, -.2, 80, .15, .8, 20, 1e-4, 5e-5, 1}
	corners := []align.Place{{X: 100, Y: 100}, {X: 700, Y: 120}, {X: 650, Y: 600}, {X: 150, Y: 580}}
	for name, tt := range map[string]struct {
		is align.Homography
		of []align.Pair
	}{
		"three": {affine, pointed(affine, corners[:3]...)},
		"four":  {slanted, pointed(slanted, corners...)},
		"six":   {slanted, pointed(slanted, append(corners, align.Place{X: 400, Y: 300}, align.Place{X: 420, Y: 500})...)},
	} {
		got := align.ByHand(before, after, tt.of)
		if !got.Accepted() || got.Agreeing != len(tt.of) {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for _, p := range append(corners, align.Place{X: 333, Y: 444}) {
			want, _ := tt.is.Apply(p)
			if is, ok := got.Matrix.Apply(p); !ok || !near(is, want, 1e-3) {
				t.Errorf("%s: %v comes to lie at %v, want %v", name, p, is, want)
			}
		}
		if got.Error < 4 || got.Error > 50 {
			t.Errorf("%s: the error is stated as %.1f px", name, got.Error)
		}
	}
}

func TestPlacesThatMakeNoMapAreRefused(t *testing.T) {
	size := image.Pt(1000, 700)
	p := func(x, y float64) align.Place { return align.Place{X: x, Y: y} }
	three := []align.Pair{{p(100, 100), p(120, 90)}, {p(800, 120), p(790, 130)}, {p(400, 600), p(410, 580)}}
	nan := math.NaN()
	tests := []struct {
		name   string
		points []align.Pair
		want   clinical.Reason
	}{
		{"none", nil, align.ReasonPoints},
		{"two", three[:2], align.ReasonPoints},
		{"nine", append(append(append([]align.Pair{}, three...), three...), three...), align.ReasonPoints},
		{"one of them thrice", []align.Pair{three[0], three[0], three[0]}, align.ReasonPoints},
		{"in a line", []align.Pair{{p(100, 100), p(100, 100)}, {p(200, 200), p(200, 200)}, {p(300, 300), p(300, 300)}}, align.ReasonPoints},
		{"outside", append(append([]align.Pair{}, three[:2]...), align.Pair{Before: p(-1, 4), After: p(400, 600)}), align.ReasonPoints},
		{"no number", append(append([]align.Pair{}, three[:2]...), align.Pair{Before: p(nan, 4), After: p(400, 600)}), align.ReasonPoints},
		{"mirrored", []align.Pair{{p(100, 100), p(900, 100)}, {p(800, 120), p(200, 120)}, {p(400, 600), p(600, 600)}}, align.ReasonMirrored},
		{"mirrored, four", []align.Pair{{p(100, 100), p(900, 100)}, {p(800, 100), p(200, 100)}, {p(800, 600), p(200, 600)}, {p(100, 600), p(900, 600)}}, align.ReasonMirrored},
		{"crossed", []align.Pair{{p(100, 100), p(100, 100)}, {p(800, 100), p(800, 100)}, {p(800, 600), p(100, 600)}, {p(100, 600), p(800, 600)}}, align.ReasonPoints},
		{"squeezed", []align.Pair{{p(100, 100), p(100, 300)}, {p(900, 100), p(900, 300)}, {p(500, 690), p(500, 345)}}, align.ReasonImplausible},
	}
	for _, tt := range tests {
		if got := align.ByHand(size, size, tt.points); got.Reason != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.want)
		}
	}
	if got := align.ByHand(image.Pt(0, 0), size, three); got.Reason != align.ReasonPoints {
		t.Errorf("a picture without pixels: %+v", got)
	}
}

// Whatever is pointed at, nothing mirrors, and what is accepted is a map.
func TestPointsAtRandomNeverMirror(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	kept := 0
	for range 20_000 {
		var points []align.Pair
		for range 3 + r.IntN(3) {
			at := align.Place{X: 1000 * r.Float64(), Y: 700 * r.Float64()}
			to := align.Place{X: min(1000, max(0, at.X+150*r.NormFloat64())), Y: min(700, max(0, at.Y+150*r.NormFloat64()))}
			points = append(points, align.Pair{Before: to, After: at})
		}
		got := align.ByHand(image.Pt(1000, 700), image.Pt(1000, 700), points)
		if !got.Accepted() {
			continue
		}
		kept++
		var turn float64
		var at [3]align.Place
		for i, c := range []align.Place{{X: 10, Y: 10}, {X: 990, Y: 10}, {X: 500, Y: 690}} {
			at[i], _ = got.Matrix.Apply(c)
		}
		turn = (at[1].X-at[0].X)*(at[2].Y-at[0].Y) - (at[2].X-at[0].X)*(at[1].Y-at[0].Y)
		if !(turn > 0) || math.IsNaN(got.Error) {
			t.Fatalf("%+v from %v", got, points)
		}
	}
	if kept < 100 {
		t.Errorf("%d accepted: this tries nothing", kept)
	}
}
