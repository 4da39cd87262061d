package policy_test

import (
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// What widens is asked of more than what narrows.

func TestConsentIsTakenByThoseWhoMeetPatients(t *testing.T) {
	h := newHouse(t, wounds())
	yes := teaching("", "adult")
	yes.ID = clinical.GrantID{}
	for _, who := range []string{"edith", "adam"} {
		if got := h.refuses(who, clinical.RecordConsent{Grant: yes}, clinical.Forbidden); got != "role" {
			t.Errorf("%s says that the patient agreed: %s", who, got)
		}
		no := clinical.Grant{Patient: patient("adult"), Status: clinical.GrantRefused, Purposes: []clinical.Purpose{clinical.P4}}
		h.do(who, clinical.RecordConsent{Grant: no})
	}
}

func TestAskingAgainTakesNoRefusalAway(t *testing.T) {
	h := newHouse(t, wounds())
	refusal := h.do("nina", clinical.RecordConsent{Grant: clinical.Grant{
		Patient: patient("adult"), Status: clinical.GrantRefused, Purposes: []clinical.Purpose{clinical.P2},
	}}).Grants[0]
	for _, status := range []clinical.GrantStatus{clinical.GrantRequested, clinical.GrantPending, clinical.GrantRefused} {
		again := clinical.Grant{
			Patient: patient("adult"), Status: status, Purposes: []clinical.Purpose{clinical.P4}, Supersedes: refusal.ID,
		}
		if got := h.refuses("nina", clinical.RecordConsent{Grant: again}, clinical.Invalid); got != "supersedes" {
			t.Errorf("%s: %s", status, got)
		}
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("listed after a refusal: %v", got)
	}
}

// secondary is a set of a face that emil published for edith.
func secondary(t *testing.T) *house {
	t.Helper()
	d := wounds()
	d.Grants[0].Level, d.Grants[0].Audience = clinical.I0, clinical.A5
	d.Grants[0].ImagesShown = true
	d.Assets = append(d.Assets, picture("face", "adult", clinical.Plain|clinical.Face), picture("arm", "adult", clinical.Plain))
	d.Items = append(d.Items, clinicaltest.Item("wounds", "face", 20))
	d.Renditions = append(d.Renditions, clinicaltest.Slide("face"), clinicaltest.Slide("arm"))
	d.Sets[0].PublishedBy = human("emil")
	h := newHouse(t, d)
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 2 {
		t.Fatalf("published by two: %v", got)
	}
	return h
}

func TestNothingJoinsWhatASecondPersonPublishedWithoutOne(t *testing.T) {
	h := secondary(t)
	h.pass(time.Minute)
	h.do("edith", clinical.AddToSet{Set: set("wounds"), Assets: []clinical.AssetID{asset("arm")}})
	h.do("paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("arm")}, Sensitivity: clinical.Plain | clinical.Face})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 2 {
		t.Errorf("a face that no second person has seen is listed: %v", got)
	}
	h.pass(time.Minute)
	h.do("edith", clinical.SubmitSet{Set: set("wounds")})
	h.do("emil", clinical.PublishSet{Set: set("wounds")})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 3 {
		t.Errorf("published by two again: %v", got)
	}
}

func TestALargerAudienceNeedsItsSecondPersonAnew(t *testing.T) {
	h := secondary(t)
	sets, err := h.Sets(t.Context(), as("edith"))
	if err != nil {
		t.Fatal(err)
	}
	s := sets[0]
	s.Audience = clinical.A5
	s = h.do("edith", clinical.ChangeSet{Set: s}).Sets[0]
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("shown to A5 on one person's word: %v", got)
	}
	h.pass(time.Minute)
	h.do("edith", clinical.SubmitSet{Set: set("wounds")})
	h.do("emil", clinical.PublishSet{Set: set("wounds")})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 2 {
		t.Errorf("published by two to A5: %v", got)
	}
	s.Rev, s.Audience = 0, clinical.A3
	now, err := h.Sets(t.Context(), as("edith"))
	if err != nil {
		t.Fatal(err)
	}
	s.Rev = now[0].Rev
	h.do("edith", clinical.ChangeSet{Set: s})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 2 {
		t.Errorf("a smaller audience hides nothing: %v", got)
	}
}

