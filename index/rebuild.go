package index

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"fovea/clinical"
)

// Rekey makes the next Rebuild, and with it everything from then on, sealed under key. The index that answers stays
// under its own until then.
func (x *Index) Rekey(key [32]byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.key = key
}

// Rebuild makes the index anew from the journal in a folder of its own, beside the one that goes on answering, and
// then puts it in that one's place and destroys that one. It reports the pictures read so far and how many the old
// index held, never more done than total. When it fails or ctx ends the old index is untouched.
func (x *Index) Rebuild(ctx context.Context, src source, progress func(done, total uint64)) error {
	ctx, leave, err := x.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	g, err := x.begin()
	if err != nil {
		return err
	}
	if err := x.fill(ctx, g, src, progress); err != nil {
		return errors.Join(err, g.close(), os.RemoveAll(g.dir))
	}
	return x.replace(ctx, g, src)
}

// replace puts g in place and destroys the generation that was there, or g where that fails.
func (x *Index) replace(ctx context.Context, g *generation, src source) error {
	old, err := x.swap(ctx, g, src)
	if err != nil {
		return errors.Join(err, g.close(), os.RemoveAll(g.dir))
	}
	if err := old.close(); err != nil {
		return err
	}
	if err := os.RemoveAll(old.dir); err != nil {
		return clinical.Errorf(clinical.Unavailable, "index: remove the old generation: %w", err)
	}
	return nil
}

// empty puts an index of nothing in place, at the beginning of the journal.
func (x *Index) empty(ctx context.Context, src source) error {
	g, err := x.begin()
	if err != nil {
		return err
	}
	x.advance(0)
	return x.replace(ctx, g, src)
}

func (x *Index) fill(ctx context.Context, g *generation, src source, progress func(done, total uint64)) error {
	total, err := x.Count()
	if err != nil {
		return err
	}
	report := func(done uint64) {
		if progress != nil {
			progress(done, max(done, uint64(total)))
		}
	}
	f := newFiller(x, g, src)
	if _, err := f.load(ctx, report); err != nil {
		return err
	}
	report(f.done)
	return catchUp(ctx, f, x.Seq())
}

// catchUp brings f's generation to journal number seq at least, so that no answer goes back in time.
func catchUp(ctx context.Context, f *filler, seq uint64) error {
	for f.seq < seq {
		changes, err := f.src.Changes(ctx, f.seq, enoughChanges)
		if err != nil {
			return err
		}
		if err := f.changes(ctx, changes); err != nil {
			return err
		}
	}
	return nil
}

// swap puts g in place and returns the generation that was there. Nobody writes meanwhile.
func (x *Index) swap(ctx context.Context, g *generation, src source) (*generation, error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	f := newFiller(x, g, src)
	if err := catchUp(ctx, f, x.Seq()); err != nil {
		return nil, err
	}
	if err := f.flush(); err != nil {
		return nil, err
	}
	if err := point(x.dir, filepath.Base(g.dir)); err != nil {
		return nil, err
	}
	x.mu.Lock()
	if x.closed {
		x.mu.Unlock()
		return nil, errClosed()
	}
	old := x.now
	x.now = g
	x.mu.Unlock()
	x.advance(g.cursor)
	return old, nil
}
