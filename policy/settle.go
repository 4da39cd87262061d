package policy

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"fovea/clinical"
)

// A recall is settled behind the act that began it: the ledger is asked who
// had the pictures, and each of them is asked to destroy what they took. The
// act itself is complete before that, and a crash in between leaves the recall
// on its way, to be settled after the next start.

const (
	settleAgain   = time.Second // after a failure, doubled up to
	settleSlowest = time.Minute
)

// settleAll settles recalls until ctx ends. It is Run's, and joined by it.
func (g *Gate) settleAll(ctx context.Context) {
	wait := settleAgain
	for {
		err := g.settleWaiting(ctx)
		if ctx.Err() != nil {
			return
		}
		var again <-chan time.Time
		stop := func() bool { return false }
		if err == nil {
			wait = settleAgain
		} else {
			g.opt.Log.LogAttrs(ctx, slog.LevelWarn, "recalls wait to be settled", slog.Any("err", err), slog.Duration("again", wait))
			timer := time.NewTimer(wait)
			again, stop = timer.C, timer.Stop
			wait = min(2*wait, settleSlowest)
		}
		select {
		case <-ctx.Done():
		case <-g.recalled:
		case <-again:
		}
		stop()
	}
}

// settleWaiting settles every recall that is on its way and closes every
// erasure whose keys are destroyed, in the order in which they began. One that
// fails keeps none of the others.
func (g *Gate) settleWaiting(ctx context.Context) error {
	snap, err := g.snapshot()
	if err != nil {
		return err
	}
	var faults []error
	for _, id := range snap.unsettled {
		if err := g.settle(ctx, id); err != nil {
			faults = append(faults, clinical.Errorf(clinical.KindOf(err), "policy: settle recall %s: %w", id, err))
		}
	}
	for _, id := range snap.undone {
		if err := g.closeErasure(ctx, id); err != nil {
			faults = append(faults, clinical.Errorf(clinical.KindOf(err), "policy: close erasure %s: %w", id, err))
		}
	}
	return errors.Join(faults...)
}

// settle settles one recall, in as many changes as it takes to ask everybody.
// It is idempotent: each change carries the Rev of the recall that was read, so
// that only one of two settlements is kept, and whoever was asked before a crash
// is not asked again.
func (g *Gate) settle(ctx context.Context, id clinical.RecallID) error {
	snap, err := g.snapshot()
	if err != nil {
		return err
	}
	r, ok := snap.recalls.get(id)
	if !ok || !r.Settled.IsZero() {
		return nil
	}
	had, err := g.readersOf(ctx, snap, clinical.EventQuery{Assets: r.Assets, From: r.Since}, r.Cause != clinical.RecallWithdrawal)
	if err != nil {
		return err
	}
	change := g.itself(snap).settlement(*r, had)
	for rest := change.Tasks; ; {
		n := min(len(rest), settleAtOnce)
		part := change
		part.Tasks, rest = rest[:n], rest[n:]
		if len(rest) > 0 {
			part.Act, part.Event.Assets, part.Recalls = clinical.ActTaskRaised, nil, []clinical.Recall{onItsWay(*r)}
		}
		done, err := g.commit(ctx, part)
		if err != nil {
			return err
		}
		g.apply(done)
		if len(rest) == 0 {
			return nil
		}
		r = &done.Recalls[0]
		change.Recalls[0].Rev = r.Rev
	}
}

// settleAtOnce is how many tasks one change raises.
const settleAtOnce = 500

// onItsWay is a recall of which some are asked and others not yet. Its act is
// the first change that it was in.
func onItsWay(r clinical.Recall) clinical.Recall {
	r.Seq = cmp.Or(r.Seq, r.Rev)
	return r
}

// settlement is what a recall comes to, once it is known who had the pictures:
// the tasks that were not raised yet, and the recall with all of them.
func (a *act) settlement(r clinical.Recall, had *readers) clinical.Change {
	c := a.change(clinical.ActRecallSettled, "")
	c.Patient, c.Event.Assets = r.Patient, r.Assets
	r = onItsWay(r)
	r.Settled = a.now
	raised := a.raised(r.ID)
	rows := had.sorted()
	copies := a.copies(r, rows)
	for _, row := range rows {
		k := row.through()
		if ids := copies[k]; raised[k].IsZero() && len(ids) > 0 {
			a.raise(&c, clinical.Task{
				Kind: clinical.DestroyCopy, For: row.Person, Assets: ids, Set: row.Set, Release: row.Release, Recall: r.ID,
			})
			raised[k] = c.Tasks[len(c.Tasks)-1].ID
		}
		if len(row.copied) > 0 && !row.Person.IsZero() {
			row.Task = raised[k]
		}
		r.Reach = append(r.Reach, row.Reach)
	}
	a.correct(&c, &r, raised)
	c.Recalls = []clinical.Recall{r}
	return c
}

