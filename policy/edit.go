package policy

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// effects says what an edit concerned, so that only that is looked at again.
type effects struct {
	patients map[clinical.PatientID]bool // true: decisions on pictures already there may have changed
	people   map[clinical.PersonID]bool
	sets     map[clinical.SetID]bool
	studios  map[clinical.StudioID]bool // arrivals changed
	tasks    []*clinical.Task           // raised or done
}

// narrows reports whether a decision that was made before may be another now.
func (e *effects) narrows() bool {
	if len(e.people)+len(e.sets) > 0 {
		return true
	}
	for _, bumped := range e.patients {
		if bumped {
			return true
		}
	}
	return false
}

// edit is one change on its way into the next snapshot.
type edit struct {
	*Snapshot
	by  *token
	at  time.Time
	did effects
}

func (s *Snapshot) with(at time.Time, d clinical.Delta) (*Snapshot, *effects) {
	next := *s
	e := &edit{Snapshot: &next, by: new(token), at: at, did: effects{
		patients: map[clinical.PatientID]bool{}, people: map[clinical.PersonID]bool{},
		sets: map[clinical.SetID]bool{}, studios: map[clinical.StudioID]bool{},
	}}
	e.edition++
	e.delta(d)
	e.spread()
	return &next, &e.did
}

// delta takes every record in. The order matters once: pictures come before
// what hangs on them.
func (e *edit) delta(d clinical.Delta) {
	each(d.People, e.person)
	each(d.Patients, e.patientRecord)
	each(d.Encounters, e.encounter)
	each(d.Lesions, e.lesion)
	each(d.Jobs, e.job)
	each(d.Sessions, e.session)
	each(d.Runs, e.run)
	each(d.Assets, e.asset)
	each(d.Renditions, e.rendition)
	each(d.Grants, e.consent)
	each(d.Holds, e.hold)
	each(d.Sets, e.teachingSet)
	each(d.Items, e.item)
	each(d.Releases, e.release)
	each(d.Landings, e.landing)
	each(d.Tasks, e.task)
	each(d.Recalls, e.recall)
	each(d.Codes, e.code)
	each(d.Glasses, e.glass)
	each(d.Erasures, e.erasure)
	each(d.Retentions, e.retention)
	e.bury()
}

func each[T any](list []T, do func(T)) {
	for _, v := range list {
		do(v)
	}
}

// stale reports whether a record is no newer than the one that is known.
// Rev 0 is only seen before anything is stored, and is always taken.
func stale(rev, known uint64) bool { return rev != 0 && rev <= known }

// touch returns the patient's shard to be written to; bump says that decisions
// on pictures already there may change.
func (e *edit) touch(id clinical.PatientID, bump bool) *shard {
	sh, ok := e.shards.get(id)
	if !ok {
		sh = &shard{by: e.by, id: id}
		e.shards.set(e.by, id, sh)
	} else if sh.by != e.by {
		sh = sh.own(e.by)
		e.shards.set(e.by, id, sh)
	}
	if bump {
		sh.version = e.edition
		sh.changed = later(sh.changed, e.at)
	}
	e.did.patients[id] = e.did.patients[id] || bump
	return sh
}

// bury forgets what was the patient's where their keys are destroyed: nothing of
// it can be read any more, at the next start either. Holds that name pictures
// stay, and so do the pictures' numbers.
func (e *edit) bury() {
	for id := range e.did.patients {
		if sh, ok := e.shards.get(id); ok && sh.patient != nil && !sh.alive() {
			e.forget(e.touch(id, true))
		}
	}
}

func (e *edit) forget(sh *shard) {
	for _, v := range sh.encounters {
		e.encounters.drop(e.by, v.ID)
	}
	for _, v := range sh.jobs {
		e.jobs.drop(e.by, v.ID)
	}
	for _, v := range sh.sessions {
		e.sessions.drop(e.by, v.ID)
	}
	for _, v := range sh.lesions {
		e.lesions.drop(e.by, v.ID)
	}
	for _, v := range sh.grants {
		e.grants.drop(e.by, v.ID)
	}
	sh.encounters, sh.jobs, sh.sessions, sh.lesions, sh.grants = nil, nil, nil, nil, nil
}

// later returns at, moved on to the next whole second where an earlier change
// was seen in the same one: clients compare modification times by the second.
func later(before, at time.Time) time.Time {
	if before.IsZero() || at.Truncate(time.Second).After(before.Truncate(time.Second)) {
		return at
	}
	return before.Truncate(time.Second).Add(time.Second)
}

// spread moves the version of everybody whose pictures depend on a patient
// that changed: the other records of the same person, and those who own a
// picture in which they are seen.
func (e *edit) spread() {
	for id, bumped := range e.did.patients {
		if !bumped {
			continue
		}
		for _, member := range e.family(id) {
			e.bumpOnce(member)
			for _, host := range e.shard(member).hosts {
				e.bumpOnce(host)
			}
		}
	}
}

func (e *edit) bumpOnce(id clinical.PatientID) {
	if e.shard(id).version != e.edition {
		e.touch(id, true)
	}
}

func (e *edit) person(p clinical.Person) {
	old, ok := e.people.get(p.ID)
	if ok && stale(p.Rev, old.Rev) {
		return
	}
	logins := make(map[string]clinical.PersonID, len(e.logins)+1)
	for login, id := range e.logins {
		if id != p.ID {
			logins[login] = id
		}
	}
	logins[strings.ToLower(p.Login)] = p.ID
	e.logins = logins
	e.people.set(e.by, p.ID, &p)
	e.did.people[p.ID] = true
}

