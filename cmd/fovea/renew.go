package main

import (
	"context"
	"encoding/binary"
	"time"

	"fovea/clinical"
)

// indexPurpose names the index's keys in the vault's keyring.
const indexPurpose = "index"

// renewEvery is how soon after an erasure the index is built under a new key,
// at the latest: several erasures of an hour share one.
const renewEvery = time.Hour

// renew gives the index a new key after each erasure and destroys the old one,
// so that a copy of the index from before is as unreadable as one of the store.
func (s *system) renew(ctx context.Context) error {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		if err := s.renewIndex(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "index: it keeps its old key until this is tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// renewIndex builds the index under a new key where keys were destroyed since
// it got its present one. A crash on the way leaves an index whose key is not
// the newest: it is thrown away when it is opened, and filled from the journal.
func (s *system) renewIndex(ctx context.Context) error {
	erased, err := s.vault.Epoch(ctx)
	if err != nil || erased.IsZero() {
		return err
	}
	shelf := s.vault.Shelf("index")
	done, err := shelf.Get(ctx, "renewed")
	if err != nil && clinical.KindOf(err) != clinical.NotFound {
		return err
	}
	stamp := binary.BigEndian.AppendUint64(nil, uint64(erased.UnixNano()))
	if string(done) == string(stamp) {
		return nil
	}
	key, err := s.vault.NewDisposableKey(ctx, indexPurpose)
	if err != nil {
		return err
	}
	s.index.Rekey(key)
	if err := s.index.Rebuild(ctx, s.vault, nil); err != nil {
		return err
	}
	if err := s.vault.DestroyOldKeys(ctx, indexPurpose); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "index: built under a new key after an erasure; the old key is destroyed")
	return shelf.Put(ctx, "renewed", stamp)
}
