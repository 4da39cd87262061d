package policy

import (
	"cmp"
	"context"
	"slices"

	"fovea/clinical"
)

// readers adds up, from the ledger, who had which pictures and how.
type readers struct {
	snap   *Snapshot
	wanted map[clinical.AssetID]bool
	rows   map[readKey]*tally
}

type readKey struct {
	person  clinical.PersonID
	set     clinical.SetID
	release clinical.ReleaseID
	purpose clinical.Purpose
}

// tally is one reader's part, for one purpose, through one set or release or
// neither.
type tally struct {
	clinical.Reach
	seen   map[clinical.AssetID]bool
	copied map[clinical.AssetID]clinical.Use // what left a screen, for which use
}

// eventPage is how many entries of the ledger are read at once.
const eventPage = 10_000

// readersOf reads the ledger. Without care, what was seen and taken for care
// and as evidence is left out: that is the record's, whatever is withdrawn.
func (g *Gate) readersOf(ctx context.Context, snap *Snapshot, q clinical.EventQuery, care bool) (*readers, error) {
	r := &readers{snap: snap, wanted: make(map[clinical.AssetID]bool, len(q.Assets)), rows: map[readKey]*tally{}}
	if len(q.Assets) == 0 { // to the ledger, no picture named is every picture
		return r, nil
	}
	for _, id := range q.Assets {
		r.wanted[id] = true
	}
	q.Acts, q.Limit = []clinical.Act{clinical.ActViewed, clinical.ActServed}, eventPage
	for {
		page, err := g.opt.Recorder.Events(ctx, q)
		if err != nil {
			return nil, clinical.Errorf(clinical.Unavailable, "policy: read the ledger: %w", err)
		}
		for _, e := range page {
			if p := e.Use.Purpose; care || p != clinical.P0 && p != clinical.P6 {
				r.add(e.Event)
			}
		}
		if len(page) < q.Limit {
			return r, nil
		}
		q.After = page[len(page)-1].Leaf + 1
	}
}

func (r *readers) add(e clinical.Event) {
	for _, id := range e.Assets {
		if !r.wanted[id] {
			continue
		}
		k := readKey{person: e.Caller.Person, set: e.Set, release: r.snap.leftBy(e, id), purpose: e.Use.Purpose}
		t := r.rows[k]
		if t == nil {
			t = &tally{seen: map[clinical.AssetID]bool{}, copied: map[clinical.AssetID]clinical.Use{}}
			t.Person, t.Set, t.Release, t.Purpose, t.First = k.person, k.set, k.release, k.purpose, e.At
			if p, ok := r.snap.people.get(k.person); ok {
				t.Role = p.Role
			}
			r.rows[k] = t
		}
		if e.At.Before(t.First) {
			t.First = e.At
		}
		if e.At.After(t.Last) {
			t.Last = e.At
		}
		t.Channel |= e.Use.Channel
		t.Times++
		t.seen[id] = true
		if e.Use.Channel != clinical.ViewOnScreen {
			t.copied[id] = e.Use
		}
		t.Assets = len(t.seen)
	}
}

// leftBy finds the release by which a picture was opened; zero: none.
func (s *Snapshot) leftBy(e clinical.Event, id clinical.AssetID) clinical.ReleaseID {
	list, _ := s.released.get(id)
	var found clinical.ReleaseID
	for _, r := range list {
		if r.By == e.Caller.Person && useOf(r) == e.Use && !e.At.Before(r.At) { // a delivery is by nobody
			found = r.ID
		}
	}
	return found
}

// sorted returns the rows in a fixed order: by who, then through what.
func (r *readers) sorted() []*tally {
	out := make([]*tally, 0, len(r.rows))
	for _, t := range r.rows {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *tally) int {
		return cmp.Or(a.First.Compare(b.First), a.Person.Compare(b.Person), a.Set.Compare(b.Set), a.Release.Compare(b.Release), cmp.Compare(a.Purpose, b.Purpose))
	})
	return out
}

