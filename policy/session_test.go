package policy_test

import (
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

func sitting(name string, change func(*clinical.Session)) clinical.ChangeSession {
	for _, s := range clinicaltest.Hospital().Sessions {
		if s.ID == clinicaltest.ID[clinical.Session](name) {
			s.Rev = 1
			change(&s)
			return clinical.ChangeSession{Session: s}
		}
	}
	return clinical.ChangeSession{}
}

func TestASittingTellsConsentAndChaperone(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*clinical.Session)
		want   clinical.Reason
	}{
		"emergency": {func(s *clinical.Session) { s.Consent = clinical.PhotographyEmergency }, ""},
		"not asked": {func(s *clinical.Session) { s.Consent = clinical.PhotographyNotAsked }, ""},
		"unknown":   {func(s *clinical.Session) { s.Consent = "whatever" }, "photography-consent"},
		"accepted": {func(s *clinical.Session) {
			s.Chaperone = clinical.Chaperone{Offered: true, Accepted: true, Name: "N. Urse", Role: "nurse"}
		}, ""},
		"declined":           {func(s *clinical.Session) { s.Chaperone = clinical.Chaperone{Offered: true} }, ""},
		"never offered":      {func(s *clinical.Session) { s.Chaperone = clinical.Chaperone{Accepted: true, Name: "N. Urse"} }, "chaperone"},
		"nobody":             {func(s *clinical.Session) { s.Chaperone = clinical.Chaperone{Offered: true, Accepted: true} }, "chaperone"},
		"declined, and came": {func(s *clinical.Session) { s.Chaperone = clinical.Chaperone{Offered: true, Name: "N. Urse"} }, "chaperone"},
		"handed over":        {func(s *clinical.Session) { s.Photographer = human("piet") }, ""},
		"to a student":       {func(s *clinical.Session) { s.Photographer = human("stella") }, "photographer"},
	} {
		h := newHouse(t, wounds())
		c, err := h.Do(t.Context(), as("paula"), sitting("adult", tt.change))
		if got := clinical.ReasonOf(err); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if err == nil && (c.Sessions[0].Patient != patient("adult") || c.Act != clinical.ActSessionChanged) {
			t.Errorf("%s: changed to %+v", name, c.Sessions[0])
		}
	}
}

func TestASittingIsItsPhotographers(t *testing.T) {
	h := newHouse(t, wounds())
	agreed := sitting("adult", func(s *clinical.Session) { s.Consent = clinical.PhotographyEmergency })
	for who, kind := range map[string]clinical.Kind{"piet": clinical.NotFound, "nina": clinical.NotFound, "clara": clinical.Forbidden, "stella": clinical.Forbidden} {
		h.refuses(who, agreed, kind)
	}
	agreed.Session.Patient, agreed.Session.Job = patient("child"), clinical.JobID{} // not the door's to change
	if c := h.do("paula", agreed); c.Sessions[0].Patient != patient("adult") || c.Sessions[0].Job.IsZero() {
		t.Errorf("changed to %+v", c.Sessions[0])
	}
	h.refuses("paula", agreed, clinical.Conflict)
}

// A sitting without a word on consent to be photographed is on the worklist of
// whoever took the pictures, and keeps nothing from anybody.
func TestASittingWithoutConsentIsListedAndBlocksNothing(t *testing.T) {
	silent := sitting("adult", func(s *clinical.Session) { s.Consent, s.Rev = clinical.PhotographyNotAsked, 1 }).Session
	h := newHouse(t, wounds(), clinical.Delta{Sessions: []clinical.Session{silent}})
	waits := func(login string) int {
		n := 0
		for _, item := range h.work(login, 0) {
			if item.Kind == clinical.WorkPhotography && item.Session == silent.ID {
				n++
			}
		}
		return n
	}
	for login, want := range map[string]int{"paula": 1, "piet": 0, "clara": 0, "greta": 0} {
		if got := waits(login); got != want {
			t.Errorf("%s has %d of it", login, got)
		}
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("the drive shows %v", got)
	}
	silent.Rev, silent.Consent = 3, clinical.PhotographyBestInterest
	h.do("paula", clinical.ChangeSession{Session: silent})
	if got := waits("paula"); got != 0 {
		t.Error("still listed once it is noted")
	}
}
