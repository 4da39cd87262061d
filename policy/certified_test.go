package policy_test

import (
	"errors"
	"testing"
	"time"

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

// After a withdrawal a new consent to what was withdrawn is on the certificate;
// one to something else, and an earlier one, are not.
func TestTheCertificateKnowsAConsentThatWasGivenAgain(t *testing.T) {
	h := newHouse(t, wounds())
	id := h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"}).Recalls[0].ID
	h.settled()
	again := func() time.Time {
		t.Helper()
		got, err := h.GivenAgain(as("greta"), id)
		copied, fault := h.Certified(t.Context(), as("clara"), id)
		if err := errors.Join(err, fault); err != nil || !got.Equal(copied.Again) {
			t.Fatalf("%v and %v, %v", got, copied.Again, err)
		}
		return got
	}
	for _, p := range []clinical.Purpose{clinical.P1, clinical.P2} {
		g := teaching("again "+p.String(), "adult")
		g.Purposes, g.RecordedAt = []clinical.Purpose{p}, h.now().Add(time.Minute)
		h.seen(t.Context(), h.write(clinical.Delta{Grants: []clinical.Grant{g}}).Seq)
		if got := again(); got.IsZero() != (p == clinical.P1) {
			t.Errorf("after a consent to %s: %v", p, got)
		}
	}
	if _, err := h.GivenAgain(as("stella"), id); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("a student: %v", err)
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
