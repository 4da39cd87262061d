package ingest

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/unicode/norm"
)

// fileIdentified files, in a studio that separates patients by ID shots, the
// frames that a ticket or their name identifies, as soon as they are settled.
// Each frame's own pixels are read before: one whose label contradicts, or that
// cannot be looked at, waits for the resolver like all others.
func (s *station) fileIdentified(ctx context.Context, now time.Time) error {
	ready := s.identifiable(now)
	results := make([]result, len(ready))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(s.in.opt.Workers)
	for i, k := range ready {
		g.Go(func() error {
			results[i] = s.slot(gctx, k, func() result { return s.fileByItself(gctx, k) })
			return gctx.Err()
		})
	}
	err := g.Wait()
	for i, k := range ready {
		s.conclude(k, results[i])
		if k.phase == finished {
			s.resolved = false // it may bound, or speak for, a run that waits
		}
	}
	return err
}

// identifiable returns the settled frames that a ticket or name speaks about and
// that were not judged yet, oldest first, not too many.
func (s *station) identifiable(now time.Time) []*track {
	var out []*track
	for _, k := range s.tracker.tracks {
		due := k.phase == settling || (k.phase == retrying && !now.Before(k.retry))
		if due && !litter(k.name()) && !s.isTicket(k) && s.tracker.settled(k, now) && s.speaks(k.rel) {
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

// speaks reports whether the file's tickets, or else its name, say whose it is,
// and no ticket that may say more is still being written.
func (s *station) speaks(rel string) bool {
	if s.studio.has(RuleTicket) {
		t, found := s.ticketFor(rel)
		if s.ticketPending(rel) || t.fault != "" {
			return false
		}
		if found {
			return true
		}
	}
	return s.pattern != nil && s.pattern.MatchString(norm.NFC.String(entry{rel: rel}.name()))
}

// fileByItself files one frame that its ticket or name identifies.
func (s *station) fileByItself(ctx context.Context, k *track) result {
	if r := s.learn(ctx, k); r.phase != waiting {
		return r
	}
	f := k.facts
	if !f.clean() {
		return result{phase: waiting}
	}
	return s.receiveResolved(ctx, *k, arrival{claim: f.claim, details: f.details, idShot: f.frame.Label != nil})
}
