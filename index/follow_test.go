package index_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/index"
)

func ordinals(tb testing.TB, x *index.Index, j *journal, text string) []uint32 {
	tb.Helper()
	got := find(tb, x, clinical.Query{Text: text, Sort: "oldest", Limit: 500}, j.everything()).Ordinals
	slices.Sort(got)
	return got
}

func TestFollowingKeepsUpWithEveryRecordThatIsJoined(t *testing.T) {
	j := newJournal()
	p, q := patient(j, "Lefevre", "Anne", "111222333"), patient(j, "Ortega", "Pilar", "444555666")
	j.commit(clinical.Delta{Patients: []clinical.Patient{p, q}})
	job := clinical.Job{ID: clinical.Mint[clinical.Job](j.mint), Number: "26-0007", Patient: p.ID}
	j.commit(clinical.Delta{Jobs: []clinical.Job{job}})
	a := asset(j, p.ID, "scar")
	a.Job = job.ID
	b := asset(j, q.ID, "burn")
	j.commit(clinical.Delta{Assets: []clinical.Asset{a, b}})
	x := open(t, t.TempDir())
	follow(t, x, j)

	step := func(name string, d clinical.Delta, want map[string][]uint32) {
		t.Helper()
		wait(t, x, j.commit(d))
		for text, o := range want {
			if diff := cmp.Diff(o, ordinals(t, x, j, text)); diff != "" {
				t.Errorf("%s: %q (-want +got)\n%s", name, text, diff)
			}
		}
	}
	step("loaded", clinical.Delta{}, map[string][]uint32{"lefevre": {0}, "111222333": {0}, "26-0007": {0}, "ortega": {1}})

	p.Family, p.Identifiers[0].Value = "Moreau", "777888999"
	step("renamed", clinical.Delta{Patients: []clinical.Patient{p}},
		map[string][]uint32{"lefevre": nil, "moreau": {0}, "111222333": nil, "777888999": {0}, "scar": {0}})

	job.Number = "26-0008"
	step("renumbered", clinical.Delta{Jobs: []clinical.Job{job}}, map[string][]uint32{"26-0007": nil, "26-0008": {0}})

	b.Caption = "healed"
	step("described", clinical.Delta{Assets: []clinical.Asset{b}}, map[string][]uint32{"burn": nil, "healed": {1}})

	a.Patient, a.Job = q.ID, clinical.JobID{}
	step("refiled", clinical.Delta{Assets: []clinical.Asset{a}},
		map[string][]uint32{"moreau": nil, "ortega": {0, 1}, "26-0008": nil})

	q.MergedInto = p.ID
	step("merged", clinical.Delta{Patients: []clinical.Patient{q}}, map[string][]uint32{"moreau": {0, 1}, "ortega": {0, 1}})
	if got := find(t, x, clinical.Query{Patient: p.ID}, j.everything()).Total; got != 2 {
		t.Errorf("the survivor's page finds %d, want 2", got)
	}
	p.Given = "Solange"
	step("survivor renamed", clinical.Delta{Patients: []clinical.Patient{p}}, map[string][]uint32{"solange": {0, 1}})
	q.MergedInto = clinical.PatientID{}
	step("unmerged", clinical.Delta{Patients: []clinical.Patient{q}}, map[string][]uint32{"moreau": nil, "ortega": {0, 1}})

	a.State = clinical.Erased
	step("erased", clinical.Delta{Assets: []clinical.Asset{a}}, map[string][]uint32{"ortega": {1}, "scar": nil, "": {1}})
}

func TestIndexGoesOnWhereItStopped(t *testing.T) {
	j := newJournal()
	p := patient(j, "Test", "Ada")
	j.commit(clinical.Delta{Patients: []clinical.Patient{p}})
	dir := t.TempDir()
	for round := range 4 {
		x, err := index.Open(index.Options{Dir: dir, Key: testKey(7)})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- x.Follow(t.Context(), j) }()
		var last uint64
		for range 10 {
			last = j.commit(clinical.Delta{Assets: []clinical.Asset{asset(j, p.ID, "ulcer")}})
		}
		wait(t, x, last)
		if got := len(ordinals(t, x, j, "ulcer")); got != 10*(round+1) {
			t.Errorf("round %d: %d found", round, got)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatalf("a closed index ended Follow with %v", err)
		}
		if _, err := x.Search(t.Context(), clinical.Query{}, j.everything()); clinical.KindOf(err) != clinical.Unavailable {
			t.Errorf("search after Close: %v", err)
		}
		if err := x.WaitFor(t.Context(), last+1); clinical.KindOf(err) != clinical.Unavailable {
			t.Errorf("wait after Close: %v", err)
		}
	}
	if j.loads != 1 {
		t.Errorf("everything was loaded %d times, want once", j.loads)
	}
}

