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

// settled follows the journal until every recall is settled.
func (h *house) settled() {
	h.t.Helper()
	h.run()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	for after := uint64(0); ; {
		changes, err := h.journal.Changes(ctx, after, 1000)
		if err != nil {
			h.t.Fatalf("no recall was settled: %v", err)
		}
		waits := 0
		h.journal.mu.Lock()
		last := map[clinical.RecallID]bool{}
		for _, r := range h.journal.all.Recalls {
			last[r.ID] = !r.Settled.IsZero()
		}
		h.journal.mu.Unlock()
		for _, done := range last {
			if !done {
				waits++
			}
		}
		after = changes[len(changes)-1].Seq
		if waits == 0 {
			h.seen(ctx, after)
			return
		}
	}
}

// seen waits until the gate has taken in the journal up to seq.
func (h *house) seen(ctx context.Context, seq uint64) {
	h.t.Helper()
	for {
		s, err := h.Scope(as("clara"), clinical.Care())
		if err != nil {
			h.t.Fatal(err)
		}
		if s.Version >= seq {
			return
		}
		select {
		case <-ctx.Done():
			h.t.Fatalf("the gate stands at %d, the journal at %d", s.Version, seq)
		case <-time.After(time.Millisecond):
		}
	}
}

// reads opens a picture of a set over a channel and closes it.
func (h *house) reads(login string, id clinical.SetID, pic string, ch clinical.Channel) {
	h.t.Helper()
	use := clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: ch}
	served, err := h.Open(h.t.Context(), as(login), policy.OpenRequest{Use: use, Set: id, Asset: asset(pic), Kind: clinical.Teaching})
	if err != nil {
		h.t.Fatalf("%s: open %s: %v", login, pic, err)
	}
	if err := errors.Join(served.Close()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) tasksOf(login string, kind clinical.TaskKind) []clinical.Task {
	h.t.Helper()
	all, err := h.Tasks(h.t.Context(), as(login))
	if err != nil {
		h.t.Fatal(err)
	}
	var out []clinical.Task
	for _, task := range all {
		if task.Kind == kind {
			out = append(out, task)
		}
	}
	return out
}

func (h *house) recall(login string) clinical.Recall {
	h.t.Helper()
	list, err := h.Recalls(h.t.Context(), as(login), patient("adult"))
	if err != nil || len(list) != 1 {
		h.t.Fatalf("%s: %d recalls, %v", login, len(list), err)
	}
	return list[0]
}

