package vault_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/badgerstore"
	"fovea/vault/memstore"
)

// decide commits the decision to erase pictures of a patient, or all of them.
func (b *bench) decide(ctx context.Context, p clinical.PatientID, assets ...clinical.AssetID) (clinical.Change, error) {
	x := clinical.Erasure{
		ID: clinical.Mint[clinical.Erasure](b.mint), Patient: p, Assets: assets, Outcome: clinical.EraseShred,
		RequestedBy: b.photo, DecidedBy: b.photo, DecidedAt: time.Now(),
	}
	e := b.event(clinical.ActErasureDecided)
	e.Patient, e.Note = p, "at the patient's request"
	return b.Commit(ctx, clinical.Change{Event: e, Delta: clinical.Delta{Erasures: []clinical.Erasure{x}}})
}

func (b *bench) mustDecide(tb testing.TB, p clinical.PatientID, assets ...clinical.AssetID) clinical.Change {
	tb.Helper()
	c, err := b.decide(tb.Context(), p, assets...)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// forgetSomebody is the part of a day in which a patient is erased whole.
func (b *bench) forgetSomebody(ctx context.Context, done *told) error {
	p := clinical.Patient{ID: clinical.Mint[clinical.Patient](b.mint), Family: "Doolittle", Identifiers: []clinical.Identifier{{System: "hospital", Value: "0815"}}}
	if _, err := b.Commit(ctx, clinical.Change{Event: b.event(clinical.ActPatientAdded), Delta: clinical.Delta{Patients: []clinical.Patient{p}}}); err != nil {
		return err
	}
	a, err := b.keep(ctx, b.owner(p.ID), bytes.NewReader(picture(100, 9)))
	if err != nil {
		return err
	}
	done.acts[clinical.ActAssetKept]++
	if _, err := b.decide(ctx, p.ID); err != nil {
		return err
	}
	done.left = append(done.left, p.ID)
	done.gone[a.ID] = a.Original.ID
	return nil
}

func TestAnErasedPatientLeavesTombstonesAndNothingToRead(t *testing.T) {
	b := newBench(t)
	other := b.patient(t, "2000")
	kept := b.mustKeep(t, b.owner(other.ID), picture(400, 9))
	p := b.patient(t, "1000")
	merged := b.patient(t, "1001")
	merged.MergedInto = p.ID
	job := clinical.Job{ID: clinical.Mint[clinical.Job](b.mint), Number: "J1", Patient: p.ID}
	c, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActJobAdded), Delta: clinical.Delta{Jobs: []clinical.Job{job}, Patients: []clinical.Patient{merged}}})
	if err != nil {
		t.Fatal(err)
	}
	job = c.Jobs[0]
	first := b.mustKeep(t, b.owner(p.ID), picture(300, 1))
	thumb := b.rendition(t, first, picture(20, 2))
	second := b.mustKeep(t, b.owner(merged.ID), picture(300, 3))
	thrown := b.end(t, b.mustKeep(t, b.owner(p.ID), picture(300, 4)), clinical.Discarded)
	said := b.mustDecide(t, p.ID)
	if got := said.Erasures[0].Pictures; got != 2 {
		t.Errorf("%d pictures erased, want 2", got)
	}
	for range 2 {
		for _, a := range []clinical.Asset{first, second, thrown} {
			got, err := b.Asset(t.Context(), a.ID)
			want := clinical.Asset{ID: a.ID, Rev: said.Seq, Ordinal: a.Ordinal, State: clinical.Erased, Reason: "erased", Patient: a.Patient, Studio: a.Studio, Original: clinical.Blob{ID: a.Original.ID}}
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("%v, want -, got +\n%s", err, d)
			}
			b.unreadable(t, a.Original.ID)
		}
		b.unreadable(t, thumb.Blob.ID)
		if list, err := b.Renditions(t.Context(), first.ID); err != nil || len(list) != 1 || !list[0].Blob.ID.IsZero() || list[0].Failed != "destroyed" {
			t.Errorf("renditions %+v, %v", list, err)
		}
		for _, id := range []clinical.PatientID{p.ID, merged.ID} {
			got, err := b.Patient(t.Context(), id)
			if err != nil || got.Erased.IsZero() || got.Family != "" || len(got.Identifiers) != 0 {
				t.Errorf("patient %+v, %v", got, err)
			}
		}
		if _, err := b.Job(t.Context(), job.ID); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("job: %v, want not found", err)
		}
		if !bytes.Equal(b.read(t, kept.Original.ID), picture(400, 9)) {
			t.Error("another patient's picture changed")
		}
		b.soundAndFollowed(t, []clinical.AssetID{first.ID, second.ID, thrown.ID}, p.ID)
		b.reopen(t)
	}
	// The numbers are free: whoever comes back is a new patient.
	b.patient(t, "1000")
	again := clinical.Job{ID: clinical.Mint[clinical.Job](b.mint), Number: "J1"}
	if _, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActJobAdded), Delta: clinical.Delta{Jobs: []clinical.Job{again}}}); err != nil {
		t.Error(err)
	}
	if _, err := b.keep(t.Context(), b.owner(p.ID), reader(picture(10, 1))); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("a picture of an erased patient: %v, want not found", err)
	}
}

