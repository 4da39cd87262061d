package vault

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
)

// witnessedName is the file beside the latest checkpoint that holds the last one
// which witnesses cosigned, their lines behind the log's own.
const witnessedName = "witnessed"

// publishTime bounds what all outlets together may take.
const publishTime = 30 * time.Second

// publisher remembers which outlets have which checkpoint. Only Run has one.
type publisher struct {
	v    *Vault
	sent map[int]uint64 // by outlet: the size of the ledger it knows
}

// push signs and exports a checkpoint if the ledger grew, and brings every
// outlet that lacks the latest up to date, side by side.
func (p *publisher) push(ctx context.Context) {
	v := p.v
	v.checkpointIfGrown(ctx)
	v.mu.Lock()
	size := v.checkpointed
	v.mu.Unlock()
	if size == 0 || len(v.opt.Outlets) == 0 {
		return
	}
	text, err := v.checkpointAt(ctx, size)
	if err != nil {
		if ctx.Err() == nil {
			v.opt.Log.Error("vault: publish checkpoint", "error", err)
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	type answer struct {
		outlet int
		line   []byte
		err    error
	}
	answers := make(chan answer, len(v.opt.Outlets))
	asked := 0
	for i, o := range v.opt.Outlets {
		if p.sent[i] == size {
			continue
		}
		asked++
		go func() {
			line, err := o.Publish(ctx, v.publication(ctx, text, size))
			answers <- answer{i, line, err}
		}()
	}
	witnessed, err := v.Witnessed()
	if err != nil || !bytes.HasPrefix(witnessed, text) {
		witnessed = bytes.Clone(text)
	}
	before := len(witnessed)
	for range asked {
		a := <-answers
		if a.err != nil {
			p.failed(ctx, v.opt.Outlets[a.outlet].Name(), a.err)
			continue
		}
		p.sent[a.outlet] = size
		witnessed = append(witnessed, a.line...)
	}
	if len(witnessed) == before {
		return
	}
	if err := writeFile(filepath.Join(v.opt.CheckpointDir, witnessedName), witnessed); err != nil {
		v.opt.Log.Error("vault: keep cosignatures", "error", err)
	}
}

// failed says why a checkpoint did not leave. A split view is no fault of the
// network: somebody has another history of this ledger.
func (p *publisher) failed(ctx context.Context, outlet string, err error) {
	switch {
	case clinical.ReasonOf(err) == "split-view":
		p.v.opt.Log.Error("vault: SPLIT VIEW: a witness has seen another history of this ledger", "outlet", outlet, "error", err)
	case ctx.Err() == nil:
		p.v.opt.Log.Error("vault: a checkpoint did not leave the machine", "outlet", outlet, "error", err)
	}
}

func (v *Vault) publication(ctx context.Context, text []byte, size uint64) ledger.Publication {
	return ledger.Publication{Text: text, Size: int64(size), Prove: func(old int64) ([]ledger.Hash, error) {
		if old < 0 || uint64(old) > size {
			return nil, clinical.Errorf(clinical.Invalid, "vault: prove that %d entries extend %d", size, old)
		}
		var proof []ledger.Hash
		err := v.opt.Store.View(ctx, func(r Reader) error {
			var err error
			proof, err = ledger.ProveConsistency(old, int64(size), hashReader(r))
			return err
		})
		return proof, err
	}}
}

// checkpointAt returns the checkpoint that was signed at a size: the store's, or
// the file's where that is newer.
func (v *Vault) checkpointAt(ctx context.Context, size uint64) ([]byte, error) {
	var text []byte
	err := v.opt.Store.View(ctx, func(r Reader) error {
		key := numberKey(prefixCheckpoint, size)
		value, err := r.Get(key)
		if err == nil {
			text, err = v.boxes.leaf.open(key, value)
		}
		return err
	})
	if !isNotFound(err) {
		return text, err
	}
	text, err = os.ReadFile(filepath.Join(v.opt.CheckpointDir, latestName))
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: last checkpoint: %w", err)
	}
	return text, nil
}

// Witnessed returns the last checkpoint that a witness cosigned, with its lines;
// NotFound: none did.
func (v *Vault) Witnessed() ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(v.opt.CheckpointDir, witnessedName))
	if os.IsNotExist(err) {
		return nil, clinical.Errorf(clinical.NotFound, "vault: no witness has cosigned a checkpoint")
	}
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: witnessed checkpoint: %w", err)
	}
	return text, nil
}
