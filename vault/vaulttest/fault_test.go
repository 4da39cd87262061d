package vaulttest_test

import (
	"bytes"
	"errors"
	"testing"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/memstore"
	"fovea/vault/vaulttest"
)

type medium struct {
	last *memstore.Store
	wrap func(vault.Store, vault.Blobs) (vault.Store, vault.Blobs)
}

func (m *medium) Open(testing.TB) (vault.Store, vault.Blobs) {
	m.last = m.last.Reopen()
	return m.wrap(m.last, m.last)
}

func driver(wrap func(vault.Store, vault.Blobs) (vault.Store, vault.Blobs)) vaulttest.Driver {
	return func(testing.TB) vaulttest.Medium { return &medium{last: memstore.New(memstore.Options{}), wrap: wrap} }
}

func TestWrappersWithoutFaultsChangeNothing(t *testing.T) {
	t.Run("Faults", func(t *testing.T) {
		vaulttest.Run(t, driver(func(s vault.Store, b vault.Blobs) (vault.Store, vault.Blobs) {
			return (&vaulttest.Faults{}).Wrap(s, b)
		}))
	})
	t.Run("Corrupting", func(t *testing.T) {
		vaulttest.Run(t, driver(func(s vault.Store, b vault.Blobs) (vault.Store, vault.Blobs) {
			return s, vaulttest.Corrupting(b, func(clinical.BlobID, []byte, int64) {})
		}))
	})
}

// story is what the vault does to keep one picture, unfused and then fused.
func story(t *testing.T, s vault.Store, b vault.Blobs) error {
	if _, err := b.PutBlob(t.Context(), vaulttest.ID(1), bytes.NewReader(make([]byte, 5000))); err != nil {
		return err
	}
	record := func(id clinical.BlobID, fuse bool) error {
		return s.Update(t.Context(), func(x vault.Txn) error {
			if err := x.Set(id[:], []byte("exists")); err != nil {
				return err
			}
			if f, ok := b.(vault.Fuser); ok && fuse {
				return f.FuseBlob(x, id, []byte("fused"))
			}
			return nil
		})
	}
	if err := record(vaulttest.ID(1), false); err != nil {
		return err
	}
	if err := record(vaulttest.ID(2), true); err != nil {
		return err
	}
	return b.DeleteBlob(t.Context(), vaulttest.ID(2))
}

func TestEveryStepCanFailAndKill(t *testing.T) {
	var dry vaulttest.Faults
	base := memstore.New(memstore.Options{})
	s, b := dry.Wrap(base, base)
	if err := story(t, s, b); err != nil {
		t.Fatal(err)
	}
	steps := dry.Steps()
	if len(steps) != 14 {
		t.Fatalf("steps %q", steps)
	}
	for i, step := range steps {
		for _, dies := range []bool{false, true} {
			f, want := vaulttest.Faults{FailAt: i + 1}, vaulttest.ErrFault
			if dies {
				f, want = vaulttest.Faults{DieAt: i + 1}, vaulttest.ErrDead
			}
			base := memstore.New(memstore.Options{})
			s, b := f.Wrap(base, base)
			if err := story(t, s, b); !errors.Is(err, error(want)) {
				t.Fatalf("%s: %v, want %v", step, err, want)
			}
			if err := s.View(t.Context(), func(vault.Reader) error { return nil }); (err != nil) != dies {
				t.Errorf("%s: afterwards %v", step, err)
			}
			recordImpliesBlob(t, base.Reopen(), string(step))
		}
	}
}

// recordImpliesBlob is the contract of a put: a record never names bytes that
// are not there, but for those deleted on purpose.
func recordImpliesBlob(t *testing.T, s *memstore.Store, step string) {
	t.Helper()
	id := vaulttest.ID(1)
	err := s.View(t.Context(), func(r vault.Reader) error {
		_, err := r.Get(id[:])
		return err
	})
	if err != nil {
		return
	}
	if _, err := s.ReadBlobAt(t.Context(), id, make([]byte, 5000), 0); err != nil {
		t.Errorf("%s: the record is there, its blob is not: %v", step, err)
	}
}

func TestCorruptingChangesWhatIsRead(t *testing.T) {
	s := memstore.New(memstore.Options{})
	if _, err := s.PutBlob(t.Context(), vaulttest.ID(1), bytes.NewReader([]byte("abc"))); err != nil {
		t.Fatal(err)
	}
	b := vaulttest.Corrupting(s, func(_ clinical.BlobID, p []byte, off int64) { p[0] ^= byte(off) })
	p := make([]byte, 2)
	if _, err := b.ReadBlobAt(t.Context(), vaulttest.ID(1), p, 1); err != nil || string(p) != "cc" {
		t.Fatalf("%q, %v", p, err)
	}
}
