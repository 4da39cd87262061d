package main

import (
	"context"
	"encoding/binary"
	"time"

	"fovea/clinical"
	"fovea/exchange/paper"
)

// indexPurpose names the index's keys in the vault's keyring.
const indexPurpose = "index"

// Several erasures share one new index: it is made once none came for a while,
// and waits no longer than renewBy after the first.
const (
	renewLook  = time.Minute
	renewQuiet = 2 * time.Minute
	renewBy    = time.Hour
)

// renew gives the index a new key after each erasure and destroys the old one,
// so that a copy of the index from before is as unreadable as one of the store.
// What an earlier process left is renewed at once.
func (s *system) renew(ctx context.Context) error {
	tick := time.NewTicker(renewLook)
	defer tick.Stop()
	var waits pending
	for first := true; ; first = false {
		erased, err := s.unrenewed(ctx)
		if err == nil && waits.due(erased, time.Now(), first) {
			err = s.renewIndex(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "index: it keeps its old key until this is tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// pending is since when an erasure waits for a new index; zero: none does.
type pending struct{ since time.Time }

// due reports whether the index is to be made anew now. erased is the last
// erasure that it does not have behind it; zero: none.
func (p *pending) due(erased, now time.Time, first bool) bool {
	if erased.IsZero() {
		p.since = time.Time{}
		return false
	}
	if p.since.IsZero() {
		p.since = erased
	}
	return first || now.Sub(erased) >= renewQuiet || now.Sub(p.since) >= renewBy-renewLook
}

// unrenewed returns when keys were last destroyed by an erasure that the index
// has not got a new key since; zero: it has.
func (s *system) unrenewed(ctx context.Context) (time.Time, error) {
	erased, err := s.vault.Epoch(ctx)
	if err != nil || erased.IsZero() {
		return time.Time{}, err
	}
	_, err = s.vault.Shelf("index").Get(ctx, renewed(erased))
	if err == nil {
		return time.Time{}, nil
	}
	if clinical.KindOf(err) != clinical.NotFound {
		return time.Time{}, err
	}
	return erased, nil
}

// renewIndex builds the index under a new key where keys were destroyed since
// it got its present one. A crash on the way leaves an index whose key is not
// the newest: it is thrown away when it is opened, and filled from the journal.
func (s *system) renewIndex(ctx context.Context) error {
	erased, err := s.unrenewed(ctx)
	if err != nil || erased.IsZero() {
		return err
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
	return s.vault.Shelf("index").Put(ctx, renewed(erased), instant(time.Now()))
}

// renewedAt begins the name under which it is kept when the index's older keys
// had been destroyed after an erasure; the erasure's instant follows.
const renewedAt = "renewed "

func renewed(erased time.Time) string { return renewedAt + string(instant(erased)) }

// instant is a time in an order that bytes have, too.
func instant(t time.Time) []byte { return binary.BigEndian.AppendUint64(nil, uint64(t.UnixNano())) }

// indexKey says what became of the key that the index had before an erasure:
// the first renewal behind the erasure destroyed it.
func (s *system) indexKey(ctx context.Context, x clinical.Erasure, now time.Time) (paper.IndexKey, error) {
	erased := x.Epoch
	if erased.IsZero() {
		erased = x.Done
	}
	if x.Outcome != clinical.EraseShred || erased.IsZero() {
		return paper.IndexKey{}, nil
	}
	var first string
	out := paper.IndexKey{Due: erased.Add(renewBy)}
	if next := now.Add(renewQuiet + renewLook); out.Due.Before(next) {
		out.Due = next // it is late, and not forgotten
	}
	from := renewed(erased)
	err := s.vault.Shelf("index").Each(ctx, func(key string, value []byte) error {
		if len(key) != len(from) || key < from || first != "" && key >= first {
			return nil
		}
		if len(value) != 8 {
			return clinical.Errorf(clinical.Corrupt, "index: the time of a renewal has %d bytes", len(value))
		}
		first, out.Destroyed = key, time.Unix(0, int64(binary.BigEndian.Uint64(value))).UTC()
		return nil
	})
	return out, err
}
