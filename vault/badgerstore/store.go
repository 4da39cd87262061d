package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"golang.org/x/sys/unix"

	"fovea/clinical"
	"fovea/vault"
)

const (
	logSize      = 256 << 20 // bytes of a value log before the next is begun
	memTable     = 32 << 20  // bytes of records kept in memory before they go to a table
	memTables    = 2
	threshold    = 4096     // larger values go to a value log
	maxFused     = 64 << 20 // bytes of one blob in a record's transaction
	maxValue     = 16 << 20 // bytes of one record
	maxKey       = 4096     // bytes of one key
	commits      = 4        // transactions on their way to the disk at once
	closeTimeout = 10 * time.Second
)

// Options say where the store is and what a test may decide.
type Options struct {
	Dir string       // made when absent, readable by the owner alone
	Log *slog.Logger // nil: silent
	Now func() time.Time
	// LogSize is the size at which a value log is closed and the next begun;
	// 0: 256 MiB. At least 1 MiB.
	LogSize int64
	// Space measures the medium of a folder; nil: statfs.
	Space func(dir string) (free, total uint64, err error)
}

// Store is a vault.Store and a vault.Fuser in one database. Use Open.
type Store struct {
	options Options
	lock    *os.File // held until Close
	alarm   *alarm

	// gate is held for reading while the database is in use, and for writing
	// while Maintain closes and opens it. It is only ever taken for writing
	// with TryLock, so that a reader inside a reader cannot deadlock.
	gate sync.RWMutex
	db   *badger.DB // nil: closed

	turn   chan struct{} // holds the one token of Update
	commit chan struct{} // holds the tokens of transactions under way
	folder folder

	mu      sync.Mutex
	putting map[clinical.BlobID]struct{}

	spare  sync.Pool   // *[chunkSize]byte that nobody refers to any more
	broken atomic.Bool // a write failed in a way that leaves the disk unknown
	faults atomic.Uint64
}

var (
	_ vault.Store = (*Store)(nil)
	_ vault.Fuser = (*Store)(nil)
)

// Open opens the store in o.Dir, which it makes when absent. A store that
// another process holds is Conflict with reason "data-locked"; a log with
// damage that opening would make worse is Corrupt with reason "log-damaged",
// and RepairLogs mends it. A log that ends in a torn write, which nobody was
// told is kept, is cut there.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.filled()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("badgerstore: %w", err)
	}
	lock, err := takeLock(o.Dir)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, o, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

// open opens the database under a lock that is held already.
func open(ctx context.Context, o Options, lock *os.File) (*Store, error) {
	faults, err := checkLogs(ctx, o.Dir, newestAndOpen)
	if err != nil {
		return nil, err
	}
	for _, f := range faults {
		o.Log.Warn("badgerstore: log", "file", f.File, "state", f.State.String(), "offset", f.Offset)
		if f.State == LogDamaged {
			return nil, damaged(f)
		}
	}
	s := &Store{
		options: o, lock: lock, alarm: &alarm{log: o.Log},
		turn: make(chan struct{}, 1), commit: make(chan struct{}, commits),
		folder:  folder{path: o.Dir},
		putting: map[clinical.BlobID]struct{}{},
	}
	if s.db, err = badger.Open(s.badgerOptions()); err != nil {
		return nil, openError(err)
	}
	if err := s.folder.settle(); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func (o Options) filled() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LogSize == 0 {
		o.LogSize = logSize
	}
	if o.Space == nil {
		o.Space = statfs
	}
	return o
}

func (s *Store) badgerOptions() badger.Options {
	return badger.DefaultOptions(s.options.Dir).
		WithSyncWrites(true).
		WithValueThreshold(threshold).
		WithCompression(options.None).
		WithNumVersionsToKeep(1).
		WithValueLogFileSize(s.options.LogSize).
		WithBlockCacheSize(0).
		WithIndexCacheSize(0).
		WithCompactL0OnClose(true).
		// Update runs one at a time and every other write has keys of its own.
		WithDetectConflicts(false).
		WithMemTableSize(memTable).
		WithNumMemtables(memTables).
		WithNumCompactors(2).
		WithMetricsEnabled(false).
		WithLogger(s.alarm)
}

