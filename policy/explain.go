package policy

import (
	"context"
	"slices"

	"fovea/clinical"
)

// Explain says rule by rule why somebody may, or may not, see a picture for a
// use. Governance asks about anybody; a set's owner about the items of the own
// set, for its readers, or with nobody named for any of them. For everybody
// else the question is NotFound, whatever it is about.
//
// It is the table that decides which answers, at the moment asked about, and
// nothing is opened by it. The words name nobody.
func (g *Gate) Explain(ctx context.Context, c clinical.Caller, q clinical.Question) (clinical.Explanation, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return clinical.Explanation{}, err
	}
	if q.At.IsZero() {
		q.At = g.opt.Now()
	}
	if !snap.mayExplain(p, q) {
		e := g.event(clinical.ActDenied, c)
		e.Use, e.Set, e.Assets, e.Denied, e.Rule = q.Use, q.Set, []clinical.AssetID{q.Asset}, true, noRole
		g.opt.Recorder.NoteLater(e)
		return clinical.Explanation{}, clinical.ErrNotFound
	}
	pic, ok := snap.pictures.get(q.Asset)
	if !ok {
		return clinical.Explanation{}, clinical.ErrNotFound // of what never was a picture, the table has nothing to say
	}
	e := g.event(clinical.ActExplained, c)
	e.Use, e.Set, e.Assets, e.Patient = q.Use, q.Set, []clinical.AssetID{q.Asset}, pic.frame.patient
	if err := g.note(ctx, e, true); err != nil {
		return clinical.Explanation{}, err
	}
	return snap.Explain(q), nil
}

func (s *Snapshot) mayExplain(p *clinical.Person, q clinical.Question) bool {
	if p.Role == clinical.Governance {
		return true
	}
	st, ok := s.sets.get(q.Set)
	if !ok || st.Owner != p.ID || !q.Person.IsZero() && !st.Reaches(q.Person) {
		return false
	}
	return slices.ContainsFunc(st.items, func(it *item) bool { return it.Asset == q.Asset && !it.Removed })
}

// Explain answers a question by the whole table. Where a set is named only the
// channel of the use counts, as at the door; where nobody is, the rules about
// the asker say nothing.
func (s *Snapshot) Explain(q clinical.Question) clinical.Explanation {
	if st, ok := s.sets.get(q.Set); ok {
		q.Use.Purpose, q.Use.Audience = st.Purpose, st.Audience
	}
	out := clinical.Explanation{Question: q}
	r := Request{Person: q.Person, Use: q.Use, Set: q.Set, Asset: q.Asset, Rendition: q.Kind, Flat: true, Now: q.At}
	m := newMatter(s, r)
	anybody := q.Person.IsZero() && !q.Set.IsZero()
	if m != nil {
		m.anybody = anybody
	}
	switch {
	case m == nil:
		out.Decision = deny("0-state", "absent")
	case anybody && m.set == nil:
		out.Decision = deny("2-set", "no-set")
	case anybody && m.item == nil:
		out.Decision = deny("2-set", "not-in-set")
	case q.Use.Purpose == clinical.P2 && q.Set.IsZero():
		out.Decision = m.decideAnySet()
	default:
		out.Decision = m.decide()
	}
	out.Words = sentence(out.Decision)
	for i := range s.rules {
		out.Rules = append(out.Rules, s.answer(m, &s.rules[i], out.Decision))
	}
	return out
}

// answer is what one rule says; about a picture that is not there only the
// first has anything to say.
func (s *Snapshot) answer(m *matter, r *rule, d clinical.Decision) clinical.RuleAnswer {
	a := clinical.RuleAnswer{Rule: r.code, Title: r.title}
	switch {
	case m != nil && !(m.anybody && r.asker):
		m.consentKnown = false
		a.Reason = r.objects(m)
	case r.code == d.Rule && !d.Permit:
		a.Reason = d.Reason
	}
	if a.Reason != "" {
		a.Words = Words(a.Reason)
	}
	a.Decided = !d.Permit && r.code == d.Rule
	return a
}

// sentence says a decision.
func sentence(d clinical.Decision) string {
	switch {
	case !d.Permit:
		return "Not shown. " + Words(d.Reason)
	case d.Rule == ThroughGlass:
		return "Shown, because the glass was broken."
	default:
		return "Shown: no rule objects."
	}
}
