package pages_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server/pages"
	"fovea/server/wire"
)

// finder suggests what it is given.
type finder struct {
	faces  []wire.Suggestion
	unseen []wire.NotLooked
	err    error
	asked  int
}

func (f *finder) Suggest(context.Context, clinical.Caller, clinical.AssetID) (wire.Suggestions, error) {
	f.asked++
	return wire.Suggestions{Width: 6000, Height: 4000, Found: f.faces, Unseen: f.unseen}, f.err
}

// portraits is the door of a house with one filed picture of a face.
func portraits(t *testing.T, f *finder) (entry, string) {
	t.Helper()
	h := testenv.NewHouse(t)
	face := clinicaltest.Picture("leg", "adult")
	face.Sensitivity, face.NoIdentifyingFeature = clinical.Plain|clinical.Face, false
	h.Keep(face)
	h.Settle()
	door, err := pages.New(pages.Options{
		Gate: h.Gate, Authenticate: h.Login.Authenticate, Accounts: h.Login, Devices: h.Login, Finder: f,
		Explain: func(r clinical.Reason) string { return string(r) }, Zone: clinicaltest.Zone(), Now: clinicaltest.Now, URL: func() string { return "https://fovea.test:8443" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return entry{h, door}, "/pictures/" + id[clinical.Asset]("leg")
}

// row is one mask of the form.
func row(x, y, width, height, cause string) []string {
	return []string{"shape", "ellipse", "x", x, "y", y, "width", width, "height", height, "angle", "0", "points", "", "radius", "0", "score", "0", "cause", cause, "fill", "solid"}
}

func versions(t *testing.T, to entry) clinical.Edits {
	t.Helper()
	all, err := to.house.Gate.Edits(t.Context(), to.house.Caller("paula"), clinicaltest.ID[clinical.Asset]("leg"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFacesAreSuggestedAndAPersonDecides(t *testing.T) {
	f := &finder{faces: []wire.Suggestion{
		{Kind: "face", X: 1000, Y: 1000, Width: 400, Height: 400, Score: .9, Level: "auto"}, {Kind: "face", X: 3000, Y: 1000, Width: 200, Height: 200, Score: .5, Level: "suggest"},
	}}
	to, picture := portraits(t, f)
	page := to.house.Ask(to.door, "paula", "GET", picture+"/edit").Body.String()
	for _, want := range []string{
		`name="use" value="0" checked`, `name="use" value="1">`, `name="x" value="1200"`, `name="width" value="680"`, `<g class="off solid">`, `viewBox="0 0 6000 4000"`,
		`type="image" name="at" src="` + strings.Replace(picture, "/pictures/", "/img/", 1) + `/original" width="824" height="549"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	// A click on the smaller picture of the two adds a mask there; nothing is saved.
	w := send(t, to, "paula", picture+"/edit", append(row("1200", "1200", "680", "680", "face"), "use", "0", "base", "0", "size", "small", "near.x", "324", "near.y", "108")...)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `name="x" value="3000"`) || !strings.Contains(w.Body.String(), `name="y" value="1000"`) {
		t.Errorf("a click: %d", w.Code)
	}
	if n := len(versions(t, to).Versions); n != 0 {
		t.Fatalf("%d versions by looking", n)
	}
	save := append(append(row("1200", "1200", "680", "680", "face"), row("3000", "1100", "200", "200", "tattoo")...), "use", "0", "base", "0", "note", "whole face", "do", "save")
	leads(t, send(t, to, "paula", picture+"/edit", save...), picture+"/edit?done=edited")
	v, _ := versions(t, to).Version(1)
	if m := v.Recipe.Masks; len(m) != 1 || m[0].Cause != clinical.HidesFace || m[0].Radii != (clinical.Point{X: 340, Y: 340}) || v.Note != "whole face" {
		t.Errorf("saved %+v", v)
	}
	asked := f.asked
	page = to.house.Ask(to.door, "paula", "GET", picture+"/edit").Body.String()
	if !strings.Contains(page, "not attested") || !strings.Contains(page, "whole face") || f.asked != asked {
		t.Errorf("the version is not listed, or faces are looked for again where somebody masked")
	}
	// What cannot be is said on the form, which keeps what was typed.
	w = send(t, to, "paula", picture+"/edit", append(row("1200", "1200", "0", "680", "face"), "use", "0", "base", "1", "note", "kept", "do", "save")...)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "no usable shape") || !strings.Contains(w.Body.String(), `value="kept"`) {
		t.Errorf("a mask without width: %d", w.Code)
	}
	if w = send(t, to, "paula", picture+"/edit", append(row("1200", "x", "1", "680", "face"), "use", "0", "base", "1", "do", "save")...); w.Code != http.StatusBadRequest {
		t.Errorf("a mask without place: %d", w.Code)
	}
	if w = send(t, to, "paula", picture+"/edit", append(row("1", "1", "1", "1", "face"), "x", "7", "base", "1", "do", "save")...); w.Code != http.StatusBadRequest {
		t.Errorf("half a form: %d", w.Code)
	}
	for _, who := range []string{"stella", "edith", "nina"} {
		for _, path := range []string{"/edit", "/review"} {
			if w := to.house.Ask(to.door, who, "GET", picture+path); w.Code != http.StatusNotFound {
				t.Errorf("%s on %s: %d", who, path, w.Code)
			}
		}
	}
}

func TestWithoutADetectorMasksAreMadeByHand(t *testing.T) {
	to, picture := portraits(t, &finder{err: clinical.Refuse(clinical.Unavailable, "no-models", "This server looks for no faces.")})
	w := to.house.Ask(to.door, "paula", "GET", picture+"/edit")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "This server looks for no faces.") {
		t.Errorf("%d", w.Code)
	}
	w = send(t, to, "paula", picture+"/edit", "base", "0", "do", "add")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `name="x" value="3000"`) {
		t.Errorf("a mask by the button: %d", w.Code)
	}
}

func TestWhatIsWrittenInAPictureIsSuggestedAndAScaleIsNot(t *testing.T) {
	f := &finder{
		faces: []wire.Suggestion{
			{Kind: "code", X: 1000, Y: 1000, Width: 400, Height: 400, Score: .99, Level: "auto"},
			{Kind: "text", X: 3000, Y: 1000, Width: 200, Height: 100, Score: .7, Level: "suggest"},
			{Kind: "scale", X: 500, Y: 3000, Width: 900, Height: 50, Score: .9, Level: "suggest"},
		},
		unseen: []wire.NotLooked{{Kind: "text", Why: "Text was not looked for everywhere."}},
	}
	to, picture := portraits(t, f)
	page := to.house.Ask(to.door, "paula", "GET", picture+"/edit").Body.String()
	for _, want := range []string{
		`name="use" value="0" checked`, `name="use" value="1">`, `name="x" value="1200"`, `name="width" value="600"`, `name="x" value="3100"`, `<option value="label" selected`, "Text was not looked for everywhere.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, `name="x" value="950"`) {
		t.Error("the figures of a scale are masked")
	}
}

func TestASecondPersonLooksAndAttests(t *testing.T) {
	to, picture := portraits(t, &finder{})
	if w := to.house.Ask(to.door, "clara", "GET", picture+"/review"); w.Code != http.StatusNotFound {
		t.Errorf("the copy of what is not edited: %d", w.Code)
	}
	leads(t, send(t, to, "paula", picture+"/edit", append(row("1200", "1200", "680", "680", "face"), "use", "0", "base", "0", "do", "save")...), picture+"/edit?done=edited")
	to.house.Settle()
	if page := to.house.Ask(to.door, "clara", "GET", picture+"/review").Body.String(); !strings.Contains(page, "being made") {
		t.Error("a copy that is not made yet is shown")
	}
	copied := []byte("\xff\xd8\xff the flattened copy")
	as := clinicaltest.ID[clinical.Asset]("leg")
	owner := clinical.Owner{Patient: clinicaltest.ID[clinical.Patient]("adult"), Asset: as}
	if _, err := to.house.Vault.Put(t.Context(), owner, strings.NewReader(string(copied)), func(blob clinical.Blob) (clinical.Change, error) {
		blob.MIME = "image/jpeg"
		e := clinical.Event{At: clinicaltest.Now(), Act: clinical.ActRendered, Caller: clinical.Caller{Door: clinical.DoorDarkroom}}
		return clinical.Change{Event: e, Delta: clinical.Delta{Renditions: []clinical.Rendition{{
			ID: clinicaltest.ID[clinical.Rendition]("full"), Asset: as, Patient: owner.Patient, Kind: clinical.MaskedFull, Edit: 1, Blob: blob, Width: 60, Height: 40, MadeAt: clinicaltest.Now(),
		}}}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	to.house.Settle()
	raw := sha256.Sum256(copied)
	sum := hex.EncodeToString(raw[:])
	page := to.house.Ask(to.door, "clara", "GET", picture+"/review").Body.String()
	if !strings.Contains(page, sum) || !strings.Contains(page, "/masked-full") || !strings.Contains(page, "With no identifying feature:") {
		t.Error("the page lacks the copy, its hash or what attesting would show")
	}
	if own := to.house.Ask(to.door, "paula", "GET", picture+"/review").Body.String(); !strings.Contains(own, "made this version yourself") || strings.Contains(own, "What you found") {
		t.Error("whoever made the version may attest it")
	}
	said := []string{"version", "1", "sha256", sum, "level", "I1"}
	if w := send(t, to, "clara", picture+"/review", said...); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "Missing: face, eyes, tattoo, jewellery, label, background, rare finding.") {
		t.Errorf("nothing answered: %d", w.Code)
	}
	said = append(said, "found-face", "masked", "found-rare-finding", "none")
	for _, one := range []string{"eyes", "tattoo", "jewellery", "label", "background"} {
		if w := send(t, to, "clara", picture+"/review", said...); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `name="found-face" value="masked" aria-label="Face: masked" checked`) {
			t.Errorf("no word of %s: %d, or what was answered is lost", one, w.Code)
		}
		said = append(said, "found-"+one, "none")
	}
	if w := send(t, to, "clara", picture+"/review", append([]string{"found-label", "shown"}, said...)...); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "still shows this: label") {
		t.Errorf("a label is left: %d", w.Code)
	}
	if w := send(t, to, "clara", picture+"/review", append(said, "do", "try")...); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Nothing is changed yet") {
		t.Errorf("asked what it would do: %d", w.Code)
	}
	if w := send(t, to, "clara", picture+"/review", append([]string{"level", "I2"}, said...)...); w.Code != http.StatusBadRequest {
		t.Errorf("anonymised without a word: %d", w.Code)
	}
	leads(t, send(t, to, "clara", picture+"/review", said...), picture+"/edit?done=attested")
	v, _ := versions(t, to).Version(1)
	if a := v.Attested; a == nil || a.Level != clinical.I1 || a.SHA256 != raw || a.Found.String() != "face masked, eyes none, tattoo none, jewellery none, label none, background none, rare finding none" {
		t.Errorf("attested %+v", a)
	}
	if page := to.house.Ask(to.door, "paula", "GET", picture+"/edit").Body.String(); !strings.Contains(page, "face masked, eyes none, tattoo none") {
		t.Error("the list of versions does not say what was found")
	}
	if page := to.house.Ask(to.door, "paula", "GET", picture).Body.String(); !strings.Contains(page, "attested its flattened copy") {
		t.Error("the picture's page does not say so")
	}
	leads(t, send(t, to, "clara", picture+"/review", "version", "1", "sha256", sum, "level", "I0", "words", "the ear"), picture+"/edit?done=recognisable")
}
