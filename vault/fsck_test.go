package vault_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/vault"
)

// furnish makes a vault with one of everything that fsck looks at.
func (b *bench) furnish(tb testing.TB) (kept, gone clinical.Asset) {
	tb.Helper()
	p := b.patient(tb, "1000")
	kept = b.mustKeep(tb, b.owner(p.ID), picture(2<<20+5, 1))
	b.rendition(tb, kept, picture(5000, 2))
	gone = b.mustKeep(tb, b.owner(p.ID), picture(3000, 3))
	b.rendition(tb, gone, picture(500, 4))
	gone = b.end(tb, gone, clinical.Erased)
	return kept, gone
}

// rendition puts bytes as a thumbnail of the asset.
func (b *bench) rendition(tb testing.TB, a clinical.Asset, data []byte) clinical.Rendition {
	tb.Helper()
	o := clinical.Owner{Patient: a.Patient, Studio: a.Studio, Asset: a.ID}
	c, err := b.Put(tb.Context(), o, reader(data), func(blob clinical.Blob) (clinical.Change, error) {
		x := clinical.Rendition{ID: clinical.Mint[clinical.Rendition](b.mint), Asset: a.ID, Kind: clinical.Thumbnail, Source: a.Original.ID, Blob: blob}
		return clinical.Change{Event: b.event(clinical.ActRendered), Delta: clinical.Delta{Renditions: []clinical.Rendition{x}}}, nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return c.Renditions[0]
}

// end commits the asset in a state without bytes.
func (b *bench) end(tb testing.TB, a clinical.Asset, s clinical.AssetState) clinical.Asset {
	tb.Helper()
	a.State = s
	c, err := b.Commit(tb.Context(), clinical.Change{Event: b.event(clinical.ActDiscarded), Delta: clinical.Delta{Assets: []clinical.Asset{a}}})
	if err != nil {
		tb.Fatal(err)
	}
	return c.Delta.Assets[0]
}

func TestASoundVaultPassesFsck(t *testing.T) {
	b := newBench(t)
	b.furnish(t)
	for range 2 {
		r, err := b.Fsck(t.Context(), vault.FsckOptions{Deep: true})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Clean() {
			t.Errorf("found %v", r.Findings)
		}
		if r.Blobs != 2 || r.Verified != 2 || r.Destroyed != 1 || r.Unreferenced != 0 {
			t.Errorf("counted %+v", r)
		}
		b.reopen(t)
	}
}

func TestFsckFindsWhatIsMissingOrChanged(t *testing.T) {
	flip := func(value []byte) []byte { value[len(value)-1] ^= 1; return value }
	lose := func([]byte) []byte { return nil }
	for name, damage := range map[string]struct {
		prefix string
		how    func([]byte) []byte
	}{
		"a record lost":            {"ra", lose},
		"a record changed":         {"rp", flip},
		"a journal entry lost":     {"j\x00\x00\x00\x00\x00\x00\x00\x03", lose},
		"a journal entry changed":  {"j\x00\x00\x00\x00\x00\x00\x00\x02", flip},
		"the last entry lost":      {"j\x00\x00\x00\x00\x00\x00\x00\x07", lose},
		"a manifest lost":          {"b", lose},
		"a manifest changed":       {"b", flip},
		"a unique key lost":        {"u", lose},
		"a unique key changed":     {"u", flip},
		"a ledger entry lost":      {"l\x00\x00\x00\x00\x00\x00\x00\x02", lose},
		"a ledger entry changed":   {"l\x00\x00\x00\x00\x00\x00\x00\x02", flip},
		"a node of the tree":       {"h\x00\x00\x00\x00\x00\x00\x00\x02", flip},
		"a rendition not listed":   {"x", lose},
		"the head changed":         {"mhead", flip},
		"a newer version of a key": {"b", func(v []byte) []byte { v[0] = 9; return v }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.furnish(t)
			b.damage(t, damage.prefix, damage.how)
			r, err := b.Fsck(t.Context(), vault.FsckOptions{})
			if err == nil && r.Clean() {
				t.Error("found nothing")
			}
		})
	}
}

// damage changes the first value under prefix behind the vault's back.
func (b *bench) damage(tb testing.TB, prefix string, how func([]byte) []byte) {
	tb.Helper()
	err := b.store.Update(tb.Context(), func(t vault.Txn) error {
		var key, value []byte
		err := t.Scan([]byte(prefix), nil, func(k, v []byte) (bool, error) {
			key, value = append(key, k...), append(value, v...)
			return false, nil
		})
		if err != nil {
			return err
		}
		if key == nil {
			tb.Fatalf("nothing under %q", prefix)
		}
		if value = how(value); value == nil {
			return t.Delete(key)
		}
		return t.Set(key, value)
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func TestFsckFindsLostBytes(t *testing.T) {
	b := newBench(t)
	kept, _ := b.furnish(t)
	if err := b.store.DeleteBlob(t.Context(), kept.Original.ID); err != nil {
		t.Fatal(err)
	}
	r, err := b.Fsck(t.Context(), vault.FsckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]vault.Finding{{What: "blob", ID: kept.Original.ID.String(), Reason: "bytes-missing"}}, r.Findings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestADeepFsckGoesOnWhereItStopped(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	for i := range 5 {
		b.mustKeep(t, b.owner(p.ID), picture(1000, byte(i)))
	}
	enough := errors.New("enough")
	opt := vault.FsckOptions{Deep: true}
	var verified int64
	for range 5 {
		n := 0
		opt.Progress = func(context.Context, clinical.BlobID, int64) error {
			if n++; n == 3 {
				return enough
			}
			return nil
		}
		r, err := b.Fsck(t.Context(), opt)
		verified += r.Verified
		if err == nil {
			break
		}
		if !errors.Is(err, enough) {
			t.Fatal(err)
		}
		opt.After = r.Next
	}
	if verified != 5 {
		t.Errorf("verified %d blobs in all, want each of 5 once", verified)
	}
}
