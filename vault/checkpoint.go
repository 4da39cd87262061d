package vault

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
)

const (
	checkpointEvery   = time.Minute
	checkpointEntries = 1000
	latestName        = "latest"
	historyName       = "history"
)

// AuditKey returns the public key of the ledger: what an auditor keeps to
// verify exports and checkpoints with.
func (v *Vault) AuditKey() string { return v.signer.Key() }

// Checkpoint signs the ledger as it is now, keeps the checkpoint in the store
// for exports, writes it to Options.CheckpointDir, and returns it.
func (v *Vault) Checkpoint(ctx context.Context) ([]byte, error) {
	text, _, err := v.checkpoint(ctx)
	return text, err
}

func (v *Vault) checkpoint(ctx context.Context) ([]byte, uint64, error) {
	text, size, err := v.signNow(ctx)
	if err != nil {
		return nil, 0, err
	}
	key := numberKey(prefixCheckpoint, size)
	value, err := v.boxes.leaf.seal(key, text)
	if err != nil {
		return nil, 0, err
	}
	if err := v.shelve(ctx, write{key: key, value: value}); err != nil {
		return nil, 0, err
	}
	if err := v.exportCheckpoint(text); err != nil {
		return nil, 0, clinical.Errorf(clinical.Unavailable, "vault: checkpoint: %w", err)
	}
	v.mu.Lock()
	v.checkpointed = max(v.checkpointed, size)
	v.mu.Unlock()
	return text, size, nil
}

func (v *Vault) signNow(ctx context.Context) ([]byte, uint64, error) {
	var text []byte
	var size uint64
	err := v.opt.Store.View(ctx, func(r Reader) error {
		h, err := v.readHead(r)
		if err != nil {
			return err
		}
		size = h.leaves
		root, err := ledger.Root(int64(size), hashReader(r))
		if err != nil {
			return clinical.Errorf(clinical.Corrupt, "vault: %w", err)
		}
		text, err = v.signer.Checkpoint(int64(size), root)
		return err
	})
	return text, size, err
}

// exportCheckpoint appends to the history and replaces the latest.
func (v *Vault) exportCheckpoint(text []byte) error {
	dir := v.opt.CheckpointDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, historyName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(append([]byte(nil), text...), '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, latestName), text)
}

// checkLatest compares the store with the last checkpoint that left it: a
// store that lacks what it covers was put back from an old copy, or changed.
func (v *Vault) checkLatest(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(v.opt.CheckpointDir, latestName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "vault: last checkpoint: %w", err)
	}
	c, err := ledger.OpenCheckpoint(text, v.signer.Key())
	if err != nil {
		return clinical.Errorf(clinical.Corrupt, "vault: last checkpoint: %w", err)
	}
	err = v.opt.Store.View(ctx, func(r Reader) error {
		if uint64(c.Size) > v.head.leaves {
			return clinical.Errorf(clinical.Corrupt, "vault: the ledger has %d entries, its last checkpoint covers %d", v.head.leaves, c.Size)
		}
		root, err := ledger.Root(c.Size, hashReader(r))
		if err != nil {
			return clinical.Errorf(clinical.Corrupt, "vault: %w", err)
		}
		if root != c.Root {
			return clinical.Errorf(clinical.Corrupt, "vault: the ledger's last checkpoint is of other entries")
		}
		return nil
	})
	if clinical.KindOf(err) == clinical.Corrupt {
		return &clinical.Error{
			Kind: clinical.Corrupt, Reason: "old-store", Err: err,
			Public: "The store does not agree with its last checkpoint: an old copy was put back, or it was changed. Restore the newest backup, and keep this copy as evidence.",
		}
	}
	v.checkpointed = uint64(c.Size)
	return err
}

// ExportAudit writes the whole ledger, with every checkpoint and a new one at
// its end, in the form that ledger.Verify checks offline (docs/formats/ledger.md).
// It finds damage to the ledger on the way: Corrupt.
func (v *Vault) ExportAudit(ctx context.Context, w io.Writer) error {
	return v.exportAudit(ctx, w, func(Reader, uint64, []byte) error { return nil })
}

