package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
)

// facts is what the resolver needs to know of a new file. Its content is read
// once; whom tickets and names say it is about is asked whenever it is judged.
type facts struct {
	looked  looked
	capture clinical.Capture
	shown   Frame  // what its content says
	label   *claim // what a label that can be believed says
	frame   Frame  // shown, with what ticket and name say
	claim   *claim
	details details
}

// clean reports whether the frame can be filed by its ticket or name at once. An
// ID shot without a place in the order is left to the resolver, which distrusts
// the runs around it.
func (f *facts) clean() bool {
	placed := f.frame.Camera != "" && !f.frame.At.IsZero()
	return f.frame.identified() && (f.frame.Label == nil || placed)
}

// resolveRuns gathers what is settled in a quiet folder, resolves it together
// with what is provisional, and carries the verdicts out. As long as a file is
// not whole yet nothing is resolved, for it may be an ID shot.
func (s *station) resolveRuns(ctx context.Context, now time.Time) error {
	if err := s.gatherStrays(ctx); err != nil {
		return err
	}
	tracks, hold, wait := s.candidates(now)
	if wait || (len(tracks) == 0 && s.resolved) {
		return nil
	}
	if err := s.gather(ctx, tracks); err != nil || s.paused.Load() != nil {
		return err
	}
	for _, k := range tracks {
		if k.phase == settling || (k.phase == retrying && !s.tracker.overdue(k, now)) {
			return nil
		}
	}
	p, err := s.plan(ctx, tracks, hold)
	if err != nil {
		return err
	}
	for _, v := range Resolve(p.frames, p.existing, ResolveOptions{Gap: s.studio.Gap}) {
		if err := s.carryOut(ctx, p, v); err != nil {
			return err
		}
	}
	for _, r := range p.agreed {
		if err := s.fileRun(ctx, r); err != nil {
			return err
		}
	}
	s.resolved = true
	return s.dissolve(ctx, p)
}

// dissolve gives up the runs that no frame is left in, so that nobody is asked
// to confirm them and their labels bound nothing any more.
func (s *station) dissolve(ctx context.Context, p *plan) error {
	c := clinical.Change{Event: s.event(clinical.ActRunResolved, s.in.opt.Now())}
	for _, id := range p.open {
		run, ok := s.in.memory.run(id)
		if ok && run.State == clinical.RunProvisional && len(s.in.memory.framesOf(id)) == 0 {
			run.State, run.Frames = clinical.RunDiscarded, 0
			run.Evidence = addEvidence(run.Evidence, evidenceDissolved)
			c.Runs = append(c.Runs, run)
		}
	}
	if len(c.Runs) == 0 {
		return nil
	}
	return s.commit(ctx, c)
}

// candidates returns the files to resolve. hold says that a file cannot be
// opened and may hide a label; wait says that it is too early.
func (s *station) candidates(now time.Time) (tracks []*track, hold, wait bool) {
	hold = s.lost
	for _, k := range s.tracker.tracks {
		switch {
		case k.phase == finished || litter(k.name()) || s.isTicket(k):
		case k.phase == retrying && now.Before(k.retry):
			hold = true
			wait = wait || !s.tracker.overdue(k, now)
		default:
			tracks = append(tracks, k)
		}
	}
	slices.SortFunc(tracks, func(a, b *track) int { return strings.Compare(a.rel, b.rel) })
	return tracks, hold, wait
}

// gather reads the facts of every file, workers side by side. Files that landed
// before only have their source disposed of.
func (s *station) gather(ctx context.Context, tracks []*track) error {
	results := make([]result, len(tracks))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(s.in.opt.Workers)
	for i, k := range tracks {
		g.Go(func() error {
			results[i] = s.slot(gctx, k, func() result { return s.learn(gctx, k) })
			return gctx.Err()
		})
	}
	err := g.Wait()
	for i, k := range tracks {
		s.conclude(k, results[i])
	}
	return err
}

// learn reads the facts of one file, where they are not known, and asks its
// ticket and its name whose it is.
func (s *station) learn(ctx context.Context, k *track) result {
	if k.facts == nil {
		if r := s.learnContent(ctx, k); k.facts == nil {
			return r
		}
	}
	if err := s.learnWho(ctx, k.facts, *k); err != nil {
		return failed(err)
	}
	return result{phase: waiting}
}

