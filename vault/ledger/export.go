package ledger

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/note"
)

// ExportVersion is the version of the export format.
const ExportVersion = 1

const exportKind = "audit-export"

// header is the first line of an export.
type header struct {
	Fovea  string `json:"fovea"` // always audit-export
	V      int    `json:"v"`
	Origin string `json:"origin"`
	Key    string `json:"key"` // public
	Size   int64  `json:"size"`
}

// checkpointLine is the line of a checkpoint; it follows the last leaf that it
// covers.
type checkpointLine struct {
	Size       int64  `json:"size"`
	Checkpoint string `json:"checkpoint"`
}

// Exporter writes one log as lines of JSON: a header, every leaf from the
// first on, each checkpoint behind the last leaf it covers. It recomputes the
// tree on the way and refuses what the checkpoints do not confirm, so that a
// damaged vault is found while exporting and not years later.
type Exporter struct {
	w       *bufio.Writer
	h       header
	tree    edge
	covered int64 // leaves under the last checkpoint
	err     error
}

// NewExporter begins the export of the first size leaves of the log whose
// public key is key.
func NewExporter(w io.Writer, key string, size int64) (*Exporter, error) {
	v, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	if size < 0 {
		return nil, fmt.Errorf("ledger: export of %d leaves", size)
	}
	e := &Exporter{w: bufio.NewWriter(w), covered: -1}
	e.h = header{Fovea: exportKind, V: ExportVersion, Origin: v.Name(), Key: key, Size: size}
	text, err := line(e.h)
	if err != nil {
		return nil, fmt.Errorf("ledger: export: %w", err)
	}
	return e, e.write(text)
}

// Leaf writes the next leaf, by its text.
func (e *Exporter) Leaf(text []byte) error {
	if e.err != nil {
		return e.err
	}
	if e.tree.size == e.h.Size {
		return e.fail(fmt.Errorf("ledger: export: more than %d leaves", e.h.Size))
	}
	l, err := DecodeLeaf(text)
	if err != nil {
		return e.fail(fmt.Errorf("ledger: export: leaf %d: %w", e.tree.size, err))
	}
	if l.N != e.tree.size {
		return e.fail(fmt.Errorf("ledger: export: leaf %d in the place of leaf %d", l.N, e.tree.size))
	}
	h := LeafHash(text)
	e.tree.add(h)
	return e.write(leafLine(h, text))
}

// Checkpoint writes a signed checkpoint that covers exactly the leaves so far.
func (e *Exporter) Checkpoint(text []byte) error {
	if e.err != nil {
		return e.err
	}
	c, err := openAlone(text, e.h.Key)
	if err == nil {
		err = c.confirms(&e.tree)
	}
	if err != nil {
		return e.fail(fmt.Errorf("ledger: export: %w", err))
	}
	encoded, err := line(checkpointLine{Size: e.tree.size, Checkpoint: string(text)})
	if err != nil {
		return e.fail(fmt.Errorf("ledger: export: %w", err))
	}
	e.covered = e.tree.size
	return e.write(encoded)
}

// Close flushes. It is an error when leaves are missing or no checkpoint
// covers the last of them.
func (e *Exporter) Close() error {
	switch {
	case e.err != nil:
		return e.err
	case e.tree.size != e.h.Size:
		return e.fail(fmt.Errorf("ledger: export ended after %d of %d leaves", e.tree.size, e.h.Size))
	case e.covered != e.h.Size:
		return e.fail(errors.New("ledger: export: no checkpoint covers the last leaf"))
	}
	if err := e.w.Flush(); err != nil {
		return e.fail(fmt.Errorf("ledger: export: %w", err))
	}
	return nil
}

func (e *Exporter) write(text []byte) error {
	if _, err := e.w.Write(append(text, '\n')); err != nil {
		return e.fail(fmt.Errorf("ledger: export: %w", err))
	}
	return nil
}

func (e *Exporter) fail(err error) error {
	e.err = err
	return err
}

// openAlone opens a checkpoint that is signed by key and by nobody else.
func openAlone(text []byte, key string) (Checkpoint, error) {
	c, n, err := openNote(text, []string{key})
	if err != nil {
		return Checkpoint{}, err
	}
	if string(text) != alone(n) {
		return Checkpoint{}, errors.New("ledger: checkpoint has more than the one signature")
	}
	return c, nil
}

// alone is a note with the log's signature and no other.
func alone(n *note.Note) string {
	return fmt.Sprintf("%s\n— %s %s\n", n.Text, n.Sigs[0].Name, n.Sigs[0].Base64)
}

// StripCheckpoint returns the checkpoint and its text with the signature of the
// log whose public key is key, and without all the others: nobody has looked at
// those, and they can be anything.
func StripCheckpoint(text []byte, key string) (Checkpoint, []byte, error) {
	c, n, err := openNote(text, []string{key})
	if err != nil {
		return Checkpoint{}, nil, err
	}
	return c, []byte(alone(n)), nil
}

// confirms reports, by a nil error, that the checkpoint is of this tree.
func (c Checkpoint) confirms(tree *edge) error {
	root, err := tree.root()
	if err != nil {
		return err
	}
	if c.Size != tree.size {
		return fmt.Errorf("checkpoint of %d leaves behind %d", c.Size, tree.size)
	}
	if c.Root != root {
		return fmt.Errorf("the checkpoint at %d is of other entries", c.Size)
	}
	return nil
}

// The line of a leaf has the leaf's hash, so that a changed leaf is named and
// not only known to be one of those under a checkpoint.
const (
	leafHead   = `{"hash":"`
	leafMiddle = `","leaf":`
	leafTail   = `}`
	hashLen    = 44 // of a hash in base64
)

func leafLine(h Hash, text []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(leafHead) + hashLen + len(leafMiddle) + len(text) + len(leafTail) + 1)
	b.WriteString(leafHead)
	b.WriteString(h.String())
	b.WriteString(leafMiddle)
	b.Write(text)
	b.WriteString(leafTail)
	return b.Bytes()
}

// cutLeafLine takes a line of a leaf apart; hash is not decoded yet.
func cutLeafLine(text []byte) (hash string, leaf []byte, ok bool) {
	rest, ok := bytes.CutPrefix(text, []byte(leafHead))
	if !ok || len(rest) < hashLen {
		return "", nil, false
	}
	hash, rest = string(rest[:hashLen]), rest[hashLen:]
	if rest, ok = bytes.CutPrefix(rest, []byte(leafMiddle)); !ok {
		return "", nil, false
	}
	leaf, ok = bytes.CutSuffix(rest, []byte(leafTail))
	return hash, leaf, ok
}