func TestLabelsNamePatientsInNoSpelling(t *testing.T) {
	d := wounds()
	lu := clinical.Patient{
		ID: patient("lu"), Family: "de la Núñez-Ibáñez", Given: "Lu",
		Identifiers: []clinical.Identifier{{System: "nhs", Value: "9434765919"}}, MergedInto: patient("adult"),
	}
	d.Patients = []clinical.Patient{lu}
	d.Sets[0].Status = clinical.SetDraft
	d.Items = nil
	h := newHouse(t, d)
	for _, label := range []string{"nunez", "NÚÑEZ leg", "IBANEZ", "nu nez", "lu", "Lu-2", "943 476 5919", "943-476-5919", "no 9434765919"} {
		cmd := clinical.AddToSet{Set: set("wounds"), Assets: []clinical.AssetID{asset("leg")}, Labels: []string{label}}
		if got := h.refuses("edith", cmd, clinical.Invalid); got != "label-patient" {
			t.Errorf("label %q: %s", label, got)
		}
	}
	h.do("edith", clinical.AddToSet{Set: set("wounds"), Assets: []clinical.AssetID{asset("leg")}, Labels: []string{"fluide de la jambe 943"}})
}

func TestRunIsConfirmedAsItWasLookedAt(t *testing.T) {
	d := arrivals()
	d.Runs[0].Frames = 5 // three more are on their way
	h := newHouse(t, d)
	page, err := h.Arrivals(t.Context(), as("piet"))
	if err != nil {
		t.Fatal(err)
	}
	looked := page.Runs[0].Run
	h.do("piet", clinical.DiscardAssets{Assets: []clinical.AssetID{asset("frame 2")}, Reason: "out of focus"})
	if got := h.refuses("piet", clinical.ConfirmRun{Run: looked.ID, Rev: looked.Rev}, clinical.Conflict); got != "changed-meanwhile" {
		t.Errorf("a run that is not as it was looked at: %s", got)
	}
	page, err = h.Arrivals(t.Context(), as("piet"))
	if err != nil {
		t.Fatal(err)
	}
	if c := h.do("piet", clinical.ConfirmRun{Run: looked.ID, Rev: page.Runs[0].Run.Rev}); c.Runs[0].Frames != 1 {
		t.Errorf("filed with %d frames, want the one there is", c.Runs[0].Frames)
	}
}

func TestPictureThatIsFiledByHandBringsNothingAlong(t *testing.T) {
	d := arrivals()
	for i := range d.Assets {
		if d.Assets[i].State == clinical.Quarantined {
			d.Assets[i].Sensitivity, d.Assets[i].NoIdentifyingFeature = clinical.Plain|clinical.Face, true
			d.Assets[i].ClassifiedBy, d.Assets[i].Lesion = human("paula"), clinicaltest.ID[clinical.Lesion]("theirs")
		}
	}
	h := newHouse(t, d)
	h.do("piet", clinical.FileQuarantined{Assets: []clinical.AssetID{asset("lost 1")}, Patient: patient("adult")})
	a := h.asset("lost 1")
	if a.Sensitivity != clinical.Face || a.NoIdentifyingFeature || !a.ClassifiedBy.IsZero() || !a.Lesion.IsZero() {
		t.Errorf("filed as %v, %t, lesion %t", a.Sensitivity.Names(), a.NoIdentifyingFeature, !a.Lesion.IsZero())
	}
}

func TestRefiledPictureForgetsTheNameOfItsFile(t *testing.T) {
	d := wounds()
	d.Assets[0].Name = "HA000001_wrong-patients-name.jpg"
	h := newHouse(t, d)
	h.do("paula", clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("deceased"), Reason: "labels swapped"})
	if a := h.asset("leg"); a.Name != "" {
		t.Errorf("the wrong patient's file name went along")
	}
}

