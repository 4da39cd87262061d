package align

import (
	"image"
	"image/draw"
	_ "image/jpeg" // decoder
	"os"
	"path/filepath"
	"testing"

	"fovea/internal/testenv"
)

// studied reads photographs of the test data, the black that some were made
// square with cut away: no camera adds it.
func studied(t *testing.T, paths []string) (names []string, out []*sheet) {
	t.Helper()
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		img, _, err := image.Decode(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		s, ok := newSheet(uncovered(img))
		if !ok {
			t.Fatalf("%s is too small", filepath.Base(path))
		}
		if err := s.study(t.Context()); err != nil {
			t.Fatal(err)
		}
		names, out = append(names, filepath.Base(path)), append(out, s)
	}
	return names, out
}

func uncovered(img image.Image) image.Image {
	var r image.Rectangle
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if red, green, blue, _ := img.At(x, y).RGBA(); red+green+blue > 60<<8 {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	out := image.NewRGBA(r)
	draw.Draw(out, r, img, r.Min, draw.Src)
	return out
}

// wounds are the paths of every n-th photograph of a wound.
func wounds(t *testing.T, n int) (out []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(testenv.Data(t, "wounds"), "*", "[0-9][0-9][0-9][0-9].jpg"))
	if err != nil || len(all) == 0 {
		t.Fatalf("no photographs (%v)", err)
	}
	for i := 0; i < len(all); i += n {
		out = append(out, all[i])
	}
	return out
}

// What is judged here is what Find judges, without finding the details of each
// photograph again for each of the others. Among the photographs of this sample
// no two show one patient, by eye; clinic, floor and couch recur.
func TestNobodyElsesPictureIsLaidOverThePatients(t *testing.T) {
	names, sheets := studied(t, append(wounds(t, 16), filepath.Join(testenv.Data(t, "faces"), "bald_guys.jpg"), filepath.Join(testenv.Data(t, "faces"), "dogs.jpg")))
	pairs, most := 0, 0
	for i, after := range sheets {
		for j, before := range sheets[:i] {
			r := between(before, after)
			pairs++
			most = max(most, r.Agreeing)
			if r.Accepted() {
				t.Errorf("%s is laid over %s: %+v", names[i], names[j], r)
			}
		}
	}
	if pairs < 200 {
		t.Fatalf("%d pairs only", pairs)
	}
	t.Logf("%d pairs of different patients, none aligned; at most %d details agree", pairs, most)
}

// The floor of a clinic is printed, and the same in every photograph: two feet
// of two patients on it, or one patient's on two days, have more details of the
// floor in common than of anything else.
func TestAFloorIsNoPatient(t *testing.T) {
	for _, pair := range [][2]string{{"0074", "0655"}, {"0309", "0655"}, {"0020", "0466"}, {"0655", "0502"}} {
		_, s := studied(t, named(t, pair[:]))
		if r := between(s[0], s[1]); r.Accepted() || r.Agreeing < fewestAgreeing {
			t.Errorf("%s and %s: %+v", pair[0], pair[1], r)
		}
	}
}

// A patient's ankle on six days, held by hand, the couch, the floor and the
// wound never the same.
func TestAPatientsFollowUpsAreAligned(t *testing.T) {
	for _, days := range [][]string{{"0109", "0148", "0434", "0447", "0484", "0206"}, {"0052", "0094"}, {"0418", "0495"}, {"0121", "0284"}} {
		names, s := studied(t, named(t, days))
		for i := 1; i < len(s); i++ {
			r := between(s[0], s[i])
			t.Logf("%s over %s: %d agree, error %.1f px, region %.0f %%, %d of %d parts alike", names[i], names[0], r.Agreeing, r.Error, 100*r.Spread, r.Alike, r.Parts)
			if !r.Accepted() {
				t.Errorf("%s over %s: %+v", names[i], names[0], r)
			}
		}
	}
}

func named(t *testing.T, names []string) (out []string) {
	t.Helper()
	for _, n := range names {
		found, err := filepath.Glob(filepath.Join(testenv.Data(t, "wounds"), "*", n+".jpg"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %v", n, found, err)
		}
		out = append(out, found[0])
	}
	return out
}
