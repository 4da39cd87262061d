package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

func to(kind clinical.ReleaseKind, pictures ...string) clinical.MakeRelease {
	r := clinical.Release{Kind: kind, Authority: "order 12/2026", Recipient: "the-journal"}
	for _, p := range pictures {
		r.Assets = append(r.Assets, asset(p))
	}
	return clinical.MakeRelease{Release: r}
}

// article is a consent to publication in one named journal.
func article(name, of string) clinical.Grant {
	g := teaching(name, of)
	g.Purposes, g.NamedUse, g.Audience, g.ImagesShown = []clinical.Purpose{clinical.P4}, "the-journal", clinical.A5, true
	g.Channels = clinical.Download
	return g
}

func (h *house) opens(login string, id clinical.ReleaseID) error {
	h.t.Helper()
	_, open, err := h.OpenRelease(h.t.Context(), as(login), id)
	for _, one := range open {
		err = errors.Join(err, one.Close())
	}
	return err
}

func TestEvidenceIsTheUntouchedOriginalAndIsNotedFirst(t *testing.T) {
	h := newHouse(t, wounds())
	cmd := to(clinical.ToCourt, "leg")
	made := h.do("paula", cmd).Releases[0]
	if made.Rendition != clinical.Original || made.Format != clinical.Evidential || made.Patient != patient("adult") || made.By != human("paula") {
		t.Errorf("made %+v", made)
	}
	r, open, err := h.OpenRelease(t.Context(), as("paula"), made.ID)
	if err != nil || len(open) != 1 || r.Recipient != "the-journal" {
		t.Fatalf("%d open, %v", len(open), err)
	}
	if seen := h.journal.noted(clinical.ActServed); len(seen) != 1 || seen[0].Use.Purpose != clinical.P6 {
		t.Errorf("the ledger says %+v", seen)
	}
	h.do("paula", clinical.EndRelease{Release: made.ID, Reason: "case dropped"})
	select {
	case <-open[0].Gone:
	default:
		t.Error("the stream of an ended release goes on")
	}
	if err := open[0].Close(); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"paula", "clara", "greta", "piet"} {
		if err := h.opens(who, made.ID); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s opens an ended release: %v", who, err)
		}
	}
	h.journal.fail = clinical.ErrUnavailable
	if err := h.opens("paula", made.ID); err == nil {
		t.Error("opened without being written down")
	}
}

func TestReleaseSaysWhatItRestsOnAndToWhom(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Grants: []clinical.Grant{article("article", "adult")}})
	past := clinical.Date{Year: 2026, Month: 11, Day: 22}
	for name, tt := range map[string]struct {
		change func(*clinical.Release)
		kind   clinical.Kind
		want   clinical.Reason
	}{
		"no authority":      {func(r *clinical.Release) { r.Authority = " " }, clinical.Invalid, "no-authority"},
		"no recipient":      {func(r *clinical.Release) { r.Recipient = "" }, clinical.Invalid, "no-recipient"},
		"no kind":           {func(r *clinical.Release) { r.Kind = "" }, clinical.Invalid, "release-kind"},
		"by hand to EPR":    {func(r *clinical.Release) { r.Kind = clinical.EPRDelivery }, clinical.Invalid, "release-kind"},
		"no pictures":       {func(r *clinical.Release) { r.Assets = nil }, clinical.Invalid, "pictures"},
		"twice":             {func(r *clinical.Release) { r.Assets = append(r.Assets, r.Assets...) }, clinical.Invalid, "pictures"},
		"absent":            {func(r *clinical.Release) { r.Assets[0] = asset("nowhere") }, clinical.NotFound, ""},
		"the original":      {func(r *clinical.Release) { r.Rendition = clinical.Original }, clinical.Invalid, "rendition"},
		"as evidence":       {func(r *clinical.Release) { r.Format = clinical.Evidential }, clinical.Invalid, "release-format"},
		"yesterday":         {func(r *clinical.Release) { r.UseBy = past }, clinical.Invalid, "use-by"},
		"an endless event":  {func(r *clinical.Release) { r.Kind = clinical.ToConference }, clinical.Invalid, "use-by"},
		"another recipient": {func(r *clinical.Release) { r.Recipient = "a poster" }, clinical.Forbidden, "not-releasable"},
		"nobody consented":  {func(r *clinical.Release) { r.Kind = clinical.ToStudy }, clinical.Forbidden, "not-releasable"},
	} {
		cmd := to(clinical.ToJournal, "leg")
		tt.change(&cmd.Release)
		if got := h.refuses("clara", cmd, tt.kind); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	h.do("clara", to(clinical.ToJournal, "leg"))
}

