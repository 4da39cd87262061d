package policy

import (
	"context"
	"sync"
	"time"

	"fovea/clinical"
)

// A mounted drive asks for a folder many times a minute and reads a file in a
// thousand ranges. The ledger hears of either once a minute.
const (
	hearEvery = time.Minute
	// maxHeard is how much is remembered of each.
	maxHeard = 4096
)

// heard is what the ledger has heard of lately.
type heard[K comparable] struct {
	mu sync.Mutex
	at map[K]time.Time
}

// lately reports whether the ledger heard of this within the minute.
func (h *heard[K]) lately(k K, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, ok := h.at[k]
	return ok && now.Sub(at) < hearEvery && !now.Before(at)
}

// hear remembers that the ledger has heard of this now.
func (h *heard[K]) hear(k K, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at == nil || len(h.at) >= maxHeard {
		h.at = map[K]time.Time{}
	}
	h.at[k] = now
}

// listed is who reads which set, how, with what.
type listed struct {
	person  clinical.PersonID
	set     clinical.SetID
	channel clinical.Channel
	device  string
}

// serving is who receives which picture of a set, with what, under the
// decisions of which version: what is permitted anew is heard of anew.
type serving struct {
	person       clinical.PersonID
	device       string
	set          clinical.SetID
	asset        clinical.AssetID
	patient, pub uint64
}

// noteServing notes that a picture of a set goes to a mounted drive, for all the
// ranges that are read of it within a minute. What is owed before the first byte
// is there before that of every range.
func (g *Gate) noteServing(ctx context.Context, e clinical.Event, first bool) error {
	snap, err := g.snapshot()
	if err != nil {
		return err
	}
	k := serving{person: e.Caller.Person, device: e.Caller.Device, set: e.Set, asset: e.Assets[0], patient: snap.shard(e.Patient).version}
	if st, ok := snap.sets.get(e.Set); ok {
		k.pub = st.version
	}
	if g.served.lately(k, e.At) {
		return nil
	}
	if err := g.note(ctx, e, first); err != nil {
		return err
	}
	g.served.hear(k, e.At)
	return nil
}
