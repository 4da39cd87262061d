package ledger

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Trust is what an auditor knows besides the export.
type Trust struct {
	// Keys are public keys; the export's must be among them. Without any, the
	// export is only checked against the key that it brings along, and Summary
	// says so: whoever forged all of it would pass.
	Keys []string
	// Seen are signed checkpoints that left the machine earlier. The log must
	// contain what they cover: this finds a log that was cut or begun anew by
	// somebody who holds its key.
	Seen [][]byte
}

// Summary is what a verified export holds.
type Summary struct {
	Origin      string
	Key         string
	Pinned      bool // Key was among the trusted ones
	Size        int64
	Root        Hash
	Checkpoints int
	Seen        int    // how many earlier checkpoints were confirmed
	Checkpoint  string // the last one, signed: what to compare a later export with
	First, Last time.Time
	Acts        map[string]int64 // leaves by act
	Denied      int64
}

// Fault says where an export does not verify.
type Fault struct {
	Line int // of the file, from 1
	// Entry and Last are the leaves concerned: one when the change was found
	// in it, more when a checkpoint covers several and they were all rewritten
	// to agree with each other. Entry is -1 when it is none of them.
	Entry, Last int64
	What        string
}

func (f *Fault) Error() string {
	switch {
	case f.Entry < 0:
		return fmt.Sprintf("ledger: line %d: %s", f.Line, f.What)
	case f.Entry == f.Last:
		return fmt.Sprintf("ledger: line %d, entry %d: %s", f.Line, f.Entry, f.What)
	default:
		return fmt.Sprintf("ledger: line %d, one of the entries %d to %d: %s", f.Line, f.Entry, f.Last, f.What)
	}
}

// maxLine is the length of the longest line, in bytes.
const maxLine = MaxLeaf + 1024

// Verify reads an export to its end, in constant memory, and returns what it
// holds once all of it is confirmed by signed checkpoints. The error is a
// *Fault when the export is at fault, and the reader's own when reading failed.
func Verify(r io.Reader, trust Trust) (Summary, error) {
	v := verifier{lines: bufio.NewReaderSize(r, 64<<10), trust: trust}
	v.sum.Acts = map[string]int64{}
	err := v.header()
	for err == nil {
		err = v.next()
	}
	if errors.Is(err, errEnd) {
		err = v.end()
	}
	if err != nil {
		return Summary{}, err
	}
	return v.sum, nil
}

// Extends verifies two exports and that the later begins with every entry of the
// earlier, in their order. The error says which of the two is at fault: that
// they disagree is the later one's.
func Extends(earlier, later io.Reader, trust Trust) (old, now Summary, err error) {
	if old, err = Verify(earlier, trust); err != nil {
		return Summary{}, Summary{}, fmt.Errorf("the earlier export: %w", err)
	}
	trust.Keys = []string{old.Key}
	trust.Seen = append(slices.Clone(trust.Seen), []byte(old.Checkpoint))
	if now, err = Verify(later, trust); err != nil {
		return Summary{}, Summary{}, fmt.Errorf("the later export: %w", err)
	}
	return old, now, nil
}

// CheckProof reads the text of a proof that brings its leaf along, as those of
// the vault do, and returns the leaf once a checkpoint under one of the trusted
// keys confirms it. The checkpoint's text is in the proof (DecodeProof), for
// CheckCosignature.
func CheckProof(text []byte, trusted ...string) (Leaf, Checkpoint, error) {
	p, err := DecodeProof(text)
	if err != nil {
		return Leaf{}, Checkpoint{}, err
	}
	if len(p.Extra) == 0 {
		return Leaf{}, Checkpoint{}, errors.New("ledger: the proof does not bring its entry along")
	}
	c, err := p.Check(p.Extra, trusted...)
	if err != nil {
		return Leaf{}, Checkpoint{}, err
	}
	l, err := DecodeLeaf(p.Extra)
	if err == nil && l.N != p.Index {
		err = fmt.Errorf("ledger: entry %d in the place of entry %d", l.N, p.Index)
	}
	return l, c, err
}

var errEnd = errors.New("end of the export")

type verifier struct {
	lines   *bufio.Reader
	trust   Trust
	line    int
	h       header
	tree    edge
	covered int64
	seen    []Checkpoint // not confirmed yet, by size
	sum     Summary
}

func (v *verifier) fault(what string) *Fault {
	return &Fault{Line: v.line, Entry: -1, Last: -1, What: what}
}

func (v *verifier) entryFault(entry int64, what string) *Fault {
	return &Fault{Line: v.line, Entry: entry, Last: entry, What: what}
}

// read returns the next line without its end.
func (v *verifier) read() ([]byte, error) {
	v.line++
	var text []byte
	for {
		part, err := v.lines.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case len(text) > maxLine:
			return nil, v.entryFault(v.tree.size, "the line is too long")
		case err == nil:
			return text[:len(text)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(text) == 0:
			return nil, errEnd
		case errors.Is(err, io.EOF):
			return nil, v.entryFault(v.tree.size, "the file ends within a line")
		default:
			return nil, fmt.Errorf("ledger: read export: %w", err)
		}
	}
}

