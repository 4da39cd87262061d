package ingest

import (
	"context"
	"errors"
	"path"
	"strings"

	"fovea/clinical"
	"fovea/ingest/exif"
)

// result is what accepting one file came to.
type result struct {
	phase   phase
	outcome clinical.Outcome
	reason  clinical.Reason
	landing clinical.Landing // zero: nothing landed yet
	again   bool             // the file changed meanwhile
	err     error            // not the file's fault; the file is tried again
}

// of adds the landing that the result is about.
func (r result) of(l clinical.Landing) result {
	r.landing = l
	return r
}

// accept takes one settled file along the whole path. final says that the
// folder is quiet: what is missing now is missing.
func (s *station) accept(ctx context.Context, k track, final bool) result {
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
	if look.incomplete() && !s.once && !s.tracker.overdue(&k, s.in.opt.Now()) {
		return result{phase: settling}
	}
	a := arrival{src: src, mime: look.mime, reason: look.reason}
	if a.reason == "" {
		wait, err := s.identify(ctx, &a, k, final)
		if err != nil {
			return failed(err)
		}
		if wait {
			return result{phase: waiting}
		}
	}
	return s.receive(ctx, a, look.ext)
}

// receive takes an inspected and identified file from its digest to its
// disposal.
func (s *station) receive(ctx context.Context, a arrival, ext string) result {
	if a.reason == reasonEmpty {
		return s.leave(a.src.name(), reasonEmpty) // there is nothing to keep
	}
	if err := a.src.digest(ctx); err != nil {
		return failed(err)
	}
	landing, source, err := s.landed(ctx, a.src)
	if err != nil {
		return failed(err)
	}
	a.source = source
	if landing.ID.IsZero() {
		if !a.known {
			if a.capture, err = s.capture(ctx, a.src, ext); err != nil && (a.reason != "" || a.refuse(err) != nil) {
				return failed(err)
			}
		}
		if landing, err = s.keep(ctx, a); err != nil {
			if r, ok := refused(err); ok {
				return s.leave(a.src.name(), r) // the vault takes no such file
			}
			return failed(err)
		}
	}
	return s.settleUp(ctx, a.src, landing)
}

// failed is the result of an error that is not the file's.
func failed(err error) result {
	if errors.Is(err, errChanged) {
		return result{phase: settling, again: true}
	}
	return result{phase: retrying, err: err}
}

// identify asks the rules of the studio whose picture this is, and puts the
// answer, or the reason why there is none, into a. It reports true when nothing
// speaks yet and a ticket may still come.
func (s *station) identify(ctx context.Context, a *arrival, k track, final bool) (wait bool, err error) {
	id := identifier{register: s.in.opt.Register, rules: s.in.opt.Rules}
	var claims []claim
	if s.studio.has(RuleTicket) {
		t, found := s.ticketFor(k.rel)
		switch {
		case !final && !s.speaks(k.rel):
			return true, nil
		case t.fault != "":
			a.reason = t.fault
			return false, nil
		}
		if found {
			c, err := s.ticketClaim(ctx, id, t, a)
			if err != nil {
				return false, a.refuse(err)
			}
			claims = append(claims, c)
		}
	}
	if s.pattern != nil {
		c, err := id.fileName(ctx, s.pattern, s.studio.PatternSystem, path.Base(k.rel))
		if r, _ := refused(err); err != nil && r != reasonNameUnmatched {
			return false, a.refuse(err)
		}
		if err == nil {
			claims = append(claims, c)
		}
	}
	if len(claims) == 0 {
		a.reason = s.studio.silence()
		return false, nil
	}
	c, err := agree(claims)
	if err != nil {
		return false, a.refuse(err)
	}
	a.claim = &c
	return false, nil
}

// capture reads what the camera wrote; what it does not say about time is
// taken from the file, and marked as such.
func (s *station) capture(ctx context.Context, src *source, ext string) (clinical.Capture, error) {
	c, err := s.in.opt.Capture(ctx, src.file, src.size, ext)
	if errors.Is(err, exif.ErrTooLarge) {
		c, err = clinical.Capture{}, nil // a long film: nothing is stated
	}
	if err != nil {
		if ctx.Err() != nil || clinical.KindOf(err) == clinical.Unavailable {
			return c, err
		}
		c, err = clinical.Capture{}, refusal(reasonUnreadable)
	}
	if c.At.IsZero() {
		local := src.mtime.In(s.in.opt.Zone)
		c.At, c.Estimated = src.mtime, true
		c.Local = wallClock(local)
	}
	return c, err
}

// leave records a file that is not taken in and stays where it is, with a
// reason file that goes when the file does.
func (s *station) leave(name string, r clinical.Reason) result {
	if err := s.explain(name, r, ""); err != nil {
		return failed(err)
	}
	return result{phase: finished, outcome: clinical.OutcomeIgnored, reason: r}
}

// extOf returns a name's extension in lower case, without the dot.
func extOf(name string) string { return strings.ToLower(strings.TrimPrefix(path.Ext(name), ".")) }
