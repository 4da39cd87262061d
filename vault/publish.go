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
	told map[int]told
}

// told is what was last said of an outlet that failed.
type told struct {
	at    time.Time
	split bool
}

// failedEvery is how often it is said that an outlet goes on failing; it is
// tried each minute.
const failedEvery = time.Hour

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
	answers, asked := p.ask(ctx, text, size)
	witnessed, err := v.Witnessed()
	if err != nil || !bytes.HasPrefix(witnessed, text) {
		witnessed = bytes.Clone(text)
	}
	before := bytes.Clone(witnessed)
	for range asked {
		a := <-answers
		if a.err != nil {
			p.failed(ctx, a.outlet, a.err)
			continue
		}
		p.sent[a.outlet] = size
		p.recovered(a.outlet)
		if len(a.line) > 0 {
			witnessed = cosignedBy(text, witnessed, a.line)
		}
	}
	if bytes.Equal(witnessed, before) {
		return
	}
	if err := writeFile(filepath.Join(v.opt.CheckpointDir, witnessedName), witnessed); err != nil {
		v.opt.Log.Error("vault: keep cosignatures", "error", err)
	}
}

// answer is what an outlet said of a checkpoint.
type answer struct {
	outlet int
	line   []byte
	err    error
}

// ask hands a checkpoint to every outlet that lacks it, and returns where so
// many answers will come.
func (p *publisher) ask(ctx context.Context, text []byte, size uint64) (<-chan answer, int) {
	answers := make(chan answer, len(p.v.opt.Outlets))
	asked := 0
	for i, o := range p.v.opt.Outlets {
		if p.sent[i] == size {
			continue
		}
		asked++
		go func() {
			line, err := o.Publish(ctx, p.v.publication(ctx, text, size))
			answers <- answer{i, line, err}
		}()
	}
	return answers, asked
}

// cosignedBy puts a witness's line behind a checkpoint, in place of the one that
// the same key of it had there: a witness that is asked again, as after each
// start, adds nothing.
func cosignedBy(text, witnessed, line []byte) []byte {
	out := bytes.Clone(text)
	for old := range bytes.Lines(witnessed[len(text):]) {
		if !bytes.Equal(signerOf(old), signerOf(line)) {
			out = append(out, old...)
		}
	}
	return append(out, line...)
}

// signerOf is the name in a signature line, with the hash of the key: the first
// four bytes of what follows, of which five letters of base64 tell 30 bits.
func signerOf(line []byte) []byte {
	at := bytes.LastIndexByte(line, ' ')
	return line[:min(at+1+5, len(line))]
}

// failed says why a checkpoint did not leave, at once and then each hour. A
// split view is no fault of the network: somebody has another history of this
// ledger.
func (p *publisher) failed(ctx context.Context, outlet int, err error) {
	split := clinical.ReasonOf(err) == "split-view"
	now := p.v.opt.Now()
	before, again := p.told[outlet]
	if !split && ctx.Err() != nil || again && before.split == split && now.Sub(before.at) < failedEvery {
		return
	}
	p.told[outlet] = told{now, split}
	name := p.v.opt.Outlets[outlet].Name()
	if split {
		p.v.opt.Log.Error("vault: SPLIT VIEW: a witness has seen another history of this ledger. Keep DATA and its checkpoints as they are, ask the witness's owner for the evidence, "+
			"and find out whether an old copy of the store was put back, or a second server runs on a copy", "outlet", name, "error", err, "again", failedEvery)
		return
	}
	p.v.opt.Log.Error("vault: a checkpoint did not leave the machine. It is tried again every minute: see whether that machine answers", "outlet", name, "error", err, "again", failedEvery)
}

// recovered says that what had failed goes on.
func (p *publisher) recovered(outlet int) {
	if _, failing := p.told[outlet]; failing {
		delete(p.told, outlet)
		p.v.opt.Log.Info("vault: checkpoints leave the machine again", "outlet", p.v.opt.Outlets[outlet].Name())
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
