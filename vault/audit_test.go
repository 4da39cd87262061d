package vault_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/ledger"
	"fovea/vault/memstore"
)

func (b *bench) audit(tb testing.TB) ledger.Summary {
	tb.Helper()
	var out bytes.Buffer
	if err := b.ExportAudit(tb.Context(), &out); err != nil {
		tb.Fatal(err)
	}
	sum, err := ledger.Verify(&out, ledger.Trust{Keys: []string{b.AuditKey()}})
	if err != nil {
		tb.Fatal(err)
	}
	return sum
}

func TestTheLedgerHoldsEveryActAndVerifiesOffline(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	b.mustKeep(t, b.owner(p.ID), picture(1000, 1))
	look := b.event(clinical.ActViewed)
	look.Patient, look.Note = p.ID, "emergency"
	look.Caller.Remote = "not \xff text"
	if err := b.Note(t.Context(), look); err != nil {
		t.Fatal(err)
	}
	b.NoteLater(b.event(clinical.ActListed))
	b.reopen(t)
	sum := b.audit(t)
	for act, want := range map[clinical.Act]int64{
		clinical.ActInit: 1, clinical.ActPatientAdded: 1, clinical.ActAssetKept: 1,
		clinical.ActViewed: 1, clinical.ActListed: 1, clinical.ActGapDeclared: 0,
	} {
		if got := sum.Acts[string(act)]; got != want {
			t.Errorf("%s: %d entries, want %d", act, got, want)
		}
	}
	if !sum.Pinned {
		t.Error("the export is not under the vault's key")
	}
}

func TestAGapIsDeclaredAfterACrash(t *testing.T) {
	b := newBench(t)
	b.NoteLater(b.event(clinical.ActListed))
	b.crash(t)
	if got := b.audit(t).Acts[string(clinical.ActGapDeclared)]; got != 1 {
		t.Errorf("%d gaps declared, want 1", got)
	}
}

// crash opens what was durable, as after a power cut, in place of the vault.
func (b *bench) crash(tb testing.TB) {
	tb.Helper()
	dead := b.Vault
	b.store = b.store.Reopen()
	b.opt.Store, b.opt.Blobs = b.store, b.store
	tb.Cleanup(func() { _ = dead.Close() })
	b.open(tb)
}

func TestAnOldStoreIsRefused(t *testing.T) {
	b := newBench(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	snapshot, current := b.store.Reopen(), b.store.Reopen()
	b.opt.Store, b.opt.Blobs = current, current
	b.open(t)
	b.patient(t, "1000")
	if _, err := b.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.opt.Store, b.opt.Blobs = snapshot, snapshot
	if _, err := vault.Open(t.Context(), b.opt); clinical.ReasonOf(err) != "old-store" {
		t.Fatalf("got %v, want old-store", err)
	}
}

func TestAnOldKeyringIsRefused(t *testing.T) {
	for name, act := range map[string]func(b *bench, a clinical.Asset){
		"before an erasure": func(b *bench, a clinical.Asset) {
			a.State = clinical.Erased
			if _, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActDiscarded), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}); err != nil {
				t.Fatal(err)
			}
		},
		"before a new patient": func(b *bench, _ clinical.Asset) { b.patient(t, "2000") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := b.patient(t, "1000")
			a := b.mustKeep(t, b.owner(p.ID), picture(1000, 1))
			path := filepath.Join(b.opt.Dir, "keyring")
			old, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			act(b, a)
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, old, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := vault.Open(t.Context(), b.opt); clinical.ReasonOf(err) != "old-keyring" {
				t.Fatalf("got %v, want old-keyring", err)
			}
		})
	}
}

func TestTheWrongKeyOpensNothing(t *testing.T) {
	b := newBench(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "key")
	if err := vault.CreateKeyFile(other); err != nil {
		t.Fatal(err)
	}
	b.opt.Keys = vault.KeyFile(other)
	if _, err := vault.Open(t.Context(), b.opt); !errors.Is(err, clinical.ErrForbidden) {
		t.Fatalf("got %v, want forbidden", err)
	}
	if err := os.Chmod(other, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(t.Context(), b.opt); clinical.ReasonOf(err) != "key-file-mode" {
		t.Fatalf("got %v, want key-file-mode", err)
	}
}

func TestACheckpointLeavesTheStoreEveryMinuteAndAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		size := func() int64 {
			text, err := os.ReadFile(filepath.Join(b.opt.Dir, "checkpoints", "latest"))
			if err != nil {
				t.Fatal(err)
			}
			c, err := ledger.OpenCheckpoint(text, b.AuditKey())
			if err != nil {
				t.Fatal(err)
			}
			return c.Size
		}
		<-time.After(61 * time.Second)
		if got := size(); got != 1 {
			t.Errorf("after a minute the checkpoint covers %d entries, want 1", got)
		}
		b.patient(t, "1000")
		<-time.After(30 * time.Second)
		if got := size(); got != 1 {
			t.Errorf("within the minute the checkpoint covers %d entries, want 1", got)
		}
		for range 1000 {
			b.NoteLater(b.event(clinical.ActListed))
		}
		<-time.After(2 * time.Second)
		if got := size(); got != 1002 {
			t.Errorf("after 1,000 entries the checkpoint covers %d, want 1002", got)
		}
		b.patient(t, "2000")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := size(); got != 1003 {
			t.Errorf("at the end the checkpoint covers %d entries, want 1003", got)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestLinesThatDidNotFitTheQueueAreDeclared(t *testing.T) {
	s := &stuck{Store: memstore.New(memstore.Options{})}
	b := onStore(t, func(o *vault.Options) { o.Store, o.Blobs = s, s })
	s.wait.Lock()
	const many = 20_000
	for range many {
		b.NoteLater(b.event(clinical.ActListed))
	}
	s.wait.Unlock()
	b.reopen(t)
	sum := b.audit(t)
	written := sum.Acts[string(clinical.ActListed)]
	if written == many || sum.Acts[string(clinical.ActGapDeclared)] == 0 {
		t.Errorf("%d of %d lines written, %d gaps declared", written, many, sum.Acts[string(clinical.ActGapDeclared)])
	}
}

func TestDerivedKeysAndPseudonymsOutliveRotation(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	key, name := b.Derive("etag"), b.Pseudonym("patient", p.ID)
	b.end(t, b.mustKeep(t, b.owner(p.ID), picture(100, 1)), clinical.Erased)
	b.reopen(t)
	if b.Derive("etag") != key || b.Pseudonym("patient", p.ID) != name {
		t.Error("an erasure changed what rotation must not change")
	}
	if b.Derive("index") == key || b.Pseudonym("asset", p.ID) == name {
		t.Error("two purposes have one key")
	}
}
