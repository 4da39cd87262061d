package policy_test

import (
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

func bruise(state clinical.AssetState) clinical.Asset {
	a := picture("bruise", "adult", clinical.Plain|clinical.Safeguarding)
	a.State, a.ClassifiedBy = state, human("paula")
	a.Caption, a.Keywords = "left arm", []string{"bruise"}
	return a
}

func TestSafeguardingPicturesAreAddedToAndNeverChanged(t *testing.T) {
	h := newHouse(t, clinical.Delta{Assets: []clinical.Asset{bruise(clinical.Filed)}})
	describe := func(change func(*clinical.DescribeAsset)) clinical.DescribeAsset {
		cmd := clinical.DescribeAsset{Asset: asset("bruise"), Rev: h.asset("bruise").Rev}
		change(&cmd)
		return cmd
	}
	other, fewer := "right arm", []string{"arm"}
	for what, change := range map[string]func(*clinical.DescribeAsset){
		"another caption":  func(c *clinical.DescribeAsset) { c.Caption = &other },
		"a keyword less":   func(c *clinical.DescribeAsset) { c.Keywords = &fewer },
		"no caption":       func(c *clinical.DescribeAsset) { c.Caption = new(string) },
		"no keywords left": func(c *clinical.DescribeAsset) { c.Keywords = new([]string) },
	} {
		if got := h.refuses("paula", describe(change), clinical.Conflict); got != "safeguarding" {
			t.Errorf("%s: %s", what, got)
		}
	}
	longer, more := "left arm, seen again on Tuesday", []string{"bruise", "arm"}
	h.do("paula", describe(func(c *clinical.DescribeAsset) { c.Caption, c.Keywords = &longer, &more }))
	h.do("paula", describe(func(c *clinical.DescribeAsset) { c.View = &clinical.View{Code: "ARM"} }))
	if got := h.refuses("paula", describe(func(c *clinical.DescribeAsset) { c.View = &clinical.View{Code: "LEG"} }), clinical.Conflict); got != "safeguarding" {
		t.Errorf("another view: %s", got)
	}
}

func TestASecondPersonTakesTheSafeguardingFlagAway(t *testing.T) {
	d := clinical.Delta{Assets: []clinical.Asset{bruise(clinical.Filed)}}
	d.Jobs = []clinical.Job{{ID: clinicaltest.ID[clinical.Job]("adult"), Number: "J-adult", Patient: patient("adult"), Status: clinical.JobTaken, Due: clinicaltest.Now(), Rev: 1}}
	h := newHouse(t, d)
	plain := clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("bruise")}, Sensitivity: clinical.Plain, Reason: "a birthmark"}
	if got := h.refuses("paula", plain, clinical.Forbidden); got != "second-person" {
		t.Errorf("who set it: %s", got)
	}
	again := plain
	again.Sensitivity |= clinical.Safeguarding | clinical.Face
	h.do("paula", again) // adding is anybody's
	plain.Reason = ""
	h.refuses("piet", plain, clinical.Invalid)
	plain.Reason = "a birthmark, as the team confirms"
	h.do("piet", plain)
}

func TestSafeguardingPicturesAreNotDestroyedBeforeFiling(t *testing.T) {
	d := arrivals()
	for i := range d.Assets {
		d.Assets[i].Sensitivity |= clinical.Safeguarding
	}
	h := newHouse(t, d)
	for what, cmd := range map[string]clinical.Command{
		"a frame of a run":    clinical.DiscardAssets{Assets: []clinical.AssetID{asset("frame 2")}, Reason: "out of focus"},
		"one from quarantine": clinical.RejectQuarantined{Assets: []clinical.AssetID{asset("lost 1")}, Reason: "nobody's"},
	} {
		if got := h.refuses("piet", cmd, clinical.Conflict); got != "safeguarding" {
			t.Errorf("%s: %s", what, got)
		}
	}
}

func TestGovernanceMovesSafeguardingPictures(t *testing.T) {
	h := newHouse(t, clinical.Delta{Assets: []clinical.Asset{bruise(clinical.Filed)}})
	move := clinical.RefileAssets{Assets: []clinical.AssetID{asset("bruise")}, To: patient("child"), Reason: "labels swapped"}
	if got := h.refuses("paula", move, clinical.Forbidden); got != "safeguarding" {
		t.Errorf("a photographer: %s", got)
	}
	h.do("greta", move)
	if a := h.asset("bruise"); a.Patient != patient("child") || !a.Sensitivity.Has(clinical.Safeguarding) {
		t.Errorf("moved as %v", a.Sensitivity.Names())
	}
}

func TestHeldPicturesAreNeitherFiledNorDestroyed(t *testing.T) {
	d := arrivals()
	for _, a := range d.Assets {
		d.Holds = append(d.Holds, clinical.Hold{ID: clinicaltest.ID[clinical.Hold](a.Name), Kind: clinical.LegalHold, Assets: []clinical.AssetID{a.ID}})
	}
	h := newHouse(t, d)
	page, err := h.Arrivals(t.Context(), as("piet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []clinical.Command{
		clinical.ConfirmRun{Run: page.Runs[0].Run.ID},
		clinical.DiscardAssets{Assets: []clinical.AssetID{asset("frame 2")}, Reason: "out of focus"},
		clinical.RejectQuarantined{Assets: []clinical.AssetID{asset("lost 1")}, Reason: "nobody's"},
		clinical.FileQuarantined{Assets: []clinical.AssetID{asset("lost 1")}, Patient: patient("adult")},
	} {
		if got := h.refuses("piet", cmd, clinical.Conflict); got != "on-hold" {
			t.Errorf("%T: %s", cmd, got)
		}
	}
}

// A picture that goes back and forth between two patients finds no consent
// waiting for it.
func TestARefiledPictureInheritsNoConsent(t *testing.T) {
	d := wounds()
	yes := teaching("theirs", "deceased")
	d.Grants = append(d.Grants, yes)
	h := newHouse(t, d)
	h.do("paula", clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("deceased"), Reason: "labels swapped"})
	h.do("paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("leg")}, Sensitivity: clinical.Plain, NoIdentifyingFeature: true})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("still in the set: %v", got)
	}
	h.do("clara", clinical.AddToSet{Set: set("wounds"), Assets: []clinical.AssetID{asset("leg")}})
	h.pass(time.Minute)
	h.do("edith", clinical.PublishSet{Set: set("wounds")})
	_, items, err := h.SetReport(t.Context(), as("edith"), set("wounds"))
	if err != nil || len(items) != 1 || items[0].Decision.Reason != "not-covered" {
		t.Errorf("reported %+v, %v", items, err)
	}
}