func TestWithdrawalAsksEveryReaderToDestroyTheirCopy(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.reads("edith", set("wounds"), "leg", clinical.ViewOnScreen)
	c := h.do("clara", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"})
	if len(c.Recalls) != 1 || !c.Recalls[0].Settled.IsZero() || len(c.Tasks) != 0 {
		t.Fatalf("the act itself left %+v", c.Delta)
	}
	h.settled()
	r := h.recall("greta")
	want := []clinical.Reach{
		{Person: human("stella"), Role: clinical.Student, Set: set("wounds"), Purpose: clinical.P2, Channel: clinical.Mount, Assets: 1, Times: 2},
		{Person: human("edith"), Role: clinical.Educator, Set: set("wounds"), Purpose: clinical.P2, Channel: clinical.ViewOnScreen, Assets: 1, Times: 1},
	}
	tasks := h.tasksOf("stella", clinical.DestroyCopy)
	if len(tasks) != 1 || tasks[0].Recall != r.ID || tasks[0].Set != set("wounds") || !tasks[0].Patient.IsZero() {
		t.Fatalf("stella has %+v", tasks)
	}
	want[0].Task = tasks[0].ID
	for i := range r.Reach {
		if r.Reach[i].First.IsZero() || r.Reach[i].Last.Before(r.Reach[i].First) {
			t.Errorf("row %d lasts from %v to %v", i, r.Reach[i].First, r.Reach[i].Last)
		}
		r.Reach[i].First, r.Reach[i].Last = time.Time{}, time.Time{}
	}
	less := func(list []clinical.Reach) []clinical.Reach {
		if list[0].Person != human("stella") {
			list[0], list[1] = list[1], list[0]
		}
		return list
	}
	if diff := cmp.Diff(want, less(r.Reach)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if r.Seq != c.Seq || r.Settled.IsZero() || r.By != human("clara") || !r.Since.Equal(clinicaltest.Now().Add(-time.Hour)) {
		t.Errorf("settled as %+v", r)
	}
	if got := h.tasksOf("edith", clinical.DestroyCopy); len(got) != 0 {
		t.Errorf("who looked at a screen has to destroy %+v", got)
	}
	seen := h.recall("clara")
	if len(seen.Reach) != 2 || !seen.Reach[0].Person.IsZero() || !seen.Reach[1].Set.IsZero() || seen.Reach[0].Role == "" {
		t.Errorf("the treating team reads %+v", seen.Reach)
	}
	if _, err := h.Recalls(t.Context(), as("stella"), patient("adult")); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("a student: %v", err)
	}
}

// What somebody took for care and to teach, outside a set, is two rows, and one
// task to destroy both.
func TestCareAndTheLibraryAreToldApart(t *testing.T) {
	h := newHouse(t, wounds())
	for i, p := range []clinical.Purpose{clinical.P2, clinical.P0} {
		h.journal.NoteLater(clinical.Event{
			At: h.now().Add(time.Duration(i) * time.Second), Act: clinical.ActServed, Caller: as("clara"), Assets: []clinical.AssetID{asset("leg")},
			Use: clinical.Use{Purpose: p, Audience: clinical.A0, Channel: clinical.Download},
		})
	}
	list, err := h.Reached(t.Context(), as("greta"), asset("leg"))
	if err != nil || len(list) < 2 || list[0].Purpose != clinical.P2 || list[1].Purpose != clinical.P0 {
		t.Errorf("reached: %+v, %v", list, err)
	}
	h.do("greta", decide(h.request("patient"), clinical.EraseCopies))
	h.settled()
	tasks := h.tasksOf("clara", clinical.DestroyCopy)
	r := h.recall("greta")
	if len(tasks) != 1 || len(r.Reach) != 2 || r.Reach[0].Task != tasks[0].ID || r.Reach[1].Task != tasks[0].ID {
		t.Errorf("asked %+v of %+v", tasks, r.Reach)
	}
}

// A crash between the act and what follows from it leaves the recall on its
// way; it is settled once, whoever starts next.
func TestRecallIsSettledAfterACrash(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"})
	next := newHouse(t) // another process over the same journal
	next.journal = h.journal
	gate, err := policy.New(policy.Options{
		Recorder: h.journal, Journal: h.journal, Reader: h.journal, Opener: h.journal, Now: h.now, Zone: clinicaltest.Zone(),
	})
	if err != nil {
		t.Fatal(err)
	}
	next.Gate = gate
	if err := gate.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	next.settled()
	if r := next.recall("greta"); len(r.Reach) != 1 || r.Settled.IsZero() {
		t.Errorf("after the crash: %+v", r)
	}
	h.settled() // the first one is still there, and finds it done
	if got := h.tasksOf("stella", clinical.DestroyCopy); len(got) != 1 {
		t.Errorf("asked %d times", len(got))
	}
}

func TestNobodyDestroysWhatAnotherConsentLeavesThem(t *testing.T) {
	second := teaching("second", "adult")
	h := newHouse(t, wounds(), clinical.Delta{Grants: []clinical.Grant{second}})
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.do("nina", clinical.WithdrawConsent{Grant: clinicaltest.ID[clinical.Grant]("teaching"), Reason: "recorded twice"})
	h.settled()
	if got := h.tasksOf("stella", clinical.DestroyCopy); len(got) != 0 {
		t.Errorf("asked to destroy %+v", got)
	}
	if r := h.recall("greta"); len(r.Reach) != 1 {
		t.Errorf("reached %+v", r.Reach)
	}
}

// Who treats the patient heard it from the patient. Who does not may have
// mistaken somebody for them.
func TestWithdrawalByAStrangerIsConfirmed(t *testing.T) {
	for who, want := range map[string]int{"clara": 0, "paula": 0, "greta": 0, "oscar": 1, "nina": 1, "edith": 1, "adam": 1} {
		h := newHouse(t, wounds())
		c := h.do(who, clinical.WithdrawConsent{Patient: patient("adult"), Reason: "said so"})
		if len(c.Tasks) != want || want == 1 && c.Tasks[0].Kind != clinical.VerifyWithdrawal {
			t.Errorf("%s: left %+v", who, c.Tasks)
		}
	}
}

func TestWithdrawalOnThePatientsWordIsConfirmed(t *testing.T) {
	h := newHouse(t, wounds())
	c := h.do("edith", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "told me in class"})
	if len(c.Tasks) != 1 || c.Tasks[0].Kind != clinical.VerifyWithdrawal || c.Tasks[0].Role != clinical.Governance {
		t.Fatalf("left %+v", c.Tasks)
	}
	h.refuses("edith", clinical.FinishTask{Task: c.Tasks[0].ID, Answer: clinical.AnswerDone}, clinical.NotFound)
	if got := h.refuses("greta", clinical.FinishTask{Task: c.Tasks[0].ID, Answer: clinical.AnswerNoCopy}, clinical.Invalid); got != "answer" {
		t.Errorf("an answer to another question: %s", got)
	}
	h.do("greta", clinical.FinishTask{Task: c.Tasks[0].ID, Answer: clinical.AnswerMistaken, Words: "a misunderstanding"})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("an answer to a task brought back %v", got)
	}
	h.do("nina", clinical.RecordConsent{Grant: teaching("again", "adult")})
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("after consenting again: %v", got)
	}
}

