package align_test

import (
	"flag"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"text/tabwriter"

	"fovea/darkroom/align"
)

// whole takes every photograph instead of a sample, and prints the table of
// docs/alignment.md.
var whole = flag.Bool("whole", false, "all photographs instead of a sample, and the table")

// trial is one kind of follow-up.
type trial struct {
	name   string
	cut    float64 // share of the earlier photograph's sides
	follow func(w, h float64, r *rand.Rand) followUp
}

// trials are what is promised to be found.
func trials() []trial {
	between := func(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }
	place := func(r *rand.Rand, most float64) align.Place {
		return align.Place{X: between(r, -most, most), Y: between(r, -most, most)}
	}
	hand := func(w, h float64, r *rand.Rand) align.Homography {
		return camera(w, h, stand{between(r, .9, 1.3), between(r, -20, 20), place(r, .06), place(r, .05)})
	}
	return []trial{
		{"another stand", .9, func(w, h float64, r *rand.Rand) followUp {
			return followUp{camera: hand(w, h, r), gain: 1}
		}},
		{"closer, cut to 60 %", .6, func(w, h float64, r *rand.Rand) followUp {
			return followUp{camera: camera(w, h, stand{between(r, 1.2, 1.6), between(r, -10, 10), place(r, .04), place(r, .08)}), gain: 1}
		}},
		{"another light", .9, func(w, h float64, r *rand.Rand) followUp {
			return followUp{camera: hand(w, h, r), gain: between(r, .6, 1.3), slope: between(r, -.6, .6), warm: between(r, -.15, .15)}
		}},
		{"noise of σ 8", .9, func(w, h float64, r *rand.Rand) followUp {
			return followUp{camera: hand(w, h, r), gain: 1, noise: 8}
		}},
		{"saved at quality 40", .9, func(w, h float64, r *rand.Rand) followUp {
			return followUp{camera: hand(w, h, r), gain: 1, save: 40}
		}},
		{"bent by 0.4 %", .9, func(w, h float64, r *rand.Rand) followUp {
			return followUp{camera: hand(w, h, r), gain: 1, bend: .004 * max(w, h)}
		}},
		{"all of it", .8, func(w, h float64, r *rand.Rand) followUp {
			return followUp{
				camera: hand(w, h, r), gain: between(r, .75, 1.2), slope: between(r, -.3, .3), warm: between(r, -.08, .08), noise: 4, save: 70,
				bend: .003 * max(w, h),
			}
		}},
	}
}

// tally is what came of one kind of follow-up. Errors are in parts per thousand
// of the longer side.
type tally struct {
	tried, kept, beyond int
	stated, true95      []float64
}

func TestAnAlignmentIsWithinTheErrorThatItStates(t *testing.T) {
	paths := slices.Concat(photos(t, "wounds/*/[0-9][0-9][0-9][0-9].jpg", every(23, 18)), photos(t, "faces/*.jpg", every(3, 2)))
	all := make([]tally, len(trials()))
	for i, path := range paths {
		img := photo(t, path)
		for k, kind := range trials() {
			if !*whole && (i+k)%3 > 0 {
				continue
			}
			r := rand.New(rand.NewPCG(uint64(i), uint64(k)))
			w, h := img.Rect.Dx(), img.Rect.Dy()
			f := kind.follow(float64(w), float64(h), r)
			w, h = int(float64(w)*kind.cut), int(float64(h)*kind.cut)
			f.camera = f.camera.After(align.Homography{1, 0, float64(img.Rect.Dx()-w) / 2, 0, 1, float64(img.Rect.Dy()-h) / 2, 0, 0, 1})
			got, err := align.Find(t.Context(), img, f.take(t, img, w, h, r))
			if err != nil {
				t.Fatal(err)
			}
			note(t, &all[k], outcome{fmt.Sprintf("%s, %s", filepath.Base(path), kind.name), got, wrong(got, f, img.Rect, w, h), float64(max(img.Rect.Dx(), img.Rect.Dy()))})
		}
	}
	report(t, all)
}

func every(sample, all int) int {
	if *whole {
		return all
	}
	return sample
}

