package policy

import (
	"context"
	"encoding/binary"

	"fovea/clinical"
)

// Certified returns a recall as the patient's copy of its certificate is made
// from it, with what it asked of people, to whoever may read the recall. Nobody
// is named: each reader is a stand-in, whose ID says nothing but that two rows
// are one person's, and who has a role and no name.
func (g *Gate) Certified(ctx context.Context, c clinical.Caller, id clinical.RecallID) (clinical.Recall, []clinical.Task, []clinical.Person, error) { //nolint:revive // a recall, what it asked, and of whom
	stored, _, err := g.oneRecall(ctx, c, id)
	if err != nil {
		return clinical.Recall{}, nil, nil, err
	}
	snap, err := g.snapshot()
	if err != nil {
		return clinical.Recall{}, nil, nil, err
	}
	in := standIns{snap: snap, of: map[clinical.PersonID]clinical.PersonID{}}
	r := *stored
	r.Assets = append([]clinical.AssetID(nil), r.Assets...)
	r.By, r.Reach = in.standIn(r.By), nil
	for _, row := range stored.Reach {
		row.Person = in.standIn(row.Person)
		r.Reach = append(r.Reach, row)
	}
	var tasks []clinical.Task
	snap.tasks.each(func(_ clinical.TaskID, t *clinical.Task) bool {
		if t.Recall == id {
			one := *t
			one.For, one.DoneBy, one.Words = in.standIn(t.For), in.standIn(t.DoneBy), ""
			tasks = append(tasks, one)
		}
		return true
	})
	sortTasks(tasks)
	return r, tasks, in.people, nil
}

// standIns number people in the order in which they are met.
type standIns struct {
	snap   *Snapshot
	of     map[clinical.PersonID]clinical.PersonID
	people []clinical.Person
}

func (s *standIns) standIn(id clinical.PersonID) clinical.PersonID {
	if id.IsZero() {
		return id
	}
	if known, ok := s.of[id]; ok {
		return known
	}
	var one clinical.PersonID
	binary.BigEndian.PutUint32(one[12:], uint32(len(s.people)+1))
	p := clinical.Person{ID: one}
	if real, ok := s.snap.people.get(id); ok {
		p.Role = real.Role
	}
	s.of[id], s.people = one, append(s.people, p)
	return one
}

// Custody returns every entry of the ledger about the pictures of an evidential
// release, oldest first, to whoever made it: what the custody report is made
// from. It is noted before it answers.
func (g *Gate) Custody(ctx context.Context, c clinical.Caller, id clinical.ReleaseID) ([]clinical.Recorded, error) {
	r, err := g.Release(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if r.By != c.Person || r.Format != clinical.Evidential || !r.OpenAt(g.opt.Now(), g.opt.Zone) {
		return nil, clinical.ErrNotFound
	}
	e := g.event(clinical.ActAuditRead, c)
	e.Patient, e.Assets = r.Patient, r.Assets
	if err := g.note(ctx, e, true); err != nil {
		return nil, err
	}
	var out []clinical.Recorded
	q := clinical.EventQuery{Assets: r.Assets, Limit: eventPage}
	for {
		page, err := g.opt.Recorder.Events(ctx, q)
		if err != nil {
			return nil, clinical.Errorf(clinical.Unavailable, "policy: read the ledger: %w", err)
		}
		out = append(out, page...)
		if len(page) < q.Limit {
			return out, nil
		}
		q.After = page[len(page)-1].Leaf + 1
	}
}
