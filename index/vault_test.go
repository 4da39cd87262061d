package index_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/memstore"
)

// TestIndexFollowsAVault joins the index with the real thing: pictures that are put are found, one that is discarded
// is not, and a rebuild from the vault answers the same.
func TestIndexFollowsAVault(t *testing.T) {
	dir := t.TempDir()
	if err := vault.CreateKeyFile(filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	s := memstore.New(memstore.Options{})
	v, _, err := vault.Init(t.Context(), vault.Options{
		Dir: filepath.Join(dir, "keys"), Keys: vault.KeyFile(filepath.Join(dir, "key")), Store: s, Blobs: s,
	})
	if err != nil {
		t.Fatal(err)
	}
	mint := clinical.NewMinter(nil, nil)
	event := func(act clinical.Act) clinical.Event {
		return clinical.Event{At: time.Now(), Act: act, Caller: clinical.Caller{Person: clinical.Mint[clinical.Person](mint), Door: clinical.DoorIngest}}
	}
	p := clinical.Patient{
		ID: clinical.Mint[clinical.Patient](mint), Family: "Quatremère", Given: "Zoraïde",
		Identifiers: []clinical.Identifier{{System: "hospital", Value: "4100137B"}},
	}
	if _, err := v.Commit(t.Context(), clinical.Change{Event: event(clinical.ActPatientAdded), Delta: clinical.Delta{Patients: []clinical.Patient{p}}}); err != nil {
		t.Fatal(err)
	}
	scope := clinical.NewScope(0, time.Time{}, 64)
	keep := func(n int) clinical.Asset {
		t.Helper()
		o := clinical.Owner{Patient: p.ID, Asset: clinical.Mint[clinical.Asset](mint)}
		c, err := v.Put(t.Context(), o, bytes.NewReader(fmt.Appendf(nil, "picture %d", n)), func(b clinical.Blob) (clinical.Change, error) {
			return clinical.Change{Event: event(clinical.ActAssetKept), Delta: clinical.Delta{Assets: []clinical.Asset{{
				ID: o.Asset, State: clinical.Filed, Patient: p.ID, Studio: "studio-a", Original: b, Caption: "venous ulcer",
			}}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		a := c.Delta.Assets[0]
		scope.Allow(a.Ordinal)
		return a
	}
	keep(0) // before anybody follows
	x := open(t, filepath.Join(dir, "index"))
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { done <- x.Follow(ctx, v) }()
	for i := range 19 {
		keep(i + 1)
	}
	gone := keep(20)
	wait(t, x, v.Head())
	if f := find(t, x, clinical.Query{Text: "quatremere ulcers"}, scope); f.Total != 21 {
		t.Errorf("%d found, want 21", f.Total)
	}
	gone.State = clinical.Discarded
	if _, err := v.Commit(t.Context(), clinical.Change{Event: event(clinical.ActDiscarded), Delta: clinical.Delta{Assets: []clinical.Asset{gone}}}); err != nil {
		t.Fatal(err)
	}
	wait(t, x, v.Head())
	for _, rebuilt := range []bool{false, true} {
		if rebuilt {
			if err := x.Rebuild(t.Context(), v, nil); err != nil {
				t.Fatal(err)
			}
		}
		if f := find(t, x, clinical.Query{Text: "4100137B"}, scope); f.Total != 20 {
			t.Errorf("rebuilt %v: %d found, want 20", rebuilt, f.Total)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}
