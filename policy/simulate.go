package policy

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// Simulate says what an act would do to the sets that people read, and does
// nothing. It fails as Do would. A set that the caller does not list is counted
// without its name.
func (g *Gate) Simulate(ctx context.Context, c clinical.Caller, cmd clinical.Command) (clinical.Impact, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return clinical.Impact{}, err
	}
	change, err := g.plan(ctx, snap, c, cmd)
	if err != nil {
		g.refused(c, change, err)
		return clinical.Impact{}, err
	}
	now := g.opt.Now()
	out := impact(snap, snap.With(now, newest(change.Delta)), p, now)
	out.Pictures = len(change.Delta.Assets)
	if change.Rule == ShredUnscheduled {
		out.Words = unscheduledWords + " " + out.Words
	}
	e := g.event(clinical.ActSimulated, c)
	e.Patient, e.Set, e.Grant, e.Note = change.Patient, change.Set, change.Grant, string(change.Act)
	g.opt.Recorder.NoteLater(e)
	return out, nil
}

// SimulateRules says what other limits, or other ways out for the roles, would
// do to the sets that people read. It is governance's and the administrators'
// to ask; the rules themselves are changed where the site is configured.
func (g *Gate) SimulateRules(_ context.Context, c clinical.Caller, l Limits, r Roles) (clinical.Impact, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return clinical.Impact{}, err
	}
	if p.Role != clinical.Governance && p.Role != clinical.Admin {
		return clinical.Impact{}, forbid("role", "Your role may not do this. Ask somebody whose role may.")
	}
	if err := r.Check(); err != nil {
		return clinical.Impact{}, err
	}
	next := *snap
	next.site.Limits, next.site.Roles = l.filled(), r.filled()
	g.opt.Recorder.NoteLater(g.event(clinical.ActSimulated, c))
	return impact(snap, &next, p, g.opt.Now()), nil
}

// impact compares what the readers of every set have in two snapshots.
func impact(before, after *Snapshot, p *clinical.Person, now time.Time) clinical.Impact {
	var out clinical.Impact
	after.sets.each(func(id clinical.SetID, is *set) bool {
		was, ok := before.sets.get(id)
		if !ok {
			was = &set{TeachingSet: clinical.TeachingSet{ID: id}}
		}
		had, has := before.admits(was, now), after.admits(is, now)
		m := clinical.SetImpact{Loses: lacks(had, has), Gains: lacks(has, had)}
		m.Cohorts = cohortImpacts(had, has, before.groups(was, now), after.groups(is, now))
		if m.Loses+m.Gains+len(m.Cohorts) == 0 {
			return true
		}
		out.Adds, out.Removes = out.Adds+m.Gains, out.Removes+m.Loses
		if after.listsSet(p, is, now) || mayAdd(p, &is.TeachingSet) {
			m.Set, m.Name = id, is.Name
		} else {
			m.Cohorts = nil
		}
		out.Sets = append(out.Sets, m)
		return true
	})
	slices.SortFunc(out.Sets, func(a, b clinical.SetImpact) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), a.Set.Compare(b.Set))
	})
	out.Words = impactWords(out)
	return out
}

// admits returns the pictures that a set shows on the drives of its readers.
func (s *Snapshot) admits(st *set, now time.Time) map[clinical.AssetID]bool {
	out := map[clinical.AssetID]bool{}
	if st.Status != clinical.SetPublished {
		return out
	}
	v := newVerdicts(s, Request{Use: mountOf(st), Set: st.ID, Now: now})
	v.m.anybody = true
	for _, it := range st.items {
		if pic, ok := s.pictures.get(it.Asset); ok && !it.Removed && v.of(pic, st, it).Permit {
			out[it.Asset] = true
		}
	}
	return out
}

// lacks counts what is in a and not in b.
func lacks(a, b map[clinical.AssetID]bool) int {
	n := 0
	for id := range a {
		if !b[id] {
			n++
		}
	}
	return n
}

// readings is by which ways people have a set, by cohort, the roster under the
// empty name.
type readings map[string]map[clinical.PersonID]clinical.Channel

// reads are the ways that make somebody a reader.
const reads = clinical.ViewOnScreen | clinical.Mount

// groups returns who reads a set now. One that is closed to its readers has
// none.
func (s *Snapshot) groups(st *set, now time.Time) readings {
	out := readings{}
	if !st.OpenAt(now, s.site.Zone) {
		return out
	}
	for _, c := range append([]clinical.Cohort{{People: st.Roster}}, st.Cohorts...) {
		if now.Before(c.From.Start(s.site.Zone)) || past(c.Until.End(s.site.Zone), now) {
			continue
		}
		group := map[clinical.PersonID]clinical.Channel{}
		out[c.Name] = group
		for _, id := range c.People {
			p, ok := s.people.get(id)
			if !ok || !p.ActiveAt(now, s.site.Zone) {
				continue
			}
			if by := s.channels(p.Role, st.Purpose); by&reads != 0 {
				group[id] = by
			}
		}
	}
	return out
}

