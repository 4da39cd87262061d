package ledger

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a node of the tree: SHA-256 of 0x00 and a leaf's text, or of 0x01
// and two hashes.
type Hash = tlog.Hash

// Reader returns the stored hashes at the given indexes, which ascend, in
// their order. Indexes are those that Append gave.
type Reader func(indexes []int64) ([]Hash, error)

// LeafHash returns the hash of a leaf's text.
func LeafHash(text []byte) Hash { return tlog.RecordHash(text) }

// Append returns the hashes to store for leaf number n, which is the size of
// the tree before it: the first at index first, the others at the indexes
// that follow. It reads at most log₂ n earlier hashes.
func Append(n int64, text []byte, read Reader) (first int64, hashes []Hash, err error) {
	if n < 0 {
		return 0, nil, fmt.Errorf("ledger: leaf %d: the first is 0", n)
	}
	hashes, err = tlog.StoredHashes(n, text, tlog.HashReaderFunc(read))
	if err != nil {
		return 0, nil, fmt.Errorf("ledger: append leaf %d: %w", n, err)
	}
	return tlog.StoredHashIndex(0, n), hashes, nil
}

// StoredHashes returns how many hashes are stored for a tree of n leaves.
func StoredHashes(n int64) int64 { return tlog.StoredHashCount(n) }

// Root returns the root of the tree of the first size leaves.
func Root(size int64, read Reader) (Hash, error) {
	root, err := tlog.TreeHash(size, tlog.HashReaderFunc(read))
	if err != nil {
		return Hash{}, fmt.Errorf("ledger: root at %d: %w", size, err)
	}
	return root, nil
}

// ProveConsistency returns the proof that the tree of size leaves begins with
// the tree of the first old of them.
func ProveConsistency(old, size int64, read Reader) ([]Hash, error) {
	if old == 0 || old == size {
		return nil, nil
	}
	proof, err := tlog.ProveTree(size, old, tlog.HashReaderFunc(read))
	if err != nil {
		return nil, fmt.Errorf("ledger: prove that %d leaves begin with %d: %w", size, old, err)
	}
	return proof, nil
}

// CheckConsistency reports, by a nil error, that the log of the later
// checkpoint begins with the log of the earlier one. Both must have been
// opened with a trusted key.
func CheckConsistency(earlier, later Checkpoint, proof []Hash) error {
	switch {
	case earlier.Origin != later.Origin:
		return fmt.Errorf("ledger: checkpoints of two logs")
	case earlier.Size > later.Size:
		return fmt.Errorf("ledger: the earlier checkpoint has %d leaves, the later %d", earlier.Size, later.Size)
	case earlier.Size == 0 || earlier.Size == later.Size:
		if len(proof) > 0 || (earlier.Size > 0 && earlier.Root != later.Root) {
			return fmt.Errorf("ledger: checkpoints at %d and %d disagree", earlier.Size, later.Size)
		}
		return nil
	}
	if err := tlog.CheckTree(proof, later.Size, later.Root, earlier.Size, earlier.Root); err != nil {
		return fmt.Errorf("ledger: checkpoints at %d and %d disagree: %w", earlier.Size, later.Size, err)
	}
	return nil
}

// edge is the right edge of a growing tree: all that is needed to go on, a
// hash for each complete subtree, largest first.
type edge struct {
	size   int64
	hashes []Hash
}

// add appends a leaf by its hash.
func (e *edge) add(h Hash) {
	// Each trailing 1 in the size is a subtree that this leaf completes.
	for n := e.size; n&1 == 1; n >>= 1 {
		last := len(e.hashes) - 1
		h = tlog.NodeHash(e.hashes[last], h)
		e.hashes = e.hashes[:last]
	}
	e.hashes = append(e.hashes, h)
	e.size++
}

// root returns the root over all leaves added.
func (e *edge) root() (Hash, error) {
	if e.size == 0 {
		return Root(0, nil)
	}
	last := len(e.hashes) - 1
	h := e.hashes[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(e.hashes[i], h)
	}
	return h, nil
}
