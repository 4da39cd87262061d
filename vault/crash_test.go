package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/memstore"
)

var errPower = errors.New("power cut")

// mains counts the steps of everything that touches the medium and cuts the
// power at one of them: that step and all later ones fail.
type mains struct {
	steps atomic.Int64
	cutAt int64
}

func (m *mains) step() error {
	if m.cutAt >= 0 && m.steps.Add(1) > m.cutAt {
		return errPower
	}
	return nil
}

// fragile is a store on a mains: a transaction may fail before it begins,
// before it is durable, and after, when nobody hears of it any more.
type fragile struct {
	*memstore.Store
	*mains
}

type fragileTxn struct {
	vault.Txn
}

func (s *fragile) Update(ctx context.Context, f func(vault.Txn) error) error {
	if err := s.step(); err != nil {
		return err
	}
	err := s.Store.Update(ctx, func(t vault.Txn) error {
		if err := f(fragileTxn{t}); err != nil {
			return err
		}
		return s.step()
	})
	if err != nil {
		return err
	}
	return s.step()
}

func (s *fragile) FuseBlob(t vault.Txn, id clinical.BlobID, sealed []byte) error {
	return s.Store.FuseBlob(t.(fragileTxn).Txn, id, sealed)
}

func (s *fragile) PutBlob(ctx context.Context, id clinical.BlobID, r io.Reader) (int64, error) {
	if err := s.step(); err != nil {
		return 0, err
	}
	n, err := s.Store.PutBlob(ctx, id, r)
	if err != nil {
		return n, err
	}
	return n, s.step()
}

func (s *fragile) DeleteBlob(ctx context.Context, id clinical.BlobID) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.Store.DeleteBlob(ctx, id)
}

// apart is a Blobs that does not share its transactions.
type apart struct{ vault.Blobs }

// fragileKeys is a key wrapper on a mains.
type fragileKeys struct {
	vault.KeyWrapper
	*mains
}

func (k fragileKeys) Wrap(ctx context.Context, key []byte) ([]byte, error) {
	if err := k.step(); err != nil {
		return nil, err
	}
	return k.KeyWrapper.Wrap(ctx, key)
}

// told is what the vault said was done.
type told struct {
	kept map[clinical.AssetID][]byte
	gone map[clinical.AssetID]clinical.BlobID
	acts map[clinical.Act]int64
	left []clinical.PatientID // erased whole
}

// day is a short day's work; it ends at the first error.
func (b *bench) day(ctx context.Context, done *told) error {
	p := clinical.Patient{ID: clinical.Mint[clinical.Patient](b.mint), Identifiers: []clinical.Identifier{{System: "hospital", Value: "4711"}}}
	if _, err := b.Commit(ctx, clinical.Change{Event: b.event(clinical.ActPatientAdded), Delta: clinical.Delta{Patients: []clinical.Patient{p}}}); err != nil {
		return err
	}
	done.acts[clinical.ActPatientAdded]++
	var assets []clinical.Asset
	for i := range 4 {
		o := b.owner(p.ID)
		if i == 0 {
			o = clinical.Owner{Studio: "studio-a", Asset: o.Asset}
		}
		data := picture(70_000*i+10, byte(i))
		a, err := b.keep(ctx, o, bytes.NewReader(data))
		if err != nil {
			return err
		}
		assets = append(assets, a)
		done.kept[a.ID] = data
		done.acts[clinical.ActAssetKept]++
	}
	assets[0].Patient, assets[0].State = p.ID, clinical.Filed
	if _, err := b.Commit(ctx, clinical.Change{Event: b.event(clinical.ActQuarantineFiled), Delta: clinical.Delta{Assets: assets[:1]}}); err != nil {
		return err
	}
	done.acts[clinical.ActQuarantineFiled]++
	for i, state := range []clinical.AssetState{clinical.Discarded, clinical.Erased} {
		a := assets[i+1]
		a.State = state
		delete(done.kept, a.ID) // from now on either is right, until it is said
		if _, err := b.Commit(ctx, clinical.Change{Event: b.event(clinical.ActDiscarded), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}); err != nil {
			return err
		}
		done.gone[a.ID] = a.Original.ID
		done.acts[clinical.ActDiscarded]++
	}
	if err := b.forgetSomebody(ctx, done); err != nil {
		return err
	}
	if err := b.Note(ctx, b.event(clinical.ActViewed)); err != nil {
		return err
	}
	done.acts[clinical.ActViewed]++
	return nil
}

func TestAPowerCutLosesNothingThatWasAcknowledgedAndShowsNothingByHalves(t *testing.T) {
	for _, fused := range []bool{true, false} {
		for cut := int64(0); ; cut++ {
			b := newBench(t)
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			m := &mains{cutAt: -1}
			f := &fragile{Store: b.store.Reopen(), mains: m}
			sound := b.opt
			b.opt.Store, b.opt.Keys = f, fragileKeys{sound.Keys, m}
			b.opt.Blobs = f
			if !fused {
				b.opt.Blobs = apart{f}
			}
			b.open(t)
			m.cutAt = cut
			done := told{map[clinical.AssetID][]byte{}, map[clinical.AssetID]clinical.BlobID{}, map[clinical.Act]int64{}, nil}
			err := b.day(t.Context(), &done)
			dead := b.Vault
			after := f.Store.Reopen()
			_ = dead.Close()
			b.opt = sound
			b.store = after
			b.opt.Store, b.opt.Blobs = after, after
			b.open(t)
			b.holds(t, fmt.Sprintf("fused %t, cut at step %d", fused, cut), done)
			if err == nil {
				if cut < 20 {
					t.Fatalf("the day had %d steps only", cut)
				}
				break
			}
			if !errors.Is(err, clinical.ErrUnavailable) {
				t.Errorf("cut at step %d: the caller was told %v", cut, err)
			}
		}
	}
}

