package pages_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server/pages"
	"fovea/server/wire"
)

// measured is a meter that answers what it is given.
type measured struct {
	err     error
	corners [4]clinical.Point
	patch   clinical.Rect
}

func (m *measured) Chart(_ context.Context, _ clinical.Caller, _ clinical.AssetID, corners [4]clinical.Point) (wire.ChartFit, error) {
	m.corners = corners
	return wire.ChartFit{Matrix: [9]float64{1.5, 0, 0, 0, 1, 0, 0, 0, 2}, Before: 9.123, After: 0.617}, m.err
}

func (m *measured) Grey(_ context.Context, _ clinical.Caller, _ clinical.AssetID, patch clinical.Rect) (wire.Grey, error) {
	m.patch = patch
	return wire.Grey{Gains: [3]float64{0.75, 1, 1.5}, Cast: 11}, m.err
}

// atelier is a house with a face, an arm of the same patient and a hand of
// another, and a server that measures.
func atelier(t *testing.T, m *measured) (entry, func(string) string) {
	t.Helper()
	h := testenv.NewHouse(t)
	for name, patient := range map[string]string{"leg": "adult", "arm": "adult", "toe": "child"} {
		a := clinicaltest.Picture(name, patient)
		a.Sensitivity, a.NoIdentifyingFeature = clinical.Plain|clinical.Face, false
		h.Keep(a)
	}
	h.Settle()
	door, err := pages.New(pages.Options{
		Gate: h.Gate, Authenticate: h.Login.Authenticate, Accounts: h.Login, Devices: h.Login, Finder: &finder{}, Meter: m,
		Explain: func(r clinical.Reason) string { return string(r) }, Zone: clinicaltest.Zone(), Now: clinicaltest.Now, URL: func() string { return "https://fovea.test:8443" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return entry{h, door}, func(name string) string { return "/pictures/" + id[clinical.Asset](name) }
}

func shown(t *testing.T, to entry, name string) clinical.Recipe {
	t.Helper()
	all, err := to.house.Gate.Edits(t.Context(), to.house.Caller("paula"), clinicaltest.ID[clinical.Asset](name))
	if err != nil {
		t.Fatal(err)
	}
	v, _ := all.Version(len(all.Versions))
	return v.Recipe
}

// fields are a form that has every operation.
func everything() []string {
	out := row("1200", "1200", "680", "680", "face")
	out = append(out,
		"shape", "polygon", "x", "0", "y", "0", "width", "0", "height", "0", "angle", "0", "points", "10,10 400,20 200,300.5", "radius", "0", "score", "0", "cause", "tattoo", "fill", "noise",
		"shape", "brush", "x", "0", "y", "0", "width", "0", "height", "0", "angle", "0", "points", "700,700 900,720", "radius", "55", "score", "0", "cause", "label", "fill", "solid",
		"use", "0", "use", "1", "use", "2",
		"mkind", "arrow", "mpoints", "100,100 500,500", "mtext", "", "mink", "yellow",
		"mkind", "text", "mpoints", "300,300", "mtext", " Bord médial ", "mink", "white",
		"mkind", "outline", "mpoints", "50,50 80,50 80,90", "mtext", "left over", "mink", "cyan", "muse", "0", "muse", "1", "muse", "2",
		"turn", "90", "side", "L", "exposure", "0.35", "contrast", "-0.2",
		"fx", "3000", "fy", "2000", "fw", "4000", "fh", "3000", "fangle", "1.5",
		"line", "100,3800 2100,3810", "mm", "100", "bar", "50", "corner", "lower-left", "click", "7.3", "base", "0",
	)
	return out
}

func TestEveryOperationOfARecipeIsReachedFromThePage(t *testing.T) {
	m := &measured{}
	to, at := atelier(t, m)
	// The colours first: what is measured is in the form that comes back.
	w := send(t, to, "paula", at("leg")+"/edit", append(everything(), "do", "chart", "corners", "812,400 1512,410 1500,850 805,840")...)
	body := w.Body.String()
	if w.Code != http.StatusOK || m.corners[2] != (clinical.Point{X: 1500, Y: 850}) || !strings.Contains(body, "ΔE 0.6") || !strings.Contains(body, "before 9.1") {
		t.Fatalf("a chart: %d, %v", w.Code, m.corners)
	}
	sent := valueOf(t, body, "measured")
	leads(t, send(t, to, "paula", at("leg")+"/edit", append(everything(), "measured", sent, "keepchart", "1", "note", "all of it", "do", "save")...), at("leg")+"/edit?done=edited")
	r := shown(t, to, "leg")
	for _, s := range clinical.Sections() {
		found := false
		for _, c := range clinical.DiffRecipes(clinical.NewRecipe(), r) {
			found = found || c.Section == s
		}
		if !found {
			t.Errorf("the page reaches no %s", s)
		}
	}
	if len(r.Masks) != 3 || r.Masks[1].Points[2] != (clinical.Point{X: 200, Y: 300.5}) || r.Masks[1].Fill != clinical.FillNoise || r.Masks[2].Radius != 55 {
		t.Errorf("masks %+v", r.Masks)
	}
	if len(r.Marks) != 3 || r.Marks[1].Text != "Bord médial" || r.Marks[2].Text != "" {
		t.Errorf("marks %+v", r.Marks)
	}
	if r.Tone.Matrix == nil || r.Tone.Matrix[0] != 1.5 || r.Tone.Chart == nil || r.Tone.Chart.After != 0.62 || r.Tone.White != nil || r.Tone.Contrast != -0.2 {
		t.Errorf("tone %+v", r.Tone)
	}
	if s := r.Scale; s == nil || s.BarMM != 50 || s.ClickPX != 7.3 || s.LengthMM != 100 || r.Frame.Angle != 1.5 || r.Side != clinical.Left || r.Turn != 90 {
		t.Errorf("scale %+v, frame %+v", r.Scale, r.Frame)
	}
	// What was saved stands in the form again, and the versions say what changed.
	body = to.house.Ask(to.door, "paula", "GET", at("leg")+"/edit").Body.String()
	for _, want := range []string{
		`value="10,10 400,20 200,300.5"`, `value="Bord médial"`, `name="line" value="100,3800 2100,3810"`, "20.00 ± 0.10 px per mm (0.5 %)",
		"masks: 1 × face, 1 × tattoo, 1 × label; before: –", "Contrast -0.20, Colours from a chart (ΔE 0.6)", `name="corners" value="812,400 1512,410 1500,850 805,840"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	// A grey patch takes the chart's place.
	w = send(t, to, "paula", at("leg")+"/edit", append(everything(), "measured", sent, "keepchart", "1", "do", "grey", "patch", "10,20,300,200")...)
	if body = w.Body.String(); w.Code != http.StatusOK || m.patch.Max != (clinical.Point{X: 310, Y: 220}) || !strings.Contains(body, "0.75 · 1.00 · 1.50") || strings.Contains(body, `name="keepchart"`) {
		t.Errorf("a grey patch: %d, %+v", w.Code, m.patch)
	}
	m.err = clinical.Refuse(clinical.Invalid, "chart-clipped", "The chart is overexposed.")
	w = send(t, to, "paula", at("leg")+"/edit", append(everything(), "do", "chart", "corners", "812,400 1512,410 1500,850 805,840")...)
	if body = w.Body.String(); w.Code != http.StatusBadRequest || !strings.Contains(body, "The chart is overexposed.") || !strings.Contains(body, `value="10,10 400,20 200,300.5"`) {
		t.Errorf("a chart that is no use: %d; the form is lost or nothing is said", w.Code)
	}
}

// valueOf is what a field of a page holds.
func valueOf(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `name="`+name+`" value="`)
	if !ok {
		t.Fatalf("no field %s", name)
	}
	value, _, _ := strings.Cut(rest, `"`)
	return strings.NewReplacer("&#34;", `"`, "&amp;", "&", "&#43;", "+").Replace(value)
}

func TestWhatAFormHasWrongIsSaidAndTheRestIsKept(t *testing.T) {
	to, at := atelier(t, &measured{})
	change := func(field, value string) []string {
		out, done := everything(), false
		for i := 0; i < len(out); i += 2 {
			if out[i] == field && !done {
				out[i+1], done = value, true
			}
		}
		return append(out, "do", "save", "note", "kept")
	}
	for name, fields := range map[string][]string{
		"points of words":     change("mpoints", "here, there"),
		"half a point":        change("mpoints", "100"),
		"a line of one place": change("line", "1,2"),
		"no length":           change("mm", ""),
		"a length of NaN":     change("mm", "NaN"),
		"a bar of 3":          change("bar", "3"),
		"a turn of 45":        change("turn", "45"),
		"a side of nobody":    change("side", "X"),
		"a frame beyond":      change("fw", "90000"),
		"an exposure of 9":    change("exposure", "9"),
		"colours of words":    append(change("base", "0"), "measured", `{"white":"blue"}`, "keepwhite", "1"),
		"colours and masks":   append(change("base", "0"), "measured", `{"masks":[]}`, "keepwhite", "1"),
		"gains of nothing":    append(change("base", "0"), "measured", `{"white":{"gains":[0,0,0]}}`, "keepwhite", "1"),
		"too many points":     change("mpoints", strings.Repeat("1,1 ", 9000)),
		"a shape of nothing":  change("shape", "blur"),
		"an ink":              change("mink", "red"),
		"a field twice":       append(everything(), "mtext", "x", "do", "save"),
	} {
		w := send(t, to, "paula", at("leg")+"/edit", fields...)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `role="alert"`) && name != "a field twice" {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if n := len(versions(t, to).Versions); n != 0 {
		t.Errorf("%d versions of what is wrong", n)
	}
	// An eye bar is said to be no masking before anybody looks at it.
	bar := append(row("1200", "1200", "680", "200", "eyes"), "use", "0", "base", "0", "do", "draw")
	if w := send(t, to, "paula", at("leg")+"/edit", bar...); !strings.Contains(w.Body.String(), "makes nobody anonymous") {
		t.Error("an eye bar passes for a mask")
	}
}

func TestTheEditPageAloneHasAScriptAndNoneInline(t *testing.T) {
	to, at := atelier(t, &measured{})
	w := to.house.Ask(to.door, "paula", "GET", at("leg")+"/edit")
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %s", csp)
	}
	body := w.Body.String()
	if strings.Count(body, "<script") != 1 || !strings.Contains(body, `<script src="/static/edit.js" defer></script>`) || strings.Contains(body, " style=") || strings.Contains(body, " onclick") {
		t.Error("something inline")
	}
	if w := to.house.Ask(to.door, "paula", "GET", at("leg")); strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src") || strings.Contains(w.Body.String(), "<script") {
		t.Error("another page has a script")
	}
	js := to.house.Ask(to.door, "paula", "GET", "/static/edit.js")
	if js.Code != http.StatusOK || !strings.Contains(js.Header().Get("Content-Type"), "javascript") {
		t.Errorf("the script: %d %s", js.Code, js.Header().Get("Content-Type"))
	}
	for _, never := range []string{"innerHTML", "eval(", "flip", "mirror", "scale(-1", "scaleX"} {
		if strings.Contains(js.Body.String(), never) {
			t.Errorf("the script has %s", never)
		}
	}
}

func TestCopiesThatWaitAreListedForASecondPerson(t *testing.T) {
	to, at := atelier(t, &measured{})
	if page := to.house.Ask(to.door, "clara", "GET", "/reviews").Body.String(); !strings.Contains(page, "No copy waits for you") {
		t.Error("the empty list does not say so")
	}
	for _, name := range []string{"leg", "arm"} {
		leads(t, send(t, to, "paula", at(name)+"/edit", append(row("1200", "1200", "680", "680", "face"), "use", "0", "base", "0", "note", "of "+name, "do", "save")...), at(name)+"/edit?done=edited")
	}
	to.house.Settle()
	page := to.house.Ask(to.door, "clara", "GET", "/reviews").Body.String()
	if !strings.Contains(page, at("leg")+"/review") || !strings.Contains(page, at("arm")+"/review") || !strings.Contains(page, "of leg") {
		t.Error("the copies are not listed")
	}
	if page := to.house.Ask(to.door, "clara", "GET", "/jobs").Body.String(); !strings.Contains(page, "2 masked copies wait for you") {
		t.Error("the day does not begin with them")
	}
	if page := to.house.Ask(to.door, "paula", "GET", "/jobs").Body.String(); strings.Contains(page, "for you to look") {
		t.Error("who made them is told of them")
	}
	if page := to.house.Ask(to.door, "paula", "GET", "/reviews?order=newest").Body.String(); strings.Contains(page, "/review\"") {
		t.Error("who made them is asked to look at them")
	}
	for _, who := range []string{"stella", "edith", "nina"} {
		if w := to.house.Ask(to.door, who, "GET", "/reviews"); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", who, w.Code)
		}
	}
}

func TestPartsOfAVersionAreCopiedFromThePage(t *testing.T) {
	to, at := atelier(t, &measured{})
	leads(t, send(t, to, "paula", at("leg")+"/edit", append(everything(), "do", "save")...), at("leg")+"/edit?done=edited")
	to.house.Settle()
	page := to.house.Ask(to.door, "paula", "GET", at("leg")+"/edit").Body.String()
	if !strings.Contains(page, `name="asset" value="`+id[clinical.Asset]("arm")) || strings.Contains(page, id[clinical.Asset]("toe")) {
		t.Error("the patient's other picture is not offered, or another patient's is")
	}
	to.house.Settle()
	leads(t, send(t, to, "paula", at("leg")+"/paste", "version", "1", "part", "tone", "part", "masks", "asset", id[clinical.Asset]("arm")), at("leg")+"/edit?done=pasted")
	if r := shown(t, to, "arm"); len(r.Masks) != 3 || r.Tone.Exposure != 0.35 || r.Frame != nil {
		t.Errorf("copied %+v", r)
	}
	leads(t, send(t, to, "paula", at("leg")+"/paste", "version", "1", "part", "tone", "other", id[clinical.Asset]("toe")), at("leg")+"/edit?done=pasted")
	for _, part := range []string{"masks", "marks", "scale", "side"} {
		w := send(t, to, "paula", at("leg")+"/paste", "version", "1", "part", part, "other", id[clinical.Asset]("toe"))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "never copied between patients") {
			t.Errorf("%s to another patient: %d", part, w.Code)
		}
	}
	if r := shown(t, to, "toe"); len(r.Masks)+len(r.Marks) != 0 || r.Scale != nil || r.Side != clinical.LateralityUnknown {
		t.Errorf("another patient got %+v", r)
	}
	for name, fields := range map[string][]string{"nothing": {"version", "1", "part", "tone"}, "no reference": {"version", "1", "part", "tone", "other", "leg"}} {
		if w := send(t, to, "paula", at("leg")+"/paste", fields...); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

func TestThePageSpeaksThreeLanguages(t *testing.T) {
	to, at := atelier(t, &measured{})
	for lang, want := range map[string]string{"en": "never flipped", "fr": "jamais inversée", "es": "nunca se invierte"} {
		page := to.house.Ask(to.door, "paula", "GET", at("leg")+"/edit?lang="+lang).Body.String()
		if !strings.Contains(page, want) || !strings.Contains(page, `lang="`+lang+`"`) || strings.Contains(page, "<no value>") {
			t.Errorf("%s: the page lacks %q", lang, want)
		}
	}
}

// FuzzEditForm sends anything: an answer, never a fault of ours, and never a
// version that could not be saved again.
func FuzzEditForm(f *testing.F) {
	values := url.Values{}
	all := everything()
	for i := 0; i+1 < len(all); i += 2 {
		values.Add(all[i], all[i+1])
	}
	f.Add(values.Encode())
	f.Add("shape=brush&points=1,1&radius=1&x=&y=&width=&height=&angle=&score=0&cause=face&fill=solid&use=0&measured=%7B%7D")
	f.Fuzz(func(t *testing.T, body string) { pages.TryDraft(t, body) })
}
