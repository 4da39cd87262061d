package policy_test

import (
	"testing"

	"fovea/clinical"
)

// Whoever does not want to be photographed does not want to be shown either.
func TestRefusingToBePhotographedTakesBackWhatWasShown(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	p, err := h.Patient(t.Context(), as("clara"), patient("adult"))
	if err != nil {
		t.Fatal(err)
	}
	p.PhotographyRefused = true
	c := h.do("clara", clinical.ChangePatient{Patient: p})
	if len(c.Recalls) != 1 || c.Recalls[0].Cause != clinical.RecallWithdrawal || len(c.Grants) != 0 {
		t.Fatalf("left %+v", c.Delta)
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("still listed: %v", got)
	}
	p = c.Patients[0]
	p.Sex = clinical.OtherSex
	c = h.do("clara", clinical.ChangePatient{Patient: p})
	if len(c.Recalls) != 0 {
		t.Errorf("taken back again: %+v", c.Recalls)
	}
	p = c.Patients[0]
	p.PhotographyRefused = false
	for _, who := range []string{"clara", "paula"} {
		if got := h.refuses(who, clinical.ChangePatient{Patient: p}, clinical.Forbidden); got != "governance" {
			t.Errorf("%s: %s", who, got)
		}
	}
	h.settled()
	if got := h.tasksOf("stella", clinical.DestroyCopy); len(got) != 1 {
		t.Errorf("stella has %+v", got)
	}
	h.do("greta", clinical.ChangePatient{Patient: p})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("once they agree again: %v", got)
	}
}
