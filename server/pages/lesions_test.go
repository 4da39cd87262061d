package pages_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// openedLesion follows a lesion of the adult as paula and returns its page.
func openedLesion(t *testing.T, to entry, label string) (path, lesion string) {
	t.Helper()
	adult := "/patients/" + id[clinical.Patient]("adult")
	leads(t, send(t, to, "paula", adult+"/lesions", "label", label, "site", "lower leg", "side", "L", "opened", "2026-11-02"), adult+"?done=lesion")
	all, err := to.house.Gate.Lesions(t.Context(), to.house.Caller("paula"), clinicaltest.ID[clinical.Patient]("adult"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if l.Label == label {
			return adult + "/lesions/" + l.ID.String(), l.ID.String()
		}
	}
	t.Fatal("the lesion is not followed")
	return "", ""
}

// inSet is what a reader of the set has on the drive.
func inSet(t *testing.T, to entry) int {
	t.Helper()
	f, err := to.house.Gate.Folder(t.Context(), to.house.Caller("stella"), clinicaltest.ID[clinical.TeachingSet]("wounds"), clinical.Mount)
	if err != nil {
		t.Fatal(err)
	}
	return len(f.Entries)
}

// TestConsentForOneLesionAlone follows a lesion from the day it is seen to the
// day on which the patient takes the consent for it back.
func TestConsentForOneLesionAlone(t *testing.T) {
	h, door := papered(t)
	to, adult := entry{h, door}, "/patients/"+id[clinical.Patient]("adult")
	h.Keep(clinicaltest.Picture("later", "adult"))
	h.Keep(clinicaltest.Picture("naevus", "adult"))
	h.Settle()
	leads(t, send(t, to, "nina", adult+"/withdrawals", "sure", "1"), adult+"?done=withdrawn")
	page, lesion := openedLesion(t, to, "ulcer, medial")
	shows := []string{"lesion", lesion, "asset", id[clinical.Asset]("leg"), "asset", id[clinical.Asset]("later"), "back", adult}
	leads(t, send(t, to, "paula", "/assets/lesion", shows...), adult+"?done=shows")
	for _, name := range []string{"later", "naevus"} {
		leads(t, send(t, to, "paula", "/sets/items", "set", id[clinical.TeachingSet]("wounds"), "asset", id[clinical.Asset](name)), "/library?done=added")
	}
	set, _, err := h.Gate.SetReport(t.Context(), h.Caller("edith"), clinicaltest.ID[clinical.TeachingSet]("wounds"))
	if err != nil {
		t.Fatal(err)
	}
	leads(t, send(t, to, "edith", "/sets/"+set.ID.String()+"/publish", "rev", fmt.Sprint(set.Rev)), "/sets/")
	if n := inSet(t, to); n != 0 {
		t.Fatalf("%d are on the drive without consent", n)
	}
	if form := h.Ask(door, "paula", "GET", adult+"/consent?lesion="+lesion).Body.String(); !strings.Contains(form, `value="lesion/`+lesion+`" selected>“ulcer, medial”, left lower leg`) {
		t.Error("the form of a consent for this lesion begins with another cover")
	}
	leads(t, send(t, to, "paula", adult+"/consents", consented("cover", "lesion/"+lesion)...), adult+"?done=consent")
	if n := inSet(t, to); n != 2 {
		t.Errorf("%d are on the drive by the consent for the lesion, want its 2", n)
	}
	said := h.Ask(door, "paula", "GET", adult).Body.String()
	if !strings.Contains(said, "the lesion “ulcer, medial”, left lower leg") || !strings.Contains(said, "2 pictures</td>") {
		t.Error("the patient's page does not say what the consent is for")
	}
	grant := regexp.MustCompile(`name="grant" value="([0-9A-Z]{26})"`).FindStringSubmatch(said)
	if grant == nil {
		t.Fatal("nothing to withdraw")
	}
	if asked := send(t, to, "clara", adult+"/withdrawals", "grant", grant[1]).Body.String(); !strings.Contains(asked, "the lesion “ulcer, medial”, left lower leg") || !strings.Contains(asked, "2 pictures leave 1 set now") {
		t.Errorf("the question does not say what is withdrawn:\n%s", asked)
	}
	secret, err := h.Gate.IssueCode(t.Context(), h.Caller("paula"), clinicaltest.ID[clinical.Patient]("adult"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string]string{
		"en": "a class; pictures of one finding alone: lower leg, left", "fr": "une classe; les images d’une seule lésion : lower leg, à gauche", "es": "una clase; imágenes de una sola lesión: lower leg, izquierda",
	} {
		if body := patientAsks(t, door, "/withdraw/"+secret+" "+lang, "").Body.String(); !strings.Contains(body, want) || strings.Contains(body, "ulcer") {
			t.Errorf("%s: the patient does not read of which finding, or reads what it is:\n%s", lang, body)
		}
	}
	leads(t, send(t, to, "nina", adult+"/withdrawals", "grant", grant[1], "sure", "1"), adult+"?done=withdrawn")
	if n := inSet(t, to); n != 0 {
		t.Errorf("%d are on the drive after the withdrawal", n)
	}
	recall := regexp.MustCompile(`/recalls/[0-9A-Z]{26}`).FindString(h.Ask(door, "paula", "GET", adult).Body.String())
	if taken := h.Ask(door, "greta", "GET", recall).Body.String(); !strings.Contains(taken, "Teaching to a class of up to 40; the lesion “ulcer, medial”, left lower leg") {
		t.Errorf("the withdrawal does not say of what:\n%s", taken)
	}
	if timeline := h.Ask(door, "clara", "GET", page).Body.String(); strings.Count(timeline, `<li class="cell">`) != 2 || !strings.Contains(timeline, "Withdrawn") {
		t.Error("the care record lost the lesion's pictures")
	}
}

func TestALesionIsChangedClosedAndFollowedAgain(t *testing.T) {
	h, door := papered(t)
	to := entry{h, door}
	page, lesion := openedLesion(t, to, hostile)
	leads(t, send(t, to, "paula", "/assets/lesion", "lesion", lesion, "asset", id[clinical.Asset]("leg"), "back", "/library"), "/library?done=shows")
	for _, path := range []string{page, "/patients/" + id[clinical.Patient]("adult"), "/pictures/" + id[clinical.Asset]("leg"), "/patients/" + id[clinical.Patient]("adult") + "/consent"} {
		if body := h.Ask(door, "paula", "GET", path).Body.String(); unsafe(body) || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s: the label is not there, or not escaped", path)
		}
	}
	rev := func() string {
		t.Helper()
		at := regexp.MustCompile(`name="rev" value="(\d+)"`).FindStringSubmatch(h.Ask(door, "clara", "GET", page).Body.String())
		if at == nil {
			t.Fatal("no form changes the lesion")
		}
		return at[1]
	}
	change := func(who string, fields ...string) *httptest.ResponseRecorder {
		return send(t, to, who, page, append([]string{"label", "ulcer", "site", "foot", "side", "R", "opened", "2026-11-02"}, fields...)...)
	}
	old := rev()
	leads(t, change("clara", "rev", old, "closed", "2026-11-20"), page+"?done=lesionchanged")
	if body := h.Ask(door, "clara", "GET", page).Body.String(); !strings.Contains(body, "Right foot") || !strings.Contains(body, "until 20 Nov 2026") || !strings.Contains(body, `value="2026-11-20"`) {
		t.Errorf("closed, and the page does not say it:\n%s", body)
	}
	for words, w := range map[string]*httptest.ResponseRecorder{
		"Somebody changed this": change("paula", "rev", old, "closed", ""), "not followed or closed in the future": change("paula", "rev", rev(), "closed", "2027-01-01"),
		"closes after it opens": change("paula", "rev", rev(), "closed", "2026-10-01"), "has a label": change("paula", "rev", rev(), "label", ""),
	} {
		if body := w.Body.String(); w.Code < 400 && words != "has a label" || words != "has a label" && (!strings.Contains(body, words) || !strings.Contains(body, `value="foot"`)) {
			t.Errorf("%q is not said, or what was typed is lost: %d", words, w.Code)
		}
	}
	leads(t, change("clara", "rev", rev(), "closed", ""), page+"?done=lesionchanged")
	if body := h.Ask(door, "clara", "GET", page).Body.String(); strings.Contains(body, "until 20 Nov") {
		t.Error("it is not followed again")
	}
	if w := send(t, to, "paula", "/patients/"+id[clinical.Patient]("adult")+"/lesions", "label", " ", "site", "sole of the foot"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `value="sole of the foot"`) {
		t.Errorf("a lesion without a label: %d, or what was typed is lost", w.Code)
	}
}

func TestALesionIsThereForThoseWhoMeetThePatientAlone(t *testing.T) {
	h, door := papered(t)
	to := entry{h, door}
	page, lesion := openedLesion(t, to, "ulcer")
	adult := "/patients/" + id[clinical.Patient]("adult")
	for _, who := range []string{"oscar", "edith", "stella", "adam"} {
		refused, absent := h.Ask(door, who, "GET", page), h.Ask(door, who, "GET", adult+"/lesions/"+id[clinical.Lesion]("of nobody"))
		if refused.Code != http.StatusNotFound || refused.Body.String() != absent.Body.String() {
			t.Errorf("%s: %d, absent %d", who, refused.Code, absent.Code)
		}
		for _, path := range []string{adult + "/lesions", page, "/assets/lesion"} {
			if w := send(t, to, who, path, "label", "scar", "rev", "1", "lesion", lesion, "asset", id[clinical.Asset]("leg")); w.Code != http.StatusNotFound && w.Code != http.StatusForbidden {
				t.Errorf("%s posts to %s: %d", who, path, w.Code)
			}
		}
	}
	if w := h.Ask(door, "paula", "GET", "/patients/"+id[clinical.Patient]("child")+"/lesions/"+lesion); w.Code != http.StatusNotFound {
		t.Errorf("another patient's lesion: %d", w.Code)
	}
	if body := h.Ask(door, "greta", "GET", page).Body.String(); !strings.Contains(body, "no pictures") || strings.Contains(body, `action="`+page) || strings.Contains(body, "/img/") {
		t.Error("governance changes a lesion, or sees its pictures")
	}
	if body := h.Ask(door, "greta", "GET", adult).Body.String(); !strings.Contains(body, "ulcer") || strings.Contains(body, "Follow another") {
		t.Error("governance does not read what a consent may be for, or may follow a lesion")
	}
	if w := send(t, to, "clara", "/assets/lesion", "lesion", lesion, "asset", id[clinical.Asset]("waits")); w.Code != http.StatusNotFound {
		t.Errorf("a picture that is not theirs: %d", w.Code)
	}
	if w := send(t, to, "paula", "/assets/lesion", "asset", id[clinical.Asset]("leg")); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "No lesion is chosen") {
		t.Errorf("none is chosen: %d", w.Code)
	}
}

