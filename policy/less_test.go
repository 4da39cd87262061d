package policy_test

import (
	"errors"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// A no that is recorded beside a yes takes back what the yes let out, as a
// withdrawal does.
func TestARefusalAsksForCopiesAsAWithdrawalDoes(t *testing.T) {
	grant := clinicaltest.ID[clinical.Grant]("teaching")
	for name, no := range map[string]clinical.Grant{
		"beside it":    {Purposes: []clinical.Purpose{clinical.P2}},
		"of all":       {},
		"in its place": {Purposes: []clinical.Purpose{clinical.P2}, Supersedes: grant},
	} {
		h := newHouse(t, wounds())
		h.reads("stella", set("wounds"), "leg", clinical.Mount)
		h.pass(time.Minute)
		no.Patient, no.Status = patient("adult"), clinical.GrantRefused
		if c := h.do("nina", clinical.RecordConsent{Grant: no}); len(c.Recalls) != 1 {
			t.Fatalf("%s: %d recalls", name, len(c.Recalls))
		}
		h.settled()
		if got := h.tasksOf("stella", clinical.DestroyCopy); len(got) != 1 {
			t.Errorf("%s: stella is asked %d times for her copy", name, len(got))
		}
	}
	h := newHouse(t, wounds())
	other := clinical.Grant{Patient: patient("adult"), Status: clinical.GrantRefused, Purposes: []clinical.Purpose{clinical.P4}}
	if c := h.do("nina", clinical.RecordConsent{Grant: other}); len(c.Recalls) != 0 {
		t.Errorf("a no to something else recalls %+v", c.Recalls)
	}
}

// A consent in the place of one that reached further takes the rest back; one
// that reaches as far takes nothing.
func TestANarrowerConsentTakesTheRestBack(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.pass(time.Minute)
	again := teaching("", "adult")
	again.ID, again.Supersedes = clinical.GrantID{}, clinicaltest.ID[clinical.Grant]("teaching")
	same := h.do("nina", clinical.RecordConsent{Grant: again})
	if len(same.Recalls) != 0 {
		t.Fatalf("renewed, and recalled: %+v", same.Recalls)
	}
	again.Supersedes, again.Audience = same.Grant, clinical.A1
	if c := h.do("nina", clinical.RecordConsent{Grant: again}); len(c.Recalls) != 1 {
		t.Fatalf("%d recalls", len(c.Recalls))
	}
	h.settled()
	if got := h.tasksOf("stella", clinical.DestroyCopy); len(got) != 1 {
		t.Errorf("stella is asked %d times for her copy", len(got))
	}
}

// Two acts that take the same copy back ask for it once; what was taken in
// between is asked for again.
func TestACopyIsAskedForOnce(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.pass(time.Minute)
	h.do("nina", clinical.RecordConsent{Grant: clinical.Grant{
		Patient: patient("adult"), Status: clinical.GrantRefused, Purposes: []clinical.Purpose{clinical.P2},
	}})
	h.settled()
	h.pass(time.Minute)
	c := h.do("nina", clinical.WithdrawConsent{Patient: patient("adult")})
	h.waitSettled(c.Recalls[0].ID)
	if got := h.tasksOf("stella", clinical.DestroyCopy); len(got) != 1 {
		t.Errorf("stella is asked %d times for one copy", len(got))
	}
}

// A code withdraws what took the place of the consent that it names.
func TestACodeFollowsARenewedConsent(t *testing.T) {
	h := newHouse(t, wounds())
	secret := h.code("paula", clinicaltest.ID[clinical.Grant]("teaching"))
	again := teaching("", "adult")
	for range 2 {
		again.ID, again.Supersedes = clinical.GrantID{}, latestGrant(h)
		h.do("nina", clinical.RecordConsent{Grant: again})
	}
	if view, err := h.CodeShows(t.Context(), home(), secret); err != nil || len(view.Consents) != 1 {
		t.Errorf("shows %+v, %v", view, err)
	}
	if _, err := h.WithdrawByCode(t.Context(), home(), secret); err != nil {
		t.Fatal(err)
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("withdrawn by the patient, and listed: %v", got)
	}
	if _, err := h.WithdrawByCode(t.Context(), home(), secret); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("used twice: %v", err)
	}
}

func latestGrant(h *house) clinical.GrantID {
	h.journal.mu.Lock()
	defer h.journal.mu.Unlock()
	return h.journal.all.Grants[len(h.journal.all.Grants)-1].ID
}

func (h *house) waitSettled(id clinical.RecallID) {
	h.t.Helper()
	for after, end := uint64(0), time.Now().Add(30*time.Second); time.Now().Before(end); {
		changes, err := h.journal.Changes(h.t.Context(), after, 1000)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, c := range changes {
			after = c.Seq
			for _, r := range c.Recalls {
				if r.ID == id && !r.Settled.IsZero() {
					h.seen(h.t.Context(), after)
					return
				}
			}
		}
	}
	h.t.Fatal("the recall was not settled")
}
