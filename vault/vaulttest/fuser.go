package vaulttest

import (
	"errors"
	"testing"

	"fovea/clinical"
	"fovea/vault"
)

func runFuser(t *testing.T, d Driver) {
	for name, test := range map[string]func(*testing.T, Driver){
		"BlobComesWithItsRecordOrNotAtAll": fusedAtomic,
		"FusedIsPutOnce":                   fusedOnce,
		"FusedBlobIsLikeAnyOther":          fusedLikeOther,
		"OnlyTheOwnTransactionIsFused":     fusedOwn,
	} {
		t.Run(name, func(t *testing.T) { test(t, d) })
	}
}

func fuser(t *testing.T, b vault.Blobs) vault.Fuser {
	t.Helper()
	f, ok := b.(vault.Fuser)
	if !ok {
		t.Fatal("opened again, it cannot fuse")
	}
	return f
}

// fuse writes a record and a blob in one transaction.
func fuse(t *testing.T, s vault.Store, f vault.Fuser, id clinical.BlobID, b []byte) error {
	t.Helper()
	return s.Update(t.Context(), func(x vault.Txn) error {
		if err := x.Set(id[:], []byte("exists")); err != nil {
			return err
		}
		return f.FuseBlob(x, id, b)
	})
}

func fusedAtomic(t *testing.T, d Driver) {
	m := d(t)
	s, b := open(t, m)
	f := fuser(t, b)
	sentinel := errors.New("no")
	err := s.Update(t.Context(), func(x vault.Txn) error {
		must(t, "set", x.Set([]byte("a"), []byte("1")))
		must(t, "fuse", f.FuseBlob(x, ID(1), Bytes(1, 3<<20)))
		wantNoBlob(t, b, ID(1)) // not before the commit
		return sentinel
	})
	if !errors.Is(err, sentinel) {
		t.Fatal(err)
	}
	wantNoBlob(t, b, ID(1))
	if got := get(t, s, "a"); got != "<none>" {
		t.Errorf("record without its blob: %q", got)
	}
	sizes := []int{0, 1, 4096, 5000, 1 << 20, 1<<20 + 1, 8 << 20, 20 << 20}
	for i, size := range sizes {
		must(t, "fuse", fuse(t, s, f, ID(i), Bytes(uint64(i), size)))
	}
	s, b = reopen(t, m, s)
	for i, size := range sizes {
		id := ID(i)
		wantBlob(t, b, id, Bytes(uint64(i), size))
		if got := get(t, s, string(id[:])); got != "exists" {
			t.Errorf("blob without its record: %q", got)
		}
	}
}

func fusedOnce(t *testing.T, d Driver) {
	s, b := open(t, d(t))
	f := fuser(t, b)
	put(t, b, ID(1), []byte("put"))
	wantKind(t, "fuse what was put", fuse(t, s, f, ID(1), []byte("fused")), clinical.Conflict)
	wantBlob(t, b, ID(1), []byte("put"))
	must(t, "fuse", fuse(t, s, f, ID(2), []byte("fused")))
	wantKind(t, "fuse twice", fuse(t, s, f, ID(2), []byte("again")), clinical.Conflict)
	err := s.Update(t.Context(), func(x vault.Txn) error {
		must(t, "fuse", f.FuseBlob(x, ID(3), []byte("one")))
		return f.FuseBlob(x, ID(3), []byte("two"))
	})
	wantKind(t, "fuse twice in one transaction", err, clinical.Conflict)
	wantNoBlob(t, b, ID(3))
}

func fusedLikeOther(t *testing.T, d Driver) {
	s, b := open(t, d(t))
	f := fuser(t, b)
	must(t, "fuse", fuse(t, s, f, ID(1), Bytes(1, 2<<20)))
	if got := ids(t, b); len(got) != 1 || got[0] != ID(1) {
		t.Errorf("each blob gives %d", len(got))
	}
	must(t, "delete", b.DeleteBlob(t.Context(), ID(1)))
	wantNoBlob(t, b, ID(1))
	put(t, b, ID(1), []byte("put"))
	wantBlob(t, b, ID(1), []byte("put"))
}

func fusedOwn(t *testing.T, d Driver) {
	s, b := open(t, d(t))
	f := fuser(t, b)
	other, _ := open(t, d(t))
	err := other.Update(t.Context(), func(x vault.Txn) error { return f.FuseBlob(x, ID(1), []byte("b")) })
	wantKind(t, "transaction of another store", err, clinical.Internal)
	var ended vault.Txn
	must(t, "update", s.Update(t.Context(), func(x vault.Txn) error { ended = x; return nil }))
	wantKind(t, "ended transaction", f.FuseBlob(ended, ID(1), []byte("b")), clinical.Internal)
	wantNoBlob(t, b, ID(1))
	if f.MaxFused() < 1<<20 {
		t.Errorf("fuses no more than %d bytes", f.MaxFused())
	}
	if testing.Short() {
		return
	}
	most := make([]byte, f.MaxFused()+1)
	fill(4, most)
	must(t, "fuse the most", fuse(t, s, f, ID(2), most[:f.MaxFused()]))
	wantBlob(t, b, ID(2), most[:f.MaxFused()])
	wantKind(t, "fuse more", fuse(t, s, f, ID(3), most), clinical.Invalid)
}
