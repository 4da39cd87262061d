package badgerstore_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/badgerstore"
	"fovea/vault/vaulttest"
)

const diskSize = 300 << 20

// smallDisk returns a folder on a disk of its own: a real one where the test
// may mount one, else a measure that counts what the folder holds.
func smallDisk(t *testing.T) badgerstore.Options {
	t.Helper()
	o := badgerstore.Options{Dir: t.TempDir(), LogSize: 16 << 20}
	if err := unix.Mount("tmpfs", o.Dir, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize)); err == nil {
		t.Cleanup(func() {
			if err := unix.Unmount(o.Dir, 0); err != nil {
				t.Errorf("unmount: %v", err)
			}
		})
		return o
	}
	o.Space = func(dir string) (free, total uint64, err error) {
		return uint64(max(0, diskSize-onDisk(t, dir))), diskSize, nil
	}
	return o
}

// A full disk kills Badger: it writes through mapped memory. So the guard has
// to refuse before, keep some room for what cannot wait, and let go again.
func TestFullDiskRefusesAndResumes(t *testing.T) {
	o := smallDisk(t)
	filler := filepath.Join(o.Dir, "filler")
	if err := os.WriteFile(filler, vaulttest.Bytes(1, 100<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	guard := vault.NewGuard(s.Free, vault.GuardOptions{})
	kept := 0
	keep := func() error {
		b := vaulttest.Bytes(uint64(kept), 4<<20)
		if err := guard.Allow(int64(len(b)), false); err != nil {
			return err
		}
		if _, err := s.PutBlob(t.Context(), vaulttest.ID(kept), bytes.NewReader(b)); err != nil {
			t.Fatalf("blob %d was allowed and not kept: %v", kept, err)
		}
		kept++
		return nil
	}
	var refused error
	for refused == nil && kept < diskSize/(4<<20) {
		refused = keep()
	}
	if clinical.KindOf(refused) != clinical.Unavailable || clinical.ReasonOf(refused) != vault.DiskFull || kept < 5 {
		t.Fatalf("after %d blobs: %v", kept, refused)
	}
	// A withdrawal still goes through.
	if err := guard.Allow(4096, true); err != nil {
		t.Fatal(err)
	}
	err := s.Update(t.Context(), func(x vault.Txn) error { return x.Set([]byte("withdrawn"), make([]byte, 4096)) })
	if err != nil {
		t.Fatal(err)
	}
	full := kept
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := keep(); err != nil {
			t.Fatalf("there is space again: %v", err)
		}
	}
	for n := range full + 5 {
		want := vaulttest.Bytes(uint64(n), 4<<20)
		got := make([]byte, len(want))
		if _, err := s.ReadBlobAt(t.Context(), vaulttest.ID(n), got, 0); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("blob %d: %v", n, err)
		}
	}
}
