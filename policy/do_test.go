package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// arrivals is a provisional run of the adult's, and two quarantined pictures.
func arrivals() clinical.Delta {
	run := clinical.Run{
		ID: clinicaltest.ID[clinical.Run]("run"), Studio: clinicaltest.StudioA, Camera: "123", Patient: patient("adult"),
		Job: clinicaltest.ID[clinical.Job]("adult"), Session: clinicaltest.ID[clinical.Session]("adult"), Frames: 2, State: clinical.RunProvisional,
	}
	d := clinical.Delta{Runs: []clinical.Run{run}}
	for _, name := range []string{"frame 1", "frame 2", "label"} {
		a := clinicaltest.Picture(name, "adult")
		a.State, a.Run, a.FiledAt, a.Sensitivity, a.NoIdentifyingFeature = clinical.Provisional, run.ID, time.Time{}, 0, false
		a.IDShot = name == "label"
		d.Assets = append(d.Assets, a)
	}
	for _, name := range []string{"lost 1", "lost 2"} {
		a := clinicaltest.Picture(name, "adult")
		a.State, a.Reason, a.Patient, a.Session, a.Job = clinical.Quarantined, "no-label", clinical.PatientID{}, clinical.SessionID{}, clinical.JobID{}
		a.Encounter, a.FiledAt, a.Sensitivity, a.NoIdentifyingFeature = clinical.EncounterID{}, time.Time{}, 0, false
		d.Assets = append(d.Assets, a)
	}
	return d
}

