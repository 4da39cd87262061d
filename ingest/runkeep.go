package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
)

// placement is the run and session of a resolved frame. The first frame that is
// kept brings them into being, or up to date, in its own change.
type placement struct {
	run     clinical.Run
	session clinical.Session
	first   bool
}

// place puts a resolved frame where it belongs; a nil placement leaves it filed.
func (p *placement) place(a *clinical.Asset, c *clinical.Change) {
	if p == nil {
		return
	}
	a.State, a.FiledAt, a.Run = clinical.Provisional, time.Time{}, p.run.ID
	if p.first {
		c.Runs = []clinical.Run{p.run}
	}
}

// keepRun keeps the frames of a run as provisional, and notes the run for filing
// where its evidence agrees.
func (s *station) keepRun(ctx context.Context, p *plan, v Verdict) error {
	who, err := s.claimOf(ctx, p, v)
	if why, ok := refused(err); ok {
		return s.hold(ctx, p, Verdict{Frames: v.Frames, Reason: why})
	}
	if err != nil {
		return err
	}
	place, changed := s.placementOf(v, who)
	if place.run.State != clinical.RunProvisional {
		// Somebody confirmed or gave it up since the plan was made.
		return clinical.Errorf(clinical.Conflict, "ingest: run %s no longer waits", place.run.ID)
	}
	if p.hold {
		place.run.Evidence = addEvidence(place.run.Evidence, evidenceUnplaced)
	}
	moved := s.moved(p, v, place)
	fresh := newFrames(p, v)
	if len(moved) > 0 || (changed && len(fresh) == 0) {
		if err := s.commitRun(ctx, place, moved); err != nil {
			return s.stays(err)
		}
	}
	kept, err := s.keepFrames(ctx, p, fresh, arrival{claim: &who, run: place})
	if err != nil {
		return err
	}
	agreed := v.Filed && !slices.ContainsFunc(place.run.Evidence, forbids)
	if !agreed || kept != len(fresh) {
		return nil
	}
	p.agreed = append(p.agreed, agreedRun{place.run.ID, len(v.Frames)})
	return nil
}

// agreedRun is a run to file once every verdict was carried out, if it then
// holds just the frames that were judged.
type agreedRun struct {
	run    clinical.RunID
	frames int
}

// newFrames returns the frames of a verdict that are not kept yet, in order.
func newFrames(p *plan, v Verdict) []int {
	return slices.DeleteFunc(slices.Clone(v.Frames), func(i int) bool { return p.tracks[i] == nil })
}

// claimOf returns whom the run's label names, with the records to keep by.
func (s *station) claimOf(ctx context.Context, p *plan, v Verdict) (claim, error) {
	for _, i := range v.Frames {
		if k := p.tracks[i]; k != nil && k.facts.label != nil && k.facts.label.job.ID == v.Subject.Job {
			return *k.facts.label, nil
		}
	}
	patient, err := s.in.opt.Register.Patient(ctx, v.Subject.Patient)
	if err != nil {
		return claim{}, fmt.Errorf("ingest: patient of a run: %w", err)
	}
	c := claim{patient: patient, by: RuleIDShot}
	if _, err := (identifier{register: s.in.opt.Register, rules: s.in.opt.Rules}).accepted(ctx, c); err != nil {
		return claim{}, err // refused since the run began
	}
	if !v.Subject.Job.IsZero() {
		if c.job, err = s.in.opt.Register.Job(ctx, v.Subject.Job); err != nil {
			return claim{}, fmt.Errorf("ingest: job of a run: %w", err)
		}
	}
	return c, nil
}

// placementOf returns the run that goes on, or a new one, as the verdict leaves
// it, and whether that differs from what is kept.
func (s *station) placementOf(v Verdict, who claim) (*placement, bool) {
	run, known := s.in.memory.run(v.Run)
	if !known {
		run = clinical.Run{
			ID: clinical.Mint[clinical.Run](s.in.opt.Mint), Studio: s.studio.ID, Camera: v.Camera,
			Patient: who.patient.ID, State: clinical.RunProvisional, Session: clinical.Mint[clinical.Session](s.in.opt.Mint),
		}
	}
	before := run
	run.Job, run.From, run.To, run.Frames = who.job.ID, v.From, v.To, v.Plain
	run.Evidence = v.Evidence
	for _, code := range before.Evidence {
		if forbids(code) {
			run.Evidence = addEvidence(run.Evidence, code)
		}
	}
	place := &placement{run: run, first: true}
	place.session = clinical.Session{
		ID: run.Session, Patient: who.patient.ID, Job: who.job.ID, Encounter: who.job.Encounter, Studio: s.studio.ID,
		Photographer: who.job.Photographer, Specialty: s.specialty(&who), Began: v.From,
	}
	if known {
		place.session.Rev = before.Rev // it exists: only its ID is used
	}
	same := known && before.Job == run.Job && before.From.Equal(run.From) && before.To.Equal(run.To) &&
		before.Frames == run.Frames && slices.Equal(before.Evidence, run.Evidence)
	return place, !same
}

