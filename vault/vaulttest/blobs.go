package vaulttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/vault"
)

func runBlobs(t *testing.T, d Driver) {
	for name, test := range map[string]func(*testing.T, Driver){
		"EverySizeReadsBackAnywhere":      everySize,
		"AbsentBlobIsNotFound":            absentBlob,
		"PutIsOnce":                       putIsOnce,
		"OneOfManyPutsOfAnIDWins":         onePutWins,
		"BrokenPutLeavesNothingToRead":    brokenPut,
		"CancelledPutLeavesNothingToRead": cancelledPut,
		"DeletedBlobIsGone":               deletedBlob,
		"EachBlobTellsWhenItWasPut":       eachBlob,
		"BlobIsDurableAndNoRecord":        durableBlob,
		"ReadersBesideWriters":            readersBesideWriters,
	} {
		t.Run(name, func(t *testing.T) { test(t, d) })
	}
}

func everySize(t *testing.T, d Driver) {
	m := d(t)
	s, b := open(t, m)
	const mib = 1 << 20
	sizes := []int{0, 1, 4095, 4096, 4097, 64<<10 + 3, mib - 1, mib, mib + 1, 3*mib + 5, 16 * mib, 16*mib + 1, 33 * mib}
	if testing.Short() {
		sizes = sizes[:10]
	}
	for i, size := range sizes {
		put(t, b, ID(i), Bytes(uint64(i), size))
	}
	_, b = reopen(t, m, s)
	r := rand.New(rand.NewPCG(1, 1))
	for i, size := range sizes {
		want := bytes.NewReader(Bytes(uint64(i), size))
		wantBlob(t, b, ID(i), Bytes(uint64(i), size))
		for range 30 {
			off, n := r.Int64N(int64(size)+2), 1+r.IntN(3*mib)
			if r.IntN(2) == 0 {
				n = 1 + r.IntN(64<<10)
			}
			p, q := make([]byte, n), make([]byte, n)
			gotN, gotErr := b.ReadBlobAt(t.Context(), ID(i), p, off)
			wantN, wantErr := want.ReadAt(q, off)
			if gotN != wantN || !errors.Is(gotErr, wantErr) || !bytes.Equal(p, q) {
				t.Fatalf("%d bytes at %d of %d: %d, %v; want %d, %v", n, off, size, gotN, gotErr, wantN, wantErr)
			}
		}
		_, err := b.ReadBlobAt(t.Context(), ID(i), make([]byte, 1), -1)
		wantKind(t, "negative offset", err, clinical.Invalid)
	}
}

func absentBlob(t *testing.T, d Driver) {
	_, b := open(t, d(t))
	wantNoBlob(t, b, ID(1))
	put(t, b, ID(1), []byte("one"))
	wantNoBlob(t, b, ID(2))
	must(t, "delete an absent blob", b.DeleteBlob(t.Context(), ID(2)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.ReadBlobAt(ctx, ID(1), make([]byte, 1), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("read with a cancelled context: %v", err)
	}
}

func putIsOnce(t *testing.T, d Driver) {
	m := d(t)
	s, b := open(t, m)
	put(t, b, ID(1), []byte("one"))
	for range 2 {
		_, err := b.PutBlob(t.Context(), ID(1), bytes.NewReader([]byte("another")))
		wantKind(t, "second put", err, clinical.Conflict)
		wantBlob(t, b, ID(1), []byte("one"))
		s, b = reopen(t, m, s)
	}
}

func onePutWins(t *testing.T, d Driver) {
	_, b := open(t, d(t))
	const writers = 6
	errs := make([]error, writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() { _, errs[i] = b.PutBlob(t.Context(), ID(1), bytes.NewReader(Bytes(uint64(i), 2<<20))) })
	}
	all.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Fatal("two puts of one ID succeeded")
		case err == nil:
			won = i
		default:
			wantKind(t, "losing put", err, clinical.Conflict)
		}
	}
	if won < 0 {
		t.Fatal("no put succeeded")
	}
	wantBlob(t, b, ID(1), Bytes(uint64(won), 2<<20))
}

// breaking gives some bytes and then calls then, which may give an error.
func breaking(size int, then func() error) io.Reader {
	return io.MultiReader(bytes.NewReader(Bytes(9, size)), readerFunc(func([]byte) (int, error) {
		if err := then(); err != nil {
			return 0, err
		}
		return 0, io.EOF
	}))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func brokenPut(t *testing.T, d Driver) {
	m := d(t)
	s, b := open(t, m)
	sizes := []int{0, 1000, 1 << 20, 3<<20 + 1, 40 << 20} // the last in several transactions
	sentinel := errors.New("the camera was unplugged")
	for i, size := range sizes {
		_, err := b.PutBlob(t.Context(), ID(i), breaking(size, func() error { return sentinel }))
		if !errors.Is(err, sentinel) {
			t.Fatalf("put of %d bytes that breaks: %v", size, err)
		}
	}
	for range 2 {
		for i := range sizes {
			wantNoBlob(t, b, ID(i))
		}
		s, b = reopen(t, m, s)
	}
	for i := range sizes {
		must(t, "delete the remains", b.DeleteBlob(t.Context(), ID(i)))
		put(t, b, ID(i), []byte("again"))
		wantBlob(t, b, ID(i), []byte("again"))
	}
	if got := ids(t, b); len(got) != len(sizes) {
		t.Errorf("%d blobs, want %d", len(got), len(sizes))
	}
}

func cancelledPut(t *testing.T, d Driver) {
	_, b := open(t, d(t))
	for i, size := range []int{1000, 20 << 20} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := b.PutBlob(ctx, ID(i), breaking(size, func() error { cancel(); return nil }))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("put that is cancelled at %d bytes: %v", size, err)
		}
		wantNoBlob(t, b, ID(i))
	}
}