func (h *house) asset(name string) clinical.Asset {
	h.t.Helper()
	a, err := h.journal.Asset(h.t.Context(), asset(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func TestConfirmedRunIsFiledAndItsJobToo(t *testing.T) {
	h := newHouse(t, arrivals())
	page, err := h.Arrivals(t.Context(), as("piet"))
	if err != nil || len(page.Runs) != 1 || len(page.Runs[0].Shown) != 3 || len(page.Quarantine) != 2 {
		t.Fatalf("arrivals %+v, %v", page, err)
	}
	if got := h.refuses("clara", clinical.ConfirmRun{Run: clinicaltest.ID[clinical.Run]("run")}, clinical.Forbidden); got != "role" {
		t.Errorf("a clinician: %s", got)
	}
	h.do("piet", clinical.DiscardAssets{Assets: []clinical.AssetID{asset("frame 2")}, Reason: "out of focus"})
	c := h.do("piet", clinical.ConfirmRun{Run: clinicaltest.ID[clinical.Run]("run")})
	if c.Runs[0].State != clinical.RunFiled || c.Runs[0].Frames != 1 || c.Jobs[0].Status != clinical.JobFiled || len(c.Delta.Assets) != 2 {
		t.Errorf("left behind %+v", c.Delta)
	}
	if a := h.asset("frame 1"); a.State != clinical.Filed || !a.FiledAt.Equal(h.now()) {
		t.Errorf("frame 1 is %s, filed %v", a.State, a.FiledAt)
	}
	if got := h.refuses("paula", clinical.DiscardAssets{Assets: []clinical.AssetID{asset("frame 1")}, Reason: "late"}, clinical.Conflict); got != "filed" {
		t.Errorf("discarding after filing: %s", got)
	}
	if got := h.refuses("piet", clinical.ConfirmRun{Run: clinicaltest.ID[clinical.Run]("run")}, clinical.Conflict); got != "run-settled" {
		t.Errorf("confirming twice: %s", got)
	}
}

func TestQuarantinedPicturesAreFiledByHand(t *testing.T) {
	h := newHouse(t, arrivals())
	lost := []clinical.AssetID{asset("lost 1"), asset("lost 2")}
	if got := h.refuses("piet", clinical.FileQuarantined{Assets: lost, Patient: patient("adult"), Job: clinicaltest.ID[clinical.Job]("child")}, clinical.Invalid); got != "job-patient" {
		t.Errorf("another patient's job: %s", got)
	}
	if got := h.refuses("piet", clinical.FileQuarantined{Assets: lost, Patient: patient("refuses-photography")}, clinical.Invalid); got != "photography-refused" {
		t.Errorf("photography refused: %s", got)
	}
	c := h.do("piet", clinical.FileQuarantined{Assets: lost[:1], Patient: patient("adult")})
	if len(c.Sessions) != 1 || c.Sessions[0].Patient != patient("adult") || !c.Sessions[0].Began.Equal(h.asset("lost 1").Capture.At) {
		t.Errorf("sessions %+v", c.Sessions)
	}
	if a := h.asset("lost 1"); a.Patient != patient("adult") || a.State != clinical.Filed || a.Reason != "" || a.Session != c.Sessions[0].ID {
		t.Errorf("filed as %+v", a)
	}
	if got := h.refuses("piet", clinical.RejectQuarantined{Assets: lost[1:]}, clinical.Invalid); got != "no-reason" {
		t.Errorf("without a reason: %s", got)
	}
	h.do("piet", clinical.RejectQuarantined{Assets: lost[1:], Reason: "a wall"})
	if a := h.asset("lost 2"); a.State != clinical.Discarded {
		t.Errorf("rejected is %s", a.State)
	}
}

func TestClassifyingAndReviewing(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Assets: []clinical.Asset{picture("new", "adult", 0), picture("bruise", "adult", clinical.Plain|clinical.Safeguarding)}})
	session := clinicaltest.ID[clinical.Session]("adult")
	if got := h.refuses("paula", clinical.ClassifyAssets{Session: session, Sensitivity: clinical.Plain}, clinical.Invalid); got != "no-reason" {
		t.Errorf("taking a flag away without a reason: %s", got)
	}
	if got := h.refuses("paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("new")}, Sensitivity: clinical.Plain | clinical.Face, NoIdentifyingFeature: true}, clinical.Invalid); got != "identifying" {
		t.Errorf("a face without identifying feature: %s", got)
	}
	if got := h.refuses("paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("new")}, Sensitivity: clinical.Face}, clinical.Invalid); got != "sensitivity" {
		t.Errorf("flags that are not known: %s", got)
	}
	h.refuses("clara", clinical.ClassifyAssets{Session: session, Sensitivity: clinical.Plain}, clinical.Forbidden)
	h.refuses("piet", clinical.ClassifyAssets{Session: session, Sensitivity: clinical.Plain}, clinical.NotFound)
	h.do("paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("new")}, Sensitivity: clinical.Plain, NoIdentifyingFeature: true})
	review := clinical.ReviewAssets{Assets: []clinical.AssetID{asset("new")}}
	if got := h.refuses("paula", review, clinical.Forbidden); got != "second-person" {
		t.Errorf("reviewing one's own: %s", got)
	}
	h.do("clara", review)
	if a := h.asset("new"); a.ReviewedBy != human("clara") || a.ClassifiedBy != human("paula") || a.Identifiability() != clinical.I1 {
		t.Errorf("reviewed as %+v", a)
	}
}

func TestDescribingMindsTheRev(t *testing.T) {
	h := newHouse(t, wounds())
	caption, words := " Ulcer, medial ", []string{"ulcer", " leg ", "ulcer"}
	cmd := clinical.DescribeAsset{Asset: asset("leg"), Rev: h.asset("leg").Rev, Caption: &caption, Keywords: &words}
	h.do("paula", cmd)
	if a := h.asset("leg"); a.Caption != "Ulcer, medial" || !slices.Equal(a.Keywords, []string{"leg", "ulcer"}) {
		t.Errorf("described as %q %q", a.Caption, a.Keywords)
	}
	if got := h.refuses("paula", cmd, clinical.Conflict); got != "changed-meanwhile" {
		t.Errorf("stale: %s", got)
	}
	h.refuses("piet", clinical.DescribeAsset{Asset: asset("leg"), Rev: h.asset("leg").Rev, Caption: &caption}, clinical.NotFound)
}

func TestRefilingTakesAPictureOffEveryDoorAtOnce(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Grants: []clinical.Grant{func() clinical.Grant {
		g := teaching("theirs", "deceased") // would cover anything of theirs
		g.Covers = clinical.Cover{All: true}
		return g
	}()}})
	served, err := h.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg"))
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	if got := h.refuses("paula", clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("deceased")}, clinical.Invalid); got != "no-reason" {
		t.Errorf("without a reason: %s", got)
	}
	c := h.do("paula", clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("deceased"), Reason: "labels swapped"})
	select {
	case <-served.Gone:
	default:
		t.Error("the stream goes on")
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("still listed: %v", got)
	}
	a := h.asset("leg")
	if a.Patient != patient("deceased") || a.Sensitivity.Has(clinical.Known) || !a.Job.IsZero() || a.Session != c.Sessions[0].ID || !c.Items[0].Removed {
		t.Errorf("refiled as %+v with %+v", a, c.Delta)
	}
	if _, err := h.Asset(t.Context(), as("clara"), asset("leg")); err != nil {
		t.Errorf("the right patient's team: %v", err)
	}
}