func TestTasksAreDoneByThoseTheyAreFor(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.do("clara", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"})
	h.settled()
	task := h.tasksOf("stella", clinical.DestroyCopy)[0]
	for _, who := range []string{"edith", "greta", "adam", "emil"} {
		h.refuses(who, clinical.FinishTask{Task: task.ID, Answer: clinical.AnswerDone}, clinical.NotFound)
	}
	if got := h.refuses("stella", clinical.FinishTask{Task: task.ID, Answer: clinical.AnswerCannot, Words: "  "}, clinical.Invalid); got != "words" {
		t.Errorf("cannot without a word: %s", got)
	}
	c := h.do("stella", clinical.FinishTask{Task: task.ID, Answer: clinical.AnswerDone})
	if done := c.Tasks[0]; done.DoneBy != human("stella") || done.DoneAt.IsZero() || done.Answer != clinical.AnswerDone {
		t.Errorf("left %+v", done)
	}
	if got := h.refuses("stella", clinical.FinishTask{Task: task.ID, Answer: clinical.AnswerDone}, clinical.Conflict); got != "done" {
		t.Errorf("twice: %s", got)
	}
	tasks, err := h.RecallTasks(t.Context(), as("greta"), task.Recall)
	if err != nil || len(tasks) != 1 || !tasks[0].Done() {
		t.Errorf("governance reads %+v, %v", tasks, err)
	}
}

func TestGovernanceAnswersForWhoHasLeft(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"})
	h.settled()
	task := h.tasksOf("stella", clinical.DestroyCopy)[0]
	left, _ := h.PersonByID(human("stella"))
	left.Disabled = true
	h.do("adam", clinical.ChangePerson{Person: left})
	if got := h.refuses("greta", clinical.FinishTask{Task: task.ID, Answer: clinical.AnswerDone}, clinical.Invalid); got != "answer" {
		t.Errorf("confirming for somebody else: %s", got)
	}
	h.do("greta", clinical.FinishTask{Task: task.ID, Answer: clinical.AnswerCannot, Words: "left in July; written to at home"})
}

func TestRefilingTellsWhoHadItAndWhereItWent(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Releases: []clinical.Release{delivered("disc", clinical.PrintOut, "clara", "leg")}})
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.do("paula", clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("child"), Reason: "labels swapped"})
	h.settled()
	r := h.recall("greta")
	if r.Cause != clinical.RecallRefile || len(r.Reach) != 1 {
		t.Fatalf("recall %+v", r)
	}
	if len(h.tasksOf("stella", clinical.DestroyCopy)) != 1 {
		t.Error("the reader is not asked to destroy their copy")
	}
	notices := h.tasksOf("greta", clinical.CorrectionNotice)
	if len(notices) != 1 || notices[0].Release != clinicaltest.ID[clinical.Release]("disc") {
		t.Errorf("notices %+v", notices)
	}
}

