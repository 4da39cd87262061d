package policy

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// ready returns the snapshot and the active person who asks.
func (g *Gate) ready(c clinical.Caller) (*Snapshot, *clinical.Person, error) {
	snap, err := g.snapshot()
	if err != nil {
		return nil, nil, err
	}
	p, err := g.asker(snap, c)
	return snap, p, err
}

// Sets returns the sets that the caller may mount or owns, those that wait for
// them to publish, and those to which they may add pictures; governance sees
// all of them. Through the WebDAV door only what is mounted counts. By name.
func (g *Gate) Sets(_ context.Context, c clinical.Caller) ([]clinical.TeachingSet, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	now := g.opt.Now()
	var out []clinical.TeachingSet
	snap.sets.each(func(_ clinical.SetID, st *set) bool {
		if c.Door == clinical.DoorWebDAV && !snap.reaches(p, st, clinical.Mount, now) || !snap.listsSet(p, st, now) && !mayAdd(p, &st.TeachingSet) {
			return true
		}
		t := st.TeachingSet
		if t.Owner != p.ID && p.Role != clinical.Governance {
			t.Roster, t.Cohorts = nil, nil
		}
		out = append(out, t)
		return true
	})
	slices.SortFunc(out, func(a, b clinical.TeachingSet) int { return cmp.Or(cmp.Compare(a.Name, b.Name), a.ID.Compare(b.ID)) })
	return out, nil
}

// listsSet reports whether the person sees that the set exists.
func (s *Snapshot) listsSet(p *clinical.Person, st *set, now time.Time) bool {
	return st.Owner == p.ID || p.Role == clinical.Governance || maySecond(p, &st.TeachingSet) ||
		s.reaches(p, st, clinical.Mount, now)
}

// SetReport tells a set's owner, who publishes it, and governance, which items
// are admitted and why not the others.
func (g *Gate) SetReport(_ context.Context, c clinical.Caller, id clinical.SetID) (clinical.TeachingSet, []clinical.ItemReport, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return clinical.TeachingSet{}, nil, err
	}
	st, ok := snap.sets.get(id)
	if !ok || st.Owner != p.ID && p.Role != clinical.Governance && !maySecond(p, &st.TeachingSet) {
		return clinical.TeachingSet{}, nil, clinical.ErrNotFound
	}
	v := newVerdicts(snap, Request{Use: mountOf(st), Set: id, Now: g.opt.Now()})
	v.m.anybody = true
	out := make([]clinical.ItemReport, 0, len(st.items))
	for _, it := range st.items {
		if it.Removed {
			continue
		}
		d := deny("0-state", "absent")
		if pic, ok := snap.pictures.get(it.Asset); ok {
			d = v.of(pic, st, it)
		}
		words := Words(d.Reason)
		if _, made := it.as(d.Rendition, st.Watermark); d.Permit && !made {
			words = "Its teaching copy is still being made."
		}
		out = append(out, clinical.ItemReport{Item: it.SetItem, Decision: d, Words: words, Withdrawn: d.Reason == "withdrawn"})
	}
	return st.TeachingSet, out, nil
}

// worklistDays is how long a job that is over stays on the worklist.
const worklistDays = 30

// Jobs returns the caller's worklist, by due time: every job for
// photographers, what they asked for or whom they treat for others.
func (g *Gate) Jobs(_ context.Context, c clinical.Caller) ([]clinical.Job, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	now := g.opt.Now()
	var out []clinical.Job
	snap.jobs.each(func(_ clinical.JobID, j *clinical.Job) bool {
		over := !j.Status.Open() && now.After(latest(j.FiledAt, j.Due).AddDate(0, 0, worklistDays))
		if !over && snap.seesJob(p, j, now) {
			out = append(out, *j)
		}
		return true
	})
	slices.SortFunc(out, func(a, b clinical.Job) int { return cmp.Or(a.Due.Compare(b.Due), a.ID.Compare(b.ID)) })
	return out, nil
}

func (s *Snapshot) seesJob(p *clinical.Person, j *clinical.Job, now time.Time) bool {
	switch p.Role {
	case clinical.Photographer:
		return true
	case clinical.Clinician, clinical.Nurse:
		return j.Requester == p.ID || s.treats(p, s.subject(j.Patient), now)
	default:
		return false
	}
}

// Job returns one job of the caller's and its patient, as a job sheet needs
// them.
func (g *Gate) Job(_ context.Context, c clinical.Caller, id clinical.JobID) (clinical.Job, clinical.Patient, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return clinical.Job{}, clinical.Patient{}, err
	}
	j, ok := snap.jobs.get(id)
	if !ok || !snap.seesJob(p, j, g.opt.Now()) {
		return clinical.Job{}, clinical.Patient{}, clinical.ErrNotFound
	}
	sh := snap.shard(j.Patient)
	if sh.patient == nil || !snap.sheetFor(p, j, g.opt.Now()) {
		return clinical.Job{}, clinical.Patient{}, clinical.ErrNotFound
	}
	return *j, *sh.patient, nil
}

// sheetFor reports whether a person who sees a job may read whom it is about: a
// VIP's name is for the photographer who has the job, or for whoever of the
// studio takes it, and not for all who see the worklist.
func (s *Snapshot) sheetFor(p *clinical.Person, j *clinical.Job, now time.Time) bool {
	sh := s.subject(j.Patient)
	return p.Role != clinical.Photographer || sh.patient == nil || !sh.patient.Vip ||
		j.Photographer.IsZero() && j.Status.Open() || s.meets(p, sh, now)
}