func TestHoldsKeepPicturesAsTheyAre(t *testing.T) {
	h := newHouse(t, wounds())
	h.refuses("paula", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Patient: patient("adult"), Reason: "claim"}}, clinical.Forbidden)
	c := h.do("greta", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Patient: patient("adult"), Reason: "claim"}})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("released under a legal hold: %v", got)
	}
	caption := "changed"
	for _, cmd := range []clinical.Command{
		clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("child"), Reason: "wrong"},
		clinical.DescribeAsset{Asset: asset("leg"), Rev: h.asset("leg").Rev, Caption: &caption},
		clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("leg")}, Sensitivity: clinical.Plain},
	} {
		if got := h.refuses("paula", cmd, clinical.Conflict); got != "on-hold" {
			t.Errorf("%T: %s", cmd, got)
		}
	}
	h.do("greta", clinical.LiftHold{Hold: c.Holds[0].ID, Reason: "settled"})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("after lifting: %v", got)
	}
}

func TestConsentIsRecordedByItsRules(t *testing.T) {
	h := newHouse(t, wounds())
	for name, tt := range map[string]struct {
		change func(*clinical.Grant)
		want   clinical.Reason
	}{
		"no purpose":            {func(g *clinical.Grant) { g.Purposes = nil }, "purpose"},
		"no audience":           {func(g *clinical.Grant) { g.Audience = 0 }, "audience"},
		"no channel":            {func(g *clinical.Grant) { g.Channels = 0 }, "channel"},
		"a hall unseen":         {func(g *clinical.Grant) { g.Audience = clinical.A4 }, "images-not-shown"},
		"publication unnamed":   {func(g *clinical.Grant) { g.Purposes, g.ImagesShown = []clinical.Purpose{clinical.P4}, true }, "named-use"},
		"the public":            {func(g *clinical.Grant) { g.Audience, g.ImagesShown = clinical.A6, true }, "audience"},
		"evidence":              {func(g *clinical.Grant) { g.Purposes = []clinical.Purpose{clinical.P6} }, "authority"},
		"another patient, wide": {func(g *clinical.Grant) { g.Purposes = []clinical.Purpose{clinical.P2b} }, "patient-to-patient"},
		"a course without end":  {func(g *clinical.Grant) { g.Covers = clinical.Cover{CourseFrom: h.now()} }, "course"},
		"everything":            {func(g *clinical.Grant) { g.Covers = clinical.Cover{All: true} }, "cover-all"},
		"somebody else's":       {func(g *clinical.Grant) { g.Covers.Session = clinicaltest.ID[clinical.Session]("child") }, "cover"},
		"verbal, no witness":    {func(g *clinical.Grant) { g.Mode = clinical.Verbal }, "witness"},
		"verbal for publication": {func(g *clinical.Grant) {
			g.Mode, g.Witness, g.Purposes, g.NamedUse, g.ImagesShown = clinical.Verbal, "Nina", []clinical.Purpose{clinical.P4}, "x", true
		}, "mode"},
		"implied":              {func(g *clinical.Grant) { g.Mode = clinical.Implied }, "mode"},
		"over already":         {func(g *clinical.Grant) { g.Expires = clinical.Date{Year: 2026, Month: 11, Day: 22} }, "expired"},
		"no capacity":          {func(g *clinical.Grant) { g.Capacity = "" }, "capacity"},
		"a parent of an adult": {func(g *clinical.Grant) { g.Capacity = clinical.Parental }, "adult"},
		"best interest":        {func(g *clinical.Grant) { g.Capacity = clinical.BestInterest }, "best-interest"},
		"of the living":        {func(g *clinical.Grant) { g.Capacity = clinical.DeceasedCapacity }, "deceased"},
		"research without end": {func(g *clinical.Grant) { g.Purposes = []clinical.Purpose{clinical.P3} }, "study"},
		"withdrawn":            {func(g *clinical.Grant) { g.Status = clinical.GrantWithdrawn }, "status"},
	} {
		g := teaching("", "adult")
		g.ID = clinical.GrantID{}
		tt.change(&g)
		if got := h.refuses("paula", clinical.RecordConsent{Grant: g}, clinical.Invalid); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	g := teaching("", "adult")
	g.ID, g.Covers, g.Level = clinical.GrantID{}, clinical.Cover{}, 0
	h.refuses("stella", clinical.RecordConsent{Grant: g}, clinical.Forbidden)
	got := h.do("nina", clinical.RecordConsent{Grant: g}).Grants[0]
	if got.Covers.Session != clinicaltest.ID[clinical.Session]("adult") || got.Level != clinical.I1 || got.RecordedBy != human("nina") {
		t.Errorf("recorded %+v", got)
	}
	child := teaching("", "child")
	child.ID, child.Capacity, child.Giver, child.Relationship = clinical.GrantID{}, clinical.Parental, "A parent", "mother"
	if got := h.do("nina", clinical.RecordConsent{Grant: child}).Grants[0]; got.ReviewAt != (clinical.Date{Year: 2031, Month: 6, Day: 1}) {
		t.Errorf("a child's consent is reviewed on %v, not on the 16th birthday", got.ReviewAt)
	}
}

func TestRefusalStandsUntilItIsSuperseded(t *testing.T) {
	d, another := wounds(), clinicaltest.ID[clinical.Session]("another")
	d.Sessions = append(d.Sessions, clinical.Session{ID: another, Patient: patient("adult"), Studio: clinicaltest.StudioA})
	h := newHouse(t, d)
	no := clinical.Grant{Patient: patient("adult"), Status: clinical.GrantRefused, Purposes: []clinical.Purpose{clinical.P2}}
	refusal := h.do("edith", clinical.RecordConsent{Grant: no}).Grants[0]
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("listed after a refusal: %v", got)
	}
	yes := teaching("", "adult")
	yes.ID = clinical.GrantID{}
	if got := h.refuses("paula", clinical.RecordConsent{Grant: yes}, clinical.Conflict); got != "refused" {
		t.Errorf("asked again: %s", got)
	}
	other := yes
	other.Covers = clinical.Cover{Session: another}
	if got := h.refuses("paula", clinical.RecordConsent{Grant: other}, clinical.Conflict); got != "refused" {
		t.Errorf("asked again for other pictures: %s", got)
	}
	yes.Supersedes = refusal.ID
	h.do("paula", clinical.RecordConsent{Grant: yes})
	no.Covers = other.Covers
	h.do("edith", clinical.RecordConsent{Grant: no})
	yes.Supersedes = clinical.GrantID{}
	h.do("paula", clinical.RecordConsent{Grant: yes}) // a refusal of one sitting says nothing of another
	if got := h.refuses("paula", clinical.RecordConsent{Grant: other}, clinical.Conflict); got != "refused" {
		t.Errorf("asked again for the pictures refused: %s", got)
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("listed after the patient changed their mind: %v", got)
	}
}

