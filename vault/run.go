package vault

import (
	"context"
	"time"

	"fovea/clinical"
)

const (
	sweepEvery = time.Hour
	sweepAge   = 24 * time.Hour // of bytes that nothing names
)

// Run does what has to be done from time to time, until ctx ends: a signed
// checkpoint every minute, or 1,000 entries, in which the ledger grew, and one
// at the end, pushed to every outlet; and the deletion of bytes that no change ever named. Changes are
// written without it.
func (v *Vault) Run(ctx context.Context) error {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	minute := time.NewTicker(checkpointEvery)
	defer minute.Stop()
	out := &publisher{v: v, sent: map[int]uint64{}, told: map[int]told{}}
	for {
		select {
		case <-minute.C:
			out.push(ctx)
		case <-v.due:
			out.push(ctx)
		case <-sweep.C:
			if _, err := v.Sweep(ctx); err != nil && ctx.Err() == nil {
				v.opt.Log.Error("vault: sweep", "error", err)
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stall)
			defer cancel()
			out.push(last)
			return nil
		}
	}
}

func (v *Vault) checkpointIfGrown(ctx context.Context) {
	v.mu.Lock()
	grown := v.head.leaves > v.checkpointed
	v.mu.Unlock()
	if !grown {
		return
	}
	if _, err := v.Checkpoint(ctx); err != nil && ctx.Err() == nil {
		v.opt.Log.Error("vault: checkpoint", "error", err)
	}
}

// Sweep deletes blobs that have no manifest a day after they were put: their
// change was never committed, or they were replaced. It returns how many. Run
// does it every hour.
func (v *Vault) Sweep(ctx context.Context) (int, error) {
	before := v.opt.Now().Add(-sweepAge)
	var old []clinical.BlobID
	err := v.opt.Blobs.EachBlob(ctx, func(id clinical.BlobID, put time.Time) error {
		if put.Before(before) {
			old = append(old, id)
		}
		return ctx.Err()
	})
	if err != nil {
		return 0, err
	}
	swept := 0
	for _, id := range old {
		// Looked at before the manifests: a change that is committed in between
		// takes its mark away after its manifest is there.
		if _, flies := v.flying.Load(id); flies {
			continue
		}
		named := true
		err := v.opt.Store.View(ctx, func(r Reader) error {
			_, err := r.Get(manifestKey(id))
			if isNotFound(err) {
				named = false
				return nil
			}
			return err
		})
		if err != nil {
			return swept, err
		}
		if named {
			continue
		}
		switch err := v.opt.Blobs.DeleteBlob(ctx, id); clinical.KindOf(err) {
		case clinical.Conflict:
			continue // somebody has it in hand: not this time
		default:
			if err != nil {
				return swept, err
			}
		}
		swept++
	}
	return swept, nil
}
