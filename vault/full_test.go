package vault_test

import (
	"bytes"
	"context"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/memstore"
)

func TestAFullDiskRefusesPicturesAndStillRecordsAWithdrawal(t *testing.T) {
	s := memstore.New(memstore.Options{Capacity: 100 << 20})
	b := onStore(t, func(o *vault.Options) {
		o.Store, o.Blobs = s, s
		o.Space = vault.GuardOptions{Keep: 99 << 20}
	})
	p := b.patient(t, "1000")
	var err error
	for i := 0; i < 5 && err == nil; i++ {
		_, err = b.keep(t.Context(), b.owner(p.ID), bytes.NewReader(picture(2<<20, byte(i))))
	}
	if clinical.KindOf(err) != clinical.Unavailable || clinical.ReasonOf(err) != vault.DiskFull {
		t.Fatalf("got %v, want disk-full", err)
	}
	g := clinical.Grant{ID: clinical.Mint[clinical.Grant](b.mint), Patient: p.ID, Status: clinical.GrantWithdrawn}
	if _, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActConsentWithdrawn), Delta: clinical.Delta{Grants: []clinical.Grant{g}}}); err != nil {
		t.Errorf("withdrawal: %v", err)
	}
	if err := b.Note(t.Context(), b.event(clinical.ActViewed)); err != nil {
		t.Errorf("ledger: %v", err)
	}
}

// endless is an upload that does not say how long it is.
type endless struct{ given int64 }

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	e.given += int64(len(p))
	return len(p), nil
}

// metered is a store whose medium fills while a blob is being put, as a disk does.
type metered struct {
	*memstore.Store
	putting atomic.Int64
}

func (m *metered) PutBlob(ctx context.Context, id clinical.BlobID, r io.Reader) (int64, error) {
	defer m.putting.Store(0)
	return m.Store.PutBlob(ctx, id, readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		m.putting.Add(int64(n))
		return n, err
	}))
}

func (m *metered) Free() (vault.Space, error) {
	space, err := m.Store.Free()
	space.Free -= min(space.Free, uint64(m.putting.Load()))
	return space, err
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestAnUploadWithoutEndStopsBeforeTheDiskIsFull(t *testing.T) {
	s := &metered{Store: memstore.New(memstore.Options{Capacity: 300 << 20})}
	b := onStore(t, func(o *vault.Options) {
		o.Store, o.Blobs = s, apart{s}
		o.Space = vault.GuardOptions{Keep: 100 << 20}
	})
	p := b.patient(t, "1000")
	before, err := s.Free()
	if err != nil {
		t.Fatal(err)
	}
	var upload endless
	if _, err := b.keep(t.Context(), b.owner(p.ID), &upload); clinical.ReasonOf(err) != vault.DiskFull {
		t.Errorf("got %v, want disk-full", err)
	}
	if upload.given > 220<<20 {
		t.Errorf("%d bytes were taken of the 200 MiB that may be filled", upload.given)
	}
	if after, err := s.Free(); err != nil || after.Free < before.Free-1<<20 {
		t.Errorf("%d bytes are left behind, %v", before.Free-after.Free, err)
	}
	b.mustKeep(t, b.owner(p.ID), picture(1000, 1))
}

// Lines that nobody waits for are writes too, and a disk that something else
// has filled to the brim kills a database that writes through mapped memory.
func TestNothingIsWrittenOnceEvenTheReserveIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		s := &filling{Store: memstore.New(memstore.Options{}), full: &full}
		b := onStore(t, func(o *vault.Options) { o.Store, o.Blobs = s, s })
		full.Store(true)
		<-time.After(2 * time.Second)
		before := s.writes.Load()
		b.NoteLater(b.event(clinical.ActListed))
		if err := b.Shelf("sessions").Put(t.Context(), "k", []byte("v")); clinical.ReasonOf(err) != vault.DiskFull {
			t.Errorf("shelf: %v, want disk-full", err)
		}
		if _, err := b.Checkpoint(t.Context()); clinical.ReasonOf(err) != vault.DiskFull {
			t.Errorf("checkpoint: %v, want disk-full", err)
		}
		<-time.After(6 * time.Second)
		if n := s.writes.Load() - before; n != 0 || b.Healthy() {
			t.Errorf("%d writes to a full disk; healthy: %v", n, b.Healthy())
		}
		full.Store(false)
		<-time.After(3 * time.Second)
		if got := b.audit(t).Acts[string(clinical.ActListed)]; got != 1 || !b.Healthy() {
			t.Errorf("the line is written %d times once there is room; healthy: %v", got, b.Healthy())
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

// filling is a store on a disk that can be full, and counts what is written.
type filling struct {
	*memstore.Store
	full   *atomic.Bool
	writes atomic.Int64
}

func (s *filling) Free() (vault.Space, error) {
	if s.full.Load() {
		return vault.Space{Total: 1 << 40}, nil
	}
	return s.Store.Free()
}

func (s *filling) Update(ctx context.Context, f func(vault.Txn) error) error {
	s.writes.Add(1)
	return s.Store.Update(ctx, f)
}
