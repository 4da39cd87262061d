package policy_test

import (
	"errors"
	"testing"

	"fovea/clinical"
)

// Who treats the patient prints the patient's copy, which counts readers by
// role, says through what they had the pictures, and names nobody.
func TestThePatientsCopyCountsWithoutNames(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	id := h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"}).Recalls[0].ID
	h.settled()
	got, err := h.Certified(t.Context(), as("clara"), id)
	r, tasks, people := got.Recall, got.Tasks, got.People
	if len(got.Sets) != 1 || got.Sets[0].Title+got.Sets[0].Name != "" || got.Sets[0].Audience == 0 {
		t.Errorf("sets: %+v", got.Sets)
	}
	if err != nil || len(r.Reach) != 1 || r.Reach[0].Set != set("wounds") || r.Reach[0].Task.IsZero() {
		t.Fatalf("%+v, %v", r, err)
	}
	asked := 0
	for _, task := range tasks {
		if task.Kind == clinical.DestroyCopy && task.For == r.Reach[0].Person {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("the reader's task is not among %+v", tasks)
	}
	roles := map[clinical.Role]int{}
	for _, p := range people {
		roles[p.Role]++
		if p.Name != "" || p.Login != "" || p.ID == human("stella") || p.ID == human("nina") {
			t.Errorf("named: %+v", p)
		}
	}
	if roles[clinical.Student] != 1 || roles[clinical.Nurse] != 1 {
		t.Errorf("roles: %v", roles)
	}
	for _, who := range []string{"stella", "edith", "oscar", "adam"} {
		if _, err := h.Certified(t.Context(), as(who), id); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: %v", who, err)
		}
	}
}

// Who withdrew without meeting the patient is certified what they did and what
// became of it since, and nothing that they did not do.
func TestWhoMadeAWithdrawalIsCertifiedWhatBecameOfIt(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	secret, err := h.IssueCode(t.Context(), as("paula"), patient("adult"), nil)
	if err != nil {
		t.Fatal(err)
	}
	made, err := h.WithdrawByCode(t.Context(), clinical.Caller{}, secret)
	if err != nil || len(made.Recalls) != 1 {
		t.Fatalf("%+v, %v", made.Recalls, err)
	}
	all, err := h.CertifiedOwn(t.Context(), made)
	if err != nil || len(all) != 1 || !all[0].Recall.Settled.IsZero() {
		t.Errorf("at once: %+v, %v", all, err)
	}
	h.settled()
	all, err = h.CertifiedOwn(t.Context(), made)
	if err != nil || len(all) != 1 {
		t.Fatalf("settled: %+v, %v", all, err)
	}
	r := all[0].Recall
	if r.Settled.IsZero() || len(r.Reach) != 1 || len(all[0].Tasks) != 1 {
		t.Errorf("settled: %+v", all[0])
	}
	for _, p := range all[0].People {
		if p.Name != "" || p.ID == human("stella") {
			t.Errorf("named: %+v", p)
		}
	}
	forged := clinical.Change{Delta: clinical.Delta{Recalls: []clinical.Recall{{ID: r.ID}}}}
	if _, err := h.CertifiedOwn(t.Context(), forged); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("another's: %v", err)
	}
}
