package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// schedule keeps eight years after the last contact, a child's until 25, eight
// years after death, and dermatology's for thirty somewhere else.
func schedule() policy.Schedule {
	return policy.Schedule{Jurisdiction: "GB-ENG", Rules: []policy.RetentionRule{
		{Years: 8, ChildAge: 25, DeceasedYears: 8},
		{Jurisdiction: "FR", Specialty: "dermatology", Years: 30},
	}}
}

// houseWith is a house with a retention schedule.
func houseWith(t testing.TB, s policy.Schedule, more ...clinical.Delta) *house {
	t.Helper()
	h := newHouse(t, more...)
	gate, err := policy.New(policy.Options{
		Recorder: h.journal, Journal: h.journal, Reader: h.journal, Opener: h.journal, Now: h.now, Zone: clinicaltest.Zone(), Retention: s,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := gate.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Gate = gate
	return h
}

func (h *house) work(login string, days int) []clinical.WorkItem {
	h.t.Helper()
	list, err := h.Worklist(h.t.Context(), as(login), days)
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func date(y int, m time.Month, d int) clinical.Date { return clinical.Date{Year: y, Month: m, Day: d} }

func midnight(y int, m time.Month, d int) time.Time {
	return time.Date(y, m, d, 0, 0, 0, 0, clinicaltest.Zone())
}

func TestConsentsComeUpBeforeTheyEnd(t *testing.T) {
	ends, review := teaching("ends", "adult"), teaching("review", "adult")
	ends.Expires, review.ReviewAt = date(2027, 1, 31), date(2026, 12, 10)
	far := teaching("far", "adult")
	far.Expires = date(2028, 1, 1)
	h := newHouse(t, clinical.Delta{Grants: []clinical.Grant{ends, review, far}})
	both := []clinical.WorkItem{
		{Kind: clinical.WorkReview, Patient: patient("adult"), Grant: review.ID, Due: midnight(2026, 12, 10)},
		{Kind: clinical.WorkExpires, Patient: patient("adult"), Grant: ends.ID, Due: midnight(2027, 2, 1)},
	}
	if diff := cmp.Diff(both, h.work("clara", 90)); diff != "" {
		t.Errorf("within 90 days -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(both[:1], h.work("clara", 30)); diff != "" {
		t.Errorf("within 30 days -want +got:\n%s", diff)
	}
	for who, want := range map[string]int{"paula": 2, "greta": 2, "oscar": 0, "edith": 0, "stella": 0, "adam": 0} {
		if got := h.work(who, 90); len(got) != want {
			t.Errorf("%s: %+v, want %d", who, got, want)
		}
	}
}

func TestRefusalsAreNeverListed(t *testing.T) {
	ends, no := teaching("ends", "adult"), teaching("no", "adult")
	ends.Expires, no.Status, no.Expires, no.ReviewAt = date(2026, 12, 1), clinical.GrantRefused, date(2026, 12, 2), date(2026, 12, 3)
	h := newHouse(t, clinical.Delta{Grants: []clinical.Grant{ends, no}})
	if got := h.work("clara", 90); len(got) != 0 {
		t.Errorf("somebody would ask again: %+v", got)
	}
}

func TestChildrenComeOfAgeOnTheWorklist(t *testing.T) {
	parental := func(name, of string, review clinical.Date) clinical.Grant {
		g := teaching(name, of)
		g.Capacity, g.ReviewAt, g.Relationship = clinical.Parental, review, "mother"
		return g
	}
	young := clinicaltest.Hospital().Patients[1]
	young.Rev, young.Born = 1, date(2010, 12, 24)
	h := newHouse(t, clinical.Delta{
		Patients: []clinical.Patient{young},
		Grants:   []clinical.Grant{parental("a", "child", date(2026, 12, 24)), parental("b", "coming-of-age", date(2026, 11, 24))},
	})
	want := []clinical.WorkItem{
		{Kind: clinical.WorkTurns18, Patient: patient("coming-of-age"), Due: midnight(2026, 11, 24)},
		{Kind: clinical.WorkTurns16, Patient: patient("child"), Due: midnight(2026, 12, 24)},
	}
	if diff := cmp.Diff(want, h.work("clara", 90)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestPatientIsAskedOnRecovery(t *testing.T) {
	h := newHouse(t)
	g := teaching("care", "adult")
	g.Capacity, g.Temporary, g.Purposes, g.Audience = clinical.BestInterest, true, []clinical.Purpose{clinical.P0}, clinical.A0
	g.ReviewAt = date(2026, 12, 1)
	h.do("clara", clinical.RecordConsent{Grant: g})
	found := 0
	for _, w := range h.work("clara", 90) {
		if w.Kind == clinical.WorkRecovery && w.Patient == patient("adult") && !w.Task.IsZero() {
			found++
			h.do("clara", clinical.FinishTask{Task: w.Task, Answer: clinical.AnswerDone})
		}
	}
	if found != 1 {
		t.Errorf("listed %d times", found)
	}
	for _, w := range h.work("clara", 90) {
		if w.Kind == clinical.WorkRecovery {
			t.Errorf("asked, and still listed: %+v", w)
		}
	}
}

func TestScheduleFallsDueAndDestroysNothing(t *testing.T) {
	old := clinicaltest.Picture("old", "adult")
	old.Capture.At, old.FiledAt, old.KeptAt = midnight(2016, 5, 1), midnight(2016, 5, 2), midnight(2016, 5, 1)
	met := clinicaltest.Hospital().Encounters[0]
	met.Rev, met.Opened, met.Closed = 1, midnight(2016, 5, 1), midnight(2016, 6, 1)
	childs := old
	childs.ID, childs.Patient, childs.Original.ID = asset("childs"), patient("child"), clinicaltest.ID[clinical.Blob]("childs")
	visit := clinicaltest.Hospital().Encounters[1]
	visit.Rev, visit.Opened, visit.Closed = 1, midnight(2016, 5, 1), midnight(2016, 6, 1)
	h := houseWith(t, schedule(), clinical.Delta{
		Assets: []clinical.Asset{old, childs}, Encounters: []clinical.Encounter{met, visit},
	})
	want := []clinical.WorkItem{{Kind: clinical.WorkRetention, Patient: patient("adult"), Due: midnight(2024, 6, 1)}}
	if diff := cmp.Diff(want, h.work("greta", 90)); diff != "" {
		t.Errorf("-want +got:\n%s", diff) // the child's is kept until 25
	}
	if got := h.work("clara", 90); len(got) != 0 {
		t.Errorf("a clinician reviews the schedule: %+v", got)
	}
	h.pass(10 * 365 * 24 * time.Hour)
	if a := h.asset("old"); a.State != clinical.Filed {
		t.Errorf("a clock made it %s", a.State)
	}
	h.refuses("clara", clinical.KeepUntil{Patient: patient("adult"), Until: date(2040, 1, 1), Reason: "a series"}, clinical.Forbidden)
	if got := h.refuses("greta", clinical.KeepUntil{Patient: patient("adult"), Until: date(2030, 1, 1), Reason: "a series"}, clinical.Invalid); got != "keep-until" {
		t.Errorf("until a day that is past: %s", got)
	}
	if got := h.refuses("greta", clinical.KeepUntil{Patient: patient("adult"), Until: date(2040, 1, 1)}, clinical.Invalid); got != "no-reason" {
		t.Errorf("without a reason: %s", got)
	}
	h.do("greta", clinical.KeepUntil{Patient: patient("adult"), Until: date(2040, 1, 1), Reason: "a series of a rare disease"})
	if got := h.work("greta", 90); len(got) != 0 {
		t.Errorf("reviewed, and still listed: %+v", got)
	}
}

func TestRequestsToEraseWaitOnTheWorklist(t *testing.T) {
	h := newHouse(t, wounds())
	id := h.request("patient")
	want := []clinical.WorkItem{{Kind: clinical.WorkErasure, Patient: patient("adult"), Erasure: id, Due: h.now().AddDate(0, 1, 0)}}
	if diff := cmp.Diff(want, h.work("greta", 90)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	h.do("greta", decide(id, clinical.EraseRefuse))
	if got := h.work("greta", 90); len(got) != 0 {
		t.Errorf("decided, and still listed: %+v", got)
	}
}
