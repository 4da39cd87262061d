package policy

import (
	"slices"
	"strings"

	"fovea/clinical"
)

// ---- 4: consent, and of 3 what asks something of a consent

// needsGrant reports whether the use rests on the patient's consent.
func (m *matter) needsGrant() bool {
	switch m.req.Use.Purpose {
	case clinical.P0, clinical.P6:
		return false
	case clinical.P1:
		return m.level != clinical.I2
	default:
		return true
	}
}

// childConsent, intimateConsent, deceasedConsent and renditionConsent object
// where consent was given, but not such as the picture asks for.
func childConsent(m *matter) clinical.Reason {
	switch why := m.consented(); why {
	case "child-capacity", "child-review", "came-of-age", "both-parents":
		return why
	default:
		return ""
	}
}

func intimateConsent(m *matter) clinical.Reason {
	return when(m.consented() == "intimate-audience", "intimate-audience")
}

func deceasedConsent(m *matter) clinical.Reason {
	switch why := m.consented(); why {
	case "deceased", "family-not-asked", "family-objected":
		return why
	default:
		return ""
	}
}

func renditionConsent(m *matter) clinical.Reason {
	return when(m.consented() == "no-rendition", "no-rendition")
}

func consent(m *matter) clinical.Reason {
	if m.req.Use.Purpose == clinical.P6 {
		if m.findRelease() == nil || m.release.Authority == "" {
			return "no-authority"
		}
		return ""
	}
	return m.consented()
}

// consented asks everybody in the picture; the strictest answer wins.
func (m *matter) consented() clinical.Reason {
	if m.consentKnown {
		return m.consentFault
	}
	m.consentKnown, m.consentFault = true, ""
	if m.req.Use.Purpose == clinical.P0 || m.req.Use.Purpose == clinical.P6 {
		return ""
	}
	for _, s := range m.people {
		if m.refused(s) {
			m.consentFault = "refused"
			return m.consentFault
		}
	}
	if slices.ContainsFunc(m.people, m.tookBackAudit) {
		m.consentFault = "withdrawn"
		return m.consentFault
	}
	if !m.needsGrant() {
		return ""
	}
	for _, s := range m.people {
		why := m.consentOf(s)
		if why != "" && m.req.Use.Purpose == clinical.P1 {
			why = "no-rendition" // audit needs no consent to what is anonymised, which is not made yet
		}
		if why != "" && m.consentFault == "" {
			m.consentFault = why
		}
	}
	return m.consentFault
}

// refused reports whether the patient said no to the purpose: a refusal stands
// until it is superseded, whatever else was given. A child's dissent is a
// refusal of whatever was consented to on their behalf, and outlasts a
// withdrawal of that consent.
func (m *matter) refused(s *shard) bool {
	return slices.ContainsFunc(s.grants, func(g *grant) bool {
		dissent := g.Assent != clinical.AssentNotAsked && g.Assent != clinical.Assented && m.req.Use.Purpose >= clinical.P2
		over := g.Status == clinical.GrantSuperseded || g.Status == clinical.GrantEnteredInError
		if g.Status != clinical.GrantRefused && !dissent || over {
			return false
		}
		p := m.req.Use.Purpose
		speaks := len(g.Purposes) == 0 || g.HasPurpose(p) || p == clinical.P2b && g.HasPurpose(clinical.P2)
		return speaks && (g.Covers.IsZero() || g.covers(m.pic))
	})
}

// tookBackAudit reports whether the patient agreed to audit, which needs no
// consent to what is anonymised, and took that back: it is an objection to what
// it covered until another consent allows it.
func (m *matter) tookBackAudit(s *shard) bool {
	if m.req.Use.Purpose != clinical.P1 {
		return false
	}
	withdrawn := slices.ContainsFunc(s.grants, func(g *grant) bool {
		return g.Status == clinical.GrantWithdrawn && g.HasPurpose(clinical.P1) && (g.Covers.IsZero() || g.covers(m.pic))
	})
	return withdrawn && m.consentOf(s) != ""
}

