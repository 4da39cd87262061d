package policy_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// What was a patient's is forgotten with the keys, and not only at the next
// start; a hold that names a picture still holds.
func TestNothingOfAnErasedPatientIsKnown(t *testing.T) {
	beside := clinicaltest.Picture("twins", "child")
	beside.Subjects = []clinical.PatientID{patient("adult")}
	hold := clinical.Hold{
		ID: clinicaltest.ID[clinical.Hold]("masked"), Kind: clinical.Restriction, Patient: patient("adult"), Assets: []clinical.AssetID{beside.ID},
		Reason: "until it is masked", PlacedAt: clinicaltest.Now(),
	}
	d := wounds()
	d.Assets, d.Holds = append(d.Assets, beside), []clinical.Hold{hold}
	h := newHouse(t, d)
	h.do("clara", lesion("ulcer"))
	h.run()
	again := h.journal.all.Grants[0]
	c := h.write(clinical.Delta{Patients: []clinical.Patient{{ID: patient("adult"), Rev: 1, Erased: h.now()}}, Grants: []clinical.Grant{again}})
	h.seen(t.Context(), c.Seq)
	page, err := h.PatientPage(t.Context(), as("greta"), patient("adult"))
	if err != nil || len(page.Grants)+len(page.Sessions)+len(page.Lesions) != 0 || len(page.Holds) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if jobs, err := h.Jobs(t.Context(), as("clara")); err != nil || slices.ContainsFunc(jobs, func(j clinical.Job) bool { return j.Patient == patient("adult") }) {
		t.Errorf("jobs %+v, %v", jobs, err)
	}
	h.refuses("nina", clinical.WithdrawConsent{Grant: again.ID, Reason: "x"}, clinical.NotFound)
	if _, err := h.Open(t.Context(), as("clara"), policy.OpenRequest{Use: clinical.Care(), Asset: beside.ID}); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("held, and open: %v", err)
	}
}

// Keys that the disk does not let go of yet are asked for again.
func TestAnErasureThatIsPendingIsClosedLater(t *testing.T) {
	h := newHouse(t, wounds())
	h.do("greta", decide(h.request("patient"), clinical.EraseShred))
	pending := true
	h.journal.before = func(c clinical.Change) {
		if c.Act == clinical.ActErasureDone && pending {
			pending = false
			h.journal.refuse(clinical.Refuse(clinical.Unavailable, "erasure-pending", "Not yet."))
		}
	}
	h.run()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for after := uint64(0); ; {
		changes, err := h.journal.Changes(ctx, after, 1)
		if err != nil {
			t.Fatalf("it is never closed: %v", err)
		}
		if after = changes[0].Seq; changes[0].Act != clinical.ActErasureDone {
			continue
		}
		if e := changes[0].Erasures[0]; pending || e.Done.IsZero() {
			t.Errorf("closed as %+v", e)
		}
		return
	}
}
