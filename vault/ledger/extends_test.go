package ledger_test

import (
	"bytes"
	"testing"

	"fovea/vault/ledger"
)

func TestALaterExportExtendsAnEarlierOneOrIsFoundOut(t *testing.T) {
	long, short := newLog(t, 9), newLog(t, 5)
	extends := func(earlier, later []byte) error {
		old, now, err := ledger.Extends(bytes.NewReader(earlier), bytes.NewReader(later), long.trust())
		if err == nil && (old.Size > now.Size || now.Seen != 1) {
			t.Errorf("summaries %+v, %+v", old, now)
		}
		return err
	}
	early, late := short.export(t, 2), long.export(t, 4)
	for name, pair := range map[string][2][]byte{"grown": {early, late}, "the same": {late, late}} {
		if err := extends(pair[0], pair[1]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := extends(late, early); err == nil {
		t.Error("a log that was cut passed")
	}
	for n := int64(0); n < 5; n++ { // the same key over a history that differs in one old entry
		other := newLog(t, 0)
		for i := range int64(9) {
			l := leaf(i)
			if i == n {
				l.By = "somebody else"
			}
			other.append(t, l)
		}
		if err := extends(early, other.export(t, 4)); err == nil {
			t.Errorf("entry %d was rewritten and passed", n)
		}
	}
	for i := range late {
		changed := bytes.Clone(late)
		changed[i] ^= 1
		if extends(early, changed) == nil || extends(changed, late) == nil {
			t.Fatalf("a flipped bit of byte %d passed", i)
		}
	}
}

func TestAProofThatBringsItsEntryIsCheckedByTheKeyAlone(t *testing.T) {
	l := newLog(t, 7)
	p, err := ledger.Prove(4, 7, l.seen[7], l.read)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ledger.CheckProof(p.Encode(), l.signer.Key()); err == nil {
		t.Error("a proof of nobody knows what passed")
	}
	p.Extra = l.leaves[4]
	got, c, err := ledger.CheckProof(p.Encode(), l.signer.Key())
	if err != nil || got.N != 4 || c.Size != 7 {
		t.Errorf("entry %d of %d, %v", got.N, c.Size, err)
	}
	p.Extra = l.leaves[5]
	if _, _, err := ledger.CheckProof(p.Encode(), l.signer.Key()); err == nil {
		t.Error("another entry passed")
	}
}