func statfs(dir string) (free, total uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, fmt.Errorf("badgerstore: measure free space: %w", err)
	}
	size := uint64(st.Bsize)
	return st.Bavail * size, st.Blocks * size, nil
}

// takeLock takes the folder for this process.
func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("badgerstore: lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		err = errors.Join(err, f.Close())
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, locked(err)
		}
		return nil, fmt.Errorf("badgerstore: lock: %w", err)
	}
	return f, nil
}

func locked(err error) error {
	return &clinical.Error{
		Kind: clinical.Conflict, Reason: "data-locked",
		Public: "Another process has this data folder open. Stop it, or send the command to it.",
		Err:    fmt.Errorf("badgerstore: folder is in use: %w", err),
	}
}

// Free reports the medium and what Badger needs free on it: two value logs
// and the tables that memory will be written to.
func (s *Store) Free() (vault.Space, error) {
	free, total, err := s.options.Space(s.options.Dir)
	if err != nil {
		return vault.Space{}, err
	}
	return vault.Space{Free: free, Total: total, Headroom: uint64(2*s.options.LogSize + memTables*memTable)}, nil
}

// Alarms counts the warnings and errors of Badger and the faults met while
// reading, since Open. A rise means that something on the disk is wrong.
func (s *Store) Alarms() uint64 { return s.alarm.count.Load() + s.faults.Load() }

// enter keeps the database open until leave is called.
func (s *Store) enter() (db *badger.DB, leave func(), err error) {
	s.gate.RLock()
	if s.db == nil {
		s.gate.RUnlock()
		return nil, nil, errClosed()
	}
	return s.db, s.gate.RUnlock, nil
}

// Close waits for what is under way, moves what is in memory to tables and
// marks every log as closed. It gives up after ten seconds when a reader does
// not end or when a fault left Badger unable to: nothing durable is lost by
// that, and the logs are checked at the next Open.
func (s *Store) Close() error {
	if !s.seize(closeTimeout) {
		return errBusy()
	}
	defer s.gate.Unlock()
	db := s.db
	if db == nil {
		return nil
	}
	s.db = nil
	err := s.shut(db)
	return errors.Join(err, s.lock.Close())
}

// shut closes db and, when that went well, marks its logs as closed.
func (s *Store) shut(db *badger.DB) error {
	done := make(chan error, 1)
	go func() { done <- db.Close() }()
	if s.faults.Load() == 0 {
		if err := <-done; err != nil {
			return fmt.Errorf("badgerstore: close: %w", err)
		}
		return markClosed(s.options.Dir, everyLog)
	}
	// A reader that met a fault may have left Badger's lock on that log held.
	patience := time.NewTimer(closeTimeout)
	defer patience.Stop()
	select {
	case err := <-done:
		return err
	case <-patience.C:
		return errBusy()
	}
}

// seize takes the gate for writing, within limit.
func (s *Store) seize(limit time.Duration) bool {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(limit)
	defer end.Stop()
	for {
		if s.gate.TryLock() {
			return true
		}
		select {
		case <-tick.C:
		case <-end.C:
			return false
		}
	}
}

// folder makes names durable: Badger makes files without syncing the folder
// that holds them.
type folder struct {
	path string
	mu   sync.Mutex
	seen time.Time // the folder's time of change when it was last synced
}

// granule is more than the coarsest tick of a file system's clock: within it,
// two changes may bear one time.
const granule = 50 * time.Millisecond

// settle syncs the folder if a file came or went since the last time.
func (d *folder) settle() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	info, err := os.Stat(d.path)
	if err != nil {
		return fmt.Errorf("badgerstore: %w", err)
	}
	if info.ModTime().Equal(d.seen) {
		return nil
	}
	if err := syncFolder(d.path); err != nil {
		return err
	}
	if time.Since(info.ModTime()) > granule {
		d.seen = info.ModTime()
	}
	return markClosed(d.path, allButNewest)
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("badgerstore: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

func errClosed() error {
	return &clinical.Error{Kind: clinical.Unavailable, Reason: "closed", Err: fmt.Errorf("badgerstore: %w", fs.ErrClosed)}
}

func errBusy() error {
	return &clinical.Error{
		Kind: clinical.Unavailable, Reason: "busy",
		Err: errors.New("badgerstore: readers did not end in time"),
	}
}
