package ledger

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows that one leaf is in a log: c2sp.org/tlog-proof, version 1.
type Proof struct {
	Index      int64
	Path       []Hash
	Checkpoint []byte // signed
	// Extra is for people, such as the leaf's own text; nothing vouches for it.
	Extra []byte
}

const (
	proofHead = "c2sp.org/tlog-proof@v1"
	maxPath   = 63
)

// Prove returns the proof that leaf number index is in the log of the signed
// checkpoint, which must be of the first size leaves.
func Prove(index, size int64, checkpoint []byte, read Reader) (Proof, error) {
	if index < 0 || index >= size {
		return Proof{}, fmt.Errorf("ledger: leaf %d is not among %d", index, size)
	}
	path, err := tlog.ProveRecord(size, index, tlog.HashReaderFunc(read))
	if err != nil {
		return Proof{}, fmt.Errorf("ledger: prove leaf %d: %w", index, err)
	}
	return Proof{Index: index, Path: append([]Hash(nil), path...), Checkpoint: bytes.Clone(checkpoint)}, nil
}

// Check reports, by a nil error, that text is the leaf the proof is for, in a
// log whose checkpoint a trusted key has signed.
func (p Proof) Check(text []byte, trusted ...string) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, trusted...)
	if err != nil {
		return Checkpoint{}, err
	}
	if p.Index < 0 || p.Index >= c.Size {
		return Checkpoint{}, fmt.Errorf("ledger: leaf %d is not among %d", p.Index, c.Size)
	}
	if err := tlog.CheckRecord(p.Path, c.Size, c.Root, p.Index, tlog.RecordHash(text)); err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: leaf %d is not what the log has there: %w", p.Index, err)
	}
	return c, nil
}

// Encode returns the text of the proof; a file of it ends in .tlog-proof.
func (p Proof) Encode() []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, proofHead)
	if len(p.Extra) > 0 {
		fmt.Fprintln(&b, "extra", base64.StdEncoding.EncodeToString(p.Extra))
	}
	fmt.Fprintln(&b, "index", p.Index)
	for _, h := range p.Path {
		fmt.Fprintln(&b, h)
	}
	fmt.Fprintln(&b)
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// DecodeProof reads the text of a proof. It checks the form, not the claim:
// that is Check's.
func DecodeProof(text []byte) (Proof, error) {
	bad := errors.New("ledger: proof does not read")
	head, checkpoint, found := bytes.Cut(text, []byte("\n\n"))
	if !found || len(checkpoint) > maxCheckpoint {
		return Proof{}, bad
	}
	p := Proof{Checkpoint: bytes.Clone(checkpoint)}
	lines := strings.Split(string(head), "\n")
	if lines[0] != proofHead {
		return Proof{}, bad
	}
	lines = lines[1:]
	var err error
	if extra, ok := strings.CutPrefix(first(lines), "extra "); ok {
		if p.Extra, err = base64.StdEncoding.Strict().DecodeString(extra); err != nil {
			return Proof{}, bad
		}
		lines = lines[1:]
	}
	index, ok := strings.CutPrefix(first(lines), "index ")
	if p.Index, err = strconv.ParseInt(index, 10, 64); !ok || err != nil || p.Index < 0 || len(lines)-1 > maxPath {
		return Proof{}, bad
	}
	for _, l := range lines[1:] {
		h, err := tlog.ParseHash(l)
		if err != nil {
			return Proof{}, bad
		}
		p.Path = append(p.Path, h)
	}
	if !bytes.Equal(p.Encode(), text) {
		return Proof{}, bad
	}
	return p, nil
}

func first(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}
