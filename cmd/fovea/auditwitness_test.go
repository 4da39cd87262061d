package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fovea/vault/ledger"
)

// runWitness runs the command until the test ends, and returns the witness's key
// and address.
func runWitness(t *testing.T, dir, log string) (key, url string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var out, errs safeBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"audit", "witness", "--dir", dir, "--log", log, "--listen", "127.0.0.1:0"}, strings.NewReader(""), &out, &errs)
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != exitOK {
			t.Errorf("the witness ended with %d: %s", code, errs.bytes())
		}
	})
	h := &house{TB: t}
	h.eventually("the witness is ready", func() bool {
		for line := range strings.Lines(string(out.bytes())) {
			if text, ok := strings.CutPrefix(line, "key "); ok {
				key = strings.TrimSpace(text)
			}
			if text, ok := strings.CutPrefix(line, "ready "); ok {
				url = strings.TrimSpace(text)
			}
		}
		return url != ""
	})
	return key, url
}

func TestAServersCheckpointsAreCosignedByAWitness(t *testing.T) {
	h := newHouse(t)
	h.start()
	log := h.sys.vault.AuditKey()
	h.stop()
	dir := t.TempDir()
	key, url := runWitness(t, dir, log)
	h.cfg.Audit.Witnesses = []witnessYAML{{URL: url, Key: key}}
	h.check(h.cfg.check())
	h.start()
	h.stop()
	text, err := os.ReadFile(filepath.Join(h.cfg.Data, "keyring", "checkpoints", "witnessed"))
	h.check(err)
	if _, err := ledger.CheckCosignature(text, key); err != nil {
		t.Error(err)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "*.checkpoint"))
	h.check(err)
	if len(kept) != 1 {
		t.Fatalf("the witness kept %v", kept)
	}
	c, err := ledger.OpenCheckpoint(text, log)
	h.check(err)
	// With what the witness keeps an auditor verifies an export: --seen.
	seen, err := os.ReadFile(kept[0])
	h.check(err)
	if again, err := ledger.OpenCheckpoint(seen, log); err != nil || again != c {
		t.Errorf("the witness keeps %+v, %v, want %+v", again, err, c)
	}
	// A proof carries the witness's word to whoever asks for it.
	h.start()
	proof, err := h.sys.vault.ProveSeq(t.Context(), 1)
	h.check(err)
	h.stop()
	path := filepath.Join(t.TempDir(), "first.tlog-proof")
	h.check(os.WriteFile(path, proof, 0o600))
	for witness, want := range map[string]int{key: exitOK, strings.Replace(key, "+", "x+", 1): exitCorrupt} {
		var out safeBuffer
		args := []string{"audit", "verify-proof", path, "--key", log, "--witness", witness}
		if code := run(t.Context(), args, strings.NewReader(""), &out, &out); code != want {
			t.Errorf("verify-proof --witness %s ends with %d, want %d: %s", witness, code, want, out.bytes())
		}
	}
	if again, _ := runWitness(t, dir, log); again != key {
		t.Error("a witness has another key after a restart")
	}
}

// What cannot be written leaves nothing behind that looks like a key.
func TestAKeyIsKeptWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "witness.key")
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeWhole(path, []byte("key")); err == nil {
		t.Error("a folder became a key")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := writeWhole(path, []byte("key")); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil || string(got) != "key" || info.Mode().Perm() != 0o600 {
		t.Errorf("%q, %v, %v", got, err, statErr)
	}
}
