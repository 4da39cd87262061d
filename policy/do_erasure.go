package policy

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"fovea/clinical"
)

// CourtOrdered is who asks for an erasure that the retention schedule does not
// stop: an order outranks it.
const CourtOrdered = "court"

// ShredUnscheduled is the rule in the ledger of a decision to shred where the
// site has no retention schedule that could have stopped it.
const ShredUnscheduled = "shred/no-retention-schedule"

// unscheduledWords are said before such a decision is made. Its reason is then
// all that stands for keeping or not keeping the record.
const unscheduledWords = "No retention schedule is configured; nothing keeps this record but a hold. Say in the reason why it may be destroyed."

// requestErasure takes a request to erase from the record. It decides nothing.
func (a *act) requestErasure(cmd clinical.RequestErasure) (clinical.Change, error) {
	if !recordsConsent(a.person.Role) {
		return clinical.Change{}, a.allow()
	}
	behalf, why := strings.TrimSpace(cmd.OnBehalf), strings.TrimSpace(cmd.Reason)
	switch {
	case behalf == "" || len(behalf) > 200:
		return clinical.Change{}, invalid("on-behalf", "Write who asks: the patient, a parent, a court. At most 200 bytes.")
	case len(cmd.Assets) > maxAct:
		return clinical.Change{}, invalid("pictures", "At most 2,000 pictures are named at once. Name none to mean all of the patient's.")
	}
	if err := cmp.Or(reasoned(why), brief(why)); err != nil {
		return clinical.Change{}, err
	}
	record, err := a.erasable(cmd)
	if err != nil {
		return clinical.Change{}, err
	}
	e := clinical.Erasure{
		ID: clinical.Mint[clinical.Erasure](a.g.opt.Mint), Patient: record, Assets: slices.Clone(cmd.Assets),
		OnBehalf: behalf, Reason: why, RequestedBy: a.person.ID, RequestedAt: a.now,
	}
	c := a.change(clinical.ActErasureAsked, why)
	c.Patient, c.Event.Assets, c.Erasures = e.Patient, e.Assets, []clinical.Erasure{e}
	return c, nil
}

// erasable returns the record that a request is about: all of a patient's, or
// the one under which every picture named is kept.
func (a *act) erasable(cmd clinical.RequestErasure) (clinical.PatientID, error) {
	record := a.snap.root(cmd.Patient)
	if !a.snap.shard(record).alive() {
		return record, clinical.ErrNotFound
	}
	for i, id := range cmd.Assets {
		pic, ok := a.snap.pictures.get(id)
		if !ok || pic.frame.state.Gone() || !a.shows(pic, cmd.Patient) {
			return record, clinical.ErrNotFound
		}
		owner := pic.frame.patient
		if !a.snap.samePatient(owner, record) {
			owner = a.snap.root(cmd.Patient) // another's picture: it is restricted, never shredded
		}
		if i > 0 && owner != record {
			return record, invalid("pictures", "These pictures are kept under records that were merged. Ask for each record's in a request of its own.")
		}
		record = owner
	}
	return record, nil
}

// decideErasure decides on a request: somebody of governance who did not take
// it, within what holds and the retention schedule leave open.
func (a *act) decideErasure(ctx context.Context, cmd clinical.DecideErasure) (clinical.Change, error) {
	if err := a.allow(clinical.Governance); err != nil {
		return clinical.Change{}, err
	}
	words := strings.TrimSpace(cmd.Reason)
	old, ok := a.snap.erasures.get(cmd.Erasure)
	switch {
	case !ok:
		return clinical.Change{}, clinical.ErrNotFound
	case old.Outcome != "":
		return clinical.Change{}, conflict("decided", "This was decided already. Nothing is left to do.")
	case old.RequestedBy == a.person.ID:
		return clinical.Change{}, forbid("second-person", "You took this request yourself. Ask a second person to decide.")
	}
	if err := cmp.Or(reasoned(words), brief(words)); err != nil {
		return clinical.Change{}, err
	}
	e := *old
	e.Outcome, e.DecidedBy, e.DecidedAt, e.Words = cmd.Outcome, a.person.ID, a.now, words
	c := a.change(clinical.ActErasureDecided, words)
	c.Patient, c.Rule = e.Patient, string(e.Outcome)
	own, beside := a.concerned(e)
	e.Pictures = len(own) + len(beside)
	switch e.Outcome {
	case clinical.EraseRefuse:
		e.Pictures = 0
	case clinical.EraseRestrict:
		a.restrict(&c, e, e.Assets)
	case clinical.EraseCopies:
		if err := a.unheld(e, slices.Concat(own, beside)); err != nil {
			return c, err
		}
		a.eraseCopies(&c, &e, slices.Concat(own, beside))
	case clinical.EraseShred:
		if err := a.shred(ctx, &c, &e, own, beside); err != nil {
			return c, err
		}
		if len(a.snap.site.Retention.Rules) == 0 {
			c.Rule = ShredUnscheduled
		}
	default:
		return clinical.Change{}, invalid("outcome", "The outcomes are restrict, erase-copies, shred and refuse. Choose one of these.")
	}
	if e.Outcome != clinical.EraseShred {
		e.Done = a.now // by this very change; keys are destroyed after it
	}
	c.Erasures = []clinical.Erasure{e}
	return c, nil
}

// concerned returns the pictures that a request is about: the patient's own,
// and those of others in which the patient is seen.
func (a *act) concerned(e clinical.Erasure) (own, beside []clinical.AssetID) {
	named := make(map[clinical.AssetID]bool, len(e.Assets))
	for _, id := range e.Assets {
		named[id] = true
	}
	a.snap.eachPicture(e.Patient, func(pic *picture) {
		switch {
		case len(named) > 0 && !named[pic.id]:
		case a.snap.samePatient(pic.frame.patient, e.Patient):
			own = append(own, pic.id)
		default:
			beside = append(beside, pic.id)
		}
	})
	return own, beside
}

