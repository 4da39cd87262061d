package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"fovea/clinical"
)

// batchMax is how many waiting changes share one transaction, and with it one
// sync. Each is answered once that transaction is durable.
const batchMax = 64

// batchBytes is how many bytes of blobs share a transaction: two pictures of
// 8 MB, so that two writers seal while two others are written.
const batchBytes = 20 << 20

// laterMax bounds the ledger entries that wait for the next transaction.
const laterMax = 4096

// laterDelay is how long a NoteLater may wait for company.
const laterDelay = 500 * time.Millisecond

// retryDelay is how soon a failed transaction or erasure is tried again.
const retryDelay = time.Second

// stall is how long anything may wait for the ledger before Healthy says no.
const stall = 5 * time.Second

// head is what the next transaction starts from.
type head struct {
	seq     uint64 // last journal number
	ordinal uint32 // last ordinal given to an asset
	leaves  uint64 // entries in the ledger
	slot    uint64 // last slot consumed
	epoch   uint64 // of the keyring when this was written
}

const headSize = 40

func (h head) encode() []byte {
	out := make([]byte, 0, headSize)
	for _, n := range []uint64{h.seq, uint64(h.ordinal), h.leaves, h.slot, h.epoch} {
		out = binary.BigEndian.AppendUint64(out, n)
	}
	return out
}

func decodeHead(plain []byte) (head, error) {
	if len(plain) != headSize {
		return head{}, clinical.Errorf(clinical.Corrupt, "vault: head of %d bytes", len(plain))
	}
	n := func(i int) uint64 { return binary.BigEndian.Uint64(plain[8*i:]) }
	return head{seq: n(0), ordinal: uint32(n(1)), leaves: n(2), slot: n(3), epoch: n(4)}, nil
}

func (v *Vault) readHead(r Reader) (head, error) {
	key := metaKey("head")
	value, err := r.Get(key)
	if err != nil {
		return head{}, err
	}
	plain, err := v.boxes.meta.open(key, value)
	if err != nil {
		return head{}, err
	}
	return decodeHead(plain)
}

// The life of a request.
const (
	waiting int32 = iota
	taken
	abandoned
)

// request is one change on its way to the sequencer.
type request struct {
	change  clinical.Change
	journal bool                        // false: a line in the ledger and nothing else
	blob    *sealedBlob                 // nil: none
	shelf   *write                      // not nil: this and nothing else
	work    func(context.Context) error // not nil: this and nothing else
	flush   bool                        // the lines of the ledger that wait, and nothing else
	done    chan result
	state   atomic.Int32
}

type result struct {
	change clinical.Change
	err    error
}

func (r *request) answer(c clinical.Change, err error) { r.done <- result{c, err} }

// submit hands a request to the sequencer and waits for its answer, no longer
// than ctx. A request that nobody has begun by then is not carried out.
func (v *Vault) submit(ctx context.Context, r *request) (clinical.Change, error) {
	r.done = make(chan result, 1)
	select {
	case v.queue <- r:
	case <-ctx.Done():
		return clinical.Change{}, busy(ctx)
	case <-v.stopped:
		return clinical.Change{}, errStopped()
	}
	defer v.watch.begin(v.opt.Now())()
	select {
	case out := <-r.done:
		return out.change, out.err
	case <-v.stopped:
		return v.lastAnswer(r)
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, abandoned) {
			return clinical.Change{}, busy(ctx)
		}
	}
	// It is being written: the answer is near, and better than not knowing.
	grace := time.NewTimer(stall)
	defer grace.Stop()
	select {
	case out := <-r.done:
		return out.change, out.err
	case <-grace.C:
		return clinical.Change{}, &clinical.Error{
			Kind: clinical.Unavailable, Reason: "outcome-unknown",
			Err: clinical.Errorf(clinical.Unavailable, "vault: commit has not returned: %v", context.Cause(ctx)),
		}
	}
}

