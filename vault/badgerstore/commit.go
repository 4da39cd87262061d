package badgerstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"fovea/clinical"
	"fovea/vault"
)

// Update runs f and makes what it wrote durable, all or nothing.
func (s *Store) Update(ctx context.Context, f func(vault.Txn) error) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.write(ctx, func(b *badger.Txn) error {
		t := &txn{reader: reader{store: s, badger: b}}
		defer func() { t.done = true }()
		return f(t)
	})
}

// write runs f in a transaction and commits it.
func (s *Store) write(ctx context.Context, f func(*badger.Txn) error) error {
	if s.broken.Load() {
		return errBroken(nil)
	}
	db, leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	t := db.NewTransaction(true)
	defer t.Discard()
	if err := f(t); err != nil {
		return kinded(err)
	}
	select {
	case s.commit <- struct{}{}:
		defer func() { <-s.commit }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.sync(t)
}

// sync commits t. Once a sync has failed nobody knows what is on the disk, and
// a second sync would not tell: the kernel has dropped the pages. From then on
// every write is refused until the store has been opened anew.
func (s *Store) sync(t *badger.Txn) error {
	unsynced := s.alarm.unsynced.Load()
	err := t.Commit()
	switch {
	case errors.Is(err, badger.ErrTxnTooBig), errors.Is(err, badger.ErrBlockedWrites):
		return kinded(err)
	case err == nil && s.alarm.unsynced.Load() == unsynced:
		err = s.folder.settle()
	case err == nil:
		err = errors.New("a value log was not synced")
	}
	if err != nil {
		s.broken.Store(true)
		s.options.Log.Error("badgerstore: write failed, refusing more until restart")
		return errBroken(err)
	}
	return nil
}

func errBroken(err error) error {
	if err == nil {
		err = errors.New("an earlier write failed")
	}
	return &clinical.Error{
		Kind: clinical.Unavailable, Reason: "write-failed",
		Public: "The disk failed while writing. Restart the server once the disk is sound.",
		Err:    fmt.Errorf("badgerstore: %w", err),
	}
}

// txn is the transaction of the one Update.
type txn struct {
	reader
	done bool
}

func errDone() error {
	return clinical.Errorf(clinical.Internal, "badgerstore: transaction used after its end")
}

// Set writes a copy of value under key.
func (t *txn) Set(key, value []byte) error {
	switch {
	case t.done:
		return errDone()
	case len(key) == 0 || len(key) > maxKey:
		return clinical.Errorf(clinical.Invalid, "badgerstore: key of %d bytes", len(key))
	case len(value) > maxValue:
		return clinical.Errorf(clinical.Invalid, "badgerstore: value of %d bytes", len(value))
	}
	return kinded(t.badger.Set(record(key), bytes.Clone(value)))
}

// Delete forgets key.
func (t *txn) Delete(key []byte) error {
	if t.done {
		return errDone()
	}
	return kinded(t.badger.Delete(record(key)))
}

// page is how many keys Scan reads at once in a transaction that writes.
const page = 256

// Scan goes through the keys that start with prefix, page by page: Badger
// allows one iterator at a time in a transaction that writes, and f may scan.
func (t *txn) Scan(prefix, from []byte, f func(key, value []byte) (bool, error)) error {
	from = bytes.Clone(from)
	for {
		pairs, err := t.pageOf(prefix, from)
		if err != nil {
			return err
		}
		for _, p := range pairs {
			more, err := f(p.key, p.value)
			if err != nil || !more {
				return err
			}
		}
		if len(pairs) < page {
			return nil
		}
		// The least key above the last one.
		from = append(bytes.Clone(pairs[page-1].key[len(prefix):]), 0)
	}
}

type pair struct{ key, value []byte }

func (t *txn) pageOf(prefix, from []byte) ([]pair, error) {
	pairs := make([]pair, 0, page)
	err := t.reader.Scan(prefix, from, func(key, value []byte) (bool, error) {
		pairs = append(pairs, pair{key: bytes.Clone(key), value: append([]byte{}, value...)})
		return len(pairs) < page, nil
	})
	return pairs, err
}
