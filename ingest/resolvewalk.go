package ingest

import (
	"slices"
	"time"

	"fovea/clinical"
)

// walker goes along one camera's frames in order and cuts them into segments.
type walker struct {
	*resolver
	camera   string
	order    []int // the camera's frames
	ties     map[int]bool
	barriers []clinical.Run
	fence    time.Time // the beginning of the last existing run that was passed
	cur      *segment
}

// open begins a segment.
func (w *walker) open(s segment) {
	s.camera, s.last = w.camera, s.start
	w.cur = &s
	w.segments = append(w.segments, w.cur)
}

// step takes the n-th frame.
func (w *walker) step(n int) {
	i := w.order[n]
	f := w.frames[i]
	w.barrier(f)
	if w.cur == nil {
		w.open(segment{reason: reasonNoLabel})
	}
	inDoubt, tied := w.ties[i]
	switch {
	case f.Blind != "":
		w.open(segment{start: f.At, reason: reasonAfterBlind})
		w.single[i] = f.Blind
	case f.identified():
		w.identified(i, f)
	case f.Label != nil:
		w.label(i, f, inDoubt)
		if tied {
			w.cur.forbid(evidenceTie)
		}
	case inDoubt:
		w.single[i] = reasonTie
		w.cur.forbid(evidenceTie)
	default:
		w.plainFrame(n, f)
	}
}

// identified files a frame by its own ticket or name, and takes it as evidence
// for the current segment, or as its end.
func (w *walker) identified(i int, f Frame) {
	if !f.Filed {
		w.claimed = append(w.claimed, i)
	}
	s := w.cur
	if s.reason != "" {
		return // what is not believed needs no end
	}
	far := s.stale || f.At.Sub(s.last) > w.opt.Gap
	same := s.subject.same(*f.Claim)
	switch {
	case same && s.ended:
	case !same || far:
		if !far && !s.ended {
			s.forbid(evidenceDisagree) // the frames just before it may be this other patient's
		}
		w.open(segment{start: f.At, reason: reasonAfterTicket})
	default:
		s.last = f.At
		if f.Label != nil {
			s.ended = true
			return
		}
		s.plain++
		s.claims++
	}
}

// barrier begins a segment of its own where an existing run has begun since the
// current segment did: what follows is not under that segment's label.
func (w *walker) barrier(f Frame) {
	for _, b := range w.barriers {
		if !b.From.After(f.At) && (w.cur == nil || !w.cur.start.After(b.From)) && w.fence.Before(b.From) {
			w.fence = b.From
			w.open(segment{start: b.From, reason: reasonNoLabel})
		}
	}
}

// inside reports whether the frame lies in an existing run.
func (w *walker) inside(f Frame) bool {
	return slices.ContainsFunc(w.barriers, func(b clinical.Run) bool {
		return !f.At.Before(b.From) && !f.At.After(b.To)
	})
}

// label begins a segment, goes on with one, or ends one.
func (w *walker) label(i int, f Frame, inDoubt bool) {
	why := f.Label.Reason
	switch {
	case why != "":
	case w.inside(f):
		why = reasonLabelInFiled
	case inDoubt:
		why = reasonTie
	case f.Claim != nil && !f.Label.same(*f.Claim):
		why = reasonDisagree
	}
	if why != "" {
		w.open(segment{start: f.At, reason: why})
		w.single[i] = why
		return
	}
	goesOn := w.cur.reason == "" && w.cur.subject.same(f.Label.Subject) && f.At.Sub(w.cur.last) <= w.opt.Gap &&
		!w.cur.stale && !slices.Contains(w.cur.against, evidenceAfterEnd)
	if !goesOn && f.Label.End {
		w.open(segment{start: f.At, reason: reasonAfterEnd})
		w.single[i] = reasonEndUnmatched
		return
	}
	if !goesOn {
		w.open(segment{start: f.At, subject: f.Label.Subject, run: f.Run})
	} else if w.cur.plain > 0 || f.Label.End {
		w.cur.ended = true
	}
	if w.cur.subject.Job.IsZero() {
		w.cur.subject = f.Label.Subject
	}
	if w.cur.run.IsZero() {
		w.cur.run = f.Run
	}
	w.cur.frames = append(w.cur.frames, i)
	w.cur.last = f.At
}

