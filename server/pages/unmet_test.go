package pages_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
)

// told finds what somebody who does not treat the patient must not learn.
func told(page string) string {
	for _, one := range []string{"INVENTED,", "Invented adult", "/img/", id[clinical.Asset]("leg"), "wounds", "born"} {
		if strings.Contains(page, one) {
			return one
		}
	}
	return ""
}

func TestAnExactNumberLeadsToTheGlass(t *testing.T) {
	h, door := papered(t)
	adult := id[clinical.Patient]("adult")
	page := h.Ask(door, "oscar", "GET", "/patients").Body.String()
	if !strings.Contains(page, "Somebody whom you do not treat") || !strings.Contains(page, `action="/patients/find"`) || strings.Contains(page, `method="get" action="/patients`) {
		t.Error("Patients leads nowhere, or asks in an address")
	}
	for _, typed := range [][]string{{"q", "ha000001"}, {"system", "hospital", "number", " HA000001 "}} {
		w := send(t, entry{h, door}, "oscar", "/patients/find", typed...)
		body := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(body, "not on record as treating this patient") || !strings.Contains(body, `action="/glass"`) ||
			!strings.Contains(body, `value="`+adult+`"`) || told(body) != "" {
			t.Fatalf("%v: %d, tells %q:\n%s", typed, w.Code, told(body), body)
		}
	}
	w := send(t, entry{h, door}, "oscar", "/glass", "patient", adult, "system", "hospital", "number", "HA000001", "why", "emergency", "words", "bleeding", "password", "wrong")
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "bleeding</textarea>") || !strings.Contains(w.Body.String(), "HA000001") {
		t.Fatalf("a wrong password: %d %s", w.Code, w.Body)
	}
	leads(t, send(t, entry{h, door}, "oscar", "/glass", "patient", adult, "why", "emergency", "words", "bleeding", "password", testenv.Password), "/patients/"+adult+"?done=glass")
}

func TestPatientsAreFoundByNameAndNumberWithoutAnAddress(t *testing.T) {
	h, door := papered(t)
	for _, typed := range []string{"inv", "HA000001"} {
		if w := send(t, entry{h, door}, "clara", "/patients/find", "q", typed); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "/patients/"+id[clinical.Patient]("adult")) {
			t.Errorf("%s: %d", typed, w.Code)
		}
	}
	leads(t, send(t, entry{h, door}, "clara", "/patients/find", "system", "hospital", "number", "HA000001"), "/patients/"+id[clinical.Patient]("adult"))
	for _, address := range []string{"/patients?q=HA000001", "/patients?q=inv", "/library?q=inv", "/library?q=HA000001"} {
		if w := h.Ask(door, "clara", "GET", address); w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), `value="HA000001"`) || strings.Contains(w.Body.String(), `value="inv"`) {
			t.Errorf("%s is answered: %d", address, w.Code)
		}
	}
	for typed, want := range map[string]int{"HZ999999": http.StatusNotFound, "nonsense": http.StatusBadRequest} {
		if w := send(t, entry{h, door}, "oscar", "/patients/find", "system", "hospital", "number", typed); w.Code != want || !strings.Contains(w.Body.String(), `role="alert"`) {
			t.Errorf("%s: %d, want %d", typed, w.Code, want)
		}
	}
	if w := send(t, entry{h, door}, "oscar", "/patients/find", "q", "Nobody"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "No patient of that name") || !strings.Contains(w.Body.String(), `href="/glass"`) {
		t.Errorf("nobody of that name: %d", w.Code)
	}
	absent, there := send(t, entry{h, door}, "stella", "/patients/find", "q", "HZ999999"), send(t, entry{h, door}, "stella", "/patients/find", "q", "HA000001")
	if strings.ReplaceAll(there.Body.String(), "HA000001", "HZ999999") != absent.Body.String() || there.Code != absent.Code {
		t.Error("a student learns who is registered")
	}
}