// A release of pictures of two patients, both of them wrong, ends once.
func TestOneReleaseEndsOnce(t *testing.T) {
	mixed := delivered("mixed", clinical.PrintOut, "clara", "leg", "hand")
	mixed.Patient = clinical.PatientID{}
	h := newHouse(t, wounds(), clinical.Delta{
		Assets: []clinical.Asset{clinicaltest.Picture("hand", "child")}, Releases: []clinical.Release{mixed},
	})
	c := h.do("paula", clinical.RefileAssets{Assets: mixed.Assets, To: patient("deceased"), Reason: "labels swapped"})
	if len(c.Releases) != 1 || len(c.Recalls) != 2 {
		t.Errorf("%d releases, %d recalls", len(c.Releases), len(c.Recalls))
	}
	h.settled()
	if got := h.tasksOf("greta", clinical.CorrectionNotice); len(got) != 2 {
		t.Errorf("notices %+v", got) // one for each of the two patients
	}
}

// delivered is a release that was handed over before the story begins.
func delivered(name string, kind clinical.ReleaseKind, by string, pictures ...string) clinical.Release {
	r := clinical.Release{
		ID: clinicaltest.ID[clinical.Release](name), Kind: kind, Authority: "request 12", Recipient: "the-journal", Patient: patient("adult"),
		Rendition: clinical.Teaching, Format: clinical.EncryptedZIP, By: human(by), At: clinicaltest.Now().Add(-5 * time.Minute),
		Delivered: clinicaltest.Now().Add(-4 * time.Minute), DeliveredBy: human(by),
	}
	for _, p := range pictures {
		r.Assets = append(r.Assets, asset(p))
	}
	return r
}

func TestWhatWasPublishedIsMarkedAndTheReleaseEnds(t *testing.T) {
	journal := teaching("journal", "adult")
	journal.Purposes, journal.NamedUse, journal.Audience, journal.ImagesShown = []clinical.Purpose{clinical.P4}, "the-journal", clinical.A5, true
	journal.Channels = clinical.Download
	elsewhere, other := delivered("elsewhere", clinical.ToJournal, "clara", "leg"), journal
	elsewhere.Recipient, other.ID, other.NamedUse = "another-journal", clinicaltest.ID[clinical.Grant]("other"), "another-journal"
	h := newHouse(t, wounds(), clinical.Delta{
		Grants: []clinical.Grant{journal, other},
		Releases: []clinical.Release{
			delivered("paper", clinical.ToJournal, "clara", "leg"), delivered("disc", clinical.PrintOut, "clara", "leg"), elsewhere,
		},
	})
	c := h.do("nina", clinical.WithdrawConsent{Grant: journal.ID, Reason: "changed her mind"})
	if len(c.Releases) != 1 || c.Releases[0].Recipient != "the-journal" || c.Releases[0].Ended.IsZero() || c.Releases[0].Why == "" {
		t.Errorf("releases after the act: %+v", c.Releases)
	}
	h.settled()
	if diff := cmp.Diff([]clinical.ReleaseID{clinicaltest.ID[clinical.Release]("paper")}, h.recall("greta").Published); diff != "" {
		t.Errorf("published -want +got:\n%s", diff)
	}
}

func TestReachedTellsGovernanceAllAndAnOwnerTheirSet(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	served, err := h.Open(t.Context(), as("clara"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, served); err != nil {
		t.Fatal(err)
	}
	if err := served.Close(); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string]int{"greta": 2, "edith": 1} {
		got, err := h.Reached(t.Context(), as(who), asset("leg"))
		if err != nil || len(got) != want {
			t.Errorf("%s: %+v, %v; want %d rows", who, got, err, want)
		}
	}
	for _, who := range []string{"emil", "clara", "paula", "stella", "adam"} {
		if _, err := h.Reached(t.Context(), as(who), asset("leg")); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: %v", who, err)
		}
	}
	if got := len(h.journal.noted(clinical.ActAuditRead)); got != 2 {
		t.Errorf("the ledger has %d questions, want 2", got)
	}
}