// outcome is one alignment, and how far off it is.
type outcome struct {
	name string
	got  align.Result
	is   float64 // 19 of 20 places are within so many pixels
	side float64 // of the earlier photograph, the longer, in pixels
}

// note judges one alignment.
func note(t *testing.T, to *tally, o outcome) {
	t.Helper()
	name, got, is, side := o.name, o.got, o.is, o.side
	to.tried++
	if !got.Accepted() {
		t.Logf("%s: %s, %d of %d agree, error %.1f", name, got.Reason, got.Agreeing, got.Matches, got.Error)
		return
	}
	to.kept++
	to.stated, to.true95 = append(to.stated, 1000*got.Error/side), append(to.true95, 1000*is/side)
	if is > got.Error {
		to.beyond++
		t.Logf("%s: 19 of 20 places are within %.2f px, and %.2f were stated", name, is, got.Error)
	}
	if is > 2*got.Error || is > .02*side {
		t.Errorf("%s: 19 of 20 places are within %.2f px only, and %.2f were stated", name, is, got.Error)
	}
}

// report prints the table, and holds the whole to what is promised.
func report(t *testing.T, all []tally) {
	t.Helper()
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	var sum tally
	for k, kind := range trials() {
		a := all[k]
		sum.tried, sum.kept, sum.beyond = sum.tried+a.tried, sum.kept+a.kept, sum.beyond+a.beyond
		if *whole {
			_, _ = fmt.Fprintf(out, "| %s\t| %d of %d\t| %.1f ‰\t| %.1f ‰\t| %.1f ‰\t| %.1f ‰\t| %d |\n", kind.name, a.kept, a.tried,
				quantile(a.stated, .5), quantile(a.true95, .5), quantile(a.stated, .95), quantile(a.true95, .95), a.beyond)
		}
	}
	_ = out.Flush()
	if sum.kept*100 < sum.tried*95 {
		t.Errorf("%d of %d follow-ups are aligned", sum.kept, sum.tried)
	}
	if sum.beyond*50 > sum.kept {
		t.Errorf("%d of %d alignments are farther off than they state", sum.beyond, sum.kept)
	}
	t.Logf("%d of %d follow-ups aligned, %d farther off than stated", sum.kept, sum.tried, sum.beyond)
}

func quantile(all []float64, q float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(all))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

func TestAMirroredPictureIsNotAligned(t *testing.T) {
	for _, path := range photos(t, "wounds/train/[0-9][0-9][0-9][0-9].jpg", every(90, 9)) {
		img := photo(t, path)
		got, err := align.Find(t.Context(), img, mirrored(img))
		if err != nil || got.Accepted() {
			t.Errorf("%s: %+v, %v", filepath.Base(path), got, err)
		}
	}
}

// A ruler is the same ruler beside whatever it is laid.
func TestTheSameRulerBesideTwoWoundsAlignsNothing(t *testing.T) {
	paths := photos(t, "wounds/train/[0-9][0-9][0-9][0-9].jpg", every(67, 11))
	label := photo(t, photos(t, "faces/2008_002470.jpg", 1)[0]) // anything with detail
	for i := 1; i < len(paths); i++ {
		before, after := photo(t, paths[i-1]), photo(t, paths[i])
		pasted(before, label, 300, 330, 150)
		pasted(after, label, 290, 40+30*(i%8), 150)
		got, err := align.Find(t.Context(), before, after)
		if err != nil || got.Accepted() {
			t.Errorf("%s beside %s: %+v, %v", filepath.Base(paths[i]), filepath.Base(paths[i-1]), got, err)
		}
	}
}

func mirrored(img *image.RGBA) *image.RGBA {
	out := image.NewRGBA(img.Rect)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			out.SetRGBA(img.Rect.Dx()-1-x, y, img.RGBAAt(x, y))
		}
	}
	return out
}

// pasted puts the middle of a picture onto another, side pixels wide and two
// thirds as high.
func pasted(onto, what *image.RGBA, x, y, side int) {
	for dy := range side * 2 / 3 {
		for dx := range side {
			onto.SetRGBA(x+dx, y+dy, what.RGBAAt(what.Rect.Dx()/4+dx*5/4, what.Rect.Dy()/4+dy*5/4))
		}
	}
}
