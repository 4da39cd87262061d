package paper

import (
	"bytes"
	"encoding/base64"
	"strings"

	"fovea/clinical"
)

// Proof is what makes an act provable without the server: the entry of the
// ledger, its proof against a signed checkpoint, and the log's public key.
type Proof struct {
	Seq        uint64 // journal number of the act
	Leaf       []byte // the entry's text as it is in the tree
	Tlog       []byte // c2sp.org/tlog-proof@v1
	Checkpoint []byte // c2sp.org/tlog-checkpoint
	Key        string // the log's public key
}

// ProofOf takes apart the text of a proof (c2sp.org/tlog-proof@v1) that brings
// its entry along. It is Invalid where it does not. It checks the form, not the
// claim: whoever is given the paper does that.
func ProofOf(seq uint64, tlog []byte, key string) (Proof, error) {
	head, checkpoint, found := bytes.Cut(tlog, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return Proof{}, clinical.Errorf(clinical.Invalid, "paper: proof of change %d does not read", seq)
	}
	text, brought := strings.CutPrefix(lines[1], "extra ")
	leaf, err := base64.StdEncoding.Strict().DecodeString(text)
	if !brought || err != nil || len(leaf) == 0 {
		return Proof{}, clinical.Errorf(clinical.Invalid, "paper: proof of change %d does not bring its entry along", seq)
	}
	return Proof{Seq: seq, Leaf: leaf, Tlog: tlog, Checkpoint: checkpoint, Key: key}, nil
}

// text is the proof as the JSON editions hold it.
func (p Proof) text() ProofText {
	return ProofText{Seq: p.Seq, Leaf: string(p.Leaf), Tlog: string(p.Tlog), Checkpoint: string(p.Checkpoint), Key: p.Key}
}
