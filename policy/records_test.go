package policy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

func TestChangingASetMindsItsRevAndItsAudience(t *testing.T) {
	h := newHouse(t, wounds())
	sets, err := h.Sets(t.Context(), as("edith"))
	if err != nil {
		t.Fatal(err)
	}
	s := sets[0]
	for want, change := range map[clinical.Reason]func(*clinical.TeachingSet){
		"set-title":    func(s *clinical.TeachingSet) { s.Title = "" },
		"set-audience": func(s *clinical.TeachingSet) { s.Audience = clinical.A0 },
		"dates": func(s *clinical.TeachingSet) {
			s.From, s.Until = clinical.Date{Year: 2027, Month: 1, Day: 2}, clinical.Date{Year: 2027, Month: 1, Day: 1}
		},
		"roster": func(s *clinical.TeachingSet) { s.Roster = []clinical.PersonID{human("adam")} },
	} {
		bad := s
		change(&bad)
		if got := h.refuses("edith", clinical.ChangeSet{Set: bad}, clinical.Invalid); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	wide := s
	wide.Audience, wide.Owner, wide.Status = clinical.A5, human("stella"), clinical.SetClosed
	got := h.do("edith", clinical.ChangeSet{Set: wide}).Sets[0]
	if got.Owner != human("edith") || got.Status != clinical.SetPublished || got.Audience != clinical.A5 {
		t.Errorf("changed to %+v", got)
	}
	if listed := h.names("stella", set("wounds"), clinical.Mount); len(listed) != 0 {
		t.Errorf("shown to more than the patient allowed: %v", listed)
	}
	h.refuses("edith", clinical.ChangeSet{Set: s}, clinical.Conflict)
	h.refuses("emil", clinical.ChangeSet{Set: got}, clinical.NotFound)
}

func TestAPersonWhoIsDisabledLosesWhatTheyRead(t *testing.T) {
	h := newHouse(t, wounds())
	served, err := h.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg"))
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	stella, ok := h.PersonByID(human("stella"))
	if !ok {
		t.Fatal("no stella")
	}
	bad := stella
	bad.Studios = []clinical.StudioID{"No Studio"}
	h.refuses("adam", clinical.ChangePerson{Person: bad}, clinical.Invalid)
	stella.Disabled = true
	h.do("adam", clinical.ChangePerson{Person: stella})
	select {
	case <-served.Gone:
	default:
		t.Error("the stream goes on")
	}
	if _, err := h.Do(t.Context(), as("stella"), clinical.CloseSet{Set: set("wounds")}); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("acts: %v", err)
	}
}

func TestThumbnailsAndWholePicturesRead(t *testing.T) {
	d := wounds()
	thumb := clinicaltest.Slide("leg")
	thumb.ID, thumb.Kind = clinicaltest.ID[clinical.Rendition]("thumb"), clinical.Thumbnail
	h := newHouse(t, d)
	open := func() (*clinical.Served, error) {
		return h.Open(t.Context(), as("clara"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg"), Kind: clinical.Thumbnail})
	}
	if _, err := open(); err != error(clinical.ErrNotFound) {
		t.Errorf("before it is made: %v", err)
	}
	h.run()
	nudges := h.Subscribe(t.Context(), as("clara"))
	h.write(clinical.Delta{Renditions: []clinical.Rendition{thumb}})
	<-nudges
	if shown, err := h.Asset(t.Context(), as("clara"), asset("leg")); err != nil || !shown.Thumb {
		t.Errorf("shown %+v, %v", shown, err)
	}
	served, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	whole := make([]byte, served.Size())
	if n, err := served.ReadAt(whole, 0); n != len(whole) || err != nil || !bytes.Equal(whole, pixels()) {
		t.Errorf("ReadAt gave %d of %d bytes, %v", n, len(whole), err)
	}
	if n, err := served.ReadAt(whole, 10); n != len(whole)-10 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt past the end gave %d, %v", n, err)
	}
	if got, err := io.ReadAll(served); err != nil || !bytes.Equal(got, pixels()) {
		t.Errorf("Read gave %d bytes, %v", len(got), err)
	}
}

// Reclassifying again and again leaves nothing behind.
func TestSnapshotForgetsWhatIsOver(t *testing.T) {
	s := policy.NewSnapshot(site()).With(clinicaltest.Now(), clinicaltest.Hospital())
	for i := range 200 {
		a := clinicaltest.Picture("leg", "adult")
		a.Rev = uint64(i + 1)
		a.Lesion = clinicaltest.ID[clinical.Lesion](fmt.Sprint(i))
		s = s.With(clinicaltest.Now(), clinical.Delta{Assets: []clinical.Asset{a}})
	}
	if n := s.Frames(patient("adult")); n > 16 {
		t.Errorf("%d frames of one picture", n)
	}
}
