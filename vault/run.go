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

// Run does what has to be done from time to time, until ctx ends: it deletes
// bytes that no change ever named. Changes are written without it.
func (v *Vault) Run(ctx context.Context) error {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-sweep.C:
			if _, err := v.sweep(ctx); err != nil && ctx.Err() == nil {
				v.opt.Log.Error("vault: sweep", "error", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// sweep deletes blobs that have no manifest a day after they were put: their
// change was never committed, or they were replaced.
func (v *Vault) sweep(ctx context.Context) (int, error) {
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
		if err := v.opt.Blobs.DeleteBlob(ctx, id); err != nil {
			return swept, err
		}
		swept++
	}
	return swept, nil
}
