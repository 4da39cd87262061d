package pages_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
)

// govern are the pages of governance, with who opens them besides greta.
func govern() map[string]string {
	return map[string]string{
		"/governance": "", "/governance/rules": "adam", "/governance/explain": "", "/governance/reached": "", "/governance/saw": "adam",
		"/governance/glasses": "", "/recalls": "", "/erasures": "paula clara oscar nina", "/worklist": "paula clara oscar nina",
		"/releases": "paula clara oscar", "/tasks": "paula clara oscar nina edith stella adam",
		"/recalls?patient=" + id[clinical.Patient]("adult"): "paula clara nina",
		"/glass": "clara oscar",
	}
}

func TestEachPageIsThereForThoseWhoseItIs(t *testing.T) {
	h, door := papered(t)
	for path, who := range govern() {
		for _, one := range []string{"paula", "clara", "oscar", "nina", "edith", "stella", "greta", "adam"} {
			w := h.Ask(door, one, "GET", path)
			want := http.StatusNotFound
			if one == "greta" || strings.Contains(who, one) {
				want = http.StatusOK
			}
			if w.Code != want && (one != "nina" || !strings.HasPrefix(path, "/recalls?")) {
				t.Errorf("%s %s: %d, want %d", one, path, w.Code, want)
			}
			body := w.Body.String()
			if unsafe(body) || !strings.Contains(body, "</html>") || strings.Contains(body, "ZgotmplZ") || strings.Count(body, "btn primary") > 1 {
				t.Errorf("%s %s: not whole, not escaped, or with two primary buttons", one, path)
			}
			if absent := h.Ask(door, one, "GET", "/pictures/"+id[clinical.Asset]("none")); w.Code == http.StatusNotFound && (body != absent.Body.String() || len(w.Header()) != len(absent.Header())) {
				t.Errorf("%s %s: refused looks other than absent", one, path)
			}
		}
	}
}

func TestGovernanceAsksWhyAndWhatIf(t *testing.T) {
	h, door := papered(t)
	leg, wounds := id[clinical.Asset]("leg"), id[clinical.TeachingSet]("wounds")
	page := h.Ask(door, "greta", "GET", "/governance/explain?set="+wounds+"&picture="+leg+"&channel=mount").Body.String()
	if !strings.Contains(page, "Shown: no rule objects.") || !strings.Contains(page, "4-no-grant") {
		t.Error("the table does not answer")
	}
	page = h.Ask(door, "greta", "GET", "/governance/explain?person="+id[clinical.Person]("oscar")+"&picture="+leg+"&purpose=P0&audience=A0&channel=view").Body.String()
	if !strings.Contains(page, "Decides") || !strings.Contains(page, "No need to know") {
		t.Error("it does not say which rule decides")
	}
	if w := h.Ask(door, "greta", "GET", "/governance/explain?picture=x"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "26 letters") {
		t.Errorf("a picture that is none: %d", w.Code)
	}
	if w := h.Ask(door, "edith", "GET", "/governance/explain?set="+wounds+"&picture="+leg+"&channel=mount"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "no rule objects") {
		t.Errorf("the set's owner asks: %d", w.Code)
	}
	for _, who := range []string{"emil", "stella", "paula"} {
		if w := h.Ask(door, who, "GET", "/governance/explain?set="+wounds+"&picture="+leg+"&channel=mount"); w.Code != http.StatusNotFound {
			t.Errorf("%s asks: %d", who, w.Code)
		}
	}
	limits := []string{"group", "12", "cohort", "40", "days", "30", "ending", "30"}
	if w := send(t, entry{h, door}, "greta", "/governance/rules", limits...); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Nothing is changed yet") {
		t.Errorf("what if: %d", w.Code)
	}
	limits[1] = "none"
	if w := send(t, entry{h, door}, "greta", "/governance/rules", limits...); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `value="none"`) {
		t.Errorf("what if a limit is none: %d", w.Code)
	}
}

