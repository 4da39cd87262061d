package pages_test

import (
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// rev is the revision that a page's form was made from.
func rev(t *testing.T, page string) string {
	t.Helper()
	m := regexp.MustCompile(`name="rev" value="([0-9]+)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the page has no form that says which state it was made from")
	}
	return m[1]
}

func TestASetIsPublishedAsItWasLookedAt(t *testing.T) {
	h, door := open(t)
	wounds := "/sets/" + id[clinical.TeachingSet]("wounds")
	seen := rev(t, h.Ask(door, "edith", "GET", wounds).Body.String())
	leads(t, send(t, entry{h, door}, "edith", wounds, "rev", seen, "title", "Wounds", "audience", "A2", "reader", id[clinical.Person]("stella")), wounds+"?done=changed")
	if w := send(t, entry{h, door}, "edith", wounds+"/publish", "rev", seen); w.Code != http.StatusConflict {
		t.Errorf("published what had changed since it was looked at: %d", w.Code)
	}
	if w := send(t, entry{h, door}, "edith", wounds+"/publish"); w.Code != http.StatusBadRequest {
		t.Errorf("published without saying what was looked at: %d", w.Code)
	}
	leads(t, send(t, entry{h, door}, "edith", wounds+"/publish", "rev", rev(t, h.Ask(door, "edith", "GET", wounds).Body.String())), wounds+"?done=published")
}

func TestAnOwnerChangesAudienceDatesAndReaders(t *testing.T) {
	h, door := open(t)
	wounds := "/sets/" + id[clinical.TeachingSet]("wounds")
	page := h.Ask(door, "edith", "GET", wounds).Body.String()
	first := rev(t, page)
	if !strings.Contains(page, `value="`+id[clinical.Person]("stella")+`" checked`) || !strings.Contains(page, `value="`+id[clinical.Person]("carl")+`">`) {
		t.Error("the form does not show who reads the set and who may")
	}
	fields := []string{
		"rev", first, "title", "Wounds, Year 3", "audience", "A2", "from", "2026-11-01", "until", "2027-02-28",
		"reader", id[clinical.Person]("emil"), "reader", id[clinical.Person]("carl"),
	}
	leads(t, send(t, entry{h, door}, "edith", wounds, fields...), wounds+"?done=changed")
	page = h.Ask(door, "edith", "GET", wounds).Body.String()
	for _, want := range []string{"Wounds, Year 3", `value="A2" selected`, `value="2026-11-01"`, `value="2027-02-28"`, "2 readers", `value="` + id[clinical.Person]("emil") + `" checked`} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Contains(page, `value="`+id[clinical.Person]("stella")+`" checked`) {
		t.Error("who was unticked is a reader still")
	}
	if w := h.Ask(door, "stella", "GET", wounds); w.Code != http.StatusNotFound {
		t.Errorf("who was unticked opens the set: %d", w.Code)
	}
	if w := send(t, entry{h, door}, "edith", wounds, fields...); w.Code != http.StatusConflict {
		t.Errorf("a form from before the change: %d", w.Code)
	}
	if w := send(t, entry{h, door}, "edith", wounds, "title", "x", "audience", "A2"); w.Code != http.StatusBadRequest {
		t.Errorf("a form without its revision: %d", w.Code)
	}
	leads(t, send(t, entry{h, door}, "edith", wounds, "rev", rev(t, page), "title", "Wounds", "audience", "A1", "reader", id[clinical.Person]("emil"), "reader", id[clinical.Person]("carl")), wounds+"?done=crowded")
	if page = h.Ask(door, "edith", "GET", wounds+"?done=crowded").Body.String(); strings.Contains(page, "2027") || !strings.Contains(page, "more readers than the audience") {
		t.Error("the dates stayed, or nothing says that the roster is larger than the audience")
	}
}

func TestOnlyAnOwnerChangesASet(t *testing.T) {
	h, door := open(t)
	wounds := "/sets/" + id[clinical.TeachingSet]("wounds")
	for _, who := range []string{"emil", "stella", "greta", "paula", "adam"} {
		if page := h.Ask(door, who, "GET", wounds).Body.String(); strings.Contains(page, "Change the set") {
			t.Errorf("%s is offered to change it", who)
		}
		if w := send(t, entry{h, door}, who, wounds, "rev", "1", "title", "x", "audience", "A1"); w.Code != http.StatusNotFound {
			t.Errorf("%s changes it: %d", who, w.Code)
		}
	}
}

func TestNoPageShowsAPictureThatItsReaderIsRefused(t *testing.T) {
	h, door := open(t)
	set := clinicaltest.ID[clinical.TeachingSet]("wounds")
	for _, who := range []string{"edith", "stella", "greta"} {
		page := h.Ask(door, who, "GET", "/sets/"+set.String()).Body.String()
		shown := strings.Contains(page, "/img/"+id[clinical.Asset]("leg")+"/")
		_, err := h.Gate.Open(t.Context(), h.Caller(who), policy.OpenRequest{Asset: clinicaltest.ID[clinical.Asset]("leg"), Set: set, Use: clinical.Care(), Kind: clinical.Thumbnail})
		if shown != (err == nil) || shown != (who != "greta") {
			t.Errorf("%s: on the page %t, opens with %v", who, shown, err)
		}
	}
}

func TestWhatIsAddedFromASearchLeadsBackToIt(t *testing.T) {
	h, door := open(t)
	leads(t, send(t, entry{h, door}, "paula", "/library", "sort", "newest"), "/library?sort=newest")
	w := send(t, entry{h, door}, "paula", "/library", "q", " script ", "sort", "newest", "other", "1")
	leads(t, w, "/library?s=")
	address := w.Header().Get("Location")
	page := h.Ask(door, "paula", "GET", address+"&done=added&other=1").Body.String()
	back := regexp.MustCompile(`name="back" value="([^"]+)"`).FindStringSubmatch(page)
	if back == nil || html.UnescapeString(back[1]) != address || !strings.Contains(page, `name="q" value="script"`) {
		t.Fatalf("the search leads back to %q", back)
	}
	for to, want := range map[string]string{
		"/library?s=LEG&sort=newest&from=60&keyword=a b": "/library?from=60&keyword=a+b&s=LEG&sort=newest&done=added",
		"/library?":                       "/library?done=added",
		"/library?done=withdrawn&x=1":     "/library?done=added",
		"/library?q=leg":                  "/library?done=added",
		"/library?s=%zz":                  "/library?done=added",
		"/library?s=a\r\nSet-Cookie: b=c": "/library?s=a%0D%0ASet-Cookie%3A+b%3Dc&done=added",
		"//evil.test/library?s=leg":       "/library?done=added",
	} {
		set := h.Commit(clinical.Delta{Sets: []clinical.TeachingSet{clinicaltest.Set("of " + to)}}).Sets[0].ID
		h.Settle()
		w := send(t, entry{h, door}, "paula", "/sets/items", "set", set.String(), "asset", id[clinical.Asset]("leg"), "back", to)
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("%q leads to %d %q, want %q", to, w.Code, got, want)
		}
	}
}