// correct marks what was published, and where a recall is no withdrawal has
// somebody tell those to whom the pictures were delivered.
func (a *act) correct(c *clinical.Change, r *clinical.Recall, raised map[copyOf]clinical.TaskID) {
	for _, rel := range a.snap.resting(*r) {
		if rel.Delivered.IsZero() || toEPR(rel.Kind) { // the deliverer corrects what it delivered
			continue
		}
		if p := rel.Kind.Purpose(); p != clinical.P0 && p != clinical.P6 {
			r.Published = append(r.Published, rel.ID)
		}
		if r.Cause != clinical.RecallWithdrawal && raised[copyOf{release: rel.ID}].IsZero() {
			a.raise(c, clinical.Task{
				Kind: clinical.CorrectionNotice, Role: clinical.Governance, Patient: r.Patient, Assets: shared(rel.Assets, r.Assets),
				Recall: r.ID, Release: rel.ID,
			})
		}
	}
}

// raised returns what a recall asked for already: of a reader by how they had
// the pictures, and of governance by the release that is to be corrected.
func (a *act) raised(id clinical.RecallID) map[copyOf]clinical.TaskID {
	out := map[copyOf]clinical.TaskID{}
	a.snap.tasks.each(func(_ clinical.TaskID, t *clinical.Task) bool {
		switch {
		case t.Recall != id:
		case t.Kind == clinical.DestroyCopy:
			out[copyOf{person: t.For, set: t.Set, release: t.Release}] = t.ID
		case t.Kind == clinical.CorrectionNotice:
			out[copyOf{release: t.Release}] = t.ID
		}
		return true
	})
	return out
}

// copies returns what each reader has to destroy, by how they had it: one task
// names what they took for several purposes.
func (a *act) copies(r clinical.Recall, rows []*tally) map[copyOf][]clinical.AssetID {
	out := map[copyOf][]clinical.AssetID{}
	before := a.asked(r.ID)
	for _, row := range rows {
		k := row.through()
		out[k] = append(out[k], a.toDestroy(r, row, before)...)
	}
	for k, ids := range out {
		slices.SortFunc(ids, clinical.AssetID.Compare)
		out[k] = slices.Compact(ids)
	}
	return out
}

// through is how the reader had what the row adds up.
func (t *tally) through() copyOf {
	return copyOf{person: t.Person, set: t.Set, release: t.Release}
}

// toDestroy returns the pictures of which somebody has a copy that is not
// theirs any more. Where another consent still lets them have it, it is.
// What they were asked to destroy since they last took it is not asked twice.
func (a *act) toDestroy(r clinical.Recall, row *tally, before map[copyOf]time.Time) []clinical.AssetID {
	if row.Person.IsZero() {
		return nil
	}
	var out []clinical.AssetID
	for id, use := range row.copied {
		still := r.Cause == clinical.RecallWithdrawal && Decide(a.snap, Request{
			Person: row.Person, Use: use, Set: row.Set, Release: row.Release, Asset: id, Now: a.now,
		}).Permit
		at, twice := before[copyOf{row.Person, row.Set, row.Release, id}]
		if !still && !(twice && at.After(row.Last)) {
			out = append(out, id)
		}
	}
	return out
}

// copyOf is a picture that somebody took out of a set, a release or neither.
type copyOf struct {
	person  clinical.PersonID
	set     clinical.SetID
	release clinical.ReleaseID
	asset   clinical.AssetID
}

// asked returns when somebody was last asked to destroy what, by another
// recall. Who could not is asked again.
func (a *act) asked(but clinical.RecallID) map[copyOf]time.Time {
	out := map[copyOf]time.Time{}
	a.snap.tasks.each(func(_ clinical.TaskID, t *clinical.Task) bool {
		if t.Kind != clinical.DestroyCopy || t.Recall.IsZero() || t.Recall == but || t.Answer == clinical.AnswerCannot {
			return true
		}
		for _, id := range t.Assets {
			k := copyOf{t.For, t.Set, t.Release, id}
			out[k] = latest(out[k], t.Raised)
		}
		return true
	})
	return out
}

// closeErasure notes that an erasure is done. The recorder refuses that as long
// as a key is not destroyed, and says from when on copies are unreadable.
func (g *Gate) closeErasure(ctx context.Context, id clinical.ErasureID) error {
	snap, err := g.snapshot()
	if err != nil {
		return err
	}
	e, ok := snap.erasures.get(id)
	if !ok || !e.Done.IsZero() {
		return nil
	}
	a := g.itself(snap)
	done := *e
	done.Done, done.Seq = a.now, e.DecidedSeq()
	c := a.change(clinical.ActErasureDone, "")
	c.Patient, c.Erasures = e.Patient, []clinical.Erasure{done}
	kept, err := g.commit(ctx, c)
	if err != nil {
		return err
	}
	g.apply(kept)
	return nil
}

// itself is an act of nobody's: what follows from another's.
func (g *Gate) itself(snap *Snapshot) *act {
	return &act{g: g, snap: snap, caller: clinical.Caller{Door: clinical.DoorGate}, person: &clinical.Person{}, now: g.opt.Now()}
}

// shared returns the pictures that are in both lists.
func shared(a, b []clinical.AssetID) []clinical.AssetID {
	in := make(map[clinical.AssetID]bool, len(b))
	for _, id := range b {
		in[id] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(id clinical.AssetID) bool { return !in[id] })
}
