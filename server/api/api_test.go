package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server/api"
	"fovea/server/wire"
)

// open returns the door of a house that has one picture in one set.
func open(t *testing.T) (*testenv.House, http.Handler) {
	t.Helper()
	h := testenv.NewHouse(t)
	h.Keep(clinicaltest.Picture("leg", "adult"))
	h.Commit(clinical.Delta{
		Grants: []clinical.Grant{clinicaltest.Teaching("teaching", "adult")},
		Sets:   []clinical.TeachingSet{clinicaltest.Set("wounds")}, Items: []clinical.SetItem{clinicaltest.Item("wounds", "leg", 12)},
	})
	h.Settle()
	return h, api.New(api.Options{
		Gate: h.Gate, Authenticate: h.Login.Authenticate, Accounts: h.Login, Version: "test",
		Rules: []clinical.IdentifierRule{{System: "hospital", Pattern: `H[A-Z]\d{6}`, Check: clinical.NoCheck}},
		Sheet: func(clinical.Job, clinical.Patient) ([]byte, error) { return []byte("%PDF"), nil },
	})
}

func leg() string { return clinicaltest.ID[clinical.Asset]("leg").String() }

func problem(t *testing.T, w *httptest.ResponseRecorder) (p struct {
	Type, Title, Detail, Reason string
	Status                      int
},
) {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("an error is %q: %s", got, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if p.Status != w.Code || p.Title == "" || p.Detail == "" {
		t.Errorf("status %d with %+v", w.Code, p)
	}
	return p
}

func TestWithoutCredentialsNothingIsAnswered(t *testing.T) {
	h, door := open(t)
	for _, path := range []string{"/api/v1/me", "/api/v1/people", "/api/v1/patients", "/api/v1/jobs", "/api/v1/search", "/api/v1/sets", "/api/v1/arrivals", "/api/v1/changes", "/api/v1/assets/" + leg()} {
		w := h.Ask(door, "", "GET", path)
		if p := problem(t, w); w.Code != http.StatusUnauthorized || p.Reason != "sign-in" || w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %+v", path, w.Code, p)
		}
	}
	if w := h.Ask(door, "", "GET", "/img/"+leg()+"/thumb-256"); w.Code != http.StatusUnauthorized {
		t.Errorf("a picture: %d", w.Code)
	}
}

func TestAnEditSaysWhichVersionItWasMadeFrom(t *testing.T) {
	h, door := open(t)
	var a wire.Asset
	if err := json.Unmarshal(h.Ask(door, "paula", "GET", "/api/v1/assets/"+leg()).Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, match string
		status      int
		reason      string
	}{
		{"without", "", http.StatusPreconditionRequired, "if-match-missing"},
		{"nonsense", `"x"`, http.StatusBadRequest, "if-match"},
		{"an older one", `"999999"`, http.StatusPreconditionFailed, "changed-meanwhile"},
	} {
		w := h.Ask(door, "paula", "PATCH", "/api/v1/assets/"+leg(), `{"caption":"left leg"}`, "Content-Type", "application/json", "If-Match", tt.match)
		if p := problem(t, w); w.Code != tt.status || p.Reason != tt.reason {
			t.Errorf("%s: %d %+v", tt.name, w.Code, p)
		}
	}
	w := h.Ask(door, "paula", "PATCH", "/api/v1/assets/"+leg(), `{"caption":"left leg"}`, "Content-Type", "application/json", "If-Match", strconv.Quote(strconv.FormatUint(a.Rev, 10)))
	if w.Code != http.StatusOK {
		t.Errorf("the one that was read: %d %s", w.Code, w.Body)
	}
}

