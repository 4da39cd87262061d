package policy_test

import (
	"errors"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// A second person publishes what was submitted and what they looked at, and
// nothing that came in between.
func TestASecondPersonPublishesWhatTheyLookedAt(t *testing.T) {
	h := secondary(t)
	h.pass(time.Minute)
	h.do("edith", clinical.SubmitSet{Set: set("wounds")})
	looked := uint64(len(h.journal.entries))
	h.pass(time.Minute)
	h.do("clara", clinical.AddToSet{Set: set("wounds"), Assets: []clinical.AssetID{asset("arm")}})
	h.pass(time.Minute)
	if got := h.refuses("emil", clinical.PublishSet{Set: set("wounds")}, clinical.Conflict); got != "set-changed" {
		t.Errorf("with what joined after it was submitted: %s", got)
	}
	h.do("edith", clinical.SubmitSet{Set: set("wounds")})
	if got := h.refuses("emil", clinical.PublishSet{Set: set("wounds"), Rev: looked}, clinical.Conflict); got != "changed-meanwhile" {
		t.Errorf("another than he looked at: %s", got)
	}
	h.do("emil", clinical.PublishSet{Set: set("wounds"), Rev: uint64(len(h.journal.entries))})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 3 {
		t.Errorf("published: %v", got)
	}
}

func TestAWaitingSetIsSubmittedAnewForALargerAudience(t *testing.T) {
	h := secondary(t)
	h.pass(time.Minute)
	s := h.do("edith", clinical.SubmitSet{Set: set("wounds")}).Sets[0]
	s.Audience = clinical.A5
	h.do("edith", clinical.ChangeSet{Set: s})
	h.refuses("emil", clinical.PublishSet{Set: set("wounds")}, clinical.NotFound)
}

// That a picture is in a set is said to those alone who see the picture.
func TestASetTellsNobodyWhatItHolds(t *testing.T) {
	h := newHouse(t, wounds())
	for _, name := range []string{"leg", "nowhere"} {
		if got := h.refuses("oscar", clinical.AddToSet{Set: set("wounds"), Assets: []clinical.AssetID{asset(name)}}, clinical.NotFound); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// When and where a picture was taken is not to be found out by searching
// beyond care.
func TestNobodySearchesBeyondCareByDayOrStudio(t *testing.T) {
	h := newHouse(t, wounds())
	var day, room clinical.Query
	day.Taken.From, room.Studio = clinicaltest.Now(), clinicaltest.StudioA
	use := clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.ViewOnScreen}
	for _, q := range []clinical.Query{day, room} {
		if _, _, err := h.Find(t.Context(), as("stella"), use, q); clinical.ReasonOf(err) != "search-care" {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// Trying names on a picture of somebody one does not treat is in the ledger.
func TestTryingNamesIsNoted(t *testing.T) {
	d := wounds()
	d.Items = nil
	h := newHouse(t, d)
	h.refuses("edith", clinical.AddToSet{Set: set("wounds"), Assets: []clinical.AssetID{asset("leg")}, Labels: []string{"Invented"}}, clinical.Invalid)
	if got := h.journal.noted(clinical.ActDenied); len(got) != 1 || got[0].Rule != "label-patient" {
		t.Errorf("noted %+v", got)
	}
}

// A hold on a patient of whom there is no picture keeps the record all the
// same.
func TestAHoldKeepsARecordWithoutPictures(t *testing.T) {
	h := newHouse(t)
	id := h.request("court")
	h.do("adam", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Patient: patient("adult"), Reason: "claim"}})
	for _, o := range []clinical.ErasureOutcome{clinical.EraseShred, clinical.EraseCopies} {
		if got := h.refuses("greta", decide(id, o), clinical.Conflict); got != "on-hold" {
			t.Errorf("%s: %s", o, got)
		}
	}
}

// A hold that is placed while an erasure is on its way is there before it or
// after it: nobody is told that a hold holds, and then the pictures go.
func TestNoHoldIsPlacedBesideAnErasure(t *testing.T) {
	h := newHouse(t, wounds())
	id := h.request("court")
	placed := make(chan error, 1)
	began := make(chan struct{})
	h.journal.before = func(c clinical.Change) {
		if c.Act != clinical.ActErasureDecided {
			return
		}
		go func() {
			close(began)
			_, err := h.Do(t.Context(), as("adam"), clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Patient: patient("adult"), Reason: "claim"}})
			placed <- err
		}()
		<-began
		select { // as far as it gets beside the erasure
		case err := <-placed:
			placed <- err
		case <-time.After(50 * time.Millisecond):
		}
	}
	_, erased := h.Do(t.Context(), as("greta"), decide(id, clinical.EraseShred))
	if err := <-placed; err != nil {
		t.Fatal(err)
	}
	hold, erasure := -1, -1
	for i, c := range h.journal.entries {
		if c.Act == clinical.ActHoldPlaced {
			hold = i
		}
		if c.Act == clinical.ActErasureDecided {
			erasure = i
		}
	}
	if erased == nil && hold < erasure {
		t.Error("destroyed under a hold that was placed first")
	}
}

// What governance decided to keep is kept, whether or not a line of the
// schedule applies.
func TestAReviewKeepsWithoutALine(t *testing.T) {
	h := newHouse(t, wounds())
	h.do("greta", clinical.KeepUntil{Patient: patient("adult"), Until: clinical.Date{Year: 2040, Month: 1, Day: 1}, Reason: "rare"})
	if got := h.refuses("greta", decide(h.request("patient"), clinical.EraseShred), clinical.Conflict); got != "retention" {
		t.Errorf("shredded against a review: %s", got)
	}
}

// Nothing is filed, recorded or merged under a record that was erased.
func TestNothingJoinsAnErasedRecord(t *testing.T) {
	gone := clinicaltest.Hospital().Patients[1]
	gone.Rev, gone.Erased = 1, clinicaltest.Now().Add(-time.Hour)
	h := newHouse(t, wounds(), clinical.Delta{Patients: []clinical.Patient{gone}})
	for name, cmd := range map[string]clinical.Command{
		"refile":  clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: gone.ID, Reason: "x"},
		"merge":   clinical.MergePatients{From: patient("adult"), Into: gone.ID, Reason: "x"},
		"merged":  clinical.MergePatients{From: gone.ID, Into: patient("adult"), Reason: "x"},
		"consent": clinical.RecordConsent{Grant: clinical.Grant{Patient: gone.ID, Status: clinical.GrantRefused}},
	} {
		if _, err := h.Do(t.Context(), as("greta"), cmd); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	e := clinical.OpenEncounter{Encounter: clinical.Encounter{Patient: gone.ID, Specialty: "surgery"}}
	if _, err := h.Do(t.Context(), as("adam"), e); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("encounter: %v", err)
	}
}
