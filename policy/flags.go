package policy

import (
	"slices"
	"time"

	"fovea/clinical"
)

// ---- 3: what is in the picture

// form keeps the scans of consent forms, which are kept as pictures are, from
// passing as pictures. Gate.Form opens them.
func form(m *matter) clinical.Reason { return when(m.f.form, "form") }

func idShot(m *matter) clinical.Reason {
	if m.f.idShot && (m.req.Use.Purpose != clinical.P0 || m.req.Use.Channel != clinical.ViewOnScreen) {
		return "id-shot"
	}
	return ""
}

// unclassified keeps what nobody has looked at on the screens of care.
func unclassified(m *matter) clinical.Reason {
	if !m.f.sensitivity.Has(clinical.Known) && (m.req.Use.Purpose != clinical.P0 || m.req.Use.Channel != clinical.ViewOnScreen) {
		return "unclassified"
	}
	return ""
}

// guarded is the rule of pictures that care and evidence alone may see, that
// never travel except as evidence, and that a search shows to named people
// only.
func guarded(m *matter, why clinical.Reason) clinical.Reason {
	u := m.req.Use
	switch {
	case u.Purpose == clinical.P6:
		r := m.findRelease() // who may make one is asked where it is made
		return when(r == nil || r.Format != clinical.Evidential || u.Channel != clinical.Download, why)
	case u.Purpose != clinical.P0 || u.Channel != clinical.ViewOnScreen:
		return why
	case m.req.Search && !m.named():
		return why + "-search"
	default:
		return ""
	}
}

func safeguarding(m *matter) clinical.Reason {
	if !m.f.sensitivity.Has(clinical.Safeguarding) {
		return ""
	}
	return guarded(m, "safeguarding")
}

func childIntimate(m *matter) clinical.Reason {
	intimate := m.f.sensitivity.Has(clinical.Intimate) || !m.f.sensitivity.Has(clinical.Known)
	if !intimate || !m.showsChild() || m.waiting() {
		return ""
	}
	return guarded(m, "child-intimate")
}

func vip(m *matter) clinical.Reason {
	flagged := m.f.sensitivity.Has(clinical.VIP) || slices.ContainsFunc(m.people, func(s *shard) bool {
		return s.patient != nil && s.patient.Vip
	})
	switch {
	case !flagged:
		return ""
	case m.req.Use.Channel == clinical.Mount:
		return "vip-mount"
	case !m.anybody && !m.named() && !m.brokeGlass():
		return "vip"
	default:
		return ""
	}
}

func photographyRefused(m *matter) clinical.Reason {
	if m.req.Use.Purpose == clinical.P0 || m.req.Use.Purpose == clinical.P6 {
		return ""
	}
	for _, s := range m.people {
		if s.patient != nil && s.patient.PhotographyRefused {
			return "photography-refused"
		}
	}
	return ""
}

// childAt reports whether the patient was a child when the picture was taken.
// Without a birth date, or without the picture's instant, the patient was one.
func (m *matter) childAt(s *shard) bool {
	return s.adult.IsZero() || m.pic.captured == unknown || instant(m.pic.captured).Before(s.adult)
}

func (m *matter) showsChild() bool { return slices.ContainsFunc(m.people, m.childAt) }

// ---- 5: holds

// heldBy reports whether a hold for which is says yes covers the picture.
func (m *matter) heldBy(is func(clinical.HoldKind) bool) bool {
	over := func(h *clinical.Hold) bool {
		return !h.Lifted() && is(h.Kind) && (len(h.Assets) == 0 || slices.Contains(h.Assets, m.pic.id))
	}
	for _, s := range m.people {
		if slices.ContainsFunc(s.holds, over) {
			return true
		}
	}
	pinned, _ := m.snap.pinned.get(m.pic.id)
	return slices.ContainsFunc(pinned, over)
}

// identityHold narrows care to the named team, and stops all else. A kind of
// hold that is not known is read as this one.
func identityHold(m *matter) clinical.Reason {
	if !m.heldBy(func(k clinical.HoldKind) bool { return k != clinical.LegalHold }) {
		return ""
	}
	if m.req.Use == clinical.Care() && m.inNamedTeam() {
		return ""
	}
	return "identity-hold"
}

// legalHold stops everything but looking for the sake of care.
func legalHold(m *matter) clinical.Reason {
	if m.req.Use == clinical.Care() || !m.heldBy(func(k clinical.HoldKind) bool { return k == clinical.LegalHold }) {
		return ""
	}
	return "legal-hold"
}

// birthday returns the first instant of the day on which a patient turns years
// old at the site; the zero time where no birth date is known.
func birthday(born clinical.Date, years int, zone *time.Location) time.Time {
	if born.IsZero() {
		return time.Time{}
	}
	return born.Anniversary(years).Start(zone)
}
