package badgerstore_test

import (
	"testing"

	"fovea/vault"
	"fovea/vault/badgerstore"
	"fovea/vault/vaulttest"
)

func driver(tb testing.TB) vaulttest.Medium {
	dir := tb.TempDir()
	return vaulttest.MediumFunc(func(tb testing.TB) (vault.Store, vault.Blobs) {
		tb.Helper()
		s := open(tb, badgerstore.Options{Dir: dir})
		return s, s
	})
}

func open(tb testing.TB, o badgerstore.Options) *badgerstore.Store {
	tb.Helper()
	s, err := badgerstore.Open(tb.Context(), o)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	return s
}

func TestConformance(t *testing.T) { vaulttest.Run(t, driver) }

func BenchmarkDriver(b *testing.B) { vaulttest.Bench(b, driver) }
