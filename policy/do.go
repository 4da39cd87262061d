package policy

import (
	"context"
	"errors"
	"slices"
	"time"

	"fovea/clinical"
)

const (
	maxTries    = 5                // commits of one act against a moving journal
	commitLimit = 30 * time.Second // how long a commit goes on after its asker has left
	followLimit = 250 * time.Millisecond
)

// act is one command of one caller against one snapshot.
type act struct {
	g      *Gate
	snap   *Snapshot
	caller clinical.Caller
	person *clinical.Person // zero where the operator acts alone
	now    time.Time
}

// Do decides on an act, makes it durable, and shows its effect everywhere
// before it returns: pictures that it withdraws are on no door any more.
//
// An act that carries the Rev it was decided on is a Conflict once that is
// stale; others are tried again on what is there now. Forbidden means that the
// person may not do it, NotFound that it concerns something they do not see.
func (g *Gate) Do(ctx context.Context, c clinical.Caller, cmd clinical.Command) (clinical.Change, error) {
	if alone(cmd) {
		g.acts.Lock()
		defer g.acts.Unlock()
	} else {
		g.acts.RLock()
		defer g.acts.RUnlock()
	}
	return g.carryOut(ctx, c, carriesRev(cmd), func(snap *Snapshot) (clinical.Change, error) {
		return g.plan(ctx, snap, c, cmd)
	})
}

// alone reports whether a command is carried out with no other beside it.
func alone(cmd clinical.Command) bool {
	switch cmd.(type) {
	case clinical.PlaceHold, clinical.UnmergePatients, clinical.DecideErasure:
		return true
	default:
		return false
	}
}

// carryOut is Do for whatever plans a change; once says that a plan which is
// overtaken is a Conflict rather than made anew.
func (g *Gate) carryOut(ctx context.Context, c clinical.Caller, once bool, plan func(*Snapshot) (clinical.Change, error)) (clinical.Change, error) {
	for try := 1; ; try++ {
		snap, err := g.snapshot()
		if err != nil {
			return clinical.Change{}, err
		}
		change, err := plan(snap)
		if err != nil {
			g.refused(c, change, err)
			return clinical.Change{}, err
		}
		done, err := g.commit(ctx, change)
		if err == nil {
			g.apply(done)
			return done, nil
		}
		if dup, ok := errors.AsType[*clinical.Duplicate](err); ok {
			return clinical.Change{}, &clinical.Error{
				Kind: clinical.Conflict, Reason: "duplicate", Err: dup,
				Public: "This patient has the same picture already. Discard or reject this copy.",
			}
		}
		if clinical.KindOf(err) != clinical.Conflict {
			return clinical.Change{}, err
		}
		if once || try == maxTries {
			return clinical.Change{}, &clinical.Error{Kind: clinical.Conflict, Reason: "changed-meanwhile", Err: err, Public: changedMeanwhile}
		}
		if err := g.catchUp(ctx, snap); err != nil {
			return clinical.Change{}, err
		}
	}
}

const changedMeanwhile = "Somebody changed this first. Look at it again, then repeat what you want to change."

// commit goes on when the asker leaves: a withdrawal that was sent is made.
func (g *Gate) commit(ctx context.Context, c clinical.Change) (clinical.Change, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitLimit)
	defer cancel()
	return g.opt.Recorder.Commit(ctx, c)
}

// catchUp takes in what others committed since the snapshot, where Run has not
// done so yet.
func (g *Gate) catchUp(ctx context.Context, seen *Snapshot) error {
	now, err := g.snapshot()
	if err != nil || now.seq > seen.seq {
		return err
	}
	short, cancel := context.WithTimeout(ctx, followLimit)
	defer cancel()
	changes, err := g.opt.Journal.Changes(short, now.seq, maxBatch)
	if ctx.Err() != nil {
		return clinical.Errorf(clinical.Unavailable, "policy: follow the journal: %w", ctx.Err())
	}
	if err != nil && short.Err() == nil {
		return clinical.Errorf(clinical.Unavailable, "policy: follow the journal after %d: %w", now.seq, err)
	}
	for _, c := range changes {
		g.apply(c)
	}
	return nil
}

// refused notes an act that was not allowed.
func (g *Gate) refused(c clinical.Caller, change clinical.Change, err error) {
	if k := clinical.KindOf(err); k != clinical.Forbidden && k != clinical.NotFound {
		return
	}
	e := g.event(clinical.ActDenied, c)
	e.Denied, e.Rule = true, string(clinical.ReasonOf(err))
	e.Patient, e.Set, e.Assets = change.Patient, change.Set, change.Event.Assets
	g.opt.Recorder.NoteLater(e)
}

// carriesRev reports whether the command says on which Rev it was decided.
func carriesRev(cmd clinical.Command) bool {
	switch cmd := cmd.(type) {
	case clinical.ConfirmRun:
		return cmd.Rev != 0
	case clinical.PublishSet:
		return cmd.Rev != 0
	case clinical.ChangePerson, clinical.ChangePatient, clinical.ChangeJob, clinical.DescribeAsset, clinical.ChangeSet,
		clinical.ChangeSession, clinical.ChangeLesion:
		return true
	default:
		return false
	}
}

