package policy

import (
	"slices"
	"time"

	"fovea/clinical"
)

// The second interpreter of the table. Over many pictures it asks the rules
// once for all that they cannot tell apart: same frame (patient, sitting,
// flags, specialty), same age, same consents and holds over them.

// alike is what two pictures share when every rule answers alike for both.
type alike struct {
	frame  *frame
	set    *set
	late   bool   // joined the set after it was published
	child  uint32 // bit i: person i in the picture was a child
	grants uint64 // bit i: the i-th consent that speaks of single pictures covers it
	filed  int64  // where days since filing count
	single clinical.AssetID
}

// verdicts answers for many pictures of one snapshot, person and use.
type verdicts struct {
	m    *matter
	seen map[alike]clinical.Decision
}

func newVerdicts(s *Snapshot, r Request) *verdicts {
	m := &matter{snap: s, req: r, clock: clock{now: r.Now}}
	m.person, _ = s.people.get(r.Person)
	return &verdicts{m: m, seen: map[alike]clinical.Decision{}}
}

// of decides on a picture, in a set where st is not nil.
func (v *verdicts) of(pic *picture, st *set, it *item) clinical.Decision {
	v.m.of(pic)
	v.m.set, v.m.item = st, it
	k := v.key()
	d, ok := v.seen[k]
	if !ok {
		d = v.m.decide()
		v.seen[k] = d
	}
	return d
}

// key finds what the rules can tell apart. What it cannot pack it decides
// singly: slower, never wrong.
func (v *verdicts) key() alike {
	m := v.m
	k := alike{frame: m.f, set: m.set}
	if m.item != nil {
		k.late = m.item.AddedAt.After(m.set.PublishedAt)
	}
	_, pinned := m.snap.pinned.get(m.pic.id)
	_, released := m.snap.released.get(m.pic.id)
	if pinned || released || len(m.people) > 32 {
		k.single = m.pic.id
		return k
	}
	for i, s := range m.people {
		if m.childAt(s) {
			k.child |= 1 << i
		}
		if slices.ContainsFunc(s.holds, func(h *clinical.Hold) bool { return len(h.Assets) > 0 }) {
			k.single = m.pic.id
		}
	}
	if !v.covering(&k) {
		k.single = m.pic.id
	}
	if m.person != nil && m.person.Role == clinical.Photographer {
		k.filed = m.pic.filed
	}
	return k
}

// covering packs which of the consents that speak of single pictures speak of
// this one; false: they are too many to pack.
func (v *verdicts) covering(k *alike) bool {
	bit := 0
	for _, s := range v.m.people {
		for _, g := range s.grants {
			if !g.single {
				continue
			}
			if bit == 64 {
				return false
			}
			if g.covers(v.m.pic) {
				k.grants |= 1 << bit
			}
			bit++
		}
	}
	return true
}

// Scope returns everything one person may find for one use.
func (s *Snapshot) Scope(person clinical.PersonID, u clinical.Use, now time.Time) clinical.Scope {
	v := newVerdicts(s, Request{Person: person, Use: u, Search: true, Now: now})
	scope := clinical.NewScope(s.seq, time.Time{}, s.ordinals.n)
	if u.Purpose == clinical.P2 {
		v.sets(&scope)
	} else {
		s.shards.each(func(_ clinical.PatientID, sh *shard) bool {
			v.patient(&scope, sh)
			return true
		})
	}
	scope.Until = v.m.clock.next
	return scope
}

// patient adds what may be found of one patient to a scope.
func (v *verdicts) patient(scope *clinical.Scope, sh *shard) {
	clear(v.seen) // nothing that was decided of another patient is of use here
	for _, pic := range sh.pictures {
		if v.of(pic, nil, nil).Permit {
			scope.Allow(pic.ordinal)
		}
	}
}

// sets allows what any set that concerns the asker holds and admits.
func (v *verdicts) sets(scope *clinical.Scope) {
	v.m.snap.sets.each(func(_ clinical.SetID, st *set) bool {
		v.m.set = st
		if v.m.person == nil || !st.Reaches(v.m.person.ID) && !v.m.preview() {
			return true
		}
		for _, it := range st.items {
			if it.Removed {
				continue
			}
			if pic, ok := v.m.snap.pictures.get(it.Asset); ok && v.of(pic, st, it).Permit {
				scope.Allow(pic.ordinal)
			}
		}
		return true
	})
}
