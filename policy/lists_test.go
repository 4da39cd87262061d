package policy_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

func TestSetsAreListedToThoseTheyConcern(t *testing.T) {
	d := wounds()
	draft := clinicaltest.Set("draft")
	draft.Status, draft.PublishedAt = clinical.SetDraft, time.Time{}
	waits := clinicaltest.Set("waits")
	waits.Status, waits.PublishedAt, waits.SubmittedAt = clinical.SetSubmitted, time.Time{}, clinicaltest.Now()
	d.Sets = append(d.Sets, draft, waits)
	h := newHouse(t, d)
	drive := func(c clinical.Caller) clinical.Caller { c.Door = clinical.DoorWebDAV; return c }
	for name, tt := range map[string]struct {
		caller clinical.Caller
		want   []string
	}{
		"the owner":           {as("edith"), []string{"draft", "waits", "wounds"}},
		"the owner's drive":   {drive(as("edith")), []string{"wounds"}},
		"the roster":          {as("stella"), []string{"wounds"}},
		"a second person":     {as("emil"), []string{"waits"}},
		"their drive":         {drive(as("emil")), nil},
		"governance":          {as("greta"), []string{"draft", "waits", "wounds"}},
		"governance's drive":  {drive(as("greta")), nil},
		"somebody else":       {as("nina"), nil},
		"the administrators'": {as("adam"), nil},
	} {
		sets, err := h.Sets(t.Context(), tt.caller)
		var got []string
		for _, s := range sets {
			got = append(got, s.Name)
			if mine := tt.caller.Person == s.Owner || tt.caller.Person == human("greta"); !mine && s.Roster != nil {
				t.Errorf("%s reads the roster", name)
			}
		}
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestOwnerReadsWhyAnItemIsHidden(t *testing.T) {
	d := wounds()
	d.Assets = append(d.Assets, picture("new", "adult", 0))
	d.Items = append(d.Items, clinicaltest.Item("wounds", "new", 20), clinicaltest.Item("wounds", "absent", 30))
	h := newHouse(t, d)
	_, report, err := h.SetReport(t.Context(), as("edith"), set("wounds"))
	if err != nil || len(report) != 3 {
		t.Fatalf("%+v, %v", report, err)
	}
	for i, want := range []clinical.Reason{"", "second-person", "absent"} {
		if got := report[i]; got.Decision.Reason != want || got.Words != policy.Words(want) {
			t.Errorf("item %d: %s (%s), want %s", i, got.Decision.Reason, got.Words, want)
		}
	}
	if _, _, err := h.SetReport(t.Context(), as("stella"), set("wounds")); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("the roster reads the report: %v", err)
	}
}

func TestPatientPageShowsWhatItsReaderMaySee(t *testing.T) {
	d := wounds()
	d.Assets = append(d.Assets, picture("breast", "adult", clinical.Plain|clinical.Intimate))
	d.Encounters = []clinical.Encounter{{
		ID: clinicaltest.ID[clinical.Encounter]("ward"), Patient: patient("adult"), Specialty: "dermatology", Opened: clinicaltest.Now(),
	}}
	h := newHouse(t, d)
	for who, want := range map[string]struct {
		pictures   int
		restricted bool
	}{"clara": {2, false}, "carl": {1, true}, "paula": {2, false}, "piet": {0, false}, "greta": {0, false}} {
		page, err := h.PatientPage(t.Context(), as(who), patient("adult"))
		n := 0
		for _, s := range page.Sessions {
			n += len(s.Shown)
		}
		if err != nil || n != want.pictures || page.Restricted != want.restricted {
			t.Errorf("%s: %d pictures, restricted %v, %v", who, n, page.Restricted, err)
		}
		if page.Consent != "Teaching, class ≤40, by written consent." || len(page.Grants) != 1 {
			t.Errorf("%s reads %q and %d consents", who, page.Consent, len(page.Grants))
		}
	}
	for _, who := range []string{"oscar", "edith", "stella", "adam", "nina"} {
		if _, err := h.PatientPage(t.Context(), as(who), patient("adult")); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: %v", who, err)
		}
		if _, err := h.Grants(t.Context(), as(who), patient("adult")); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: consents: %v", who, err)
		}
	}
}

func TestPatientsAreFoundByThoseWhoMayMeetThem(t *testing.T) {
	h := newHouse(t)
	for who, want := range map[string]int{"paula": 6, "piet": 5, "clara": 5, "carl": 5, "oscar": 1, "greta": 6, "edith": 0, "stella": 0, "adam": 0} {
		got, err := h.Patients(t.Context(), as(who), "inv")
		if err != nil || len(got) != want {
			t.Errorf("%s finds %d, %v; want %d", who, len(got), err, want)
		}
	}
	if got, err := h.Patients(t.Context(), as("paula"), "INVENTED, child"); err != nil || len(got) != 1 || got[0].ID != patient("child") {
		t.Errorf("by name: %v, %v", got, err)
	}
	if got, err := h.Patients(t.Context(), as("paula"), "ha0000"); err != nil || len(got) != 1 || got[0].ID != patient("adult") {
		t.Errorf("by number: %v, %v", got, err)
	}
	holds, err := h.Holds(t.Context(), as("greta"), patient("adult"))
	if err != nil || len(holds) != 0 {
		t.Errorf("holds %v, %v", holds, err)
	}
}