// plan authorises a command and says what it would leave behind.
func (g *Gate) plan(ctx context.Context, snap *Snapshot, c clinical.Caller, cmd clinical.Command) (clinical.Change, error) {
	a, err := g.actor(snap, c)
	if err != nil {
		return clinical.Change{}, err
	}
	if err := bounded(cmd); err != nil {
		return clinical.Change{}, err
	}
	switch cmd := cmd.(type) {
	case clinical.AddPerson, clinical.ChangePerson, clinical.AddPatient, clinical.ChangePatient,
		clinical.OpenEncounter, clinical.AddJobs, clinical.ChangeJob, clinical.ChangeSession, clinical.MergePatients,
		clinical.UnmergePatients:
		return a.planRecords(cmd)
	case clinical.OpenLesion, clinical.ChangeLesion:
		return a.planLesion(cmd)
	case clinical.RecordConsent, clinical.WithdrawConsent, clinical.MarkInError, clinical.PlaceHold, clinical.LiftHold:
		return a.planConsent(cmd)
	case clinical.CreateSet, clinical.ChangeSet, clinical.AddToSet, clinical.RemoveFromSet,
		clinical.SubmitSet, clinical.PublishSet, clinical.CloseSet:
		return a.planSet(cmd)
	case clinical.FinishTask, clinical.RevokeCode, clinical.BreakTheGlass, clinical.ReviewGlass, clinical.MakeRelease,
		clinical.DeliverRelease, clinical.FailRelease, clinical.EndRelease, clinical.RequestErasure, clinical.DecideErasure,
		clinical.KeepUntil:
		return a.planConsequence(ctx, cmd)
	default:
		return a.planPictures(ctx, cmd)
	}
}

// actor begins an act of the caller: a person who is active, the machine's
// owner alone, or the deliverer to other systems itself.
func (g *Gate) actor(snap *Snapshot, c clinical.Caller) (*act, error) {
	a := &act{g: g, snap: snap, caller: c, person: &clinical.Person{}, now: g.opt.Now()}
	switch {
	case operatorAlone(c):
		a.person.Role = clinical.Operator
	case exchangeAlone(c):
		a.person.Role = clinical.Exchange
	default:
		p, ok := snap.people.get(c.Person)
		if !ok || !p.ActiveAt(a.now, snap.site.Zone) {
			return nil, forbid("inactive", "Your account is not active. Ask an administrator.")
		}
		a.person = p
	}
	return a, nil
}

// planRecords plans what concerns people, patients and jobs.
func (a *act) planRecords(cmd clinical.Command) (clinical.Change, error) {
	switch cmd := cmd.(type) {
	case clinical.AddPerson:
		return a.addPerson(cmd)
	case clinical.ChangePerson:
		return a.changePerson(cmd)
	case clinical.AddPatient:
		return a.addPatient(cmd)
	case clinical.ChangePatient:
		return a.changePatient(cmd)
	case clinical.OpenEncounter:
		return a.openEncounter(cmd)
	case clinical.AddJobs:
		return a.addJobs(cmd)
	case clinical.ChangeJob:
		return a.changeJob(cmd)
	case clinical.ChangeSession:
		return a.changeSession(cmd)
	case clinical.MergePatients:
		return a.mergePatients(cmd)
	case clinical.UnmergePatients:
		return a.unmergePatients(cmd)
	default:
		return clinical.Change{}, unknownCommand(cmd)
	}
}

// planLesion plans what concerns findings that are followed.
func (a *act) planLesion(cmd clinical.Command) (clinical.Change, error) {
	switch cmd := cmd.(type) {
	case clinical.OpenLesion:
		return a.openLesion(cmd)
	case clinical.ChangeLesion:
		return a.changeLesion(cmd)
	default:
		return clinical.Change{}, unknownCommand(cmd)
	}
}

// planConsent plans what concerns consent and holds.
func (a *act) planConsent(cmd clinical.Command) (clinical.Change, error) {
	switch cmd := cmd.(type) {
	case clinical.RecordConsent:
		return a.recordConsent(cmd)
	case clinical.WithdrawConsent:
		return a.withdrawConsent(cmd)
	case clinical.MarkInError:
		return a.markInError(cmd)
	case clinical.PlaceHold:
		return a.placeHold(cmd)
	case clinical.LiftHold:
		return a.liftHold(cmd)
	default:
		return clinical.Change{}, unknownCommand(cmd)
	}
}

// planSet plans what concerns teaching sets.
func (a *act) planSet(cmd clinical.Command) (clinical.Change, error) {
	switch cmd := cmd.(type) {
	case clinical.CreateSet:
		return a.createSet(cmd)
	case clinical.ChangeSet:
		return a.changeSet(cmd)
	case clinical.AddToSet:
		return a.addToSet(cmd)
	case clinical.RemoveFromSet:
		return a.removeFromSet(cmd)
	case clinical.SubmitSet:
		return a.submitSet(cmd)
	case clinical.PublishSet:
		return a.publishSet(cmd)
	case clinical.CloseSet:
		return a.closeSet(cmd)
	default:
		return clinical.Change{}, unknownCommand(cmd)
	}
}