func TestAListingGoesOnWhereItsPageEnded(t *testing.T) {
	h, door := open(t)
	var got []string
	for next := ""; ; {
		var page wire.List[wire.Person]
		w := h.Ask(door, "adam", "GET", "/api/v1/people?limit=4&cursor="+next)
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Items) > 4 || page.Total != 11 {
			t.Fatalf("%v: %s", err, w.Body)
		}
		for _, p := range page.Items {
			got = append(got, p.Login)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	want := []string{"adam", "carl", "clara", "edith", "emil", "greta", "nina", "oscar", "paula", "piet", "stella"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if p := problem(t, h.Ask(door, "adam", "GET", "/api/v1/people?cursor=-1")); p.Reason != "cursor" {
		t.Errorf("a cursor of nobody's: %+v", p)
	}
}

func TestARejectedInputIsNotRepeated(t *testing.T) {
	h, door := open(t)
	const typed = "Featherstonehaugh"
	for name, body := range map[string]string{
		"not valid":  `{"family":"` + typed + `","given":"x","sex":"` + typed + `"}`,
		"unknown":    `{"family":"x","given":"y","` + typed + `":1}`,
		"not JSON":   `{"family":"` + typed,
		"a number":   `{"family":"x","given":"y","identifiers":[{"system":"hospital","value":"` + typed + `"}]}`,
		"of nowhere": `{"family":"x","given":"y","identifiers":[{"system":"` + typed + `","value":"1"}]}`,
	} {
		w := h.Ask(door, "paula", "POST", "/api/v1/patients", body, "Content-Type", "application/json")
		if w.Code < 400 || w.Code > 499 || strings.Contains(w.Body.String(), typed) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestARefusedPictureAnswersAsAnAbsentOne(t *testing.T) {
	h, door := open(t)
	absent := clinicaltest.ID[clinical.Asset]("of nobody").String()
	for _, path := range []string{"/img/%/thumb-256", "/img/%/original", "/img/%/teaching-2048", "/img/%/nonsense", "/api/v1/assets/%"} {
		refused := h.Ask(door, "oscar", "GET", strings.Replace(path, "%", leg(), 1), "", "If-None-Match", "*")
		none := h.Ask(door, "oscar", "GET", strings.Replace(path, "%", absent, 1), "", "If-None-Match", "*")
		if refused.Code != http.StatusNotFound || refused.Code != none.Code || refused.Body.String() != none.Body.String() {
			t.Errorf("%s: %d %q and %d %q", path, refused.Code, refused.Body, none.Code, none.Body)
		}
		if diff := cmp.Diff(none.Header(), refused.Header()); diff != "" {
			t.Errorf("%s: headers differ\n%s", path, diff)
		}
	}
	if w := h.Ask(door, "clara", "GET", "/img/"+leg()+"/original"); w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Cache-Control"), "private, no-store") {
		t.Errorf("who treats: %d %v", w.Code, w.Header())
	}
}

func TestASetShowsItsPicturesToItsReadersUntilConsentGoes(t *testing.T) {
	h, door := open(t)
	set := "?set=" + clinicaltest.ID[clinical.TeachingSet]("wounds").String()
	for who, want := range map[string]int{"stella": http.StatusOK, "edith": http.StatusOK, "emil": http.StatusNotFound} {
		if w := h.Ask(door, who, "GET", "/img/"+leg()+"/teaching-2048"+set); w.Code != want {
			t.Errorf("%s: %d, want %d", who, w.Code, want)
		}
		if w := h.Ask(door, who, "GET", "/img/"+leg()+"/original"+set); w.Code != http.StatusNotFound {
			t.Errorf("%s is served the original: %d", who, w.Code)
		}
	}
	w := h.Ask(door, "nina", "POST", "/api/v1/patients/"+clinicaltest.ID[clinical.Patient]("adult").String()+"/withdrawals", `{}`, "Content-Type", "application/json")
	if w.Code != http.StatusOK {
		t.Fatalf("withdrawal: %d %s", w.Code, w.Body)
	}
	if w := h.Ask(door, "stella", "GET", "/img/"+leg()+"/teaching-2048"+set); w.Code != http.StatusNotFound {
		t.Errorf("after the withdrawal: %d", w.Code)
	}
}

func TestTooManyGuessesAreToldWhenToComeBack(t *testing.T) {
	h, door := open(t)
	for range 20 {
		w := h.Ask(door, "", "POST", "/api/v1/session", `{"login":"paula","password":"wrong"}`, "Content-Type", "application/json")
		if w.Code != http.StatusTooManyRequests {
			continue
		}
		seconds, err := strconv.Atoi(w.Header().Get("Retry-After"))
		if p := problem(t, w); err != nil || seconds < 1 || p.Reason != "too-many-attempts" {
			t.Errorf("Retry-After %q, %+v", w.Header().Get("Retry-After"), p)
		}
		return
	}
	t.Error("twenty guesses were all heard")
}

func TestTheOpenAPIDescriptionIsServedAndDescribesItself(t *testing.T) {
	h, door := open(t)
	w := h.Ask(door, "", "GET", "/api/v1/openapi.json")
	var doc struct {
		OpenAPI    string
		Info       struct{ Title, Version string }
		Paths      map[string]map[string]struct{ OperationID string }
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v", w.Code, err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Info.Title == "" || doc.Info.Version == "" {
		t.Errorf("%s %+v", doc.OpenAPI, doc.Info)
	}
	seen := map[string]bool{}
	for path, methods := range doc.Paths {
		if !strings.HasPrefix(path, "/api/v1/") {
			t.Errorf("%s is outside the API", path)
		}
		for method, op := range methods {
			if op.OperationID == "" || seen[op.OperationID] {
				t.Errorf("%s %s has the operation ID %q", method, path, op.OperationID)
			}
			seen[op.OperationID] = true
		}
	}
	if !seen["search"] || !seen["withdraw-consent"] || !seen["changes"] {
		t.Errorf("operations: %v", seen)
	}
	for ref := range strings.SplitSeq(w.Body.String(), `"$ref":"#/components/schemas/`) {
		name, _, _ := strings.Cut(ref, `"`)
		if _, ok := doc.Components.Schemas[name]; !ok && !strings.HasPrefix(ref, "{") {
			t.Errorf("schema %s is named and not there", name)
		}
	}
}

func TestNobodyButWhoImportsClaimsAConsentFromBefore(t *testing.T) {
	h, door := open(t)
	path := "/api/v1/patients/" + clinicaltest.ID[clinical.Patient]("adult").String() + "/consents"
	const everything = `{"status":"given","mode":"written","purposes":["P2"],"audience":"A3","identifiability":"I1","channels":"view,mount","capacity":"adult","covers":{"all":true},"formVersion":"`
	for who, want := range map[string]int{"paula": http.StatusForbidden, "clara": http.StatusForbidden, "greta": http.StatusForbidden, "adam": http.StatusOK} {
		if w := h.Ask(door, who, "POST", path, everything+`legacy"}`, "Content-Type", "application/json"); w.Code != want {
			t.Errorf("%s: %d %s", who, w.Code, w.Body)
		}
	}
	if p := problem(t, h.Ask(door, "paula", "POST", path, everything+`Legacy"}`, "Content-Type", "application/json")); p.Reason != "cover-all" {
		t.Errorf("a form of another name covers everything: %+v", p)
	}
}

func TestWhatIsLookedForStandsInNoAddress(t *testing.T) {
	h, door := open(t)
	for _, path := range []string{"/api/v1/search", "/api/v1/patients"} {
		if w := h.Ask(door, "clara", "GET", path+"?q=inv"); w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "inv\"") {
			t.Errorf("GET %s?q=: %d %s", path, w.Code, w.Body)
		}
	}
	for path, want := range map[string][2]string{
		"/api/v1/search?limit=5":            {`{"q":"leg"}`, leg()},
		"/api/v1/search?keyword=nosuchword": {`{"q":"leg"}`, `"total":0`},
		"/api/v1/patients/search?limit=50":  {`{"q":"inv"}`, `"family"`},
	} {
		if w := h.Ask(door, "clara", "POST", path, want[0], "Content-Type", "application/json"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want[1]) {
			t.Errorf("POST %s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := h.Ask(door, "clara", "POST", "/api/v1/patients/search", `{"q":"nobody at all"}`, "Content-Type", "application/json"); w.Code != http.StatusOK || strings.Contains(w.Body.String(), `"family"`) {
		t.Errorf("for nobody: %d %s", w.Code, w.Body)
	}
}