// Governance names who may see a patient beyond who treats them, and takes the name away.
func TestGovernanceNamesATeam(t *testing.T) {
	h, door := open(t)
	vip, to := "/patients/"+id[clinical.Patient]("vip"), entry{h, door}
	opens := func(who string) int { return h.Ask(door, who, "GET", vip).Code }
	rev := func() string {
		p, err := h.Gate.Patient(t.Context(), h.Caller("greta"), clinicaltest.ID[clinical.Patient]("vip"))
		if err != nil {
			t.Fatal(err)
		}
		return strconv.FormatUint(p.Rev, 10)
	}
	if got := opens("nina"); got != http.StatusNotFound {
		t.Fatalf("before: %d", got)
	}
	if page := h.Ask(door, "greta", "GET", vip).Body.String(); !strings.Contains(page, "Invented oscar</span><button") || !strings.Contains(page, ">Invented nina</option>") {
		t.Errorf("who is named, and who may be, is not on the page:\n%s", page)
	}
	nina := id[clinical.Person]("nina")
	for what, sent := range map[string][]string{
		"nobody": {"rev", rev()}, "no revision": {"add", nina}, "a person and another": {"rev", rev(), "add", nina, "away", nina},
	} {
		if w := send(t, to, "greta", vip+"/team", sent...); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", what, w.Code)
		}
	}
	if w := send(t, to, "greta", vip+"/team", "rev", rev(), "add", id[clinical.Person]("greta")); w.Code != http.StatusForbidden {
		t.Errorf("herself: %d", w.Code)
	}
	if w := send(t, to, "oscar", vip+"/team", "rev", rev(), "add", nina); w.Code != http.StatusForbidden {
		t.Errorf("by who is named: %d", w.Code)
	}
	leads(t, send(t, to, "greta", vip+"/team", "rev", rev(), "add", nina), vip+"?done=team")
	if got := opens("nina"); got != http.StatusOK {
		t.Errorf("named: %d", got)
	}
	if page := h.Ask(door, "oscar", "GET", vip).Body.String(); strings.Contains(page, "Named team") {
		t.Error("who treats is offered to name")
	}
	leads(t, send(t, to, "greta", vip+"/team", "rev", rev(), "away", nina), vip+"?done=team")
	if got := opens("nina"); got != http.StatusNotFound {
		t.Errorf("taken away: %d", got)
	}
}