// withdrawn opens a house where stella had a picture on her drive, and then it
// was taken back.
func withdrawn(t *testing.T) (*testenv.House, http.Handler, string) {
	t.Helper()
	h, door := papered(t)
	s, err := h.Gate.OpenInSet(t.Context(), h.Caller("stella"), clinicaltest.ID[clinical.TeachingSet]("wounds"), clinicaltest.ID[clinical.Asset]("leg"))
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	adult := "/patients/" + id[clinical.Patient]("adult")
	leads(t, send(t, entry{h, door}, "nina", adult+"/withdrawals", "reason", "at the bedside", "sure", "1"), adult)
	h.Settle()
	page := h.Ask(door, "greta", "GET", "/recalls?patient="+id[clinical.Patient]("adult")).Body.String()
	at := regexp.MustCompile(`href="(/recalls/[0-9A-Z]{26})"`).FindStringSubmatch(page)
	if at == nil {
		t.Fatalf("the withdrawal is not listed:\n%s", page)
	}
	return h, door, at[1]
}

func TestAWithdrawalIsFollowedToItsEnd(t *testing.T) {
	h, door, recall := withdrawn(t)
	if w := h.Ask(door, "greta", "GET", recall+"/certificate?edition=governance&lang=fr"); w.Body.String() != "%PDF governance pdf fr" {
		t.Errorf("governance's certificate: %d %s", w.Code, w.Body)
	}
	if w := h.Ask(door, "paula", "GET", recall+"/certificate?edition=governance&format=json"); w.Body.String() != "%PDF patient json en" {
		t.Errorf("anybody else's names nobody: %d %s", w.Code, w.Body)
	}
	for _, who := range []string{"edith", "stella", "adam"} {
		refused, absent := h.Ask(door, who, "GET", recall), h.Ask(door, who, "GET", "/recalls/"+id[clinical.Recall]("none"))
		if refused.Code != http.StatusNotFound || refused.Body.String() != absent.Body.String() {
			t.Errorf("%s: %d, absent %d", who, refused.Code, absent.Code)
		}
	}
	page := h.Ask(door, "paula", "GET", recall).Body.String()
	if strings.Contains(page, "Invented stella") {
		t.Error("who is not governance reads a name")
	}
	if w := h.Ask(door, "greta", "GET", "/governance/reached?picture="+id[clinical.Asset]("leg")); !strings.Contains(w.Body.String(), "Invented stella") {
		t.Error("who had the picture is not told")
	}
	w := send(t, entry{h, door}, "greta", "/governance/saw", "patient", id[clinical.Patient]("adult"), "what", "all", "ask", "1")
	if body := w.Body.String(); !strings.Contains(body, "withdrew a consent") || !strings.Contains(body, "Invented nina") {
		t.Errorf("the ledger is not read aloud: %d", w.Code)
	}
	if w = send(t, entry{h, door}, "greta", "/governance/saw", "ask", "1"); w.Code != http.StatusBadRequest {
		t.Errorf("about nobody: %d", w.Code)
	}
}