func (v *verifier) header() error {
	text, err := v.read()
	if errors.Is(err, errEnd) {
		return v.fault("the file is empty")
	}
	if err != nil {
		return err
	}
	if err := strict(text, &v.h); err != nil || v.h.Fovea != exportKind {
		return v.fault("this is not an audit export")
	}
	if v.h.V != ExportVersion {
		return v.fault(fmt.Sprintf("an export of version %d; this program reads %d", v.h.V, ExportVersion))
	}
	if again, err := line(v.h); err != nil || !bytes.Equal(again, text) {
		return v.fault("the header is not in its one encoding")
	}
	key, err := parseKey(v.h.Key)
	if err != nil || key.Name() != v.h.Origin {
		return v.fault("the header's key does not read")
	}
	v.sum.Origin, v.sum.Key = v.h.Origin, v.h.Key
	v.sum.Pinned = slices.Contains(v.trust.Keys, v.h.Key)
	if len(v.trust.Keys) > 0 && !v.sum.Pinned {
		return v.fault("the export is of a key that is not trusted")
	}
	return v.openSeen()
}

func (v *verifier) openSeen() error {
	for _, text := range v.trust.Seen {
		c, err := OpenCheckpoint(text, v.h.Key)
		if err != nil {
			return v.fault("a checkpoint that was seen earlier is not of this log")
		}
		v.seen = append(v.seen, c)
	}
	slices.SortFunc(v.seen, func(a, b Checkpoint) int { return int(min(max(a.Size-b.Size, -1), 1)) })
	return v.confirmSeen()
}

// next verifies one line.
func (v *verifier) next() error {
	text, err := v.read()
	if err != nil {
		return err
	}
	if bytes.HasPrefix(text, []byte(leafHead)) {
		return v.leaf(text)
	}
	return v.checkpoint(text)
}

func (v *verifier) leaf(text []byte) error {
	n := v.tree.size
	hash, leaf, ok := cutLeafLine(text)
	if !ok {
		return v.entryFault(n, "the line does not read")
	}
	h := LeafHash(leaf)
	if h.String() != hash {
		return v.entryFault(n, "the entry is not the one whose hash is beside it")
	}
	l, err := DecodeLeaf(leaf)
	if err != nil {
		return v.entryFault(n, "the entry does not read")
	}
	if l.N != n {
		return v.entryFault(n, fmt.Sprintf("entry %d stands in this place", l.N))
	}
	if n == v.h.Size {
		return v.entryFault(n, "more entries than the header says")
	}
	v.tree.add(h)
	if n == 0 {
		v.sum.First = l.Time
	}
	v.sum.Last = l.Time
	v.sum.Acts[l.Act]++
	if l.Denied {
		v.sum.Denied++
	}
	return v.confirmSeen()
}

func (v *verifier) checkpoint(text []byte) error {
	var c checkpointLine
	if err := strict(text, &c); err != nil {
		return v.entryFault(v.tree.size, "the line is neither an entry nor a checkpoint")
	}
	if again, err := line(c); err != nil || !bytes.Equal(again, text) || c.Size != v.tree.size {
		return v.fault("the checkpoint's line does not read")
	}
	signed, err := openAlone([]byte(c.Checkpoint), v.h.Key)
	if err != nil {
		return v.fault(fmt.Sprintf("the checkpoint at %d is not signed as it stands", c.Size))
	}
	if err := signed.confirms(&v.tree); err != nil {
		f := &Fault{Line: v.line, Entry: v.covered, Last: v.tree.size - 1, What: err.Error()}
		if f.Last < f.Entry {
			f.Entry, f.Last = -1, -1
		}
		return f
	}
	v.covered = v.tree.size
	v.sum.Checkpoint = c.Checkpoint
	v.sum.Checkpoints++
	return nil
}

// confirmSeen compares the earlier checkpoints that are of the present size.
func (v *verifier) confirmSeen() error {
	for len(v.seen) > 0 && v.seen[0].Size == v.tree.size {
		root, err := v.tree.root()
		if err != nil {
			return err
		}
		if v.seen[0].Root != root {
			return &Fault{
				Line: v.line, Entry: 0, Last: max(v.tree.size-1, 0),
				What: fmt.Sprintf("an earlier checkpoint at %d was of other entries", v.tree.size),
			}
		}
		v.seen = v.seen[1:]
		v.sum.Seen++
	}
	return nil
}

func (v *verifier) end() error {
	switch {
	case v.tree.size != v.h.Size:
		return v.entryFault(v.tree.size, fmt.Sprintf("the file ends here; the header says %d entries", v.h.Size))
	case v.sum.Checkpoints == 0 || v.covered != v.tree.size:
		return v.entryFault(v.covered, "no checkpoint covers the entries from here on")
	case len(v.seen) > 0:
		return v.entryFault(v.tree.size, fmt.Sprintf("the log ends here, but had %d entries when a checkpoint was seen", v.seen[0].Size))
	}
	root, err := v.tree.root()
	if err != nil {
		return err
	}
	v.sum.Size, v.sum.Root = v.tree.size, root
	return nil
}
