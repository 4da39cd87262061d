package vault_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
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

// Whoever holds a paper and the ledger's key knows that these very bytes were issued, and to which record they belong.
func TestAPaperThatWasIssuedIsProvenByItsBytes(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	digest := sha256.Sum256([]byte("a certificate"))
	sum := hex.EncodeToString(digest[:])
	e := b.event(clinical.ActPaperIssued)
	e.Patient, e.SHA256 = p.ID, sum
	if err := b.Note(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	attested := b.event(clinical.ActAttested) // of a picture's copy, which is no paper
	attested.SHA256 = strings.Repeat("a", 64)
	if err := b.Note(t.Context(), attested); err != nil {
		t.Fatal(err)
	}
	b.NoteLater(b.event(clinical.ActListed))
	b.reopen(t)
	file, err := b.ProvePaper(t.Context(), sum)
	if err != nil {
		t.Fatal(err)
	}
	l, _, err := ledger.CheckProof(file, b.AuditKey())
	if err != nil || l.Act != string(clinical.ActPaperIssued) || l.SHA256 != sum || l.Patient != b.Pseudonym("patient", p.ID) {
		t.Errorf("the proof is of %+v, %v", l, err)
	}
	for other, want := range map[string]error{strings.Repeat("0", 64): clinical.ErrNotFound, attested.SHA256: clinical.ErrNotFound, sum[:40] + sum[:24]: clinical.ErrNotFound, "": clinical.ErrInvalid, "zz": clinical.ErrInvalid} {
		if _, err := b.ProvePaper(t.Context(), other); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", other, err, want)
		}
	}
	got := b.events(t, clinical.EventQuery{Patient: p.ID, Acts: []clinical.Act{clinical.ActPaperIssued}})
	if len(got) != 1 || got[0].SHA256 != sum {
		t.Errorf("the patient's entries: %+v", got)
	}
	b.audit(t)
}
