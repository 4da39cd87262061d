package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"fovea/clinical"
)

const (
	// wasted is the part of a value log that must be deletable before it is
	// rewritten: at a tenth, the logs stay below 1.12 times what lives in them.
	wasted = 0.1
	// quiet is how long Maintain looks for a moment without a reader.
	quiet = 30 * time.Second
)

// Maintain gives the space of deleted blobs back: it closes the database and
// opens it again, which is when Badger finds out what was deleted, closes the
// newest value log and begins another, then rewrites the logs that hold enough
// waste. Readers and writers wait while it closes and opens, a second or less;
// the rewriting runs beside them. Without a moment free of readers for half a
// minute it gives up, Unavailable with reason "busy".
func (s *Store) Maintain(ctx context.Context) error {
	if s.broken.Load() {
		return errBroken(nil)
	}
	if err := s.cycle(ctx); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		again, err := s.collect()
		if err != nil || !again {
			return err
		}
	}
}

// cycle closes and opens the database. When it does not open again the store
// stays closed, and every call says so.
func (s *Store) cycle(ctx context.Context) error {
	if !s.seize(quiet) {
		return errBusy()
	}
	defer s.gate.Unlock()
	if s.db == nil {
		return errClosed()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	db := s.db
	s.db = nil
	if err := s.shut(db); err != nil {
		return err
	}
	db, err := badger.Open(s.badgerOptions())
	if err != nil {
		return openError(err)
	}
	if err := s.folder.settle(); err != nil {
		return errors.Join(err, db.Close())
	}
	s.db = db
	return nil
}

// collect rewrites the value log with the most waste, if any has enough.
func (s *Store) collect() (again bool, err error) {
	db, leave, err := s.enter()
	if err != nil {
		return false, err
	}
	defer leave()
	err = db.RunValueLogGC(wasted)
	switch {
	case err == nil:
		return true, s.folder.settle()
	case errors.Is(err, badger.ErrNoRewrite):
		return false, nil
	case errors.Is(err, badger.ErrRejected):
		return false, errBusy()
	default:
		return false, fmt.Errorf("badgerstore: reclaim space: %w", kinded(err))
	}
}

// Verify reads every table and every closed log back from the disk and
// compares checksums. A difference is Corrupt; the error names the file.
func (s *Store) Verify(ctx context.Context) error {
	db, leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	err = s.guard(db.VerifyChecksum)
	if err != nil {
		return &clinical.Error{Kind: clinical.Corrupt, Reason: "table-damaged", Err: fmt.Errorf("badgerstore: tables: %w", err)}
	}
	logs, err := listLogs(s.options.Dir)
	if err != nil {
		return err
	}
	w := walk{pointed: map[uint32]int64{}}
	for _, l := range logs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if l.memory || l.newest {
			continue // being written
		}
		fault, err := w.check(s.options.Dir, l)
		if err != nil {
			return err
		}
		if fault.State != LogClean {
			return damaged(fault)
		}
	}
	return nil
}
