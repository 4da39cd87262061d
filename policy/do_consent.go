package policy

import (
	"slices"
	"time"

	"fovea/clinical"
)

func (a *act) recordConsent(cmd clinical.RecordConsent) (clinical.Change, error) {
	c, err := a.recordGrant(cmd.Grant)
	if err != nil {
		return c, err
	}
	for _, g := range cmd.Further {
		// One that takes back what stood is an act of its own.
		if a.snap.root(g.Patient) != c.Patient || g.Status != clinical.GrantGiven || says(g) || !g.Supersedes.IsZero() {
			return clinical.Change{}, invalid("one-form", "A form holds consents of one patient that replace nothing. Record this one by itself.")
		}
		more, err := a.recordGrant(g)
		if err != nil {
			return clinical.Change{}, err
		}
		c.Grants, c.Tasks = append(c.Grants, more.Grants...), append(c.Tasks, more.Tasks...)
	}
	return c, nil
}

// recordGrant plans one consent.
func (a *act) recordGrant(g clinical.Grant) (clinical.Change, error) {
	if err := a.mayRecord(g); err != nil {
		return clinical.Change{}, err
	}
	sh := a.snap.subject(g.Patient)
	if !sh.alive() {
		return clinical.Change{}, clinical.ErrNotFound
	}
	g.Patient = a.snap.root(g.Patient)
	if g.ID.IsZero() {
		g.ID = clinical.Mint[clinical.Grant](a.g.opt.Mint)
	}
	if _, ok := a.snap.grants.get(g.ID); ok {
		return clinical.Change{}, conflict("exists", "This consent is recorded already. A consent is never edited: record a new one that supersedes it.")
	}
	g.Rev, g.RecordedBy, g.RecordedAt = 0, a.person.ID, a.now
	g.FormBlob = clinical.BlobID{}
	if g.Status != clinical.GrantWithdrawn {
		g.WithdrawnAt, g.WithdrawnBy, g.WithdrawalReason = time.Time{}, clinical.PersonID{}, ""
	}
	if g.ValidFrom.IsZero() {
		g.ValidFrom = a.now
	}
	var err error
	if g, err = a.checkGrant(g, sh); err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActConsentRecorded, "")
	c.Patient, c.Grant = g.Patient, g.ID
	old, err := a.superseded(g, sh)
	if err != nil {
		return clinical.Change{}, err
	}
	if old != nil {
		c.Grants = append(c.Grants, *old)
	}
	c.Grants = append(c.Grants, g)
	a.takeBackLess(&c, g, old, sh)
	a.askLater(&c, g, sh)
	return c, nil
}

// takeBackLess begins a recall where what is recorded takes back what stood: a
// refusal, or a child's own no, beside a consent to the same, and a consent in
// the place of one that reached further. Whoever may keep what they took is
// found when it is settled, and asked nothing.
func (a *act) takeBackLess(c *clinical.Change, g clinical.Grant, old *clinical.Grant, sh *shard) {
	var less []clinical.GrantID
	for _, was := range sh.grants {
		switch {
		case was.Status != clinical.GrantGiven || !beyondCare(was.Grant):
		case old != nil && old.ID == was.ID:
			if a.reachesLess(g, was) {
				less = append(less, was.ID)
			}
		case says(g) && shares(g, was.Grant):
			less = append(less, was.ID)
		}
	}
	if len(less) > 0 {
		a.takeBack(c, a.recall(clinical.RecallWithdrawal, g.Patient, less, nil))
	}
}

// says reports whether a record is somebody's no: the patient's, or the
// child's to what is consented to for it.
func says(g clinical.Grant) bool {
	return g.Status == clinical.GrantRefused || g.Status == clinical.GrantGiven && g.Assent != clinical.AssentNotAsked && g.Assent != clinical.Assented
}

// reachesLess reports whether a consent permits something less than the one
// whose place it takes, today.
func (a *act) reachesLess(g clinical.Grant, was *grant) bool {
	narrower := g.Status != clinical.GrantGiven || says(g) || g.ValidFrom.After(a.now) || g.Audience < was.Audience || g.Level < was.Level ||
		was.Channels&^g.Channels != 0 || was.IntimateBeyondA2 && !g.IntimateBeyondA2 || was.ImagesShown && !g.ImagesShown ||
		g.NamedUse != was.NamedUse || g.Study != was.Study
	lost := func(p clinical.Purpose) bool { return p != clinical.P0 && !g.HasPurpose(p) }
	if narrower || slices.ContainsFunc(was.Purposes, lost) {
		return true
	}
	next, found := newGrant(g, a.snap.site.Zone), false
	a.snap.eachPicture(was.Patient, func(pic *picture) { found = found || was.covers(pic) && !next.covers(pic) })
	return found
}

