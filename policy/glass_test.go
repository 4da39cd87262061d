package policy_test

import (
	"errors"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// leads are two people who answer for something in the whole hospital.
func leads() clinical.Delta {
	lead := func(login string, role clinical.Role, l clinical.Lead) clinical.Person {
		return clinical.Person{
			ID: human(login), Login: login, Name: "Invented " + login, Role: role, Leads: []clinical.Lead{l}, Since: clinicaltest.Now().AddDate(-1, 0, 0),
		}
	}
	return clinical.Delta{People: []clinical.Person{
		lead("gus", clinical.Clinician, clinical.GovernanceLead), lead("sana", clinical.Nurse, clinical.SafeguardingLead),
	}}
}

func (h *house) breaking(of string) clinical.BreakTheGlass {
	return clinical.BreakTheGlass{Patient: patient(of), Why: clinical.GlassEmergency, Words: "bleeding in resus", Confirmed: h.now()}
}

func kinds(tasks []clinical.Task) map[clinical.TaskKind]int {
	out := map[clinical.TaskKind]int{}
	for _, t := range tasks {
		out[t.Kind]++
	}
	return out
}

func TestBrokenGlassOpensOnePatientForAnHour(t *testing.T) {
	h := newHouse(t, wounds(), leads(), clinical.Delta{Assets: []clinical.Asset{picture("other", "child", clinical.Plain)}})
	look := func(name string) error {
		served, err := h.Open(t.Context(), as("oscar"), policy.OpenRequest{Use: clinical.Care(), Asset: asset(name)})
		if err == nil {
			err = served.Close()
		}
		return err
	}
	if err := look("leg"); !errors.Is(err, clinical.ErrNotFound) {
		t.Fatalf("before: %v", err)
	}
	c := h.do("oscar", h.breaking("adult"))
	if b := c.Glasses[0]; b.Until.Sub(b.At) != time.Hour || b.Person != human("oscar") {
		t.Errorf("ticket %+v", b)
	}
	if err := look("leg"); err != nil {
		t.Fatalf("with a ticket: %v", err)
	}
	if seen := h.journal.noted(clinical.ActViewed); len(seen) != 1 || seen[0].Rule != policy.ThroughGlass {
		t.Errorf("the ledger says %+v", seen)
	}
	if err := look("other"); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("another patient: %v", err)
	}
	use := clinical.Care()
	use.Channel = clinical.Download
	if _, err := h.Open(t.Context(), as("oscar"), policy.OpenRequest{Use: use, Asset: asset("leg")}); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("a download: %v", err)
	}
	served, err := h.Open(t.Context(), as("oscar"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg")})
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	h.pass(time.Hour - time.Nanosecond)
	if _, err := served.Read(make([]byte, 10)); err != nil {
		t.Errorf("at the last instant: %v", err)
	}
	h.pass(time.Nanosecond)
	if _, err := served.Read(make([]byte, 10)); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("after an hour the open stream: %v", err)
	}
	if err := look("leg"); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("after an hour: %v", err)
	}
}

