package policy

import (
	"cmp"
	"context"
	"slices"
	"time"

	"fovea/clinical"
)

// What goes to the patient record of the hospital goes by itself: each filed
// session once all of it is classified, again what joined it later, and a
// correction for what turned out to be another's. Every delivery is a release
// in the register, made by nobody but the deliverer.

const (
	eprBatch   = 16 // deliveries begun at once
	eprSoonest = time.Minute
	eprSlowest = 8 // doublings of that: some four hours
)

// toEPR reports whether a release is the deliverer's.
func toEPR(k clinical.ReleaseKind) bool {
	return k == clinical.EPRDelivery || k == clinical.EPRCorrection
}

// exchangeAlone reports whether the deliverer to other systems calls for
// itself. A door never takes this from a request.
func exchangeAlone(c clinical.Caller) bool {
	return c.Door == clinical.DoorExchange && c.Person.IsZero() && c.Operator == ""
}

// EPRWork begins the deliveries and corrections that are due and returns what
// is to be handed over now, oldest first: what is new, and what failed before
// and is to be tried again. Each is answered with DeliverRelease or
// FailRelease. It is for the deliverer alone.
func (g *Gate) EPRWork(ctx context.Context, c clinical.Caller) ([]clinical.Release, error) {
	if !exchangeAlone(c) {
		return nil, forbid("role", "Deliveries to the patient record are made by the system itself.")
	}
	if err := g.beginDeliveries(ctx, c); err != nil {
		return nil, err
	}
	snap, err := g.snapshot()
	if err != nil {
		return nil, err
	}
	now := g.opt.Now()
	var out []clinical.Release
	snap.releases.each(func(_ clinical.ReleaseID, r *clinical.Release) bool {
		if toEPR(r.Kind) && r.Delivered.IsZero() && r.Ended.IsZero() && !now.Before(r.RetryAt) {
			out = append(out, *r)
		}
		return true
	})
	slices.SortFunc(out, func(a, b clinical.Release) int { return cmp.Or(a.At.Compare(b.At), a.ID.Compare(b.ID)) })
	return out, nil
}

// nothingDue is why no delivery is begun.
const nothingDue clinical.Reason = "nothing-due"

// beginDeliveries puts into the register what is due. What was sent to the
// wrong record is put right before anything new leaves.
func (g *Gate) beginDeliveries(ctx context.Context, c clinical.Caller) error {
	begin := func(next func(*act) ([]clinical.Release, clinical.Act)) error {
		_, err := g.carryOut(ctx, c, false, func(snap *Snapshot) (clinical.Change, error) {
			a, err := g.actor(snap, c)
			if err != nil {
				return clinical.Change{}, err
			}
			due, what := next(a)
			if len(due) == 0 {
				return clinical.Change{}, conflict(nothingDue, "Nothing is to be delivered.")
			}
			c := a.releaseChange(what, due[0], due[0].Why)
			c.Releases = due
			return c, nil
		})
		return err
	}
	var err error
	for n := 0; n < eprBatch && err == nil; n++ {
		err = begin((*act).nextCorrection)
	}
	if err != nil && clinical.ReasonOf(err) != nothingDue {
		return err
	}
	snap, err := g.snapshot()
	if err != nil {
		return err
	}
	a, err := g.actor(snap, c)
	if err != nil {
		return err
	}
	for _, patient := range a.waitForDelivery() {
		err := begin(func(a *act) ([]clinical.Release, clinical.Act) {
			if r := a.undelivered(a.snap.shard(patient)); r != nil {
				return []clinical.Release{*r}, clinical.ActReleaseMade
			}
			return nil, ""
		})
		if err != nil && clinical.ReasonOf(err) != nothingDue { // somebody refiled it meanwhile
			return err
		}
	}
	return nil
}

// waitForDelivery returns the first patients of whom something is due.
func (a *act) waitForDelivery() []clinical.PatientID {
	var out []clinical.PatientID
	a.snap.shards.each(func(id clinical.PatientID, sh *shard) bool {
		if a.undelivered(sh) != nil {
			out = append(out, id)
		}
		return len(out) < eprBatch
	})
	return out
}

// undelivered returns a delivery of what the patient's record has not had yet
// of one session; nil: there is none. A session waits while a run of it does,
// and until everything in it is classified.
func (a *act) undelivered(sh *shard) *clinical.Release {
	fresh := map[clinical.SessionID][]clinical.AssetID{}
	waits := map[clinical.SessionID]bool{}
	var order []clinical.SessionID
	for _, pic := range sh.pictures {
		f := pic.frame
		switch {
		case f.state.Gone() || f.session.IsZero() || f.idShot:
		case f.state != clinical.Filed || !f.sensitivity.Has(clinical.Known):
			waits[f.session] = true
		case !a.sent(pic) && a.deliverable(pic):
			if len(fresh[f.session]) == 0 {
				order = append(order, f.session)
			}
			fresh[f.session] = append(fresh[f.session], pic.id)
		}
	}
	for _, session := range order {
		if waits[session] {
			continue
		}
		ids := fresh[session]
		return &clinical.Release{
			ID: clinical.Mint[clinical.Release](a.g.opt.Mint), Kind: clinical.EPRDelivery, Authority: "the hospital's patient record",
			Recipient: "epr", Patient: a.snap.root(sh.id), Session: session, Assets: ids[:min(len(ids), maxAct)],
			Rendition: clinical.Teaching, Format: clinical.EPRFolder, At: a.now,
		}
	}
	return nil
}

