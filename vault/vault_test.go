package vault_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/memstore"
)

// bench is a vault on a memory store that can be closed and opened again.
type bench struct {
	*vault.Vault
	opt   vault.Options
	store *memstore.Store
	mint  *clinical.Minter
	photo clinical.PersonID
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	dir := tb.TempDir()
	if err := vault.CreateKeyFile(filepath.Join(dir, "key")); err != nil {
		tb.Fatal(err)
	}
	s := memstore.New(memstore.Options{})
	b := &bench{store: s, mint: clinical.NewMinter(nil, nil)}
	b.opt = vault.Options{Dir: filepath.Join(dir, "keys"), Keys: vault.KeyFile(filepath.Join(dir, "key")), Store: s, Blobs: s}
	v, r, err := vault.Init(tb.Context(), b.opt)
	if err != nil {
		tb.Fatal(err)
	}
	if len(r.Identities) != 2 {
		tb.Fatalf("Init made %d recovery identities, want 2", len(r.Identities))
	}
	b.Vault = v
	b.photo = clinical.Mint[clinical.Person](b.mint)
	tb.Cleanup(func() { _ = b.Vault.Close() })
	return b
}

// reopen closes the vault properly and opens it again.
func (b *bench) reopen(tb testing.TB) {
	tb.Helper()
	if err := b.Close(); err != nil {
		tb.Fatal(err)
	}
	b.open(tb)
}

func (b *bench) open(tb testing.TB) {
	tb.Helper()
	v, err := vault.Open(tb.Context(), b.opt)
	if err != nil {
		tb.Fatal(err)
	}
	b.Vault = v
}

func (b *bench) event(act clinical.Act) clinical.Event {
	return clinical.Event{At: time.Now(), Act: act, Caller: clinical.Caller{Person: b.photo, Door: clinical.DoorIngest}}
}

// patient commits a new patient with a number.
func (b *bench) patient(tb testing.TB, number string) clinical.Patient {
	tb.Helper()
	p := clinical.Patient{
		ID: clinical.Mint[clinical.Patient](b.mint), Family: "Doolittle", Given: "Eliza",
		Identifiers: []clinical.Identifier{{System: "hospital", Value: number}},
	}
	c, err := b.Commit(tb.Context(), clinical.Change{Event: b.event(clinical.ActPatientAdded), Delta: clinical.Delta{Patients: []clinical.Patient{p}}})
	if err != nil {
		tb.Fatal(err)
	}
	return c.Patients[0]
}

func (b *bench) owner(p clinical.PatientID) clinical.Owner {
	return clinical.Owner{Patient: p, Asset: clinical.Mint[clinical.Asset](b.mint)}
}

// keep puts bytes as a filed asset of the owner.
func (b *bench) keep(ctx context.Context, o clinical.Owner, r io.Reader) (clinical.Asset, error) {
	c, err := b.Put(ctx, o, r, func(blob clinical.Blob) (clinical.Change, error) {
		a := clinical.Asset{ID: o.Asset, State: clinical.Filed, Patient: o.Patient, Studio: "studio-a", Original: blob, Caption: "varicose ulcer"}
		if o.Patient.IsZero() {
			a.State, a.Studio = clinical.Quarantined, o.Studio
		}
		return clinical.Change{Event: b.event(clinical.ActAssetKept), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}, nil
	})
	if err != nil {
		return clinical.Asset{}, err
	}
	return c.Delta.Assets[0], nil
}

