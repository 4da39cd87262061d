package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

func TestSimulatingSaysWhatWouldLeaveAndChangesNothing(t *testing.T) {
	h := newHouse(t, wounds())
	want := clinical.Impact{Sets: []clinical.SetImpact{{Set: set("wounds"), Name: "wounds", Loses: 1}}}
	for name, cmd := range map[string]clinical.Command{
		"withdrawal": clinical.WithdrawConsent{Patient: patient("adult")},
		"refiling":   clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("deceased"), Reason: "labels swapped"},
	} {
		got, err := h.Simulate(t.Context(), as("paula"), cmd)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name == "refiling" {
			want.Pictures = 1
		} else {
			want.Pictures = 0
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", name, diff)
		}
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("after simulating the drive shows %v", got)
	}
}

func TestASimulationNamesNoSetThatTheAskerDoesNotList(t *testing.T) {
	h := newHouse(t, wounds())
	got, err := h.Simulate(t.Context(), as("nina"), clinical.WithdrawConsent{Patient: patient("adult")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(clinical.Impact{Sets: []clinical.SetImpact{{Loses: 1}}}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := h.Simulate(t.Context(), as("stella"), clinical.WithdrawConsent{Patient: patient("adult")}); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("a student simulates a withdrawal: %v", err)
	}
}

func TestAPictureThatCannotBeDrawnSaysWhy(t *testing.T) {
	d := wounds()
	failed := clinicaltest.Slide("leg")
	failed.ID, failed.Kind, failed.Failed, failed.Blob = clinicaltest.ID[clinical.Rendition]("no-thumb"), clinical.Thumbnail, "undecodable", clinical.Blob{}
	d.Renditions = append(d.Renditions, failed)
	h := newHouse(t, d)
	got, err := h.Asset(t.Context(), as("paula"), asset("leg"))
	if err != nil || got.Thumb || got.Failed != "undecodable" {
		t.Errorf("thumb %t, failed %q, %v", got.Thumb, got.Failed, err)
	}
}

func TestThoseWhoMayAddListOpenSetsAndNothingElseOfThem(t *testing.T) {
	h := newHouse(t, wounds())
	for _, login := range []string{"paula", "clara"} {
		sets, err := h.Sets(t.Context(), as(login))
		if err != nil || len(sets) != 1 || sets[0].Roster != nil {
			t.Errorf("%s lists %+v, %v", login, sets, err)
		}
		if _, _, err := h.SetReport(t.Context(), as(login), set("wounds")); clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("%s reads the report: %v", login, err)
		}
	}
}

func TestAListingIsNotedOnceAMinute(t *testing.T) {
	h := newHouse(t, wounds())
	list := func() int {
		for range 3 {
			h.names("stella", set("wounds"), clinical.Mount)
		}
		return len(h.journal.noted(clinical.ActListed))
	}
	if got := list(); got != 1 {
		t.Errorf("three listings at once are noted %d times", got)
	}
	h.pass(time.Minute)
	if got := list(); got != 2 {
		t.Errorf("after a minute more: %d notes", got)
	}
}
