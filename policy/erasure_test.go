package policy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// request takes a request to erase, as clara does.
func (h *house) request(behalf string, pictures ...string) clinical.ErasureID {
	h.t.Helper()
	cmd := clinical.RequestErasure{Patient: patient("adult"), OnBehalf: behalf, Reason: "wants it gone"}
	for _, p := range pictures {
		cmd.Assets = append(cmd.Assets, asset(p))
	}
	return h.do("clara", cmd).Erasures[0].ID
}

func decide(id clinical.ErasureID, o clinical.ErasureOutcome) clinical.DecideErasure {
	return clinical.DecideErasure{Erasure: id, Outcome: o, Reason: "as the policy of the site says"}
}

// Whatever is decided, the journal number of the decision stays on record: it is
// what the certificate proves.
func TestAnErasureRemembersWhichEntryDecidedIt(t *testing.T) {
	for _, outcome := range []clinical.ErasureOutcome{clinical.EraseRefuse, clinical.EraseRestrict, clinical.EraseCopies, clinical.EraseShred} {
		h := newHouse(t, wounds())
		id := h.request("patient")
		undecided, err := h.Erasures(t.Context(), as("greta"))
		if err != nil || len(undecided) != 1 || undecided[0].DecidedSeq() != 0 {
			t.Fatalf("undecided: %+v, %v", undecided, err)
		}
		decided := h.do("greta", decide(id, outcome))
		if got := decided.Erasures[0].DecidedSeq(); got != decided.Seq {
			t.Errorf("%s: decided by %d, not %d", outcome, got, decided.Seq)
		}
		if outcome != clinical.EraseShred {
			continue
		}
		h.run()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		h.closed(ctx, decided.Seq)
		cancel()
		all, err := h.Erasures(t.Context(), as("clara"))
		if err != nil || len(all) != 1 || all[0].Done.IsZero() || all[0].DecidedSeq() != decided.Seq {
			t.Errorf("done: %+v, %v, decided by %d", all, err, decided.Seq)
		}
	}
}

// closed follows the journal until an erasure is done.
func (h *house) closed(ctx context.Context, after uint64) {
	h.t.Helper()
	for {
		changes, err := h.journal.Changes(ctx, after, 1000)
		if err != nil {
			h.t.Fatalf("no erasure was done: %v", err)
		}
		for _, c := range changes {
			after = c.Seq
			if c.Act == clinical.ActErasureDone {
				h.seen(ctx, c.Seq)
				return
			}
		}
	}
}

func TestErasureTakesTwoPeople(t *testing.T) {
	h := newHouse(t, wounds())
	for _, who := range []string{"edith", "stella", "adam"} {
		h.refuses(who, clinical.RequestErasure{Patient: patient("adult"), OnBehalf: "patient", Reason: "x"}, clinical.Forbidden)
	}
	if got := h.refuses("clara", clinical.RequestErasure{Patient: patient("adult"), Reason: "x"}, clinical.Invalid); got != "on-behalf" {
		t.Errorf("for nobody: %s", got)
	}
	h.refuses("clara", clinical.RequestErasure{Patient: patient("child"), Assets: []clinical.AssetID{asset("leg")}, OnBehalf: "parent", Reason: "x"}, clinical.NotFound)
	id := h.request("patient")
	for _, who := range []string{"clara", "paula", "nina", "adam"} {
		h.refuses(who, decide(id, clinical.EraseRefuse), clinical.Forbidden)
	}
	own := h.do("greta", clinical.RequestErasure{Patient: patient("adult"), OnBehalf: "court", Reason: "order 7"}).Erasures[0].ID
	if got := h.refuses("greta", decide(own, clinical.EraseShred), clinical.Forbidden); got != "second-person" {
		t.Errorf("deciding on one's own: %s", got)
	}
	if got := h.refuses("greta", clinical.DecideErasure{Erasure: id, Outcome: clinical.EraseRefuse}, clinical.Invalid); got != "no-reason" {
		t.Errorf("without a reason: %s", got)
	}
	if got := h.refuses("greta", decide(id, "burn"), clinical.Invalid); got != "outcome" {
		t.Errorf("an outcome nobody knows: %s", got)
	}
	h.do("greta", decide(id, clinical.EraseRefuse))
	if got := h.refuses("greta", decide(id, clinical.EraseShred), clinical.Conflict); got != "decided" {
		t.Errorf("deciding twice: %s", got)
	}
	for who, want := range map[string]int{"greta": 2, "clara": 1, "paula": 0} {
		if list, err := h.Erasures(t.Context(), as(who)); err != nil || len(list) != want {
			t.Errorf("%s: %d requests, %v; want %d", who, len(list), err, want)
		}
	}
}

