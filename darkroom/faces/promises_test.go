package faces_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/draw"
	_ "image/jpeg" // decoder
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"text/tabwriter"

	"fovea/clinical"
	"fovea/darkroom/faces"
	"fovea/internal/testenv"
)

// `make faces` sets both.
var (
	whole   = flag.Bool("whole", false, "all pictures instead of a sample, and the table")
	cascade = flag.String("pigo", "", "cascade file of pigo, the peer in the table")
)

// shot is a picture and where in it faces, or parts of faces, are.
type shot struct {
	name  string
	img   image.Image
	faces []image.Rectangle
}

// series is pictures of one kind, made one at a time.
type series struct {
	name string
	each func(yield func(shot) bool)
}

// overlap is the share of two rectangles together that both cover.
func overlap(a, b image.Rectangle) float64 {
	area := func(r image.Rectangle) float64 { return float64(r.Dx()) * float64(r.Dy()) }
	both := a.Intersect(b)
	if both.Empty() {
		return 0
	}
	return area(both) / (area(a) + area(b) - area(both))
}

// hit is the overlap from which a box counts as the face. Detectors differ in
// what they call a face: some end at the brows, some at the hair.
const hit = 0.3

func photo(tb testing.TB, elem ...string) image.Image {
	tb.Helper()
	f, err := os.Open(testenv.Data(tb, elem...))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, _, err := image.Decode(f)
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

// annotated reads which face is where.
func annotated(tb testing.TB) map[string][]image.Rectangle {
	tb.Helper()
	text, err := os.ReadFile(testenv.Data(tb, "faces", "faces.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var boxes map[string][][4]float64
	if err := json.Unmarshal(text, &boxes); err != nil {
		tb.Fatal(err)
	}
	all := map[string][]image.Rectangle{}
	for name, list := range boxes {
		all[name] = nil
		for _, b := range list {
			all[name] = append(all[name], image.Rect(int(b[0]), int(b[1]), int(b[2]+0.5), int(b[3]+0.5)))
		}
	}
	return all
}

func sorted(all map[string][]image.Rectangle) []string {
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// turned is the shot turned clockwise by a quarter.
func (s shot) turned() shot {
	b := s.img.Bounds()
	flat := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(flat, flat.Bounds(), s.img, b.Min, draw.Src)
	img := image.NewRGBA(image.Rect(0, 0, b.Dy(), b.Dx()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			img.SetRGBA(b.Dy()-1-y, x, flat.RGBAAt(x, y))
		}
	}
	out := shot{name: s.name, img: img}
	for _, f := range s.faces {
		out.faces = append(out.faces, image.Rect(b.Dy()-f.Max.Y, f.Min.X, b.Dy()-f.Min.Y, f.Max.X))
	}
	return out
}

// photos are the annotated pictures, each step-th from the second on, turned by
// so many quarters; all of them where step is 1.
func photos(tb testing.TB, quarters, step int) series {
	tb.Helper()
	all := annotated(tb)
	return series{fmt.Sprintf("whole faces, turned %d°", 90*quarters), func(yield func(shot) bool) {
		names := sorted(all)
		for i := min(1, step-1); i < len(names); i += step {
			name := names[i]
			s := shot{name, photo(tb, "faces", name), all[name]}
			for range quarters {
				s = s.turned()
			}
			if !yield(s) {
				return
			}
		}
	}}
}

// part is what of a face a close-up shows, in thousandths of its box.
type part struct {
	name           string
	x0, y0, x1, y1 int
}

func parts() []part {
	return []part{
		{"left halves", -100, -100, 500, 1100},
		{"right halves", 500, -100, 1100, 1100},
		{"eyes alone", -50, 200, 1050, 550},
		{"lower faces", -50, 550, 1050, 1100},
	}
}

// closeUps are the widest faces of the annotated pictures, cut to a part.
func closeUps(tb testing.TB, p part, most int) series {
	tb.Helper()
	type one struct {
		name string
		face image.Rectangle
	}
	var all []one
	boxes := annotated(tb)
	for _, name := range sorted(boxes) {
		for _, f := range boxes[name] {
			all = append(all, one{name, f})
		}
	}
	slices.SortStableFunc(all, func(a, b one) int { return b.face.Dx() - a.face.Dx() })
	open := map[string]image.Image{}
	return series{p.name, func(yield func(shot) bool) {
		for _, o := range all[:most] {
			if open[o.name] == nil {
				open[o.name] = photo(tb, "faces", o.name)
			}
			img := open[o.name]
			w, h := o.face.Dx(), o.face.Dy()
			frame := image.Rect(w*p.x0/1000, h*p.y0/1000, w*p.x1/1000, h*p.y1/1000).Add(o.face.Min).Intersect(img.Bounds())
			cut := image.NewRGBA(frame)
			draw.Draw(cut, frame, img, frame.Min, draw.Src)
			if !yield(shot{fmt.Sprintf("%s at %v", o.name, o.face), cut, []image.Rectangle{o.face.Intersect(frame)}}) {
				return
			}
		}
	}}
}

// wounds are pictures of feet, none with a face: each step-th of them.
func wounds(tb testing.TB, step int) series {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(testenv.Data(tb, "wounds"), "*", "*.jpg"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no pictures of wounds: %v", err)
	}
	return series{"wounds", func(yield func(shot) bool) {
		for i := 0; i < len(names); i += step {
			folder, file := filepath.Split(names[i])
			if !yield(shot{file, photo(tb, "wounds", filepath.Base(folder), file), nil}) {
				return
			}
		}
	}}
}

// tally counts what one finder made of a series.
type tally struct{ faces, found, pictures, fooled int }

func (t *tally) add(s shot, boxes []image.Rectangle) (missed []image.Rectangle) {
	t.pictures++
	t.faces += len(s.faces)
	for _, f := range s.faces {
		if slices.ContainsFunc(boxes, func(b image.Rectangle) bool { return overlap(b, f) >= hit }) {
			t.found++
		} else {
			missed = append(missed, f)
		}
	}
	if len(s.faces) == 0 && len(boxes) > 0 {
		t.fooled++
	}
	return missed
}

func (t *tally) recall() float64 { return float64(t.found) / float64(max(t.faces, 1)) }

func (t *tally) String() string {
	if t.faces == 0 {
		return fmt.Sprintf("%d of %d, %.1f %%", t.fooled, t.pictures, 100*float64(t.fooled)/float64(max(t.pictures, 1)))
	}
	return fmt.Sprintf("%d of %d, %.3f", t.found, t.faces, t.recall())
}

func (t *tally) join(o tally) {
	t.faces, t.found = t.faces+o.faces, t.found+o.found
	t.pictures, t.fooled = t.pictures+o.pictures, t.fooled+o.fooled
}

// boxes are the findings of at least a level.
func boxes(found []faces.Found, least clinical.Sureness) []image.Rectangle {
	var all []image.Rectangle
	for _, f := range found {
		if f.Level >= least {
			all = append(all, f.Box)
		}
	}
	return all
}

// trial is what everybody made of a series.
type trial struct{ suggest, auto, peer tally }

func (tr *trial) run(t *testing.T, d *faces.Detector, s series, peer func(image.Image) []image.Rectangle) {
	t.Helper()
	for shot := range s.each {
		found := find(t, d, shot.img)
		for _, f := range tr.suggest.add(shot, boxes(found, clinical.ToConfirm)) {
			t.Logf("missed: %s, %s %v", s.name, shot.name, f)
		}
		tr.auto.add(shot, boxes(found, clinical.ToMask))
		if peer != nil {
			tr.peer.add(shot, peer(shot.img))
		}
	}
}

func (tr *trial) join(o trial) {
	tr.suggest.join(o.suggest)
	tr.auto.join(o.auto)
	tr.peer.join(o.peer)
}

// TestFacesAreFound keeps what docs/faces.md promises: on a sample in every run
// of the tests, on everything under `make faces`.
func TestFacesAreFound(t *testing.T) {
	d := detector(t)
	var peer func(image.Image) []image.Rectangle
	if *cascade != "" {
		peer = pigoFinder(t, *cascade)
	}
	table := tabwriter.NewWriter(io.Discard, 0, 0, 2, ' ', 0)
	photosEach, closeUpsUsed, woundsEach, quarters := 4, 2, 128, []int{0, 1}
	if *whole {
		table = tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		photosEach, closeUpsUsed, woundsEach, quarters = 1, 40, 1, []int{0, 1, 2, 3}
	}
	fmt.Fprintln(table, "\tsuggest\t\tauto\t\tpigo")
	for _, q := range quarters {
		var tr trial
		s := photos(t, q, photosEach)
		tr.run(t, d, s, peer)
		fmt.Fprintf(table, "%s\t%v\t%s\t%v\t%s\t%v\n", s.name, &tr.suggest, verdict(t, s.name, tr.suggest.recall() >= 0.95),
			&tr.auto, verdict(t, s.name+", auto", tr.auto.recall() >= 0.93), &tr.peer)
	}
	var partial trial
	for _, p := range parts() {
		var tr trial
		s := closeUps(t, p, closeUpsUsed)
		tr.run(t, d, s, peer)
		partial.join(tr)
		fmt.Fprintf(table, "%s\t%v\t\t%v\t\t%v\n", s.name, &tr.suggest, &tr.auto, &tr.peer)
	}
	fmt.Fprintf(table, "parts of faces together\t%v\t%s\t%v\t\t%v\n", &partial.suggest,
		verdict(t, "parts of faces", partial.suggest.recall() >= 0.95), &partial.auto, &partial.peer)
	var tr trial
	s := wounds(t, woundsEach)
	tr.run(t, d, s, peer)
	fmt.Fprintf(table, "%s, with a false box\t%v\t\t%v\t%s\t%v\n", s.name, &tr.suggest, &tr.auto,
		verdict(t, s.name, 100*tr.auto.fooled <= tr.auto.pictures), &tr.peer)
	if err := table.Flush(); err != nil {
		t.Error(err)
	}
}

// verdict fails the test where a promise is not kept.
func verdict(t *testing.T, what string, kept bool) string {
	t.Helper()
	if kept {
		return "ok"
	}
	t.Errorf("%s: short of what was promised", what)
	return "short"
}
