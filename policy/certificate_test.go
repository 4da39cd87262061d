package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// What a certificate is made from: names for governance, counts for the
// patient's copy, nothing for anybody else.
func TestCertificateNamesReadersToGovernanceAlone(t *testing.T) {
	second := wounds()
	again := clinicaltest.Set("again")
	second.Sets = append(second.Sets, again)
	second.Items = append(second.Items, clinicaltest.Item("again", "leg", 3))
	h := newHouse(t, second)
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.reads("stella", again.ID, "leg", clinical.ViewOnScreen)
	id := h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"}).Recalls[0].ID
	h.settled()
	full, err := h.Recall(t.Context(), as("greta"), id)
	if err != nil || len(full.Reach) != 2 || full.Reach[0].Person != human("stella") {
		t.Errorf("governance reads %+v, %v", full.Reach, err)
	}
	counted, err := h.Recall(t.Context(), as("clara"), id)
	want := []clinical.Reach{{
		Role: clinical.Student, Channel: clinical.Mount | clinical.ViewOnScreen, Assets: 1, Times: 2, First: h.now(), Last: h.now(),
	}}
	if diff := cmp.Diff(want, counted.Reach); err != nil || diff != "" {
		t.Errorf("%v, the patient's copy -want +got:\n%s", err, diff)
	}
	for _, who := range []string{"stella", "edith", "oscar", "adam"} {
		if _, err := h.Recall(t.Context(), as(who), id); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: %v", who, err)
		}
		if _, err := h.RecallTasks(t.Context(), as(who), id); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: tasks: %v", who, err)
		}
	}
	if _, err := h.RecallTasks(t.Context(), as("clara"), id); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("the treating team reads who was asked: %v", err)
	}
	asked := h.request("patient")
	request := clinical.Erasure{ID: asked, Patient: patient("adult")}
	if err := h.ErasureNames(as("clara"), request); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("the treating team has the names on an erasure: %v", err)
	}
	if err := h.ErasureNames(as("greta"), request); err != nil {
		t.Errorf("governance has not: %v", err)
	}
	if got := h.denials("clara"); len(got) != 2 || got[0].Patient != patient("adult") || got[0].Rule == "" || got[1].Rule == "" {
		t.Errorf("what the treating team was denied is noted as %+v", got)
	}
	if got := h.denials("stella"); len(got) != 2 {
		t.Errorf("what a student was denied is noted as %+v", got)
	}
	if _, err := h.Recall(t.Context(), as("greta"), clinicaltest.ID[clinical.Recall]("none")); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	if got := len(h.journal.noted(clinical.ActAuditRead)); got != 1 {
		t.Errorf("the ledger has %d readings of names, want 1", got)
	}
	h.journal.fail = clinical.ErrUnavailable
	if got, err := h.Recall(t.Context(), as("greta"), id); err == nil {
		t.Errorf("names without being written down: %+v", got)
	}
}

// A certificate outlives the erasure of who it was made for.
func TestErasedPatientIsMetByGovernanceAlone(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.do("greta", decide(h.request("patient"), clinical.EraseShred))
	h.settled()
	tomb := clinical.Patient{ID: patient("adult"), Rev: 1, Erased: h.now()} // what the vault leaves
	c := h.write(clinical.Delta{Patients: []clinical.Patient{tomb}})
	h.seen(t.Context(), c.Seq)
	if list, err := h.Recalls(t.Context(), as("greta"), tomb.ID); err != nil || len(list) != 1 {
		t.Errorf("governance: %d recalls, %v", len(list), err)
	}
	if _, err := h.Recalls(t.Context(), as("clara"), tomb.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("the former team: %v", err)
	}
	found, err := h.Patients(t.Context(), as("greta"), "")
	for _, p := range found {
		if p.ID == tomb.ID {
			t.Error("an erased patient is in a search")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	h.refuses("oscar", h.breaking("adult"), clinical.NotFound)
	h.refuses("clara", clinical.RequestErasure{Patient: tomb.ID, OnBehalf: "patient", Reason: "x"}, clinical.NotFound)
	h.refuses("greta", clinical.KeepUntil{Patient: tomb.ID, Until: date(2040, 1, 1), Reason: "x"}, clinical.NotFound)
	if _, err := h.IssueCode(t.Context(), as("paula"), tomb.ID, nil); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("a code: %v", err)
	}
}

func TestErasingAcrossMergedRecords(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Assets: []clinical.Asset{clinicaltest.Picture("other", "coming-of-age")}})
	h.do("greta", clinical.MergePatients{From: patient("adult"), Into: patient("coming-of-age"), Reason: "one person"})
	both := clinical.RequestErasure{
		Patient: patient("adult"), Assets: []clinical.AssetID{asset("other"), asset("leg")}, OnBehalf: "patient", Reason: "wants it gone",
	}
	if got := h.refuses("clara", both, clinical.Invalid); got != "pictures" {
		t.Errorf("pictures under two keys: %s", got)
	}
	c := h.do("greta", decide(h.request("patient", "leg"), clinical.EraseShred))
	if e := c.Erasures[0]; e.Patient != patient("adult") || e.Pictures != 1 {
		t.Errorf("of one record: %+v", e)
	}
	all := h.do("clara", clinical.RequestErasure{Patient: patient("adult"), OnBehalf: "patient", Reason: "wants it gone"}).Erasures[0]
	c = h.do("greta", decide(all.ID, clinical.EraseShred))
	if e := c.Erasures[0]; e.Patient != patient("coming-of-age") || e.Pictures != 1 || h.asset("other").State != clinical.Erased {
		t.Errorf("of all of them: %+v", e)
	}
}