func TestShreddedPicturesAreGoneFromEverywhere(t *testing.T) {
	beside := clinicaltest.Picture("twins", "child")
	beside.Subjects = []clinical.PatientID{patient("adult")}
	h := newHouse(t, wounds(), clinical.Delta{
		Assets: []clinical.Asset{beside}, Releases: []clinical.Release{delivered("disc", clinical.PrintOut, "clara", "leg")},
	})
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	served, err := h.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg"))
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	id := h.request("patient")
	c := h.do("greta", decide(id, clinical.EraseShred))
	select {
	case <-served.Gone:
	default:
		t.Error("the stream goes on")
	}
	e := c.Erasures[0]
	if e.Outcome != clinical.EraseShred || e.Pictures != 2 || !e.Done.IsZero() || e.Recall != c.Recalls[0].ID {
		t.Errorf("decided as %+v", e)
	}
	if a := h.asset("leg"); a.State != clinical.Erased {
		t.Errorf("leg is %s", a.State)
	}
	if len(c.Items) != 1 || !c.Items[0].Removed || len(c.Releases) != 1 || len(c.Grants) != 1 || c.Grants[0].Status != clinical.GrantWithdrawn {
		t.Errorf("left %+v", c.Delta)
	}
	if len(c.Holds) != 1 || c.Holds[0].Kind != clinical.Restriction || c.Holds[0].Assets[0] != beside.ID || h.asset("twins").State != clinical.Filed {
		t.Errorf("another's picture: %+v, %s", c.Holds, h.asset("twins").State)
	}
	if _, err := h.Open(t.Context(), as("clara"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("twins")}); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("another's picture, to be masked, is open: %v", err)
	}
	h.settled()
	list, err := h.Erasures(t.Context(), as("greta"))
	if err != nil || list[0].Done.IsZero() {
		t.Errorf("once settled: %+v, %v", list, err)
	}
	if got := h.tasksOf("stella", clinical.DestroyCopy); len(got) != 1 {
		t.Errorf("stella has %+v", got)
	}
	if got := h.tasksOf("greta", clinical.CorrectionNotice); len(got) != 1 {
		t.Errorf("who has the disc is told by %+v", got)
	}
}

func TestErasedCopiesLeaveTheRecord(t *testing.T) {
	h := newHouse(t, wounds())
	c := h.do("greta", decide(h.request("patient"), clinical.EraseCopies))
	if e := c.Erasures[0]; !e.Done.Equal(e.DecidedAt) {
		t.Errorf("done %s, decided %s", e.Done, e.DecidedAt)
	}
	if len(c.Delta.Assets) != 0 || len(c.Items) != 1 || len(c.Recalls) != 1 {
		t.Errorf("left %+v", c.Delta)
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("still listed: %v", got)
	}
	if _, err := h.Asset(t.Context(), as("clara"), asset("leg")); err != nil {
		t.Errorf("the care record: %v", err)
	}
}

func TestRestrictedPicturesAreForTheNamedTeam(t *testing.T) {
	named := clinicaltest.Hospital().Patients[0]
	named.Rev, named.NamedTeam = 1, []clinical.PersonID{human("carl")}
	h := newHouse(t, wounds(), clinical.Delta{Patients: []clinical.Patient{named}})
	c := h.do("greta", decide(h.request("patient", "leg"), clinical.EraseRestrict))
	for who, want := range map[string]bool{"carl": true, "clara": false, "paula": false} {
		if _, err := h.Asset(t.Context(), as(who), asset("leg")); (err == nil) != want {
			t.Errorf("%s: %v", who, err)
		}
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("still listed: %v", got)
	}
	h.do("greta", decide(h.request("patient", "leg"), clinical.EraseShred)) // a restriction does not keep it
	if a := h.asset("leg"); a.State != clinical.Erased {
		t.Errorf("leg is %s", a.State)
	}
	h.do("greta", clinical.LiftHold{Hold: c.Holds[0].ID, Reason: "gone"})
}

func TestHoldsAndTheScheduleForbidErasure(t *testing.T) {
	h := newHouse(t, wounds())
	hold := h.do("greta", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Patient: patient("adult"), Reason: "claim"}}).Holds[0].ID
	id := h.request("patient")
	for _, o := range []clinical.ErasureOutcome{clinical.EraseShred, clinical.EraseCopies} {
		if got := h.refuses("greta", decide(id, o), clinical.Conflict); got != "on-hold" {
			t.Errorf("%s under a legal hold: %s", o, got)
		}
	}
	h.do("greta", clinical.LiftHold{Hold: hold, Reason: "settled"})
	h.do("greta", decide(id, clinical.EraseShred))

	kept := houseWith(t, schedule(), wounds())
	id = kept.request("patient")
	if got := kept.refuses("greta", decide(id, clinical.EraseShred), clinical.Conflict); got != "retention" {
		t.Errorf("while the schedule keeps: %s", got)
	}
	if a := kept.asset("leg"); a.State != clinical.Filed {
		t.Errorf("leg is %s", a.State)
	}
	kept.do("greta", decide(id, clinical.EraseRestrict))
	kept.do("greta", decide(kept.request("court"), clinical.EraseShred))
	if a := kept.asset("leg"); a.State != clinical.Erased {
		t.Errorf("by order of a court leg is %s", a.State)
	}
}

func TestShreddingSaysWhereNoScheduleKeepsAnything(t *testing.T) {
	h := newHouse(t, wounds())
	cmd := decide(h.request("patient"), clinical.EraseShred)
	before, err := h.Simulate(t.Context(), as("greta"), cmd)
	if err != nil || !strings.HasPrefix(before.Words, "No retention schedule is configured; nothing keeps") {
		t.Errorf("before the decision: %q, %v", before.Words, err)
	}
	if c := h.do("greta", cmd); c.Rule != policy.ShredUnscheduled {
		t.Errorf("the ledger says %q", c.Rule)
	}
	h = houseWith(t, policy.Schedule{Rules: []policy.RetentionRule{{Years: 8}}}, wounds())
	if before, err = h.Simulate(t.Context(), as("greta"), decide(h.request("court"), clinical.EraseShred)); err != nil || strings.Contains(before.Words, "schedule") {
		t.Errorf("where there is one: %q, %v", before.Words, err)
	}
}
