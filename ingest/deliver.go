package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"fovea/clinical"
)

// Delivery is a file that somebody hands over.
type Delivery struct {
	Name     string // slash-separated, as in a folder that all of a delivery lies in
	Size     int64  // bytes
	Modified time.Time
	// Open returns the content, which does not change between two calls. It is called as often as the content is
	// needed, also from several goroutines.
	Open func(context.Context) (clinical.Content, error)
	// Lost says that nobody can read it any more. It is not taken; but it may
	// have been an ID shot, so no run is filed beside it without a person.
	Lost bool
}

// Delivered is what became of a file that was handed over.
type Delivered struct {
	Outcome clinical.Outcome
	Reason  clinical.Reason // empty: kept, or there before
}

// Deliver takes files into a studio as Import does what lies together in a
// folder: tickets are about the files beside and below them, and ID shots
// separate those of each camera. The bytes are read where they are and copied
// nowhere, and nothing is written into the studio's own folder: whoever hands
// over tells what became of each file. It returns that by name, also beside an
// error; a file that is not in it was not taken, for a reason that is not its
// own, and can be handed over again. So can one that was taken, by the same name
// and time: nothing comes of it twice.
func (in *Ingest) Deliver(ctx context.Context, studio clinical.StudioID, files []Delivery) (map[string]Delivered, error) {
	at, err := in.station(studio)
	if err != nil {
		return nil, err
	}
	if err := in.memory.load(ctx, in.opt.Journal); err != nil {
		return nil, fmt.Errorf("ingest: deliver: %w", err)
	}
	s := newStation(in, at.studio, newHanded(files))
	s.once, s.told = true, true
	s.lost = slices.ContainsFunc(files, func(f Delivery) bool { return f.Lost })
	_, err = s.importAll(ctx, func(int, int) {}, 0)
	out := map[string]Delivered{}
	for rel, k := range s.tracker.tracks {
		if k.phase == finished {
			out[rel] = Delivered{Outcome: k.outcome, Reason: k.reason}
		}
	}
	return out, err
}

// handed is the place of a delivery.
type handed struct {
	files map[string]Delivery
	all   seen
}

func newHanded(files []Delivery) *handed {
	h := &handed{files: make(map[string]Delivery, len(files))}
	for i, f := range files {
		if f.Lost {
			continue
		}
		h.files[f.Name] = f
		h.all.files = append(h.all.files, entry{rel: f.Name, size: f.Size, mtime: f.Modified, inode: uint64(i)})
	}
	return h
}

// scan lists what was handed over.
func (h *handed) scan(context.Context) (seen, error) { return h.all, nil }

// open opens one of the files.
func (h *handed) open(ctx context.Context, e entry) (*source, error) {
	c, err := h.files[e.rel].Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("ingest: open a delivered file: %w", err)
	}
	if c.Size() != e.size {
		_ = c.Close() // nothing was written
		return nil, clinical.Errorf(clinical.Corrupt, "ingest: a delivered file has %d bytes, not %d", c.Size(), e.size)
	}
	return &source{entry: e, file: c}, nil
}
