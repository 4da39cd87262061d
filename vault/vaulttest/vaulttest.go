// Package vaulttest proves that a driver of the vault keeps its promises: the
// conformance suite and the benchmarks that every driver runs, also with its
// ability to fuse hidden, and wrappers that make a sound driver fail or die at
// any step, for the tests of whoever stands on drivers.
//
// A driver's own tests call Run and Bench and add only what is peculiar to it.
// It refuses nothing and keeps nothing. Start reading at Run.
package vaulttest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"fovea/clinical"
	"fovea/vault"
)

// Medium is a place that outlives a driver. Open opens what was durable there;
// whoever calls it closes the Store before opening again. Blobs may be the
// Store itself, and a vault.Fuser.
type Medium interface {
	Open(tb testing.TB) (vault.Store, vault.Blobs)
}

// Driver makes an empty Medium that lasts as long as the test.
type Driver func(tb testing.TB) Medium

// MediumFunc is a function as a Medium.
type MediumFunc func(tb testing.TB) (vault.Store, vault.Blobs)

// Open calls f.
func (f MediumFunc) Open(tb testing.TB) (vault.Store, vault.Blobs) {
	tb.Helper()
	return f(tb)
}

// Run runs the whole suite against d, first as it is and then, if it can fuse,
// with that hidden.
func Run(t *testing.T, d Driver) {
	t.Helper()
	t.Run("Store", func(t *testing.T) { runStore(t, d) })
	t.Run("Blobs", func(t *testing.T) { runBlobs(t, d) })
	_, blobs := open(t, d(t))
	if _, fuses := blobs.(vault.Fuser); fuses {
		t.Run("Fuser", func(t *testing.T) { runFuser(t, d) })
		t.Run("Unfused", func(t *testing.T) { runBlobs(t, UnfusedDriver(d)) })
	}
}

// Unfused hides that b can fuse.
func Unfused(b vault.Blobs) vault.Blobs { return struct{ vault.Blobs }{b} }

// UnfusedDriver is d with that hidden.
func UnfusedDriver(d Driver) Driver {
	return func(tb testing.TB) Medium {
		m := d(tb)
		return MediumFunc(func(tb testing.TB) (vault.Store, vault.Blobs) {
			s, b := m.Open(tb)
			return s, Unfused(b)
		})
	}
}

// open opens m and closes it when the test ends.
func open(tb testing.TB, m Medium) (vault.Store, vault.Blobs) {
	tb.Helper()
	s, b := m.Open(tb)
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s, b
}

// reopen closes s and opens m again.
func reopen(tb testing.TB, m Medium, s vault.Store) (vault.Store, vault.Blobs) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Fatalf("close: %v", err)
	}
	return open(tb, m)
}

// ID returns the n-th of a row of IDs.
func ID(n int) clinical.BlobID {
	return clinical.BlobID{0: 1, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

// Bytes returns n bytes that look sealed, the same for the same seed.
func Bytes(seed uint64, n int) []byte {
	b := make([]byte, n)
	fill(seed, b)
	return b
}

func fill(seed uint64, b []byte) {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	_, _ = r.Read(b) // never fails
}

// wantKind fails the test unless err is of kind k.
func wantKind(tb testing.TB, what string, err error, k clinical.Kind) {
	tb.Helper()
	if err == nil || clinical.KindOf(err) != k {
		tb.Fatalf("%s: want an error of kind %q, got %v (%q)", what, k, err, clinical.KindOf(err))
	}
}

func must(tb testing.TB, what string, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("%s: %v", what, err)
	}
}

// set writes pairs of keys and values in one transaction.
func set(tb testing.TB, s vault.Store, pairs ...string) {
	tb.Helper()
	must(tb, "update", s.Update(tb.Context(), func(t vault.Txn) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := t.Set([]byte(pairs[i]), []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	}))
}

// get reads one value; absent is "<none>".
func get(tb testing.TB, s vault.Store, key string) string {
	tb.Helper()
	value := "<none>"
	must(tb, "view", s.View(tb.Context(), func(r vault.Reader) error {
		b, err := r.Get([]byte(key))
		if err == nil {
			value = string(b)
		}
		if clinical.KindOf(err) == clinical.NotFound {
			return nil
		}
		return err
	}))
	return value
}

// pairs reads what Scan gives, as key=value.
func pairs(r vault.Reader, prefix, from string) ([]string, error) {
	var out []string
	err := r.Scan([]byte(prefix), []byte(from), func(key, value []byte) (bool, error) {
		out = append(out, string(key)+"="+string(value))
		return true, nil
	})
	return out, err
}

// put stores b and fails the test unless it is stored whole.
func put(tb testing.TB, blobs vault.Blobs, id clinical.BlobID, b []byte) {
	tb.Helper()
	n, err := blobs.PutBlob(tb.Context(), id, bytes.NewReader(b))
	if err != nil || n != int64(len(b)) {
		tb.Fatalf("put blob: %d of %d bytes, %v", n, len(b), err)
	}
}

// wantBlob fails the test unless the blob is exactly want.
func wantBlob(tb testing.TB, blobs vault.Blobs, id clinical.BlobID, want []byte) {
	tb.Helper()
	got, err := io.ReadAll(io.NewSectionReader(readerAt{tb, blobs, id}, 0, int64(len(want))+1))
	if err != nil {
		tb.Fatalf("read blob of %d bytes: %v", len(want), err)
	}
	if !bytes.Equal(got, want) {
		tb.Fatalf("blob of %d bytes reads as %d bytes, or others", len(want), len(got))
	}
}

// wantNoBlob fails the test unless reading the blob is NotFound.
func wantNoBlob(tb testing.TB, blobs vault.Blobs, id clinical.BlobID) {
	tb.Helper()
	_, err := blobs.ReadBlobAt(tb.Context(), id, make([]byte, 1), 0)
	wantKind(tb, "read absent blob", err, clinical.NotFound)
}

type readerAt struct {
	tb    testing.TB
	blobs vault.Blobs
	id    clinical.BlobID
}

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	return r.blobs.ReadBlobAt(r.tb.Context(), r.id, p, off)
}
