package policy

import (
	"cmp"
	"slices"
	"time"

	"fovea/clinical"
)

// recall begins a recall: of the pictures named, or where none are, of those
// that the consents covered. What counts after a withdrawal is what was read
// since the first of those consents began; for other causes, whatever ever was.
func (a *act) recall(cause clinical.RecallCause, patient clinical.PatientID, grants []clinical.GrantID, assets []clinical.AssetID) clinical.Recall {
	r := clinical.Recall{
		ID: clinical.Mint[clinical.Recall](a.g.opt.Mint), Cause: cause, Patient: patient, Grants: grants,
		Assets: assets, At: a.now, By: a.person.ID,
	}
	if len(assets) == 0 {
		r.Assets = a.snap.covered(grants)
	}
	if cause == clinical.RecallWithdrawal {
		r.Since = a.snap.begun(grants)
	}
	return r
}

// idsOf names consents.
func idsOf(grants []clinical.Grant) []clinical.GrantID {
	out := make([]clinical.GrantID, 0, len(grants))
	for _, g := range grants {
		out = append(out, g.ID)
	}
	return out
}

// takeBack puts a recall into a change, and with it what takes effect in the
// same instant: releases that rest on what is taken back end, and where
// somebody spoke for the patient who may not record consent or does not meet
// them, governance is asked to confirm it.
func (a *act) takeBack(c *clinical.Change, r clinical.Recall) {
	c.Recalls = append(c.Recalls, r)
	for _, rel := range a.snap.resting(r) {
		ending := slices.ContainsFunc(c.Releases, func(o clinical.Release) bool { return o.ID == rel.ID })
		if a.open(rel) && !ending && !toEPR(rel.Kind) && !a.stillGoes(c, r, rel) { // what the patient record has is put right by its deliverer
			end := *rel
			end.Ended, end.EndedBy, end.Why = a.now, a.person.ID, string(r.Cause)
			c.Releases = append(c.Releases, end)
		}
	}
	known := recordsConsent(a.person.Role) && a.snap.meets(a.person, a.snap.subject(r.Patient), a.now)
	if r.Cause == clinical.RecallWithdrawal && r.Code.IsZero() && !known {
		a.raise(c, clinical.Task{
			Kind: clinical.VerifyWithdrawal, Role: clinical.Governance, Patient: r.Patient, Recall: r.ID,
		})
	}
}

// stillGoes reports whether a release goes on after a withdrawal, because what
// is recorded in its place covers every picture of it.
func (a *act) stillGoes(c *clinical.Change, r clinical.Recall, rel *clinical.Release) bool {
	if r.Cause != clinical.RecallWithdrawal || c.Act != clinical.ActConsentRecorded {
		return false
	}
	next := a.snap.With(a.now, newest(clinical.Delta{Grants: c.Grants}))
	return !slices.ContainsFunc(rel.Assets, func(id clinical.AssetID) bool {
		return !Decide(next, Request{
			Person: rel.By, Use: useOf(rel), Asset: id, Rendition: rel.Rendition, Flat: true, Release: rel.ID, Now: a.now,
		}).Permit
	})
}

// raise adds a task to a change. It is due after the site's days unless it
// says when.
func (a *act) raise(c *clinical.Change, t clinical.Task) {
	t.ID, t.Raised = clinical.Mint[clinical.Task](a.g.opt.Mint), a.now
	if t.Due.IsZero() {
		t.Due = a.now.AddDate(0, 0, a.snap.site.Limits.TaskDays)
	}
	c.Tasks = append(c.Tasks, t)
}

// open reports whether pictures may still leave by a release.
func (a *act) open(r *clinical.Release) bool { return r.OpenAt(a.now, a.snap.site.Zone) }

// recordsConsent reports whether somebody of the role records that consent was
// given: those who meet patients, and those who keep the records.
func recordsConsent(r clinical.Role) bool {
	switch r {
	case clinical.Photographer, clinical.Clinician, clinical.Nurse, clinical.Governance:
		return true
	default:
		return false
	}
}

// covered returns the pictures of which one of the consents speaks, of whoever
// gave it, as owner or beside.
func (s *Snapshot) covered(grants []clinical.GrantID) []clinical.AssetID {
	var out []clinical.AssetID
	seen := map[clinical.AssetID]bool{}
	for _, id := range grants {
		g, ok := s.grants.get(id)
		if !ok {
			continue
		}
		s.eachPicture(g.Patient, func(pic *picture) {
			if !seen[pic.id] && g.covers(pic) {
				seen[pic.id] = true
				out = append(out, pic.id)
			}
		})
	}
	return out
}

// eachPicture calls do for every picture that shows a patient and whose bytes
// are there, under all of the patient's records.
func (s *Snapshot) eachPicture(patient clinical.PatientID, do func(*picture)) {
	family := s.family(patient)
	var hosts []clinical.PatientID
	for _, id := range family {
		sh := s.shard(id)
		for _, pic := range sh.pictures {
			if !pic.frame.state.Gone() {
				do(pic)
			}
		}
		for _, host := range sh.hosts {
			if !slices.Contains(family, host) && !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	for _, host := range hosts {
		for _, pic := range s.shard(host).pictures {
			beside := false
			pic.frame.eachSubject(func(id clinical.PatientID) { beside = beside || slices.Contains(family, id) })
			if beside && !pic.frame.state.Gone() {
				do(pic)
			}
		}
	}
}

// begun is when the first of the consents began, those that they took the
// place of included; zero: from the beginning.
func (s *Snapshot) begun(grants []clinical.GrantID) time.Time {
	var first time.Time
	seen := map[clinical.GrantID]bool{}
	for _, id := range grants {
		for g, ok := s.grants.get(id); ok && !seen[id]; g, ok = s.grants.get(id) {
			seen[id] = true
			for _, at := range []time.Time{g.ValidFrom, g.RecordedAt} {
				if !at.IsZero() && (first.IsZero() || at.Before(first)) {
					first = at
				}
			}
			id = g.Supersedes
		}
	}
	return first
}

// resting returns the releases of a recall's pictures that rest on what is
// taken back, oldest first: after a withdrawal those that a withdrawn consent
// spoke of, after an erasure or a wrong patient all of them.
func (s *Snapshot) resting(r clinical.Recall) []*clinical.Release {
	var out []*clinical.Release
	for _, id := range r.Assets {
		list, _ := s.released.get(id)
		for _, rel := range list {
			if !slices.Contains(out, rel) && (r.Cause != clinical.RecallWithdrawal || s.spoken(r.Grants, rel, id)) {
				out = append(out, rel)
			}
		}
	}
	slices.SortFunc(out, func(a, b *clinical.Release) int { return cmp.Or(a.At.Compare(b.At), a.ID.Compare(b.ID)) })
	return out
}

// spoken reports whether one of the consents is what let a picture leave by a
// release: for a publication or a study the one that names it. Care and
// evidence rest on none.
func (s *Snapshot) spoken(grants []clinical.GrantID, r *clinical.Release, asset clinical.AssetID) bool {
	p := r.Kind.Purpose()
	pic, ok := s.pictures.get(asset)
	if !ok || p == clinical.P0 || p == clinical.P6 {
		return false
	}
	return slices.ContainsFunc(grants, func(id clinical.GrantID) bool {
		g, ok := s.grants.get(id)
		switch {
		case !ok || !g.HasPurpose(p) || !g.covers(pic):
			return false
		case p == clinical.P4:
			return g.NamedUse == r.Recipient
		case p == clinical.P3:
			return g.Study == r.Recipient
		default:
			return true
		}
	})
}