// planConsequence plans what follows from consent: tasks, codes, broken glass,
// releases, erasure and retention.
func (a *act) planConsequence(ctx context.Context, cmd clinical.Command) (clinical.Change, error) {
	switch cmd := cmd.(type) {
	case clinical.FinishTask:
		return a.finishTask(cmd)
	case clinical.RevokeCode:
		return a.revokeCode(cmd)
	case clinical.BreakTheGlass:
		return a.breakTheGlass(cmd)
	case clinical.ReviewGlass:
		return a.reviewGlass(cmd)
	case clinical.MakeRelease:
		return a.makeRelease(cmd)
	case clinical.DeliverRelease:
		return a.deliverRelease(cmd)
	case clinical.FailRelease:
		return a.failRelease(cmd)
	case clinical.EndRelease:
		return a.endRelease(cmd)
	case clinical.RequestErasure:
		return a.requestErasure(cmd)
	case clinical.DecideErasure:
		return a.decideErasure(ctx, cmd)
	case clinical.KeepUntil:
		return a.keepUntil(cmd)
	default:
		return clinical.Change{}, unknownCommand(cmd)
	}
}

// planPictures plans what concerns pictures.
func (a *act) planPictures(ctx context.Context, cmd clinical.Command) (clinical.Change, error) {
	switch cmd := cmd.(type) {
	case clinical.ConfirmRun:
		return a.confirmRun(ctx, cmd)
	case clinical.FileQuarantined:
		return a.fileQuarantined(ctx, cmd)
	case clinical.RejectQuarantined:
		return a.rejectQuarantined(ctx, cmd)
	case clinical.DiscardAssets:
		return a.discard(ctx, cmd)
	case clinical.ClassifyAssets:
		return a.classify(ctx, cmd)
	case clinical.ReviewAssets:
		return a.review(ctx, cmd)
	case clinical.DescribeAsset:
		return a.describe(ctx, cmd)
	case clinical.NameSubjects:
		return a.nameSubjects(ctx, cmd)
	case clinical.SaveEdit:
		return a.saveEdit(ctx, cmd)
	case clinical.PasteEdit:
		return a.pasteEdit(ctx, cmd)
	case clinical.AttestEdit:
		return a.attestEdit(ctx, cmd)
	case clinical.RefileAssets:
		return a.refile(ctx, cmd)
	default:
		return clinical.Change{}, unknownCommand(cmd)
	}
}

func unknownCommand(cmd clinical.Command) error {
	return clinical.Errorf(clinical.Internal, "policy: no plan for %T", cmd)
}

// change begins the change of an act.
func (a *act) change(what clinical.Act, why string) clinical.Change {
	return clinical.Change{Event: clinical.Event{At: a.now, Act: what, Caller: a.caller, Note: why}}
}

// allow is Forbidden unless the asker has one of the roles.
func (a *act) allow(roles ...clinical.Role) error {
	if slices.Contains(roles, a.person.Role) {
		return nil
	}
	return forbid("role", "Your role may not do this. Ask somebody whose role may.")
}

// staff reports whether a role belongs to somebody who works here and speaks
// with patients or for them.
func staff(r clinical.Role) bool {
	switch r {
	case clinical.Photographer, clinical.Clinician, clinical.Educator, clinical.Nurse, clinical.Governance, clinical.Admin:
		return true
	default:
		return false
	}
}

func forbid(why clinical.Reason, public string) error {
	return clinical.Refuse(clinical.Forbidden, why, public)
}

func invalid(why clinical.Reason, public string) error {
	return clinical.Refuse(clinical.Invalid, why, public)
}

func conflict(why clinical.Reason, public string) error {
	return clinical.Refuse(clinical.Conflict, why, public)
}

// current is a Conflict unless rev is the one that is there.
func current(rev, there uint64) error {
	if rev != there {
		return conflict("changed-meanwhile", changedMeanwhile)
	}
	return nil
}

// reasoned is Invalid without a reason.
func reasoned(why string) error {
	if why == "" {
		return invalid("no-reason", "This needs a reason, which goes into the record. Write one.")
	}
	return nil
}

// sees reports whether the asker sees a picture on a page of care.
func (a *act) sees(id clinical.AssetID) bool {
	return Decide(a.snap, Request{
		Person: a.person.ID, Use: clinical.Care(), Asset: id, Rendition: clinical.Thumbnail, Now: a.now,
	}).Permit
}

// held reports whether a hold keeps a picture from being changed.
func (a *act) held(pic *picture) bool {
	return a.snap.onHold(pic.id, a.now)
}

const onHold = "A hold keeps this picture as it is. Ask governance to lift it."
