package policy_test

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// journal is a vault in memory, as the gate sees one: it checks every Rev,
// numbers changes and pictures, and hands the records back.
type journal struct {
	mu       sync.Mutex
	moved    chan struct{}
	entries  []clinical.Change
	rev      map[[16]byte]uint64
	assets   map[clinical.AssetID]clinical.Asset
	all      clinical.Delta // in order of commit; the newest of an ID counts
	ordinals uint32
	notes    []clinical.Event
	before   func(clinical.Change) // called before a commit takes the lock
	fail     error                 // of Commit and Note
	unread   int                   // how many times Events fails
	once     error                 // of the next Commit
}

func newJournal() *journal {
	return &journal{moved: make(chan struct{}), rev: map[[16]byte]uint64{}, assets: map[clinical.AssetID]clinical.Asset{}}
}

func (j *journal) Commit(_ context.Context, c clinical.Change) (clinical.Change, error) {
	if j.before != nil {
		j.before(c)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		return clinical.Change{}, j.fail
	}
	if err := j.once; err != nil {
		j.once = nil
		return clinical.Change{}, err
	}
	c.Seq = uint64(len(j.entries)) + 1
	c.Delta = clone(c.Delta)
	if !j.fresh(&c.Delta) {
		return clinical.Change{}, clinical.Errorf(clinical.Conflict, "journal: stale")
	}
	for i := range c.Delta.Assets {
		a := &c.Delta.Assets[i]
		if a.Rev == 0 {
			j.ordinals++
			a.Ordinal = j.ordinals
		}
	}
	revs(&c.Delta, func(id [16]byte, rev *uint64) {
		*rev = c.Seq
		j.rev[id] = c.Seq
	})
	for _, a := range c.Delta.Assets {
		j.assets[a.ID] = a
	}
	join(&j.all, c.Delta)
	j.entries = append(j.entries, c)
	close(j.moved)
	j.moved = make(chan struct{})
	return c, nil
}

// refuse has the next commit fail.
func (j *journal) refuse(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.once = err
}

func (j *journal) fresh(d *clinical.Delta) bool {
	ok := true
	revs(d, func(id [16]byte, rev *uint64) { ok = ok && j.rev[id] == *rev })
	return ok
}

func (j *journal) Load(_ context.Context, f func(clinical.Delta) error) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return uint64(len(j.entries)), f(j.all)
}

func (j *journal) Changes(ctx context.Context, after uint64, limit int) ([]clinical.Change, error) {
	for {
		j.mu.Lock()
		n, moved := uint64(len(j.entries)), j.moved
		if n > after {
			out := slices.Clone(j.entries[after:min(n, after+uint64(limit))])
			j.mu.Unlock()
			return out, nil
		}
		j.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (j *journal) Note(_ context.Context, e clinical.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.notes = append(j.notes, e)
	return j.fail
}

// Events reads the notes and the acts back, as a ledger does.
func (j *journal) Events(_ context.Context, q clinical.EventQuery) ([]clinical.Recorded, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		return nil, j.fail
	}
	if j.unread > 0 {
		j.unread--
		return nil, clinical.ErrUnavailable
	}
	var out []clinical.Recorded
	for n, e := range j.notes {
		if uint64(n) >= q.After && asked(q, e) && len(out) < cmp.Or(q.Limit, 1000) {
			out = append(out, clinical.Recorded{Leaf: uint64(n), Event: e})
		}
	}
	return out, nil
}

func asked(q clinical.EventQuery, e clinical.Event) bool {
	switch {
	case !q.Patient.IsZero() && e.Patient != q.Patient, !q.Person.IsZero() && e.Caller.Person != q.Person,
		!q.Set.IsZero() && e.Set != q.Set, len(q.Acts) > 0 && !slices.Contains(q.Acts, e.Act),
		!q.From.IsZero() && e.At.Before(q.From), !q.To.IsZero() && !e.At.Before(q.To):
		return false
	}
	return len(q.Assets) == 0 || slices.ContainsFunc(e.Assets, func(id clinical.AssetID) bool { return slices.Contains(q.Assets, id) })
}

func (j *journal) NoteLater(e clinical.Event) { _ = j.Note(context.Background(), e) }

func (j *journal) noted(act clinical.Act) []clinical.Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []clinical.Event
	for _, e := range j.notes {
		if e.Act == act {
			out = append(out, e)
		}
	}
	return out
}

func (j *journal) Asset(_ context.Context, id clinical.AssetID) (clinical.Asset, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	a, ok := j.assets[id]
	if !ok {
		return a, clinical.Errorf(clinical.NotFound, "journal: no asset %s", id)
	}
	return a, nil
}

func (j *journal) Renditions(_ context.Context, id clinical.AssetID) ([]clinical.Rendition, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []clinical.Rendition
	for _, r := range j.all.Renditions {
		if r.Asset == id {
			out = append(out, r)
		}
	}
	return out, nil
}