func TestEverybodyInAPictureIsNamed(t *testing.T) {
	h, door := papered(t)
	to, leg := entry{h, door}, id[clinical.Asset]("leg")
	child, err := h.Gate.Patient(t.Context(), h.Caller("paula"), clinicaltest.ID[clinical.Patient]("child"))
	if err != nil {
		t.Fatal(err)
	}
	at, number := "/pictures/"+leg+"/subjects", child.Identifiers[0].Value
	if n := inSet(t, to); n != 1 {
		t.Fatalf("%d on the drive", n)
	}
	for _, wrong := range []string{"HZ999999", hostile, ""} {
		w := send(t, to, "paula", at, "system", "hospital", "number", wrong)
		if body := w.Body.String(); w.Code != http.StatusBadRequest || !strings.Contains(body, `role="alert"`) || unsafe(body) {
			t.Errorf("number %q: %d", wrong, w.Code)
		}
	}
	if w := send(t, to, "paula", at, "system", "hospital", "number", number, "try", "1"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "What this would change") || inSet(t, to) != 1 {
		t.Errorf("trying: %d, or it was done", w.Code)
	}
	leads(t, send(t, to, "paula", at, "system", "hospital", "number", number), "/pictures/"+leg+"?done=named")
	if n := inSet(t, to); n != 0 {
		t.Errorf("%d on the drive though somebody in it has not consented", n)
	}
	if body := h.Ask(door, "paula", "GET", "/pictures/"+leg).Body.String(); !strings.Contains(body, strings.ToUpper(child.Family)+", ") || strings.Contains(body, "/governance/subjects") {
		t.Error("who was named is not said, or a photographer takes names away")
	}
	where := "/governance/subjects"
	for _, who := range []string{"paula", "clara", "nina", "edith", "stella", "adam"} {
		if w := h.Ask(door, who, "GET", where+"?picture="+leg); w.Code != http.StatusNotFound {
			t.Errorf("%s reads who is in it: %d", who, w.Code)
		}
		if w := send(t, to, who, where, "picture", leg, "away", child.ID.String(), "reason", "x"); w.Code != http.StatusNotFound {
			t.Errorf("%s takes a name away: %d", who, w.Code)
		}
	}
	for _, who := range []string{"nina", "edith", "stella", "adam"} {
		if w := send(t, to, who, at, "system", "hospital", "number", number); w.Code != http.StatusForbidden {
			t.Errorf("%s names somebody: %d", who, w.Code)
		}
	}
	if body := h.Ask(door, "greta", "GET", where+"?picture="+leg).Body.String(); !strings.Contains(body, strings.ToUpper(child.Family)+", ") || strings.Contains(body, "/img/") {
		t.Error("governance does not read who is named, or sees the picture")
	}
	away := []string{"picture", leg, "away", child.ID.String()}
	if w := send(t, to, "greta", where, away...); w.Code != http.StatusBadRequest || inSet(t, to) != 0 {
		t.Errorf("taken away without a reason: %d", w.Code)
	}
	if w := send(t, to, "greta", where, append(away, "reason", "it is a doll", "try", "1")...); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "1 picture more") || !strings.Contains(w.Body.String(), `value="it is a doll"`) {
		t.Errorf("trying does not say that a picture comes back: %d", w.Code)
	}
	leads(t, send(t, to, "greta", where, append(away, "reason", "it is a doll")...), where+"?picture="+leg+"&done=unnamed")
	if n := inSet(t, to); n != 1 {
		t.Errorf("%d on the drive after the wrong name is gone", n)
	}
	refused, absent := h.Ask(door, "greta", "GET", where+"?picture="+id[clinical.Asset]("of nobody")), h.Ask(door, "paula", "GET", where)
	if refused.Code != http.StatusNotFound || absent.Code != http.StatusNotFound {
		t.Errorf("nothing there: %d and %d", refused.Code, absent.Code)
	}
	leads(t, send(t, to, "greta", where, "picture", leg, "system", "hospital", "number", number), where+"?picture="+leg+"&done=named")
}

