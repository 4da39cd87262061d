package policy

import (
	"cmp"
	"context"
	"slices"

	"fovea/clinical"
)

// Recalls returns what was taken back of a patient's, newest first: governance
// reads who had it, whoever else meets the patient how many of which role.
func (g *Gate) Recalls(ctx context.Context, c clinical.Caller, id clinical.PatientID) ([]clinical.Recall, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	if p.Role != clinical.Governance { // which reads them of an erased patient too
		if _, _, _, err := g.patient(c, id); err != nil {
			return nil, err
		}
	}
	if err := g.readsRecalls(ctx, c, p, id); err != nil {
		return nil, err
	}
	var out []clinical.Recall
	snap.recalls.each(func(_ clinical.RecallID, r *clinical.Recall) bool {
		if snap.samePatient(r.Patient, id) {
			out = append(out, forReader(p, *r))
		}
		return true
	})
	slices.SortFunc(out, func(a, b clinical.Recall) int { return cmp.Or(b.At.Compare(a.At), b.ID.Compare(a.ID)) })
	return out, nil
}

// Recall returns one recall, as certificates are made from it.
func (g *Gate) Recall(ctx context.Context, c clinical.Caller, id clinical.RecallID) (clinical.Recall, error) {
	r, p, err := g.oneRecall(ctx, c, id)
	if err != nil {
		return clinical.Recall{}, err
	}
	return forReader(p, *r), nil
}

// RecallTasks returns what a recall asked of whom and what they answered, for
// governance.
func (g *Gate) RecallTasks(ctx context.Context, c clinical.Caller, id clinical.RecallID) ([]clinical.Task, error) {
	r, p, err := g.oneRecall(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if p.Role != clinical.Governance {
		g.namesDenied(c, r.Patient)
		return nil, forbid("role", "Who was asked to destroy what is for governance. Ask them.")
	}
	snap, err := g.snapshot()
	if err != nil {
		return nil, err
	}
	var out []clinical.Task
	snap.tasks.each(func(_ clinical.TaskID, t *clinical.Task) bool {
		if t.Recall == id {
			out = append(out, *t)
		}
		return true
	})
	sortTasks(out)
	return out, nil
}

func (g *Gate) oneRecall(ctx context.Context, c clinical.Caller, id clinical.RecallID) (*clinical.Recall, *clinical.Person, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, nil, err
	}
	r, err := g.recallFor(snap, p, id)
	if err != nil {
		if of, known := snap.recalls.get(id); known {
			g.namesDenied(c, of.Patient)
		}
		return nil, nil, err
	}
	return r, p, g.readsRecalls(ctx, c, p, r.Patient)
}

// ErasureNames permits governance alone the names on the certificate of a
// request to erase. That anybody else asked for them is noted.
func (g *Gate) ErasureNames(c clinical.Caller, e clinical.Erasure) error {
	_, p, err := g.ready(c)
	if err != nil || p.Role == clinical.Governance {
		return err
	}
	g.namesDenied(c, e.Patient)
	return forbid("role", "The edition with names is for governance. Take the patient's.")
}

// namesDenied notes that somebody asked for what is governance's to read of a
// patient.
func (g *Gate) namesDenied(c clinical.Caller, id clinical.PatientID) {
	e := g.event(clinical.ActDenied, c)
	e.Patient, e.Denied, e.Rule = id, true, noRole
	g.opt.Recorder.NoteLater(e)
}

// recallFor finds a recall that the person may read.
func (g *Gate) recallFor(snap *Snapshot, p *clinical.Person, id clinical.RecallID) (*clinical.Recall, error) {
	r, ok := snap.recalls.get(id)
	if !ok || p.Role != clinical.Governance && !snap.meets(p, snap.subject(r.Patient), g.opt.Now()) {
		return nil, clinical.ErrNotFound
	}
	return r, nil
}

// readsRecalls notes that governance is told names.
func (g *Gate) readsRecalls(ctx context.Context, c clinical.Caller, p *clinical.Person, id clinical.PatientID) error {
	if p.Role != clinical.Governance {
		return nil
	}
	e := g.event(clinical.ActAuditRead, c)
	e.Patient = id
	return g.note(ctx, e, true)
}

// forReader leaves out of a recall who had the pictures, but for governance:
// one row remains for each reader, with the role alone.
func forReader(p *clinical.Person, r clinical.Recall) clinical.Recall {
	if p.Role == clinical.Governance {
		return r
	}
	merged := map[clinical.PersonID]*clinical.Reach{}
	var rows []*clinical.Reach
	for _, one := range r.Reach {
		sum := merged[one.Person]
		if sum == nil {
			sum = &clinical.Reach{Role: one.Role, First: one.First}
			merged[one.Person] = sum
			rows = append(rows, sum)
		}
		sum.Channel |= one.Channel
		sum.Assets, sum.Times = max(sum.Assets, one.Assets), sum.Times+one.Times
		if one.Last.After(sum.Last) {
			sum.Last = one.Last
		}
	}
	slices.SortStableFunc(rows, func(a, b *clinical.Reach) int { return cmp.Or(cmp.Compare(a.Role, b.Role), a.First.Compare(b.First)) })
	r.Reach = nil
	for _, sum := range rows {
		r.Reach = append(r.Reach, *sum)
	}
	return r
}
