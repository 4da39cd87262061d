package policy_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

func merge(from, into string) clinical.MergePatients {
	return clinical.MergePatients{From: patient(from), Into: patient(into), Reason: "one person, registered twice"}
}

func part(name string) clinical.UnmergePatients {
	return clinical.UnmergePatients{Patient: patient(name), Reason: "two people after all"}
}

func TestMergedRecordsAreOnePatient(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Grants: []clinical.Grant{{
		ID: clinicaltest.ID[clinical.Grant]("no"), Patient: patient("deceased"), Status: clinical.GrantRefused, RecordedAt: clinicaltest.Now().AddDate(0, -1, 0),
	}}})
	h.refuses("clara", merge("deceased", "adult"), clinical.Forbidden)
	h.refuses("greta", clinical.MergePatients{From: patient("deceased"), Into: patient("adult")}, clinical.Invalid)
	h.refuses("greta", merge("stranger", "adult"), clinical.NotFound)
	h.do("greta", merge("deceased", "adult"))
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("what one record refuses, the other lists: %v", got)
	}
	if got := h.refuses("greta", merge("adult", "deceased"), clinical.Invalid); got != "merge" {
		t.Errorf("merging in a circle: %s", got)
	}
	if got := h.refuses("greta", merge("deceased", "child"), clinical.Conflict); got != "merged" {
		t.Errorf("merging twice: %s", got)
	}
	h.pass(time.Hour)
	h.refuses("clara", part("deceased"), clinical.Forbidden)
	if c := h.do("greta", part("deceased")); len(c.Holds) != 0 {
		t.Errorf("nothing was taken in meanwhile, and %d holds", len(c.Holds))
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("after parting: %v", got)
	}
	if got := h.refuses("greta", part("deceased"), clinical.Conflict); got != "not-merged" {
		t.Errorf("parting twice: %s", got)
	}
}

func TestAMergeIsAnActOfItsOwn(t *testing.T) {
	h := newHouse(t)
	found, err := h.Patients(t.Context(), as("greta"), "deceased")
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	found[0].MergedInto = patient("adult")
	if got := h.refuses("greta", clinical.ChangePatient{Patient: found[0]}, clinical.Invalid); got != "merge" {
		t.Errorf("merged in passing: %s", got)
	}
}

// What either record has seen while they were one is frozen, and nothing else.
func TestPartingFreezesWhatMayBeTheOthers(t *testing.T) {
	d := wounds()
	late := clinicaltest.Picture("late", "adult")
	late.FiledAt = clinicaltest.Now().Add(2 * time.Hour)
	d.Assets = append(d.Assets, clinicaltest.Picture("foot", "deceased"), late)
	h := newHouse(t, d)
	h.pass(time.Hour)
	h.do("greta", merge("deceased", "adult"))
	h.pass(time.Hour)
	g := teaching("", "deceased")
	g.ID, g.Covers, g.Capacity = clinical.GrantID{}, clinical.Cover{Session: clinicaltest.ID[clinical.Session]("deceased")}, clinical.DeceasedCapacity
	h.do("nina", clinical.RecordConsent{Grant: g})
	if _, err := h.Asset(t.Context(), as("carl"), asset("foot")); err != nil {
		t.Fatalf("carl sees the foot before: %v", err)
	}
	h.pass(time.Hour)
	c := h.do("greta", part("deceased"))
	frozen := map[clinical.AssetID]bool{}
	for _, hold := range c.Holds {
		if hold.Kind != clinical.UnmergeFreeze || !hold.Since.Equal(clinicaltest.Now().Add(time.Hour)) {
			t.Errorf("held as %+v", hold)
		}
		for _, id := range hold.Assets {
			frozen[id] = true
		}
	}
	if !frozen[asset("late")] || !frozen[asset("foot")] || frozen[asset("leg")] {
		t.Errorf("frozen: %v", frozen)
	}
	for name, want := range map[string]clinical.Kind{"late": clinical.NotFound, "foot": clinical.NotFound} {
		if _, err := h.Asset(t.Context(), as("carl"), asset(name)); clinical.KindOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Asset(t.Context(), as("carl"), asset("leg")); err != nil {
		t.Errorf("what was there before: %v", err)
	}
	if _, err := h.SawMerged(t.Context(), as("carl"), c.Holds[0].ID); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("a clinician reads the trace: %v", err)
	}
	for _, hold := range c.Holds {
		trace, err := h.SawMerged(t.Context(), as("greta"), hold.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range trace {
			if e.Patient != hold.Patient || e.At.Before(hold.Since) {
				t.Errorf("traced %+v", e)
			}
		}
	}
	if len(h.journal.noted(clinical.ActAuditRead)) == 0 {
		t.Error("nobody noted that the trace was read")
	}
}

// Merging two records and parting them again restores every decision.
func TestMergeThenPartRestoresEveryDecision(t *testing.T) {
	n := counted(t, 10_000)
	rapid.Check(t, func(t *rapid.T) {
		d := world(t)
		now := later(t, "now")
		from, into := rapid.SampledFrom(d.Patients).Draw(t, "from"), rapid.SampledFrom(d.Patients).Draw(t, "into")
		for i := range d.Patients {
			d.Patients[i].MergedInto = clinical.PatientID{}
		}
		from.MergedInto = clinical.PatientID{}
		before := policy.NewSnapshot(site()).With(now, d)
		merged, parted := from, from
		merged.MergedInto = into.ID
		after := before.With(now, clinical.Delta{Patients: []clinical.Patient{merged}}).With(now, clinical.Delta{Patients: []clinical.Patient{parted}})
		*n += same(t, d, now, before, after)
	})
}

// same compares every decision of two snapshots, and counts them.
func same(t *rapid.T, d clinical.Delta, now time.Time, before, after *policy.Snapshot) int {
	n := 0
	for _, p := range d.People {
		for _, u := range uses() {
			for _, a := range d.Assets {
				r := policy.Request{Person: p.ID, Use: u, Asset: a.ID, Now: now}
				n++
				if was, is := policy.Decide(before, r), policy.Decide(after, r); was != is {
					t.Fatalf("%s %+v %d: %+v, then %+v", p.Login, u, a.Ordinal, was, is)
				}
			}
		}
	}
	return n
}
