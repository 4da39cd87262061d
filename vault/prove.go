package vault

import (
	"context"
	"encoding/binary"

	"fovea/clinical"
	"fovea/vault/ledger"
)

// ProveSeq returns the proof, as a C2SP tlog-proof, that the change with this
// number in the journal is in the ledger as its entry says: who, when, what, in
// pseudonyms. The entry itself is in the proof's extra line, so that the file
// verifies alone, offline, with the ledger's public key. It is against a
// checkpoint that witnesses cosigned, if one covers the entry, else against the
// last, else against one signed now. A number
// that no change has is NotFound.
func (v *Vault) ProveSeq(ctx context.Context, seq uint64) ([]byte, error) {
	var entry line
	err := v.opt.Store.View(ctx, func(r Reader) error {
		n, err := v.leafNumber(r, seq)
		if err != nil {
			return err
		}
		entry, err = v.readLeaf(r, n)
		if err == nil && entry.leaf.Seq != seq {
			err = clinical.Errorf(clinical.Corrupt, "vault: entry %d of the ledger is not of change %d", n, seq)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return v.proveEntry(ctx, entry)
}

// ProvePaper is ProveSeq for the first issue of a paper whose bytes have this
// SHA-256, in lower-case hexadecimal. One that was never issued is NotFound.
func (v *Vault) ProvePaper(ctx context.Context, sum string) ([]byte, error) {
	if _, ok := paperKey(sum); !ok {
		return nil, clinical.Errorf(clinical.Invalid, "vault: no SHA-256")
	}
	issued, err := v.Events(ctx, clinical.EventQuery{SHA256: sum, Acts: []clinical.Act{clinical.ActPaperIssued}, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(issued) == 0 {
		return nil, clinical.Errorf(clinical.NotFound, "vault: no such paper was issued")
	}
	var entry line
	err = v.opt.Store.View(ctx, func(r Reader) error {
		entry, err = v.readLeaf(r, issued[0].Leaf)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v.proveEntry(ctx, entry)
}

// proveEntry proves one entry, which comes along.
func (v *Vault) proveEntry(ctx context.Context, entry line) ([]byte, error) {
	checkpoint, size, err := v.covering(ctx, uint64(entry.leaf.N))
	if err != nil {
		return nil, err
	}
	var proof ledger.Proof
	err = v.opt.Store.View(ctx, func(r Reader) error {
		proof, err = ledger.Prove(entry.leaf.N, int64(size), checkpoint, hashReader(r))
		return err
	})
	if err == nil {
		_, err = proof.Check(entry.text, v.signer.Key())
	}
	if err != nil {
		return nil, clinical.Errorf(clinical.Corrupt, "vault: prove entry %d of the ledger: %w", entry.leaf.N, err)
	}
	proof.Extra = entry.text
	return proof.Encode(), nil
}

// leafNumber returns which entry of the ledger a change has.
func (v *Vault) leafNumber(r Reader, seq uint64) (uint64, error) {
	var n uint64
	found := false
	prefix := numberKey(prefixProof, seq)
	err := r.Scan(prefix, nil, func(key, _ []byte) (bool, error) {
		if len(key) != len(prefix)+8 {
			return false, clinical.Errorf(clinical.Corrupt, "vault: key of %d bytes in the ledger's index", len(key))
		}
		n, found = binary.BigEndian.Uint64(key[len(prefix):]), true
		return false, nil
	})
	if err == nil && !found {
		err = clinical.Errorf(clinical.NotFound, "vault: no change %d", seq)
	}
	return n, err
}

func (v *Vault) readLeaf(r Reader, n uint64) (line, error) {
	key := numberKey(prefixLeaf, n)
	value, err := r.Get(key)
	if err != nil {
		return line{}, clinical.Errorf(clinical.Corrupt, "vault: entry %d of the ledger: %w", n, err)
	}
	return v.openLeaf(key, value)
}

// covering returns a checkpoint whose ledger holds entry n, and its size: the
// one that witnesses cosigned where that does.
func (v *Vault) covering(ctx context.Context, n uint64) ([]byte, uint64, error) {
	if text, err := v.Witnessed(); err == nil {
		if c, err := ledger.OpenCheckpoint(text, v.signer.Key()); err == nil && uint64(c.Size) > n {
			return text, uint64(c.Size), nil
		}
	}
	v.mu.Lock()
	size := v.checkpointed
	v.mu.Unlock()
	if size <= n {
		return v.checkpoint(ctx)
	}
	text, err := v.checkpointAt(ctx, size)
	return text, size, err
}