// mayRecord: a no is recorded by anybody of staff, a yes by those who meet
// patients or keep the records, and what an older system knew by those who
// administer.
func (a *act) mayRecord(g clinical.Grant) error {
	switch {
	case g.FormVersion == LegacyForm:
		return a.allow(clinical.Admin, clinical.Operator)
	case !staff(a.person.Role):
		return a.allow()
	case g.Status == clinical.GrantGiven && !recordsConsent(a.person.Role):
		return a.allow()
	default:
		return nil
	}
}

// askLater raises what a consent leaves to be asked: the patient on recovery,
// the family of somebody who has died.
func (a *act) askLater(c *clinical.Change, g clinical.Grant, sh *shard) {
	if g.Status != clinical.GrantGiven {
		return
	}
	if g.Temporary {
		task := clinical.Task{Kind: clinical.AskOnRecovery, For: a.person.ID, Patient: g.Patient, Grant: g.ID}
		task.Due = g.ReviewAt.Start(a.snap.site.Zone)
		a.raise(c, task)
	}
	if g.Capacity == clinical.DeceasedCapacity && sh.patient.Deceased && needsFamily(g) {
		a.raise(c, clinical.Task{Kind: clinical.FamilyConsult, Role: clinical.Governance, Patient: g.Patient, Grant: g.ID})
	}
}

// needsFamily reports whether a consent speaks of a use before which the family
// of somebody who has died is consulted.
func needsFamily(g clinical.Grant) bool {
	return g.HasPurpose(clinical.P4) || g.HasPurpose(clinical.P5) || g.Level == clinical.I0 && beyondCare(g)
}

