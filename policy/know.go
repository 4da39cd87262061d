package policy

import (
	"slices"
	"time"

	"fovea/clinical"
)

// ---- 2: need to know, and the broken glass

func needToKnow(m *matter) clinical.Reason {
	switch m.req.Use.Purpose {
	case clinical.P0, clinical.P1, clinical.P2b:
	default:
		return ""
	}
	if m.person == nil {
		return "need-to-know"
	}
	if m.waiting() || m.inNamedTeam() {
		return ""
	}
	known := false
	switch m.person.Role {
	case clinical.Photographer:
		known = m.throughJob()
	case clinical.Nurse:
		known = m.ownSession()
	case clinical.Clinician:
		team := m.inEncounterTeam()
		if !team && m.sameSpecialty() && m.careTeamOnly() {
			return when(!m.brokeGlass(), "care-team-only")
		}
		known = team || m.sameSpecialty()
	default:
	}
	if !known && !m.brokeGlass() {
		return "need-to-know"
	}
	return ""
}

// careTeamOnly reports whether a shared specialty is not enough: unknown flags
// are read as intimate.
func (m *matter) careTeamOnly() bool {
	return !m.f.sensitivity.Has(clinical.Known) || m.f.sensitivity&(clinical.Intimate|clinical.Safeguarding) != 0
}

func (m *matter) sameSpecialty() bool {
	return m.f.specialty != "" && m.person.Specialty == m.f.specialty
}

func (m *matter) inNamedTeam() bool {
	p := m.owner().patient
	return p != nil && m.person != nil && slices.Contains(p.NamedTeam, m.person.ID)
}

// inEncounterTeam reports whether the asker treats the patient now, in any
// encounter.
func (m *matter) inEncounterTeam() bool {
	found := false
	for _, e := range m.owner().encounters {
		if !slices.Contains(e.Team, m.person.ID) {
			continue
		}
		began, ended := m.clock.past(e.Opened) || e.Opened.IsZero(), m.clock.past(e.Closed)
		found = found || began && !ended
	}
	return found
}

func (m *matter) ownSession() bool {
	s, ok := m.snap.sessions.get(m.f.session)
	return ok && s.Photographer == m.person.ID
}

// job is the request that the picture answers.
func (m *matter) job() (*clinical.Job, bool) {
	if j, ok := m.snap.jobs.get(m.f.job); ok {
		return j, true
	}
	if s, ok := m.snap.sessions.get(m.f.session); ok {
		return m.snap.jobs.get(s.Job)
	}
	return nil, false
}

// throughJob reports whether a photographer has the picture's job: assigned to
// them, or to nobody and in their studio, or no job at all and in their
// studio, or they took the pictures; while the job is open and for the
// configured days after filing.
func (m *matter) throughJob() bool {
	job, ok := m.job()
	if !ok {
		return (m.person.In(m.f.studio) || m.ownSession()) && !m.jobOver(time.Time{})
	}
	anyone := job.Photographer.IsZero() && m.person.In(m.f.studio)
	if job.Photographer != m.person.ID && !anyone && !m.ownSession() {
		return false
	}
	return job.Status.Open() || !m.jobOver(job.FiledAt)
}

func (m *matter) jobOver(filed time.Time) bool {
	if filed.IsZero() {
		filed = instant(m.pic.filed)
	}
	return filed.IsZero() || m.clock.past(filed.AddDate(0, 0, m.snap.site.Limits.JobDays))
}

// named reports whether the asker is one of the people whom flags leave the
// picture to: the patient's named team, and the photographer to whom its job is
// assigned by name. Nobody else becomes one by being put into a job.
func (m *matter) named() bool {
	if m.person == nil {
		return false
	}
	if m.inNamedTeam() || m.waiting() {
		return true
	}
	if j, ok := m.job(); ok && m.person.Role == clinical.Photographer && j.Photographer == m.person.ID {
		return m.throughJob()
	}
	return false
}

// brokeGlass reports whether a ticket opens the picture to the asker: of this
// patient, for the hour it was given, and for care on screen alone. Where the
// picture is of safeguarding, or intimate and of a child, the asker also has to
// treat the patient. Nothing is searched for by a ticket.
func (m *matter) brokeGlass() bool {
	if m.person == nil || m.req.Use != clinical.Care() || m.req.Search || !breaksGlass(m.person.Role) || m.owner().patient == nil {
		return false
	}
	open := m.pretend
	for _, b := range m.snap.ticketsOf(m.person.ID) {
		if !b.Until.IsZero() && m.snap.samePatient(b.Patient, m.f.patient) {
			began, ended := m.clock.past(b.At), m.clock.past(b.Until)
			open = open || began && !ended
		}
	}
	if !open || m.mostGuarded() && !m.treats() {
		return false
	}
	m.glass = true
	return true
}

// governanceGlass reports whether governance looks by a ticket: it sees no
// picture in any other way.
func (m *matter) governanceGlass() bool {
	return m.person.Role == clinical.Governance && m.brokeGlass()
}

// breaksGlass reports whether a role can hold a ticket.
func breaksGlass(r clinical.Role) bool { return r == clinical.Clinician || r == clinical.Governance }

// mostGuarded reports whether the picture is of safeguarding, or intimate and
// of a child; what nobody has classified is read as intimate.
func (m *matter) mostGuarded() bool {
	intimate := m.f.sensitivity.Has(clinical.Intimate) || !m.f.sensitivity.Has(clinical.Known)
	return m.f.sensitivity.Has(clinical.Safeguarding) || intimate && m.showsChild()
}

// treats reports whether the asker treats the patient now: named, of an
// encounter's team, or of its specialty.
func (m *matter) treats() bool {
	found := m.inNamedTeam()
	for _, e := range m.owner().encounters {
		if slices.Contains(e.Team, m.person.ID) || m.person.Specialty != "" && m.person.Specialty == e.Specialty {
			began, ended := m.clock.past(e.Opened) || e.Opened.IsZero(), m.clock.past(e.Closed)
			found = found || began && !ended
		}
	}
	return found
}
