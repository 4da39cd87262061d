package policy_test

import (
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// Nobody who treats a patient for named people only becomes named by taking a
// job, whoever wrote the job.
func TestNobodyIsNamedByAJobButItsPhotographer(t *testing.T) {
	d := clinical.Delta{Assets: []clinical.Asset{picture("scar", "vip", clinical.Plain)}}
	job := clinicaltest.Hospital().Jobs[4]
	job.Rev, job.Photographer = 1, human("clara") // the hospital's own entry
	d.Jobs = []clinical.Job{job}
	h := newHouse(t, d)
	if _, err := h.Asset(t.Context(), as("clara"), asset("scar")); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("clara sees what is for named people only: %v", err)
	}
	mine := clinical.Job{Number: "X-1", Patient: patient("vip"), Photographer: human("clara"), Due: clinicaltest.Now()}
	if got := h.refuses("clara", clinical.AddJobs{Jobs: []clinical.Job{mine}}, clinical.Invalid); got != "photographer" {
		t.Errorf("clara as a job's photographer: %s", got)
	}
	job.Rev = 2
	if got := h.refuses("clara", clinical.ChangeJob{Job: job}, clinical.Invalid); got != "photographer" {
		t.Errorf("clara takes a job: %s", got)
	}
}

// Who treats a patient is said by others: by name, by specialty, and for how
// long.
func TestNobodyMakesThemselvesOneWhoTreats(t *testing.T) {
	h := newHouse(t)
	opened := clinicaltest.Now().AddDate(0, -1, 0)
	for name, e := range map[string]clinical.Encounter{
		"by name":      {Patient: patient("adult"), Team: []clinical.PersonID{human("oscar")}},
		"by specialty": {Patient: patient("adult"), Specialty: "surgery"},
	} {
		if got := h.refuses("oscar", clinical.OpenEncounter{Encounter: e}, clinical.Forbidden); got != "yourself" {
			t.Errorf("%s: %s", name, got)
		}
		e.Opened = opened
		by := h.do("adam", clinical.OpenEncounter{Encounter: e}).Encounters[0]
		by.Closed = clinicaltest.Now()
		by = h.do("oscar", clinical.OpenEncounter{Encounter: by}).Encounters[0] // ending it narrows
		for what, change := range map[string]func(*clinical.Encounter){
			"reopened":  func(e *clinical.Encounter) { e.Closed = time.Time{} },
			"prolonged": func(e *clinical.Encounter) { e.Closed = e.Closed.AddDate(1, 0, 0) },
		} {
			again := by
			change(&again)
			if got := h.refuses("oscar", clinical.OpenEncounter{Encounter: again}, clinical.Forbidden); got != "yourself" {
				t.Errorf("%s, %s by oscar: %s", name, what, got)
			}
			h.do("adam", clinical.OpenEncounter{Encounter: again})
			again.Closed, again.Rev = by.Closed, uint64(len(h.journal.entries))
			by = h.do("adam", clinical.OpenEncounter{Encounter: again}).Encounters[0]
		}
	}
}
