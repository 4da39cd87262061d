package vault_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/vault"
)

func (b *bench) events(tb testing.TB, q clinical.EventQuery) []clinical.Recorded {
	tb.Helper()
	list, err := b.Events(tb.Context(), q)
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

func TestWhatWasNotedAMomentAgoIsInTheAnswerWithItsNamesBack(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	a := b.mustKeep(t, b.owner(p.ID), picture(1000, 1))
	who := clinical.Person{ID: clinical.Mint[clinical.Person](b.mint), Login: "higgins"}
	if _, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActPersonAdded), Delta: clinical.Delta{People: []clinical.Person{who}}}); err != nil {
		t.Fatal(err)
	}
	want := clinical.Event{
		At: time.Date(2026, 3, 1, 9, 0, 0, 5, time.UTC), Act: clinical.ActServed,
		Caller:  clinical.Caller{Person: who.ID, Operator: "root", Door: clinical.DoorWebDAV, Device: "tablet", Remote: "192.0.2.7"},
		Use:     clinical.Use{Purpose: clinical.P2b, Audience: clinical.A1, Channel: clinical.Mount},
		Patient: p.ID, Assets: []clinical.AssetID{a.ID}, Rule: "teaching", Count: 1000,
	}
	said := want
	said.Note = "for the ward round"
	b.NoteLater(said)
	got := b.events(t, clinical.EventQuery{Person: who.ID, Acts: []clinical.Act{clinical.ActServed}})
	if len(got) != 1 {
		t.Fatalf("%d entries, want 1", len(got))
	}
	if got[0].Caller.Device == "" || got[0].Caller.Device == "tablet" {
		t.Errorf("device %q, want its hash", got[0].Caller.Device)
	}
	want.Caller.Device = got[0].Caller.Device
	if d := cmp.Diff(want, got[0].Event); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
	stranger := b.events(t, clinical.EventQuery{Person: b.photo, Acts: []clinical.Act{clinical.ActAssetKept}})
	if len(stranger) != 1 || !stranger[0].Caller.Person.IsZero() {
		t.Errorf("an unknown person resolves to %v", stranger)
	}
	if got[0].Seq != 0 || stranger[0].Seq != a.Rev {
		t.Errorf("changes %d and %d, want 0 where nothing was changed and %d", got[0].Seq, stranger[0].Seq, a.Rev)
	}
}

// world is a vault whose ledger has many entries about few subjects.
type world struct {
	*bench
	people   []clinical.PersonID
	patients []clinical.PatientID
	assets   []clinical.AssetID
	sets     []clinical.SetID
	start    time.Time
}

