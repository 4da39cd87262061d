package policy_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

func (h *house) names(login string, id clinical.SetID, ch clinical.Channel) []string {
	h.t.Helper()
	f, err := h.Folder(h.t.Context(), as(login), id, ch)
	if err != nil {
		h.t.Fatalf("%s: folder: %v", login, err)
	}
	out := []string{}
	for _, e := range f.Entries {
		out = append(out, e.Name)
	}
	return out
}

func TestReleasedPictureReachesTheRosterAndNobodyElse(t *testing.T) {
	h := newHouse(t, wounds())
	want := []string{"000012-wound.jpg"}
	for _, who := range []string{"stella", "edith"} {
		if diff := cmp.Diff(want, h.names(who, set("wounds"), clinical.Mount)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", who, diff)
		}
	}
	for _, who := range []string{"emil", "clara", "paula", "greta", "adam", "nina", "nobody"} {
		if _, err := h.Folder(t.Context(), as(who), set("wounds"), clinical.Mount); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: folder: %v, want not found", who, err)
		}
		if _, err := h.OpenInSet(t.Context(), as(who), set("wounds"), asset("leg")); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: open: %v, want not found", who, err)
		}
	}
}

func TestWithdrawnConsentClosesOpenHandle(t *testing.T) {
	h := newHouse(t, wounds())
	served, err := h.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg"))
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	first := make([]byte, 1000)
	if _, err := io.ReadFull(served, first); err != nil {
		t.Fatal(err)
	}
	h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"})
	select {
	case <-served.Gone:
	default:
		t.Error("Gone is open after Do returned")
	}
	if n, err := served.Read(first); n != 0 || !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("Read after withdrawal: %d bytes, %v", n, err)
	}
	if n, err := served.ReadAt(first, 0); n != 0 || !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("ReadAt after withdrawal: %d bytes, %v", n, err)
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("listed after withdrawal: %v", got)
	}
	if len(h.journal.noted(clinical.ActStreamCut)) != 1 {
		t.Error("the ledger does not say that a stream was cut")
	}
}

func TestRefusedLooksAbsent(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Assets: []clinical.Asset{picture("face", "adult", clinical.Plain|clinical.Face)}})
	use := clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.Mount}
	_, absent := h.Open(t.Context(), as("stella"), policy.OpenRequest{Use: use, Set: set("wounds"), Asset: asset("nowhere")})
	for name, r := range map[string]policy.OpenRequest{
		"a picture of no set":     {Use: use, Set: set("wounds"), Asset: asset("face")},
		"a set that is not there": {Use: use, Set: set("nowhere"), Asset: asset("leg")},
		"for care":                {Use: clinical.Care(), Asset: asset("leg")},
		"the original":            {Use: use, Set: set("wounds"), Asset: asset("leg"), Kind: clinical.Original},
		"no use":                  {Set: set("wounds"), Asset: asset("leg")},
	} {
		_, refused := h.Open(t.Context(), as("stella"), r)
		if refused == nil || refused != absent || refused.Error() != absent.Error() {
			t.Errorf("%s: %v, absent is %v", name, refused, absent)
		}
	}
	if absent != error(clinical.ErrNotFound) {
		t.Errorf("absent is %v", absent)
	}
}

func TestGateWithoutPolicyIsUnavailable(t *testing.T) {
	j := newJournal()
	g, err := policy.New(policy.Options{Recorder: j, Journal: j, Reader: j, Opener: j})
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		if _, err := g.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg")); clinical.KindOf(err) != clinical.Unavailable {
			t.Errorf("%s: open: %v", when, err)
		}
		if _, err := g.Folder(t.Context(), as("stella"), set("wounds"), clinical.Mount); clinical.KindOf(err) != clinical.Unavailable {
			t.Errorf("%s: folder: %v", when, err)
		}
		if _, err := g.Sets(t.Context(), as("stella")); clinical.KindOf(err) != clinical.Unavailable {
			t.Errorf("%s: sets: %v", when, err)
		}
		if _, err := g.Do(t.Context(), as("stella"), clinical.CloseSet{}); clinical.KindOf(err) != clinical.Unavailable {
			t.Errorf("%s: do: %v", when, err)
		}
	}
	check("before Start")
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Run(ctx); err != nil {
		t.Fatal(err)
	}
	check("after Run")
}