func TestGovernancePlacesAndLiftsAHold(t *testing.T) {
	h, door := open(t)
	adult := "/patients/" + id[clinical.Patient]("adult")
	wounds := clinicaltest.ID[clinical.TeachingSet]("wounds")
	onDrive := func() int {
		f, err := h.Gate.Folder(t.Context(), h.Caller("stella"), wounds, clinical.Mount)
		if err != nil {
			t.Fatal(err)
		}
		return len(f.Entries)
	}
	if n := onDrive(); n != 1 {
		t.Fatalf("%d on the drive before", n)
	}
	if w := send(t, entry{h, door}, "greta", adult+"/holds", "kind", "legal", "reason", "  "); w.Code != http.StatusBadRequest {
		t.Errorf("without a reason: %d", w.Code)
	}
	if w := send(t, entry{h, door}, "greta", adult+"/holds", "kind", "because", "reason", "x"); w.Code != http.StatusBadRequest {
		t.Errorf("of no kind: %d", w.Code)
	}
	for _, who := range []string{"paula", "clara", "nina"} {
		if page := h.Ask(door, who, "GET", adult).Body.String(); strings.Contains(page, "Place the hold") {
			t.Errorf("%s is offered to place one", who)
		}
		if w := send(t, entry{h, door}, who, adult+"/holds", "kind", "legal", "reason", "x"); w.Code != http.StatusForbidden {
			t.Errorf("%s places one: %d", who, w.Code)
		}
	}
	leads(t, send(t, entry{h, door}, "greta", adult+"/holds", "kind", "legal", "reason", "a claim of March"), adult+"?done=held")
	if n := onDrive(); n != 0 {
		t.Errorf("%d on the drive under the hold", n)
	}
	page := h.Ask(door, "greta", "GET", adult).Body.String()
	lift := regexp.MustCompile(`action="(/holds/[0-9A-Z]+/lift)"`).FindStringSubmatch(page)
	if lift == nil || !strings.Contains(page, "by Invented greta: a claim of March") {
		t.Fatalf("the hold is not on the page, or cannot be lifted there:\n%s", page)
	}
	if w := send(t, entry{h, door}, "clara", lift[1], "reason", "x"); w.Code != http.StatusForbidden {
		t.Errorf("who treats lifts it: %d", w.Code)
	}
	leads(t, send(t, entry{h, door}, "greta", lift[1], "reason", "settled", "back", adult), adult+"?done=lifted")
	if n := onDrive(); n != 1 {
		t.Errorf("%d on the drive after it was lifted", n)
	}
	if page := h.Ask(door, "greta", "GET", adult).Body.String(); strings.Contains(page, "Lift the hold") || !strings.Contains(page, "lifted 23 Nov 2026 by Invented greta") {
		t.Error("the page does not say that it was lifted")
	}
}
