package badgerstore_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/badgerstore"
	"fovea/vault/vaulttest"
)

const assets = 8

// asset is the size of the n-th picture, in three chunks.
func asset(n int) []byte { return vaulttest.Bytes(uint64(n), 2<<20+100*n) }

// small keeps the logs short: a log that is open has twice its size.
func small(dir string) badgerstore.Options {
	return badgerstore.Options{Dir: dir, LogSize: 32 << 20}
}

// ingest keeps the assets, each in a transaction with its record.
func ingest(t *testing.T, s *badgerstore.Store, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		err := s.Update(t.Context(), func(x vault.Txn) error {
			if err := x.Set(fmt.Appendf(nil, "asset/%d", n), vaulttest.Bytes(uint64(n), 700)); err != nil {
				return err
			}
			return s.FuseBlob(x, vaulttest.ID(n), asset(n))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// killed returns a copy of a store's folder as a process that was killed after
// the last acknowledged asset leaves it.
func killed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, small(dir))
	ingest(t, s, 0, assets)
	left := t.TempDir()
	if err := os.CopyFS(left, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return left
}

// closedWell returns the folder of a store that was closed.
func closedWell(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, small(dir))
	ingest(t, s, 0, assets)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// state counts the assets that are there and those whose bytes are wrong.
func state(t *testing.T, s *badgerstore.Store) (there, corrupt, lost []int) {
	t.Helper()
	for n := range assets {
		want := asset(n)
		got := make([]byte, len(want)+1)
		k, err := s.ReadBlobAt(t.Context(), vaulttest.ID(n), got, 0)
		switch {
		case err == io.EOF && bytes.Equal(got[:k], want):
			there = append(there, n)
		case clinical.KindOf(err) == clinical.NotFound:
			lost = append(lost, n)
		default:
			corrupt = append(corrupt, n)
		}
	}
	return there, corrupt, lost
}

// newest returns the path of the newest log that holds data.
func newest(t *testing.T, dir, ext string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"+ext))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s in the folder: %v", ext, err)
	}
	return slices.Max(paths)
}

