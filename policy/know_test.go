package policy_test

import (
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// The page of a patient says that restricted pictures exist, without a number,
// to a clinician who treats the patient and whom a ticket would let see them.
func TestAPageSaysWhatABrokenGlassWouldOpenAndNothingElse(t *testing.T) {
	leg, breast, bruise := picture("leg", "adult", clinical.Plain), picture("breast", "adult", clinical.Plain|clinical.Intimate), picture("bruise", "adult", clinical.Plain|clinical.Safeguarding)
	waits := picture("waits", "adult", clinical.Plain|clinical.Intimate)
	waits.State = clinical.Provisional
	form := picture("form", "adult", clinical.Plain)
	form.Form = true
	dispute := clinical.Hold{ID: clinicaltest.ID[clinical.Hold]("dispute"), Kind: clinical.IdentityDispute, Patient: patient("adult"), Assets: []clinical.AssetID{breast.ID}}
	for name, tt := range map[string]struct {
		who   string
		quiet bool
		shown []clinical.Asset
		holds []clinical.Hold
		want  bool
	}{
		"of the specialty":                 {"carl", false, []clinical.Asset{leg, breast}, nil, true},
		"of the team":                      {"clara", false, []clinical.Asset{leg, breast}, nil, false},
		"nothing is restricted":            {"carl", false, []clinical.Asset{leg}, nil, false},
		"a safeguarding picture":           {"carl", false, []clinical.Asset{leg, bruise}, nil, true},
		"a safeguarding picture, quietly":  {"carl", true, []clinical.Asset{leg, bruise}, nil, false},
		"intimate, with quiet about other": {"carl", true, []clinical.Asset{breast, bruise}, nil, true},
		"in dispute: no ticket opens it":   {"carl", false, []clinical.Asset{leg, breast}, []clinical.Hold{dispute}, false},
		"not filed yet":                    {"carl", false, []clinical.Asset{leg, waits}, nil, false},
		"the scan of a form":               {"carl", false, []clinical.Asset{leg, form}, nil, false},
		"governance":                       {"greta", false, []clinical.Asset{leg, breast}, nil, false},
		"a photographer":                   {"piet", false, []clinical.Asset{leg, breast}, nil, false},
	} {
		h := newHouseWith(t, policy.Limits{QuietSafeguarding: tt.quiet}, clinical.Delta{Assets: tt.shown, Holds: tt.holds})
		page, err := h.PatientPage(t.Context(), as(tt.who), patient("adult"))
		if err != nil || page.Restricted != tt.want {
			t.Errorf("%s: restricted %t, %v", name, page.Restricted, err)
		}
	}
}

// A ticket opens the page and its pictures, and closes them again.
func TestATicketOpensThePageOfAPatientWhomOneDoesNotTreat(t *testing.T) {
	d := wounds()
	d.Glasses = []clinical.BreakGlass{{
		ID: clinicaltest.ID[clinical.BreakGlass]("ticket"), Person: human("oscar"), Patient: patient("adult"),
		At: clinicaltest.Now(), Until: clinicaltest.Now().Add(time.Hour),
	}}
	h := newHouse(t, d)
	page, err := h.PatientPage(t.Context(), as("oscar"), patient("adult"))
	if err != nil || len(page.Sessions) != 1 || len(page.Sessions[0].Shown) != 1 {
		t.Fatalf("%+v, %v", page.Sessions, err)
	}
	if _, err := h.PatientPage(t.Context(), as("oscar"), patient("child")); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("another patient's page: %v", err)
	}
	served, err := h.Open(t.Context(), as("oscar"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg")})
	if err != nil || !served.LogBeforeBytes || !served.NoStore {
		t.Fatalf("%+v, %v", served, err)
	}
	defer served.Close()
	if seen := h.journal.noted(clinical.ActViewed); len(seen) == 0 || seen[len(seen)-1].Rule != policy.ThroughGlass {
		t.Errorf("noted %+v", seen)
	}
	if f, _, err := h.Find(t.Context(), as("oscar"), clinical.Care(), clinical.Query{Patient: patient("adult")}); err != nil || f.Total != 0 {
		t.Errorf("a search finds %d, %v", f.Total, err)
	}
	h.pass(time.Hour)
	if _, err := h.PatientPage(t.Context(), as("oscar"), patient("adult")); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("after the hour: %v", err)
	}
	if n, err := served.Read(make([]byte, 10)); n != 0 || clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("after the hour the stream gives %d, %v", n, err)
	}
}
