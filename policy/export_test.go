package policy

import (
	"maps"
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

// The mutants of the table: a snapshot with one thing of it changed.

// WithoutRule silences a rule.
func (s *Snapshot) WithoutRule(code string) *Snapshot { return s.withRule(code, "") }

// WithRuleAlways has a rule object whatever is asked.
func (s *Snapshot) WithRuleAlways(code string) *Snapshot { return s.withRule(code, "mutant") }

func (s *Snapshot) withRule(code string, why clinical.Reason) *Snapshot {
	table := *s.rules
	for i := range table {
		if table[i].code == code {
			table[i].objects = func(*matter) clinical.Reason { return why }
		}
	}
	return s.mutant(func(m *Snapshot) { m.rules = &table })
}

// Steps is how many things the table asks of a consent.
const Steps = stepCount

// WithStep has a step of the consent rules give one answer to everything.
func (s *Snapshot) WithStep(i int, why clinical.Reason) *Snapshot {
	asked := *s.steps
	asked[i] = func(*matter, *shard, *grant) clinical.Reason { return why }
	return s.mutant(func(m *Snapshot) { m.steps = &asked })
}

// WithChannels gives a role other channels for a purpose, whatever the bounds.
func (s *Snapshot) WithChannels(u RoleUse, c clinical.Channel) *Snapshot {
	roles := maps.Clone(s.site.Roles)
	roles[u] = c
	return s.mutant(func(m *Snapshot) { m.site.Roles = roles })
}

// WithLimits puts other limits in the place of the site's.
func (s *Snapshot) WithLimits(change func(*Limits)) *Snapshot {
	return s.mutant(func(m *Snapshot) { change(&m.site.Limits) })
}

func (s *Snapshot) mutant(change func(*Snapshot)) *Snapshot {
	m := *s
	change(&m)
	return &m
}

// RuleSays is what one rule of the table says by itself.
func RuleSays(s *Snapshot, r Request, code string) clinical.Reason {
	m := newMatter(s, r)
	for i := range s.rules {
		if s.rules[i].code == code {
			return s.rules[i].objects(m)
		}
	}
	return "no such rule"
}