func TestWithdrawingWhatDoesNotStand(t *testing.T) {
	h := newHouse(t, wounds())
	if got := h.refuses("nina", clinical.WithdrawConsent{Patient: patient("child")}, clinical.Conflict); got != "nothing-to-withdraw" {
		t.Errorf("nothing given: %s", got)
	}
	h.refuses("nina", clinical.WithdrawConsent{Patient: patient("child"), Grant: clinicaltest.ID[clinical.Grant]("teaching")}, clinical.NotFound)
	h.refuses("stella", clinical.WithdrawConsent{Patient: patient("adult")}, clinical.Forbidden)
	c := h.do("edith", clinical.WithdrawConsent{Grant: clinicaltest.ID[clinical.Grant]("teaching")})
	if g := c.Grants[0]; g.Status != clinical.GrantWithdrawn || g.WithdrawnBy != human("edith") || c.Patient != patient("adult") {
		t.Errorf("withdrawn as %+v", g)
	}
}

func TestSetFromDraftToDrive(t *testing.T) {
	d := wounds()
	d.Sets, d.Items = nil, nil
	d.Assets = append(d.Assets, picture("face", "adult", clinical.Plain|clinical.Face), func() clinical.Asset {
		a := picture("label", "adult", clinical.Plain)
		a.IDShot = true
		return a
	}())
	d.Renditions = append(d.Renditions, clinicaltest.Slide("face"))
	d.Grants[0].Level = clinical.I0
	h := newHouse(t, d)
	h.refuses("stella", clinical.CreateSet{Set: clinical.TeachingSet{Title: "Mine", Audience: clinical.A3}}, clinical.Forbidden)
	made := h.do("edith", clinical.CreateSet{Set: clinical.TeachingSet{Title: "Leg ulcers: year 3", Audience: clinical.A3, Roster: []clinical.PersonID{human("stella"), human("stella")}}}).Sets[0]
	if made.Name != "Leg ulcers- year 3" || made.Owner != human("edith") || len(made.Roster) != 1 {
		t.Errorf("made %+v", made)
	}
	if got := h.refuses("emil", clinical.CreateSet{Set: clinical.TeachingSet{Title: "LEG ULCERS- YEAR 3", Audience: clinical.A3}}, clinical.Conflict); got != "set-name-taken" {
		t.Errorf("the same name: %s", got)
	}
	add := func(label string, names ...string) clinical.AddToSet {
		cmd := clinical.AddToSet{Set: made.ID}
		for _, n := range names {
			cmd.Assets = append(cmd.Assets, asset(n))
			cmd.Labels = append(cmd.Labels, label)
		}
		return cmd
	}
	for label, want := range map[string]clinical.Reason{
		"a/b": "label", "CON": "label", "ends.": "label", "Invented's leg": "label-patient", "éé": "label",
		"sixty bytes are the most that a label may have, and this has 61": "label",
	} {
		if label == "éé" {
			label = "e\u0301" // not NFC
		}
		if got := h.refuses("edith", add(label, "leg"), clinical.Invalid); got != want {
			t.Errorf("label %q: %s", label, got)
		}
	}
	if got := h.refuses("paula", add("x", "label"), clinical.Invalid); got != "id-shot" {
		t.Errorf("an ID shot: %s", got)
	}
	h.refuses("edith", add("x", "nowhere"), clinical.NotFound)
	h.refuses("emil", add("x", "leg"), clinical.NotFound)
	first := h.do("edith", add("ulcer", "leg"))
	if got := h.refuses("edith", add("ulcer", "leg"), clinical.Conflict); got != "in-set" {
		t.Errorf("twice: %s", got)
	}
	h.do("edith", clinical.PublishSet{Set: made.ID}) // nothing in it needs a second person
	if got := h.names("stella", made.ID, clinical.Mount); len(got) != 1 {
		t.Errorf("listed %v", got)
	}
	h.pass(time.Minute)
	second := h.do("paula", add("face", "face"))
	if a, b := first.Items[0].Number, second.Items[0].Number; b-a < 2 {
		t.Errorf("numbers %d and %d", a, b)
	}
	if got := h.names("stella", made.ID, clinical.Mount); len(got) != 1 {
		t.Errorf("a face that nobody published is listed: %v", got)
	}
	if got := h.refuses("edith", clinical.PublishSet{Set: made.ID}, clinical.Forbidden); got != "second-person" {
		t.Errorf("publishing a face alone: %s", got)
	}
	h.refuses("emil", clinical.PublishSet{Set: made.ID}, clinical.NotFound) // nobody asked him
	h.pass(time.Minute)
	h.do("edith", clinical.SubmitSet{Set: made.ID})
	if _, report, err := h.SetReport(t.Context(), as("emil"), made.ID); err != nil || report[1].Decision.Reason != "not-yet-published" {
		t.Errorf("the second person reads %+v, %v", report, err)
	}
	h.do("emil", clinical.PublishSet{Set: made.ID})
	if got := h.names("stella", made.ID, clinical.Mount); len(got) != 2 {
		t.Errorf("published by two: %v", got)
	}
	h.do("edith", clinical.RemoveFromSet{Set: made.ID, Items: []clinical.ItemID{first.Items[0].ID}})
	if got := h.names("stella", made.ID, clinical.Mount); len(got) != 1 {
		t.Errorf("after removing: %v", got)
	}
	h.do("edith", clinical.CloseSet{Set: made.ID})
	if _, err := h.Folder(t.Context(), as("stella"), made.ID, clinical.Mount); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("closed: %v", err)
	}
	if f, err := h.Folder(t.Context(), as("edith"), made.ID, clinical.ViewOnScreen); err != nil || len(f.Entries) != 1 {
		t.Errorf("its owner's page: %d, %v", len(f.Entries), err)
	}
}