// Arrivals returns what waits in the caller's studios: photographers see
// pictures, administrators the counts of every studio.
func (g *Gate) Arrivals(ctx context.Context, c clinical.Caller) (clinical.Arrivals, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return clinical.Arrivals{}, err
	}
	out := clinical.Arrivals{Counts: map[clinical.StudioID]clinical.LandingCounts{}}
	for studio, a := range snap.arrived {
		if p.Role == clinical.Admin || p.Role == clinical.Photographer && p.In(studio) {
			out.Counts[studio] = a.counts
			out.Recent = append(out.Recent, a.recent...)
		}
	}
	slices.SortStableFunc(out.Recent, func(a, b clinical.Landing) int { return cmp.Or(b.At.Compare(a.At), b.ID.Compare(a.ID)) })
	out.Recent = out.Recent[:min(len(out.Recent), recentLandings)]
	if p.Role != clinical.Photographer {
		return out, nil
	}
	if out.Quarantine, err = g.waiting(ctx, snap, p, clinical.PatientID{}, clinical.RunID{}); err != nil {
		return clinical.Arrivals{}, err
	}
	var runs []*clinical.Run
	snap.runs.each(func(_ clinical.RunID, r *clinical.Run) bool {
		if r.State == clinical.RunProvisional && p.In(r.Studio) {
			runs = append(runs, r)
		}
		return true
	})
	slices.SortFunc(runs, func(a, b *clinical.Run) int { return cmp.Or(a.From.Compare(b.From), a.ID.Compare(b.ID)) })
	for _, r := range runs {
		page := clinical.RunPage{Run: *r}
		if sh := snap.shard(r.Patient); sh.patient != nil {
			page.Patient = *sh.patient
		}
		if j, ok := snap.jobs.get(r.Job); ok {
			page.Job = *j
		}
		if page.Shown, err = g.waiting(ctx, snap, p, r.Patient, r.ID); err != nil {
			return clinical.Arrivals{}, err
		}
		out.Runs = append(out.Runs, page)
	}
	return out, nil
}

// waiting shows what a photographer may see of a run, or of quarantine where
// the patient is zero, in order of capture.
func (g *Gate) waiting(ctx context.Context, snap *Snapshot, p *clinical.Person, patient clinical.PatientID, run clinical.RunID) ([]clinical.Shown, error) {
	v := newVerdicts(snap, Request{Person: p.ID, Use: clinical.Care(), Now: g.opt.Now()})
	var pics []*picture
	for _, pic := range snap.shard(patient).pictures {
		wanted := pic.frame.state == clinical.Quarantined
		if !run.IsZero() {
			wanted = pic.frame.run == run
		}
		if wanted && v.of(pic, nil, nil).Permit {
			pics = append(pics, pic)
		}
	}
	return g.showAll(ctx, snap, p.ID, pics)
}

// showAll shows pictures for care to a person, in order of capture.
func (g *Gate) showAll(ctx context.Context, snap *Snapshot, person clinical.PersonID, pics []*picture) ([]clinical.Shown, error) {
	slices.SortFunc(pics, func(a, b *picture) int {
		return cmp.Or(cmp.Compare(a.captured, b.captured), cmp.Compare(a.ordinal, b.ordinal))
	})
	var out []clinical.Shown
	for _, pic := range pics {
		one, err := g.show(ctx, snap, pic, clinical.P0)
		if err == nil {
			err = g.advise(ctx, snap, person, &one)
		}
		if clinical.KindOf(err) == clinical.NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// People returns whom the caller may choose among: everything for
// administrators and governance, names and roles for those who make rosters
// and teams, IDs, logins and roles for the operator, themselves for the rest.
// By name.
func (g *Gate) People(_ context.Context, c clinical.Caller) ([]clinical.Person, error) {
	snap, err := g.snapshot()
	if err != nil {
		return nil, err
	}
	now := g.opt.Now()
	strip := func(p clinical.Person) (clinical.Person, bool) { // the operator sees no names, and logins to find an account by
		return clinical.Person{ID: p.ID, Rev: p.Rev, Login: p.Login, Role: p.Role, Disabled: p.Disabled, TermEnds: p.TermEnds, Since: p.Since}, true
	}
	if !operatorAlone(c) {
		me, err := g.asker(snap, c)
		if err != nil {
			return nil, err
		}
		switch me.Role {
		case clinical.Admin, clinical.Governance:
			strip = func(p clinical.Person) (clinical.Person, bool) { return p, true }
		case clinical.Photographer, clinical.Clinician, clinical.Educator, clinical.Nurse:
			strip = func(p clinical.Person) (clinical.Person, bool) {
				return clinical.Person{ID: p.ID, Name: p.Name, Role: p.Role, Specialty: p.Specialty}, p.ActiveAt(now, snap.site.Zone)
			}
		default:
			strip = func(p clinical.Person) (clinical.Person, bool) { return p, p.ID == me.ID }
		}
	}
	var out []clinical.Person
	snap.people.each(func(_ clinical.PersonID, p *clinical.Person) bool {
		if shown, ok := strip(*p); ok {
			out = append(out, shown)
		}
		return true
	})
	slices.SortFunc(out, func(a, b clinical.Person) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), a.ID.Compare(b.ID))
	})
	return out, nil
}

// operatorAlone reports whether the machine's owner calls for nobody else.
func operatorAlone(c clinical.Caller) bool { return c.Operator != "" && c.Person.IsZero() }
