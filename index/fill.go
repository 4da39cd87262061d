package index

import (
	"context"

	"fovea/clinical"
)

// filler turns records into writes to one generation. It has one user at a time.
type filler struct {
	x   *Index
	g   *generation
	src source
	seq uint64 // the journal number reached; stored with the next write

	batch    batch
	patients map[clinical.PatientID]clinical.Patient
	jobs     map[clinical.JobID]clinical.Job
	// While loading, records may come in any order and must not be asked for: pictures that lack one wait here.
	loading bool
	waiting []clinical.AssetID
	done    uint64
	report  func(done uint64)
}

// maxRemembered bounds the records kept at hand between writes.
const maxRemembered = 4096

func newFiller(x *Index, g *generation, src source) *filler {
	f := &filler{x: x, g: g, src: src, seq: g.cursor}
	f.forget()
	return f
}

func (f *filler) forget() {
	f.patients = map[clinical.PatientID]clinical.Patient{}
	f.jobs = map[clinical.JobID]clinical.Job{}
}

// load fills the generation with everything there is and stores the journal number it was at.
func (f *filler) load(ctx context.Context, report func(done uint64)) (uint64, error) {
	f.loading, f.waiting, f.done, f.report = true, nil, 0, report
	seq, err := f.src.Load(ctx, func(d clinical.Delta) error { return f.delta(ctx, d) })
	f.loading = false
	if err != nil {
		return 0, err
	}
	for _, id := range f.waiting {
		if err := f.again(ctx, id); err != nil {
			return 0, err
		}
	}
	f.waiting = nil
	f.forget()
	if err := f.flush(); err != nil { // the pictures, with the cursor they had
		return 0, err
	}
	f.seq = seq
	return seq, f.flush()
}

// changes fills journal entries in, in order, and stores them if any concerned a picture.
func (f *filler) changes(ctx context.Context, changes []clinical.Change) error {
	from := f.seq
	for i := range changes {
		if err := f.delta(ctx, changes[i].Delta); err != nil {
			return err
		}
	}
	if n := len(changes); n > 0 {
		f.seq = max(from, changes[n-1].Seq)
	}
	if f.batch.empty() && f.seq-f.g.cursor < lazyCursor {
		return nil
	}
	return f.flush()
}

// delta takes in records: first what pictures are joined with, then the pictures themselves, then those that must be
// read again because something they are joined with has changed.
func (f *filler) delta(ctx context.Context, d clinical.Delta) error {
	if !f.loading && len(f.patients)+len(f.jobs) > maxRemembered {
		f.forget()
	}
	for _, p := range d.Patients {
		if old, ok := f.patients[p.ID]; !ok || old.Rev <= p.Rev {
			f.patients[p.ID] = p
		}
	}
	for _, j := range d.Jobs {
		if old, ok := f.jobs[j.ID]; !ok || old.Rev <= j.Rev {
			f.jobs[j.ID] = j
		}
	}
	for _, a := range d.Assets {
		if err := f.asset(ctx, a); err != nil {
			return err
		}
	}
	for _, id := range f.touched(d) {
		if f.loading {
			f.waiting = append(f.waiting, id)
			continue
		}
		if err := f.again(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// touched lists the indexed pictures that were joined with an older revision of a record in d.
func (f *filler) touched(d clinical.Delta) []clinical.AssetID {
	var ids []clinical.AssetID
	c := f.g.columns
	for _, p := range d.Patients {
		n := c.patients.of[p.ID]
		for _, o := range c.byPatient[n] {
			e := c.at(o)
			if e != nil && ((e.patient == n && e.joined[0] < p.Rev) || (e.survivor == n && e.joined[1] < p.Rev)) {
				ids = append(ids, e.asset)
			}
		}
	}
	for _, j := range d.Jobs {
		n := c.jobs.of[j.ID]
		for _, o := range c.byJob[n] {
			if e := c.at(o); e != nil && e.job == n && e.joined[2] < j.Rev {
				ids = append(ids, e.asset)
			}
		}
	}
	return ids
}

// again indexes a picture as it is now.
func (f *filler) again(ctx context.Context, id clinical.AssetID) error {
	a, err := f.src.Asset(ctx, id)
	switch {
	case err == nil:
		return f.asset(ctx, a)
	case clinical.KindOf(err) == clinical.NotFound:
		return nil // erased: its own entry in the journal says so
	default:
		return err
	}
}

// asset puts one picture into the batch, or out of the index where its bytes are gone.
func (f *filler) asset(ctx context.Context, a clinical.Asset) error {
	e := f.g.columns.at(a.Ordinal)
	if a.State.Gone() {
		if e != nil {
			f.batch.gone = append(f.batch.gone, a.Ordinal)
		}
		return f.full()
	}
	s, known, err := f.subject(ctx, a)
	if err != nil {
		return err
	}
	if !known {
		f.waiting = append(f.waiting, a.ID)
		return nil
	}
	f.done++
	r := rowOf(a, s)
	if e != nil && e.rev >= r.rev && !e.joined.behind(r.joined) {
		return nil
	}
	f.batch.docs = append(f.batch.docs, f.x.documentOf(a, s, r))
	f.batch.rows = append(f.batch.rows, r)
	return f.full()
}

// full writes the batch once it is large, with the cursor unmoved: what follows it is not in yet.
func (f *filler) full() error {
	if len(f.batch.docs)+len(f.batch.gone) < enoughDocs {
		return nil
	}
	seq := f.seq
	f.seq = f.g.cursor
	err := f.flush()
	f.seq = seq
	if err == nil && f.report != nil {
		f.report(f.done)
	}
	return err
}

func (f *filler) flush() error {
	f.batch.seq = f.seq
	err := f.g.write(f.batch)
	f.batch = batch{}
	return err
}

func (b batch) empty() bool { return len(b.docs) == 0 && len(b.gone) == 0 }

// subject finds what a is joined with. While loading it says false where a record has not come by yet.
func (f *filler) subject(ctx context.Context, a clinical.Asset) (subject, bool, error) {
	var s subject
	if !a.Patient.IsZero() {
		p, known, err := f.patient(ctx, a.Patient)
		if err != nil || !known {
			return s, false, err
		}
		s.patients = append(s.patients, p)
		if !p.MergedInto.IsZero() {
			p, known, err = f.patient(ctx, p.MergedInto)
			if err != nil || !known {
				return s, false, err
			}
			s.patients = append(s.patients, p)
		}
	}
	if !a.Job.IsZero() {
		j, known, err := f.job(ctx, a.Job)
		if err != nil || !known {
			return s, false, err
		}
		s.job = j
	}
	return s, true, nil
}

func (f *filler) patient(ctx context.Context, id clinical.PatientID) (clinical.Patient, bool, error) {
	if p, ok := f.patients[id]; ok || f.loading {
		return p, ok, nil
	}
	p, err := f.src.Patient(ctx, id)
	if err != nil && clinical.KindOf(err) == clinical.NotFound {
		return clinical.Patient{ID: id}, true, nil // erased: nothing is left to find it by
	}
	if err == nil {
		f.patients[id] = p
	}
	return p, err == nil, err
}

func (f *filler) job(ctx context.Context, id clinical.JobID) (clinical.Job, bool, error) {
	if j, ok := f.jobs[id]; ok || f.loading {
		return j, ok, nil
	}
	j, err := f.src.Job(ctx, id)
	if err != nil && clinical.KindOf(err) == clinical.NotFound {
		return clinical.Job{ID: id}, true, nil
	}
	if err == nil {
		f.jobs[id] = j
	}
	return j, err == nil, err
}