// consentOf says why none of a patient's consents will do, by the one that
// came closest; empty: one does.
func (m *matter) consentOf(s *shard) clinical.Reason {
	best, why := -1, clinical.Reason("no-consent")
	for _, g := range s.grants {
		if !g.HasPurpose(m.req.Use.Purpose) {
			continue
		}
		i, fault := m.failing(s, g)
		if fault == "" {
			return ""
		}
		if i > best {
			best, why = i, fault
		}
	}
	return why
}

// failing returns the first step that a consent does not pass, and why. All
// of them are asked, so that the clock has seen every instant that matters; but
// time makes no consent cover another picture.
func (m *matter) failing(s *shard, g *grant) (int, clinical.Reason) {
	first, why := stepCount, clinical.Reason("")
	for i, asks := range m.snap.steps {
		fault := asks(m, s, g)
		if fault != "" && why == "" {
			first, why = i, fault
		}
		if fault != "" && i == coverStep {
			break
		}
	}
	return first, why
}

// condition is one question to a consent about somebody in the picture; it is empty
// where the consent passes.
type condition func(*matter, *shard, *grant) clinical.Reason

const (
	stepCount = 10
	coverStep = 1 // where covering stands
)

// steps are asked in order: the consent that comes furthest says what is
// missing.
func steps() [stepCount]condition {
	return [stepCount]condition{
		standing, covering, expressed, capacity, consulted, audience, smallGroup, recognisable, channel, named,
	}
}

// speaksAlone reports whether somebody decides for a child without the other
// parent.
func speaksAlone(relationship string) bool {
	switch strings.ToLower(strings.TrimSpace(relationship)) {
	case "local authority", "court", "sole holder":
		return true
	default:
		return false
	}
}

func when(objects bool, why clinical.Reason) clinical.Reason {
	if objects {
		return why
	}
	return ""
}

// standing tests status and dates.
func standing(m *matter, _ *shard, g *grant) clinical.Reason {
	switch g.Status {
	case clinical.GrantGiven:
	case clinical.GrantWithdrawn:
		return "withdrawn"
	case clinical.GrantRequested:
		return "asked"
	case clinical.GrantPending:
		return "pending"
	default:
		return "no-consent"
	}
	begun, ended := m.clock.past(g.ValidFrom) || g.ValidFrom.IsZero(), m.clock.past(g.ends)
	switch {
	case ended:
		return "consent-ended"
	case !begun:
		return "consent-not-begun"
	case g.Expires.IsZero() && (g.HasPurpose(clinical.P3) && m.req.Use.Purpose == clinical.P3):
		return "consent-open-ended"
	default:
		return ""
	}
}

func covering(m *matter, _ *shard, g *grant) clinical.Reason {
	return when(!g.covers(m.pic), "not-covered")
}

func expressed(m *matter, _ *shard, g *grant) clinical.Reason {
	return when(!modeFits(g.Mode, m.req.Use.Purpose, g.Witness, m.snap.site.Limits), "mode")
}

// modeFits: a verbal consent needs its witness and covers audit and, where the
// site allows, teaching; an implied one covers care alone.
func modeFits(mode clinical.Mode, p clinical.Purpose, witness string, l Limits) bool {
	switch mode {
	case clinical.Written, clinical.Electronic:
		return true
	case clinical.Verbal:
		return witness != "" && (p == clinical.P0 || p == clinical.P1 || p == clinical.P2 && l.VerbalTeaching)
	case clinical.Implied:
		return p == clinical.P0
	default:
		return false
	}
}