func TestLedgerIsWrittenBeforeIdentifiableBytes(t *testing.T) {
	h := newHouse(t, wounds())
	served, err := h.Open(t.Context(), as("clara"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg"), Kind: clinical.Original})
	if err != nil {
		t.Fatal(err)
	}
	if err := served.Close(); err != nil {
		t.Fatal(err)
	}
	if !served.NoStore || !served.LogBeforeBytes || len(h.journal.noted(clinical.ActViewed)) != 1 {
		t.Errorf("obligations %+v, notes %v", served.Obligations, h.journal.notes)
	}
	h.journal.fail = clinical.ErrUnavailable
	if _, err := h.Open(t.Context(), as("clara"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg"), Kind: clinical.Original}); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("with a ledger that cannot be written: %v", err)
	}
}

// Consent that ends, and a birthday, take effect at their instant.
func TestTimePassesWithoutEvents(t *testing.T) {
	ends := wounds()
	ends.Grants[0].Expires = clinical.Date{Year: 2026, Month: 11, Day: 23} // today
	h := newHouse(t, ends)
	before, err := h.Folder(t.Context(), as("stella"), set("wounds"), clinical.Mount)
	if err != nil || len(before.Entries) != 1 {
		t.Fatalf("today: %d entries, %v", len(before.Entries), err)
	}
	served, err := h.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg"))
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	h.pass(14*time.Hour - time.Nanosecond) // the last instant of the day in Paris
	if _, err := served.Read(make([]byte, 10)); err != nil {
		t.Errorf("at the last instant: %v", err)
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("at the last instant: %v", got)
	}
	h.pass(time.Nanosecond)
	if _, err := served.Read(make([]byte, 10)); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("at midnight: %v", err)
	}
	after, err := h.Folder(t.Context(), as("stella"), set("wounds"), clinical.Mount)
	if err != nil || len(after.Entries) != 0 || !after.Modified.After(before.Modified) {
		t.Errorf("at midnight: %d entries, modified %v then %v, %v", len(after.Entries), before.Modified, after.Modified, err)
	}
}

func TestReGrantingRestoresNameAndETag(t *testing.T) {
	h := newHouse(t, wounds())
	entry := func() (clinical.Entry, time.Time) {
		t.Helper()
		f, err := h.Folder(t.Context(), as("stella"), set("wounds"), clinical.Mount)
		if err != nil || len(f.Entries) != 1 {
			t.Fatalf("%d entries, %v", len(f.Entries), err)
		}
		return f.Entries[0], f.Modified
	}
	before, m1 := entry()
	h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "asked to"})
	gone, err := h.Folder(t.Context(), as("edith"), set("wounds"), clinical.Mount)
	if err != nil || gone.Gone != 1 || gone.Hidden != 1 {
		t.Errorf("owner sees %d hidden, %d gone, %v", gone.Hidden, gone.Gone, err)
	}
	if !gone.Modified.Truncate(time.Second).After(m1.Truncate(time.Second)) {
		t.Errorf("modified %v, then %v: a client would not refresh", m1, gone.Modified)
	}
	again := teaching("again", "adult")
	h.do("paula", clinical.RecordConsent{Grant: again})
	after, m2 := entry()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	if !m2.After(gone.Modified) {
		t.Errorf("modified %v, then %v", gone.Modified, m2)
	}
	served, err := h.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg"))
	if err != nil || served.ETag != after.ETag {
		t.Fatalf("served ETag %v, listed %v, %v", served, after.ETag, err)
	}
	if err := served.Close(); err != nil {
		t.Fatal(err)
	}
}

// The searcher of these tests answers with the whole scope, as an index does that has not heard of a refiling yet.
func TestStaleHitIsNeverFoundUnderTheWrongPatient(t *testing.T) {
	h := newHouse(t, wounds())
	for _, q := range []clinical.Query{{Patient: patient("child")}, {Session: clinicaltest.ID[clinical.Session]("child")}} {
		found, shown, err := h.Find(t.Context(), as("paula"), clinical.Care(), q)
		if err != nil || found.Total != 0 || len(shown) != 0 {
			t.Errorf("found %d, shown %d, %v; want none", found.Total, len(shown), err)
		}
	}
	found, shown, err := h.Find(t.Context(), as("paula"), clinical.Care(), clinical.Query{Patient: patient("adult")})
	if err != nil || found.Total == 0 || len(shown) != found.Total {
		t.Errorf("under the right patient: found %d, shown %d, %v", found.Total, len(shown), err)
	}
}

func TestFrameOfAWaitingRunIsUnderNoPatient(t *testing.T) {
	waits := picture("waits", "adult", 0)
	waits.State = clinical.Provisional
	h := newHouse(t, wounds(), clinical.Delta{Assets: []clinical.Asset{waits}})
	if _, err := h.Asset(t.Context(), as("paula"), waits.ID); err != nil {
		t.Fatalf("its photographer does not see the frame at all: %v", err)
	}
	page, err := h.PatientPage(t.Context(), as("paula"), patient("adult"))
	if err != nil || len(page.Sessions) == 0 {
		t.Fatalf("%d sessions, %v", len(page.Sessions), err)
	}
	_, shown, err := h.Find(t.Context(), as("paula"), clinical.Care(), clinical.Query{Patient: patient("adult")})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range page.Sessions {
		shown = append(shown, s.Shown...)
	}
	for _, one := range shown {
		if one.Asset.ID == waits.ID {
			t.Error("a frame that may be another's is shown under the patient")
		}
	}
}

func TestFindStaysInsideTheScope(t *testing.T) {
	hidden := clinical.Delta{Assets: []clinical.Asset{
		picture("intimate", "adult", clinical.Plain|clinical.Intimate),
		picture("guarded", "adult", clinical.Plain|clinical.Safeguarding),
	}}
	h := newHouse(t, wounds(), hidden)
	for who, want := range map[string]int{"clara": 2, "carl": 1, "oscar": 0, "paula": 3, "stella": 0, "greta": 0} {
		found, shown, err := h.Find(t.Context(), as(who), clinical.Care(), clinical.Query{})
		if err != nil || found.Total != want || len(shown) != want {
			t.Errorf("%s: found %d, shown %d, %v; want %d", who, found.Total, len(shown), err, want)
		}
		if scope, err := h.Scope(as(who), clinical.Care()); err != nil || scope.Len() != want {
			t.Errorf("%s: a scope of %d, %v; want %d", who, scope.Len(), err, want)
		}
	}
	use := clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.ViewOnScreen}
	_, shown, err := h.Find(t.Context(), as("stella"), use, clinical.Query{})
	if err != nil || len(shown) != 1 {
		t.Fatalf("stella found %d, %v", len(shown), err)
	}
	if a := shown[0].Asset; !a.Patient.IsZero() || a.Name != "" || !a.Session.IsZero() {
		t.Errorf("a teaching hit names its patient: %+v", a)
	}
}