func TestRefusedReleaseSaysHowManyAndWhy(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{
		Assets: []clinical.Asset{picture("face", "adult", clinical.Plain|clinical.Face), picture("new", "adult", 0)},
		Grants: []clinical.Grant{article("article", "adult")},
	})
	_, err := h.Do(t.Context(), as("clara"), to(clinical.ToJournal, "leg", "face", "new"))
	if err == nil || clinical.ReasonOf(err) != "not-releasable" {
		t.Fatalf("got %v", err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "2 of 3 pictures may not leave. 1: ") || !strings.Contains(text, policy.Words("unclassified")) {
		t.Errorf("it says %q", text)
	}
}

func TestConferenceCopiesEndWithTheEvent(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Grants: []clinical.Grant{article("talk", "adult")}})
	cmd := to(clinical.ToConference, "leg")
	cmd.Release.UseBy = clinical.Date{Year: 2026, Month: 11, Day: 25}
	made := h.do("clara", cmd).Releases[0]
	_, open, err := h.OpenRelease(t.Context(), as("clara"), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer open[0].Close()
	handed := h.do("clara", clinical.DeliverRelease{Release: made.ID})
	if ts := handed.Tasks; len(ts) != 1 || ts[0].Kind != clinical.DestroyCopy || ts[0].For != human("clara") || !ts[0].Due.Equal(midnight(2026, 11, 26)) {
		t.Errorf("asked for %+v", ts)
	}
	end := time.Date(2026, 11, 26, 0, 0, 0, 0, clinicaltest.Zone())
	h.pass(end.Sub(h.now()) - time.Nanosecond)
	if _, err := open[0].Read(make([]byte, 10)); err != nil {
		t.Errorf("on the last day: %v", err)
	}
	h.pass(time.Nanosecond)
	if _, err := open[0].Read(make([]byte, 10)); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("the day after, a copy on its way: %v", err)
	}
	if err := h.opens("clara", made.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("the day after: %v", err)
	}
	if got := h.refuses("clara", clinical.EndRelease{Release: made.ID, Reason: "over"}, clinical.Conflict); got != "release-over" {
		t.Errorf("ended the day after: %s", got)
	}
}

func TestSafeguardingLeavesAsEvidenceAlone(t *testing.T) {
	named := clinicaltest.Hospital().Patients[0]
	named.Rev = 1 // the hospital's own entry
	named.NamedTeam = []clinical.PersonID{human("clara")}
	h := newHouse(t, clinical.Delta{
		Patients: []clinical.Patient{named},
		Assets:   []clinical.Asset{picture("bruise", "adult", clinical.Plain|clinical.Safeguarding)},
	})
	packed := to(clinical.ToPolice, "bruise")
	packed.Release.Format = clinical.EncryptedZIP
	if got := h.refuses("clara", packed, clinical.Forbidden); got != "safeguarding" {
		t.Errorf("in a ZIP: %s", got)
	}
	if got := h.refuses("clara", to(clinical.PrintOut, "bruise"), clinical.Forbidden); got != "safeguarding" {
		t.Errorf("printed: %s", got)
	}
	made := h.do("clara", to(clinical.ToPolice, "bruise")).Releases[0]
	if err := h.opens("clara", made.ID); err != nil {
		t.Errorf("as evidence: %v", err)
	}
}