// learnContent reads what a file's content says and puts it into k, unless that
// alone decides the file.
func (s *station) learnContent(ctx context.Context, k *track) result {
	if k.size > s.in.opt.MaxFile {
		return s.leave(k.name(), reasonTooLarge)
	}
	src, err := s.place.open(ctx, k.entry)
	if err != nil {
		return failed(err)
	}
	defer src.close() //nolint:errcheck // nothing was written
	look, err := s.look(src)
	if err != nil {
		return failed(err)
	}
	if look.incomplete() && !s.once && !s.tracker.overdue(k, s.in.opt.Now()) {
		return result{phase: settling}
	}
	if look.reason == reasonTypeOther && document(k.name()) {
		return s.receive(ctx, arrival{src: src, mime: look.mime, reason: look.reason}, look.ext)
	}
	if err := src.digest(ctx); err != nil {
		return failed(err)
	}
	f := &facts{looked: look}
	landing, _, err := s.landed(ctx, src)
	if err != nil {
		return failed(err)
	}
	if !landing.ID.IsZero() {
		return s.settleUp(ctx, src, landing)
	}
	if f.capture, err = s.capture(ctx, src, look.ext); err != nil {
		r, ok := refused(err)
		if !ok {
			return failed(err)
		}
		f.looked.reason = cmp.Or(look.reason, r)
	}
	f.shown = Frame{Key: k.rel, Camera: f.capture.Serial, Number: runningNumber(f.capture.FileNumber, k.name()), Blind: f.looked.reason}
	if !f.capture.Estimated {
		f.shown.At = f.capture.At
	}
	if f.looked.reason == "" {
		if err := s.learnLabel(ctx, src, f); err != nil {
			return failed(err)
		}
	}
	k.facts = f
	return result{phase: waiting}
}

// learnWho asks ticket and name whose frame this is.
func (s *station) learnWho(ctx context.Context, f *facts, k track) error {
	f.frame, f.claim, f.details = f.shown, nil, details{}
	if f.looked.reason != "" || (!s.studio.has(RuleTicket) && s.pattern == nil) {
		return nil
	}
	a := arrival{}
	if _, err := s.identify(ctx, &a, k, true); err != nil {
		return err
	}
	f.claim, f.details = a.claim, a.details
	if a.claim != nil {
		subject := a.claim.subject()
		f.frame.Claim = &subject
	} else if a.reason != s.studio.silence() {
		// A ticket or name that cannot be believed bounds runs as a bad label does.
		f.frame.Label = &Label{Reason: a.reason}
	}
	return nil
}

// learnLabel reads the labels in a frame. Codes that are nobody's number are
// only believed to be no label where a good one is beside them.
func (s *station) learnLabel(ctx context.Context, src *source, f *facts) error {
	if f.looked.video {
		return nil
	}
	texts, err := s.in.opt.Labels(ctx, src.file, src.size, f.looked.mime)
	if err != nil {
		if ctx.Err() != nil || clinical.KindOf(err) == clinical.Unavailable {
			return err
		}
		f.shown.Blind = reasonUnreadable
		return nil
	}
	id := identifier{register: s.in.opt.Register, rules: s.in.opt.Rules}
	var claims []claim
	var bad clinical.Reason
	ends := 0
	for _, text := range texts {
		c, end, err := id.label(ctx, text)
		r, ok := refused(err)
		switch {
		case err == nil:
			claims = append(claims, c)
			if end {
				ends++
			}
		case !ok:
			return err
		case bad == "" || bad == reasonLabelUnknown:
			bad = r
		}
	}
	switch {
	case len(texts) == 0:
	case bad != "" && (bad != reasonLabelUnknown || len(claims) == 0):
		f.shown.Label = &Label{Reason: bad}
	default:
		f.shown.Label = &Label{Reason: reasonTwoLabels}
		if c, err := agree(claims); err == nil {
			f.label = &c
			// A sheet that shows its opening and its closing code is no closing label.
			f.shown.Label = &Label{Subject: c.subject(), End: ends == len(claims)}
		}
	}
	return nil
}

// carryOut does what one verdict says.
func (s *station) carryOut(ctx context.Context, p *plan, v Verdict) error {
	switch {
	case v.Reason != "":
		return s.hold(ctx, p, v)
	case v.Claimed:
		k := p.tracks[v.Frames[0]]
		f := k.facts
		s.conclude(k, s.slot(ctx, k, func() result {
			return s.receiveResolved(ctx, *k, arrival{claim: f.claim, details: f.details, idShot: f.frame.Label != nil})
		}))
		return ctx.Err()
	default:
		return s.keepRun(ctx, p, v)
	}
}