func (b *bench) unreadable(t *testing.T, id clinical.BlobID) {
	t.Helper()
	if _, err := b.Vault.Open(t.Context(), id); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("erased bytes: %v, want not found", err)
	}
}

// soundAndFollowed checks that fsck is content and that whoever loads the vault
// or follows its journal from the start learns that the pictures are gone, and
// nothing else of the patient.
func (b *bench) soundAndFollowed(t *testing.T, gone []clinical.AssetID, p clinical.PatientID) {
	t.Helper()
	if r, err := b.Fsck(t.Context(), vault.FsckOptions{Deep: true}); err != nil || !r.Clean() {
		t.Errorf("fsck: %v, %v", r.Findings, err)
	}
	changes, err := b.Changes(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var loaded, followed clinical.Delta
	for _, c := range changes {
		followed.Assets = append(followed.Assets, c.Delta.Assets...)
		followed.Patients = append(followed.Patients, c.Delta.Patients...)
		followed.Jobs = append(followed.Jobs, c.Delta.Jobs...)
		if c.Act == clinical.ActErasureDecided && c.Note != "" {
			t.Errorf("the note of the decision is readable: %q", c.Note)
		}
	}
	_, err = b.Load(t.Context(), func(d clinical.Delta) error {
		loaded.Assets = append(loaded.Assets, d.Assets...)
		loaded.Patients = append(loaded.Patients, d.Patients...)
		loaded.Jobs = append(loaded.Jobs, d.Jobs...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for how, d := range map[string]clinical.Delta{"loaded": loaded, "followed": followed} {
		states := map[clinical.AssetID]clinical.AssetState{}
		for _, a := range d.Assets {
			states[a.ID] = a.State
		}
		for _, id := range gone {
			if states[id] != clinical.Erased {
				t.Errorf("%s: state %q, want erased", how, states[id])
			}
		}
		for _, x := range d.Patients {
			if x.ID == p && (x.Family != "" || x.Erased.IsZero()) {
				t.Errorf("%s: the patient is %+v", how, x)
			}
		}
		if len(d.Jobs) > 0 {
			t.Errorf("%s: %d jobs", how, len(d.Jobs))
		}
	}
}

func TestAnErasureIsDoneOnlyOnceItsKeysAreAndSaysSinceWhen(t *testing.T) {
	s := &clinging{Store: memstore.New(memstore.Options{})}
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	b := onStore(t, func(o *vault.Options) {
		o.Store, o.Blobs = s, s
		o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	p := b.patient(t, "1000")
	a := b.mustKeep(t, b.owner(p.ID), picture(100, 1))
	s.clings.Store(true)
	x := b.mustDecide(t, p.ID, a.ID).Erasures[0]
	x.Done = now
	done := func() (clinical.Change, error) {
		return b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActErasureDone), Delta: clinical.Delta{Erasures: []clinical.Erasure{x}}})
	}
	if _, err := done(); clinical.ReasonOf(err) != "erasure-pending" {
		t.Fatalf("got %v, want erasure-pending", err)
	}
	s.clings.Store(false)
	mu.Lock()
	now = now.Add(time.Hour)
	mu.Unlock()
	// The next transaction carries out what is pending, the one after sees it.
	if err := b.Note(t.Context(), b.event(clinical.ActViewed)); err != nil {
		t.Fatal(err)
	}
	c, err := done()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Erasures[0].Epoch; !got.Equal(now) {
		t.Errorf("epoch %v, want %v", got, now)
	}
	if at, err := b.Epoch(t.Context()); err != nil || !at.Equal(now) {
		t.Errorf("epoch %v, %v, want %v", at, err, now)
	}
	x = c.Erasures[0]
	x.Outcome = clinical.EraseRefuse
	if _, err := done(); !errors.Is(err, clinical.ErrConflict) {
		t.Errorf("a decision that was carried out is taken back: %v", err)
	}
}

// The key of a discarded frame went when it was discarded. Copies of the keyring
// from before that day can show it, so the date that its erasure certifies is
// no earlier one.
func TestAnErasureOfWhatWasDiscardedSaysSinceWhenItsKeyIsGone(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	later := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Hour)
		return now
	}
	store := memstore.New(memstore.Options{})
	b := onStore(t, func(o *vault.Options) {
		o.Store, o.Blobs = store, store
		o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	p := b.patient(t, "1000")
	b.mustDecide(t, p.ID, b.mustKeep(t, b.owner(p.ID), picture(100, 1)).ID)
	thrown := b.mustKeep(t, b.owner(p.ID), picture(100, 2))
	discarded := later()
	thrown = b.end(t, thrown, clinical.Discarded)
	later()
	b.mustDecide(t, p.ID, thrown.ID)
	if at, err := b.Epoch(t.Context()); err != nil || at.Before(discarded) {
		t.Errorf("epoch %v (%v), but the key was there until %v", at, err, discarded)
	}
	b.unreadable(t, thrown.Original.ID)
}

// A hold that keeps another patient's picture closed, because the erased one is
// seen in it, outlives the erasure, and can still be lifted.
func TestAHoldOnAnothersPictureOutlivesThePatientWhoseItIs(t *testing.T) {
	b := newBench(t)
	p, other := b.patient(t, "1000"), b.patient(t, "2000")
	a := b.mustKeep(t, b.owner(other.ID), picture(300, 1))
	commit := func(act clinical.Act, d clinical.Delta) clinical.Change {
		t.Helper()
		c, err := b.Commit(t.Context(), clinical.Change{Event: b.event(act), Delta: d})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	hold := func() clinical.Hold {
		return clinical.Hold{ID: clinical.Mint[clinical.Hold](b.mint), Kind: clinical.Restriction, Patient: p.ID, Assets: []clinical.AssetID{a.ID}}
	}
	earlier := commit(clinical.ActHoldPlaced, clinical.Delta{Holds: []clinical.Hold{hold()}}).Holds[0]
	later := commit(clinical.ActErasureDecided, clinical.Delta{
		Holds:    []clinical.Hold{hold()},
		Erasures: []clinical.Erasure{{ID: clinical.Mint[clinical.Erasure](b.mint), Patient: p.ID, Outcome: clinical.EraseShred}},
	}).Holds[0]
	b.reopen(t)
	var got []clinical.Hold
	if _, err := b.Load(t.Context(), func(d clinical.Delta) error { got = append(got, d.Holds...); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("%d holds are left, want 2: of %s and %s", len(got), earlier.ID, later.ID)
	}
	for _, h := range got {
		h.LiftedAt = time.Now()
		commit(clinical.ActHoldLifted, clinical.Delta{Holds: []clinical.Hold{h}})
	}
	if r, err := b.Fsck(t.Context(), vault.FsckOptions{}); err != nil || !r.Clean() {
		t.Errorf("fsck: %v, %v", r.Findings, err)
	}
}

// One record of an old copy is put back: what it says is gone, and fsck tells.
func TestFsckFindsARecordThatCameBack(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	a := b.mustKeep(t, b.owner(p.ID), picture(300, 1))
	key := append([]byte("ra"), a.ID[:]...)
	var before []byte
	err := b.store.View(t.Context(), func(r vault.Reader) error {
		var err error
		before, err = r.Get(key)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b.mustDecide(t, p.ID, a.ID)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.store.Update(t.Context(), func(x vault.Txn) error { return x.Set(key, before) }); err != nil {
		t.Fatal(err)
	}
	b.open(t)
	b.unreadable(t, a.Original.ID)
	r, err := b.Fsck(t.Context(), vault.FsckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[clinical.Reason]bool{}
	for _, f := range r.Findings {
		found[f.Reason] = true
	}
	for _, want := range []clinical.Reason{"erased-came-back", "older-than-erasure", "older-than-journal"} {
		if !found[want] {
			t.Errorf("fsck does not say %s: %v", want, r.Findings)
		}
	}
}

// gated is a store whose transactions wait.
type gated struct {
	*memstore.Store
	mu sync.Mutex
}

func (g *gated) Update(ctx context.Context, f func(vault.Txn) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Store.Update(ctx, f)
}

func TestNothingIsKeptUnderAKeyThatTheSameTransactionCondemns(t *testing.T) {
	g := &gated{Store: memstore.New(memstore.Options{})}
	b := onStore(t, func(o *vault.Options) { o.Store, o.Blobs = g, apart{g} })
	p := b.patient(t, "1000")
	// The first change holds the sequencer, so that the two behind share a
	// transaction; which of them is first is left to chance.
	g.mu.Lock()
	go func() { _ = b.Note(context.WithoutCancel(t.Context()), b.event(clinical.ActViewed)) }()
	var kept clinical.Asset
	var putErr, eraseErr error
	var group sync.WaitGroup
	group.Go(func() { _, eraseErr = b.decide(t.Context(), p.ID) })
	group.Go(func() { kept, putErr = b.keep(t.Context(), b.owner(p.ID), reader(picture(100, 1))) })
	g.mu.Unlock()
	group.Wait()
	if eraseErr != nil {
		t.Fatal(eraseErr)
	}
	if putErr == nil {
		if a, err := b.Asset(t.Context(), kept.ID); err != nil || a.State != clinical.Erased {
			t.Errorf("a picture of the erased patient is %q, %v", a.State, err)
		}
	} else if !errors.Is(putErr, clinical.ErrNotFound) {
		t.Errorf("put: %v", putErr)
	}
	if r, err := b.Fsck(t.Context(), vault.FsckOptions{Deep: true}); err != nil || !r.Clean() {
		t.Errorf("fsck: %v, %v", r.Findings, err)
	}
}

// A file copy of the main store from before an erasure, put back afterwards
// beside the present keyring: nothing of what was erased can be read, and it is
// found, with the checkpoints at hand and without.
func TestAnOldCopyOfTheStorePutBackShowsNothingThatWasErased(t *testing.T) {
	b, dir := onDisk(t)
	one, all := b.patient(t, "1000"), b.patient(t, "2000")
	kept := b.mustKeep(t, b.owner(one.ID), picture(300_000, 1))
	gone := b.mustKeep(t, b.owner(one.ID), picture(300_000, 2))
	left := b.mustKeep(t, b.owner(all.ID), picture(300_000, 3))
	store := filepath.Join(dir, "store")
	shut := func() {
		t.Helper()
		if err := errors.Join(b.Close(), b.opt.Store.Close()); err != nil {
			t.Fatal(err)
		}
	}
	open := func() error {
		t.Helper()
		s, err := badgerstore.Open(t.Context(), badgerstore.Options{Dir: store})
		if err != nil {
			t.Fatal(err)
		}
		b.opt.Store, b.opt.Blobs = s, s
		v, err := vault.Open(t.Context(), b.opt)
		if err != nil {
			return errors.Join(err, s.Close())
		}
		t.Cleanup(func() { _ = s.Close() })
		b.Vault = v
		return nil
	}
	shut()
	if err := os.CopyFS(filepath.Join(dir, "copy"), os.DirFS(store)); err != nil {
		t.Fatal(err)
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	b.mustDecide(t, one.ID, gone.ID)
	b.mustDecide(t, all.ID)
	if _, err := b.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	shut()
	if err := errors.Join(os.RemoveAll(store), os.Rename(filepath.Join(dir, "copy"), store)); err != nil {
		t.Fatal(err)
	}
	if err := open(); clinical.ReasonOf(err) != "old-store" {
		t.Fatalf("opened with a checkpoint that says otherwise: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(b.opt.Dir, "checkpoints")); err != nil {
		t.Fatal(err)
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	b.unreadable(t, gone.Original.ID)
	b.unreadable(t, left.Original.ID)
	if _, err := b.Patient(t.Context(), all.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("the erased patient: %v, want not found", err)
	}
	if !bytes.Equal(b.read(t, kept.Original.ID), picture(300_000, 1)) {
		t.Error("what was not erased does not read")
	}
	r, err := b.Fsck(t.Context(), vault.FsckOptions{Deep: true})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range r.Findings {
		found[f.ID+" "+string(f.Reason)] = true
	}
	for _, want := range []string{
		gone.ID.String() + " older-than-erasure", "a/" + left.ID.String() + " older-than-erasure",
		"p/" + all.ID.String() + " older-than-erasure",
	} {
		if !found[want] {
			t.Errorf("fsck does not say %q: %v", want, r.Findings)
		}
	}
}
