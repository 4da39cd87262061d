package policy

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// Simulate says what an act would do to the sets that people mount, and does
// nothing. It fails as Do would. A set that the caller does not list is
// counted without its name.
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
	next := snap.With(now, newest(change.Delta))
	out := clinical.Impact{Pictures: len(change.Delta.Assets)}
	snap.sets.each(func(id clinical.SetID, before *set) bool {
		after, ok := next.sets.get(id)
		if !ok {
			return true
		}
		had, has := snap.admits(before, now), next.admits(after, now)
		if m := (clinical.SetImpact{Loses: lacks(had, has), Gains: lacks(has, had)}); m.Loses+m.Gains > 0 {
			if snap.listsSet(p, before, now) || mayAdd(p, &before.TeachingSet) {
				m.Set, m.Name = id, before.Name
			}
			out.Sets = append(out.Sets, m)
		}
		return true
	})
	slices.SortFunc(out.Sets, func(a, b clinical.SetImpact) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), a.Set.Compare(b.Set))
	})
	return out, nil
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

// newest gives what a change would leave behind a Rev above every other, as
// committing it would.
func newest(d clinical.Delta) clinical.Delta {
	const top = math.MaxUint64
	d.Assets, d.Grants, d.Holds = slices.Clone(d.Assets), slices.Clone(d.Grants), slices.Clone(d.Holds)
	d.Sets, d.Items, d.Patients = slices.Clone(d.Sets), slices.Clone(d.Items), slices.Clone(d.Patients)
	for i := range d.Assets {
		d.Assets[i].Rev = top
	}
	for i := range d.Grants {
		d.Grants[i].Rev = top
	}
	for i := range d.Holds {
		d.Holds[i].Rev = top
	}
	for i := range d.Sets {
		d.Sets[i].Rev = top
	}
	for i := range d.Items {
		d.Items[i].Rev = top
	}
	for i := range d.Patients {
		d.Patients[i].Rev = top
	}
	return d
}