func TestEachViewUnderATicketIsInTheLedgerFirst(t *testing.T) {
	h := newHouse(t, wounds())
	h.do("oscar", h.breaking("adult"))
	h.journal.fail = clinical.ErrUnavailable
	if _, err := h.Open(t.Context(), as("oscar"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg"), Kind: clinical.Teaching}); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("seen without being written down: %v", err)
	}
}

func TestBrokenGlassIsToldAndReviewed(t *testing.T) {
	h := newHouse(t, wounds(), leads())
	c := h.do("oscar", h.breaking("adult"))
	if got := kinds(c.Tasks); got[clinical.GlassNotice] != 1 || got[clinical.GlassReview] != 1 || len(c.Tasks) != 2 {
		t.Errorf("raised %+v", c.Tasks)
	}
	ticket := c.Glasses[0].ID
	notice := h.tasksOf("gus", clinical.GlassNotice)
	if len(notice) != 1 || len(h.tasksOf("sana", clinical.GlassNotice)) != 0 {
		t.Fatalf("told %+v", notice)
	}
	h.do("gus", clinical.FinishTask{Task: notice[0].ID, Answer: clinical.AnswerDone})
	review := h.tasksOf("greta", clinical.GlassReview)[0]
	if got := h.refuses("greta", clinical.FinishTask{Task: review.ID, Answer: clinical.AnswerDone}, clinical.Invalid); got != "answer" {
		t.Errorf("a review skipped: %s", got)
	}
	judge := clinical.ReviewGlass{Ticket: ticket, Verdict: clinical.GlassJustified, Words: "seen in resus"}
	h.refuses("oscar", judge, clinical.Forbidden)
	h.refuses("clara", judge, clinical.Forbidden)
	if got := h.refuses("greta", clinical.ReviewGlass{Ticket: ticket, Verdict: clinical.GlassJustified}, clinical.Invalid); got != "no-reason" {
		t.Errorf("without a word: %s", got)
	}
	list, err := h.Glasses(t.Context(), as("greta"))
	if err != nil || len(list) != 1 || !list[0].ReviewedAt.IsZero() {
		t.Errorf("governance sees %+v, %v", list, err)
	}
	done := h.do("greta", judge)
	if len(done.Tasks) != 1 || !done.Tasks[0].Done() {
		t.Errorf("the review left %+v", done.Tasks)
	}
	if got := h.refuses("greta", judge, clinical.Conflict); got != "reviewed" {
		t.Errorf("twice: %s", got)
	}
}

func TestNobodyReviewsTheirOwnTicket(t *testing.T) {
	h := newHouse(t, wounds(), leads())
	c := h.do("gus", h.breaking("adult"))
	for _, task := range c.Tasks {
		if task.For == human("gus") {
			t.Errorf("told of himself: %+v", task)
		}
	}
	if got := h.tasksOf("gus", clinical.GlassReview); len(got) != 0 {
		t.Errorf("asked to review himself: %+v", got)
	}
	if got := h.refuses("gus", clinical.ReviewGlass{Ticket: c.Glasses[0].ID, Verdict: clinical.GlassJustified, Words: "fine"}, clinical.Forbidden); got != "second-person" {
		t.Errorf("his own: %s", got)
	}
	if got := h.tasksOf("greta", clinical.GlassNotice); len(got) != 1 { // there is no other lead
		t.Errorf("nobody else is told: %+v", got)
	}
}

func TestMisuseEndsATicketAtOnce(t *testing.T) {
	h := newHouse(t, wounds())
	c := h.do("oscar", h.breaking("adult"))
	served, err := h.Open(t.Context(), as("oscar"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg")})
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	h.pass(time.Minute)
	h.do("greta", clinical.ReviewGlass{Ticket: c.Glasses[0].ID, Verdict: clinical.GlassMisuse, Words: "a neighbour"})
	select {
	case <-served.Gone:
	default:
		t.Error("the stream goes on")
	}
}

func TestSafeguardingLeadsAreToldWhereItConcernsThem(t *testing.T) {
	scan := picture("scan", "coming-of-age", 0)
	scan.Form = true
	h := newHouse(t, leads(), clinical.Delta{Assets: []clinical.Asset{
		scan, picture("bruise", "adult", clinical.Plain|clinical.Safeguarding), picture("groin", "child", clinical.Plain|clinical.Intimate),
		picture("hand", "coming-of-age", clinical.Plain),
	}})
	for of, want := range map[string]int{"adult": 1, "child": 1, "coming-of-age": 0} {
		c := h.do("oscar", h.breaking(of))
		n := 0
		for _, task := range c.Tasks {
			if task.For == human("sana") && task.Kind == clinical.GlassNotice {
				n++
			}
		}
		if n != want {
			t.Errorf("%s: told %d times, want %d", of, n, want)
		}
	}
}

func TestGlassBrokenTooOftenRaisesAnAlert(t *testing.T) {
	h := newHouse(t, wounds(), leads())
	for i := range 6 {
		c := h.do("oscar", h.breaking("adult"))
		if got, want := kinds(c.Tasks)[clinical.GlassAlert] > 0, i == 5; got != want {
			t.Errorf("after %d: alert %v, want %v", i+1, got, want)
		}
		h.pass(time.Hour)
	}
	h.pass(8 * 24 * time.Hour)
	if c := h.do("oscar", h.breaking("adult")); kinds(c.Tasks)[clinical.GlassAlert] != 0 {
		t.Error("an alert in another week")
	}
}

func TestGlassIsNotBrokenWithoutItsConditions(t *testing.T) {
	h := newHouse(t, wounds())
	for name, tt := range map[string]struct {
		who    string
		change func(*clinical.BreakTheGlass)
		kind   clinical.Kind
		want   clinical.Reason
	}{
		"an educator":        {"edith", func(*clinical.BreakTheGlass) {}, clinical.Forbidden, "role"},
		"a photographer":     {"paula", func(*clinical.BreakTheGlass) {}, clinical.Forbidden, "role"},
		"an administrator":   {"adam", func(*clinical.BreakTheGlass) {}, clinical.Forbidden, "role"},
		"no reason":          {"oscar", func(b *clinical.BreakTheGlass) { b.Why = "" }, clinical.Invalid, "glass-reason"},
		"no words":           {"oscar", func(b *clinical.BreakTheGlass) { b.Words = " " }, clinical.Invalid, "no-reason"},
		"never confirmed":    {"oscar", func(b *clinical.BreakTheGlass) { b.Confirmed = time.Time{} }, clinical.Forbidden, "sign-in-again"},
		"confirmed long ago": {"oscar", func(b *clinical.BreakTheGlass) { b.Confirmed = b.Confirmed.Add(-5*time.Minute - 1) }, clinical.Forbidden, "sign-in-again"},
		"confirmed tomorrow": {"oscar", func(b *clinical.BreakTheGlass) { b.Confirmed = b.Confirmed.Add(time.Second) }, clinical.Forbidden, "sign-in-again"},
		"nobody":             {"oscar", func(b *clinical.BreakTheGlass) { b.Patient = patient("nobody") }, clinical.NotFound, ""},
	} {
		cmd := h.breaking("adult")
		tt.change(&cmd)
		if got := h.refuses(tt.who, cmd, tt.kind); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	h.do("oscar", h.breaking("adult"))
	if got := h.refuses("oscar", h.breaking("adult"), clinical.Conflict); got != "glass-open" {
		t.Errorf("twice: %s", got)
	}
	h.do("greta", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.IdentityDispute, Patient: patient("adult"), Reason: "two bands"}})
	if got := h.refuses("carl", h.breaking("adult"), clinical.Forbidden); got != "identity-hold" {
		t.Errorf("while it is disputed whose they are: %s", got)
	}
	if _, err := h.Open(t.Context(), as("oscar"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg")}); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("an open ticket during an identity dispute: %v", err)
	}
}