func TestRegisterIsReadByItsMakerAndGovernance(t *testing.T) {
	h := newHouse(t, wounds())
	made := h.do("clara", to(clinical.PrintOut, "leg")).Releases[0]
	for who, want := range map[string]int{"clara": 1, "greta": 1, "paula": 0, "stella": 0, "adam": 0} {
		list, err := h.Releases(t.Context(), as(who))
		if err != nil || len(list) != want {
			t.Errorf("%s: %d releases, %v; want %d", who, len(list), err, want)
		}
		if _, err := h.Release(t.Context(), as(who), made.ID); (err == nil) != (want == 1) {
			t.Errorf("%s: release: %v", who, err)
		}
	}
	if err := h.opens("greta", made.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("governance opens it: %v", err)
	}
	h.refuses("paula", clinical.DeliverRelease{Release: made.ID}, clinical.NotFound)
	c := h.do("clara", clinical.DeliverRelease{Release: made.ID, Receipt: "handed over at the desk"})
	if r := c.Releases[0]; r.Delivered.IsZero() || r.DeliveredBy != human("clara") || r.Receipt == "" {
		t.Errorf("delivered %+v", r)
	}
	if got := h.refuses("clara", clinical.DeliverRelease{Release: made.ID}, clinical.Conflict); got != "delivered" {
		t.Errorf("twice: %s", got)
	}
	if got := h.refuses("greta", clinical.EndRelease{Release: made.ID}, clinical.Invalid); got != "no-reason" {
		t.Errorf("ended without a reason: %s", got)
	}
	h.do("greta", clinical.EndRelease{Release: made.ID, Reason: "lost on the bus"})
}

func TestWithdrawalStopsAReleaseThatIsOpen(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Grants: []clinical.Grant{article("article", "adult")}})
	made := h.do("clara", to(clinical.ToJournal, "leg")).Releases[0]
	_, open, err := h.OpenRelease(t.Context(), as("clara"), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer open[0].Close()
	h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"})
	if _, err := open[0].Read(make([]byte, 10)); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("a copy on its way: %v", err)
	}
	if err := h.opens("clara", made.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("opened: %v", err)
	}
	r, err := h.Release(t.Context(), as("clara"), made.ID)
	if err != nil || r.Ended.IsZero() {
		t.Errorf("in the register as %+v, %v", r, err)
	}
}

func TestOpeningAReleaseIsAllOrNothing(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Assets: []clinical.Asset{picture("arm", "adult", clinical.Plain)}})
	made := h.do("clara", to(clinical.ToCourt, "leg", "arm")).Releases[0]
	h.do("greta", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Assets: []clinical.AssetID{asset("arm")}, Reason: "claim"}})
	if r, open, err := h.OpenRelease(t.Context(), as("clara"), made.ID); !errors.Is(err, clinical.ErrNotFound) || open != nil || !r.ID.IsZero() {
		t.Errorf("%d open, %v", len(open), err)
	}
}

func TestGovernanceHandsOutEvidenceAndSeesNone(t *testing.T) {
	h := newHouse(t, wounds())
	made := h.do("greta", to(clinical.SubjectAccess, "leg")).Releases[0]
	if err := h.opens("greta", made.ID); err != nil {
		t.Fatalf("the patient's own copy: %v", err)
	}
	use := clinical.Use{Purpose: clinical.P6, Audience: clinical.A5, Channel: clinical.ViewOnScreen}
	for name, r := range map[string]policy.OpenRequest{
		"on a screen": {Use: use, Asset: asset("leg")}, "for care": {Use: clinical.Care(), Asset: asset("leg")},
	} {
		if _, err := h.Open(t.Context(), as("greta"), r); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.do("greta", clinical.EndRelease{Release: made.ID, Reason: "sent"})
	if err := h.opens("greta", made.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("ended: %v", err)
	}
}