// Governance reads from which device, as its owner called it, and by which program a picture was opened.
func TestWhoSawWhatNamesTheDevice(t *testing.T) {
	h, door := papered(t)
	stella := h.Caller("stella")
	tablet, err := h.Login.IssueAppPassword(t.Context(), stella.Person, "lecture <tablet>", nil, 30)
	if err != nil {
		t.Fatal(err)
	}
	for _, device := range []string{tablet.ID, "another"} {
		stella.Device, stella.Agent = device, "rclone/v1.70.3 and more"
		s, err := h.Gate.OpenInSet(t.Context(), stella, clinicaltest.ID[clinical.TeachingSet]("wounds"), clinicaltest.ID[clinical.Asset]("leg"))
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Close()
	}
	body := send(t, entry{h, door}, "greta", "/governance/saw", "person", stella.Person.String(), "what", "seen", "ask", "1").Body.String()
	for _, want := range []string{"· lecture &lt;tablet&gt; · rclone/v1.70.3<", "· " + h.Vault.Device("another")[:8] + " · rclone/v1.70.3<"} {
		if !strings.Contains(body, want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

func TestABrokenGlassIsNotedShownAndReviewed(t *testing.T) {
	h, door := papered(t)
	adult := id[clinical.Patient]("adult")
	found := send(t, entry{h, door}, "oscar", "/glass/find", "system", "hospital", "number", "HA000001").Body.String()
	if !strings.Contains(found, `value="`+adult+`"`) || strings.Contains(found, "INVENTED, ") {
		t.Fatal("the patient is not found by number, or is named")
	}
	if w := send(t, entry{h, door}, "oscar", "/glass/find", "system", "hospital", "number", "HZ999999"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "exactly this number") {
		t.Errorf("a number that nobody has: %d", w.Code)
	}
	ask := []string{"patient", adult, "why", "emergency", "words", "bleeding <b>", "password", "wrong"}
	if w := send(t, entry{h, door}, "oscar", "/glass", ask...); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "bleeding &lt;b&gt;</textarea>") || strings.Contains(w.Body.String(), `value="wrong"`) {
		t.Fatalf("a wrong password: %d", w.Code)
	}
	ask[7] = testenv.Password
	w := send(t, entry{h, door}, "oscar", "/glass", ask...)
	leads(t, w, "/patients/"+adult+"?done=glass")
	r := w.Result()
	defer func() { _ = r.Body.Close() }()
	cookie := r.Cookies()[0]
	page := h.Ask(door, "", "GET", "/patients/"+adult, "", "Cookie", cookie.String()).Body.String()
	if !strings.Contains(page, "60 minutes left") || !strings.Contains(page, "/img/"+id[clinical.Asset]("leg")) {
		t.Error("the ticket opens nothing, or does not say how long")
	}
	page = h.Ask(door, "greta", "GET", "/governance/glasses").Body.String()
	review := regexp.MustCompile(`action="(/glasses/[0-9A-Z]{26}/review)"`).FindStringSubmatch(page)
	if review == nil || !strings.Contains(page, "Invented oscar") {
		t.Fatal("the ticket does not wait for review")
	}
	if w := send(t, entry{h, door}, "greta", review[1], "verdict", "justified", "words", ""); w.Code != http.StatusBadRequest {
		t.Errorf("reviewed without a word: %d", w.Code)
	}
	leads(t, send(t, entry{h, door}, "greta", review[1], "verdict", "justified", "words", "asked the team"), "/governance/glasses?done=")
	for _, who := range []string{"paula", "nina", "edith", "stella", "adam"} {
		if w := send(t, entry{h, door}, who, "/glass", "patient", adult, "why", "emergency", "words", "x", "password", testenv.Password); w.Code != http.StatusNotFound {
			t.Errorf("%s breaks the glass: %d", who, w.Code)
		}
	}
}

func TestARosterIsTakenWholeOrNotAtAll(t *testing.T) {
	h, door := papered(t)
	wounds := "/sets/" + id[clinical.TeachingSet]("wounds")
	first := rev(t, h.Ask(door, "edith", "GET", wounds).Body.String())
	w := send(t, entry{h, door}, "edith", wounds+"/roster", "rev", first, "list", "login;cohort;from\nemil\nnobody;Year 3\nstella;Year 3;2026-13-01")
	body := w.Body.String()
	if w.Code != http.StatusBadRequest || !strings.Contains(body, "Line 3: Nobody") || !strings.Contains(body, "Line 4: A date") || !strings.Contains(body, "nobody;Year 3") {
		t.Fatalf("%d: the lines are not named, or not kept", w.Code)
	}
	list := "login,cohort,from,until\nemil\nstella,Year 3,2026-12-01,2027-02-28\n"
	if w := send(t, entry{h, door}, "edith", wounds+"/roster", "rev", first, "list", list, "try", "1"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Nothing is changed yet") {
		t.Errorf("what if: %d", w.Code)
	}
	leads(t, send(t, entry{h, door}, "edith", wounds+"/roster", "rev", first, "list", list), wounds+"?done=changed")
	if body = h.Ask(door, "edith", "GET", wounds).Body.String(); !strings.Contains(body, "Year 3") || !strings.Contains(body, "Not their term") || !strings.Contains(body, "stella,Year 3,2026-12-01,2027-02-28") {
		t.Error("the cohort is not on the page")
	}
	if w := h.Ask(door, "stella", "GET", wounds); w.Code != http.StatusNotFound {
		t.Errorf("before the term: %d", w.Code)
	}
	if w := send(t, entry{h, door}, "emil", wounds+"/roster", "rev", first, "list", list); w.Code != http.StatusNotFound {
		t.Errorf("a reader replaces the readers: %d", w.Code)
	}
}

func TestARequestToEraseTakesTwoPeople(t *testing.T) {
	h, door := papered(t)
	child := "/patients/" + id[clinical.Patient]("adult")
	leads(t, send(t, entry{h, door}, "greta", child+"/erasures", "behalf", "patient", "reason", "asked twice"), "/erasures?done=")
	list := h.Ask(door, "greta", "GET", "/erasures").Body.String()
	at := regexp.MustCompile(`href="(/erasures/[0-9A-Z]{26})"`).FindStringSubmatch(list)
	if at == nil {
		t.Fatal("the request is not listed")
	}
	if page := h.Ask(door, "greta", "GET", at[1]).Body.String(); strings.Contains(page, "Show what this does") || !strings.Contains(page, "A colleague in governance decides") {
		t.Error("who took it is offered to decide")
	}
	if w := send(t, entry{h, door}, "greta", at[1], "outcome", "refuse", "reason", "kept by law", "sure", "1"); w.Code != http.StatusForbidden {
		t.Errorf("who took it decides: %d", w.Code)
	}
	for _, who := range []string{"clara", "stella"} {
		refused, absent := h.Ask(door, who, "GET", at[1]), h.Ask(door, who, "GET", "/erasures/"+id[clinical.Erasure]("none"))
		if refused.Code != http.StatusNotFound || refused.Body.String() != absent.Body.String() {
			t.Errorf("%s: %d, absent %d", who, refused.Code, absent.Code)
		}
	}
	if w := send(t, entry{h, door}, "nina", child+"/erasures", "behalf", "", "reason", "lost in <mail>"); w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "<mail>") {
		t.Errorf("nobody asks: %d", w.Code)
	}
}

func TestAReleaseIsMadeTakenAlongAndHandedOver(t *testing.T) {
	h, door := papered(t)
	leg := id[clinical.Asset]("leg")
	if page := send(t, entry{h, door}, "paula", "/releases/new", "asset", leg).Body.String(); !strings.Contains(page, "The patient’s own copy") || !strings.Contains(page, "/img/"+leg) {
		t.Fatal("the form does not show what leaves")
	}
	w := send(t, entry{h, door}, "paula", "/releases", "asset", leg, "kind", "journal", "recipient", "Lancet <i>", "authority", "agreed")
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "Lancet &lt;i&gt;") || !strings.Contains(w.Body.String(), "may not leave") {
		t.Errorf("without consent: %d", w.Code)
	}
	w = send(t, entry{h, door}, "paula", "/releases", "asset", leg, "kind", "subject-access", "recipient", "the patient", "authority", "her letter")
	leads(t, w, "/releases/")
	at, _, _ := strings.Cut(w.Header().Get("Location"), "?")
	page := h.Ask(door, "paula", "GET", at).Body.String()
	if !strings.Contains(page, "k7m2q-9xw4d-k7m2q-9xw4d") {
		t.Fatal("the password is not shown")
	}
	if w = send(t, entry{h, door}, "paula", at+"/file", "password", "k7m2q-9xw4d-k7m2q-9xw4d"); w.Body.String() != "PK k7m2q-9xw4d-k7m2q-9xw4d" || w.Header().Get("Content-Type") != "application/zip" {
		t.Errorf("the file: %d %s", w.Code, w.Body)
	}
	leads(t, send(t, entry{h, door}, "paula", at+"/deliver", "receipt", "signed"), at+"?done=delivered")
	if w = send(t, entry{h, door}, "paula", at+"/end", "reason", " "); w.Code != http.StatusBadRequest {
		t.Errorf("ended without a reason: %d", w.Code)
	}
	leads(t, send(t, entry{h, door}, "paula", at+"/end", "reason", "used"), at+"?done=ended")
	if w = send(t, entry{h, door}, "paula", at+"/file", "password", "k7m2q-9xw4d-k7m2q-9xw4d"); w.Code != http.StatusNotFound || w.Header().Get("Content-Disposition") != "" {
		t.Errorf("after its end: %d", w.Code)
	}
	for _, who := range []string{"clara", "piet"} {
		refused, absent := h.Ask(door, who, "GET", at), h.Ask(door, who, "GET", "/releases/"+id[clinical.Release]("none"))
		if refused.Code != http.StatusNotFound || refused.Body.String() != absent.Body.String() {
			t.Errorf("%s: %d, absent %d", who, refused.Code, absent.Code)
		}
	}
}