func (e *edit) patientRecord(p clinical.Patient) {
	old := e.shard(p.ID).patient
	if old != nil && stale(p.Rev, old.Rev) {
		return
	}
	sh := e.touch(p.ID, true)
	sh.patient = &p
	sh.adult = p.Born.Anniversary(18).Start(e.site.Zone)
	if p.Born.IsZero() {
		sh.adult = time.Time{}
	}
	var before clinical.PatientID
	if old != nil {
		before = old.MergedInto
	}
	if before == p.MergedInto {
		return
	}
	if !before.IsZero() {
		was := e.touch(before, true)
		was.aliases = slices.DeleteFunc(slices.Clone(was.aliases), func(a clinical.PatientID) bool { return a == p.ID })
	}
	if !p.MergedInto.IsZero() {
		into := e.touch(p.MergedInto, true)
		into.aliases = append(into.aliases, p.ID)
	}
}

func (e *edit) encounter(v clinical.Encounter) {
	old, ok := e.encounters.get(v.ID)
	if ok && stale(v.Rev, old.Rev) {
		return
	}
	same := func(o *clinical.Encounter) bool { return o.ID == v.ID }
	if ok && old.Patient != v.Patient {
		was := e.touch(old.Patient, true)
		was.encounters = drop(was.encounters, same)
	}
	e.encounters.set(e.by, v.ID, &v)
	sh := e.touch(v.Patient, true)
	sh.encounters = put(sh.encounters, &v, same)
}

func (e *edit) lesion(v clinical.Lesion) {
	if old, ok := e.lesions.get(v.ID); ok && stale(v.Rev, old.Rev) {
		return
	}
	e.lesions.set(e.by, v.ID, &v)
	sh := e.touch(v.Patient, false) // no decision looks at it: pictures and consents name its ID
	sh.lesions = put(sh.lesions, &v, func(o *clinical.Lesion) bool { return o.ID == v.ID })
}

func (e *edit) job(v clinical.Job) {
	old, ok := e.jobs.get(v.ID)
	if ok && stale(v.Rev, old.Rev) {
		return
	}
	same := func(o *clinical.Job) bool { return o.ID == v.ID }
	if ok && old.Patient != v.Patient {
		was := e.touch(old.Patient, true)
		was.jobs = drop(was.jobs, same)
	}
	e.jobs.set(e.by, v.ID, &v)
	sh := e.touch(v.Patient, true)
	sh.jobs = put(sh.jobs, &v, same)
}

func (e *edit) session(v clinical.Session) {
	old, ok := e.sessions.get(v.ID)
	if ok && stale(v.Rev, old.Rev) {
		return
	}
	same := func(o *clinical.Session) bool { return o.ID == v.ID }
	if ok && old.Patient != v.Patient {
		was := e.touch(old.Patient, true)
		was.sessions = drop(was.sessions, same)
	}
	e.sessions.set(e.by, v.ID, &v)
	bump := ok && (old.Patient != v.Patient || old.Photographer != v.Photographer || old.Studio != v.Studio || old.Job != v.Job)
	sh := e.touch(v.Patient, bump)
	sh.sessions = put(sh.sessions, &v, same)
}

func (e *edit) run(v clinical.Run) {
	if old, ok := e.runs.get(v.ID); ok && stale(v.Rev, old.Rev) {
		return
	}
	e.runs.set(e.by, v.ID, &v)
	e.did.studios[v.Studio] = true
}

// taken is when a picture was taken: never after it was kept, whatever a camera
// with a wrong clock says. A child is no adult by it.
func taken(a *clinical.Asset) time.Time {
	if at := a.Capture.At; a.KeptAt.IsZero() || !at.After(a.KeptAt) {
		return at
	}
	return a.KeptAt
}

func (e *edit) asset(a clinical.Asset) {
	old, known := e.pictures.get(a.ID)
	if known && stale(a.Rev, old.rev) {
		return
	}
	p := &picture{
		id: a.ID, rev: a.Rev, ordinal: a.Ordinal,
		captured: nanos(taken(&a)), filed: nanos(cmp.Or(a.FiledAt, a.KeptAt)), edit: uint16(min(a.Edit, math.MaxUint16)),
	}
	f := frameOf(&a)
	same := func(o *picture) bool { return o.id == a.ID }
	bump := known && (*old.frame != f || old.captured != p.captured || old.filed != p.filed)
	if known {
		p.thumb = old.thumb
		if old.frame.patient != a.Patient {
			was := e.touch(old.frame.patient, true)
			was.pictures = drop(was.pictures, same)
			was.sweep()
		}
	}
	sh := e.touch(a.Patient, bump)
	p.frame = sh.intern(f)
	if known && old.frame.patient == a.Patient {
		sh.pictures = put(sh.pictures, p, same)
		sh.sweep()
	} else {
		sh.pictures = append(sh.pictures, p)
	}
	e.pictures.set(e.by, a.ID, p)
	e.ordinals.set(e.by, a.Ordinal, p)
	if known && old.edit != p.edit { // the copy of another version is no copy of this one
		e.refresh(a.ID)
	}
	p.frame.eachSubject(func(id clinical.PatientID) {
		if host := e.touch(id, false); !slices.Contains(host.hosts, a.Patient) {
			host.hosts = append(host.hosts, a.Patient)
		}
	})
	if a.State == clinical.Quarantined || a.State == clinical.Provisional || known && old.frame.state != a.State {
		e.did.studios[a.Studio] = true
	}
}