// hold quarantines the frames of a verdict, new ones and provisional ones.
func (s *station) hold(ctx context.Context, p *plan, v Verdict) error {
	var moved []clinical.Asset
	for _, i := range v.Frames {
		if a, ok := p.kept[i]; ok {
			moved = append(moved, ownerless(a, v.Reason))
			continue
		}
		k := p.tracks[i]
		s.conclude(k, s.slot(ctx, k, func() result {
			return s.receiveResolved(ctx, *k, arrival{reason: v.Reason, idShot: k.facts.frame.Label != nil})
		}))
	}
	if len(moved) == 0 {
		return ctx.Err()
	}
	return s.quarantine(ctx, moved)
}

// ownerless is a frame as nobody's: what was said of it under its patient goes
// with the patient.
func ownerless(a clinical.Asset, why clinical.Reason) clinical.Asset {
	a.State, a.Reason = clinical.Quarantined, why
	a.Patient, a.Session, a.Job, a.Encounter, a.Run = clinical.PatientID{}, clinical.SessionID{}, clinical.JobID{}, clinical.EncounterID{}, clinical.RunID{}
	a.Lesion = clinical.LesionID{}
	return unclassified(a)
}

// unclassified takes back what a person said of a picture under a patient that
// was not its own. Flags stay: they only narrow.
func unclassified(a clinical.Asset) clinical.Asset {
	a.Sensitivity &^= clinical.Known
	a.NoIdentifyingFeature, a.ClassifiedBy, a.ReviewedBy, a.ReviewedAt = false, clinical.PersonID{}, clinical.PersonID{}, time.Time{}
	return a
}

// gatherStrays quarantines the frames that were kept while a person confirmed or
// gave up their run: nobody has seen them on its contact sheet, and the run no
// longer waits.
func (s *station) gatherStrays(ctx context.Context) error {
	var moved []clinical.Asset
	for _, a := range s.in.memory.studio(s.studio.ID).strays {
		why := reasonNoLabel
		if run, ok := s.in.memory.run(a.Run); ok && run.State == clinical.RunFiled {
			why = reasonInFiledRun
		}
		moved = append(moved, ownerless(a, why))
	}
	if len(moved) == 0 {
		return nil
	}
	return s.quarantine(ctx, moved)
}

// quarantine commits frames that were provisional and tells why.
func (s *station) quarantine(ctx context.Context, moved []clinical.Asset) error {
	c := clinical.Change{Event: s.event(clinical.ActRunResolved, s.in.opt.Now()), Delta: clinical.Delta{Assets: moved}}
	for _, a := range moved {
		c.Event.Assets = append(c.Event.Assets, a.ID)
		if err := s.explain(a.Name, a.Reason, a.ID.String()); err != nil {
			return err
		}
	}
	return s.stays(s.commit(ctx, c))
}

// stays makes nothing of a move that is refused because who would get the frames
// has the same bytes already: they stay provisional where they are.
func (s *station) stays(err error) error {
	if dup, ok := errors.AsType[*clinical.Duplicate](err); ok {
		s.in.opt.Log.Warn("ingest: frames stay in their run", "studio", s.studio.ID, "duplicate", dup.Asset)
		return nil
	}
	return err
}

// commit commits a change of ingest's own and remembers it.
func (s *station) commit(ctx context.Context, c clinical.Change) error {
	c, err := s.in.opt.Keeper.Commit(ctx, c)
	if err != nil {
		return fmt.Errorf("ingest: %s in studio %s: %w", c.Act, s.studio.ID, err)
	}
	s.in.memory.own(c)
	return nil
}

// receiveResolved takes a resolved file from opening to disposal.
func (s *station) receiveResolved(ctx context.Context, k track, a arrival) result {
	src, err := s.place.open(ctx, k.entry)
	if err != nil {
		return failed(err)
	}
	defer src.close() //nolint:errcheck // nothing was written
	a.src, a.mime, a.capture, a.known = src, k.facts.looked.mime, k.facts.capture, true
	return s.receive(ctx, a, k.facts.looked.ext)
}