func TestBadgesSayConsentInWords(t *testing.T) {
	for want, change := range map[string]func(*clinical.Grant, *clinical.Asset){
		"Unclassified":        func(_ *clinical.Grant, a *clinical.Asset) { a.Sensitivity = 0 },
		"Care only":           func(g *clinical.Grant, _ *clinical.Asset) { g.Purposes = []clinical.Purpose{clinical.P1} },
		"Teaching, class ≤40": func(*clinical.Grant, *clinical.Asset) {},
		"Teaching, group ≤12": func(g *clinical.Grant, _ *clinical.Asset) { g.Audience = clinical.A2 },
		"Publication, 1 use":  func(g *clinical.Grant, _ *clinical.Asset) { g.Purposes = append(g.Purposes, clinical.P4) },
		"Asked, waiting":      func(g *clinical.Grant, _ *clinical.Asset) { g.Status = clinical.GrantRequested },
		"Teaching refused":    func(g *clinical.Grant, _ *clinical.Asset) { g.Status = clinical.GrantRefused },
		"Teaching withdrawn":  func(g *clinical.Grant, _ *clinical.Asset) { g.Status = clinical.GrantWithdrawn },
		"Ends 3 Dec":          func(g *clinical.Grant, _ *clinical.Asset) { g.Expires = clinical.Date{Year: 2026, Month: 12, Day: 3} },
		"Ends 2 Dec":          func(g *clinical.Grant, _ *clinical.Asset) { g.ReviewAt = clinical.Date{Year: 2026, Month: 12, Day: 3} },
	} {
		d := wounds()
		change(&d.Grants[0], &d.Assets[0])
		h := newHouse(t, d)
		shown, err := h.Asset(t.Context(), as("clara"), asset("leg"))
		if err != nil || shown.Badge.Words != want {
			t.Errorf("%q, %v; want %q", shown.Badge.Words, err, want)
		}
	}
}

// A page says of a parent's consent what the rules say: it ends at 18, whatever
// the form says.
func TestThePageSaysWhenAParentsConsentEnds(t *testing.T) {
	young := patient("coming-of-age")
	g := clinical.Grant{
		ID: clinicaltest.ID[clinical.Grant]("parent"), Patient: young, Status: clinical.GrantGiven, Mode: clinical.Written, Capacity: clinical.Parental,
		Purposes: []clinical.Purpose{clinical.P2}, Audience: clinical.A3, Level: clinical.I1, Channels: clinical.ViewOnScreen,
		Expires: clinical.Date{Year: 2027, Month: 11, Day: 22}, ReviewAt: clinical.Date{Year: 2026, Month: 12, Day: 31},
	}
	h := newHouse(t, clinical.Delta{Grants: []clinical.Grant{g}})
	for _, want := range []string{"Teaching, class ≤40, by written consent until 23 Nov.", "For care only: no consent for teaching or publication is recorded."} {
		page, err := h.PatientPage(t.Context(), as("greta"), young)
		if err != nil || page.Consent != want {
			t.Errorf("%q, %v; want %q", page.Consent, err, want)
		}
		h.pass(24 * time.Hour)
	}
}

// Receipts are counted once, whatever comes twice.
func TestArrivalsAddUp(t *testing.T) {
	land := func(name string, o clinical.Outcome) clinical.Landing {
		return clinical.Landing{ID: clinicaltest.ID[clinical.Landing](name), Studio: clinicaltest.StudioA, Outcome: o, At: clinicaltest.Now()}
	}
	h := newHouse(t, clinical.Delta{Landings: []clinical.Landing{
		land("a", clinical.OutcomeKept), land("b", clinical.OutcomeDuplicate), land("c", clinical.OutcomeQuarantined), land("d", clinical.OutcomeIgnored),
	}})
	nudges := h.Subscribe(t.Context(), as("piet"))
	h.run()
	again := land("c", clinical.OutcomeKept)
	again.Rev = h.journal.rev[again.ID]
	h.write(clinical.Delta{Landings: []clinical.Landing{again}})
	select {
	case <-nudges:
	case <-time.After(10 * time.Second):
		t.Fatal("the studio is not told")
	}
	want := clinical.LandingCounts{Found: 4, Kept: 2, Duplicate: 1, Ignored: 1}
	for who, sees := range map[string]bool{"piet": true, "adam": true, "clara": false} {
		a, err := h.Arrivals(t.Context(), as(who))
		if err != nil || (a.Counts[clinicaltest.StudioA] == want) != sees || sees && len(a.Recent) != 4 {
			t.Errorf("%s reads %+v, %v", who, a, err)
		}
	}
}

func TestJobSheetNeedsItsJob(t *testing.T) {
	h := newHouse(t)
	id := clinicaltest.ID[clinical.Job]("adult")
	for who, sees := range map[string]bool{"paula": true, "piet": true, "clara": true, "oscar": false, "edith": false} {
		j, p, err := h.Job(t.Context(), as(who), id)
		if (err == nil) != sees || sees && (j.ID != id || p.ID != patient("adult")) {
			t.Errorf("%s: %v", who, err)
		}
		jobs, err := h.Jobs(t.Context(), as(who))
		if err != nil || slices.ContainsFunc(jobs, func(j clinical.Job) bool { return j.ID == id }) != sees {
			t.Errorf("%s: %d jobs, %v", who, len(jobs), err)
		}
	}
}
