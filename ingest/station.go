package ingest

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
)

// perCycle is how many files a station accepts before it looks at its folder
// again.
const perCycle = 64

// station is one studio's loop over its folder, or over what is imported into
// the studio. Only its own goroutine touches the tracker and the batch.
type station struct {
	in      *Ingest
	studio  Studio
	place   place
	only    []string // first path elements looked at; nil: all
	once    bool     // an import: nothing is waited for, sources stay
	lost    bool     // something that cannot be read lies with the files and may hide a label
	told    bool     // a delivery: who handed it over tells the studio, and its folder is not written to
	pattern *regexp.Regexp
	bell    chan struct{}
	tracker *tracker
	batch   batch
	tickets map[string]readTicket // by rel
	pending map[string]bool       // tickets that are there and not read yet, likewise

	paused  atomic.Pointer[error] // why nothing is accepted until the next cycle
	reasons map[string]string     // reason files and what they refer to
	stale   map[string]bool       // tickets that were there when a stopped batch was taken up

	resolved    bool      // what was provisional at the start has been resolved once
	last        time.Time // when the last file got its outcome
	lastReceipt Receipt
	expired     time.Time // when done/ was last looked through

	statusMu sync.Mutex
	state    StudioStatus
}

func newStation(in *Ingest, s Studio, at place) *station {
	st := &station{
		in: in, studio: s, place: at, bell: make(chan struct{}, 1),
		tracker: newTracker(in.opt.Timing), batch: newBatch(), tickets: map[string]readTicket{},
		state: StudioStatus{Studio: s.ID, State: StateNotReached},
	}
	if s.has(RulePattern) {
		st.pattern, _ = compilePattern(s.Pattern) // checked by New
	}
	return st
}

// nudge makes the loop look at the folder soon.
func (s *station) nudge() {
	select {
	case s.bell <- struct{}{}:
	default:
	}
}

