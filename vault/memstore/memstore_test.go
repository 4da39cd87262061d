package memstore_test

import (
	"bytes"
	"testing"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/memstore"
	"fovea/vault/vaulttest"
)

// medium is the memory that every opening shares.
type medium struct{ last *memstore.Store }

func (m *medium) Open(testing.TB) (vault.Store, vault.Blobs) {
	m.last = m.last.Reopen()
	return m.last, m.last
}

func driver(testing.TB) vaulttest.Medium { return &medium{last: memstore.New(memstore.Options{})} }

func TestConformance(t *testing.T) { vaulttest.Run(t, driver) }

func TestFullMemoryIsUnavailableAndRecovers(t *testing.T) {
	s := memstore.New(memstore.Options{Capacity: 1000})
	write := func(n int) error {
		return s.Update(t.Context(), func(x vault.Txn) error { return x.Set([]byte("k"), make([]byte, n)) })
	}
	if err := write(900); err != nil {
		t.Fatal(err)
	}
	_, err := s.PutBlob(t.Context(), vaulttest.ID(1), bytes.NewReader(make([]byte, 200)))
	if clinical.KindOf(err) != clinical.Unavailable || clinical.ReasonOf(err) != vault.DiskFull {
		t.Fatalf("put: %v", err)
	}
	if err := write(10); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutBlob(t.Context(), vaulttest.ID(1), bytes.NewReader(make([]byte, 200))); err != nil {
		t.Fatal(err)
	}
	if space, err := s.Free(); err != nil || space.Free != 1000-11-200 {
		t.Fatalf("free %d, %v", space.Free, err)
	}
}

func BenchmarkDriver(b *testing.B) { vaulttest.Bench(b, driver) }
