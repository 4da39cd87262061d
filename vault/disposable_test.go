package vault_test

import (
	"os"
	"path/filepath"
	"testing"

	"fovea/clinical"
	"fovea/vault"
)

func TestADisposableKeyStaysUntilItIsDestroyedAndNeverComesBack(t *testing.T) {
	b := newBench(t)
	get := func(f func() ([32]byte, error)) [32]byte {
		t.Helper()
		key, err := f()
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	current := func() ([32]byte, error) { return b.DisposableKey(t.Context(), "index") }
	fresh := func() ([32]byte, error) { return b.NewDisposableKey(t.Context(), "index") }
	first := get(current)
	if get(current) != first || first == [32]byte{} {
		t.Error("the key changes by itself")
	}
	b.reopen(t)
	if get(current) != first {
		t.Error("the key changes with the day")
	}
	other := get(func() ([32]byte, error) { return b.DisposableKey(t.Context(), "index2") })
	old, err := os.ReadFile(filepath.Join(b.opt.Dir, "keyring"))
	if err != nil {
		t.Fatal(err)
	}
	second := get(fresh)
	if second == first || second == other || get(current) != second {
		t.Error("a new key is not new, or not the current one")
	}
	for range 2 {
		if err := b.DestroyOldKeys(t.Context(), "index"); err != nil {
			t.Fatal(err)
		}
		b.reopen(t)
		if get(current) != second || get(func() ([32]byte, error) { return b.DisposableKey(t.Context(), "index2") }) != other {
			t.Error("the wrong key was destroyed")
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.opt.Dir, "keyring"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(t.Context(), b.opt); clinical.ReasonOf(err) != "old-keyring" {
		t.Errorf("a keyring that still has the destroyed key opens: %v", err)
	}
}
