package policy_test

import (
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// A camera whose clock is ahead makes no adult of a child.
func TestAClockThatIsAheadMakesNobodyGrown(t *testing.T) {
	d := wounds()
	d.Assets = append(d.Assets, picture("groin", "child", clinical.Plain|clinical.Intimate))
	ahead := &d.Assets[1].Capture
	ahead.At = ahead.At.AddDate(20, 0, 0)
	yes := teaching("of the child", "child")
	yes.Level, yes.IntimateBeyondA2 = clinical.I0, true
	d.Grants = append(d.Grants, yes)
	d.Items = append(d.Items, clinicaltest.Item("wounds", "groin", 20))
	d.Renditions = append(d.Renditions, clinicaltest.Slide("groin"))
	d.Sets[0].PublishedBy = human("emil")
	h := newHouse(t, d)
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("listed: %v", got)
	}
	_, report, err := h.SetReport(t.Context(), as("edith"), set("wounds"))
	if err != nil || len(report) != 2 || report[1].Decision.Reason != "child-intimate" {
		t.Errorf("%+v, %v", report, err)
	}
}

// What was said while two records were one may have been said of either: where
// parting would take a protection away, everything is looked at first.
func TestPartingTakesNoProtectionAwayUnseen(t *testing.T) {
	h := newHouse(t, wounds())
	h.pass(time.Hour)
	h.do("greta", merge("adult", "coming-of-age"))
	h.pass(time.Hour)
	root, err := h.Patient(t.Context(), as("greta"), patient("adult"))
	if err != nil {
		t.Fatal(err)
	}
	root.PhotographyRefused = true
	h.do("greta", clinical.ChangePatient{Patient: root})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Fatalf("photography refused, and listed: %v", got)
	}
	h.pass(time.Hour)
	h.do("greta", part("adult"))
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("parted, and listed before anybody looked: %v", got)
	}
}

// A refusal recorded while merged holds for pictures of others in which the
// patient is seen.
func TestPartingFreezesWhereThePatientIsBeside(t *testing.T) {
	d := wounds()
	d.Assets[0].Subjects = []clinical.PatientID{patient("vip")}
	h := newHouse(t, d)
	h.pass(time.Hour)
	h.do("greta", merge("vip", "coming-of-age"))
	h.pass(time.Hour)
	h.do("nina", clinical.RecordConsent{Grant: clinical.Grant{
		Patient: patient("coming-of-age"), Status: clinical.GrantRefused, Purposes: []clinical.Purpose{clinical.P2},
	}})
	h.pass(time.Hour)
	frozen := false
	for _, hold := range h.do("greta", part("vip")).Holds {
		for _, id := range hold.Assets {
			frozen = frozen || id == asset("leg")
		}
	}
	if !frozen {
		t.Error("the picture in which the patient is beside is not frozen")
	}
}