// run looks at the folder, accepts what is settled, and waits for the next
// reason to look, until ctx ends.
func (s *station) run(ctx context.Context) error {
	w := newWatch(s)
	defer w.close()
	for {
		next, err := s.cycle(ctx, w)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if clinical.KindOf(err) == clinical.Conflict {
			// Somebody acted on the same records: the journal tells, and the next look goes on from there.
			next, err = s.in.opt.Timing.Settle, nil
		}
		s.report(err)
		if err != nil {
			next = s.in.opt.Timing.Retry
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-s.bell:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// cycle looks once and does what can be done. It returns how long nothing will
// be due unless the folder changes.
func (s *station) cycle(ctx context.Context, w *watch) (time.Duration, error) {
	look, err := s.place.scan(ctx)
	if err != nil {
		w.lost()
		return 0, err
	}
	w.follow(look.folders)
	now := s.in.opt.Now()
	s.batch.found += s.tracker.update(s.chosen(look.files), now)
	s.takeUp()
	s.sweep()
	s.sort(now)
	s.paused.Store(nil)
	if err := s.acceptSettled(ctx, now); err != nil {
		return 0, err
	}
	if p := s.paused.Load(); p != nil {
		return 0, *p
	}
	if s.once || s.tracker.quiet(now) {
		if err := s.closeBatch(ctx, look.folders); err != nil {
			return 0, err
		}
	}
	return s.next(s.in.opt.Now()), nil
}

// takeUp notes, at the first look, the tickets of a batch that an earlier run of
// the program did not close: they may have been used.
func (s *station) takeUp() {
	if s.stale != nil {
		return
	}
	s.stale = map[string]bool{}
	if s.once || len(s.in.memory.undone(s.studio.ID)) == 0 {
		return
	}
	for rel, k := range s.tracker.tracks {
		if s.isTicket(k) {
			s.stale[rel] = true
		}
	}
}

// chosen leaves out what an import did not ask for.
func (s *station) chosen(files []entry) []entry {
	if s.only == nil {
		return files
	}
	return slices.DeleteFunc(slices.Clone(files), func(e entry) bool {
		first, _, _ := strings.Cut(e.rel, "/")
		return !slices.Contains(s.only, first)
	})
}

// sort gives an outcome to what is never opened.
func (s *station) sort(now time.Time) {
	for _, k := range s.tracker.tracks {
		if k.phase == finished {
			continue
		}
		switch {
		case k.strange != "":
			s.finish(k, clinical.OutcomeIgnored, k.strange)
		case litter(k.name()):
			// A partial upload vanishes when it is complete; what stays is litter.
			if s.once || now.Sub(k.since) >= s.in.opt.Timing.Quiet {
				s.finish(k, clinical.OutcomeIgnored, reasonLitter)
			}
		}
	}
}

// acceptSettled accepts what is settled, workers side by side.
func (s *station) acceptSettled(ctx context.Context, now time.Time) error {
	final := s.once || s.tracker.quiet(now)
	s.readTickets(ctx, now)
	if s.studio.has(RuleIDShot) {
		if final {
			return s.resolveRuns(ctx, now)
		}
		return s.fileIdentified(ctx, now)
	}
	ready := s.ready(now, final)
	results := make([]result, len(ready))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(s.in.opt.Workers)
	for i, k := range ready {
		g.Go(func() error {
			results[i] = s.slot(gctx, k, func() result { return s.accept(gctx, *k, final) })
			return gctx.Err()
		})
	}
	err := g.Wait()
	for i, k := range ready {
		s.conclude(k, results[i])
	}
	return err
}

// ready returns the files to accept now, oldest first, not too many.
func (s *station) ready(now time.Time, final bool) []*track {
	var out []*track
	for _, k := range s.tracker.tracks {
		if k.phase == finished || litter(k.name()) || s.isTicket(k) {
			continue
		}
		if k.phase == retrying && now.Before(k.retry) {
			continue
		}
		if k.phase == waiting && !final && !s.hasTicket(k) && !s.tracker.overdue(k, now) {
			continue
		}
		if s.once || s.tracker.settled(k, now) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b *track) int {
		if c := a.since.Compare(b.since); c != 0 {
			return c
		}
		return strings.Compare(a.rel, b.rel)
	})
	return out[:min(len(out), perCycle)]
}

// slot does something with one file when there is a free place for it, unless
// the vault said meanwhile that it takes nothing.
func (s *station) slot(ctx context.Context, k *track, do func() result) result {
	select {
	case s.in.slots <- struct{}{}:
	case <-ctx.Done():
		return result{err: ctx.Err()}
	}
	defer func() { <-s.in.slots }()
	if s.paused.Load() != nil {
		return result{phase: k.phase}
	}
	r := do()
	if r.err != nil && clinical.KindOf(r.err) == clinical.Unavailable {
		s.paused.CompareAndSwap(nil, &r.err)
	}
	return r
}

// conclude writes down what became of a file.
func (s *station) conclude(k *track, r result) {
	k.phase = r.phase
	if !r.landing.ID.IsZero() {
		k.landing = r.landing
	}
	switch {
	case r.err != nil:
		k.phase, k.retry, k.err = retrying, s.in.opt.Now().Add(s.in.opt.Timing.Retry<<min(k.tries, 5)), r.err
		k.tries++
		if clinical.KindOf(r.err) != clinical.Unavailable {
			s.in.opt.Log.Error("ingest: file not accepted", "studio", s.studio.ID, "error", r.err)
		}
	case r.again:
		k.phase, k.since = settling, s.in.opt.Now()
	case r.phase == finished:
		s.finish(k, r.outcome, r.reason)
	}
}

// finish records a file's outcome in the batch. The landing of an ignored file
// is written when the batch is closed; every other one lies with its asset.
func (s *station) finish(k *track, o clinical.Outcome, r clinical.Reason) {
	k.phase, k.outcome, k.reason = finished, o, r
	if o == clinical.OutcomeIgnored {
		s.batch.ignored = append(s.batch.ignored, *k)
		return
	}
	s.last = s.in.opt.Now()
	s.batch.landings[k.landing.Source] = k.landing
	s.batch.emptied[path.Dir(k.rel)] = true
	for _, name := range ticketNames(k.rel) {
		if t, ok := s.tickets[name]; ok && !t.used {
			t.used = true
			s.tickets[name] = t
		}
	}
}

// next returns when the loop is due without any event.
func (s *station) next(now time.Time) time.Duration {
	t := s.in.opt.Timing
	due := t.Poll
	for _, k := range s.tracker.tracks {
		if k.phase == settling && !litter(k.name()) && (!s.isTicket(k) || !s.tracker.settled(k, now)) {
			due = min(due, max(t.Settle/4, time.Millisecond))
		}
	}
	if left := s.tracker.changed.Add(t.Quiet).Sub(now); left > 0 {
		due = min(due, left)
	}
	return max(due, time.Millisecond)
}
