package pages_test

import (
	"net/http"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
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
