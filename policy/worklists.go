package policy

import (
	"cmp"
	"context"
	"slices"
	"time"

	"fovea/clinical"
)

const (
	usualDays = 90
	mostDays  = 3660
	// answerMonths is how long a request to erase may wait for its answer (GDPR
	// art. 12(3)).
	answerMonths = 1
)

// Worklist returns what comes up within so many days (0: 90) among the
// patients whom the caller meets, by when it does: consents that end or are
// due for review, children coming of 16 and of 18 for whom somebody else
// consented, and who has to be asked; to governance also requests to erase and
// records that the schedule no longer keeps. What a patient refused is never
// listed: nobody asks again.
func (g *Gate) Worklist(_ context.Context, c clinical.Caller, days int) ([]clinical.WorkItem, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	if days <= 0 {
		days = usualDays
	}
	now := g.opt.Now()
	w := &worklist{snap: snap, now: now, until: now.AddDate(0, 0, min(days, mostDays))}
	if recordsConsent(p.Role) {
		snap.shards.each(func(id clinical.PatientID, sh *shard) bool {
			if !sh.alive() || !sh.patient.MergedInto.IsZero() {
				return true
			}
			if before := len(w.items); w.patient(id) && !snap.meets(p, snap.subject(id), now) {
				w.items = w.items[:before]
			}
			return true
		})
		w.tasks(p)
		w.sittings(p)
	}
	if p.Role == clinical.Governance {
		w.governance()
	}
	slices.SortFunc(w.items, func(a, b clinical.WorkItem) int {
		return cmp.Or(a.Due.Compare(b.Due), a.Patient.Compare(b.Patient), cmp.Compare(a.Kind, b.Kind), a.Grant.Compare(b.Grant))
	})
	return w.items, nil
}

// worklist gathers what comes up until an instant.
type worklist struct {
	snap       *Snapshot
	now, until time.Time
	items      []clinical.WorkItem
}

// soon reports whether an instant is ahead and near enough.
func (w *worklist) soon(t time.Time) bool { return t.After(w.now) && !t.After(w.until) }

// patient gathers what a patient's consents ask for, and reports whether there
// was anything.
func (w *worklist) patient(id clinical.PatientID) bool {
	sh := w.snap.subject(id)
	before := len(w.items)
	add := func(kind clinical.WorkKind, grant clinical.GrantID, due time.Time) {
		w.items = append(w.items, clinical.WorkItem{Kind: kind, Patient: id, Grant: grant, Due: due})
	}
	of16, of18 := birthday(sh.patient.Born, 16, w.snap.site.Zone), sh.adult
	forChild := false
	for _, g := range sh.grants {
		if !g.ActiveAt(w.now, w.snap.site.Zone) || refusedSince(sh, g) {
			continue
		}
		parental := g.Capacity == clinical.Parental && beyondCare(g.Grant)
		forChild = forChild || parental
		if w.soon(g.ends) {
			add(clinical.WorkExpires, g.ID, g.ends)
		}
		birthday := parental && (g.review.Equal(of16) || g.review.Equal(of18)) && g.review.After(w.now)
		if !g.review.IsZero() && !g.review.After(w.until) && !birthday { // one that is past is still to be done
			add(clinical.WorkReview, g.ID, g.review)
		}
	}
	if forChild && w.soon(of16) {
		add(clinical.WorkTurns16, clinical.GrantID{}, of16)
	}
	if forChild && w.soon(of18) {
		add(clinical.WorkTurns18, clinical.GrantID{}, of18)
	}
	return len(w.items) > before
}

// refusedSince reports whether the patient refused something of a consent.
func refusedSince(sh *shard, g *grant) bool {
	return slices.ContainsFunc(sh.grants, func(o *grant) bool {
		return o.Status == clinical.GrantRefused && shares(o.Grant, g.Grant)
	})
}

// tasks gathers who has to be asked: a patient who could not be, and the family
// of one who died.
func (w *worklist) tasks(p *clinical.Person) {
	kinds := map[clinical.TaskKind]clinical.WorkKind{
		clinical.AskOnRecovery: clinical.WorkRecovery, clinical.FamilyConsult: clinical.WorkFamily,
	}
	w.snap.tasks.each(func(id clinical.TaskID, t *clinical.Task) bool {
		kind, listed := kinds[t.Kind]
		if listed && !t.Done() && w.snap.meets(p, w.snap.subject(t.Patient), w.now) {
			w.items = append(w.items, clinical.WorkItem{Kind: kind, Patient: t.Patient, Grant: t.Grant, Task: id, Due: t.Due})
		}
		return true
	})
}

// governance gathers requests to erase that wait, and records that the
// schedule no longer keeps.
func (w *worklist) governance() {
	w.snap.erasures.each(func(id clinical.ErasureID, e *clinical.Erasure) bool {
		if e.Outcome == "" {
			w.items = append(w.items, clinical.WorkItem{
				Kind: clinical.WorkErasure, Patient: e.Patient, Erasure: id, Due: e.RequestedAt.AddDate(0, answerMonths, 0),
			})
		}
		return true
	})
	if len(w.snap.site.Retention.Rules) == 0 {
		return
	}
	w.snap.shards.each(func(id clinical.PatientID, sh *shard) bool {
		if !sh.alive() || !sh.patient.MergedInto.IsZero() {
			return true
		}
		kept := false
		w.snap.eachPicture(id, func(*picture) { kept = true })
		if due, ok := w.snap.keptUntil(id, w.now); kept && ok && !due.After(w.until) {
			w.items = append(w.items, clinical.WorkItem{Kind: clinical.WorkRetention, Patient: id, Due: due})
		}
		return true
	})
}
