package policy_test

import (
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// What a record says, and what it names, has a size.
func TestRecordsHaveASize(t *testing.T) {
	h := newHouse(t, wounds())
	long := strings.Repeat("x", 4001)
	crowd := make([]clinical.PersonID, 6000)
	for i := range crowd {
		crowd[i] = clinical.PersonID{15: byte(i), 14: byte(i >> 8)}
	}
	pictures := make([]clinical.AssetID, 2001)
	giver := teaching("", "adult")
	giver.ID, giver.Giver = clinical.GrantID{}, long
	covers := teaching("", "adult")
	covers.ID, covers.Covers = clinical.GrantID{}, clinical.Cover{Assets: pictures}
	no := clinical.Grant{Patient: patient("adult"), Status: clinical.GrantRefused, Purposes: make([]clinical.Purpose, 100)}
	team := clinicaltest.Hospital().Patients[0]
	team.Rev, team.NamedTeam = 1, crowd
	for name, tt := range map[string]struct {
		who string
		cmd clinical.Command
	}{
		"withdrawal": {"nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: long}},
		"class":      {"paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("leg")}, Sensitivity: clinical.Plain, Reason: long}},
		"refile":     {"paula", clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("child"), Reason: long}},
		"giver":      {"nina", clinical.RecordConsent{Grant: giver}},
		"covers":     {"nina", clinical.RecordConsent{Grant: covers}},
		"purposes":   {"nina", clinical.RecordConsent{Grant: no}},
		"hold":       {"greta", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Patient: patient("adult"), Reason: long}}},
		"held":       {"greta", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Assets: pictures, Reason: "x"}}},
		"roster":     {"edith", clinical.CreateSet{Set: clinical.TeachingSet{Name: "crowd", Audience: clinical.A3, Roster: crowd}}},
		"cohort":     {"edith", clinical.CreateSet{Set: clinical.TeachingSet{Name: "crowd", Audience: clinical.A3, Cohorts: []clinical.Cohort{{Name: "all", People: crowd}}}}},
		"team":       {"greta", clinical.ChangePatient{Patient: team}},
		"encounter":  {"adam", clinical.OpenEncounter{Encounter: clinical.Encounter{Patient: patient("adult"), Team: crowd}}},
		"ward":       {"clara", clinical.AddJobs{Jobs: []clinical.Job{{Number: "W-1", Patient: patient("adult"), Ward: long}}}},
	} {
		if got := h.refuses(tt.who, tt.cmd, clinical.Invalid); got != "words" && got != "too-many" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// What is read is what is recorded: nothing unseen turns the writing around.
func TestNoWritingIsTurnedAround(t *testing.T) {
	h := newHouse(t, wounds())
	const site = "left leg\u202egel tfel"
	giver := teaching("", "adult")
	giver.ID, giver.Giver = clinical.GrantID{}, "\u2067Ada\u2069"
	caption := "ulcer \u202dmedial"
	for name, tt := range map[string]struct {
		who string
		cmd clinical.Command
	}{
		"site":    {"clara", clinical.OpenLesion{Lesion: clinical.Lesion{Patient: patient("adult"), Label: "ulcer", Site: site}}},
		"label":   {"clara", clinical.OpenLesion{Lesion: clinical.Lesion{Patient: patient("adult"), Label: site}}},
		"giver":   {"nina", clinical.RecordConsent{Grant: giver}},
		"reason":  {"nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: site}},
		"patient": {"paula", clinical.AddPatient{Patient: clinical.Patient{Family: "Invented", Given: site}}},
		"caption": {"paula", clinical.DescribeAsset{Asset: asset("leg"), Caption: &caption}},
		"keyword": {"paula", clinical.DescribeAsset{Asset: asset("leg"), Keywords: &[]string{"leg", site}}},
		"item":    {"paula", clinical.AddToSet{Set: set("wounds"), Assets: []clinical.AssetID{asset("leg")}, Labels: []string{site}}},
	} {
		if got := h.refuses(tt.who, tt.cmd, clinical.Invalid); got != "direction" {
			t.Errorf("%s: %s", name, got)
		}
	}
	h.do("clara", clinical.OpenLesion{Lesion: clinical.Lesion{Patient: patient("adult"), Label: "\u0642\u0631\u062d\u0629 12\u200f mm", Site: "leg"}})
}
