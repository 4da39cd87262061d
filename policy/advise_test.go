package policy_test

import (
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// quality is what was measured of a picture: in focus, well lit.
func quality(name string, change func(*clinical.Quality)) clinical.Delta {
	q := clinical.Quality{
		Asset: asset(name), Source: clinicaltest.ID[clinical.Blob](name), Program: 1, Width: 6000, Height: 4000,
		Edges: true, Blur: 0.6, Median: 0.4, Low: 0.1, High: 0.8,
	}
	change(&q)
	return clinical.Delta{Qualities: []clinical.Quality{q}}
}

func adviceOf(list []clinical.Advice) []clinical.Reason {
	var out []clinical.Reason
	for _, a := range list {
		out = append(out, a.Code)
	}
	return out
}

func TestAdviceIsForThoseWhoCareAndHidesWhatIsHidden(t *testing.T) {
	like := func(other string) func(*clinical.Quality) {
		return func(q *clinical.Quality) { q.Blur, q.Like, q.Likeness = 3, asset(other), 0.95 }
	}
	vip := picture("arm", "adult", clinical.Plain|clinical.VIP)
	h := newHouse(t, wounds(), clinical.Delta{Assets: []clinical.Asset{vip}}, quality("leg", like("arm")))
	shown, err := h.Asset(t.Context(), as("clara"), asset("leg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range shown.Advice {
		if a.Code == clinical.AdviceAlike {
			t.Error("advice leads to a picture that the asker does not see")
		}
	}
	if got := adviceOf(shown.Advice); len(got) != 1 || got[0] != clinical.AdviceSoft || shown.Width != 6000 {
		t.Errorf("%v of %d pixels", got, shown.Width)
	}
	page, err := h.PatientPage(t.Context(), as("clara"), clinicaltest.ID[clinical.Patient]("adult"))
	if err != nil || len(page.Sessions) == 0 || len(page.Sessions[0].Shown) == 0 || len(page.Sessions[0].Shown[0].Advice) != 1 {
		t.Errorf("the patient's page: %+v, %v", page.Sessions, err)
	}
	// A reader of a set is shown a picture, and nothing of what it might lack.
	if shown, err := h.Asset(t.Context(), as("stella"), asset("leg")); err == nil && (len(shown.Advice) > 0 || shown.Width != 0) {
		t.Errorf("a reader is told %v", shown.Advice)
	}
}

func TestAScaleBarAnswersAViewThatAsksForOne(t *testing.T) {
	d := wounds()
	d.Assets[0].View = clinical.View{Code: "L-LEG", ScaleInFrame: true}
	h := newHouse(t, d)
	advised := func() []clinical.Reason {
		shown, err := h.Asset(t.Context(), as("paula"), asset("leg"))
		if err != nil {
			t.Fatal(err)
		}
		return adviceOf(shown.Advice)
	}
	if got := advised(); len(got) != 1 || got[0] != clinical.AdviceNoScale {
		t.Errorf("without a bar: %v", got)
	}
	r := clinical.NewRecipe()
	r.Scale = &clinical.ScaleBar{From: clinical.Point{X: 100, Y: 100}, To: clinical.Point{X: 900, Y: 100}, LengthMM: 50, Corner: clinical.LowerLeft}
	h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: r})
	if got := advised(); len(got) != 0 {
		t.Errorf("with one: %v", got)
	}
}

// Before a raw file or a video was looked at, nobody knows how large it is: what
// the camera says is about its sensor, or about how it was held.
func TestEditsAreCheckedAgainstTheMeasuredSize(t *testing.T) {
	d := wounds()
	d.Assets[0].Original.MIME = "image/x-nikon-nef"
	d.Assets[0].Capture.Width, d.Assets[0].Capture.Height, d.Assets[0].Capture.Orientation = 160, 120, 0 // of its smallest preview
	h := newHouse(t, d)
	edit := clinical.SaveEdit{Asset: asset("leg"), Recipe: masking(clinical.HidesTattoo)} // around 3500, 1000
	if got := h.refuses("paula", edit, clinical.Conflict); got != "not-measured" {
		t.Errorf("before anybody looked: %s", got)
	}
	h.write(quality("leg", func(*clinical.Quality) {}))
	h.do("paula", edit)

	h = newHouse(t, d)
	h.write(quality("leg", func(q *clinical.Quality) { q.Width, q.Height = 2000, 3000 }))
	if got := h.refuses("paula", edit, clinical.Invalid); got != "recipe-mask" {
		t.Errorf("beside the picture: %s", got)
	}
	h = newHouse(t, d)
	h.write(quality("leg", func(q *clinical.Quality) { q.Width, q.Height, q.Failed = 0, 0, "undecodable" }))
	if got := h.refuses("paula", edit, clinical.Conflict); got != "undecodable" {
		t.Errorf("of what nobody can draw: %s", got)
	}
}