// sent reports whether a picture is in a delivery for the session it is of.
func (a *act) sent(pic *picture) bool {
	list, _ := a.snap.released.get(pic.id)
	return slices.ContainsFunc(list, func(r *clinical.Release) bool {
		return r.Kind == clinical.EPRDelivery && r.Session == pic.frame.session && r.Ended.IsZero()
	})
}

// deliverable reports whether a picture may be in the patient record, where
// everybody reads it who opens that, and has a copy to send.
func (a *act) deliverable(pic *picture) bool {
	if a.snap.shown(&a.snap.slides, pic.id) == nil {
		return false
	}
	use := clinical.Use{Purpose: clinical.P0, Audience: clinical.A0, Channel: clinical.Download}
	m := newMatter(a.snap, Request{Asset: pic.id, Use: use, Rendition: clinical.Teaching, Now: a.now})
	m.anybody = true
	return !m.forNamed() && m.decide().Permit
}

// forNamed reports whether the picture is for named people only.
func (m *matter) forNamed() bool {
	return m.f.sensitivity.Has(clinical.VIP) || slices.ContainsFunc(m.people, func(s *shard) bool {
		return s.patient != nil && s.patient.Vip
	})
}

// delivers reports whether the deliverer asks for what an open delivery names,
// and it is still a picture of that patient.
func (m *matter) delivers() bool {
	if m.req.Release.IsZero() || !m.req.Person.IsZero() {
		return false
	}
	r, ok := m.snap.releases.get(m.req.Release)
	return ok && r.Kind == clinical.EPRDelivery && r.Ended.IsZero() && useOf(r) == m.req.Use && slices.Contains(r.Assets, m.pic.id) &&
		m.snap.samePatient(r.Patient, m.f.patient) && !m.forNamed()
}

// nextCorrection takes a delivery back from the patient record that holds what
// is not that patient's any more. It ends: its pages show the wrong picture
// beside the right ones, which are due anew. Where it has left already, a
// correction goes after it.
func (a *act) nextCorrection() ([]clinical.Release, clinical.Act) {
	var out []clinical.Release
	what := clinical.ActReleaseEnded
	a.snap.releases.each(func(_ clinical.ReleaseID, r *clinical.Release) bool {
		if r.Kind != clinical.EPRDelivery || !r.Ended.IsZero() {
			return true
		}
		if !slices.ContainsFunc(r.Assets, func(id clinical.AssetID) bool { return !a.stillOf(id, r.Patient) }) {
			return true
		}
		end := *r
		end.Ended, end.Why = a.now, "not of this patient any more"
		out = []clinical.Release{end}
		if !r.Delivered.IsZero() {
			what = clinical.ActReleaseMade
			out = []clinical.Release{{
				ID: clinical.Mint[clinical.Release](a.g.opt.Mint), Kind: clinical.EPRCorrection, Authority: r.Authority, Recipient: r.Recipient,
				Patient: r.Patient, Session: r.Session, Assets: r.Assets, Rendition: r.Rendition, Format: r.Format, At: a.now, Corrects: r.ID,
			}, end}
		}
		return false
	})
	return out, what
}

// stillOf reports whether a picture is there and is the patient's.
func (a *act) stillOf(id clinical.AssetID, patient clinical.PatientID) bool {
	pic, ok := a.snap.pictures.get(id)
	return ok && !pic.frame.state.Gone() && a.snap.samePatient(pic.frame.patient, patient)
}

// failRelease notes that the other system did not take a delivery, and when it
// is tried again: after a minute, then twice as long each time.
func (a *act) failRelease(cmd clinical.FailRelease) (clinical.Change, error) {
	if err := a.allow(clinical.Exchange); err != nil {
		return clinical.Change{}, err
	}
	old, err := a.ownRelease(cmd.Release)
	switch {
	case err != nil:
		return clinical.Change{}, err
	case !old.Delivered.IsZero():
		return clinical.Change{}, conflict("delivered", "This was handed over already. Nothing is left to do.")
	case cmd.Fault == "":
		return clinical.Change{}, invalid("fault", "Say what went wrong.")
	}
	r := *old
	r.Fault, r.RetryAt = cmd.Fault, a.now.Add(eprSoonest<<min(r.Attempts, eprSlowest))
	r.Attempts++
	return a.releaseChange(clinical.ActReleaseFailed, r, string(cmd.Fault)), nil
}
