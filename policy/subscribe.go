package policy

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"fovea/clinical"
)

// subscribers are the live screens.
type subscribers struct {
	mu   sync.Mutex
	all  map[*subscriber]struct{}
	stop bool
}

type subscriber struct {
	person clinical.PersonID
	out    chan uint64 // holds the newest nudge alone
	now    func() time.Time
}

// Subscribe nudges the caller with a journal number whenever something that
// they may see has changed, or no longer is theirs to see. Nudges that nobody
// takes are folded into the newest. The channel is closed when ctx ends or the
// gate does.
func (g *Gate) Subscribe(ctx context.Context, c clinical.Caller) <-chan uint64 {
	s := &subscriber{person: c.Person, out: make(chan uint64, 1), now: g.opt.Now}
	g.subs.mu.Lock()
	defer g.subs.mu.Unlock()
	if g.subs.stop || g.state.Load() == nil || ctx.Err() != nil {
		close(s.out)
		return s.out
	}
	if g.subs.all == nil {
		g.subs.all = map[*subscriber]struct{}{}
	}
	g.subs.all[s] = struct{}{}
	context.AfterFunc(ctx, func() { g.subs.remove(s) })
	return s.out
}

func (b *subscribers) remove(s *subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.all[s]; ok {
		delete(b.all, s)
		close(s.out)
	}
}

// close ends every subscription, and those to come.
func (b *subscribers) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stop = true
	for s := range b.all {
		close(s.out)
	}
	clear(b.all)
}

// publish nudges those whom an edit concerns, before or after it.
func (b *subscribers) publish(old, next *Snapshot, did *effects, seq uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.all {
		now := s.now()
		if !next.concerns(s.person, did, now) && !old.concerns(s.person, did, now) {
			continue
		}
		select {
		case <-s.out: // an older nudge that nobody took
		default:
		}
		s.out <- seq
	}
}

// concerns reports whether an edit touched something the person may see.
func (s *Snapshot) concerns(id clinical.PersonID, did *effects, now time.Time) bool {
	p, ok := s.people.get(id)
	if !ok || !p.ActiveAt(now, s.site.Zone) {
		return false
	}
	if did.people[id] || s.asks(p, did) {
		return true
	}
	for set := range did.sets {
		if st, ok := s.sets.get(set); ok && s.listsSet(p, st, now) {
			return true
		}
	}
	if !s.channels(p.Role, clinical.P0).Has(clinical.ViewOnScreen) {
		return s.concernsSet(p, did, now)
	}
	v := newVerdicts(s, Request{Person: id, Use: clinical.Care(), Now: now})
	for patient := range did.patients {
		sh := s.shard(patient)
		if s.meets(p, sh, now) {
			return true
		}
		for _, pic := range sh.pictures {
			if v.of(pic, nil, nil).Permit {
				return true
			}
		}
	}
	return s.concernsSet(p, did, now)
}

// asks reports whether an edit raised or closed a task of the person's, or
// something arrived in a studio of theirs.
func (s *Snapshot) asks(p *clinical.Person, did *effects) bool {
	if slices.ContainsFunc(did.tasks, func(t *clinical.Task) bool { return s.isFor(p, t) }) {
		return true
	}
	for studio := range did.studios {
		if p.Role == clinical.Photographer && p.In(studio) {
			return true
		}
	}
	return false
}

// concernsSet reports whether a patient who changed is in a set that the
// person has.
func (s *Snapshot) concernsSet(p *clinical.Person, did *effects, now time.Time) bool {
	for patient, bumped := range did.patients {
		if !bumped {
			continue
		}
		for _, pic := range s.shard(patient).pictures {
			ids, _ := s.members.get(pic.id)
			for _, id := range ids {
				if st, ok := s.sets.get(id); ok && s.listsSet(p, st, now) {
					return true
				}
			}
		}
	}
	return false
}

func fold(login string) string { return strings.ToLower(strings.TrimSpace(login)) }
