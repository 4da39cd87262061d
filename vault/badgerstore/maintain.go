package badgerstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	if err := s.prepare(ctx); err != nil {
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

// prepare walks the logs that may be rewritten. Badger rewrites a log up to the
// first entry that does not verify and then deletes it whole, with what lives
// behind that entry: such values are written anew first.
func (s *Store) prepare(ctx context.Context) error {
	wasted, err := readWaste(s.options.Dir)
	if err != nil {
		return err
	}
	logs, err := listLogs(s.options.Dir)
	if err != nil {
		return err
	}
	w := walk{pointed: map[uint32]int64{}}
	for _, l := range logs {
		if l.memory || l.newest || !wasted[l.number] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		fault, err := w.check(s.options.Dir, l)
		if err != nil {
			return err
		}
		if fault.State == LogClean {
			continue
		}
		s.alarm.count.Add(1)
		var r Repair
		if err := s.rescueFrom(ctx, fault, &r); err != nil {
			return err
		}
		s.options.Log.Error("badgerstore: damaged log", "file", l.name, "offset", fault.Offset, "rescued", r.Rescued)
	}
	return nil
}

// readWaste returns the numbers of the value logs in which Badger knows of
// waste: its DISCARD file has 16 bytes for each, the number and the bytes
// wasted, big endian, and ends with number 0.
func readWaste(dir string) (map[uint32]bool, error) {
	b, err := os.ReadFile(filepath.Join(dir, "DISCARD"))
	if err != nil {
		return nil, fmt.Errorf("badgerstore: %w", err)
	}
	logs := map[uint32]bool{}
	for ; len(b) >= 16; b = b[16:] {
		number, waste := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		if number == 0 {
			break
		}
		if waste > 0 {
			logs[uint32(number)] = true
		}
	}
	return logs, nil
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