// Reached returns everybody who ever had a picture, and how, and after them the
// sets and releases that it was in though nobody opened it there: governance is
// told all of it, the owner of a set who had it through that set. Asking is
// itself in the ledger.
func (g *Gate) Reached(ctx context.Context, c clinical.Caller, id clinical.AssetID) ([]clinical.Reach, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	_, known := snap.pictures.get(id)
	own := snap.setsOf(p, id)
	if !known || p.Role != clinical.Governance && len(own) == 0 {
		e := g.event(clinical.ActDenied, c)
		e.Assets, e.Denied, e.Rule = []clinical.AssetID{id}, true, noNeed
		g.opt.Recorder.NoteLater(e)
		return nil, clinical.ErrNotFound
	}
	e := g.event(clinical.ActAuditRead, c)
	e.Assets = []clinical.AssetID{id}
	if err := g.note(ctx, e, true); err != nil {
		return nil, err
	}
	had, err := g.readersOf(ctx, snap, clinical.EventQuery{Assets: []clinical.AssetID{id}}, true)
	if err != nil {
		return nil, err
	}
	var out []clinical.Reach
	for _, row := range append(had.sorted(), had.unread(id)...) {
		if p.Role == clinical.Governance || slices.Contains(own, row.Set) {
			out = append(out, row.Reach)
		}
	}
	return out, nil
}

// unread returns a row for each set and release that a picture was in and out
// of which nobody opened it, in the order in which it came there.
func (r *readers) unread(id clinical.AssetID) []*tally {
	sets, releases := map[clinical.SetID]bool{}, map[clinical.ReleaseID]bool{}
	for k := range r.rows {
		sets[k.set], releases[k.release] = true, true
	}
	rest := &readers{rows: map[readKey]*tally{}}
	r.snap.sets.each(func(in clinical.SetID, st *set) bool {
		i := slices.IndexFunc(st.items, func(it *item) bool { return it.Asset == id })
		if i >= 0 && !sets[in] {
			at := st.items[i].AddedAt
			rest.rows[readKey{set: in}] = &tally{Reach: clinical.Reach{Set: in, Purpose: st.Purpose, Channel: clinical.Mount, Assets: 1, First: at, Last: at}}
		}
		return true
	})
	list, _ := r.snap.released.get(id)
	for _, rel := range list {
		if !releases[rel.ID] {
			rest.rows[readKey{release: rel.ID}] = &tally{Reach: clinical.Reach{
				Person: rel.By, Release: rel.ID, Purpose: rel.Kind.Purpose(), Channel: useOf(rel).Channel, Assets: 1, First: rel.At, Last: latest(rel.At, rel.Delivered),
			}}
		}
	}
	return rest.sorted()
}

// setsOf returns the person's own sets that hold, or held, a picture.
func (s *Snapshot) setsOf(p *clinical.Person, id clinical.AssetID) []clinical.SetID {
	var out []clinical.SetID
	s.sets.each(func(owned clinical.SetID, st *set) bool {
		if st.Owner == p.ID && slices.ContainsFunc(st.items, func(it *item) bool { return it.Asset == id }) {
			out = append(out, owned)
		}
		return true
	})
	return out
}

// WhoSaw answers from the ledger what was seen, changed and denied, for
// governance and administrators. That they asked is written down before they
// are answered.
func (g *Gate) WhoSaw(ctx context.Context, c clinical.Caller, q clinical.EventQuery) ([]clinical.Recorded, error) {
	_, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	e := g.event(clinical.ActAuditRead, c)
	e.Patient, e.Set, e.Assets = q.Patient, q.Set, q.Assets
	if p.Role != clinical.Governance && p.Role != clinical.Admin {
		e.Act, e.Denied, e.Rule = clinical.ActDenied, true, noRole
		g.opt.Recorder.NoteLater(e)
		return nil, forbid("role", "Who saw what is for governance and administrators. Ask them.")
	}
	if q.Limit > eventPage {
		return nil, invalid("limit", "At most 10,000 entries are read at once. Read them in parts.")
	}
	for _, a := range q.Acts { // an empty answer would be taken for "nobody did"
		if !slices.Contains(clinical.Acts(), a) {
			return nil, invalid("act", "No entry is of such an act. Write it as the ledger does, such as asset.viewed, asset.served or denied.")
		}
	}
	if err := g.note(ctx, e, true); err != nil {
		return nil, err
	}
	out, err := g.opt.Recorder.Events(ctx, q)
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "policy: read the ledger: %w", err)
	}
	return out, nil
}
