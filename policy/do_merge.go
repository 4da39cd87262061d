package policy

import (
	"context"
	"slices"
	"time"

	"fovea/clinical"
)

// mergePatients says that two records are one person's. Nothing is moved:
// From becomes an alias of Into, and everything that is decided on either is
// decided on the union from then on.
func (a *act) mergePatients(cmd clinical.MergePatients) (clinical.Change, error) {
	if err := a.allow(clinical.Governance, clinical.Admin); err != nil {
		return clinical.Change{}, err
	}
	if err := reasoned(cmd.Reason); err != nil {
		return clinical.Change{}, err
	}
	from := a.snap.shard(cmd.From).patient
	switch {
	case !a.snap.shard(cmd.From).alive() || !a.snap.shard(cmd.Into).alive():
		return clinical.Change{}, clinical.ErrNotFound
	case !from.MergedInto.IsZero():
		return clinical.Change{}, conflict("merged", "This record is merged already. Part it first, or merge the record that stands for it.")
	case a.snap.samePatient(cmd.From, cmd.Into):
		return clinical.Change{}, invalid("merge", "These records are one patient's already. Choose two patients.")
	}
	p := *from
	p.MergedInto, p.MergedAt = cmd.Into, a.now
	c := a.change(clinical.ActPatientsMerged, cmd.Reason)
	c.Patient, c.Patients = cmd.Into, []clinical.Patient{p}
	return c, nil
}

// unmergePatients parts two records again, exactly: each has the pictures and
// consents that it had. What was recorded on either meanwhile may be the
// other's, so pictures taken in since, and pictures of which a consent recorded
// since speaks, are frozen until governance has looked.
func (a *act) unmergePatients(cmd clinical.UnmergePatients) (clinical.Change, error) {
	if err := a.allow(clinical.Governance, clinical.Admin); err != nil {
		return clinical.Change{}, err
	}
	if err := reasoned(cmd.Reason); err != nil {
		return clinical.Change{}, err
	}
	old := a.snap.shard(cmd.Patient).patient
	switch {
	case old == nil:
		return clinical.Change{}, clinical.ErrNotFound
	case old.MergedInto.IsZero():
		return clinical.Change{}, conflict("not-merged", "This record is not merged into another. Nothing is left to do.")
	}
	p := *old
	p.MergedInto, p.MergedAt = clinical.PatientID{}, time.Time{}
	c := a.change(clinical.ActPatientsUnmerged, cmd.Reason)
	c.Patient, c.Patients = cmd.Patient, []clinical.Patient{p}
	into := a.snap.shard(old.MergedInto).patient
	for _, id := range a.snap.family(cmd.Patient) {
		since := old.MergedAt
		if id == cmd.Patient && into != nil && into.Rev > old.Rev && guardsMore(into, old) {
			since = time.Time{} // what was said of one may have been said of the other: all of it is looked at
		}
		frozen := a.seenSince(id, since)
		if len(frozen) == 0 {
			continue
		}
		c.Holds = append(c.Holds, clinical.Hold{
			ID: clinical.Mint[clinical.Hold](a.g.opt.Mint), Kind: clinical.UnmergeFreeze, Patient: id, Assets: frozen,
			Reason: cmd.Reason, PlacedBy: a.person.ID, PlacedAt: a.now, Since: old.MergedAt,
		})
		c.Event.Assets = append(c.Event.Assets, frozen...)
	}
	return c, nil
}

// guardsMore reports whether a record keeps from others what another does not.
func guardsMore(p, than *clinical.Patient) bool {
	return p.Vip && !than.Vip || p.PhotographyRefused && !than.PhotographyRefused || p.Deceased && !than.Deceased
}

// seenSince returns the pictures of one record that a merge may have mixed up:
// filed since, or spoken of by a consent or refusal that was recorded since.
// A merge whose day is not known mixed up everything.
func (a *act) seenSince(id clinical.PatientID, merged time.Time) []clinical.AssetID {
	grants := slices.DeleteFunc(slices.Clone(a.snap.subject(id).grants), func(g *grant) bool { return g.RecordedAt.Before(merged) })
	var out []clinical.AssetID
	a.snap.eachShown(id, func(pic *picture) {
		speaks := func(g *grant) bool { return g.Covers.IsZero() || g.covers(pic) }
		fresh := merged.IsZero() || pic.filed == unknown || !instant(pic.filed).Before(merged)
		if !pic.frame.state.Gone() && (fresh || slices.ContainsFunc(grants, speaks)) {
			out = append(out, pic.id)
		}
	})
	return out
}

// eachShown calls do for every picture of one record, and for every picture of
// another's in which it is named.
func (s *Snapshot) eachShown(id clinical.PatientID, do func(*picture)) {
	sh := s.shard(id)
	for _, pic := range sh.pictures {
		do(pic)
	}
	for _, host := range sh.hosts {
		if host == id {
			continue
		}
		for _, pic := range s.shard(host).pictures {
			beside := false
			pic.frame.eachSubject(func(p clinical.PatientID) { beside = beside || p == id })
			if beside {
				do(pic)
			}
		}
	}
}

// maxTrace is how many lines of the ledger a trace has at most.
const maxTrace = 10_000

// SawMerged returns who saw, changed or was denied what of a patient while the
// record was merged with another's, oldest first: what has to be told when the
// two are parted. Hold is the freeze that parting them placed. It is
// governance's to read, and noted before it answers.
func (g *Gate) SawMerged(ctx context.Context, c clinical.Caller, hold clinical.HoldID) ([]clinical.Recorded, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	h, ok := snap.holds.get(hold)
	if !ok || p.Role != clinical.Governance && p.Role != clinical.Admin || h.Kind != clinical.UnmergeFreeze {
		return nil, clinical.ErrNotFound
	}
	e := g.event(clinical.ActAuditRead, c)
	e.Patient = h.Patient
	if err := g.note(ctx, e, true); err != nil {
		return nil, err
	}
	q := clinical.EventQuery{From: h.Since, To: h.PlacedAt, Limit: maxTrace, Patient: h.Patient}
	return g.opt.Recorder.Events(ctx, q)
}
