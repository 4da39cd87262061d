package index

import (
	"context"
	"errors"
	"time"

	"fovea/clinical"
)

// journal is where changes come from.
type journal interface {
	Load(ctx context.Context, each func(clinical.Delta) error) (seq uint64, err error)
	Changes(ctx context.Context, after uint64, limit int) ([]clinical.Change, error)
}

// records gives single records as they are now; NotFound where one was erased.
type records interface {
	Asset(ctx context.Context, id clinical.AssetID) (clinical.Asset, error)
	Patient(ctx context.Context, id clinical.PatientID) (clinical.Patient, error)
	Job(ctx context.Context, id clinical.JobID) (clinical.Job, error)
}

// source is what the index is made from.
type source interface {
	journal
	records
	Head() uint64 // number of the last journal entry
}

// How changes are gathered into one write: until there are enough of them, or until the first has waited long enough
// that a photographer would notice.
const (
	enoughDocs    = 200
	enoughChanges = 2000
	linger        = 100 * time.Millisecond
	// lazyCursor is how many entries that concern no picture may pass before the cursor is stored for their sake.
	lazyCursor = 1000
)

// Follow keeps the index up with the journal until ctx ends or the index closes, then returns nil. An index that has
// followed nothing yet loads everything first, and so does one that is ahead of its journal: an older vault was put
// back, which gives the ordinals of pictures it never had to others. Any other end is an error; calling Follow again
// goes on from there.
// At most one Follow runs at a time.
func (x *Index) Follow(ctx context.Context, src source) error {
	ctx, leave, err := x.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	err = x.follow(ctx, src)
	if ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err())) {
		return nil
	}
	return err
}

func (x *Index) follow(ctx context.Context, src source) error {
	if x.Seq() > src.Head() {
		x.log.Warn("index: it knows a later journal than there is and is made anew")
		if err := x.empty(ctx, src); err != nil {
			return err
		}
	}
	var f *filler
	loaded := false
	for ctx.Err() == nil {
		x.mu.Lock()
		g, seq := x.now, x.seq
		x.mu.Unlock()
		if f == nil || f.g != g {
			f = newFiller(x, g, src)
		}
		if seq == 0 && !loaded {
			if err := x.first(ctx, f); err != nil {
				return err
			}
			loaded = true
			continue
		}
		changes, err := gather(ctx, src, seq)
		if err != nil {
			return err
		}
		if err := x.apply(ctx, f, changes); err != nil {
			return err
		}
	}
	return nil
}

// first fills an empty index with everything there is.
func (x *Index) first(ctx context.Context, f *filler) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if !x.answers(f.g) {
		return nil // rebuilt meanwhile
	}
	seq, err := f.load(ctx, nil)
	if err != nil {
		return err
	}
	x.advance(seq)
	return nil
}

// apply writes changes unless a rebuild has put another generation in place since they were fetched: that one has a
// cursor of its own, and they may not follow it.
func (x *Index) apply(ctx context.Context, f *filler, changes []clinical.Change) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if !x.answers(f.g) {
		return nil
	}
	if err := f.changes(ctx, changes); err != nil {
		return err
	}
	x.advance(f.seq)
	return nil
}

func (x *Index) answers(g *generation) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.now == g
}

// gather waits for changes after seq and then for a moment more, so that a burst is one write.
func gather(ctx context.Context, src journal, seq uint64) ([]clinical.Change, error) {
	changes, err := src.Changes(ctx, seq, enoughChanges)
	if err != nil {
		return nil, err
	}
	short, cancel := context.WithTimeout(ctx, linger)
	defer cancel()
	for pictures(changes) < enoughDocs && len(changes) > 0 && len(changes) < enoughChanges {
		more, err := src.Changes(short, changes[len(changes)-1].Seq, enoughChanges-len(changes))
		switch {
		case ctx.Err() != nil: // first: a moment that is over as well says nothing
			return nil, ctx.Err()
		case short.Err() != nil:
			return changes, nil
		case err != nil:
			return nil, err
		}
		changes = append(changes, more...)
	}
	return changes, nil
}

func pictures(changes []clinical.Change) int {
	n := 0
	for i := range changes {
		n += len(changes[i].Delta.Assets)
	}
	return n
}