func (j *journal) Edits(_ context.Context, id clinical.AssetID) (clinical.Edits, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	newest := clinical.Edits{Asset: id}
	for _, e := range j.all.Edits {
		if e.Asset == id && e.Rev >= newest.Rev {
			newest = e
		}
	}
	return newest, nil
}

func (j *journal) Quality(_ context.Context, id clinical.AssetID) (clinical.Quality, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	newest := clinical.Quality{Asset: id}
	for _, q := range j.all.Qualities {
		if q.Asset == id && q.Rev >= newest.Rev {
			newest = q
		}
	}
	return newest, nil
}

// pixels is what every blob holds.
func pixels() []byte { return bytes.Repeat([]byte("pixels, invented. "), 40_000) }

type content struct {
	*bytes.Reader
	closed *bool
}

func (c content) Close() error { *c.closed = true; return nil }
func (c content) Size() int64  { return c.Reader.Size() }

func (j *journal) Open(context.Context, clinical.BlobID) (clinical.Content, error) {
	return content{bytes.NewReader(pixels()), new(bool)}, nil
}

// revs calls f for the ID and Rev of every record that policy proposes.
func revs(d *clinical.Delta, f func([16]byte, *uint64)) {
	for i := range d.People {
		f(d.People[i].ID, &d.People[i].Rev)
	}
	for i := range d.Patients {
		f(d.Patients[i].ID, &d.Patients[i].Rev)
	}
	for i := range d.Encounters {
		f(d.Encounters[i].ID, &d.Encounters[i].Rev)
	}
	for i := range d.Lesions {
		f(d.Lesions[i].ID, &d.Lesions[i].Rev)
	}
	for i := range d.Jobs {
		f(d.Jobs[i].ID, &d.Jobs[i].Rev)
	}
	for i := range d.Sessions {
		f(d.Sessions[i].ID, &d.Sessions[i].Rev)
	}
	for i := range d.Runs {
		f(d.Runs[i].ID, &d.Runs[i].Rev)
	}
	for i := range d.Landings {
		f(d.Landings[i].ID, &d.Landings[i].Rev)
	}
	for i := range d.Assets {
		f(d.Assets[i].ID, &d.Assets[i].Rev)
	}
	for i := range d.Edits {
		id := d.Edits[i].Asset
		id[15] ^= 0xff // they have their picture's
		f(id, &d.Edits[i].Rev)
	}
	for i := range d.Renditions {
		f(d.Renditions[i].ID, &d.Renditions[i].Rev)
	}
	for i := range d.Grants {
		f(d.Grants[i].ID, &d.Grants[i].Rev)
	}
	for i := range d.Holds {
		f(d.Holds[i].ID, &d.Holds[i].Rev)
	}
	for i := range d.Sets {
		f(d.Sets[i].ID, &d.Sets[i].Rev)
	}
	for i := range d.Items {
		f(d.Items[i].ID, &d.Items[i].Rev)
	}
	for i := range d.Releases {
		f(d.Releases[i].ID, &d.Releases[i].Rev)
	}
	for i := range d.Glasses {
		f(d.Glasses[i].ID, &d.Glasses[i].Rev)
	}
	for i := range d.Tasks {
		f(d.Tasks[i].ID, &d.Tasks[i].Rev)
	}
	for i := range d.Recalls {
		f(d.Recalls[i].ID, &d.Recalls[i].Rev)
	}
	for i := range d.Codes {
		f(d.Codes[i].ID, &d.Codes[i].Rev)
	}
	for i := range d.Erasures {
		f(d.Erasures[i].ID, &d.Erasures[i].Rev)
	}
	for i := range d.Retentions {
		f(d.Retentions[i].ID, &d.Retentions[i].Rev)
	}
}

func clone(d clinical.Delta) clinical.Delta {
	var out clinical.Delta
	join(&out, d)
	return out
}

func join(to *clinical.Delta, d clinical.Delta) {
	to.People = append(to.People, d.People...)
	to.Patients = append(to.Patients, d.Patients...)
	to.Encounters = append(to.Encounters, d.Encounters...)
	to.Lesions = append(to.Lesions, d.Lesions...)
	to.Jobs = append(to.Jobs, d.Jobs...)
	to.Sessions = append(to.Sessions, d.Sessions...)
	to.Runs = append(to.Runs, d.Runs...)
	to.Landings = append(to.Landings, d.Landings...)
	to.Assets = append(to.Assets, d.Assets...)
	to.Edits = append(to.Edits, d.Edits...)
	to.Renditions = append(to.Renditions, d.Renditions...)
	to.Qualities = append(to.Qualities, d.Qualities...)
	to.Grants = append(to.Grants, d.Grants...)
	to.Holds = append(to.Holds, d.Holds...)
	to.Sets = append(to.Sets, d.Sets...)
	to.Items = append(to.Items, d.Items...)
	to.Releases = append(to.Releases, d.Releases...)
	to.Glasses = append(to.Glasses, d.Glasses...)
	to.Tasks = append(to.Tasks, d.Tasks...)
	to.Recalls = append(to.Recalls, d.Recalls...)
	to.Codes = append(to.Codes, d.Codes...)
	to.Erasures = append(to.Erasures, d.Erasures...)
	to.Retentions = append(to.Retentions, d.Retentions...)
}