func TestAnothersPictureIsRestrictedAndNeverShredded(t *testing.T) {
	beside := clinicaltest.Picture("twins", "child")
	beside.Subjects = []clinical.PatientID{patient("adult")}
	h := newHouse(t, clinical.Delta{Assets: []clinical.Asset{beside}})
	id := h.request("patient", "twins")
	if got := h.refuses("greta", decide(id, clinical.EraseShred), clinical.Conflict); got != "another-patients" {
		t.Errorf("shredded: %s", got)
	}
	c := h.do("greta", decide(id, clinical.EraseRestrict))
	if len(c.Holds) != 1 || h.asset("twins").State != clinical.Filed {
		t.Errorf("restricted: %+v", c.Delta)
	}
	gone := clinicaltest.Picture("gone", "adult")
	gone.State = clinical.Erased
	if got := newHouse(t, clinical.Delta{Assets: []clinical.Asset{gone}}).refuses("clara",
		clinical.RequestErasure{Patient: patient("adult"), Assets: []clinical.AssetID{gone.ID}, OnBehalf: "patient", Reason: "x"}, clinical.NotFound); got != "" {
		t.Errorf("what is gone already: %s", got)
	}
}

func TestWordsAreKeptWithinBounds(t *testing.T) {
	h := newHouse(t, wounds())
	long := strings.Repeat("x", 4001)
	cmd := h.breaking("adult")
	cmd.Words = long
	for _, c := range []clinical.Command{
		cmd, clinical.RequestErasure{Patient: patient("adult"), OnBehalf: "patient", Reason: long},
	} {
		if got := h.refuses("clara", c, clinical.Invalid); got != "words" {
			t.Errorf("%T: %s", c, got)
		}
	}
}

func TestOwnTicketsAndGovernancesList(t *testing.T) {
	h := newHouse(t, wounds())
	first := h.do("oscar", h.breaking("adult")).Glasses[0].ID
	h.pass(time.Minute)
	second := h.do("carl", h.breaking("child")).Glasses[0].ID
	h.pass(time.Minute)
	h.do("greta", clinical.ReviewGlass{Ticket: second, Verdict: clinical.GlassJustified, Words: "seen"})
	ids := func(who string) []clinical.BreakGlassID {
		list, err := h.Glasses(t.Context(), as(who))
		if err != nil {
			t.Fatal(err)
		}
		out := []clinical.BreakGlassID{}
		for _, b := range list {
			out = append(out, b.ID)
		}
		return out
	}
	if diff := cmp.Diff([]clinical.BreakGlassID{first, second}, ids("greta")); diff != "" {
		t.Errorf("what waits comes first, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]clinical.BreakGlassID{second}, ids("carl")); diff != "" {
		t.Errorf("carl -want +got:\n%s", diff)
	}
	h.pass(time.Hour)
	if diff := cmp.Diff([]clinical.BreakGlassID{}, ids("oscar")); diff != "" {
		t.Errorf("an hour later -want +got:\n%s", diff)
	}
}

// Public use is nobody's until a site gives it to somebody, and then rests on
// its own consent and channel.
func TestPublicUseNeedsTheSiteAndTheConsent(t *testing.T) {
	public := teaching("public", "adult")
	public.Purposes, public.Audience, public.Channels, public.ImagesShown = []clinical.Purpose{clinical.P5}, clinical.A6, clinical.Online, true
	d := wounds()
	d.Grants = append(d.Grants, public)
	h := newHouse(t, d)
	if got := h.refuses("clara", to(clinical.ToPublic, "leg"), clinical.Forbidden); got != "not-releasable" {
		t.Errorf("at a site that says nothing: %s", got)
	}
	gate, err := policy.New(policy.Options{
		Recorder: h.journal, Journal: h.journal, Reader: h.journal, Opener: h.journal, Now: h.now, Zone: clinicaltest.Zone(),
		Roles: policy.Roles{{Role: clinical.Clinician, Purpose: clinical.P5}: clinical.Online},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := gate.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Gate = gate
	made := h.do("clara", to(clinical.ToPublic, "leg")).Releases[0]
	if err := h.opens("clara", made.ID); err != nil {
		t.Errorf("opened: %v", err)
	}
	h.do("nina", clinical.WithdrawConsent{Grant: public.ID, Reason: "not any more"})
	if err := h.opens("clara", made.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("after the withdrawal: %v", err)
	}
}

func TestScheduleOfTheDeceased(t *testing.T) {
	died := clinicaltest.Hospital().Patients[3]
	died.Rev, died.DeceasedOn = 1, date(2017, 3, 1)
	met := clinicaltest.Hospital().Encounters[3]
	met.Rev, met.Opened, met.Closed = 1, midnight(2016, 5, 1), midnight(2016, 6, 1)
	old := clinicaltest.Picture("old", "deceased")
	old.Capture.At, old.FiledAt, old.KeptAt = midnight(2016, 5, 1), midnight(2016, 5, 2), midnight(2016, 5, 1)
	h := houseWith(t, schedule(), clinical.Delta{
		Patients: []clinical.Patient{died}, Encounters: []clinical.Encounter{met}, Assets: []clinical.Asset{old},
	})
	want := []clinical.WorkItem{{Kind: clinical.WorkRetention, Patient: died.ID, Due: midnight(2025, 3, 1)}}
	if diff := cmp.Diff(want, h.work("greta", 0)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