func TestReachedNamesWhereAPictureWasThoughNobodyOpenedIt(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Releases: []clinical.Release{delivered("disc", clinical.PrintOut, "clara", "leg")}})
	for who, want := range map[string]int{"greta": 2, "edith": 1} {
		got, err := h.Reached(t.Context(), as(who), asset("leg"))
		if err != nil || len(got) != want {
			t.Errorf("%s: %+v, %v; want %d rows", who, got, err, want)
		}
		for _, r := range got {
			if r.Times != 0 || r.Set.IsZero() == r.Release.IsZero() {
				t.Errorf("%s: %+v", who, r)
			}
		}
	}
}

// Nobody is told that nobody looked because a word was mistyped.
func TestWhoSawKnowsTheActsThatAreAskedFor(t *testing.T) {
	h := newHouse(t, wounds())
	q := clinical.EventQuery{Patient: patient("adult"), Acts: []clinical.Act{clinical.ActViewed, "asset.view"}}
	if _, err := h.WhoSaw(t.Context(), as("greta"), q); clinical.KindOf(err) != clinical.Invalid || clinical.ReasonOf(err) != "act" {
		t.Errorf("a mistyped act: %v", err)
	}
	q.Acts = clinical.Acts()
	if _, err := h.WhoSaw(t.Context(), as("greta"), q); err != nil {
		t.Errorf("every act: %v", err)
	}
}

func TestWhoSawIsWrittenDownBeforeItIsAnswered(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	q := clinical.EventQuery{Assets: []clinical.AssetID{asset("leg")}, Acts: []clinical.Act{clinical.ActServed}}
	for _, who := range []string{"greta", "adam"} {
		got, err := h.WhoSaw(t.Context(), as(who), q)
		if err != nil || len(got) != 1 || got[0].Caller.Person != human("stella") {
			t.Errorf("%s: %+v, %v", who, got, err)
		}
	}
	for _, who := range []string{"clara", "paula", "edith", "stella", "nina"} {
		if _, err := h.WhoSaw(t.Context(), as(who), q); clinical.KindOf(err) != clinical.Forbidden {
			t.Errorf("%s: %v", who, err)
		}
	}
	h.journal.fail = clinical.ErrUnavailable
	if got, err := h.WhoSaw(t.Context(), as("greta"), q); err == nil || got != nil {
		t.Errorf("answered without being written down: %v, %v", got, err)
	}
}

func TestWhoIsAskedHearsOfItAtOnce(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	c := h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"})
	nudges := h.Subscribe(t.Context(), as("stella"))
	silent := h.Subscribe(t.Context(), as("emil"))
	h.settled()
	select {
	case seq := <-nudges:
		if seq <= c.Seq {
			t.Errorf("nudged with %d", seq)
		}
	case <-time.After(30 * time.Second):
		t.Error("stella heard nothing")
	}
	select {
	case seq := <-silent:
		t.Errorf("emil heard of %d", seq)
	default:
	}
}

// One recall that cannot be settled keeps no other, and is tried again.
func TestLedgerThatCannotBeReadDelaysARecall(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"})
	h.journal.mu.Lock()
	h.journal.unread = 1 // answers once with a failure
	h.journal.mu.Unlock()
	h.settled()
	if r := h.recall("greta"); len(r.Reach) != 1 {
		t.Errorf("settled without the ledger: %+v", r)
	}
}

// A set that was read more often than the ledger is read at once is added up
// whole.
func TestEveryPageOfTheLedgerCounts(t *testing.T) {
	h := newHouse(t, wounds())
	const times = 25_000
	use := clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.Mount}
	for range times {
		h.journal.NoteLater(clinical.Event{
			At: h.now(), Act: clinical.ActServed, Caller: as("stella"), Use: use, Set: set("wounds"), Assets: []clinical.AssetID{asset("leg")},
		})
	}
	h.reads("edith", set("wounds"), "leg", clinical.ViewOnScreen)
	got, err := h.Reached(t.Context(), as("greta"), asset("leg"))
	if err != nil || len(got) != 2 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	sum := 0
	for _, r := range got {
		sum += r.Times
	}
	if sum != times+1 {
		t.Errorf("read %d times, want %d", sum, times+1)
	}
}
