package vault_test

import (
	"errors"
	"testing"

	"fovea/clinical"
	"fovea/vault/ledger"
)

func TestAChangeIsProvenByAFileAndAKeyAlone(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	b.NoteLater(b.event(clinical.ActListed))
	a := b.mustKeep(t, b.owner(p.ID), picture(100, 1))
	seq := b.Head()
	for _, when := range []string{"before a checkpoint", "after one"} {
		file, err := b.ProveSeq(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := ledger.DecodeProof(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := proof.Check(proof.Extra, b.AuditKey()); err != nil {
			t.Errorf("%s: %v", when, err)
		}
		l, err := ledger.DecodeLeaf(proof.Extra)
		if err != nil || l.Seq != seq || l.Act != string(clinical.ActAssetKept) || l.Assets != nil || l.By != b.Pseudonym("person", b.photo) {
			t.Errorf("%s: the proof is of %+v, %v", when, l, err)
		}
		b.NoteLater(b.event(clinical.ActListed))
		b.reopen(t)
	}
	if a.Rev != seq {
		t.Errorf("picture of change %d, want %d", a.Rev, seq)
	}
	if _, err := b.ProveSeq(t.Context(), seq+1); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("a change that never was: %v, want not found", err)
	}
}