func TestEvidenceIsTakenAlongUnderAPassword(t *testing.T) {
	h, door := papered(t)
	w := send(t, entry{h, door}, "paula", "/releases", "asset", id[clinical.Asset]("leg"), "kind", "subject-access", "format", "evidential",
		"recipient", "the patient", "authority", "her letter")
	leads(t, w, "/releases/")
	at, _, _ := strings.Cut(w.Header().Get("Location"), "?")
	const password = "k7m2q-9xw4d-k7m2q-9xw4d"
	if page := h.Ask(door, "paula", "GET", at).Body.String(); !strings.Contains(page, password) {
		t.Error("the password is not shown")
	}
	if w = send(t, entry{h, door}, "paula", at+"/file"); w.Code != http.StatusBadRequest {
		t.Errorf("without a password: %d", w.Code)
	}
	if w = send(t, entry{h, door}, "paula", at+"/file", "password", password); w.Body.String() != "PK "+password {
		t.Errorf("the file: %d %s", w.Code, w.Body)
	}
}

func TestASittingAndAMergeAreNoted(t *testing.T) {
	h, door := papered(t)
	adult, other := id[clinical.Patient]("adult"), id[clinical.Patient]("coming-of-age")
	page := h.Ask(door, "paula", "GET", "/patients/"+adult).Body.String()
	sitting := "/sessions/" + id[clinical.Session]("adult")
	leads(t, send(t, entry{h, door}, "paula", sitting, "rev", rev(t, page), "photography", "agreed", "offered", "accepted", "chaperone", "Ann", "chaperonerole", "nurse", "back", "/patients/"+adult, "photographer", id[clinical.Person]("paula")), "/patients/"+adult+"?done=session")
	if page = h.Ask(door, "paula", "GET", "/patients/"+adult).Body.String(); !strings.Contains(page, "chaperone Ann, nurse") {
		t.Error("the chaperone is not on the page")
	}
	if page = send(t, entry{h, door}, "greta", "/patients/"+other+"/merge", "to", adult, "wrong", "registered twice").Body.String(); !strings.Contains(page, "become one patient’s") {
		t.Error("merging is not asked")
	}
	leads(t, send(t, entry{h, door}, "greta", "/patients/"+other+"/merge", "to", adult, "wrong", "registered twice", "sure", "1"), "/patients/"+adult+"?done=merged")
	if page = h.Ask(door, "greta", "GET", "/patients/"+adult).Body.String(); !strings.Contains(page, "/patients/"+other+"/unmerge") {
		t.Error("the merged record is not listed")
	}
	leads(t, send(t, entry{h, door}, "greta", "/patients/"+other+"/unmerge", "reason", "two people"), "/patients/"+other+"?done=unmerged")
	if w := send(t, entry{h, door}, "paula", "/patients/"+other+"/merge", "to", adult, "wrong", "x", "sure", "1"); w.Code != http.StatusForbidden && w.Code != http.StatusNotFound {
		t.Errorf("a photographer merges: %d", w.Code)
	}
}
