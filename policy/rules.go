package policy

import (
	"slices"
	"time"

	"fovea/clinical"
)

// rule is one line of the table: it objects with a reason, or says nothing.
type rule struct {
	code    string // stable: it is in the ledger
	asker   bool   // about who asks, rather than about the picture
	objects func(*matter) clinical.Reason
}

const ruleCount = 20

// rules is the table, in the order of design: 0 how far the picture has come,
// 1 role, 2 need to know, 3 flags, 4 consent, 5 holds.
func rules() [ruleCount]rule {
	return [ruleCount]rule{
		{"0-state", false, state},
		{"1-use", false, use},
		{"1-person", true, person},
		{"1-role", true, role},
		{"2-need-to-know", true, needToKnow},
		{"2-set", true, throughSet},
		{"2-published", false, published},
		{"2-release", true, throughRelease},
		{"3-id-shot", false, idShot},
		{"3-unclassified", false, unclassified},
		{"3-safeguarding", false, safeguarding},
		{"3-child-intimate", false, childIntimate},
		{"3-vip", false, vip},
		{"3-photography-refused", false, photographyRefused},
		{"3-child", false, childConsent},
		{"3-intimate", false, intimateConsent},
		{"3-deceased", false, deceasedConsent},
		{"4-no-grant", false, consent},
		{"5-identity", false, identityHold},
		{"5-legal-hold", false, legalHold},
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
		if m.waiting() && m.req.Use == clinical.Care() {
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
	if m.person == nil || !channels(m.person.Role, m.req.Use.Purpose).Has(m.req.Use.Channel) {
		return "role"
	}
	return ""
}

// channels is what a role may use for a purpose. Governance, administrators,
// operators and studio accounts see no picture for any.
func channels(r clinical.Role, p clinical.Purpose) clinical.Channel {
	const (
		look  = clinical.ViewOnScreen
		carry = clinical.ViewOnScreen | clinical.Download
		paper = carry | clinical.Print
		drive = carry | clinical.Mount
	)
	type entry struct {
		role    clinical.Role
		purpose clinical.Purpose
	}
	switch (entry{r, p}) {
	case entry{clinical.Photographer, clinical.P0}, entry{clinical.Photographer, clinical.P4}, entry{clinical.Photographer, clinical.P6},
		entry{clinical.Clinician, clinical.P0}, entry{clinical.Clinician, clinical.P4}, entry{clinical.Clinician, clinical.P6}:
		return paper
	case entry{clinical.Photographer, clinical.P2}, entry{clinical.Clinician, clinical.P2}, entry{clinical.Educator, clinical.P2}:
		return drive
	case entry{clinical.Clinician, clinical.P1}, entry{clinical.Clinician, clinical.P3}:
		return carry
	case entry{clinical.Student, clinical.P2}:
		return look | clinical.Mount
	case entry{clinical.Photographer, clinical.P1}, entry{clinical.Photographer, clinical.P2b}, entry{clinical.Clinician, clinical.P2b},
		entry{clinical.Educator, clinical.P4}, entry{clinical.Nurse, clinical.P0}:
		return look
	default:
		return 0
	}
}

// ---- 2: need to know, the set, the release

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
			return "care-team-only"
		}
		known = team || m.sameSpecialty()
	default:
	}
	if !known {
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
// picture to: the patient's named team, the photographer to whom its job is
// assigned by name, and whoever took it.
func (m *matter) named() bool {
	if m.person == nil {
		return false
	}
	if m.inNamedTeam() || m.waiting() {
		return true
	}
	if j, ok := m.job(); ok && j.Photographer == m.person.ID {
		return m.throughJob()
	}
	return false
}

// throughSet lets a roster reach a published set within its dates, its owner
// reach it on screen at any time, and a second person who is asked to publish
// it see what they publish.
func throughSet(m *matter) clinical.Reason {
	if m.req.Use.Purpose != clinical.P2 {
		if !m.req.Set.IsZero() {
			return "set-purpose"
		}
		return ""
	}
	if m.set == nil || m.person == nil {
		return "no-set"
	}
	m.dates()
	switch {
	case m.set.Purpose != m.req.Use.Purpose:
		return "set-purpose"
	case m.req.Use.Audience < m.set.Audience:
		return "set-audience"
	case m.item == nil:
		return "not-in-set"
	case m.preview():
		return ""
	case !m.set.Reaches(m.person.ID):
		return "not-on-roster"
	case !m.set.OpenAt(m.req.Now, m.snap.site.Zone):
		return "set-closed"
	default:
		return ""
	}
}

// dates notes the set's first and last day.
func (m *matter) dates() {
	m.clock.past(m.set.From.Start(m.snap.site.Zone))
	m.clock.past(m.set.Until.End(m.snap.site.Zone))
}

// preview reports whether the asker sees the set on screen whether or not it
// is published.
func (m *matter) preview() bool {
	if m.person == nil || m.set == nil || m.req.Use.Channel != clinical.ViewOnScreen {
		return false
	}
	return m.set.Owner == m.person.ID || maySecond(m.person, &m.set.TeachingSet)
}

// maySecond reports whether the person may publish the set as the second
// person: it waits for one, and somebody else submitted it.
func maySecond(p *clinical.Person, s *clinical.TeachingSet) bool {
	waits := s.Status != clinical.SetClosed && s.SubmittedAt.After(s.PublishedAt)
	return waits && seconds(p.Role) && p.ID != s.SubmittedBy && p.ID != s.Owner
}

// seconds reports whether a role publishes for others and sees what it
// publishes; governance publishes on the words alone.
func seconds(r clinical.Role) bool {
	return r == clinical.Educator || r == clinical.Clinician || r == clinical.Photographer
}

// published objects to what joined a set after it was last published, and to
// what needs a second person where one person published alone.
func published(m *matter) clinical.Reason {
	if m.set == nil || m.item == nil || m.set.Status != clinical.SetPublished || m.preview() {
		return ""
	}
	if m.item.AddedAt.After(m.set.PublishedAt) {
		return "not-yet-published"
	}
	if m.needsSecond() && (m.set.PublishedBy.IsZero() || m.set.PublishedBy == m.set.SubmittedBy || m.set.PublishedBy == m.set.Owner) {
		return "second-person"
	}
	return ""
}

// needsSecond reports whether the picture, or the size of the audience, asks
// for a second person before it is published.
func (m *matter) needsSecond() bool {
	return m.set.Audience >= clinical.A4 || m.f.sensitivity&(clinical.Face|clinical.Intimate) != 0 ||
		!m.f.sensitivity.Has(clinical.Known) || m.showsChild()
}

// throughRelease lets out what neither care nor a set covers: only what a
// release names, to who made it.
func throughRelease(m *matter) clinical.Reason {
	switch m.req.Use.Purpose {
	case clinical.P3, clinical.P4, clinical.P5, clinical.P6, clinical.P7:
	default:
		return ""
	}
	if m.person == nil || m.findRelease() == nil {
		return "no-release"
	}
	return ""
}

// findRelease returns the release under which the asker may have the picture.
func (m *matter) findRelease() *clinical.Release {
	if m.release != nil {
		return m.release
	}
	list, _ := m.snap.released.get(m.pic.id)
	for _, r := range list {
		ended := !r.Ended.IsZero() || m.clock.past(r.UseBy.End(m.snap.site.Zone))
		if r.Kind.Purpose() == m.req.Use.Purpose && m.person != nil && r.By == m.person.ID && !ended {
			m.release = r
			return r
		}
	}
	return nil
}

// RuleCodes returns the codes of the table, in its order.
func RuleCodes() []string {
	var out []string
	for _, r := range rules() {
		out = append(out, r.code)
	}
	return out
}