// lastAnswer takes an answer that came just before the sequencer ended.
func (v *Vault) lastAnswer(r *request) (clinical.Change, error) {
	select {
	case out := <-r.done:
		return out.change, out.err
	default:
		return clinical.Change{}, errStopped()
	}
}

func busy(ctx context.Context) error {
	return &clinical.Error{
		Kind: clinical.Unavailable, Reason: "busy",
		Err: clinical.Errorf(clinical.Unavailable, "vault: nothing was written: %w", context.Cause(ctx)),
	}
}

func errStopped() error {
	return &clinical.Error{Kind: clinical.Unavailable, Reason: "stopping", Err: errors.New("vault: closed")}
}

// sequence is the one writer: it owns the journal's next number and the right
// edge of the ledger's tree. It ends when stop is closed, after everything that
// waits was written.
func (v *Vault) sequence(ctx context.Context, stop <-chan struct{}) {
	defer close(v.stopped)
	timer := time.NewTimer(laterDelay)
	defer timer.Stop()
	for {
		select {
		case r := <-v.queue:
			v.writeBatch(ctx, v.collect(r))
		case e := <-v.later:
			v.hold(e)
			if len(v.held) == 1 {
				timer.Reset(laterDelay)
			}
			continue
		case <-timer.C:
			v.writeBatch(ctx, nil)
		case <-stop:
			v.drain(ctx)
			v.ended = v.signOff(ctx)
			return
		}
		if v.watch.retry() {
			timer.Reset(retryDelay)
		}
	}
}

// collect adds to the first request what waits behind it, as long as the
// blobs of the batch fit one transaction.
func (v *Vault) collect(first *request) []*request {
	batch := []*request{first}
	room := min(batchBytes, v.fuseMax) - first.blob.fusedSize()
	for len(batch) < batchMax {
		if v.carry == nil {
			select {
			case v.carry = <-v.queue:
			default:
				return batch
			}
		}
		if v.carry.blob.fusedSize() > room {
			return batch
		}
		room -= v.carry.blob.fusedSize()
		batch = append(batch, v.carry)
		v.carry = nil
	}
	return batch
}

func (v *Vault) drain(ctx context.Context) {
	for {
		select {
		case r := <-v.queue:
			v.writeBatch(ctx, v.collect(r))
		case e := <-v.later:
			v.hold(e)
		default:
			v.writeBatch(ctx, nil)
			return
		}
	}
}

// writeBatch writes the batch, then what did not fit in it, in one transaction
// each, and answers.
func (v *Vault) writeBatch(ctx context.Context, batch []*request) {
	for {
		batch = v.doWork(ctx, takeOver(batch))
		v.writeOnce(ctx, batch)
		if v.carry == nil {
			return
		}
		first := v.carry
		v.carry = nil
		batch = v.collect(first)
	}
}

func takeOver(batch []*request) []*request {
	var out []*request
	for _, r := range batch {
		if r.state.CompareAndSwap(waiting, taken) {
			out = append(out, r)
		}
	}
	return out
}

// outcome is what became of a request inside a transaction that is not
// durable yet.
type outcome struct {
	plan *plan
	err  error
}

func (v *Vault) writeOnce(ctx context.Context, batch []*request) {
	v.takeLater()
	if v.nothingToFlush(batch) {
		for _, r := range batch {
			r.answer(r.change, nil)
		}
		return
	}
	outcomes := make([]outcome, len(batch))
	var next head
	lost := v.dropped.Load()
	applied := false
	err := v.allow(0, true)
	if err == nil {
		err = v.prepareKeys(ctx, batch)
	}
	if err == nil {
		err = v.opt.Store.Update(ctx, func(t Txn) error {
			clear(outcomes)
			var err error
			next, err = v.apply(t, batch, outcomes, lost)
			applied = err == nil
			return err
		})
	}
	switch {
	case err != nil && !applied && len(batch) > 1:
		// Nothing was written. One change may be what the store refuses: let
		// it not take the others with it.
		for i := range batch {
			v.writeOnce(ctx, batch[i:i+1])
		}
		return
	case err != nil:
		v.failBatch(batch, outcomes, err)
		return
	}
	v.held = v.held[:0]
	v.dropped.Add(-lost)
	v.watch.wrote()
	v.erase(ctx, outcomes)
	v.publish(next)
	for i, r := range batch {
		if outcomes[i].err != nil {
			r.answer(clinical.Change{}, outcomes[i].err)
			continue
		}
		r.answer(outcomes[i].plan.change, nil)
	}
}

