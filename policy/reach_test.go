package policy_test

import (
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

func year(name string, from, until clinical.Date, people ...string) clinical.Cohort {
	c := clinical.Cohort{Name: name, From: from, Until: until}
	for _, p := range people {
		c.People = append(c.People, human(p))
	}
	return c
}

func TestCohortsAreCheckedWhereTheyAreMade(t *testing.T) {
	h := newHouse(t, wounds())
	for name, tt := range map[string]struct {
		cohorts []clinical.Cohort
		want    clinical.Reason
	}{
		"one":             {[]clinical.Cohort{year("Year 3", day(2026, 9, 1), day(2027, 6, 30), "stella", "stella")}, ""},
		"without a name":  {[]clinical.Cohort{year(" ", clinical.Date{}, clinical.Date{}, "stella")}, "cohort"},
		"twice one name":  {[]clinical.Cohort{year("Year 3", clinical.Date{}, clinical.Date{}), year("year 3", clinical.Date{}, clinical.Date{})}, "cohort"},
		"ends before":     {[]clinical.Cohort{year("Year 3", day(2027, 9, 1), day(2027, 6, 30), "stella")}, "dates"},
		"not to teach":    {[]clinical.Cohort{year("Year 3", clinical.Date{}, clinical.Date{}, "adam")}, "roster"},
		"nobody we know":  {[]clinical.Cohort{year("Year 3", clinical.Date{}, clinical.Date{}, "nobody")}, "roster"},
		"empty as yet":    {[]clinical.Cohort{year("Year 3", clinical.Date{}, clinical.Date{})}, ""},
		"nobody any more": {nil, ""},
	} {
		sets, err := h.Sets(t.Context(), as("edith"))
		if err != nil {
			t.Fatal(err)
		}
		s := sets[0]
		s.Cohorts = tt.cohorts
		c, err := h.Do(t.Context(), as("edith"), clinical.ChangeSet{Set: s})
		if got := clinical.ReasonOf(err); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if name == "one" && len(c.Sets[0].Cohorts[0].People) != 1 {
			t.Errorf("named twice: %+v", c.Sets[0].Cohorts)
		}
	}
}

// Cohorts that do not meet are not added up, and a roster that is too large
// warns and locks nobody out.
func TestALargeRosterWarnsWhereItIsMade(t *testing.T) {
	h := newHouseWith(t, policy.Limits{SmallGroup: 2}, wounds())
	make := func(title string, cohorts ...clinical.Cohort) string {
		s := clinical.TeachingSet{Title: title, Audience: clinical.A2, Cohorts: cohorts}
		return h.do("edith", clinical.CreateSet{Set: s}).Rule
	}
	spring, autumn := day(2027, 1, 1), day(2027, 9, 1)
	if got := make("in turn", year("spring", spring, day(2027, 6, 30), "stella", "emil"), year("autumn", autumn, clinical.Date{}, "clara", "paula")); got != "" {
		t.Errorf("two at a time: %s", got)
	}
	if got := make("together", year("spring", spring, clinical.Date{}, "stella", "emil"), year("autumn", autumn, clinical.Date{}, "clara", "paula")); got != policy.RosterOverAudience {
		t.Errorf("four from autumn on: %q", got)
	}
}

func TestACohortIsReadByItsSetsOwnerAlone(t *testing.T) {
	d := wounds()
	d.Sets[0].Cohorts = []clinical.Cohort{year("Year 3", clinical.Date{}, day(2026, 11, 23), "stella")}
	d.Sets[0].Roster = nil
	h := newHouse(t, d)
	for login, want := range map[string]int{"edith": 1, "stella": 0, "greta": 1, "paula": 0} {
		sets, err := h.Sets(t.Context(), as(login))
		if err != nil || len(sets) != 1 || len(sets[0].Cohorts) != want {
			t.Errorf("%s lists %+v, %v", login, sets, err)
		}
	}
	f, err := h.Folder(t.Context(), as("stella"), set("wounds"), clinical.Mount)
	if err != nil || len(f.Entries) != 1 || f.Set.Cohorts != nil {
		t.Errorf("%+v, %v", f.Set, err)
	}
	h.pass(14 * time.Hour) // midnight
	if sets, err := h.Sets(t.Context(), as("stella")); err != nil || len(sets) != 0 {
		t.Errorf("after the term: %v, %v", sets, err)
	}
	if _, err := h.Folder(t.Context(), as("stella"), set("wounds"), clinical.Mount); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("after the term: %v", err)
	}
	if _, err := h.Folder(t.Context(), as("edith"), set("wounds"), clinical.Mount); err != nil {
		t.Errorf("the owner after the term: %v", err)
	}
}

// Two readers of one role read one listing, unless one of the accounts is
// shared.
func TestASharedAccountMountsNothingThatIdentifies(t *testing.T) {
	d := wounds()
	d.Grants[0].Level = clinical.I0
	d.Assets = append(d.Assets, picture("face", "adult", clinical.Plain|clinical.Face))
	d.Items = append(d.Items, clinicaltest.Item("wounds", "face", 20))
	d.Renditions = append(d.Renditions, clinicaltest.Slide("face"))
	d.Sets[0].PublishedBy = human("emil")
	hall := clinical.Person{ID: human("hall"), Login: "hall", Name: "Lecture hall", Role: clinical.Student, Shared: true}
	d.People = []clinical.Person{hall}
	d.Sets[0].Roster = append(d.Sets[0].Roster, hall.ID)
	h := newHouse(t, d)
	for range 2 {
		if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 2 {
			t.Errorf("stella mounts %v", got)
		}
		if got := h.names("hall", set("wounds"), clinical.Mount); len(got) != 1 {
			t.Errorf("the hall mounts %v", got)
		}
	}
	if got := h.names("hall", set("wounds"), clinical.ViewOnScreen); len(got) != 2 {
		t.Errorf("on the hall's screen: %v", got)
	}
	if _, err := h.OpenInSet(t.Context(), as("hall"), set("wounds"), asset("face")); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("opened: %v", err)
	}
}
