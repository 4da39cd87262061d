package pages_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server/guard"
	"fovea/server/pages"
)

// A whole hospital asks from one address.
func TestOnlyCodesThatOpenNothingAreTriedSlowly(t *testing.T) {
	h, door := papered(t)
	secret, err := h.Gate.IssueCode(t.Context(), h.Caller("paula"), clinicaltest.ID[clinical.Patient]("adult"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		for _, path := range []string{"/withdraw en", "/withdraw/" + secret + " en"} {
			if w := patientAsks(t, door, path, ""); w.Code != http.StatusOK {
				t.Fatalf("view %d: %d", n, w.Code)
			}
		}
	}
	wrong := []string{"/withdraw/AAAA en", "POST:/withdraw/AAAA en", "POST:/withdraw/certificate en"}
	limited := 0
	for n := range 90 {
		w := patientAsks(t, door, wrong[n%3], "")
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "20" {
			limited++
		}
	}
	if limited != 60 {
		t.Errorf("%d of 90 wrong codes were told to wait, want all but 30", limited)
	}
	noted, err := h.Vault.Events(t.Context(), clinical.EventQuery{Acts: []clinical.Act{clinical.ActDenied}, Limit: 100})
	if err != nil || len(noted) > 30 {
		t.Errorf("%d wrong codes went into the ledger, %v: a stranger can fill it", len(noted), err)
	}
	if w := patientAsks(t, door, "/withdraw/"+secret+" en", ""); w.Code != http.StatusOK {
		t.Errorf("a right code among the wrong ones: %d", w.Code)
	}
	if w := patientAsks(t, door, "POST:/withdraw/"+secret+" en", ""); w.Code != http.StatusOK {
		t.Errorf("withdrawing among the wrong ones: %d", w.Code)
	}
	if w := patientAsks(t, door, "/withdraw/"+secret+" en", ""); w.Code != http.StatusTooManyRequests {
		t.Errorf("a code that was used is %d, and not as unknown as the others", w.Code)
	}
}

// busyPress is a door whose press is busy.
func busyPress(t *testing.T, h *testenv.House) http.Handler {
	t.Helper()
	door, err := pages.New(pages.Options{
		Gate: h.Gate, Authenticate: h.Login.Authenticate, Accounts: h.Login, Devices: h.Login, Explain: func(clinical.Reason) string { return "" },
		Zone: clinicaltest.Zone(), Now: clinicaltest.Now, URL: func() string { return "https://fovea.test:8443" },
		Papers: pages.Papers{
			OwnCertificate: func(context.Context, clinical.Change, pages.Print) ([]byte, error) {
				return nil, guard.Later(30*time.Second, clinical.Refuse(clinical.Unavailable, "busy", "Others are being served right now. Try again in a minute."))
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return door
}

// ticketOn is the ticket to a certificate on a page.
func ticketOn(t *testing.T, page string) string {
	t.Helper()
	ticket := regexp.MustCompile(`name="ticket" value="([A-Z0-9]+)"`).FindStringSubmatch(page)
	if ticket == nil {
		t.Fatalf("no ticket:\n%s", page)
	}
	return ticket[1]
}

// Whoever has just withdrawn, while papers are being drawn for others, is not told that they tried too many codes, nor
// that nothing was changed.
func TestABusyPressIsNoTooManyAttempts(t *testing.T) {
	h, _ := papered(t)
	door := busyPress(t, h)
	secret, err := h.Gate.IssueCode(t.Context(), h.Caller("paula"), clinicaltest.ID[clinical.Patient]("adult"), nil)
	if err != nil {
		t.Fatal(err)
	}
	ticket := ticketOn(t, patientAsks(t, door, "POST:/withdraw/"+secret+" en", "").Body.String())
	for lang, want := range map[string]string{"en": "Your consent is withdrawn", "fr": "Votre accord est retiré", "es": "Su consentimiento está retirado"} {
		w := patientAsks(t, door, "POST:/withdraw/certificate "+lang, "ticket="+ticket)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "30" || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d: %s", lang, w.Code, w.Body)
		}
		if again := ticketOn(t, w.Body.String()); again != ticket {
			t.Errorf("%s: another ticket to try again with", lang)
		}
	}
}

// A second press of the button, at once or while the first is on its way, costs nobody the certificate.
func TestWhoPressesTwiceIsAnsweredTwice(t *testing.T) {
	h, door := papered(t)
	secret, err := h.Gate.IssueCode(t.Context(), h.Caller("paula"), clinicaltest.ID[clinical.Patient]("adult"), nil)
	if err != nil {
		t.Fatal(err)
	}
	answers := make([]*httptest.ResponseRecorder, 4)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = patientAsks(t, door, "POST:/withdraw/"+secret+" en", "") })
	}
	all.Wait()
	answers = append(answers, patientAsks(t, door, "POST:/withdraw/"+secret+" en", ""))
	for i, w := range answers {
		if w.Code != http.StatusOK {
			t.Errorf("press %d: %d", i, w.Code)
			continue
		}
		paper := patientAsks(t, door, "POST:/withdraw/certificate en", "ticket="+ticketOn(t, w.Body.String()))
		if paper.Code != http.StatusOK || !strings.HasPrefix(paper.Body.String(), "%PDF own ") {
			t.Errorf("press %d: the certificate is %d", i, paper.Code)
		}
	}
	done, err := h.Vault.Events(t.Context(), clinical.EventQuery{Acts: []clinical.Act{clinical.ActConsentWithdrawn}, Limit: 10})
	if err != nil || len(done) != 1 {
		t.Errorf("withdrawn %d times, %v", len(done), err)
	}
	if w := patientAsks(t, door, "/withdraw/"+secret+" en", ""); w.Code != http.StatusNotFound {
		t.Errorf("the used code shows %d", w.Code)
	}
}
