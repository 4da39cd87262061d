package pages_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server/pages"
)

// papered opens a door that prints: each paper says what was asked for.
func papered(t *testing.T) (*testenv.House, http.Handler) {
	t.Helper()
	h, _ := open(t)
	return papersOf(t, h)
}

// papersOf is the door to a house, with papers that say what they are.
func papersOf(t *testing.T, h *testenv.House) (*testenv.House, http.Handler) {
	t.Helper()
	say := func(what string) ([]byte, error) { return []byte("%PDF " + what), nil }
	door, err := pages.New(pages.Options{
		Gate: h.Gate, Authenticate: h.Login.Authenticate, Accounts: h.Login, Devices: h.Login, Explain: func(clinical.Reason) string { return "" },
		Zone: clinicaltest.Zone(), Now: clinicaltest.Now, URL: func() string { return "https://fovea.test:8443" },
		Rules: []clinical.IdentifierRule{{System: "hospital", Label: "Hospital number", Pattern: `H[A-Z]\d{6}`, Check: clinical.NoCheck}},
		Papers: pages.Papers{
			Certificate: func(_ context.Context, c clinical.Caller, id clinical.RecallID, p pages.Print) ([]byte, error) {
				if _, err := h.Gate.Recall(t.Context(), c, id); err != nil {
					return nil, err
				}
				return say(p.Edition + " " + p.Format + " " + p.Language)
			},
			OwnCertificate: func(_ context.Context, c clinical.Change, p pages.Print) ([]byte, error) {
				return say("own " + c.Recalls[0].ID.String() + " " + p.Language)
			},
			ConsentForm: func(_ context.Context, _ clinical.Caller, f pages.Form) ([]byte, error) {
				return say(f.Language + " " + f.Secret + " " + f.URL)
			},
			ReleasePassword: func() (string, error) { return "k7m2q-9xw4d-k7m2q-9xw4d", nil },
			ReleaseContent: func(_ context.Context, c clinical.Caller, r pages.Handover) error {
				_, open, err := h.Gate.OpenRelease(t.Context(), c, r.Release)
				for _, one := range open {
					_ = one.Close()
				}
				if err == nil {
					_, err = r.To.Write([]byte("PK " + r.Password))
				}
				return err
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, door
}

func consented(more ...string) []string {
	return append([]string{
		"status", "given", "mode", "written", "capacity", "adult", "purpose", "P2", "audience", "A3", "level", "I1", "channel", "view", "channel", "mount",
	}, more...)
}

func TestAConsentIsRecordedWithEveryField(t *testing.T) {
	h, door := papered(t)
	adult := "/patients/" + id[clinical.Patient]("adult")
	w := send(t, entry{h, door}, "paula", adult+"/consents", consented("purpose", "P4", "interpreter", hostile, "try", "1")...)
	if body := w.Body.String(); w.Code != http.StatusBadRequest || unsafe(body) || !strings.Contains(body, "&lt;script&gt;") || !strings.Contains(body, "must have seen the pictures") {
		t.Fatalf("a refused consent loses what was typed, or does not say why: %d", w.Code)
	}
	full := consented("purpose", "P4", "use", "Annales", "shown", "1", "copy", "1", "before", "1", "interpreter", "Amina", "language", "fr", "witness", "Ann",
		"version", "fovea-1-fr", "expires", "2027-05-01", "cover", id[clinical.Session]("adult"), "giver", "the patient", "intimate", "1")
	w = send(t, entry{h, door}, "paula", adult+"/consents", append(full, "try", "1")...)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "What this would change") || !strings.Contains(w.Body.String(), `value="Annales"`) {
		t.Fatalf("trying does not show what would change: %d", w.Code)
	}
	leads(t, send(t, entry{h, door}, "paula", adult+"/consents", full...), adult+"?done=consent")
	grants, err := h.Gate.Grants(t.Context(), h.Caller("paula"), clinicaltest.ID[clinical.Patient]("adult"))
	if err != nil {
		t.Fatal(err)
	}
	g := grants[0]
	if !g.HasPurpose(clinical.P4) || g.NamedUse != "Annales" || !g.ImagesShown || !g.CopyGiven || !g.TakenBeforePhoto || !g.IntimateBeyondA2 || g.Interpreter != "Amina" ||
		g.Witness != "Ann" || g.Language != "fr" || g.FormVersion != "fovea-1-fr" || g.Expires.String() != "2027-05-01" || g.Channels != clinical.ViewOnScreen|clinical.Mount {
		t.Errorf("recorded %+v", g)
	}
	page := h.Ask(door, "paula", "GET", adult).Body.String()
	for _, want := range []string{"Publication", "interpreter Amina", "until 1 May 2027", "Not asked"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
}

func TestARefusalIsReplacedByNameOnly(t *testing.T) {
	h, door := papered(t)
	adult := "/patients/" + id[clinical.Patient]("adult")
	leads(t, send(t, entry{h, door}, "nina", "/patients/"+id[clinical.Patient]("adult")+"/consents", "status", "refused", "purpose", "P3"), adult)
	page := h.Ask(door, "paula", "GET", adult).Body.String()
	if !strings.Contains(page, "refused: do not ask again") {
		t.Error("the refusal is not in the table")
	}
	research := []string{"status", "given", "mode", "written", "capacity", "adult", "purpose", "P3", "audience", "A5", "level", "I2", "channel", "view", "study", "S1", "ethics", "E1", "expires", "2027-01-01", "shown", "1"}
	w := send(t, entry{h, door}, "paula", adult+"/consents", research...)
	refusal := regexp.MustCompile(`<option value="([0-9A-Z]{26})">Refused`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusConflict || refusal == nil {
		t.Fatalf("%d: nothing offers to replace the refusal", w.Code)
	}
	leads(t, send(t, entry{h, door}, "paula", adult+"/consents", append(research, "supersedes", refusal[1])...), adult+"?done=consent")
}

func TestAPaperLevelBeginsTheForm(t *testing.T) {
	h, door := papered(t)
	adult := "/patients/" + id[clinical.Patient]("adult")
	for level, want := range map[string]string{"1": "paper-level-1", "2": "paper-level-2", "3": "paper-level-3", "4": "fovea-1-fr", "23": "fovea-1-fr"} {
		page := h.Ask(door, "paula", "GET", adult+"/consent?level="+level).Body.String()
		if !strings.Contains(page, want) || strings.Contains(page, `value="P4" checked`) != (level == "3") {
			t.Errorf("level %s begins otherwise", level)
		}
	}
	leads(t, send(t, entry{h, door}, "paula", adult+"/consents", "status", "given", "mode", "written", "capacity", "adult", "purpose", "P4", "use", "EADV 2026",
		"audience", "A5", "level", "I1", "channel", "print", "shown", "1", "teaching", "1", "version", "paper-level-3"), adult+"?done=consent")
	grants, err := h.Gate.Grants(t.Context(), h.Caller("paula"), clinicaltest.ID[clinical.Patient]("adult"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range grants {
		if g.FormVersion == "paper-level-3" {
			got = append(got, fmt.Sprint(g.Purposes, " ", g.Audience, " ", g.Channels, " ", g.NamedUse))
		}
	}
	slices.Sort(got)
	if want := []string{"[P0 P2] A3 view,mount ", "[P4] A5 print EADV 2026"}; !slices.Equal(got, want) {
		t.Errorf("level 3 records %q, want %q", got, want)
	}
	if w := h.Ask(door, "paula", "GET", adult+"/consent-form?lang=es"); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "%PDF es") {
		t.Errorf("an empty form: %d %s", w.Code, w.Body)
	}
	for _, who := range []string{"edith", "stella", "adam"} {
		if w := h.Ask(door, who, "GET", adult+"/consent"); w.Code != http.StatusNotFound {
			t.Errorf("%s opens the form: %d", who, w.Code)
		}
	}
}

// patientAsks is a request of somebody without an account: a path and a
// language, POST: before it where a form is sent.
func patientAsks(t *testing.T, door http.Handler, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	path, lang, _ := strings.Cut(path, " ")
	method := http.MethodGet
	if at, posted := strings.CutPrefix(path, "POST:"); posted {
		method, path = http.MethodPost, at
	}
	r := httptest.NewRequestWithContext(t.Context(), method, "https://fovea.test"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", lang)
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	return w
}

func TestAPatientWithdrawsWithoutAnAccount(t *testing.T) {
	h, door := papered(t)
	adult := "/patients/" + id[clinical.Patient]("adult")
	page := send(t, entry{h, door}, "paula", adult+"/codes").Body.String()
	secret := regexp.MustCompile(`(?:[0-9A-HJKMNP-TV-Z]{4}-){7}[0-9A-HJKMNP-TV-Z]{4}`).FindString(page)
	if secret == "" || !strings.Contains(page, "<path d=\"M4 4h7v1h-7z") {
		t.Fatalf("the code is not shown with its drawing:\n%s", page)
	}
	if w := send(t, entry{h, door}, "paula", adult+"/copy", "secret", secret, "lang", "fr"); !strings.Contains(w.Body.String(), "fr "+secret+" https://fovea.test:8443/withdraw/"+secret) {
		t.Errorf("the copy is printed without the code: %d", w.Code)
	}
	for range 2 {
		w := patientAsks(t, door, "/withdraw/"+secret+" es-MX,es;q=0.9", "")
		body := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(body, "Enseñanza") || !strings.Contains(body, `<html lang="es"`) || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Fatalf("%d: it does not say what it withdraws:\n%s", w.Code, body)
		}
		for _, told := range []string{"Invented", "HA000001", "/img/", "adult", id[clinical.Patient]("adult")} {
			if strings.Contains(body, told) {
				t.Errorf("the page tells %q", told)
			}
		}
	}
	w := patientAsks(t, door, "POST:/withdraw/"+secret+" fr", "")
	ticket := regexp.MustCompile(`name="ticket" value="([^"]+)"`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || ticket == nil || !strings.Contains(w.Body.String(), "C’est retiré") {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	if f, err := h.Gate.Folder(t.Context(), h.Caller("stella"), clinicaltest.ID[clinical.TeachingSet]("wounds"), clinical.Mount); err != nil || len(f.Entries) != 0 {
		t.Errorf("afterwards %d are on the drive, %v", len(f.Entries), err)
	}
	if w = patientAsks(t, door, "POST:/withdraw/certificate en", "ticket="+ticket[1]+"&lang=fr"); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "%PDF own ") || !strings.HasSuffix(w.Body.String(), " fr") {
		t.Errorf("the certificate: %d %s", w.Code, w.Body)
	}
	used, unknown := patientAsks(t, door, "/withdraw/"+secret+" en", ""), patientAsks(t, door, "/withdraw/nothing en", "")
	_, later := papersOf(t, h) // a door that has not just seen it used
	twice, never := patientAsks(t, later, "POST:/withdraw/"+secret+" en", ""), patientAsks(t, door, "POST:/withdraw/certificate en", "ticket=x")
	for _, other := range []*httptest.ResponseRecorder{unknown, twice, never} {
		if used.Code != http.StatusNotFound || other.Code != used.Code || other.Body.String() != used.Body.String() || len(other.Header()) != len(used.Header()) {
			t.Errorf("a used code answers %d, another %d, or in other words", used.Code, other.Code)
		}
	}
}

func TestAPaperFormIsKeptBesideItsConsent(t *testing.T) {
	h, door := papered(t)
	post := func(who, path string, scan []byte) *httptest.ResponseRecorder {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		part, err := m.CreateFormFile("scan", "x.pdf")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(scan)
		_ = m.Close()
		return h.Ask(door, who, "POST", path, b.String(), "Content-Type", m.FormDataContentType())
	}
	at := "/consents/" + id[clinical.Grant]("teaching") + "/form"
	for who, want := range map[string]int{"edith": http.StatusNotFound, "stella": http.StatusNotFound} {
		if w := post(who, at, []byte("%PDF-1.7 x")); w.Code != want && w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s keeps one: %d", who, w.Code)
		}
	}
	refused, absent := h.Ask(door, "stella", "GET", at), h.Ask(door, "stella", "GET", "/consents/"+id[clinical.Grant]("none")+"/form")
	if refused.Code != http.StatusNotFound || refused.Body.String() != absent.Body.String() {
		t.Errorf("a form that is not theirs: %d, none: %d", refused.Code, absent.Code)
	}
	if w := h.Ask(door, "paula", "POST", at, "scan=1", "Content-Type", "application/x-www-form-urlencoded"); w.Code != http.StatusBadRequest {
		t.Errorf("without a file: %d", w.Code)
	}
}
