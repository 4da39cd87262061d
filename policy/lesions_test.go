package policy_test

import (
	"slices"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

func lesion(label string) clinical.OpenLesion {
	return clinical.OpenLesion{Lesion: clinical.Lesion{Patient: patient("adult"), Label: label, Site: "lower leg", Laterality: clinical.Left}}
}

func TestAConsentReachesTheLesionThatItNames(t *testing.T) {
	d := wounds()
	d.Assets = append(d.Assets, clinicaltest.Picture("later", "adult"))
	d.Assets[1].Session = clinical.SessionID{}
	d.Grants = nil
	d.Items = append(d.Items, clinicaltest.Item("wounds", "later", 13))
	d.Renditions = append(d.Renditions, clinicaltest.Slide("later"))
	h := newHouse(t, d)
	ulcer := h.do("paula", lesion("ulcer, medial")).Lesions[0]
	if ulcer.Rev == 0 || !ulcer.Opened.Equal(h.now()) {
		t.Errorf("opened as %+v", ulcer)
	}
	for _, name := range []string{"leg", "later"} {
		h.do("paula", clinical.DescribeAsset{Asset: asset(name), Rev: h.asset(name).Rev, Lesion: &ulcer.ID})
	}
	g := teaching("", "adult")
	g.ID, g.Covers = clinical.GrantID{}, clinical.Cover{Lesion: ulcer.ID}
	h.do("nina", clinical.RecordConsent{Grant: g})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 2 {
		t.Errorf("listed: %v", got)
	}
	h.do("paula", clinical.DescribeAsset{Asset: asset("later"), Rev: h.asset("later").Rev, Lesion: new(clinical.LesionID)})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("no longer of the lesion, and listed: %v", got)
	}
}

func TestLesionsAreOpenedClosedAndListed(t *testing.T) {
	h := newHouse(t, wounds())
	h.do("paula", lesion("naevus"))
	h.pass(time.Hour)
	ulcer := h.do("clara", lesion(" ulcer, medial ")).Lesions[0]
	for _, who := range []string{"greta", "adam", "edith", "stella"} {
		h.refuses(who, lesion("scar"), clinical.Forbidden)
	}
	h.refuses("oscar", lesion("scar"), clinical.NotFound)
	for name, l := range map[string]clinical.Lesion{
		"no label": {Patient: patient("adult")}, "side": {Patient: patient("adult"), Label: "x", Laterality: "Q"},
		"future": {Patient: patient("adult"), Label: "x", Opened: h.now().AddDate(0, 0, 1)},
		"dates":  {Patient: patient("adult"), Label: "x", Closed: h.now().AddDate(0, 0, -1)},
	} {
		if got := h.refuses("clara", clinical.OpenLesion{Lesion: l}, clinical.Invalid); got == "" {
			t.Errorf("%s: no reason", name)
		}
	}
	stale := ulcer
	stale.Rev--
	h.refuses("clara", clinical.ChangeLesion{Lesion: stale}, clinical.Conflict)
	ulcer.Closed, ulcer.Patient = h.now(), patient("child") // it stays the same patient's
	if got := h.do("clara", clinical.ChangeLesion{Lesion: ulcer}).Lesions[0]; got.Patient != patient("adult") || got.Label != "ulcer, medial" {
		t.Errorf("closed as %+v", got)
	}
	h.refuses("oscar", clinical.ChangeLesion{Lesion: ulcer}, clinical.NotFound)
	page, err := h.PatientPage(t.Context(), as("clara"), patient("adult"))
	if err != nil || len(page.Lesions) != 2 || page.Lesions[0].Label != "naevus" || page.Lesions[1].Closed.IsZero() {
		t.Errorf("listed as %+v, %v", page.Lesions, err)
	}
	if _, err := h.Lesions(t.Context(), as("oscar"), patient("adult")); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("to somebody who does not treat: %v", err)
	}
	h.do("greta", merge("adult", "coming-of-age"))
	if list, err := h.Lesions(t.Context(), as("clara"), patient("coming-of-age")); err != nil || len(list) != 2 {
		t.Errorf("merged: %+v, %v", list, err)
	}
}

// Whoever is recognised beside the patient consents too.
func TestNamingWhoElseIsSeenNarrows(t *testing.T) {
	h := newHouse(t, wounds())
	name := func(names ...string) clinical.NameSubjects {
		cmd := clinical.NameSubjects{Assets: []clinical.AssetID{asset("leg")}}
		for _, n := range names {
			cmd.Subjects = append(cmd.Subjects, patient(n))
		}
		return cmd
	}
	for _, who := range []string{"nina", "adam", "edith"} {
		h.refuses(who, name("child"), clinical.Forbidden)
	}
	h.refuses("oscar", name("child"), clinical.NotFound)
	h.refuses("paula", name("nobody"), clinical.NotFound)
	h.refuses("paula", name(), clinical.Invalid)
	h.refuses("paula", name("adult"), clinical.Invalid)
	c := h.do("paula", name("child", "child"))
	if got := h.asset("leg").Subjects; !slices.Equal(got, []clinical.PatientID{patient("child")}) || c.Patient != patient("adult") {
		t.Errorf("named %v", got)
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("without the child's consent: %v", got)
	}
	away := clinical.NameSubjects{Assets: []clinical.AssetID{asset("leg")}, Away: []clinical.PatientID{patient("child")}}
	if got := h.refuses("paula", away, clinical.Forbidden); got != "governance" {
		t.Errorf("taking away: %s", got)
	}
	if got := h.refuses("greta", away, clinical.Invalid); got != "no-reason" {
		t.Errorf("without a reason: %s", got)
	}
	away.Reason = "it is a doll"
	h.do("greta", away)
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("nobody else is seen: %v", got)
	}
	h.do("greta", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Assets: away.Assets, Reason: "claim"}})
	h.refuses("clara", name("child"), clinical.Conflict)
}

// Governance reads who is named without seeing the picture; nobody else does.
func TestGovernanceReadsWhoIsNamedInAPicture(t *testing.T) {
	h := newHouse(t, wounds())
	ulcer := h.do("paula", lesion("ulcer")).Lesions[0]
	h.do("paula", clinical.DescribeAsset{Asset: asset("leg"), Rev: h.asset("leg").Rev, Lesion: &ulcer.ID})
	h.do("paula", clinical.NameSubjects{Assets: []clinical.AssetID{asset("leg")}, Subjects: []clinical.PatientID{patient("child")}})
	named, shows, err := h.Named(t.Context(), as("greta"), asset("leg"))
	if err != nil || !slices.Equal(named, []clinical.PatientID{patient("adult"), patient("child")}) || shows.ID != ulcer.ID {
		t.Errorf("named %v, showing %q, %v", named, shows.Label, err)
	}
	for _, who := range []string{"paula", "clara", "nina", "edith", "stella", "adam"} {
		if named, _, err := h.Named(t.Context(), as(who), asset("leg")); clinical.KindOf(err) != clinical.NotFound || named != nil {
			t.Errorf("%s reads %v, %v", who, named, err)
		}
	}
	if _, _, err := h.Named(t.Context(), as("greta"), asset("of nobody")); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("a picture that is not there: %v", err)
	}
}
