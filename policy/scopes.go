package policy

import (
	"sync"
	"time"

	"fovea/clinical"
)

// maxScopes is how many scopes are kept ready. One over 100,000 pictures takes
// 12.5 KB.
const maxScopes = 256

// scopes keeps the scopes of those who asked lately, and brings one up to date
// by the patients that changed since.
type scopes struct {
	mu   sync.Mutex
	tick uint64
	kept map[scopeKey]*keptScope
}

type scopeKey struct {
	person clinical.PersonID
	use    clinical.Use
}

type keptScope struct {
	mu      sync.Mutex
	scope   clinical.Scope
	edition uint64 // 0: not made yet
	used    uint64 // of scopes.tick
}

// of returns the scope at a snapshot. It is the caller's to read; nobody
// writes to it again.
func (c *scopes) of(s *Snapshot, log *history, k scopeKey, now time.Time) clinical.Scope {
	kept := c.keep(k)
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if kept.edition > s.edition { // made from a newer snapshot by somebody faster
		return s.Scope(k.person, k.use, now)
	}
	old := kept.scope
	fresh := kept.edition != 0 && (old.Until.IsZero() || now.Before(old.Until))
	if fresh && kept.edition == s.edition {
		return old
	}
	since, known := log.since(kept.edition, s.edition)
	if !fresh || !known || since.people[k.person] || k.use.Purpose == clinical.P2 && since.narrows() {
		kept.scope = s.Scope(k.person, k.use, now)
	} else {
		kept.scope = s.update(old, k, since, now)
	}
	kept.edition = s.edition
	return kept.scope
}

// update returns the scope with the pictures of the patients that changed
// decided anew.
func (s *Snapshot) update(old clinical.Scope, k scopeKey, since effects, now time.Time) clinical.Scope {
	scope := old
	if k.use.Purpose != clinical.P2 && len(since.patients) > 0 {
		v := newVerdicts(s, Request{Person: k.person, Use: k.use, Search: true, Now: now})
		own := false
		for id := range since.patients {
			own = v.follow(&scope, s.shard(id), own)
		}
		if next := v.m.clock.next; !next.IsZero() && (scope.Until.IsZero() || next.Before(scope.Until)) {
			scope.Until = next
		}
	}
	scope.Version = s.seq
	return scope
}

// follow brings one patient's pictures in a scope up to date. Most changes open
// and close nothing for most people, and then nothing is copied; own says that
// the scope is a copy already, and follow whether it is one now.
func (v *verdicts) follow(scope *clinical.Scope, sh *shard, own bool) bool {
	clear(v.seen) // nothing that was decided of another patient is of use here
	for _, pic := range sh.pictures {
		permit := v.of(pic, nil, nil).Permit
		if permit == scope.Allows(pic.ordinal) {
			continue
		}
		if !own {
			*scope, own = scope.Clone(), true
		}
		if permit {
			scope.Allow(pic.ordinal)
		} else {
			scope.Deny(pic.ordinal)
		}
	}
	return own
}

// keep returns the place of a scope, making room by forgetting the one that
// was not asked for longest.
func (c *scopes) keep(k scopeKey) *keptScope {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[scopeKey]*keptScope{}
	}
	c.tick++
	kept, ok := c.kept[k]
	if !ok {
		if len(c.kept) >= maxScopes {
			var oldest scopeKey
			used := c.tick
			for k, v := range c.kept {
				if v.used < used {
					oldest, used = k, v.used
				}
			}
			delete(c.kept, oldest)
		}
		kept = &keptScope{}
		c.kept[k] = kept
	}
	kept.used = c.tick
	return kept
}

// history remembers what the latest edits concerned.
type history struct {
	mu   sync.Mutex
	last uint64 // the newest edition in ring
	ring [historyLen]*effects
}

const historyLen = 1024

// add notes what the edit that made an edition concerned. Editions come one by
// one.
func (h *history) add(edition uint64, did *effects) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring[edition%historyLen] = did
	h.last = edition
}

// since joins what the edits after one edition, up to another, concerned;
// false: that is too long ago to know.
func (h *history) since(after, upTo uint64) (effects, bool) {
	all := effects{
		patients: map[clinical.PatientID]bool{}, people: map[clinical.PersonID]bool{},
		sets: map[clinical.SetID]bool{}, studios: map[clinical.StudioID]bool{},
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if after > upTo || upTo > h.last || h.last-after >= historyLen {
		return all, false
	}
	for e := after + 1; e <= upTo; e++ {
		did := h.ring[e%historyLen]
		if did == nil {
			return all, false
		}
		for id, bumped := range did.patients {
			all.patients[id] = all.patients[id] || bumped
		}
		for id := range did.people {
			all.people[id] = true
		}
		for id := range did.sets {
			all.sets[id] = true
		}
		for id := range did.studios {
			all.studios[id] = true
		}
	}
	return all, true
}