// cohortImpacts compares what each group has, before and after: by how many of
// its people a number of pictures is lost or gained, and which way to pictures
// that stay theirs.
func cohortImpacts(had, has map[clinical.AssetID]bool, before, after readings) []clinical.CohortImpact {
	var out []clinical.CohortImpact
	note := func(m clinical.CohortImpact) {
		if m.Loses+m.Gains == 0 {
			return
		}
		same := func(o clinical.CohortImpact) bool {
			o.People = m.People
			return o == m
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].People += m.People
			return
		}
		out = append(out, m)
	}
	one := func(name string, id clinical.PersonID) {
		by, then := before[name][id], after[name][id]
		was, is := had, has
		if by == 0 {
			was = nil
		}
		if then == 0 {
			is = nil
		}
		note(clinical.CohortImpact{Name: name, People: 1, Loses: lacks(was, is), Gains: lacks(is, was)})
		if both := len(was) - lacks(was, is); by != then && both > 0 {
			note(clinical.CohortImpact{Name: name, People: 1, Loses: only(by&^then, both), Channel: by &^ then})
			note(clinical.CohortImpact{Name: name, People: 1, Gains: only(then&^by, both), Channel: then &^ by})
		}
	}
	for name, group := range after {
		for id := range group {
			one(name, id)
		}
	}
	for name, group := range before {
		for id := range group {
			if after[name][id] == 0 {
				one(name, id)
			}
		}
	}
	slices.SortFunc(out, func(a, b clinical.CohortImpact) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Channel, b.Channel), cmp.Compare(b.Loses, a.Loses), cmp.Compare(b.Gains, a.Gains))
	})
	return out
}

// only is n where there is a way at all.
func only(way clinical.Channel, n int) int {
	if way == 0 {
		return 0
	}
	return n
}

// maxSaid is how many groups of readers a sentence names.
const maxSaid = 5

// impactWords says an impact: "Adds 14, removes 31; 3 become visible to Year 3."
func impactWords(i clinical.Impact) string {
	var said []string
	for _, s := range i.Sets {
		for _, c := range s.Cohorts {
			said = append(said, cohortWords(c, cmp.Or(c.Name, "the roster")+" of "+s.Name)...)
		}
	}
	switch {
	case len(i.Sets) == 0:
		return "Nothing changes for the readers of any set."
	case len(said) > maxSaid:
		said = append(said[:maxSaid], "and more")
	}
	return strings.Join(append([]string{fmt.Sprintf("Adds %d, removes %d", i.Adds, i.Removes)}, said...), "; ") + "."
}

// cohortWords says what happens to one group.
func cohortWords(c clinical.CohortImpact, who string) []string {
	var out []string
	switch {
	case c.Channel != 0 && c.Loses > 0:
		return []string{fmt.Sprintf("%d no longer %s %s by %s", c.Loses, either(c.Loses == 1, "reaches", "reach"), who, c.Channel)}
	case c.Channel != 0:
		return []string{fmt.Sprintf("%d %s %s by %s as well", c.Gains, either(c.Gains == 1, "reaches", "reach"), who, c.Channel)}
	}
	if c.Gains > 0 {
		out = append(out, fmt.Sprintf("%d %s visible to %s", c.Gains, either(c.Gains == 1, "becomes", "become"), who))
	}
	if c.Loses > 0 {
		out = append(out, fmt.Sprintf("%d %s no longer visible to %s", c.Loses, either(c.Loses == 1, "is", "are"), who))
	}
	return out
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// newest gives what a change would leave behind a Rev above every other, as
// committing it would.
func newest(d clinical.Delta) clinical.Delta {
	d.People = top(d.People, func(r *clinical.Person) *uint64 { return &r.Rev })
	d.Patients = top(d.Patients, func(r *clinical.Patient) *uint64 { return &r.Rev })
	d.Encounters = top(d.Encounters, func(r *clinical.Encounter) *uint64 { return &r.Rev })
	d.Jobs = top(d.Jobs, func(r *clinical.Job) *uint64 { return &r.Rev })
	d.Sessions = top(d.Sessions, func(r *clinical.Session) *uint64 { return &r.Rev })
	d.Runs = top(d.Runs, func(r *clinical.Run) *uint64 { return &r.Rev })
	d.Assets = top(d.Assets, func(r *clinical.Asset) *uint64 { return &r.Rev })
	d.Grants = top(d.Grants, func(r *clinical.Grant) *uint64 { return &r.Rev })
	d.Holds = top(d.Holds, func(r *clinical.Hold) *uint64 { return &r.Rev })
	d.Sets = top(d.Sets, func(r *clinical.TeachingSet) *uint64 { return &r.Rev })
	d.Items = top(d.Items, func(r *clinical.SetItem) *uint64 { return &r.Rev })
	d.Releases = top(d.Releases, func(r *clinical.Release) *uint64 { return &r.Rev })
	d.Glasses = top(d.Glasses, func(r *clinical.BreakGlass) *uint64 { return &r.Rev })
	d.Tasks = top(d.Tasks, func(r *clinical.Task) *uint64 { return &r.Rev })
	d.Recalls = top(d.Recalls, func(r *clinical.Recall) *uint64 { return &r.Rev })
	d.Codes = top(d.Codes, func(r *clinical.PatientCode) *uint64 { return &r.Rev })
	d.Erasures = top(d.Erasures, func(r *clinical.Erasure) *uint64 { return &r.Rev })
	d.Retentions = top(d.Retentions, func(r *clinical.Retention) *uint64 { return &r.Rev })
	return d
}

// top returns a copy of the records with the highest Rev there is.
func top[T any](list []T, rev func(*T) *uint64) []T {
	list = slices.Clone(list)
	for i := range list {
		*rev(&list[i]) = math.MaxUint64
	}
	return list
}