func TestOnlyCareSearchesByWhatNamesAPatient(t *testing.T) {
	h := newHouse(t, wounds())
	use := clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.ViewOnScreen}
	if f, _, err := h.Find(t.Context(), as("stella"), use, clinical.Query{}); err != nil || f.Total != 1 {
		t.Errorf("finds %d, %v", f.Total, err)
	}
	for what, q := range map[string]clinical.Query{
		"text":    {Text: "Invented"},
		"patient": {Patient: patient("adult")},
		"session": {Session: clinicaltest.ID[clinical.Session]("adult")},
		"terms":   {Terms: map[string][]string{"keyword": {"leg"}}},
		"facets":  {Facets: []string{"keyword"}},
	} {
		if _, _, err := h.Find(t.Context(), as("stella"), use, q); clinical.ReasonOf(err) != "search-care" {
			t.Errorf("a student asks by %s: %v", what, err)
		}
	}
}

func TestOnlyWhoTreatsLearnsThatPicturesAreRestricted(t *testing.T) {
	d := wounds()
	d.Assets = append(d.Assets, picture("breast", "adult", clinical.Plain|clinical.Intimate))
	d.Jobs = []clinical.Job{{
		ID: clinicaltest.ID[clinical.Job]("asked"), Number: "J-asked", Patient: patient("adult"), Requester: human("oscar"),
		Due: clinicaltest.Now(), Status: clinical.JobRequested,
	}}
	h := newHouse(t, d)
	page, err := h.PatientPage(t.Context(), as("oscar"), patient("adult"))
	if err != nil || page.Restricted {
		t.Errorf("who only asked for pictures: restricted %t, %v", page.Restricted, err)
	}
}

func TestWorklistNamesNoVIPToOthersThanItsPhotographer(t *testing.T) {
	h := newHouse(t)
	if _, p, err := h.Job(t.Context(), as("paula"), clinicaltest.ID[clinical.Job]("vip")); err != nil || p.ID != patient("vip") {
		t.Errorf("who has the job: %v", err)
	}
	if _, _, err := h.Job(t.Context(), as("piet"), clinicaltest.ID[clinical.Job]("vip")); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("another photographer: %v", err)
	}
	if _, _, err := h.Job(t.Context(), as("piet"), clinicaltest.ID[clinical.Job]("adult")); err != nil {
		t.Errorf("another patient's: %v", err)
	}
}

func TestNobodyNamesThemselvesToAVIPByAJob(t *testing.T) {
	h := newHouse(t)
	job := clinical.Job{Number: "J-mine", Patient: patient("vip"), Photographer: human("piet"), Due: h.now()}
	if got := h.refuses("piet", clinical.AddJobs{Jobs: []clinical.Job{job}}, clinical.Forbidden); got != "vip" {
		t.Errorf("a job of one's own making: %s", got)
	}
	page, err := h.Jobs(t.Context(), as("piet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range page {
		if j.Patient != patient("vip") {
			continue
		}
		for _, to := range []clinical.PersonID{human("piet"), {}} {
			j.Photographer = to
			if got := h.refuses("piet", clinical.ChangeJob{Job: j}, clinical.Forbidden); got != "yourself" {
				t.Errorf("somebody else's job: %s", got)
			}
		}
	}
	job.Photographer = clinical.PersonID{}
	if got := h.refuses("piet", clinical.AddJobs{Jobs: []clinical.Job{job}}, clinical.Forbidden); got != "vip" {
		t.Errorf("a job that one could take next: %s", got)
	}
	other := job
	other.Number, other.Photographer = "J-other", human("paula")
	h.do("piet", clinical.AddJobs{Jobs: []clinical.Job{other}}) // the desk enters everybody's jobs
	made := h.do("clara", clinical.AddJobs{Jobs: []clinical.Job{job}}).Jobs[0]
	made.Photographer = human("piet")
	h.do("piet", clinical.ChangeJob{Job: made}) // nobody has it: somebody has to take it
	if _, _, err := h.Job(t.Context(), as("piet"), made.ID); err != nil {
		t.Errorf("who took it: %v", err)
	}
}
