package policy

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"fovea/clinical"
)

// maxFolders is how many listings are kept ready.
const maxFolders = 512

// folders keeps what a set looks like to everybody who sees it alike, until
// something in it may have changed.
type folders struct {
	mu    sync.Mutex
	kept  map[folderKey]*listing
	noted heard[listed]
}

// folderKey is a set as one kind of reader sees it. On a mount no rule tells
// two readers of one role apart once the set reaches both in the same term, but
// for accounts that several people use; elsewhere the person counts.
type folderKey struct {
	set     clinical.SetID
	channel clinical.Channel
	role    clinical.Role
	shared  bool
	term    string // the cohorts through which the set reaches the reader
	person  clinical.PersonID
}

// termOf names the cohorts whose dates count for a reader; none count for the
// owner and the roster.
func termOf(st *set, id clinical.PersonID) string {
	if st.Owner == id || slices.Contains(st.Roster, id) {
		return ""
	}
	var names []string
	for i := range st.Cohorts {
		if slices.Contains(st.Cohorts[i].People, id) {
			names = append(names, st.Cohorts[i].Name)
		}
	}
	return strings.Join(names, "\n")
}

// listing is a folder with what it rests on.
type listing struct {
	folder   clinical.Folder
	patients map[clinical.PatientID]bool
	edition  uint64
	until    time.Time
}

func (f *folders) get(k folderKey) *listing {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kept[k]
}

func (f *folders) put(k folderKey, l *listing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept == nil {
		f.kept = map[folderKey]*listing{}
	}
	if len(f.kept) >= maxFolders {
		clear(f.kept)
	}
	if old := f.kept[k]; old == nil || old.edition <= l.edition {
		f.kept[k] = l
	}
}

// Folder shows a set to the caller through a channel, as one immutable list.
// A set that does not reach the caller is NotFound, as an absent one is.
func (g *Gate) Folder(_ context.Context, c clinical.Caller, id clinical.SetID, ch clinical.Channel) (clinical.Folder, error) {
	snap, err := g.snapshot()
	if err != nil {
		return clinical.Folder{}, err
	}
	now := g.opt.Now()
	st, ok := snap.sets.get(id)
	p, known := snap.people.get(c.Person)
	if !ok || !known {
		return clinical.Folder{}, clinical.ErrNotFound
	}
	if !snap.reaches(p, st, ch, now) {
		g.unreached(c, st, ch)
		return clinical.Folder{}, clinical.ErrNotFound
	}
	k := folderKey{set: id, channel: ch, role: p.Role, shared: p.Shared, person: p.ID}
	if ch == clinical.Mount {
		k.person, k.term = clinical.PersonID{}, termOf(st, p.ID)
	}
	l := g.folders.get(k)
	if l == nil || past(l.until, now) || !g.unchanged(snap, l, id) {
		l = snap.list(p, st, ch, now)
		g.folders.put(k, l)
	}
	if k := (listed{p.ID, id, ch, c.Device}); !g.folders.noted.lately(k, now) {
		g.folders.noted.hear(k, now)
		e := g.event(clinical.ActListed, c)
		e.Set, e.Use, e.Count = id, clinical.Use{Purpose: st.Purpose, Audience: st.Audience, Channel: ch}, len(l.folder.Entries)
		g.opt.Recorder.NoteLater(e)
	}
	f := l.folder
	if st.Owner != p.ID {
		f.Hidden, f.Gone, f.Set.Roster, f.Set.Cohorts = 0, 0, nil, nil
	}
	return f, nil
}

// unchanged reports whether nothing that the listing rests on has moved.
func (g *Gate) unchanged(snap *Snapshot, l *listing, id clinical.SetID) bool {
	if l.edition == snap.edition {
		return true
	}
	since, ok := g.history.since(l.edition, snap.edition)
	if !ok || since.sets[id] || len(since.people) > 0 {
		return false
	}
	for p, bumped := range since.patients {
		if bumped && l.patients[p] {
			return false
		}
	}
	return true
}

// reaches reports whether the rules about the asker let the set's folder be
// seen at all.
func (s *Snapshot) reaches(p *clinical.Person, st *set, ch clinical.Channel, now time.Time) bool {
	u := clinical.Use{Purpose: st.Purpose, Audience: st.Audience, Channel: ch}
	if !p.ActiveAt(now, s.site.Zone) || !s.channels(p.Role, u.Purpose).Has(ch) {
		return false
	}
	m := &matter{snap: s, req: Request{Person: p.ID, Use: u, Now: now}, person: p, set: st, clock: clock{now: now}}
	return m.preview() || m.reached() && st.OpenAt(now, s.site.Zone)
}

// list decides on every item of a set.
func (s *Snapshot) list(p *clinical.Person, st *set, ch clinical.Channel, now time.Time) *listing {
	u := clinical.Use{Purpose: st.Purpose, Audience: st.Audience, Channel: ch}
	v := newVerdicts(s, Request{Person: p.ID, Use: u, Set: st.ID, Now: now})
	l := &listing{edition: s.edition, patients: map[clinical.PatientID]bool{}}
	l.folder = clinical.Folder{Set: st.TeachingSet, Modified: st.changed, Entries: make([]clinical.Entry, 0, len(st.items))}
	for i, it := range st.items {
		if it.Removed {
			continue
		}
		pic, ok := s.pictures.get(it.Asset)
		if !ok {
			l.folder.Hidden++
			continue
		}
		if owner := pic.frame.patient; !l.patients[owner] {
			l.patients[owner] = true
			l.folder.Modified = latest(l.folder.Modified, s.shard(owner).changed)
		}
		d := v.of(pic, st, it)
		e, made := it.as(d.Rendition, marks(st, ch))
		switch {
		case d.Permit && made:
			e.Position = i // st.items keeps what was removed, in the order of its adding
			l.folder.Entries = append(l.folder.Entries, e)
		case d.Permit: // nothing to list until the rendition is made
		default:
			l.folder.Hidden++
			if d.Reason == "withdrawn" {
				l.folder.Gone++
			}
		}
	}
	v.m.set = st
	v.m.dates()
	l.until = v.m.clock.next
	l.folder.Modified = latest(l.folder.Modified, v.m.clock.last)
	return l
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