// holds checks that the vault keeps every promise of done.
func (b *bench) holds(t *testing.T, when string, done told) {
	t.Helper()
	for id, data := range done.kept {
		a, err := b.Asset(t.Context(), id)
		if err != nil {
			t.Errorf("%s: asset: %v", when, err)
			continue
		}
		if !bytes.Equal(b.read(t, a.Original.ID), data) {
			t.Errorf("%s: bytes differ", when)
		}
	}
	for _, id := range done.left {
		if p, err := b.Patient(t.Context(), id); err != nil || p.Erased.IsZero() || len(p.Identifiers) > 0 {
			t.Errorf("%s: an erased patient is %+v, %v", when, p, err)
		}
	}
	for id, blob := range done.gone {
		if a, err := b.Asset(t.Context(), id); err != nil || !a.State.Gone() {
			t.Errorf("%s: an erased asset is %v, %v", when, a.State, err)
		}
		if _, err := b.Vault.Open(t.Context(), blob); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: erased bytes open: %v", when, err)
		}
	}
	r, err := b.Fsck(t.Context(), vault.FsckOptions{Deep: true})
	if err != nil || !r.Clean() {
		t.Errorf("%s: fsck found %v, %v", when, r.Findings, err)
	}
	sum := b.audit(t)
	for act, n := range done.acts {
		if sum.Acts[string(act)] < n {
			t.Errorf("%s: the ledger has %d of %s, %d were acknowledged", when, sum.Acts[string(act)], act, n)
		}
	}
}

func TestUnreferencedBytesAreSweptAfterADay(t *testing.T) {
	now := time.Now()
	s := memstore.New(memstore.Options{Now: func() time.Time { return now }})
	b := onStore(t, func(o *vault.Options) {
		o.Store, o.Blobs, o.Now = s, apart{s}, func() time.Time { return now }
	})
	p := b.patient(t, "1000")
	kept := b.mustKeep(t, b.owner(p.ID), picture(1000, 1))
	stray := clinical.Mint[clinical.Blob](b.mint)
	if _, err := s.PutBlob(t.Context(), stray, bytes.NewReader([]byte("left behind"))); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		age  time.Duration
		want int
	}{{23 * time.Hour, 0}, {25 * time.Hour, 1}, {25 * time.Hour, 0}} {
		start := now
		now = now.Add(tt.age)
		n, err := b.Sweep(t.Context())
		if err != nil || n != tt.want {
			t.Errorf("after %v: swept %d, %v; want %d", tt.age, n, err, tt.want)
		}
		now = start
	}
	if err := b.Verify(t.Context(), kept.Original.ID); err != nil {
		t.Error(err)
	}
}

// A slow upload, or a clock that is put right meanwhile, makes bytes look a day
// old before their change is committed.
func TestBytesOnTheirWayAreNotSweptHoweverOldTheyLook(t *testing.T) {
	now := time.Now()
	s := memstore.New(memstore.Options{Now: func() time.Time { return now }})
	b := onStore(t, func(o *vault.Options) {
		o.Store, o.Blobs, o.Now = s, apart{s}, func() time.Time { return now }
	})
	owner := b.owner(b.patient(t, "1000").ID)
	c, err := b.Put(t.Context(), owner, reader(picture(1000, 1)), func(blob clinical.Blob) (clinical.Change, error) {
		now = now.Add(25 * time.Hour)
		if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("swept %d, %v", n, err)
		}
		a := clinical.Asset{ID: owner.Asset, State: clinical.Filed, Patient: owner.Patient, Original: blob}
		return clinical.Change{Event: b.event(clinical.ActAssetKept), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(t.Context(), c.Delta.Assets[0].Original.ID); err != nil {
		t.Error(err)
	}
}

// torn is a store whose next commit reaches the disk and then reports failure.
type torn struct {
	*memstore.Store
	next atomic.Bool
}

func (s *torn) Update(ctx context.Context, f func(vault.Txn) error) error {
	err := s.Store.Update(ctx, f)
	if s.next.CompareAndSwap(true, false) {
		return errors.Join(errPower, err)
	}
	return err
}

func TestACommitThatMayHaveHappenedKeepsItsBytes(t *testing.T) {
	now := time.Now()
	s := &torn{Store: memstore.New(memstore.Options{Now: func() time.Time { return now }})}
	b := onStore(t, func(o *vault.Options) {
		o.Store, o.Blobs, o.Now = s, apart{s.Store}, func() time.Time { return now }
	})
	owner := b.owner(b.patient(t, "1000").ID)
	s.next.Store(true)
	if _, err := b.keep(t.Context(), owner, reader(picture(1000, 1))); err == nil {
		t.Fatal("kept, though the commit said that it failed")
	}
	a, err := b.Asset(t.Context(), owner.Asset)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(t.Context(), a.Original.ID); err != nil {
		t.Error(err)
	}
}