// markInError says that a consent was never given as it was recorded. It does
// not take back what a patient said: who recorded it does it, or governance.
func (a *act) markInError(cmd clinical.MarkInError) (clinical.Change, error) {
	if err := reasoned(cmd.Reason); err != nil {
		return clinical.Change{}, err
	}
	g, ok := a.snap.grants.get(cmd.Grant)
	if !ok || g.RecordedBy != a.person.ID && a.person.Role != clinical.Governance || a.person.ID.IsZero() {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if g.Status == clinical.GrantEnteredInError {
		return clinical.Change{}, conflict("over", "This consent is marked already. Nothing is left to do.")
	}
	over := g.Grant
	over.Status = clinical.GrantEnteredInError
	c := a.change(clinical.ActConsentMistaken, cmd.Reason)
	c.Patient, c.Grant, c.Grants = g.Patient, g.ID, []clinical.Grant{over}
	if g.Status == clinical.GrantGiven && beyondCare(g.Grant) {
		a.takeBack(&c, a.recall(clinical.RecallWithdrawal, g.Patient, []clinical.GrantID{g.ID}, nil))
	}
	return c, nil
}

// superseded returns the consent that g takes the place of. What a patient
// refused stays refused until a consent names that refusal.
func (a *act) superseded(g clinical.Grant, sh *shard) (*clinical.Grant, error) {
	var out *clinical.Grant
	for _, old := range sh.grants {
		switch {
		case old.ID == g.Supersedes:
			if old.Status == clinical.GrantWithdrawn || old.Status == clinical.GrantSuperseded || old.Status == clinical.GrantEnteredInError {
				return nil, conflict("over", "The consent to be superseded no longer stands. Record the new one by itself.")
			}
			if old.Status == clinical.GrantRefused && g.Status != clinical.GrantGiven {
				return nil, invalid("supersedes", "A refusal stands until the patient agrees. Record this by itself.")
			}
			over := old.Grant
			over.Status = clinical.GrantSuperseded
			out = &over
		case old.Status == clinical.GrantRefused && g.Status == clinical.GrantGiven && shares(old.Grant, g) && a.meet(sh, old, newGrant(g, a.snap.site.Zone)):
			return nil, conflict("refused", "This patient has refused this. If they changed their mind, record that this consent supersedes the refusal.")
		}
	}
	if out == nil && !g.Supersedes.IsZero() {
		return nil, invalid("supersedes", "The consent to be superseded is not this patient's. Choose one of this patient's.")
	}
	return out, nil
}

// meet reports whether a refusal and a consent speak of the same pictures, or
// may: only where both name sittings or pictures is it sure that they do not.
func (a *act) meet(sh *shard, refusal, g *grant) bool {
	exact := func(c clinical.Cover) bool { return !c.Session.IsZero() || len(c.Assets) > 0 }
	if refusal.Covers.IsZero() || !exact(refusal.Covers) || !exact(g.Covers) || refusal.Covers.Session == g.Covers.Session && !g.Covers.Session.IsZero() {
		return true
	}
	for _, id := range a.snap.family(sh.id) {
		if slices.ContainsFunc(a.snap.shard(id).pictures, func(p *picture) bool { return refusal.covers(p) && g.covers(p) }) {
			return true
		}
	}
	return false
}

// shares reports whether a refusal speaks of a purpose of g.
func shares(refusal, g clinical.Grant) bool {
	return len(refusal.Purposes) == 0 || slices.ContainsFunc(g.Purposes, refusal.HasPurpose)
}

// withdrawConsent ends one consent, or every one beyond care. It only ever
// tightens, so any member of staff does it on the patient's word.
func (a *act) withdrawConsent(cmd clinical.WithdrawConsent) (clinical.Change, error) {
	if !staff(a.person.Role) {
		return clinical.Change{}, a.allow()
	}
	patient := cmd.Patient
	if g, ok := a.snap.grants.get(cmd.Grant); ok && patient.IsZero() {
		patient = g.Patient
	}
	sh := a.snap.subject(patient)
	if sh.patient == nil {
		return clinical.Change{}, clinical.ErrNotFound
	}
	c := a.change(clinical.ActConsentWithdrawn, cmd.Reason)
	c.Patient, c.Grant = patient, cmd.Grant
	found := false
	for _, g := range sh.grants {
		if !cmd.Grant.IsZero() && g.ID != cmd.Grant {
			continue
		}
		found = true
		if g.Status != clinical.GrantGiven && g.Status != clinical.GrantPending && g.Status != clinical.GrantRequested {
			continue
		}
		if cmd.Grant.IsZero() && !slices.ContainsFunc(g.Purposes, func(p clinical.Purpose) bool { return p != clinical.P0 }) {
			continue
		}
		over := g.Grant
		over.Status, over.WithdrawnAt, over.WithdrawnBy, over.WithdrawalReason = clinical.GrantWithdrawn, a.now, a.person.ID, cmd.Reason
		c.Grants = append(c.Grants, over)
	}
	switch {
	case !found && !cmd.Grant.IsZero():
		return clinical.Change{}, clinical.ErrNotFound
	case len(c.Grants) == 0:
		return clinical.Change{}, conflict("nothing-to-withdraw", "No consent stands that could be withdrawn. If the patient says no, record a refusal.")
	}
	a.takeBack(&c, a.recall(clinical.RecallWithdrawal, patient, idsOf(c.Grants), nil))
	return c, nil
}

func (a *act) placeHold(cmd clinical.PlaceHold) (clinical.Change, error) {
	if err := a.allow(clinical.Governance, clinical.Admin); err != nil {
		return clinical.Change{}, err
	}
	h := cmd.Hold
	if h.ID.IsZero() {
		h.ID = clinical.Mint[clinical.Hold](a.g.opt.Mint)
	}
	if _, ok := a.snap.holds.get(h.ID); ok {
		return clinical.Change{}, conflict("exists", "This hold is placed already. Lift it, or place another.")
	}
	if h.Kind != clinical.LegalHold && h.Kind != clinical.IdentityDispute && h.Kind != clinical.UnmergeFreeze {
		return clinical.Change{}, invalid("hold-kind", "A hold is legal, identity-dispute or unmerge. Choose one of these.")
	}
	if err := reasoned(h.Reason); err != nil {
		return clinical.Change{}, err
	}
	if h.Patient.IsZero() && len(h.Assets) == 0 {
		return clinical.Change{}, invalid("hold-covers", "A hold covers a patient or pictures. Choose which.")
	}
	if !h.Patient.IsZero() && a.snap.shard(h.Patient).patient == nil {
		return clinical.Change{}, clinical.ErrNotFound
	}
	for _, id := range h.Assets {
		pic, ok := a.snap.pictures.get(id)
		if !ok || !h.Patient.IsZero() && !a.snap.samePatient(pic.frame.patient, h.Patient) {
			return clinical.Change{}, clinical.ErrNotFound
		}
	}
	h.Rev, h.PlacedBy, h.PlacedAt = 0, a.person.ID, a.now
	h.LiftedAt, h.LiftedBy = clinical.Hold{}.LiftedAt, clinical.PersonID{}
	c := a.change(clinical.ActHoldPlaced, h.Reason)
	c.Patient, c.Event.Assets, c.Holds = h.Patient, h.Assets, []clinical.Hold{h}
	return c, nil
}

func (a *act) liftHold(cmd clinical.LiftHold) (clinical.Change, error) {
	if err := a.allow(clinical.Governance, clinical.Admin); err != nil {
		return clinical.Change{}, err
	}
	if err := reasoned(cmd.Reason); err != nil {
		return clinical.Change{}, err
	}
	old, ok := a.snap.holds.get(cmd.Hold)
	if !ok {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if old.Lifted() {
		return clinical.Change{}, conflict("lifted", "This hold is lifted already. Nothing is left to do.")
	}
	h := *old
	h.LiftedBy, h.LiftedAt = a.person.ID, a.now
	c := a.change(clinical.ActHoldLifted, cmd.Reason)
	c.Patient, c.Event.Assets, c.Holds = h.Patient, h.Assets, []clinical.Hold{h}
	return c, nil
}