func TestLargeRosterWarns(t *testing.T) {
	h := newHouse(t)
	s := clinical.TeachingSet{Title: "One", Audience: clinical.A1, Roster: []clinical.PersonID{human("stella"), human("emil")}}
	if c := h.do("edith", clinical.CreateSet{Set: s}); c.Rule != policy.RosterOverAudience {
		t.Errorf("rule %q", c.Rule)
	}
}

func TestRecordsOfPeopleAndPatients(t *testing.T) {
	h := newHouse(t)
	operator := clinical.Caller{Operator: "root", Door: clinical.DoorCLI}
	c, err := h.Do(t.Context(), operator, clinical.AddPerson{Person: clinical.Person{Login: " Zoe ", Name: "Zoe", Role: clinical.Admin}})
	if err != nil || c.People[0].Login != "zoe" {
		t.Fatalf("operator adds %+v, %v", c.People, err)
	}
	all, err := h.People(t.Context(), operator)
	if err != nil || len(all) != 12 || slices.ContainsFunc(all, func(p clinical.Person) bool { return p.Name != "" || p.Login == "" }) {
		t.Errorf("the operator reads %+v, %v", all, err)
	}
	if got := h.refuses("adam", clinical.AddPerson{Person: clinical.Person{Login: "ZOE", Name: "Z", Role: clinical.Nurse}}, clinical.Conflict); got != "login-taken" {
		t.Errorf("taken login: %s", got)
	}
	h.refuses("clara", clinical.AddPerson{Person: clinical.Person{Login: "x", Name: "X", Role: clinical.Nurse}}, clinical.Forbidden)
	adam, _ := h.Person("adam")
	adam.Disabled = true
	if got := h.refuses("adam", clinical.ChangePerson{Person: adam}, clinical.Invalid); got != "yourself" {
		t.Errorf("disabling oneself: %s", got)
	}
	number := clinical.Identifier{System: "hospital", Value: "h 77-1"}
	p := h.do("nina", clinical.AddPatient{Patient: clinical.Patient{Family: "Neu", Identifiers: []clinical.Identifier{number}}}).Patients[0]
	if got := h.refuses("nina", clinical.AddPatient{Patient: clinical.Patient{Family: "Neu", Identifiers: []clinical.Identifier{{System: "hospital", Value: "H771"}}}}, clinical.Conflict); got != "number-taken" {
		t.Errorf("taken number: %s", got)
	}
	found, err := h.PatientByNumber(t.Context(), as("oscar"), number)
	if diff := cmp.Diff(clinical.Patient{ID: p.ID, Identifiers: []clinical.Identifier{{System: "hospital", Value: "H771"}}}, found); err != nil || diff != "" {
		t.Errorf("who does not treat the patient learns more than the ID: %v\n%s", err, diff)
	}
	if _, err := h.PatientByNumber(t.Context(), as("oscar"), clinical.Identifier{System: "hospital", Value: "none"}); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("a number that nobody has: %v", err)
	}
	asked := h.journal.noted(clinical.ActSearched)
	if len(asked) != 2 || asked[0].Patient != p.ID || asked[0].Count != 1 || !asked[1].Patient.IsZero() || asked[1].Caller.Person != human("oscar") {
		t.Errorf("asking by number is in the ledger as %+v", asked)
	}
	if got := h.refuses("clara", clinical.OpenEncounter{Encounter: clinical.Encounter{Patient: p.ID, Team: []clinical.PersonID{human("clara")}}}, clinical.Forbidden); got != "yourself" {
		t.Errorf("joining a team by oneself: %s", got)
	}
	h.do("nina", clinical.OpenEncounter{Encounter: clinical.Encounter{Patient: p.ID, Team: []clinical.PersonID{human("oscar")}}})
	if page, err := h.PatientPage(t.Context(), as("oscar"), p.ID); err != nil || page.Patient.Family != "Neu" {
		t.Errorf("the team's page: %v", err)
	}
	if _, err := h.PatientPage(t.Context(), as("carl"), p.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("somebody else's page: %v", err)
	}
	job := h.do("clara", clinical.AddJobs{Jobs: []clinical.Job{{Number: "N-1", Patient: p.ID, Due: h.now()}}}).Jobs[0]
	job.Status = clinical.JobArrived
	h.do("paula", clinical.ChangeJob{Job: job})
	if got := h.refuses("paula", clinical.ChangeJob{Job: job}, clinical.Conflict); got != "changed-meanwhile" {
		t.Errorf("stale job: %s", got)
	}
	if jobs, err := h.Jobs(t.Context(), as("clara")); err != nil || !slices.ContainsFunc(jobs, func(j clinical.Job) bool { return j.ID == job.ID }) {
		t.Errorf("the requester's jobs: %v, %v", jobs, err)
	}
}

