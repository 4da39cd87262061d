package policy

import (
	"cmp"
	"math"
	"slices"

	"fovea/clinical"
)

// What consent, sets and renditions do to the snapshot; edit.go has the rest.

func (e *edit) consent(v clinical.Grant) {
	old, ok := e.grants.get(v.ID)
	if ok && stale(v.Rev, old.Rev) {
		return
	}
	same := func(o *grant) bool { return o.ID == v.ID }
	if ok && old.Patient != v.Patient {
		was := e.touch(old.Patient, true)
		was.grants = drop(was.grants, same)
	}
	g := newGrant(v, e.site.Zone)
	e.grants.set(e.by, v.ID, g)
	if list, _ := e.renewed.get(v.Supersedes); !v.Supersedes.IsZero() && !slices.Contains(list, v.ID) {
		e.renewed.set(e.by, v.Supersedes, append(slices.Clip(list), v.ID))
	}
	sh := e.touch(v.Patient, true)
	sh.grants = put(sh.grants, g, same)
}

// consult keeps what a family was asked, and what they said, with the patient.
func (e *edit) consult(v *clinical.Task) {
	sh := e.touch(v.Patient, true)
	sh.consults = put(sh.consults, v, func(o *clinical.Task) bool { return o.ID == v.ID })
}

func (e *edit) hold(v clinical.Hold) {
	old, ok := e.holds.get(v.ID)
	if ok && stale(v.Rev, old.Rev) {
		return
	}
	same := func(o *clinical.Hold) bool { return o.ID == v.ID }
	if ok {
		e.unhold(old)
	}
	e.holds.set(e.by, v.ID, &v)
	if len(v.Assets) == 0 {
		sh := e.touch(v.Patient, true)
		sh.holds = put(sh.holds, &v, same)
		return
	}
	for _, id := range v.Assets {
		list, _ := e.pinned.get(id)
		e.pinned.set(e.by, id, put(slices.Clip(list), &v, same))
		e.touchOwner(id)
	}
	if !v.Patient.IsZero() { // listed with the patient's holds as well; Over keeps it to its pictures
		sh := e.touch(v.Patient, true)
		sh.holds = put(sh.holds, &v, same)
	}
}

// unhold takes an earlier form of a hold out of wherever it was.
func (e *edit) unhold(old *clinical.Hold) {
	same := func(o *clinical.Hold) bool { return o.ID == old.ID }
	if !old.Patient.IsZero() || len(old.Assets) == 0 {
		sh := e.touch(old.Patient, true)
		sh.holds = drop(sh.holds, same)
	}
	for _, id := range old.Assets {
		list, _ := e.pinned.get(id)
		e.pinned.set(e.by, id, drop(list, same))
		e.touchOwner(id)
	}
}

func (e *edit) touchOwner(id clinical.AssetID) {
	if p, ok := e.pictures.get(id); ok {
		e.touch(p.frame.patient, true)
	}
}

func (e *edit) teachingSet(v clinical.TeachingSet) {
	s := e.setFor(v.ID)
	if stale(v.Rev, s.Rev) {
		return
	}
	s.TeachingSet = v
	e.putSet(s)
}

// setFor returns a copy of the set that the edit may write to.
func (e *edit) setFor(id clinical.SetID) *set {
	s := &set{TeachingSet: clinical.TeachingSet{ID: id}}
	if old, ok := e.sets.get(id); ok {
		*s = *old
	}
	return s
}

func (e *edit) putSet(s *set) {
	s.version = e.edition
	s.changed = later(s.changed, e.at)
	e.sets.set(e.by, s.ID, s)
	e.did.sets[s.ID] = true
}

func (e *edit) item(v clinical.SetItem) {
	s := e.setFor(v.Set)
	i := slices.IndexFunc(s.items, func(o *item) bool { return o.ID == v.ID })
	if i >= 0 && stale(v.Rev, s.items[i].Rev) {
		return
	}
	s.items = put(s.items, e.entry(v), func(o *item) bool { return o.ID == v.ID })
	s.items = slices.Clone(s.items)
	slices.SortStableFunc(s.items, func(a, b *item) int { return cmp.Compare(a.Number, b.Number) })
	e.putSet(s)
	e.enrol(v.Asset, s)
}

// enrol keeps the list of sets that hold a picture.
func (e *edit) enrol(id clinical.AssetID, s *set) {
	list, _ := e.members.get(id)
	holds := slices.ContainsFunc(s.items, func(o *item) bool { return o.Asset == id && !o.Removed })
	switch i := slices.Index(list, s.ID); {
	case holds && i < 0:
		e.members.set(e.by, id, append(slices.Clip(list), s.ID))
	case !holds && i >= 0:
		e.members.set(e.by, id, slices.Delete(slices.Clone(list), i, i+1))
	}
}

// entry is the files that an item may be.
func (e *edit) entry(v clinical.SetItem) *item {
	it := &item{SetItem: v}
	if sl := e.shown(&e.slides, v.Asset); sl != nil {
		it.plain = fileOf(v, sl)
	}
	if sl := e.shown(&e.flats, v.Asset); sl != nil {
		it.flat = fileOf(v, sl)
	}
	return it
}

