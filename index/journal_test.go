package index_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/index"
)

// journal is a vault in memory, as far as the index needs one.
type journal struct {
	mu       sync.Mutex
	changes  []clinical.Change
	assets   map[clinical.AssetID]clinical.Asset
	patients map[clinical.PatientID]clinical.Patient
	jobs     map[clinical.JobID]clinical.Job
	order    []clinical.AssetID
	moved    chan struct{}
	mint     *clinical.Minter
	loads    int
	during   func() // called once in the middle of a Load
}

// seeded are random bits that are the same every time.
type seeded struct{ r *rand.Rand }

func (s seeded) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s.r.Uint32())
	}
	return len(p), nil
}

func newJournal() *journal {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	return &journal{
		assets: map[clinical.AssetID]clinical.Asset{}, patients: map[clinical.PatientID]clinical.Patient{},
		jobs: map[clinical.JobID]clinical.Job{}, moved: make(chan struct{}),
		mint: clinical.NewMinter(func() time.Time { return at }, seeded{rand.New(rand.NewPCG(1, 2))}),
	}
}

// commit gives the records their Rev (and new assets their Ordinal) and appends an entry. It returns its number.
func (j *journal) commit(d clinical.Delta) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	seq := uint64(len(j.changes) + 1)
	for i := range d.Patients {
		d.Patients[i].Rev = seq
		j.patients[d.Patients[i].ID] = d.Patients[i]
	}
	for i := range d.Jobs {
		d.Jobs[i].Rev = seq
		j.jobs[d.Jobs[i].ID] = d.Jobs[i]
	}
	for i := range d.Assets {
		a := &d.Assets[i]
		a.Rev = seq
		if old, ok := j.assets[a.ID]; ok {
			a.Ordinal = old.Ordinal
		} else {
			a.Ordinal = uint32(len(j.order))
			j.order = append(j.order, a.ID)
		}
		j.assets[a.ID] = *a
	}
	j.changes = append(j.changes, clinical.Change{Seq: seq, Delta: d})
	close(j.moved)
	j.moved = make(chan struct{})
	return seq
}

func (j *journal) Head() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return uint64(len(j.changes))
}

// Load hands the pictures out before what they are joined with, which is the harder order.
func (j *journal) Load(_ context.Context, each func(clinical.Delta) error) (uint64, error) {
	j.mu.Lock()
	j.loads++
	seq := uint64(len(j.changes))
	var assets []clinical.Asset
	for _, id := range j.order {
		assets = append(assets, j.assets[id])
	}
	var rest clinical.Delta
	for _, p := range j.patients {
		rest.Patients = append(rest.Patients, p)
	}
	for _, job := range j.jobs {
		rest.Jobs = append(rest.Jobs, job)
	}
	during := j.during
	j.during = nil
	j.mu.Unlock()
	for i, some := range slices.Collect(slices.Chunk(assets, 500)) {
		if i == 1 && during != nil {
			during()
		}
		if err := each(clinical.Delta{Assets: some}); err != nil {
			return 0, err
		}
	}
	return seq, each(rest)
}

func (j *journal) Changes(ctx context.Context, after uint64, limit int) ([]clinical.Change, error) {
	for {
		j.mu.Lock()
		if int(after) < len(j.changes) {
			out := slices.Clone(j.changes[after:min(int(after)+limit, len(j.changes))])
			j.mu.Unlock()
			return out, nil
		}
		moved := j.moved
		j.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (j *journal) Asset(_ context.Context, id clinical.AssetID) (clinical.Asset, error) {
	return get(j, j.assets, id)
}

func (j *journal) Patient(_ context.Context, id clinical.PatientID) (clinical.Patient, error) {
	return get(j, j.patients, id)
}

func (j *journal) Job(_ context.Context, id clinical.JobID) (clinical.Job, error) {
	return get(j, j.jobs, id)
}

func get[K comparable, V any](j *journal, m map[K]V, id K) (V, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	v, ok := m[id]
	if !ok {
		return v, clinical.Errorf(clinical.NotFound, "test: no such record")
	}
	return v, nil
}

// everything is a Scope of every ordinal given out so far.
func (j *journal) everything() clinical.Scope {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := clinical.NewScope(0, time.Time{}, uint32(len(j.order)))
	for i := range j.order {
		s.Allow(uint32(i))
	}
	return s
}

func testKey(n byte) [32]byte {
	var k [32]byte
	copy(k[:], bytes.Repeat([]byte{n}, 32))
	return k
}

func open(tb testing.TB, dir string) *index.Index {
	tb.Helper()
	x, err := index.Open(index.Options{Dir: dir, Key: testKey(7)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := x.Close(); err != nil {
			tb.Error(err)
		}
	})
	return x
}

// follow runs Follow until the test ends and fails it if that ends in an error.
func follow(tb testing.TB, x *index.Index, j *journal) {
	tb.Helper()
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() { done <- x.Follow(ctx, j) }()
	tb.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
}

func wait(tb testing.TB, x *index.Index, seq uint64) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := x.WaitFor(ctx, seq); err != nil {
		tb.Fatalf("wait for %d, at %d: %v", seq, x.Seq(), err)
	}
}

func find(tb testing.TB, x *index.Index, q clinical.Query, s clinical.Scope) clinical.Found {
	tb.Helper()
	f, err := x.Search(tb.Context(), q, s)
	if err != nil {
		tb.Fatalf("search: %v", err)
	}
	return f
}

func patient(j *journal, family, given string, numbers ...string) clinical.Patient {
	p := clinical.Patient{ID: clinical.Mint[clinical.Patient](j.mint), Family: family, Given: given}
	for _, n := range numbers {
		p.Identifiers = append(p.Identifiers, clinical.Identifier{System: "test", Value: n})
	}
	return p
}

func asset(j *journal, p clinical.PatientID, caption string, keywords ...string) clinical.Asset {
	return clinical.Asset{
		ID: clinical.Mint[clinical.Asset](j.mint), State: clinical.Filed, Patient: p, Caption: caption, Keywords: keywords,
		Studio: "studio-a", Sensitivity: clinical.Plain,
	}
}

// stopping is a journal that fails in the middle of Load.
type stopping struct {
	*journal
	err error
}

func (s *stopping) Load(ctx context.Context, each func(clinical.Delta) error) (uint64, error) {
	n := 0
	return s.journal.Load(ctx, func(d clinical.Delta) error {
		if n++; n > 1 {
			return s.err
		}
		// Patients first this time, so that the first pictures are written.
		s.mu.Lock()
		for _, p := range s.patients {
			d.Patients = append(d.Patients, p)
		}
		s.mu.Unlock()
		return each(d)
	})
}
