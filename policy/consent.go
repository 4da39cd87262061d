package policy

import (
	"slices"

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

// childConsent, intimateConsent and deceasedConsent object where consent was
// given, but not such as the picture asks for.
func childConsent(m *matter) clinical.Reason {
	switch why := m.consented(); why {
	case "child-capacity", "child-review", "came-of-age":
		return why
	default:
		return ""
	}
}

func intimateConsent(m *matter) clinical.Reason {
	return when(m.consented() == "intimate-audience", "intimate-audience")
}

func deceasedConsent(m *matter) clinical.Reason {
	return when(m.consented() == "deceased", "deceased")
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
	if !m.needsGrant() {
		return ""
	}
	for _, s := range m.people {
		if why := m.consentOf(s); why != "" && m.consentFault == "" {
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
		dissent := g.Assent == clinical.Dissented && m.req.Use.Purpose >= clinical.P2
		over := g.Status == clinical.GrantSuperseded || g.Status == clinical.GrantEnteredInError
		if g.Status != clinical.GrantRefused && !dissent || over {
			return false
		}
		p := m.req.Use.Purpose
		speaks := len(g.Purposes) == 0 || g.HasPurpose(p) || p == clinical.P2b && g.HasPurpose(clinical.P2)
		return speaks && (g.Covers.IsZero() || g.covers(m.pic))
	})
}

// consentOf says why none of a patient's consents will do, by the one that
// came closest; empty: one does.
func (m *matter) consentOf(s *shard) clinical.Reason {
	best, why := -1, clinical.Reason("no-consent")
	for _, g := range s.grants {
		if !g.HasPurpose(m.req.Use.Purpose) {
			continue
		}
		steps := m.steps(s, g)
		i := slices.IndexFunc(steps[:], func(r clinical.Reason) bool { return r != "" })
		if i < 0 {
			return ""
		}
		if i > best {
			best, why = i, steps[i]
		}
	}
	return why
}

// steps tests one consent in order; each step is empty where it passes.
func (m *matter) steps(s *shard, g *grant) [8]clinical.Reason {
	u := m.req.Use
	return [8]clinical.Reason{
		m.standing(g),
		when(!g.covers(m.pic), "not-covered"),
		when(!modeFits(g.Mode, u.Purpose, g.Witness, m.snap.site.Limits), "mode"),
		m.capacity(s, g),
		when(u.Audience > g.Audience || !g.Audience.Valid(), "ceiling-audience"),
		when(m.f.sensitivity.Has(clinical.Intimate) && u.Audience > clinical.A2 && !g.IntimateBeyondA2, "intimate-audience"),
		when(m.level > g.Level || !m.level.Valid(), "ceiling-identifiability"),
		m.form(g),
	}
}

func when(objects bool, why clinical.Reason) clinical.Reason {
	if objects {
		return why
	}
	return ""
}

// standing tests status and dates.
func (m *matter) standing(g *grant) clinical.Reason {
	switch g.Status {
	case clinical.GrantGiven:
	case clinical.GrantWithdrawn:
		return "withdrawn"
	case clinical.GrantRequested, clinical.GrantPending:
		return "asked"
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
func (m *matter) capacity(s *shard, g *grant) clinical.Reason {
	p := m.req.Use.Purpose
	grown := m.clock.past(s.adult)
	reviewed := m.clock.past(g.review)
	if s.patient != nil && s.patient.Deceased && (p == clinical.P4 || p == clinical.P5 || m.level == clinical.I0) &&
		g.Capacity != clinical.DeceasedCapacity {
		return "deceased"
	}
	switch g.Capacity {
	case clinical.Parental:
		if grown {
			return "came-of-age"
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

// form tests what else the record of the consent must say.
func (m *matter) form(g *grant) clinical.Reason {
	u := m.req.Use
	switch {
	case !g.Channels.Has(u.Channel) && (u.Channel != clinical.Download || !g.Channels.Has(clinical.Mount)):
		return "ceiling-channel"
	case (u.Audience >= clinical.A4 || u.Purpose == clinical.P4) && !g.ImagesShown:
		return "images-not-shown"
	case u.Purpose == clinical.P4 && (g.NamedUse == "" || m.findRelease() == nil || m.release.Recipient != g.NamedUse):
		return "named-use"
	default:
		return ""
	}
}
