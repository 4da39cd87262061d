package policy

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"fovea/clinical"
)

// Certified returns what the patient's copy of a recall's certificate is made
// from, to whoever may read the recall.
func (g *Gate) Certified(ctx context.Context, c clinical.Caller, id clinical.RecallID) (clinical.Certified, error) {
	stored, _, err := g.oneRecall(ctx, c, id)
	if err != nil {
		return clinical.Certified{}, err
	}
	snap, err := g.snapshot()
	if err != nil {
		return clinical.Certified{}, err
	}
	return snap.certified(stored), nil
}

// CertifiedOwn is Certified for who has just made a withdrawal, and may meet the
// patient no other way: the patient by their code, or somebody who does not
// treat them. They show the change that it made, which doors hand to nobody
// else. Each recall of the change is as it is by now.
func (g *Gate) CertifiedOwn(_ context.Context, made clinical.Change) ([]clinical.Certified, error) {
	snap, err := g.snapshot()
	if err != nil {
		return nil, err
	}
	var out []clinical.Certified
	for _, shown := range made.Recalls {
		stored, ok := snap.recalls.get(shown.ID)
		if !ok || !stored.At.Equal(shown.At) || stored.By != shown.By || stored.Code != shown.Code {
			return nil, clinical.ErrNotFound
		}
		out = append(out, snap.certified(stored))
	}
	return out, nil
}

func (s *Snapshot) certified(stored *clinical.Recall) clinical.Certified {
	in := standIns{snap: s, of: map[clinical.PersonID]clinical.PersonID{}}
	r := *stored
	r.Assets = append([]clinical.AssetID(nil), r.Assets...)
	r.By, r.Reach = in.standIn(r.By), nil
	out := clinical.Certified{}
	for _, row := range stored.Reach {
		row.Person = in.standIn(row.Person)
		r.Reach = append(r.Reach, row)
		met := slices.ContainsFunc(out.Sets, func(t clinical.TeachingSet) bool { return t.ID == row.Set })
		if t, ok := s.sets.get(row.Set); ok && !met {
			out.Sets = append(out.Sets, clinical.TeachingSet{ID: t.ID, Purpose: t.Purpose, Audience: t.Audience})
		}
	}
	for _, id := range r.Published {
		if one, ok := s.releases.get(id); ok {
			out.Releases = append(out.Releases, clinical.Release{
				ID: one.ID, Kind: one.Kind, Recipient: one.Recipient, At: one.At, Delivered: one.Delivered,
			})
		}
	}
	s.tasks.each(func(_ clinical.TaskID, t *clinical.Task) bool {
		if t.Recall == r.ID {
			one := *t
			one.For, one.DoneBy, one.Words = in.standIn(t.For), in.standIn(t.DoneBy), ""
			out.Tasks = append(out.Tasks, one)
		}
		return true
	})
	sortTasks(out.Tasks)
	out.Recall, out.People, out.Again = r, in.people, s.givenAgain(stored)
	return out
}

// GivenAgain returns since when another consent allows a use of the pictures of
// a withdrawal that it had taken back; zero: none does. Whoever may read the
// recall is told.
func (g *Gate) GivenAgain(c clinical.Caller, id clinical.RecallID) (time.Time, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return time.Time{}, err
	}
	r, err := g.recallFor(snap, p, id)
	if err != nil {
		return time.Time{}, err
	}
	return snap.givenAgain(r), nil
}

// givenAgain looks for the first consent that was recorded after a withdrawal,
// stands, and speaks of one of its pictures and of a purpose that was withdrawn.
func (s *Snapshot) givenAgain(r *clinical.Recall) time.Time {
	var first time.Time
	if r.Cause != clinical.RecallWithdrawal {
		return first
	}
	over := map[clinical.Purpose]bool{}
	for _, id := range r.Grants {
		if g, ok := s.grants.get(id); ok {
			for _, p := range g.Purposes {
				over[p] = p != clinical.P0
			}
		}
	}
	speaks := func(g *grant) bool {
		return slices.ContainsFunc(g.Purposes, func(p clinical.Purpose) bool { return over[p] }) &&
			slices.ContainsFunc(r.Assets, func(id clinical.AssetID) bool {
				pic, ok := s.pictures.get(id)
				return ok && g.covers(pic)
			})
	}
	for _, g := range s.subject(r.Patient).grants {
		if g.Status == clinical.GrantGiven && g.RecordedAt.After(r.At) && (first.IsZero() || g.RecordedAt.Before(first)) && speaks(g) {
			first = g.RecordedAt
		}
	}
	return first
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