// change lets f change the bytes of a file.
func change(t *testing.T, path string, f func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, f(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// used is the length of a log up to its last byte that is not zero.
func used(b []byte) int { return len(bytes.TrimRight(b, "\x00")) }

func TestKilledStoreOpensWithAllThatWasAcknowledged(t *testing.T) {
	dir := killed(t)
	faults, err := badgerstore.CheckLogs(t.Context(), dir)
	if err != nil || len(faults) != 0 {
		t.Fatalf("faults %+v, %v", faults, err)
	}
	s := open(t, small(dir))
	defer s.Close()
	if there, _, _ := state(t, s); len(there) != assets {
		t.Fatalf("only %v are there", there)
	}
}

// A flipped bit in the newest log, which Badger would answer by cutting off
// everything behind it without a word.
func TestFlippedBitIsRefusedAndRepairLosesThatValueAlone(t *testing.T) {
	for name, make := range map[string]func(*testing.T) string{"killed": killed, "closed": closedWell} {
		t.Run(name, func(t *testing.T) {
			dir := make(t)
			change(t, newest(t, dir, ".vlog"), func(b []byte) []byte {
				b[3<<20] ^= 0x10 // within the second asset
				return b
			})
			_, err := badgerstore.Open(t.Context(), small(dir))
			if clinical.KindOf(err) != clinical.Corrupt || clinical.ReasonOf(err) != "log-damaged" {
				t.Fatalf("open: %v", err)
			}
			repair, err := badgerstore.RepairLogs(t.Context(), small(dir))
			if err != nil || len(repair.Faults) != 1 || repair.Rescued == 0 || repair.Transactions != 0 {
				t.Fatalf("repair %+v, %v", repair, err)
			}
			s := open(t, small(dir))
			defer s.Close()
			there, corrupt, lost := state(t, s)
			if len(there) != assets-1 || !slices.Equal(corrupt, []int{1}) || len(lost) != 0 {
				t.Fatalf("there %v, corrupt %v, lost %v", there, corrupt, lost)
			}
			if err := s.DeleteBlob(t.Context(), vaulttest.ID(1)); err != nil {
				t.Fatal(err)
			}
			if err := s.Maintain(t.Context()); err != nil { // may rewrite the damaged log
				t.Fatal(err)
			}
			if there, _, _ := state(t, s); len(there) != assets-1 {
				t.Fatalf("after maintenance %v", there)
			}
		})
	}
}

func TestAnyFlippedBitOfANewestLogIsFound(t *testing.T) {
	dir := killed(t)
	log := newest(t, dir, ".vlog")
	sound, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	sound = sound[:used(sound)+64]
	r := rand.New(rand.NewPCG(3, 4))
	for range 25 {
		at, bit := 20+r.IntN(used(sound)-20), r.IntN(8)
		changed := bytes.Clone(sound)
		changed[at] ^= 1 << bit
		if err := os.WriteFile(log, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		faults, err := badgerstore.CheckLogs(t.Context(), dir)
		if err != nil || len(faults) != 1 || faults[0].State != badgerstore.LogDamaged {
			t.Fatalf("bit %d of byte %d of %d: %+v, %v", bit, at, used(sound), faults, err)
		}
	}
}

// What was being written when the power went: part of the last entry, or all
// of it with pages missing.
func TestTornTailIsCutAndNothingAcknowledgedIsLost(t *testing.T) {
	for name, tear := range map[string]func(b, extra []byte) []byte{
		"half an entry":      func(b, extra []byte) []byte { return append(b, extra[:len(extra)/2]...) },
		"a few bytes":        func(b, extra []byte) []byte { return append(b, extra[:7]...) },
		"half and zeros":     func(b, extra []byte) []byte { return append(append(b, extra[:99_000]...), make([]byte, 4<<20)...) },
		"pages missing":      func(b, extra []byte) []byte { clear(extra[8192:16384]); return append(b, extra...) },
		"first page missing": func(b, extra []byte) []byte { clear(extra[:4096]); return append(b, extra...) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := killed(t)
			log := newest(t, dir, ".vlog")
			change(t, log, func(b []byte) []byte {
				b = b[:used(b)]
				// The next asset's entries, as another store wrote them.
				return tear(b, foreign(t))
			})
			faults, err := badgerstore.CheckLogs(t.Context(), dir)
			if err != nil || len(faults) != 1 || faults[0].State != badgerstore.LogTorn {
				t.Fatalf("faults %+v, %v", faults, err)
			}
			s := open(t, small(dir))
			defer s.Close()
			if there, _, _ := state(t, s); len(there) != assets {
				t.Fatalf("only %v are there", there)
			}
		})
	}
}

// foreign returns the entries of one asset's value log.
func foreign(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	s := open(t, small(dir))
	ingest(t, s, 50, 51)
	b, err := os.ReadFile(newest(t, dir, ".vlog"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return b[20:used(b)]
}

// Records that are not in a table yet lie in a memory log, which Badger cuts
// in the same way.
func TestFlippedBitInMemoryLogLosesThatTransactionAlone(t *testing.T) {
	for name, where := range map[string]func(b []byte) int{
		"a record":                 func(b []byte) int { return nth(b, "asset/4", 1) + 100 },
		"the beginning of a chunk": func(b []byte) int { return nth(b, "b|", 7) - 4 },
		"the end of a transaction": func(b []byte) int { return nth(b, "!badger!txn", 3) + 2 },
	} {
		t.Run(name, func(t *testing.T) { memoryLogDamagedAt(t, where) })
	}
}

// nth returns where s is in b for the n-th time.
func nth(b []byte, s string, n int) int {
	at := -1
	for range n {
		at += 1 + bytes.Index(b[at+1:], []byte(s))
	}
	return at
}

func memoryLogDamagedAt(t *testing.T, where func([]byte) int) {
	dir := killed(t)
	change(t, newest(t, dir, ".mem"), func(b []byte) []byte {
		b[where(b)] ^= 4
		return b
	})
	_, err := badgerstore.Open(t.Context(), small(dir))
	if clinical.ReasonOf(err) != "log-damaged" || !strings.Contains(err.Error(), ".mem") {
		t.Fatalf("open: %v", err)
	}
	repair, err := badgerstore.RepairLogs(t.Context(), small(dir))
	if err != nil || repair.Transactions != 1 {
		t.Fatalf("repair %+v, %v", repair, err)
	}
	if _, err := os.Stat(repair.Kept); err != nil {
		t.Fatal(err)
	}
	s := open(t, small(dir))
	defer s.Close()
	there, corrupt, lost := state(t, s)
	if len(there) != assets-1 || len(lost) != 1 || len(corrupt) != 0 {
		t.Fatalf("there %v, corrupt %v, lost %v", there, corrupt, lost)
	}
	for n := range assets {
		want := clinical.Internal // none
		if slices.Contains(lost, n) {
			want = clinical.NotFound
		}
		err := s.View(t.Context(), func(r vault.Reader) error {
			_, err := r.Get(fmt.Appendf(nil, "asset/%d", n))
			return err
		})
		if clinical.KindOf(err) != want || (want == clinical.Internal && err != nil) {
			t.Errorf("record %d: %v; it goes with its blob", n, err)
		}
	}
}

func TestClosedLogThatWasCutIsRefused(t *testing.T) {
	dir := closedWell(t)
	change(t, newest(t, dir, ".vlog"), func(b []byte) []byte { return b[:len(b)-1<<20] })
	_, err := badgerstore.Open(t.Context(), small(dir))
	if clinical.ReasonOf(err) != "log-damaged" {
		t.Fatalf("open: %v", err)
	}
	if _, err := badgerstore.RepairLogs(t.Context(), small(dir)); err != nil {
		t.Fatal(err)
	}
	s := open(t, small(dir))
	defer s.Close()
	if there, _, lost := state(t, s); len(there) != assets-1 || len(lost) != 0 {
		t.Fatalf("there %v, lost %v", there, lost)
	}
}

// A log that is cut while it is open is a fault in mapped memory: SIGBUS.
func TestFaultWhileReadingIsCorruptAndNotTheEnd(t *testing.T) {
	dir := closedWell(t)
	s := open(t, small(dir))
	logs, err := filepath.Glob(filepath.Join(dir, "*.vlog"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(slices.Min(logs), 5<<20); err != nil {
		t.Fatal(err)
	}
	there, corrupt, lost := state(t, s)
	if len(there) != 2 || len(corrupt) != assets-2 || len(lost) != 0 || s.Alarms() == 0 {
		t.Fatalf("there %v, corrupt %v, lost %v, %d alarms", there, corrupt, lost, s.Alarms())
	}
	ingest(t, s, 20, 21) // still writes
}