// disputed reports whether the n-th frame cannot be told apart in time from one
// that is identified as another patient's than the current segment's.
func (w *walker) disputed(n int) bool {
	f := w.frames[w.order[n]]
	rival := func(o int) bool {
		g := w.frames[w.order[o]]
		return g.identified() && f.Number.after(g.Number) == 0 && !g.Claim.same(w.cur.subject)
	}
	at := func(o int) bool {
		return o >= 0 && o < len(w.order) && w.frames[w.order[o]].At.Equal(f.At)
	}
	for o := n - 1; at(o); o-- {
		if rival(o) {
			return true
		}
	}
	for o := n + 1; at(o); o++ {
		if rival(o) {
			return true
		}
	}
	return false
}

// plainFrame puts the n-th frame, which has no label, into the current segment,
// or finds out why it does not belong there.
func (w *walker) plainFrame(n int, f Frame) {
	s, i := w.cur, w.order[n]
	if f.Held {
		return
	}
	why := s.reason
	switch {
	case w.inside(f):
		why = reasonInFiledRun
	case why != "":
	case s.ended:
		why = reasonAfterEnd
		s.forbid(evidenceAfterEnd)
	case s.stale || f.At.Sub(s.last) > w.opt.Gap:
		why, s.stale = reasonGap, true
		s.forbid(evidenceGap)
	case w.disputed(n):
		why = reasonTie
		s.forbid(evidenceTie)
	}
	if why != "" {
		w.single[i] = why
		return
	}
	s.frames = append(s.frames, i)
	s.plain++
	s.last = f.At
}

// verdicts gathers what was decided, each frame once.
func (r *resolver) verdicts() []Verdict {
	var out []Verdict
	for _, s := range r.segments {
		if s.reason != "" || len(s.frames) == 0 {
			continue
		}
		if v := r.verdict(s); len(v.Frames) > 0 {
			out = append(out, v)
		}
	}
	for i, f := range r.frames {
		if f.Held {
			continue
		}
		if why, ok := r.single[i]; ok {
			out = append(out, Verdict{Frames: []int{i}, Reason: why, Camera: f.Camera, From: f.At, To: f.At})
		}
	}
	slices.Sort(r.claimed)
	for _, i := range r.claimed {
		f := r.frames[i]
		out = append(out, Verdict{Frames: []int{i}, Subject: *f.Claim, Claimed: true, Filed: true, Camera: f.Camera, From: f.At, To: f.At})
	}
	return out
}

// verdict weighs the evidence of one run.
func (r *resolver) verdict(s *segment) Verdict {
	v := Verdict{
		Subject: s.subject, Camera: s.camera,
		From: r.frames[s.frames[0]].At, To: r.frames[s.frames[len(s.frames)-1]].At,
	}
	for _, i := range s.frames {
		if !r.frames[i].Held {
			v.Frames = append(v.Frames, i)
		}
		if r.frames[i].Label == nil {
			v.Plain++
		}
	}
	if !s.run.IsZero() && !r.used[s.run] {
		v.Run = s.run
		r.used[s.run] = true
	}
	if s.ended {
		v.Evidence = append(v.Evidence, evidenceEnd)
	}
	if s.subject.Frames > 0 && s.plain == s.subject.Frames {
		v.Evidence = append(v.Evidence, evidenceCount)
	}
	if s.plain > 0 && s.claims == s.plain {
		v.Evidence = append(v.Evidence, evidenceTicket)
	}
	over := s.subject.Frames > 0 && s.plain > s.subject.Frames
	v.Filed = s.plain > 0 && len(v.Evidence) > 0 && len(s.against) == 0 && !r.unplaced && !over
	if len(v.Evidence) == 0 {
		v.Evidence = append(v.Evidence, evidenceLabel)
	}
	v.Evidence = append(v.Evidence, s.against...)
	if over {
		v.Evidence = append(v.Evidence, evidenceOver)
	}
	if r.unplaced {
		v.Evidence = append(v.Evidence, evidenceUnplaced)
	}
	return v
}