func fileOf(v clinical.SetItem, sl *slide) *file {
	return &file{room: sl.room, Entry: clinical.Entry{
		Item: v.ID, Asset: v.Asset, Name: FileName(v.Number, v.Label), Caption: v.Caption, Size: sl.size,
		MIME: sl.mime, ETag: sl.etag, Modified: sl.modified, Created: v.AddedAt,
	}}
}

// shown returns a copy of the version that a picture is shown in; nil: it is not
// made. What was cut off or written into another version is shown to nobody.
func (s *Snapshot) shown(of *table[clinical.AssetID, *slide], id clinical.AssetID) *slide {
	sl, ok := of.get(id)
	p, known := s.pictures.get(id)
	if !ok || !known || sl.edit != p.edit {
		return nil
	}
	return sl
}

func (e *edit) rendition(v clinical.Rendition) {
	p, ok := e.pictures.get(v.Asset)
	if !ok || v.Failed != "" || v.Blob.SHA256 == [32]byte{} {
		return
	}
	switch v.Kind {
	case clinical.Thumbnail:
		if !p.thumb {
			e.thumb(p)
		}
	case clinical.Teaching:
		e.slide(&e.slides, v)
	case clinical.Masked:
		e.slide(&e.flats, v)
	default: // not on any drive: found when it is asked for
	}
}

func (e *edit) thumb(p *picture) {
	own := *p
	own.thumb = true
	sh := e.touch(p.frame.patient, false)
	sh.pictures = put(sh.pictures, &own, func(o *picture) bool { return o.id == p.id })
	e.pictures.set(e.by, p.id, &own)
	e.ordinals.set(e.by, p.ordinal, &own)
}

func (e *edit) slide(of *table[clinical.AssetID, *slide], v clinical.Rendition) {
	if old, ok := of.get(v.Asset); ok && stale(v.Rev, old.rev) {
		return
	}
	of.set(e.by, v.Asset, &slide{
		blob: v.Blob.ID, rev: v.Rev, edit: uint16(min(v.Edit, math.MaxUint16)), size: v.Blob.Size, room: int64(v.Room), width: v.Width, height: v.Height,
		etag: e.etag(v.Blob.SHA256), mime: cmp.Or(v.Blob.MIME, "image/jpeg"), modified: v.MadeAt,
	})
	e.refresh(v.Asset)
}

// refresh makes the files anew that a picture is in sets.
func (e *edit) refresh(id clinical.AssetID) {
	ids, _ := e.members.get(id)
	for _, set := range ids {
		s := e.setFor(set)
		s.items = slices.Clone(s.items)
		for i, it := range s.items {
			if it.Asset == id {
				s.items[i] = e.entry(it.SetItem)
			}
		}
		e.putSet(s)
	}
}

func (e *edit) release(v clinical.Release) {
	if old, ok := e.releases.get(v.ID); ok {
		if stale(v.Rev, old.Rev) {
			return
		}
		for _, id := range old.Assets {
			list, _ := e.released.get(id)
			e.released.set(e.by, id, drop(list, func(o *clinical.Release) bool { return o.ID == v.ID }))
			e.touchOwner(id)
		}
	}
	e.releases.set(e.by, v.ID, &v)
	for _, id := range v.Assets {
		list, _ := e.released.get(id)
		e.released.set(e.by, id, append(slices.Clip(list), &v))
		e.touchOwner(id)
	}
}

// recentLandings is how many receipts of a studio a screen shows.
const recentLandings = 200

func (e *edit) landing(v clinical.Landing) {
	old, ok := e.landings.get(v.ID)
	if ok && stale(v.Rev, old.rev) {
		return
	}
	all := make(map[clinical.StudioID]arrived, len(e.arrived)+1)
	for id, a := range e.arrived {
		all[id] = a
	}
	a := all[v.Studio]
	if ok {
		count(&a.counts, old.outcome, -1)
	}
	count(&a.counts, v.Outcome, 1)
	a.recent = slices.DeleteFunc(slices.Clone(a.recent), func(o clinical.Landing) bool { return o.ID == v.ID })
	i, _ := slices.BinarySearchFunc(a.recent, v, func(o, v clinical.Landing) int {
		return cmp.Or(v.At.Compare(o.At), v.ID.Compare(o.ID))
	})
	a.recent = slices.Insert(a.recent, i, v)
	a.recent = a.recent[:min(len(a.recent), recentLandings)]
	all[v.Studio] = a
	e.arrived = all
	e.landings.set(e.by, v.ID, landed{rev: v.Rev, outcome: v.Outcome})
	e.did.studios[v.Studio] = true
}

func count(c *clinical.LandingCounts, o clinical.Outcome, by int) {
	c.Found += by
	switch o {
	case clinical.OutcomeKept:
		c.Kept += by
	case clinical.OutcomeDuplicate:
		c.Duplicate += by
	case clinical.OutcomeQuarantined:
		c.Quarantined += by
	case clinical.OutcomeIgnored:
		c.Ignored += by
	}
}
