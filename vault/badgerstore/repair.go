package badgerstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"fovea/clinical"
)

// Repair is what RepairLogs found and did.
type Repair struct {
	Faults []LogFault
	// Rescued values lay behind the damage and were written anew.
	Rescued int
	// Unreadable values are damaged themselves. Reading them is Corrupt, and
	// nothing else is lost; a backup has them.
	Unreadable int
	// Transactions that could not be replayed because a part of them was
	// damaged before it had reached a table. What they wrote is lost.
	Transactions int
	// Kept is the folder with the logs as they were, empty if none was changed.
	Kept string
}

// RepairLogs mends what Open refuses, without cutting anything off. A damaged
// value log is followed by an empty one, so that Badger does not cut it, and
// the values behind the damage are written anew. A damaged memory log is
// rewritten without the transactions that the damage is in. Afterwards Open
// works; what was lost is for the vault's own check to name.
func RepairLogs(ctx context.Context, o Options) (Repair, error) {
	o = o.filled()
	lock, err := takeLock(o.Dir)
	if err != nil {
		return Repair{}, err
	}
	r, err := repair(ctx, o, lock)
	return r, errors.Join(err, lock.Close())
}

func repair(ctx context.Context, o Options, lock *os.File) (Repair, error) {
	var r Repair
	faults, err := checkLogs(ctx, o.Dir, everyLog)
	if err != nil {
		return r, err
	}
	logs, err := listLogs(o.Dir)
	if err != nil {
		return r, err
	}
	byName := map[string]logInfo{}
	for _, l := range logs {
		byName[l.name] = l
	}
	for _, f := range faults {
		if f.State != LogDamaged {
			continue
		}
		r.Faults = append(r.Faults, f)
		l := byName[f.File]
		switch {
		case l.memory:
			r.Kept = filepath.Join(o.Dir, "damaged")
			lost, err := rewriteMemory(o.Dir, r.Kept, l)
			if err != nil {
				return r, err
			}
			r.Transactions += lost
		case l.newest:
			if err := follow(o.Dir, l); err != nil {
				return r, err
			}
		}
	}
	if len(r.Faults) == 0 {
		return r, nil
	}
	return r, rescue(ctx, o, lock, &r)
}

// follow puts an empty value log behind l. Badger cuts only the last one.
func follow(dir string, l logInfo) error {
	header := make([]byte, logHeader) // no encryption: key 0, then the vector
	if _, err := rand.Read(header[8:]); err != nil {
		return fmt.Errorf("badgerstore: %w", err)
	}
	return replace(filepath.Join(dir, fmt.Sprintf("%06d.vlog", l.number+1)), string(header))
}

// rescue opens the database and writes the values behind the damage anew.
func rescue(ctx context.Context, o Options, lock *os.File, r *Repair) error {
	s := &Store{
		options: o, lock: lock, alarm: &alarm{log: o.Log},
		turn: make(chan struct{}, 1), commit: make(chan struct{}, commits),
		folder: folder{path: o.Dir}, putting: map[clinical.BlobID]struct{}{},
	}
	var err error
	if s.db, err = badger.Open(s.badgerOptions()); err != nil {
		return openError(err)
	}
	for _, f := range r.Faults {
		if filepath.Ext(f.File) != ".vlog" {
			continue
		}
		if err := s.rescueFrom(ctx, f, r); err != nil {
			return errors.Join(err, s.db.Close())
		}
	}
	db := s.db
	s.db = nil
	return s.shut(db)
}