func newWorld(t *testing.T, entries int) *world {
	t.Helper()
	w := &world{bench: newBench(t), start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	var d clinical.Delta
	for i := range 3 {
		p := clinical.Patient{ID: clinical.Mint[clinical.Patient](w.mint)}
		d.Patients, w.patients = append(d.Patients, p), append(w.patients, p.ID)
		u := clinical.Person{ID: clinical.Mint[clinical.Person](w.mint), Login: fmt.Sprint("reader", i)}
		d.People, w.people = append(d.People, u), append(w.people, u.ID)
		s := clinical.TeachingSet{ID: clinical.Mint[clinical.TeachingSet](w.mint), Name: fmt.Sprint("set", i)}
		d.Sets, w.sets = append(d.Sets, s), append(w.sets, s.ID)
		for range 4 {
			a := clinical.Asset{ID: clinical.Mint[clinical.Asset](w.mint), State: clinical.Filed, Patient: p.ID}
			d.Assets, w.assets = append(d.Assets, a), append(w.assets, a.ID)
		}
	}
	if _, err := w.Commit(t.Context(), clinical.Change{Event: w.event(clinical.ActPatientAdded), Delta: d}); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range entries {
		w.NoteLater(w.look(random, i))
		if i%1000 == 0 {
			w.events(t, clinical.EventQuery{Limit: 1}) // so that the queue never overflows
		}
	}
	return w
}

func (w *world) look(r *rand.Rand, i int) clinical.Event {
	e := clinical.Event{At: w.start.Add(time.Duration(i) * time.Minute), Act: clinical.ActViewed}
	if r.IntN(2) == 0 {
		e.Act = clinical.ActServed
	}
	if n := r.IntN(4); n < 3 {
		e.Caller.Person = w.people[n]
	}
	if n := r.IntN(4); n < 3 {
		e.Patient = w.patients[n]
	}
	if n := r.IntN(6); n < 3 {
		e.Set = w.sets[n]
	}
	for range r.IntN(4) {
		e.Assets = append(e.Assets, w.assets[r.IntN(len(w.assets))])
	}
	return e
}

func (w *world) query(r *rand.Rand) clinical.EventQuery {
	var q clinical.EventQuery
	if r.IntN(3) == 0 {
		q.Person = w.people[r.IntN(3)]
	}
	if r.IntN(3) == 0 {
		q.Patient = w.patients[r.IntN(3)]
	}
	if r.IntN(3) == 0 {
		q.Set = w.sets[r.IntN(3)]
	}
	for range max(0, r.IntN(8)-3) {
		q.Assets = append(q.Assets, w.assets[r.IntN(len(w.assets))])
	}
	if r.IntN(3) == 0 {
		q.Acts = []clinical.Act{clinical.ActServed}
	}
	if r.IntN(4) == 0 {
		q.From = w.start.Add(time.Duration(r.IntN(3000)) * time.Minute)
		q.To = q.From.Add(time.Duration(r.IntN(3000)) * time.Minute)
	}
	return q
}

// answers is what the documentation of EventQuery says, word by word.
func answers(q clinical.EventQuery, e clinical.Recorded) bool {
	return (q.Person.IsZero() || e.Caller.Person == q.Person) && (q.Patient.IsZero() || e.Patient == q.Patient) &&
		(q.Set.IsZero() || e.Set == q.Set) && (len(q.Acts) == 0 || slices.Contains(q.Acts, e.Act)) &&
		(len(q.Assets) == 0 || slices.ContainsFunc(e.Assets, func(a clinical.AssetID) bool { return slices.Contains(q.Assets, a) })) &&
		(q.From.IsZero() || !e.At.Before(q.From)) && (q.To.IsZero() || e.At.Before(q.To))
}

func leaves(list []clinical.Recorded) []uint64 {
	out := make([]uint64, 0, len(list))
	for _, e := range list {
		out = append(out, e.Leaf)
	}
	return out
}

func (w *world) agrees(t *testing.T, questions int) {
	t.Helper()
	all := w.events(t, clinical.EventQuery{Limit: 10_000})
	random := rand.New(rand.NewPCG(3, 4))
	for range questions {
		q := w.query(random)
		var want []uint64
		for _, e := range all {
			if answers(q, e) {
				want = append(want, e.Leaf)
			}
		}
		var got []uint64
		for q.Limit = 1 + random.IntN(1500); ; {
			page := leaves(w.events(t, q))
			got = append(got, page...)
			if len(page) < q.Limit {
				break
			}
			q.After = page[len(page)-1] + 1
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v: %d entries, want %d", q, len(got), len(want))
		}
	}
}

func TestEveryQuestionIsAnsweredInPagesAsByReadingTheWholeLedger(t *testing.T) {
	newWorld(t, 6000).agrees(t, 100)
}

// forget takes the indexes away: a vault from before them.
func forget(t *testing.T, s vault.Store) {
	t.Helper()
	err := s.Update(t.Context(), func(x vault.Txn) error {
		for _, prefix := range []string{"e", "n", "p", "mevents"} {
			err := x.Scan([]byte(prefix), nil, func(key, _ []byte) (bool, error) { return true, x.Delete(slices.Clone(key)) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAVaultFromBeforeTheIndexGetsItWhenOpened(t *testing.T) {
	w := newWorld(t, 5000)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	forget(t, w.store)
	m := &mains{cutAt: -1}
	sound := w.opt
	w.opt.Store = &fragile{Store: w.store, mains: m}
	for cut := int64(1); ; cut++ {
		m.cutAt = cut
		m.steps.Store(0)
		v, err := vault.Open(t.Context(), w.opt)
		if err == nil {
			m.cutAt = -1
			w.Vault = v
			break
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.opt = sound
	w.open(t)
	w.agrees(t, 20)
	if r, err := w.Fsck(t.Context(), vault.FsckOptions{}); err != nil || !r.Clean() {
		t.Errorf("fsck: %v, %v", r.Findings, err)
	}
}

func TestFsckFindsAnEntryThatTheIndexHides(t *testing.T) {
	w := newWorld(t, 10)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	err := w.store.Update(t.Context(), func(x vault.Txn) error {
		for _, prefix := range []string{"e", "n", "p"} {
			err := x.Scan([]byte(prefix), nil, func(key, _ []byte) (bool, error) { return false, x.Delete(slices.Clone(key)) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.open(t)
	r, err := w.Fsck(t.Context(), vault.FsckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[clinical.Reason]int{}
	for _, f := range r.Findings {
		got[f.Reason]++
	}
	if d := cmp.Diff(map[clinical.Reason]int{"not-listed": 2, "not-named": 1}, got); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
}

func TestEventsThatCannotBeWrittenAreNoShortAnswer(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Events(ctx, clinical.EventQuery{}); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
	if _, err := b.Events(t.Context(), clinical.EventQuery{Limit: 10_001}); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("got %v, want invalid", err)
	}
}
