package policy_test

import (
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// yes is a consent of a patient as a door sends it.
func yes(of string, change func(*clinical.Grant)) clinical.RecordConsent {
	g := teaching("", of)
	g.ID, g.RecordedBy, g.RecordedAt = clinical.GrantID{}, clinical.PersonID{}, time.Time{}
	change(&g)
	return clinical.RecordConsent{Grant: g}
}

func parental(g *clinical.Grant) {
	g.Capacity, g.Giver, g.Relationship = clinical.Parental, "A parent", "mother"
}

// ofAge is a child's record with another birth date.
func ofAge(name string, born clinical.Date) clinical.Delta {
	for _, p := range clinicaltest.Hospital().Patients {
		if p.ID == patient(name) {
			p.Born, p.Rev = born, 1
			return clinical.Delta{Patients: []clinical.Patient{p}}
		}
	}
	return clinical.Delta{}
}

func TestWhatAConsentHasToSay(t *testing.T) {
	study := func(g *clinical.Grant) {
		g.Purposes, g.Study, g.Ethics = []clinical.Purpose{clinical.P3}, "study-7", "2026/114"
		g.Expires = clinical.Date{Year: 2027, Month: 6, Day: 30}
	}
	for name, tt := range map[string]struct {
		of     string
		change func(*clinical.Grant)
		want   clinical.Reason
	}{
		"a study":                        {"adult", study, ""},
		"a study without its name":       {"adult", func(g *clinical.Grant) { study(g); g.Study = " " }, "study"},
		"a study without ethics":         {"adult", func(g *clinical.Grant) { study(g); g.Ethics = "" }, "study"},
		"a study without an end":         {"adult", func(g *clinical.Grant) { study(g); g.Expires = clinical.Date{} }, "study"},
		"a legacy form":                  {"adult", func(g *clinical.Grant) { g.FormVersion = policy.LegacyForm }, "role"},
		"a parent":                       {"child", parental, ""},
		"a parent who is nobody":         {"child", func(g *clinical.Grant) { parental(g); g.Relationship = " " }, "giver"},
		"a review after the birthday":    {"child", func(g *clinical.Grant) { parental(g); g.ReviewAt = clinical.Date{Year: 2031, Month: 6, Day: 2} }, "review"},
		"a review before the birthday":   {"child", func(g *clinical.Grant) { parental(g); g.ReviewAt = clinical.Date{Year: 2028, Month: 1, Day: 1} }, ""},
		"a parent of a young person":     {"coming-of-age", parental, "assent"},
		"a young person who agrees":      {"coming-of-age", func(g *clinical.Grant) { parental(g); g.Assent = clinical.Assented }, ""},
		"a child as an adult":            {"child", func(*clinical.Grant) {}, "child"},
		"a mature minor":                 {"child", func(g *clinical.Grant) { g.Capacity = clinical.MatureMinor }, ""},
		"best interest beyond care":      {"adult", func(g *clinical.Grant) { g.Capacity = clinical.BestInterest }, "best-interest"},
		"a recovery of somebody who can": {"adult", func(g *clinical.Grant) { g.Temporary = true }, "temporary"},
		"a course": {"adult", func(g *clinical.Grant) {
			g.Covers = clinical.Cover{CourseFrom: clinicaltest.Now(), CourseUntil: clinicaltest.Now().AddDate(0, 3, 0)}
		}, ""},
		"no status":    {"adult", func(g *clinical.Grant) { g.Status = "" }, "status"},
		"over at once": {"adult", func(g *clinical.Grant) { g.Status = clinical.GrantEnteredInError }, "status"},
		"offline":      {"adult", func(g *clinical.Grant) { g.Status = clinical.GrantPending }, ""},
	} {
		h := newHouse(t, wounds())
		_, err := h.Do(t.Context(), as("nina"), yes(tt.of, tt.change))
		if got := clinical.ReasonOf(err); got != tt.want {
			t.Errorf("%s: %q, want %q (%v)", name, got, tt.want, err)
		}
	}
}

func TestAChildsConsentIsReviewedAtSixteenUnlessMaturityIsRecorded(t *testing.T) {
	for name, tt := range map[string]struct {
		born   clinical.Date
		change func(*clinical.Grant)
		want   clinical.Date
	}{
		"a parent":        {clinical.Date{Year: 2015, Month: 6, Day: 1}, parental, clinical.Date{Year: 2031, Month: 6, Day: 1}},
		"a leap day":      {clinical.Date{Year: 2012, Month: 2, Day: 29}, parental, clinical.Date{Year: 2028, Month: 2, Day: 29}},
		"a mature minor":  {clinical.Date{Year: 2012, Month: 2, Day: 29}, func(g *clinical.Grant) { g.Capacity = clinical.MatureMinor }, clinical.Date{Year: 2030, Month: 3, Day: 1}},
		"nobody knows":    {clinical.Date{}, parental, clinical.Date{Year: 2027, Month: 11, Day: 23}},
		"over 16 already": {clinical.Date{Year: 2010, Month: 1, Day: 1}, func(g *clinical.Grant) { parental(g); g.Assent = clinical.Assented }, clinical.Date{Year: 2028, Month: 1, Day: 1}},
	} {
		h := newHouse(t, ofAge("child", tt.born))
		if got := h.do("nina", yes("child", tt.change)).Grants[0].ReviewAt; got != tt.want {
			t.Errorf("%s: reviewed on %v, want %v", name, got, tt.want)
		}
	}
}

func TestBothParentsAreAskedWhereTheHospitalAsksBoth(t *testing.T) {
	h := newHouseWith(t, policy.Limits{BothParents: true}, wounds())
	for name, tt := range map[string]struct {
		change func(*clinical.Grant)
		want   clinical.Reason
	}{
		"one":              {parental, "both-parents"},
		"the same twice":   {func(g *clinical.Grant) { parental(g); g.SecondGiver = "a parent " }, "both-parents"},
		"both":             {func(g *clinical.Grant) { parental(g); g.SecondGiver = "The other" }, ""},
		"a court":          {func(g *clinical.Grant) { parental(g); g.Relationship = "Court" }, ""},
		"an authority":     {func(g *clinical.Grant) { parental(g); g.Relationship = "local authority" }, ""},
		"for care, anyone": {func(g *clinical.Grant) { parental(g); g.Purposes = []clinical.Purpose{clinical.P0} }, ""},
	} {
		_, err := h.Do(t.Context(), as("nina"), yes("child", tt.change))
		if got := clinical.ReasonOf(err); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestIncapacityThatPassesIsAskedAboutOnRecovery(t *testing.T) {
	h := newHouse(t)
	c := h.do("nina", yes("adult", func(g *clinical.Grant) {
		g.Capacity, g.Temporary, g.Purposes = clinical.BestInterest, true, []clinical.Purpose{clinical.P0}
		g.Audience, g.Channels = clinical.A0, clinical.ViewOnScreen
	}))
	if len(c.Tasks) != 1 || c.Tasks[0].Kind != clinical.AskOnRecovery || c.Tasks[0].For != human("nina") || c.Tasks[0].Grant != c.Grants[0].ID {
		t.Errorf("raised %+v", c.Tasks)
	}
}

func TestAFamilyIsConsultedBeforeRecognisableUse(t *testing.T) {
	d := wounds()
	d.Assets = append(d.Assets, picture("face", "deceased", clinical.Plain|clinical.Face))
	d.Items = append(d.Items, clinicaltest.Item("wounds", "face", 20))
	d.Renditions = append(d.Renditions, clinicaltest.Slide("face"))
	d.Sets[0].PublishedBy = human("emil")
	h := newHouse(t, d)
	c := h.do("nina", yes("deceased", func(g *clinical.Grant) {
		g.Capacity, g.Giver, g.Relationship, g.Level = clinical.DeceasedCapacity, "A daughter", "daughter", clinical.I0
	}))
	if len(c.Tasks) != 1 || c.Tasks[0].Kind != clinical.FamilyConsult || c.Tasks[0].Role != clinical.Governance {
		t.Fatalf("raised %+v", c.Tasks)
	}
	listed := func() int { return len(h.names("stella", set("wounds"), clinical.Mount)) }
	if got := listed(); got != 1 {
		t.Errorf("before the family answered %d are listed", got)
	}
	h.do("greta", clinical.FinishTask{Task: c.Tasks[0].ID, Answer: clinical.AnswerAgreed, Words: "the daughter, by telephone"})
	if got := listed(); got != 2 {
		t.Errorf("after the family agreed %d are listed", got)
	}
}

func TestADeathRaisesTheTaskOfConsultingTheFamily(t *testing.T) {
	d := wounds()
	d.Grants[0].Level = clinical.I0
	h := newHouse(t, d)
	die := func(name string) clinical.Change {
		page, err := h.Patients(t.Context(), as("greta"), name)
		if err != nil || len(page) != 1 {
			t.Fatalf("%v, %v", page, err)
		}
		page[0].Deceased = true
		return h.do("greta", clinical.ChangePatient{Patient: page[0]})
	}
	if c := die("adult"); len(c.Tasks) != 1 || c.Tasks[0].Kind != clinical.FamilyConsult {
		t.Errorf("raised %+v", c.Tasks)
	}
	if c := die("vip"); len(c.Tasks) != 0 {
		t.Errorf("nothing to ask, and raised %+v", c.Tasks)
	}
}

func TestAConsentRecordedByMistakeIsMarkedByWhoDidItOrGovernance(t *testing.T) {
	h := newHouse(t, wounds())
	id := clinicaltest.ID[clinical.Grant]("teaching") // recorded by paula
	cmd := clinical.MarkInError{Grant: id, Reason: "another patient's form"}
	h.refuses("clara", cmd, clinical.NotFound)
	h.refuses("paula", clinical.MarkInError{Grant: id}, clinical.Invalid)
	c := h.do("paula", cmd)
	if g := c.Grants[0]; g.Status != clinical.GrantEnteredInError || len(c.Recalls) != 1 {
		t.Errorf("marked as %v, with %d recalls", g.Status, len(c.Recalls))
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("listed: %v", got)
	}
	if got := h.refuses("greta", cmd, clinical.Conflict); got != "over" {
		t.Errorf("marked twice: %s", got)
	}
	no := h.do("nina", clinical.RecordConsent{Grant: clinical.Grant{Patient: patient("adult"), Status: clinical.GrantRefused}}).Grants[0]
	if c := h.do("greta", clinical.MarkInError{Grant: no.ID, Reason: "said of the left leg alone"}); len(c.Recalls) != 0 {
		t.Errorf("a refusal recalls %+v", c.Recalls)
	}
}

func TestWhatAnOlderSystemKnewIsRecordedByThoseWhoAdminister(t *testing.T) {
	h := newHouse(t, wounds())
	legacy := yes("adult", func(g *clinical.Grant) { g.FormVersion, g.Covers = policy.LegacyForm, clinical.Cover{All: true} })
	for _, who := range []string{"paula", "clara", "greta", "nina", "stella"} {
		h.refuses(who, legacy, clinical.Forbidden)
	}
	h.do("adam", legacy)
	legacy.Grant.Status = clinical.GrantWithdrawn
	if c, err := h.Do(t.Context(), clinical.Caller{Operator: "root", Door: clinical.DoorCLI}, legacy); err != nil || c.Grants[0].Status != clinical.GrantWithdrawn {
		t.Errorf("the operator: %v", err)
	}
}