func (b *bench) mustKeep(tb testing.TB, o clinical.Owner, data []byte) clinical.Asset {
	tb.Helper()
	a, err := b.keep(tb.Context(), o, bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func (b *bench) read(tb testing.TB, id clinical.BlobID) []byte {
	tb.Helper()
	c, err := b.Vault.Open(tb.Context(), id)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	data, err := io.ReadAll(c)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func reader(data []byte) io.Reader { return bytes.NewReader(data) }

// picture returns n bytes that depend on seed.
func picture(n int, seed byte) []byte {
	out := make([]byte, n)
	x := uint32(seed) + 1
	for i := range out {
		x = x*1664525 + 1013904223
		out[i] = byte(x >> 24)
	}
	return out
}

func TestWhatWasPutIsThereAfterReopening(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	for _, size := range []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 3<<20 + 17} {
		data := picture(size, byte(size))
		a := b.mustKeep(t, b.owner(p.ID), data)
		if a.Rev == 0 || a.Ordinal == 0 {
			t.Errorf("asset came back with rev %d, ordinal %d", a.Rev, a.Ordinal)
		}
		if err := b.Verify(t.Context(), a.Original.ID); err != nil {
			t.Errorf("verify %d bytes: %v", size, err)
		}
		b.reopen(t)
		if got := b.read(t, a.Original.ID); !bytes.Equal(got, data) {
			t.Errorf("%d bytes read back otherwise", size)
		}
		got, err := b.Asset(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, got); diff != "" {
			t.Errorf("asset -want +got:\n%s", diff)
		}
	}
}

func TestAStaleRecordIsAConflictAndNothingIsWritten(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	before := b.Head()
	stale := p
	stale.Rev--
	fresh := clinical.Patient{ID: clinical.Mint[clinical.Patient](b.mint)}
	_, err := b.Commit(t.Context(), clinical.Change{
		Event: b.event(clinical.ActPatientChanged),
		Delta: clinical.Delta{Patients: []clinical.Patient{fresh, stale}},
	})
	if !errors.Is(err, clinical.ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	if b.Head() != before {
		t.Errorf("the journal grew from %d to %d", before, b.Head())
	}
	if _, err := b.Patient(t.Context(), fresh.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("the other record of the change: got %v, want not found", err)
	}
}

func TestFollowersSeeEveryChangeOnceAndInOrder(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	p.Family = "Higgins"
	c, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActPatientChanged), Delta: clinical.Delta{Patients: []clinical.Patient{p}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Changes(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var acts []clinical.Act
	for i, g := range got {
		if g.Seq != uint64(i+1) {
			t.Errorf("entry %d has number %d", i+1, g.Seq)
		}
		acts = append(acts, g.Act)
	}
	if diff := cmp.Diff([]clinical.Act{clinical.ActInit, clinical.ActPatientAdded, clinical.ActPatientChanged}, acts); diff != "" {
		t.Errorf("acts -want +got:\n%s", diff)
	}
	if now := got[1].Patients[0]; now.Family != "Higgins" || now.Rev != c.Seq {
		t.Errorf("an old entry gives the record as it was, not as it is now")
	}
	var loaded int
	seq, err := b.Load(t.Context(), func(d clinical.Delta) error { loaded += len(d.Patients); return nil })
	if err != nil || seq != c.Seq || loaded != 1 {
		t.Errorf("Load: %d patients at %d, %v; want 1 at %d", loaded, seq, err, c.Seq)
	}
}

func TestTheSameBytesOfOneOwnerAreADuplicate(t *testing.T) {
	b := newBench(t)
	p, q := b.patient(t, "1000"), b.patient(t, "2000")
	data := picture(100_000, 1)
	a := b.mustKeep(t, b.owner(p.ID), data)
	_, err := b.keep(t.Context(), b.owner(p.ID), bytes.NewReader(data))
	d, ok := errors.AsType[*clinical.Duplicate](err)
	if !ok || d.Asset != a.ID {
		t.Fatalf("got %v, want a duplicate of %s", err, a.ID)
	}
	id, err := b.FindDigest(t.Context(), clinical.Owner{Patient: p.ID}, a.Original.SHA256)
	if err != nil || id != a.ID {
		t.Errorf("FindDigest: %s, %v", id, err)
	}
	b.mustKeep(t, b.owner(q.ID), data)
}

func TestADiscardedPictureIsGoneForGood(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	a := b.mustKeep(t, b.owner(p.ID), picture(200_000, 7))
	a.State = clinical.Discarded
	if _, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActDiscarded), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := b.Vault.Open(t.Context(), a.Original.ID); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("open: got %v, want not found", err)
		}
		b.reopen(t)
	}
}

func TestARefiledPictureIsSealedUnderItsNewPatient(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	data := picture(200_000, 7)
	a := b.mustKeep(t, clinical.Owner{Studio: "studio-a", Asset: clinical.Mint[clinical.Asset](b.mint)}, data)
	a.Patient, a.State = p.ID, clinical.Filed
	if _, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActQuarantineFiled), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}); err != nil {
		t.Fatal(err)
	}
	b.reopen(t)
	if got := b.read(t, a.Original.ID); !bytes.Equal(got, data) {
		t.Error("bytes read back otherwise")
	}
	if _, err := b.FindDigest(t.Context(), clinical.Owner{Patient: p.ID}, a.Original.SHA256); err != nil {
		t.Errorf("FindDigest under the new owner: %v", err)
	}
	if _, err := b.FindDigest(t.Context(), clinical.Owner{Studio: "studio-a"}, a.Original.SHA256); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("FindDigest under the old owner: got %v, want not found", err)
	}
}

func TestAShelfKeepsWhatWasPutOnIt(t *testing.T) {
	b := newBench(t)
	s := b.Shelf("sessions")
	if err := s.Put(t.Context(), "one", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := b.Shelf("locks").Put(t.Context(), "one", []byte("other")); err != nil {
		t.Fatal(err)
	}
	b.reopen(t)
	s = b.Shelf("sessions")
	got := map[string]string{}
	if err := s.Each(t.Context(), func(k string, v []byte) error { got[k] = string(v); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"one": "1"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := s.Delete(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "one"); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
}