// Somebody else's commit comes between: the act is tried on what is there now.
func TestActsWithoutRevAreTriedAgain(t *testing.T) {
	h := newHouse(t, wounds())
	moved := false
	h.journal.before = func(clinical.Change) {
		if moved {
			return
		}
		moved = true
		h.journal.before = nil
		g := teaching("teaching", "adult")
		g.Rev = h.journal.rev[g.ID]
		g.CopyGiven = true
		h.write(clinical.Delta{Grants: []clinical.Grant{g}})
	}
	c := h.do("nina", clinical.WithdrawConsent{Patient: patient("adult")})
	if !moved || !c.Grants[0].CopyGiven {
		t.Errorf("withdrew what was there before: %+v", c.Grants[0])
	}
}

func TestPaperLevels(t *testing.T) {
	for level, want := range map[int]string{
		1: "[P0] A0 view", 2: "[P0 P2] A3 view,mount", 3: "[P0 P2] A3 view,mount; [P4] A5 view,download,print",
	} {
		all, err := policy.PaperLevel(level, " The Journal ")
		var got []string
		for _, g := range all {
			got = append(got, fmt.Sprint(g.Purposes, " ", g.Audience, " ", g.Channels))
			if g.Level != clinical.I1 || g.ImagesShown || (g.NamedUse == "The Journal") != g.HasPurpose(clinical.P4) {
				t.Errorf("level %d: %+v", level, g)
			}
		}
		if err != nil || strings.Join(got, "; ") != want {
			t.Errorf("level %d: %v, %v", level, got, err)
		}
	}
	if _, err := policy.PaperLevel(3, ""); clinical.ReasonOf(err) != "named-use" {
		t.Errorf("publication without a name: %v", err)
	}
	if _, err := policy.PaperLevel(4, ""); clinical.ReasonOf(err) != "paper-level" {
		t.Errorf("level 4: %v", err)
	}
}
