package index

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"fovea/clinical"
)

// Options say where an index lives and under which key.
type Options struct {
	Dir string   // a folder of its own, made when absent
	Key [32]byte // seals everything in Dir; derived from a root that the keyring keeps
	Log *slog.Logger
}

// Index is the search index of one vault. All methods may be called at the same time.
type Index struct {
	dir  string
	log  *slog.Logger
	stem stemmer

	mu     sync.Mutex
	key    [32]byte
	now    *generation // what answers
	closed bool
	seq    uint64        // the journal number up to which now answers
	moved  chan struct{} // closed and replaced when seq moves or the index closes
	stops  map[int]context.CancelFunc
	next   int // of stops
	users  sync.WaitGroup

	writing sync.Mutex // one writer: Follow's batch or Rebuild's swap
}

// Open opens the index in o.Dir or begins an empty one. Files that do not verify under o.Key, and what was planted
// among them, are Corrupt: Remove the folder and Open again, and Follow fills it from the journal. A newer layout is
// Invalid; an older one is replaced by an empty index, for the same reason.
func Open(o Options) (*Index, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, clinical.Errorf(clinical.Invalid, "index: folder: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "index: make the folder: %w", err)
	}
	x := &Index{
		dir: dir, log: o.Log, key: o.Key, stem: newStemmer(),
		moved: make(chan struct{}), stops: map[int]context.CancelFunc{},
	}
	name, err := currentGeneration(dir)
	if err != nil {
		return nil, err
	}
	if name == "" {
		x.now, err = x.begin()
	} else {
		x.now, err = openGeneration(filepath.Join(dir, name), o.Key)
	}
	if err != nil {
		return nil, err
	}
	if name == "" {
		if err := point(dir, filepath.Base(x.now.dir)); err != nil {
			return nil, closeAfter(x.now, err)
		}
	}
	if err := removeOthers(dir, filepath.Base(x.now.dir)); err != nil {
		return nil, closeAfter(x.now, err)
	}
	x.seq = x.now.cursor
	return x, nil
}

// closeAfter closes g on the way out with err.
func closeAfter(g *generation, err error) error {
	if cerr := g.close(); cerr != nil {
		return cerr
	}
	return err
}

// Remove destroys the index in dir, which must not be open. The journal has everything that was in it.
func Remove(dir string) error {
	names, err := generations(dir)
	if err != nil {
		return err
	}
	for _, n := range append(names, pointerFile) {
		if err := os.RemoveAll(filepath.Join(dir, n)); err != nil {
			return clinical.Errorf(clinical.Unavailable, "index: remove: %w", err)
		}
	}
	return nil
}

// Close stops Follow and Rebuild, waits for them and for the searches under way, and closes the files. It may be
// called again.
func (x *Index) Close() error {
	x.mu.Lock()
	if x.closed {
		x.mu.Unlock()
		return nil
	}
	x.closed = true
	for _, stop := range x.stops {
		stop()
	}
	close(x.moved)
	g := x.now
	x.mu.Unlock()
	x.users.Wait()
	return g.close()
}

// Seq returns the journal number up to which searches answer.
func (x *Index) Seq() uint64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.seq
}

// WaitFor returns once searches answer for journal number seq, or with ctx's error, or Unavailable when the index
// closes first.
func (x *Index) WaitFor(ctx context.Context, seq uint64) error {
	for {
		x.mu.Lock()
		at, moved, closed := x.seq, x.moved, x.closed
		x.mu.Unlock()
		switch {
		case at >= seq:
			return nil
		case closed:
			return errClosed()
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Count returns how many assets are indexed. It is for the operator: no Scope applies.
func (x *Index) Count() (int, error) {
	g, err := x.acquire()
	if err != nil {
		return 0, err
	}
	defer g.release()
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.columns.live, nil
}

// advance moves seq and wakes who waits. Callers hold writing.
func (x *Index) advance(seq uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if seq == x.seq || x.closed {
		return
	}
	x.seq = seq
	close(x.moved)
	x.moved = make(chan struct{})
}

// acquire returns the generation that answers, held until it is released.
func (x *Index) acquire() (*generation, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, errClosed()
	}
	x.now.hold()
	return x.now, nil
}

// enter registers a long-running method: the context it returns ends with ctx or when the index closes, and leave
// must be called when the method returns.
func (x *Index) enter(ctx context.Context) (_ context.Context, leave func(), _ error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, nil, errClosed()
	}
	ctx, cancel := context.WithCancel(ctx)
	id := x.next
	x.next++
	x.stops[id] = cancel
	x.users.Add(1)
	return ctx, func() {
		x.mu.Lock()
		delete(x.stops, id)
		x.mu.Unlock()
		cancel()
		x.users.Done()
	}, nil
}

func errClosed() error { return clinical.Errorf(clinical.Unavailable, "index: closed") }