func addEvidence(codes []string, code string) []string {
	if slices.Contains(codes, code) {
		return codes
	}
	return append(slices.Clone(codes), code)
}

// moved returns the provisional frames that lay in another run until now, as
// they are to be.
func (s *station) moved(p *plan, v Verdict, place *placement) []clinical.Asset {
	var out []clinical.Asset
	for _, i := range v.Frames {
		a, ok := p.kept[i]
		if !ok || a.Run == place.run.ID {
			continue
		}
		if a.Patient != place.session.Patient {
			a = unclassified(a)
		}
		a.Run, a.Session, a.Patient = place.run.ID, place.session.ID, place.session.Patient
		a.Job, a.Encounter, a.Specialty = place.session.Job, place.session.Encounter, place.session.Specialty
		a.Lesion = clinical.LesionID{}
		out = append(out, a)
	}
	return out
}

// commitRun commits the run, its session where it is new, and frames that move.
func (s *station) commitRun(ctx context.Context, place *placement, moved []clinical.Asset) error {
	c := clinical.Change{Event: s.event(clinical.ActRunResolved, s.in.opt.Now())}
	c.Patient, c.Runs, c.Delta.Assets = place.run.Patient, []clinical.Run{place.run}, moved
	if place.session.Rev == 0 {
		c.Sessions = []clinical.Session{place.session}
	}
	for _, a := range moved {
		c.Event.Assets = append(c.Event.Assets, a.ID)
	}
	if err := s.commit(ctx, c); err != nil {
		return err
	}
	place.first = false
	return nil
}

// keepFrames keeps new frames of one run: one by one until the run exists, then
// workers side by side. It returns how many were kept, duplicates left out.
func (s *station) keepFrames(ctx context.Context, p *plan, fresh []int, a arrival) (kept int, err error) {
	results := make([]result, len(fresh))
	n := 0
	for ; n < len(fresh) && a.run.first; n++ {
		results[n] = s.keepFrame(ctx, p.tracks[fresh[n]], a)
		if !results[n].landing.ID.IsZero() && results[n].landing.Outcome == clinical.OutcomeKept {
			settled := *a.run
			settled.first = false
			a.run = &settled
		}
	}
	g := errgroup.Group{}
	g.SetLimit(s.in.opt.Workers)
	for rest := n; rest < len(fresh); rest++ {
		g.Go(func() error {
			results[rest] = s.keepFrame(ctx, p.tracks[fresh[rest]], a)
			return nil
		})
	}
	_ = g.Wait() // the results hold the errors
	for n, i := range fresh {
		s.conclude(p.tracks[i], results[n])
		if results[n].phase == finished && results[n].outcome == clinical.OutcomeKept {
			kept++
		}
	}
	return kept, ctx.Err()
}

// keepFrame keeps one frame of a run.
func (s *station) keepFrame(ctx context.Context, k *track, a arrival) result {
	a.idShot = k.facts.frame.Label != nil
	if k.facts.claim != nil {
		a.details = k.facts.details
	}
	return s.slot(ctx, k, func() result { return s.receiveResolved(ctx, *k, a) })
}

// fileRun files a run and all its frames in one change.
func (s *station) fileRun(ctx context.Context, r agreedRun) error {
	run, ok := s.in.memory.run(r.run)
	assets := s.in.memory.framesOf(r.run)
	if !ok || run.State != clinical.RunProvisional || len(assets) != r.frames {
		return nil
	}
	now := s.in.opt.Now()
	run.State = clinical.RunFiled
	c := clinical.Change{Event: s.event(clinical.ActRunResolved, now)}
	c.Patient, c.Runs = run.Patient, []clinical.Run{run}
	for _, a := range assets {
		a.State, a.FiledAt = clinical.Filed, now
		c.Delta.Assets = append(c.Delta.Assets, a)
		c.Event.Assets = append(c.Event.Assets, a.ID)
	}
	if !run.Job.IsZero() {
		job, open, err := s.filedJob(ctx, run.Job, now)
		if err != nil {
			return err
		}
		if open {
			c.Jobs = []clinical.Job{job}
		}
	}
	return s.commit(ctx, c)
}
