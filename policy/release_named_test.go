package policy_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"fovea/clinical"
)

// What was consented to for one journal opens no way to another.
func TestAReleaseSpeaksForItselfAlone(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Grants: []clinical.Grant{article("article", "adult")}})
	named := h.do("clara", to(clinical.ToJournal, "leg")).Releases[0]
	other := to(clinical.ToJournal, "leg")
	other.Release.Recipient = "another journal"
	if got := h.refuses("clara", other, clinical.Forbidden); got != "not-releasable" {
		t.Errorf("a second journal on the first one's consent: %s", got)
	}
	// However it came into the register, it opens nothing.
	stray := named
	stray.ID, stray.Rev, stray.Recipient = clinical.ReleaseID{7}, 0, "another journal"
	h.write(clinical.Delta{Releases: []clinical.Release{stray}})
	h.run()
	h.reaches(stray.ID)
	if err := h.opens("clara", stray.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("what nobody consented to leaves: %v", err)
	}
	if err := h.opens("clara", named.ID); err != nil {
		t.Errorf("what was consented to: %v", err)
	}
	h.do("clara", clinical.EndRelease{Release: named.ID, Reason: "retracted"})
	if err := h.opens("clara", stray.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("after the first has ended: %v", err)
	}
}

// Of several releases of one purpose the first that opens counts, whichever
// was made first.
func TestAnEarlierReleaseHidesNoLaterOne(t *testing.T) {
	h := newHouse(t, wounds())
	first, later := to(clinical.SubjectAccess, "leg"), to(clinical.ToCourt, "leg")
	one, two := h.do("paula", first).Releases[0], h.do("paula", later).Releases[0]
	h.do("paula", clinical.EndRelease{Release: one.ID, Reason: "sent by post"})
	if err := h.opens("paula", two.ID); err != nil {
		t.Errorf("the later one: %v", err)
	}
}

// What is found to be of safeguarding after it was released leaves as evidence
// alone.
func TestSafeguardingFoundLaterLeavesAsEvidenceAlone(t *testing.T) {
	h := newHouse(t, wounds())
	packed := to(clinical.SubjectAccess, "leg")
	packed.Release.Format = clinical.EncryptedZIP
	sent := h.do("greta", packed).Releases[0]
	order := h.do("greta", to(clinical.ToCourt, "leg")).Releases[0]
	if err := h.opens("greta", sent.ID); err != nil {
		t.Fatalf("before: %v", err)
	}
	h.do("paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("leg")}, Sensitivity: clinical.Plain | clinical.Safeguarding})
	if err := h.opens("greta", sent.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("in a ZIP: %v", err)
	}
	if err := h.opens("greta", order.ID); err != nil {
		t.Errorf("as evidence: %v", err)
	}
}

// reaches waits until a release is in the register.
func (h *house) reaches(id clinical.ReleaseID) {
	h.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		if _, err := h.Release(h.t.Context(), as("greta"), id); err == nil {
			return
		} else if time.Now().After(end) {
			h.t.Fatalf("release %s: %v", id, err)
		}
	}
}
