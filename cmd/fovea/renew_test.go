package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/index"
)

// After an erasure the index answers as before, under another key; a copy of it
// from before opens under no key that is left.
func TestAnErasureGivesTheIndexANewKeyAndDestroysTheOld(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	h.drop(h.drawn(2))
	h.eventually("two pictures are found", func() bool { return h.found("carlotta", "kompressionsverband") == 2 })
	before, err := h.sys.vault.DisposableKey(t.Context(), indexPurpose)
	h.check(err)
	h.check(h.sys.renewIndex(t.Context()))
	if same, err := h.sys.vault.DisposableKey(t.Context(), indexPurpose); err != nil || same != before {
		t.Errorf("the index has a new key without an erasure, %v", err)
	}
	h.stop()
	copied := filepath.Join(t.TempDir(), "index")
	h.check(os.CopyFS(copied, os.DirFS(filepath.Join(h.cfg.Data, "index"))))
	h.start()

	var gone clinical.Asset
	for _, a := range h.assets() {
		gone = a
	}
	x := clinical.Erasure{
		ID: clinical.Mint[clinical.Erasure](clinical.NewMinter(nil, nil)), Patient: gone.Patient, Assets: []clinical.AssetID{gone.ID},
		Outcome: clinical.EraseShred, DecidedAt: time.Now(),
	}
	c, err := h.sys.vault.Commit(t.Context(), clinical.Change{
		Event: clinical.Event{At: time.Now(), Act: clinical.ActErasureDecided, Patient: gone.Patient},
		Delta: clinical.Delta{Erasures: []clinical.Erasure{x}},
	})
	h.check(err)
	h.check(h.sys.index.WaitFor(t.Context(), c.Seq))
	h.check(h.sys.renewIndex(t.Context()))
	after, err := h.sys.vault.DisposableKey(t.Context(), indexPurpose)
	h.check(err)
	if after == before {
		t.Error("the index keeps its key after an erasure")
	}
	if n := h.found("carlotta", "kompressionsverband"); n != 1 {
		t.Errorf("%d pictures are found, want 1", n)
	}
	if old, err := index.Open(index.Options{Dir: copied, Key: after}); err == nil {
		t.Error("a copy of the old index opens under the new key")
		h.check(old.Close())
	}
	h.stop()
	h.start()
	h.eventually("found after a restart", func() bool { return h.found("carlotta", "kompressionsverband") == 1 })
	if bytes.Contains(h.log.bytes(), []byte("does not verify")) {
		t.Errorf("the index was thrown away: %s", h.log.bytes())
	}
}

func TestErasuresThatComeTogetherShareOneNewIndex(t *testing.T) {
	at := func(minutes int) time.Time { return time.Unix(0, 0).Add(time.Duration(minutes) * time.Minute) }
	var p pending
	if p.due(time.Time{}, at(0), true) {
		t.Error("due without an erasure")
	}
	if p.due(at(0), at(1), false) {
		t.Error("due while others may come")
	}
	if !p.due(at(0), at(2), false) {
		t.Error("not due once it is quiet")
	}
	if p.due(time.Time{}, at(3), false) {
		t.Error("due again")
	}
	for n := 4; n < 63; n++ { // one a minute, without end
		if p.due(at(n), at(n), false) {
			t.Fatalf("due after %d minutes", n-4)
		}
	}
	if !p.due(at(63), at(63), false) {
		t.Error("put off for ever")
	}
	if !new(pending).due(at(0), at(0), true) {
		t.Error("what an earlier process left is not done at once")
	}
}