// capacity tests in which capacity the consent was given, against whom the
// picture shows.
func capacity(m *matter, s *shard, g *grant) clinical.Reason {
	grown, reviewed := m.clock.past(s.adult), m.clock.past(g.review)
	if m.asksFamily(s) && g.Capacity != clinical.DeceasedCapacity {
		return "deceased"
	}
	switch g.Capacity {
	case clinical.Parental:
		switch {
		case grown:
			return "came-of-age"
		case m.snap.site.Limits.BothParents && g.SecondGiver == "" && !speaksAlone(g.Relationship):
			return "both-parents"
		}
	case clinical.MatureMinor:
	case clinical.AdultCapacity:
		// The grown patient's own renewal speaks for childhood pictures too.
		if m.childAt(s) && (s.adult.IsZero() || g.RecordedAt.Before(s.adult)) {
			return "child-capacity"
		}
		return when(reviewed, "consent-review")
	case clinical.DeceasedCapacity:
		return when(s.patient == nil || !s.patient.Deceased, "mode")
	default: // best interest covers care alone
		return "mode"
	}
	if g.review.IsZero() || reviewed {
		return "child-review"
	}
	return ""
}

// asksFamily reports whether the picture shows somebody who has died, in a use
// before which the family is consulted: publication, public use, and whatever
// they can be recognised in. Other wishes of the patient stand as they are.
func (m *matter) asksFamily(s *shard) bool {
	p := m.req.Use.Purpose
	return s.patient != nil && s.patient.Deceased && (p == clinical.P4 || p == clinical.P5 || m.level == clinical.I0)
}

// consulted tests that the family was asked about this consent, and agreed.
// The last answer counts.
func consulted(m *matter, s *shard, g *grant) clinical.Reason {
	if !m.asksFamily(s) {
		return ""
	}
	var last *clinical.Task
	for _, t := range s.consults {
		if t.Done() && (t.Grant.IsZero() || t.Grant == g.ID) && (last == nil || t.DoneAt.After(last.DoneAt)) {
			last = t
		}
	}
	switch {
	case last == nil:
		return "family-not-asked"
	case last.Answer != clinical.AnswerAgreed:
		return "family-objected"
	default:
		return ""
	}
}

func audience(m *matter, _ *shard, g *grant) clinical.Reason {
	return when(m.req.Use.Audience > g.Audience || !g.Audience.Valid(), "ceiling-audience")
}

func smallGroup(m *matter, _ *shard, g *grant) clinical.Reason {
	beyond := m.f.sensitivity.Has(clinical.Intimate) && m.req.Use.Audience > clinical.A2
	return when(beyond && !g.IntimateBeyondA2, "intimate-audience")
}

// recognisable tests how far the patient may be recognised. Where a flattened
// copy would do, none is there that somebody attested.
func recognisable(m *matter, _ *shard, g *grant) clinical.Reason {
	switch {
	case !g.Level.Valid():
		return "ceiling-identifiability"
	case !m.level.Valid():
		return "no-rendition"
	case m.level > g.Level:
		return "no-rendition"
	default:
		return ""
	}
}

func channel(m *matter, _ *shard, g *grant) clinical.Reason {
	c := m.req.Use.Channel
	implied := c == clinical.Download && g.Channels.Has(clinical.Mount) // mounting implies it, and the form says so
	return when(!g.Channels.Has(c) && !implied, "ceiling-channel")
}

// named tests what else the record of the consent must say: that the pictures
// were shown, the one publication, the study.
func named(m *matter, _ *shard, g *grant) clinical.Reason {
	u := m.req.Use
	switch {
	case (u.Audience >= clinical.A4 || u.Purpose == clinical.P4) && !g.ImagesShown:
		return "images-not-shown"
	case u.Purpose == clinical.P4 && !m.releasedTo(g.NamedUse):
		return "named-use"
	case u.Purpose == clinical.P3 && (g.Ethics == "" || !m.releasedTo(g.Study)):
		return "study"
	default:
		return ""
	}
}

// releasedTo reports whether the release goes to the one use or study that was
// consented to.
func (m *matter) releasedTo(use string) bool {
	return use != "" && m.findRelease() != nil && m.release.Recipient == use
}