func (s *Store) rescueFrom(ctx context.Context, fault LogFault, r *Repair) error {
	f, err := openLog(filepath.Join(s.options.Dir, fault.File), fault.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.close() }() // read only
	bad, _, err := f.entry(fault.Offset)
	if err != nil {
		return err
	}
	end, err := f.dataEnd(fault.Offset)
	if err != nil {
		return err
	}
	return f.after(bad, end, func(e entry, from int64) error {
		if from < e.start {
			r.Unreadable++
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rewritten, err := s.rewrite(ctx, e)
		if rewritten {
			r.Rescued++
		}
		return err
	})
}

// rewrite sets a value that is still the current one again.
func (s *Store) rewrite(ctx context.Context, e entry) (bool, error) {
	done := false
	err := s.write(ctx, func(t *badger.Txn) error {
		var value []byte
		err := s.guard(func() error {
			item, err := t.Get(e.key)
			if err != nil {
				return err
			}
			if item.Version() != e.version {
				return badger.ErrKeyNotFound
			}
			value, err = read(item, nil)
			return err
		})
		if clinical.KindOf(err) == clinical.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		done = true
		return t.Set(e.key, value)
	})
	return done, err
}

// rewriteMemory leaves in a memory log the transactions that are whole, and
// puts the log as it was into kept. It returns how many were left out.
func rewriteMemory(dir, kept string, l logInfo) (lost int, err error) {
	path := filepath.Join(dir, l.name)
	f, err := openLog(path, l.name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.close() }() // read only
	whole, lost, err := f.wholeTransactions()
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(kept, 0o700); err != nil {
		return 0, fmt.Errorf("badgerstore: %w", err)
	}
	if err := copyFile(path, filepath.Join(kept, l.name)); err != nil {
		return 0, err
	}
	var b bytes.Buffer
	for _, s := range append([]span{{0, logHeader}}, whole...) {
		if _, err := io.Copy(&b, io.NewSectionReader(f.file, s.from, s.to-s.from)); err != nil {
			return 0, fmt.Errorf("badgerstore: read log %s: %w", l.name, err)
		}
	}
	// Zeros end a log.
	b.Write(make([]byte, maxEntryHead))
	return lost, replace(path, b.String())
}

type span struct{ from, to int64 }

// wholeTransactions returns where the transactions lie that are complete, and
// how many have a part missing.
func (l *logFile) wholeTransactions() (whole []span, lost int, err error) {
	var r replay
	bad := entry{start: logHeader}
	for good := true; good; {
		if bad, good, err = l.entry(bad.start); err != nil {
			return nil, 0, err
		}
		if good {
			r.take(bad)
			bad = entry{start: bad.end}
		}
	}
	end, err := l.dataEnd(bad.start)
	if err != nil {
		return nil, 0, err
	}
	err = l.after(bad, end, func(e entry, from int64) error {
		if from < e.start {
			hit, _, err := l.entry(from)
			if err != nil {
				return err
			}
			r.gap(e, hit.end == e.start)
		}
		r.take(e)
		return nil
	})
	if r.damaged {
		r.lost++
	}
	return r.whole, r.lost, err
}

// replay follows a memory log transaction by transaction.
type replay struct {
	whole   []span
	lost    int
	open    span   // of the transaction that is being read; empty: none is
	version uint64 // its version
	damaged bool   // a part of it is missing
}

// take adds an entry that verifies.
func (r *replay) take(e entry) {
	if r.open.from == r.open.to {
		r.open.from = e.start
	}
	r.open.to, r.version = e.end, e.version
	if !e.endsTransaction() {
		return
	}
	if r.damaged {
		r.lost++
	} else {
		r.whole = append(r.whole, r.open)
	}
	r.open, r.damaged = span{}, false
}

// gap says that e follows damage, of one entry or perhaps of more.
func (r *replay) gap(e entry, one bool) {
	wasOpen := r.open.from < r.open.to
	ended := wasOpen && e.version != r.version
	if ended {
		r.lost++ // its end is in the damage
	}
	r.open = span{}
	// Only when the one damaged entry was that end is e's transaction whole.
	r.damaged = !ended || !one
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("badgerstore: %w", err)
	}
	defer func() { _ = in.Close() }() // read only
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("badgerstore: %w", err)
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close(), syncFolder(filepath.Dir(to)))
}
