package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

func TestSimulatingSaysWhatWouldLeaveAndChangesNothing(t *testing.T) {
	h := newHouse(t, wounds())
	want := clinical.Impact{
		Sets:    []clinical.SetImpact{{Set: set("wounds"), Name: "wounds", Loses: 1, Cohorts: []clinical.CohortImpact{{People: 1, Loses: 1}}}},
		Removes: 1, Words: "Adds 0, removes 1; 1 is no longer visible to the roster of wounds.",
	}
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
	if diff := cmp.Diff(clinical.Impact{Sets: []clinical.SetImpact{{Loses: 1}}, Removes: 1, Words: "Adds 0, removes 1."}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := h.Simulate(t.Context(), as("stella"), clinical.WithdrawConsent{Patient: patient("adult")}); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("a student simulates a withdrawal: %v", err)
	}
}

// What each kind of act would mean to each group of readers.
func TestSimulatingSaysWhoWouldSeeMoreAndWhoLess(t *testing.T) {
	d := wounds()
	d.Sets[0].Cohorts = []clinical.Cohort{
		{Name: "Year 3", People: []clinical.PersonID{human("emil")}},
		{Name: "Year 4", From: clinical.Date{Year: 2027, Month: 9, Day: 1}, People: []clinical.PersonID{human("emil")}},
	}
	d.Assets = append(d.Assets, picture("arm", "child", clinical.Plain), picture("foot", "deceased", clinical.Plain))
	for i, name := range []string{"arm", "foot"} {
		d.Items = append(d.Items, clinicaltest.Item("wounds", name, 20+i))
		d.Renditions = append(d.Renditions, clinicaltest.Slide(name))
	}
	d.Sets[0].PublishedBy = human("emil")
	h := newHouse(t, d)
	now := func() clinical.TeachingSet {
		sets, err := h.Sets(t.Context(), as("edith"))
		if err != nil {
			t.Fatal(err)
		}
		return sets[0]
	}
	change := func(f func(*clinical.TeachingSet)) clinical.Command {
		s := now()
		s.Cohorts = slices.Clone(s.Cohorts)
		f(&s)
		return clinical.ChangeSet{Set: s}
	}
	given := teaching("", "child")
	given.ID = clinical.GrantID{}
	parental(&given)
	for name, tt := range map[string]struct {
		who  string
		cmd  clinical.Command
		want string
	}{
		"a consent":                           {"nina", clinical.RecordConsent{Grant: given}, "Adds 1, removes 0."},
		"a consent, by one who knows the set": {"paula", clinical.RecordConsent{Grant: given}, "Adds 1, removes 0; 1 becomes visible to the roster of wounds; 1 becomes visible to Year 3 of wounds."},
		"a refusal":                           {"paula", clinical.RecordConsent{Grant: clinical.Grant{Patient: patient("adult"), Status: clinical.GrantRefused}}, "Adds 0, removes 1; 1 is no longer visible to the roster of wounds; 1 is no longer visible to Year 3 of wounds."},
		"nothing at all":                      {"paula", clinical.ChangeSession{Session: sitting("adult", func(*clinical.Session) {}).Session}, "Nothing changes for the readers of any set."},
		"a smaller audience":                  {"edith", change(func(s *clinical.TeachingSet) { s.Audience = clinical.A2 }), "Nothing changes for the readers of any set."},
		"a larger audience":                   {"edith", change(func(s *clinical.TeachingSet) { s.Audience = clinical.A5 }), "Adds 0, removes 1; 1 is no longer visible to the roster of wounds; 1 is no longer visible to Year 3 of wounds."},
		"a cohort's term begins":              {"edith", change(func(s *clinical.TeachingSet) { s.Cohorts[1].From = clinical.Date{} }), "Adds 0, removes 0; 1 becomes visible to Year 4 of wounds."},
		"a cohort leaves":                     {"edith", change(func(s *clinical.TeachingSet) { s.Cohorts = nil }), "Adds 0, removes 0; 1 is no longer visible to Year 3 of wounds."},
		"closing":                             {"edith", clinical.CloseSet{Set: set("wounds")}, "Adds 0, removes 1; 1 is no longer visible to the roster of wounds; 1 is no longer visible to Year 3 of wounds."},
		"a hold":                              {"greta", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Patient: patient("adult"), Reason: "claim"}}, "Adds 0, removes 1; 1 is no longer visible to the roster of wounds; 1 is no longer visible to Year 3 of wounds."},
		"by mistake":                          {"paula", clinical.MarkInError{Grant: clinicaltest.ID[clinical.Grant]("teaching"), Reason: "mixed up"}, "Adds 0, removes 1; 1 is no longer visible to the roster of wounds; 1 is no longer visible to Year 3 of wounds."},
	} {
		got, err := h.Simulate(t.Context(), as(tt.who), tt.cmd)
		if err != nil || got.Words != tt.want {
			t.Errorf("%s: %q, want %q (%v)", name, got.Words, tt.want, err)
		}
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("after all that the drive shows %v", got)
	}
}

func TestSimulatingOtherRules(t *testing.T) {
	d := wounds()
	d.Grants[0].Mode, d.Grants[0].Witness = clinical.Verbal, "Nina"
	h := newHouse(t, d)
	got, err := h.SimulateRules(t.Context(), as("greta"), policy.Limits{}, nil)
	if err != nil || got.Removes != 1 {
		t.Errorf("no verbal teaching: %+v, %v", got, err)
	}
	roles := policy.Roles{{Role: clinical.Student, Purpose: clinical.P2}: 0}
	got, err = h.SimulateRules(t.Context(), as("adam"), policy.Limits{VerbalTeaching: true}, roles)
	if err != nil || got.Removes != 0 || len(got.Sets) != 1 || got.Sets[0].Cohorts != nil && got.Sets[0].Cohorts[0].Loses != 1 {
		t.Errorf("nothing for students: %+v, %v", got, err)
	}
	if got, err = h.SimulateRules(t.Context(), as("greta"), policy.Limits{VerbalTeaching: true}, roles); err != nil {
		t.Fatal(err)
	}
	if c := got.Sets[0].Cohorts; len(c) != 1 || c[0].People != 1 || c[0].Loses != 1 {
		t.Errorf("nothing for students happens to %+v, want the one reader", c)
	}
	roles = policy.Roles{{Role: clinical.Student, Purpose: clinical.P2}: clinical.ViewOnScreen}
	got, err = h.SimulateRules(t.Context(), as("greta"), policy.Limits{VerbalTeaching: true}, roles)
	if want := "Adds 0, removes 0; 1 no longer reaches the roster of wounds by mount."; err != nil || got.Words != want {
		t.Errorf("students without the drive: %q, want %q (%v)", got.Words, want, err)
	}
	if _, err := h.SimulateRules(t.Context(), as("edith"), policy.Limits{}, nil); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("an educator: %v", err)
	}
	bad := policy.Roles{{Role: clinical.Admin, Purpose: clinical.P0}: clinical.ViewOnScreen}
	if _, err := h.SimulateRules(t.Context(), as("greta"), policy.Limits{}, bad); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("beyond the bounds: %v", err)
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