// exportAudit is ExportAudit with a look at each leaf.
func (v *Vault) exportAudit(ctx context.Context, w io.Writer, each func(r Reader, n uint64, text []byte) error) error {
	_, size, err := v.checkpoint(ctx)
	if err != nil {
		return err
	}
	err = v.opt.Store.View(ctx, func(r Reader) error {
		e, err := ledger.NewExporter(outlet{w}, v.signer.Key(), int64(size))
		if err != nil {
			return err
		}
		if err := v.exportLeaves(ctx, r, sized{e, size}, each); err != nil {
			return err
		}
		return e.Close()
	})
	switch {
	case ctx.Err() != nil:
		err = clinical.Errorf(clinical.Unavailable, "vault: export of the ledger: %w", ctx.Err())
	case err != nil && clinical.KindOf(err) == clinical.Internal:
		err = clinical.Errorf(clinical.Corrupt, "vault: export of the ledger: %w", err)
	}
	return err
}

// outlet tells a reader who went away from a ledger that is damaged.
type outlet struct{ w io.Writer }

func (o outlet) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil {
		err = clinical.Errorf(clinical.Unavailable, "vault: export: %w", err)
	}
	return n, err
}

// sized is an export of so many leaves.
type sized struct {
	*ledger.Exporter
	size uint64
}

func (v *Vault) exportLeaves(ctx context.Context, r Reader, e sized, each func(r Reader, n uint64, text []byte) error) error {
	var n uint64
	return r.Scan([]byte{prefixLeaf}, nil, func(key, value []byte) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, clinical.Errorf(clinical.Unavailable, "vault: export: %w", err)
		}
		text, err := v.boxes.leaf.open(key, value)
		if err != nil {
			return false, err
		}
		if err := e.Leaf(text); err != nil {
			return false, err
		}
		if err := each(r, n, text); err != nil {
			return false, err
		}
		n++
		if err := v.exportMark(r, e, n); err != nil {
			return false, err
		}
		return n < e.size, nil
	})
}

// exportMark writes the checkpoint that was signed at n leaves, if one was.
func (v *Vault) exportMark(r Reader, e sized, n uint64) error {
	key := numberKey(prefixCheckpoint, n)
	value, err := r.Get(key)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := v.boxes.leaf.open(key, value)
	if err != nil {
		return err
	}
	return e.Checkpoint(text)
}

// signOn declares the gap that a crash may have left and takes back the mark
// of a clean end.
func (v *Vault) signOn(ctx context.Context) error {
	return v.opt.Store.Update(ctx, func(t Txn) error {
		key := metaKey("clean")
		_, err := t.Get(key)
		if err == nil {
			return t.Delete(key)
		}
		if !isNotFound(err) {
			return err
		}
		h, err := v.readHead(t)
		if err != nil {
			return err
		}
		if err := v.appendEvent(t, &h, gap(v.opt.Now(), "crash", 0)); err != nil {
			return err
		}
		return v.writeHead(t, h)
	})
}

// signOff marks a clean end: every line of the ledger was written.
func (v *Vault) signOff(ctx context.Context) error {
	v.takeLater()
	if len(v.held) > 0 || v.dropped.Load() > 0 {
		return clinical.Errorf(clinical.Unavailable, "vault: closed with entries of the ledger unwritten")
	}
	key := metaKey("clean")
	value, err := v.boxes.meta.seal(key, nil)
	if err != nil {
		return err
	}
	return v.opt.Store.Update(ctx, func(t Txn) error { return t.Set(key, value) })
}

func (v *Vault) writeHead(t Txn, h head) error {
	h.epoch = v.keys.epoch()
	value, err := v.boxes.meta.seal(metaKey("head"), h.encode())
	if err != nil {
		return err
	}
	return t.Set(metaKey("head"), value)
}