// unheld is a Conflict where a hold keeps one of the pictures, or all of a
// patient of whom there is none left; an earlier restriction keeps none from
// being erased.
func (a *act) unheld(e clinical.Erasure, ids []clinical.AssetID) error {
	const held = "A hold keeps these pictures. Lift it first, or restrict them until it is lifted."
	whole := func(h *clinical.Hold) bool {
		return !h.Lifted() && len(h.Assets) == 0 && h.Kind != clinical.Restriction
	}
	if len(e.Assets) == 0 && slices.ContainsFunc(a.snap.subject(e.Patient).holds, whole) {
		return conflict("on-hold", held)
	}
	for _, id := range ids {
		m := newMatter(a.snap, Request{Asset: id, Now: a.now})
		if m != nil && m.heldBy(func(k clinical.HoldKind) bool { return k != clinical.Restriction }) {
			return conflict("on-hold", held)
		}
	}
	return nil
}

// restrict leaves pictures to the named team, for care alone, until somebody
// lifts the hold. No picture named is all of the patient's.
func (a *act) restrict(c *clinical.Change, e clinical.Erasure, ids []clinical.AssetID) {
	c.Event.Assets = ids
	c.Holds = append(c.Holds, clinical.Hold{
		ID: clinical.Mint[clinical.Hold](a.g.opt.Mint), Kind: clinical.Restriction, Patient: e.Patient, Assets: ids,
		Reason: e.Words, PlacedBy: a.person.ID, PlacedAt: a.now,
	})
}

// eraseCopies takes pictures out of every set and release and asks whoever had
// them to destroy what they took. Where it is all of the patient's, what they
// consented to beyond care is withdrawn with it. The record stays.
func (a *act) eraseCopies(c *clinical.Change, e *clinical.Erasure, ids []clinical.AssetID) {
	c.Event.Assets = ids
	for _, id := range ids {
		a.leaveSets(c, id)
	}
	if len(e.Assets) == 0 {
		for _, g := range a.snap.subject(e.Patient).grants {
			if beyondCare(g.Grant) && stands(g.Grant) {
				over := g.Grant
				over.Status, over.WithdrawnAt, over.WithdrawnBy, over.WithdrawalReason = clinical.GrantWithdrawn, a.now, a.person.ID, "erasure"
				c.Grants = append(c.Grants, over)
			}
		}
	}
	if len(ids) == 0 {
		return
	}
	r := a.recall(clinical.RecallErasure, e.Patient, idsOf(c.Grants), ids)
	r.Erasure = e.ID
	e.Recall = r.ID
	a.takeBack(c, r)
}

// leaveSets takes a picture out of every set.
func (a *act) leaveSets(c *clinical.Change, asset clinical.AssetID) {
	sets, _ := a.snap.members.get(asset)
	for _, id := range sets {
		st, ok := a.snap.sets.get(id)
		if !ok {
			continue
		}
		for _, it := range st.items {
			if it.Asset == asset && !it.Removed {
				gone := it.SetItem
				gone.Removed = true
				c.Items = append(c.Items, gone)
			}
		}
	}
}

// shred destroys the patient's own pictures, and seals those of others in which
// the patient is seen until they are masked. The vault destroys the keys with
// the change; what settles the recall notes that it is done.
func (a *act) shred(ctx context.Context, c *clinical.Change, e *clinical.Erasure, own, beside []clinical.AssetID) error {
	switch {
	case len(e.Assets) > 0 && len(beside) > 0:
		return conflict("another-patients", "Some of these pictures are another patient's, who is seen in them. Restrict them until they are masked.")
	case len(own)+len(beside) == 0 && len(e.Assets) > 0:
		return conflict("nothing-to-erase", "These pictures are gone already. Refuse the request, and say so.")
	case a.snap.keeps(e.Patient, a.now) && !strings.EqualFold(e.OnBehalf, CourtOrdered):
		return conflict("retention", "The retention schedule keeps this record. Restrict it, erase the copies, or refuse with the reason.")
	}
	if err := a.unheld(*e, slices.Concat(own, beside)); err != nil {
		return err
	}
	for _, id := range own {
		as, err := a.g.opt.Reader.Asset(ctx, id)
		if err != nil {
			return err
		}
		as.State, as.Reason = clinical.Erased, "erased"
		c.Delta.Assets = append(c.Delta.Assets, as)
	}
	a.eraseCopies(c, e, slices.Concat(own, beside))
	if len(beside) > 0 {
		ids := c.Event.Assets
		a.restrict(c, *e, beside)
		c.Event.Assets = ids
	}
	return nil
}

// Erasures returns the requests to erase, those not decided first and then the
// newest: all of them to governance, to others those they took.
func (g *Gate) Erasures(_ context.Context, c clinical.Caller) ([]clinical.Erasure, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	var out []clinical.Erasure
	snap.erasures.each(func(_ clinical.ErasureID, e *clinical.Erasure) bool {
		if p.Role == clinical.Governance || e.RequestedBy == p.ID {
			out = append(out, *e)
		}
		return true
	})
	rank := func(e clinical.Erasure) int {
		if e.Outcome == "" {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b clinical.Erasure) int {
		return cmp.Or(rank(a)-rank(b), b.RequestedAt.Compare(a.RequestedAt), b.ID.Compare(a.ID))
	})
	return out, nil
}
