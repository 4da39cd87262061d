package policy

import (
	"slices"

	"fovea/clinical"
)

// rule is one line of the table: it objects with a reason, or says nothing.
type rule struct {
	code    string // stable: it is in the ledger
	title   string // what it asks for, in plain words
	asker   bool   // about who asks, rather than about the picture
	objects func(*matter) clinical.Reason
}

// ruleCount is how many lines the table has.
const ruleCount = 23

// rules is the table, in the order of design: 0 how far the picture has come,
// 1 role, 2 need to know, 3 flags, 4 consent, 5 holds.
func rules() [ruleCount]rule {
	return [ruleCount]rule{
		{"0-state", "The picture is filed, or waits in the asker's own studio", false, state},
		{"1-use", "The request says what the picture is for, and that goes together", false, use},
		{"1-person", "The asker is known and active", true, person},
		{"1-role", "The role includes this purpose and this way out", true, role},
		{"2-need-to-know", "The asker needs to know: treating team, specialty, job, named, or a broken glass", true, needToKnow},
		{"2-set", "A published set that reaches the asker, within its dates and their term, holds the picture", true, throughSet},
		{"2-shared-account", "What identifies is mounted by persons, not by shared accounts", true, sharedAccount},
		{"2-published", "The picture was in the set when it was published, by two people where that is needed", false, published},
		{"2-release", "A release of the asker's names the picture", true, throughRelease},
		{"3-form", "It is a picture, and not the scan of a form", false, form},
		{"3-id-shot", "An ID shot stays in care", false, idShot},
		{"3-unclassified", "Somebody has said what is in the picture", false, unclassified},
		{"3-safeguarding", "Safeguarding pictures stay on the screens of care", false, safeguarding},
		{"3-child-intimate", "Intimate pictures of children stay on the screens of care", false, childIntimate},
		{"3-vip", "Patients for named people only are seen by those, and never mounted", false, vip},
		{"3-photography-refused", "The patient did not refuse photography", false, photographyRefused},
		{"3-child", "For a child a parent or the mature minor consents, and that is reviewed", false, childConsent},
		{"3-intimate", "Intimate pictures go to small groups, unless the patient ticked more", false, intimateConsent},
		{"3-deceased", "After a death the family is consulted", false, deceasedConsent},
		{"4-rendition", "A copy is made that shows no more than was consented to", false, renditionConsent},
		{"4-no-grant", "Consent covers picture, purpose, audience, channel and recognisability today", false, consent},
		{"5-identity", "Nobody disputes whose picture it is", false, identityHold},
		{"5-legal-hold", "No legal hold keeps the picture in", false, legalHold},
	}
}

// ---- 0: how far the picture has come

func state(m *matter) clinical.Reason {
	switch m.f.state {
	case clinical.Filed:
		if m.owner().patient == nil {
			return "no-patient"
		}
		return ""
	case clinical.Quarantined, clinical.Provisional:
		// Arrivals show it; a search would find it under a patient whose it may not be.
		if m.waiting() && m.req.Use == clinical.Care() && !m.req.Search {
			return ""
		}
		return clinical.Reason(m.f.state)
	default:
		return "gone"
	}
}

// waiting reports whether the asker is a photographer of the studio where the
// picture still waits for its patient.
func (m *matter) waiting() bool {
	return (m.f.state == clinical.Quarantined || m.f.state == clinical.Provisional) &&
		m.person != nil && m.person.Role == clinical.Photographer && m.person.In(m.f.studio)
}

// ---- 1: the use, the person, the role

func use(m *matter) clinical.Reason {
	u := m.req.Use
	switch {
	case !u.Valid():
		return "no-use"
	case (u.Purpose == clinical.P0 || u.Purpose == clinical.P1) != (u.Audience == clinical.A0):
		return "audience-of-purpose"
	case u.Purpose == clinical.P2b && (u.Audience != clinical.A1 || u.Channel != clinical.ViewOnScreen):
		return "audience-of-purpose"
	case !slices.Contains(served(u), m.kind):
		return "rendition"
	default:
		return ""
	}
}

func person(m *matter) clinical.Reason {
	if m.person == nil {
		return "nobody"
	}
	if !m.person.TermEnds.IsZero() {
		m.clock.past(m.person.TermEnds.End(m.snap.site.Zone))
	}
	if !m.person.ActiveAt(m.req.Now, m.snap.site.Zone) {
		return "inactive"
	}
	return ""
}

func role(m *matter) clinical.Reason {
	if m.person == nil || !m.snap.channels(m.person.Role, m.req.Use.Purpose).Has(m.req.Use.Channel) && !m.governanceGlass() && !m.governanceEvidence() {
		return "role"
	}
	return ""
}

// RuleCodes returns the codes of the table, in its order.
func RuleCodes() []string {
	var out []string
	for _, r := range rules() {
		out = append(out, r.code)
	}
	return out
}