func TestWhatComesUpSaysWhichConsentItIsAbout(t *testing.T) {
	h, door := papered(t)
	to := entry{h, door}
	_, lesion := openedLesion(t, to, "ulcer")
	leads(t, send(t, to, "paula", "/patients/"+id[clinical.Patient]("adult")+"/consents", consented("cover", "lesion/"+lesion, "expires", "2026-12-20")...), "/patients/")
	h.Commit(clinical.Delta{Sessions: []clinical.Session{{
		ID: clinicaltest.ID[clinical.Session]("unasked"), Patient: clinicaltest.ID[clinical.Patient]("adult"), Began: clinicaltest.Now().AddDate(0, 0, -1), Studio: clinicaltest.StudioA,
	}}})
	asked := clinicaltest.Picture("unasked", "adult")
	asked.Session = clinicaltest.ID[clinical.Session]("unasked")
	h.Keep(asked)
	h.Settle()
	page := h.Ask(door, "paula", "GET", "/worklist").Body.String()
	for _, want := range []string{"Teaching to a class of up to 40; the lesion “ulcer”, left lower leg", "Nobody noted whether the patient agreed to be photographed"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the worklist", want)
		}
	}
	if strings.Contains(page, "<td></td>") {
		t.Error("something comes up and nothing says what to do")
	}
}

func TestThePagesOfferNoLinkThatLeadsNowhere(t *testing.T) {
	h, door := open(t)
	links := regexp.MustCompile(`href="(/[^"#]*)`)
	for _, who := range []string{"paula", "clara", "oscar", "nina", "edith", "greta", "adam"} {
		checked := map[string]bool{}
		for _, path := range append(everyPage(), "/tasks", "/worklist", "/governance", "/recalls", "/releases", "/governance/subjects", "/governance/explain") {
			for _, m := range links.FindAllStringSubmatch(h.Ask(door, who, "GET", path).Body.String(), -1) {
				to := strings.ReplaceAll(m[1], "&amp;", "&")
				if checked[to] || strings.HasPrefix(to, "/img/") || strings.HasPrefix(to, "/api/") {
					continue
				}
				checked[to] = true
				if w := h.Ask(door, who, "GET", to); w.Code >= http.StatusBadRequest {
					t.Errorf("%s is led from %s to %s: %d", who, path, to, w.Code)
				}
			}
		}
	}
}