// nothingToFlush reports whether the batch asks only for what waits to be
// written, and nothing does.
func (v *Vault) nothingToFlush(batch []*request) bool {
	for _, r := range batch {
		if !r.flush {
			return false
		}
	}
	return len(v.held) == 0 && v.dropped.Load() == 0 && !v.watch.retry()
}

// failBatch answers a batch whose transaction failed. A request that was
// refused for its own sake hears why; ledger lines stay for the next try.
func (v *Vault) failBatch(batch []*request, outcomes []outcome, err error) {
	v.watch.failed(v.opt.Now())
	if clinical.KindOf(err) == clinical.Internal {
		err = clinical.Errorf(clinical.Unavailable, "vault: commit: %w", err)
	}
	v.opt.Log.Error("vault: transaction failed", "error", err, "changes", len(batch))
	for i, r := range batch {
		if outcomes[i].err != nil {
			r.answer(clinical.Change{}, outcomes[i].err)
			continue
		}
		r.answer(clinical.Change{}, err)
	}
}

// prepareKeys sees to it that every key the batch needs is durable before the
// transaction that uses it.
func (v *Vault) prepareKeys(ctx context.Context, batch []*request) error {
	var owners []string
	need := uint64(slotReserve)
	for _, r := range batch {
		for _, rec := range flatten(&r.change.Delta) {
			owners = append(owners, rec.owner)
		}
		if r.blob != nil {
			owners = append(owners, ownerName(r.blob.owner.Patient, r.blob.owner.Studio))
		}
		need += uint64(len(r.change.Delta.Assets))
	}
	v.mu.Lock()
	used := v.head.slot
	v.mu.Unlock()
	return v.keys.ensure(ctx, owners, used, need)
}

// apply writes what can be written of the batch and the ledger lines that
// wait. An error ends the transaction; a refused request is an outcome.
func (v *Vault) apply(t Txn, batch []*request, outcomes []outcome, lost int64) (head, error) {
	h, err := v.readHead(t)
	if err != nil {
		return h, err
	}
	for i, r := range batch {
		p, err := v.plan(t, h, r)
		if err != nil {
			outcomes[i].err = err
			continue
		}
		if err := p.write(t, v); err != nil {
			return h, err
		}
		h = p.head
		outcomes[i].plan = p
	}
	if err := v.applyLater(t, &h, lost); err != nil {
		return h, err
	}
	return h, v.writeHead(t, h)
}

// applyLater writes the ledger lines that waited, and says how many were lost
// because too many waited.
func (v *Vault) applyLater(t Txn, h *head, lost int64) error {
	for _, e := range v.held {
		if err := v.appendEvent(t, h, e); err != nil {
			return err
		}
	}
	if lost == 0 {
		return nil
	}
	return v.appendEvent(t, h, gap(v.opt.Now(), "queue-full", int(lost)))
}

// publish lets readers and followers see the new head.
func (v *Vault) publish(h head) {
	v.mu.Lock()
	defer v.mu.Unlock()
	grew := h.seq > v.head.seq
	v.head = h
	if h.leaves-v.checkpointed >= checkpointEntries {
		select {
		case v.due <- struct{}{}:
		default:
		}
	}
	if grew {
		close(v.moved)
		v.moved = make(chan struct{})
	}
}