// everything finds whatever its scope holds, and nothing else.
type everything struct{}

func (everything) Search(_ context.Context, _ clinical.Query, s clinical.Scope) (clinical.Found, error) {
	var f clinical.Found
	s.Each(func(n uint32) bool {
		f.Ordinals = append(f.Ordinals, n)
		f.Total++
		return true
	})
	return f, nil
}

// house is a gate over a journal, with a clock that the test moves.
type house struct {
	*policy.Gate
	t       testing.TB
	journal *journal
	mu      sync.Mutex
	clock   time.Time
}

func newHouse(t testing.TB, more ...clinical.Delta) *house {
	t.Helper()
	return newHouseWith(t, policy.Limits{VerbalTeaching: true}, more...)
}

// newHouseWith is a gate with limits of its own.
func newHouseWith(t testing.TB, limits policy.Limits, more ...clinical.Delta) *house {
	t.Helper()
	return newHouseOf(t, policy.Options{Limits: limits}, more)
}

// newHouseMaking is a gate that has somebody to make what is not there.
func newHouseMaking(t testing.TB, m *maker, more ...clinical.Delta) *house {
	t.Helper()
	return newHouseOf(t, policy.Options{Limits: policy.Limits{VerbalTeaching: true}, Maker: m}, more)
}

func newHouseOf(t testing.TB, opt policy.Options, more []clinical.Delta) *house {
	t.Helper()
	h := &house{t: t, journal: newJournal(), clock: clinicaltest.Now()}
	h.write(clinicaltest.Hospital())
	for _, d := range more {
		h.write(d)
	}
	opt.Recorder, opt.Journal, opt.Reader, opt.Opener, opt.Searcher, opt.Keeper = h.journal, h.journal, h.journal, h.journal, everything{}, h.journal
	opt.Now, opt.Zone, opt.ETagKey = h.now, clinicaltest.Zone(), [32]byte{1}
	gate, err := policy.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	h.Gate = gate
	if err := gate.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

// run follows the journal until the test ends.
func (h *house) run() {
	h.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	h.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			h.t.Errorf("Run: %v", err)
		}
	})
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

// write puts records into the journal as ingest or the darkroom would.
func (h *house) write(d clinical.Delta) clinical.Change {
	h.t.Helper()
	c, err := h.journal.Commit(context.Background(), clinical.Change{Event: clinical.Event{At: h.now()}, Delta: d})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func as(login string) clinical.Caller {
	return clinical.Caller{Person: clinicaltest.ID[clinical.Person](login), Door: clinical.DoorAPI}
}

func (h *house) do(login string, cmd clinical.Command) clinical.Change {
	h.t.Helper()
	c, err := h.Do(h.t.Context(), as(login), cmd)
	if err != nil {
		h.t.Fatalf("%s: %T: %v", login, cmd, err)
	}
	return c
}

// refuses is the Reason with which an act is refused.
func (h *house) refuses(login string, cmd clinical.Command, kind clinical.Kind) clinical.Reason {
	h.t.Helper()
	_, err := h.Do(h.t.Context(), as(login), cmd)
	if err == nil || clinical.KindOf(err) != kind {
		h.t.Errorf("%s: %T: got %v (%v), want %v", login, cmd, err, clinical.KindOf(err), kind)
	}
	return clinical.ReasonOf(err)
}

// wounds is a published set of one consented picture of the adult.
func wounds() clinical.Delta {
	return clinical.Delta{
		Assets:     []clinical.Asset{clinicaltest.Picture("leg", "adult")},
		Grants:     []clinical.Grant{clinicaltest.Teaching("teaching", "adult")},
		Sets:       []clinical.TeachingSet{clinicaltest.Set("wounds")},
		Items:      []clinical.SetItem{clinicaltest.Item("wounds", "leg", 12)},
		Renditions: []clinical.Rendition{clinicaltest.Slide("leg")},
	}
}

func asset(name string) clinical.AssetID     { return clinicaltest.ID[clinical.Asset](name) }
func patient(name string) clinical.PatientID { return clinicaltest.ID[clinical.Patient](name) }
func set(name string) clinical.SetID         { return clinicaltest.ID[clinical.TeachingSet](name) }
func human(name string) clinical.PersonID    { return clinicaltest.ID[clinical.Person](name) }