func deletedBlob(t *testing.T, d Driver) {
	m := d(t)
	s, b := open(t, m)
	for i, size := range []int{0, 10, 5 << 20, 18 << 20} {
		put(t, b, ID(i), Bytes(uint64(i), size))
		put(t, b, ID(100+i), []byte("neighbour"))
		must(t, "delete", b.DeleteBlob(t.Context(), ID(i)))
		must(t, "delete again", b.DeleteBlob(t.Context(), ID(i)))
	}
	for range 2 {
		for i := range 4 {
			wantNoBlob(t, b, ID(i))
			wantBlob(t, b, ID(100+i), []byte("neighbour"))
		}
		s, b = reopen(t, m, s)
	}
	put(t, b, ID(2), []byte("short"))
	wantBlob(t, b, ID(2), []byte("short"))
}

func eachBlob(t *testing.T, d Driver) {
	m := d(t)
	s, b := open(t, m)
	var want []clinical.BlobID
	began := time.Now().Truncate(time.Millisecond)
	for i := range 5 {
		put(t, b, ID(i), Bytes(1, i*1000))
		want = append(want, ID(i))
	}
	ended := time.Now()
	_, b = reopen(t, m, s)
	must(t, "each", b.EachBlob(t.Context(), func(_ clinical.BlobID, at time.Time) error {
		if at.Before(began) || at.After(ended) {
			t.Errorf("put at %v, not between %v and %v", at, began, ended)
		}
		return nil
	}))
	if diff := cmp.Diff(want, ids(t, b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	sentinel := errors.New("enough")
	if err := b.EachBlob(t.Context(), func(clinical.BlobID, time.Time) error { return sentinel }); !errors.Is(err, sentinel) {
		t.Errorf("the error of f was lost: %v", err)
	}
	// What it goes through may be deleted on the way: the sweeper does.
	must(t, "each", b.EachBlob(t.Context(), func(id clinical.BlobID, _ time.Time) error {
		return b.DeleteBlob(t.Context(), id)
	}))
	if got := ids(t, b); len(got) != 0 {
		t.Errorf("%d blobs are left", len(got))
	}
}

// ids returns the IDs of all blobs in order.
func ids(tb testing.TB, b vault.Blobs) []clinical.BlobID {
	tb.Helper()
	var out []clinical.BlobID
	must(tb, "each", b.EachBlob(tb.Context(), func(id clinical.BlobID, _ time.Time) error {
		out = append(out, id)
		return nil
	}))
	slices.SortFunc(out, clinical.BlobID.Compare)
	return out
}

func durableBlob(t *testing.T, d Driver) {
	m := d(t)
	s, b := open(t, m)
	for i := range 4 {
		put(t, b, ID(i), Bytes(uint64(i), 300_000*i))
		s, b = reopen(t, m, s)
	}
	for i := range 4 {
		wantBlob(t, b, ID(i), Bytes(uint64(i), 300_000*i))
	}
	must(t, "view", s.View(t.Context(), func(r vault.Reader) error {
		all, err := pairs(r, "", "")
		if len(all) != 0 {
			t.Errorf("%d records where only blobs were put", len(all))
		}
		return err
	}))
}

func readersBesideWriters(t *testing.T, d Driver) {
	s, b := open(t, d(t))
	put(t, b, ID(0), Bytes(0, 2<<20))
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for n := range 8 {
		readers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 0))
			want, p := Bytes(0, 2<<20), make([]byte, 64<<10)
			for {
				select {
				case <-stop:
					return
				default:
				}
				off := r.Int64N(2<<20 - 64<<10)
				if _, err := b.ReadBlobAt(t.Context(), ID(0), p, off); err != nil || !bytes.Equal(p, want[off:][:len(p)]) {
					t.Errorf("read beside writers: %v", err)
					return
				}
			}
		})
	}
	for n := range 4 {
		writers.Go(func() {
			for i := range 4 {
				id := ID(1 + 10*n + i)
				if _, err := b.PutBlob(t.Context(), id, bytes.NewReader(Bytes(uint64(n), 1<<20+i))); err != nil {
					t.Errorf("put beside readers: %v", err)
				}
				err := s.Update(t.Context(), func(x vault.Txn) error { return x.Set(id[:], []byte("exists")) })
				if err != nil {
					t.Errorf("update beside readers: %v", err)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	for n := range 4 {
		for i := range 4 {
			wantBlob(t, b, ID(1+10*n+i), Bytes(uint64(n), 1<<20+i))
		}
	}
}
