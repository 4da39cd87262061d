package policy_test

import (
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// A date that makes an adult of a child, and a death that is taken back, open
// pictures: they are corrected by those who see none.
func TestNobodyGrowsUpInPassing(t *testing.T) {
	h := newHouse(t, clinical.Delta{Assets: []clinical.Asset{clinicaltest.Picture("knee", "child")}})
	people := clinicaltest.Hospital().Patients
	child, dead, adult := people[1], people[3], people[0]
	child.Rev, dead.Rev, adult.Rev = 1, 1, 1
	child.Born.Year, dead.Deceased = 1990, false
	for _, p := range []clinical.Patient{child, dead} {
		if got := h.refuses("clara", clinical.ChangePatient{Patient: p}, clinical.Forbidden); got != "governance" {
			t.Errorf("%s: %s", p.Given, got)
		}
		h.do("adam", clinical.ChangePatient{Patient: p})
	}
	adult.Born.Year--
	h.do("clara", clinical.ChangePatient{Patient: adult})
}