func TestAnybodyOfStaffWithdrawsOnThePatientsWord(t *testing.T) {
	for _, who := range []string{"nina", "oscar", "edith", "adam"} {
		h, door := papered(t)
		to := "/patients/" + id[clinical.Patient]("adult") + "/withdrawals"
		if w := h.Ask(door, who, "GET", "/patients"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Somebody whom you do not treat") || !strings.Contains(w.Body.String(), `href="/patients"`) {
			t.Errorf("%s does not find the page: %d", who, w.Code)
		}
		found := send(t, entry{h, door}, who, "/patients/find", "system", "hospital", "number", "HA000001").Body.String()
		if !strings.Contains(found, `action="`+to+`"`) || told(found) != "" || strings.Contains(found, `action="/glass"`) != (who == "oscar") {
			t.Fatalf("%s: tells %q, or does not offer it", who, told(found))
		}
		number := []string{"system", "hospital", "number", "HA000001", "reason", "told me at the desk"}
		w := send(t, entry{h, door}, who, to, number...)
		if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "1 picture leaves 1 set now.") || !strings.Contains(body, `name="number" value="HA000001"`) || told(body) != "" {
			t.Fatalf("%s: %d, tells %q:\n%s", who, w.Code, told(body), body)
		}
		if w := send(t, entry{h, door}, who, to, "system", "hospital", "number", "HA000002", "sure", "1"); w.Code != http.StatusNotFound {
			t.Errorf("%s: another's number: %d", who, w.Code)
		}
		w = send(t, entry{h, door}, who, to, append(number, "sure", "1")...)
		ticket := regexp.MustCompile(`name="ticket" value="([^"]+)"`).FindStringSubmatch(w.Body.String())
		if w.Code != http.StatusOK || ticket == nil || told(w.Body.String()) != "" {
			t.Fatalf("%s: %d %s", who, w.Code, w.Body)
		}
		if f, err := h.Gate.Folder(t.Context(), h.Caller("stella"), clinicaltest.ID[clinical.TeachingSet]("wounds"), clinical.Mount); err != nil || len(f.Entries) != 0 {
			t.Errorf("%s: afterwards %d are on the drive, %v", who, len(f.Entries), err)
		}
		if w := send(t, entry{h, door}, who, "/patients/certificate", "ticket", ticket[1], "lang", "fr"); !strings.HasPrefix(w.Body.String(), "%PDF own ") || !strings.HasSuffix(w.Body.String(), " fr") {
			t.Errorf("%s: the certificate: %d %s", who, w.Code, w.Body)
		}
		if w := send(t, entry{h, door}, "stella", "/patients/certificate", "ticket", ticket[1]); w.Code != http.StatusNotFound {
			t.Errorf("another takes the certificate of %s: %d", who, w.Code)
		}
		if page := h.Ask(door, "greta", "GET", "/tasks").Body.String(); !strings.Contains(page, "Confirm the withdrawal with the patient") {
			t.Errorf("%s: governance is not asked to confirm it", who)
		}
		if w := send(t, entry{h, door}, who, to, append(number, "sure", "1")...); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), `role="alert"`) || told(w.Body.String()) != "" {
			t.Errorf("%s: again: %d", who, w.Code)
		}
	}
	h, door := papered(t)
	if w := send(t, entry{h, door}, "stella", "/patients/"+id[clinical.Patient]("adult")+"/withdrawals", "system", "hospital", "number", "HA000001", "sure", "1"); w.Code != http.StatusNotFound {
		t.Errorf("a student withdraws: %d", w.Code)
	}
}

func TestAWayInOutlivesSigningIn(t *testing.T) {
	h, door := open(t)
	h.Cookie("clara") // who has a password from here on
	const ticket = "ABCDEFGHIJKLMNOPQRSTUVWX27"
	form := func(way, login, password string) (int, string, string) {
		body := url.Values{"login": {login}, "password": {password}, "way": {way}}.Encode()
		w := h.Ask(door, "", "POST", "/login", body, "Content-Type", "application/x-www-form-urlencoded")
		return w.Code, w.Header().Get("Location"), w.Body.String()
	}
	if page := h.Ask(door, "", "GET", "/login?way="+ticket).Body.String(); !strings.Contains(page, `name="way" value="`+ticket+`"`) {
		t.Error("the form forgets the way")
	}
	if code, _, page := form(ticket, "clara", "wrong"); code != http.StatusUnauthorized || !strings.Contains(page, ticket) {
		t.Errorf("a wrong password loses the way: %d", code)
	}
	if code, to, _ := form(ticket, "clara", testenv.Password); code != http.StatusSeeOther || to != "/launch/"+ticket {
		t.Errorf("signed in with %d, and led to %q", code, to)
	}
	for _, bad := range []string{"", "//evil.test", "../patients", ticket + "A", "ABCDEFGHIJKLMNOPQRSTUVW/27"} {
		if _, to, _ := form(bad, "clara", testenv.Password); to != "/" {
			t.Errorf("%q leads to %q", bad, to)
		}
	}
}
