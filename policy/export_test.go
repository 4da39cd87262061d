package policy

import (
	"time"

	"fovea/clinical"
)

// Keeper keeps scopes over a growing snapshot as a Gate does.
type Keeper struct {
	Snapshot *Snapshot
	log      history
	scopes   scopes
}

// Add takes in a change.
func (k *Keeper) Add(at time.Time, d clinical.Delta) {
	next, did := k.Snapshot.with(at, d)
	k.log.add(next.edition, did)
	k.Snapshot = next
}

// Scope returns a scope, brought up to date rather than made anew.
func (k *Keeper) Scope(p clinical.PersonID, u clinical.Use, now time.Time) clinical.Scope {
	return k.scopes.of(k.Snapshot, &k.log, scopeKey{p, u}, now)
}

// NewKeeper starts from an empty snapshot.
func NewKeeper(site Site) *Keeper { return &Keeper{Snapshot: NewSnapshot(site)} }

// Listed returns the assets that a set's folder lists for a reader.
func (s *Snapshot) Listed(p clinical.PersonID, id clinical.SetID, ch clinical.Channel, now time.Time) map[clinical.AssetID]bool {
	out := map[clinical.AssetID]bool{}
	st, ok := s.sets.get(id)
	person, known := s.people.get(p)
	if !ok || !known || !s.reaches(person, st, ch, now) {
		return out
	}
	for _, e := range s.list(person, st, ch, now).folder.Entries {
		out[e.Asset] = true
	}
	return out
}

// Forget forgets every listing that is kept.
func (g *Gate) Forget() {
	g.folders.mu.Lock()
	defer g.folders.mu.Unlock()
	clear(g.folders.kept)
}

// Frames returns how many frames are kept of a patient.
func (s *Snapshot) Frames(id clinical.PatientID) int { return len(s.shard(id).frames) }
