package badgerstore_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/badgerstore"
	"fovea/vault/vaulttest"
)

// onDisk returns the bytes that the files of a folder take.
func onDisk(t *testing.T, dir string) int64 {
	t.Helper()
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			sum += st.Blocks * 512
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestSpaceOfDeletedBlobsComesBackWhileReadersGoOn(t *testing.T) {
	dir := t.TempDir()
	s := open(t, badgerstore.Options{Dir: dir, LogSize: 16 << 20})
	defer s.Close()
	const blobs, size = 24, 4 << 20
	for n := range blobs {
		if _, err := s.PutBlob(t.Context(), vaulttest.ID(n), bytes.NewReader(vaulttest.Bytes(uint64(n), size))); err != nil {
			t.Fatal(err)
		}
	}
	for n := range blobs {
		if n%4 != 0 {
			if err := s.DeleteBlob(t.Context(), vaulttest.ID(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		p, want := make([]byte, size), vaulttest.Bytes(4, size)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := s.ReadBlobAt(t.Context(), vaulttest.ID(4), p, 0); err != nil || !bytes.Equal(p, want) {
				t.Errorf("read beside maintenance: %v", err)
				return
			}
		}
	})
	if err := s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(stop)
	readers.Wait()
	live := int64(blobs / 4 * size)
	if got := onDisk(t, dir); got > live*11/10+4<<20 {
		t.Errorf("%d bytes on disk for %d that live", got, live)
	}
	for n := 0; n < blobs; n += 4 {
		p := make([]byte, size)
		if _, err := s.ReadBlobAt(t.Context(), vaulttest.ID(n), p, 0); err != nil || !bytes.Equal(p, vaulttest.Bytes(uint64(n), size)) {
			t.Errorf("blob %d: %v", n, err)
		}
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDamagedLogIsNotRewrittenAtTheCostOfItsNeighbours(t *testing.T) {
	dir := t.TempDir()
	s := open(t, small(dir))
	ingest(t, s, 0, assets)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	first := newest(t, dir, ".vlog")
	s = open(t, small(dir)) // begins another log: the first is closed for good
	defer s.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	change(t, first, func(b []byte) []byte {
		b[3<<20] ^= 1
		return b
	})
	s = open(t, small(dir)) // damage in a closed log is contained
	defer s.Close()
	for n := 2; n < 5; n++ {
		if err := s.DeleteBlob(t.Context(), vaulttest.ID(n)); err != nil {
			t.Fatal(err)
		}
	}
	before := s.Alarms()
	for range 2 {
		if err := s.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(first); err == nil {
		t.Error("the damaged log was not rewritten: this test shows nothing")
	}
	there, corrupt, lost := state(t, s)
	if len(there) != assets-4 || len(corrupt) != 1 || len(lost) != 3 || s.Alarms() == before {
		t.Fatalf("there %v, corrupt %v, lost %v, %d alarms", there, corrupt, lost, s.Alarms()-before)
	}
}

func TestSecondProcessIsToldThatDataIsLocked(t *testing.T) {
	dir := t.TempDir()
	s := open(t, badgerstore.Options{Dir: dir})
	for name, try := range map[string]func() error{
		"open":   func() error { _, err := badgerstore.Open(t.Context(), badgerstore.Options{Dir: dir}); return err },
		"check":  func() error { _, err := badgerstore.CheckLogs(t.Context(), dir); return err },
		"repair": func() error { _, err := badgerstore.RepairLogs(t.Context(), badgerstore.Options{Dir: dir}); return err },
	} {
		if err := try(); clinical.KindOf(err) != clinical.Conflict || clinical.ReasonOf(err) != "data-locked" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, badgerstore.Options{Dir: dir}).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFreeMeasuresTheMedium(t *testing.T) {
	s := open(t, badgerstore.Options{Dir: t.TempDir(), Space: func(string) (uint64, uint64, error) { return 10, 100, nil }})
	defer s.Close()
	space, err := s.Free()
	if err != nil || space != (vault.Space{Free: 10, Total: 100, Headroom: 512<<20 + 64<<20}) {
		t.Fatalf("%+v, %v", space, err)
	}
}

func TestFolderIsForItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, badgerstore.Options{Dir: dir})
	defer s.Close()
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
}
