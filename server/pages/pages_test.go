package pages_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server/pages"
)

const hostile = `<script>alert("x")</script>`

// open returns the door of a house with one picture of each kind: filed, in a
// set, provisional in a run, quarantined, and one that cannot be drawn.
func open(t *testing.T) (*testenv.House, http.Handler) {
	t.Helper()
	h := testenv.NewHouse(t)
	leg := clinicaltest.Picture("leg", "adult")
	leg.Caption, leg.Name, leg.Keywords = hostile, hostile+".jpg", []string{hostile}
	h.Keep(leg)
	hand := clinicaltest.Picture("hand", "adult")
	hand.Sensitivity, hand.NoIdentifyingFeature = 0, false
	h.Keep(hand)
	run := clinical.Run{
		ID: clinicaltest.ID[clinical.Run]("run"), Studio: clinicaltest.StudioA, Camera: hostile, Patient: clinicaltest.ID[clinical.Patient]("child"),
		Job: clinicaltest.ID[clinical.Job]("child"), Session: clinicaltest.ID[clinical.Session]("child"), From: clinicaltest.Now(), To: clinicaltest.Now(),
		Frames: 1, State: clinical.RunProvisional, Evidence: []string{"label-only"},
	}
	h.Commit(clinical.Delta{Runs: []clinical.Run{run}})
	waits := clinicaltest.Picture("waits", "child")
	waits.State, waits.Run, waits.Sensitivity = clinical.Provisional, run.ID, 0
	h.Keep(waits)
	lost := clinicaltest.Picture("lost", "adult")
	lost.State, lost.Reason, lost.Patient, lost.Session, lost.Job, lost.Encounter = clinical.Quarantined, "unidentified", clinical.PatientID{}, clinical.SessionID{}, clinical.JobID{}, clinical.EncounterID{}
	lost.Name, lost.Sensitivity, lost.NoIdentifyingFeature = hostile, 0, false
	h.Keep(lost)
	second := clinicaltest.Item("wounds", "hand", 19)
	h.Commit(clinical.Delta{
		Grants: []clinical.Grant{clinicaltest.Teaching("teaching", "adult")},
		Sets:   []clinical.TeachingSet{clinicaltest.Set("wounds")}, Items: []clinical.SetItem{clinicaltest.Item("wounds", "leg", 12), second},
		Holds: []clinical.Hold{{ID: clinicaltest.ID[clinical.Hold]("legal"), Kind: clinical.LegalHold, Patient: clinicaltest.ID[clinical.Patient]("deceased"), Reason: hostile, PlacedAt: clinicaltest.Now()}},
	})
	h.Settle()
	door, err := pages.New(pages.Options{
		Gate: h.Gate, Authenticate: h.Login.Authenticate, Accounts: h.Login, Devices: h.Login, CA: func() ([]byte, error) { return []byte("-----BEGIN CERTIFICATE-----\n"), nil },
		Explain: func(r clinical.Reason) string { return "because: " + string(r) }, Zone: clinicaltest.Zone(), Now: clinicaltest.Now, URL: func() string { return "https://fovea.test:8443" },
		Rules: []clinical.IdentifierRule{{System: "hospital", Label: "Hospital number", Pattern: `H[A-Z]\d{6}`, Check: clinical.NoCheck}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, door
}

func id[K any](name string) string { return clinicaltest.ID[K](name).String() }

func everyPage() []string {
	return []string{
		"/jobs", "/arrivals", "/arrivals?who=inv", "/library", "/library?keyword=x&sort=newest", "/patients",
		"/patients/" + id[clinical.Patient]("adult"), "/patients/" + id[clinical.Patient]("child"), "/patients/" + id[clinical.Patient]("vip"),
		"/patients/" + id[clinical.Patient]("deceased"), "/patients/" + id[clinical.Patient]("refuses-photography"),
		"/pictures/" + id[clinical.Asset]("leg"), "/pictures/" + id[clinical.Asset]("hand"), "/pictures/" + id[clinical.Asset]("waits"), "/pictures/" + id[clinical.Asset]("lost"),
		"/sets", "/sets/" + id[clinical.TeachingSet]("wounds"), "/mount", "/people",
	}
}

// unsafe finds markup of the input that was not escaped, in text or attribute.
func unsafe(page string) bool {
	return strings.Contains(page, "<script") || strings.Contains(page, `alert("x")`)
}

func TestEveryPageRendersForEveryRoleAndEscapesWhatPeopleWrote(t *testing.T) {
	h, door := open(t)
	shown := 0
	for _, who := range []string{"paula", "clara", "oscar", "nina", "edith", "stella", "greta", "adam"} {
		for _, path := range everyPage() {
			w := h.Ask(door, who, "GET", path)
			body := w.Body.String()
			if w.Code != http.StatusOK && w.Code != http.StatusNotFound {
				t.Errorf("%s %s: %d", who, path, w.Code)
			}
			if unsafe(body) || !strings.Contains(body, "</html>") || strings.Contains(body, "ZgotmplZ") {
				t.Errorf("%s %s: not whole, or not escaped", who, path)
			}
			if strings.Contains(body, "&lt;script&gt;") {
				shown++
			}
			if n := strings.Count(body, `class="btn primary`) + strings.Count(body, `btn lg primary`); n > 1 {
				t.Errorf("%s %s has %d primary buttons", who, path, n)
			}
		}
	}
	if shown < 5 {
		t.Errorf("the hostile words were on %d pages only; the test proves little", shown)
	}
}

func TestAStrangerIsSentToTheForm(t *testing.T) {
	h, door := open(t)
	for _, path := range everyPage() {
		if w := h.Ask(door, "", "GET", path); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login" {
			t.Errorf("%s: %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
	for _, path := range []string{"/login", "/ca.pem", "/static/app.css"} {
		if w := h.Ask(door, "", "GET", path); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// entry is a door and the house behind it.
type entry struct {
	house *testenv.House
	door  http.Handler
}

// send posts a form as somebody.
func send(t *testing.T, to entry, who, path string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return to.house.Ask(to.door, who, "POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func leads(t *testing.T, w *httptest.ResponseRecorder, to string) {
	t.Helper()
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), to) {
		t.Fatalf("%d to %q, want %q: %s", w.Code, w.Header().Get("Location"), to, w.Body)
	}
}

func TestADayOfAPhotographer(t *testing.T) {
	h, door := open(t)
	adult, wounds := id[clinical.Patient]("adult"), id[clinical.TeachingSet]("wounds")
	act := func(path string, fields ...string) *httptest.ResponseRecorder {
		return send(t, entry{h, door}, "paula", path, fields...)
	}
	leads(t, act("/jobs", "patient", adult, "number", "26-77", "views", "L-LEG ANT, L-LEG CU", "frames", "2", "due", "2026-11-23T14:00"), "/jobs?done=job")
	if page := h.Ask(door, "paula", "GET", "/jobs").Body.String(); !strings.Contains(page, "26-77") || !strings.Contains(page, "L-LEG ANT · L-LEG CU") || !strings.Contains(page, "Today, 14:00") {
		t.Error("the new job is not on the worklist")
	}
	sheet := h.Ask(door, "paula", "GET", "/arrivals").Body.String()
	seen := regexp.MustCompile(`name="rev" value="([0-9]+)"`).FindStringSubmatch(sheet)
	if seen == nil {
		t.Fatal("the contact sheet does not say which state of the run it shows")
	}
	if w := act("/runs/"+id[clinical.Run]("run")+"/confirm", "rev", "999999"); w.Code != http.StatusConflict {
		t.Errorf("a run that changed since it was seen is confirmed: %d", w.Code)
	}
	leads(t, act("/runs/"+id[clinical.Run]("run")+"/confirm", "rev", seen[1]), "/arrivals?done=confirmed")
	leads(t, act("/quarantine/file", "asset", id[clinical.Asset]("lost"), "patient", adult+"/"+id[clinical.Job]("adult"), "reason", "compared with the notes"), "/arrivals?done=filed")
	leads(t, act("/assets/classify", "asset", id[clinical.Asset]("hand"), "flag", "none", "noid", "1", "back", "/patients/"+adult), "/patients/"+adult+"?done=classified")
	if w := act("/assets/classify", "asset", id[clinical.Asset]("hand"), "noid", "1"); w.Code != http.StatusBadRequest {
		t.Errorf("classified without a tick: %d", w.Code)
	}
	if w := act("/assets/classify", "asset", id[clinical.Asset]("hand"), "flag", "none", "flag", "face"); w.Code != http.StatusBadRequest {
		t.Errorf("classified as none and a face: %d", w.Code)
	}
	rev := regexp.MustCompile(`name="rev" value="(\d+)"`).FindStringSubmatch(h.Ask(door, "paula", "GET", "/pictures/"+id[clinical.Asset]("leg")).Body.String())
	if rev == nil {
		t.Fatal("a picture's page has no form to edit it")
	}
	leads(t, act("/pictures/"+id[clinical.Asset]("leg"), "rev", rev[1], "caption", "Ulcer", "keywords", "ulcer, leg", "code", "L-LEG ANT", "side", "L"), "/pictures/")
	if w := act("/pictures/"+id[clinical.Asset]("leg"), "rev", rev[1], "caption", "again"); w.Code != http.StatusConflict {
		t.Errorf("an edit of an older version: %d", w.Code)
	}
	leads(t, act("/sets/items", "set", wounds, "asset", id[clinical.Asset]("lost"), "back", "/library"), "/library?done=added")
	if page := h.Ask(door, "edith", "GET", "/sets/"+wounds).Body.String(); !strings.Contains(page, "hidden, because") || !strings.Contains(page, "<b>1</b><span>Added after the set was published. Publish it again.") {
		t.Errorf("the set does not say why a picture is hidden:\n%s", page)
	}
}

func TestWhatCannotBeTakenBackIsShownFirst(t *testing.T) {
	h, door := open(t)
	adult, child := id[clinical.Patient]("adult"), id[clinical.Patient]("coming-of-age")
	leg := id[clinical.Asset]("leg")
	w := send(t, entry{h, door}, "paula", "/assets/refile", "asset", leg, "back", "/patients/"+adult)
	if !strings.Contains(w.Body.String(), "Right patient") {
		t.Fatalf("%d: does not ask whose it is", w.Code)
	}
	w = send(t, entry{h, door}, "paula", "/assets/refile", "asset", leg, "to", child, "wrong", "labels swapped")
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "1 picture leaves the set <b>wounds</b> now.") || !strings.Contains(body, "inherit no consent") {
		t.Fatalf("%d: the consequences are not there:\n%s", w.Code, body)
	}
	patient := "/patients/" + adult
	grant := id[clinical.Grant]("teaching")
	w = send(t, entry{h, door}, "nina", patient+"/withdrawals", "grant", grant)
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "1 picture leaves 1 set now. The care record stays.") {
		t.Fatalf("%d: the consequences are not there:\n%s", w.Code, body)
	}
	if f, err := h.Gate.Folder(t.Context(), h.Caller("stella"), clinicaltest.ID[clinical.TeachingSet]("wounds"), clinical.Mount); err != nil || len(f.Entries) != 1 {
		t.Fatalf("asking changed something: %d entries, %v", len(f.Entries), err)
	}
	leads(t, send(t, entry{h, door}, "nina", patient+"/withdrawals", "grant", grant, "reason", "asked at the bedside", "sure", "1"), patient+"?done=withdrawn")
	if f, err := h.Gate.Folder(t.Context(), h.Caller("stella"), clinicaltest.ID[clinical.TeachingSet]("wounds"), clinical.Mount); err != nil || len(f.Entries) != 0 {
		t.Errorf("after the withdrawal: %d entries, %v", len(f.Entries), err)
	}
	leads(t, send(t, entry{h, door}, "paula", "/assets/refile", "asset", leg, "to", child, "wrong", "labels swapped", "sure", "1"), "/patients/"+child+"?done=refiled")
	if w := send(t, entry{h, door}, "paula", "/assets/discard", "asset", id[clinical.Asset]("waits")); !strings.Contains(w.Body.String(), "cannot be undone") {
		t.Errorf("%d: discarding is not asked", w.Code)
	}
	leads(t, send(t, entry{h, door}, "paula", "/assets/discard", "asset", id[clinical.Asset]("waits"), "reason", "out of focus", "sure", "1"), "/arrivals?done=discarded")
}

func TestARefusedPageLooksLikeAnAbsentOne(t *testing.T) {
	h, door := open(t)
	for _, paths := range [][2]string{
		{"/patients/" + id[clinical.Patient]("adult"), "/patients/" + id[clinical.Patient]("of nobody")},
		{"/pictures/" + id[clinical.Asset]("leg"), "/pictures/" + id[clinical.Asset]("of nobody")},
		{"/sets/" + id[clinical.TeachingSet]("wounds"), "/sets/" + id[clinical.TeachingSet]("of nobody")},
	} {
		refused, absent := h.Ask(door, "nina", "GET", strings.Replace(paths[0], "patients/"+id[clinical.Patient]("adult"), "patients/"+id[clinical.Patient]("vip"), 1)), h.Ask(door, "nina", "GET", paths[1])
		if refused.Code != http.StatusNotFound || absent.Code != refused.Code || refused.Body.String() != absent.Body.String() {
			t.Errorf("%s: %d, absent %d", paths[0], refused.Code, absent.Code)
		}
	}
}

func TestAFormSendsNobodyElsewhere(t *testing.T) {
	h, door := open(t)
	for _, to := range []string{"https://evil.test/", "//evil.test", `/\evil.test`, "/jobs?x=1", "javascript:1"} {
		w := send(t, entry{h, door}, "paula", "/assets/classify", "asset", id[clinical.Asset]("hand"), "flag", "none", "back", to)
		if got := w.Header().Get("Location"); got != "/patients?done=classified" {
			t.Errorf("%s leads to %q", to, got)
		}
	}
}