// TestAnIndexAheadOfItsJournalStartsOver puts an older vault under an index: a picture that came after it would be
// found under the ordinal of another, which somebody else may see.
func TestAnIndexAheadOfItsJournalStartsOver(t *testing.T) {
	dir := t.TempDir()
	for _, round := range []struct {
		captions []string
		want     int
	}{{[]string{"scar", "burn", "ulcer"}, 1}, {[]string{"scar", "graft"}, 0}} {
		j := newJournal()
		p := patient(j, "Test", "Ada")
		last := j.commit(clinical.Delta{Patients: []clinical.Patient{p}})
		for _, c := range round.captions {
			last = j.commit(clinical.Delta{Assets: []clinical.Asset{asset(j, p.ID, c)}})
		}
		x, err := index.Open(index.Options{Dir: dir, Key: testKey(7)})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- x.Follow(t.Context(), j) }()
		end := time.After(10 * time.Second)
		for x.Seq() != last {
			select {
			case <-end:
				t.Fatalf("the index is at %d, its journal at %d", x.Seq(), last)
			case <-time.After(time.Millisecond):
			}
		}
		if got := len(ordinals(t, x, j, "burn")); got != round.want {
			t.Errorf("%v: a burn is found %d times, want %d", round.captions, got, round.want)
		}
		if got := len(ordinals(t, x, j, "scar")); got != 1 {
			t.Errorf("%v: a scar is found %d times", round.captions, got)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// TestLoadCutShortStartsOver stops the first load in its middle, as a crash would: what was written is kept, nothing
// is missing afterwards and nothing is there twice.
func TestLoadCutShortStartsOver(t *testing.T) {
	j := newJournal()
	p := patient(j, "Test", "Ada")
	d := clinical.Delta{Patients: []clinical.Patient{p}}
	for range 1200 {
		d.Assets = append(d.Assets, asset(j, p.ID, "ulcer"))
	}
	j.commit(d)
	dir := t.TempDir()
	x, err := index.Open(index.Options{Dir: dir, Key: testKey(7)})
	if err != nil {
		t.Fatal(err)
	}
	cut := errors.New("cut")
	stopped := &stopping{journal: j, err: cut}
	if err := x.Follow(t.Context(), stopped); !errors.Is(err, cut) {
		t.Fatalf("want the cut, got %v", err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, dir)
	if x.Seq() != 0 {
		t.Fatalf("half a load counts as %d", x.Seq())
	}
	follow(t, x, j)
	wait(t, x, 1)
	if f := find(t, x, clinical.Query{Text: "test ulcer"}, j.everything()); f.Total != 1200 {
		t.Errorf("%d found, want 1200", f.Total)
	}
}

// lingering is a journal whose reader is stopped in the very moment in which it no longer waits for more changes.
type lingering struct {
	*journal
	stop  context.CancelFunc
	asset clinical.Asset
}

func (l *lingering) Changes(ctx context.Context, after uint64, limit int) ([]clinical.Change, error) {
	if _, short := ctx.Deadline(); !short {
		l.commit(clinical.Delta{Assets: []clinical.Asset{l.asset}})
		return l.journal.Changes(ctx, after, limit)
	}
	<-ctx.Done()
	l.stop()
	return nil, ctx.Err()
}

// TestStoppedWhileLingeringIsNoFailure ends a command that has just changed something: both clocks run out together.
func TestStoppedWhileLingeringIsNoFailure(t *testing.T) {
	j := newJournal()
	p := patient(j, "Test", "Ada")
	j.commit(clinical.Delta{Patients: []clinical.Patient{p}})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if err := open(t, t.TempDir()).Follow(ctx, &lingering{journal: j, stop: stop, asset: asset(j, p.ID, "ulcer")}); err != nil {
		t.Errorf("stopping is a failure: %v", err)
	}
}

// TestRebuildAnswersAllTheWhileAndMissesNothing rebuilds under another key while pictures arrive and people search.
func TestRebuildAnswersAllTheWhileAndMissesNothing(t *testing.T) {
	j := newJournal()
	p := patient(j, "Test", "Ada")
	d := clinical.Delta{Patients: []clinical.Patient{p}}
	for range 1500 {
		d.Assets = append(d.Assets, asset(j, p.ID, "ulcer"))
	}
	j.commit(d)
	dir := t.TempDir()
	x, err := index.Open(index.Options{Dir: dir, Key: testKey(7)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- x.Follow(t.Context(), j) }()
	wait(t, x, 1)

	var arriving sync.WaitGroup
	j.mu.Lock()
	j.during = func() {
		for range 30 {
			j.commit(clinical.Delta{Assets: []clinical.Asset{asset(j, p.ID, "burn")}})
			if f := find(t, x, clinical.Query{Text: "ulcer"}, j.everything()); f.Total != 1500 {
				t.Errorf("%d found while rebuilding", f.Total)
			}
		}
		arriving.Go(func() {
			for range 30 {
				j.commit(clinical.Delta{Assets: []clinical.Asset{asset(j, p.ID, "burn")}})
			}
		})
	}
	j.mu.Unlock()
	x.Rekey(testKey(9))
	var reports []uint64
	if err := x.Rebuild(t.Context(), j, func(done, total uint64) {
		if done > total {
			t.Errorf("%d of %d", done, total)
		}
		reports = append(reports, done)
	}); err != nil {
		t.Fatal(err)
	}
	arriving.Wait()
	wait(t, x, j.commit(clinical.Delta{Assets: []clinical.Asset{asset(j, p.ID, "burn")}}))
	if got := len(ordinals(t, x, j, "burn")); got != 61 {
		t.Errorf("%d burns found, want 61", got)
	}
	if len(reports) < 2 || !slices.IsSorted(reports) || reports[len(reports)-1] < 1500 {
		t.Errorf("reports %v", reports)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "g*")); len(left) != 1 {
		t.Errorf("generations left: %d", len(left))
	}
	if _, err := index.Open(index.Options{Dir: dir, Key: testKey(7)}); clinical.KindOf(err) != clinical.Corrupt {
		t.Errorf("the old key: want Corrupt, got %v", err)
	}
	x, err = index.Open(index.Options{Dir: dir, Key: testKey(9)})
	if err != nil {
		t.Fatal(err)
	}
	if f := find(t, x, clinical.Query{}, j.everything()); f.Total != 1561 {
		t.Errorf("after reopening %d, want 1561", f.Total)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRebuildThatFailsLeavesTheOldIndexAnswering(t *testing.T) {
	j := newJournal()
	p := patient(j, "Test", "Ada")
	d := clinical.Delta{Patients: []clinical.Patient{p}}
	for range 700 {
		d.Assets = append(d.Assets, asset(j, p.ID, "ulcer"))
	}
	j.commit(d)
	dir := t.TempDir()
	x := open(t, dir)
	follow(t, x, j)
	wait(t, x, 1)
	cut := errors.New("cut")
	if err := x.Rebuild(t.Context(), &stopping{journal: j, err: cut}, nil); !errors.Is(err, cut) {
		t.Fatalf("want the cut, got %v", err)
	}
	if f := find(t, x, clinical.Query{Text: "ulcer"}, j.everything()); f.Total != 700 {
		t.Errorf("%d found", f.Total)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "g*")); len(left) != 1 {
		t.Errorf("generations left: %d", len(left))
	}
}

func TestOnePictureDoesNotWaitForABatch(t *testing.T) {
	j := newJournal()
	p := patient(j, "Test", "Ada")
	j.commit(clinical.Delta{Patients: []clinical.Patient{p}})
	x := open(t, t.TempDir())
	follow(t, x, j)
	wait(t, x, 1)
	start := time.Now()
	wait(t, x, j.commit(clinical.Delta{Assets: []clinical.Asset{asset(j, p.ID, "ulcer")}}))
	if f := find(t, x, clinical.Query{Text: "ulcer"}, j.everything()); f.Total != 1 {
		t.Fatalf("%d found", f.Total)
	}
	t.Logf("searchable after %v", time.Since(start))
}
