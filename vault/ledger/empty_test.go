package ledger_test

import (
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"fovea/vault/ledger"
)

// A checkpoint of no leaves is of the empty tree or it is no checkpoint: what a
// log's own key signed otherwise is refused where it is read, too.
func TestACheckpointOfNoLeavesHasTheRootOfNothing(t *testing.T) {
	secret, err := ledger.NewKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ledger.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	sign, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	for root, good := range map[ledger.Hash]bool{sha256.Sum256(nil): true, {}: false, {1}: false} {
		text, err := note.Sign(&note.Note{Text: origin + "\n0\n" + root.String() + "\n"}, sign)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.OpenCheckpoint(text, s.Key()); (err == nil) != good {
			t.Errorf("root %v: %v", root, err)
		}
	}
}
