package policy

import (
	"slices"

	"fovea/clinical"
)

// ---- 2: the set, the release

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
	case !m.reached():
		return "outside-term"
	case !m.set.OpenAt(m.req.Now, m.snap.site.Zone):
		return "set-closed"
	default:
		return ""
	}
}

// reached reports whether the set's owner, its roster, or a cohort within its
// term has the asker among them.
func (m *matter) reached() bool {
	st, id, zone := &m.set.TeachingSet, m.person.ID, m.snap.site.Zone
	found := st.Owner == id || slices.Contains(st.Roster, id)
	for i := range st.Cohorts {
		c := &st.Cohorts[i]
		if found || !slices.Contains(c.People, id) {
			continue
		}
		began, ended := c.From.IsZero() || m.clock.past(c.From.Start(zone)), m.clock.past(c.Until.End(zone))
		found = began && !ended
	}
	return found
}

// sharedAccount keeps what identifies a patient off the drives of accounts
// that several people use: nobody could say who saw it.
func sharedAccount(m *matter) clinical.Reason {
	shared := m.person != nil && m.person.Shared
	return when(shared && m.req.Use.Channel == clinical.Mount && m.level == clinical.I0, "shared-account")
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
	if byRelease(m.req.Use.Purpose) && m.findRelease() == nil {
		return "no-release"
	}
	return ""
}

// byRelease reports whether a purpose rests on a release.
func byRelease(p clinical.Purpose) bool {
	switch p {
	case clinical.P3, clinical.P4, clinical.P5, clinical.P6, clinical.P7:
		return true
	default:
		return false
	}
}

// findRelease returns the release under which the asker may have the picture.
func (m *matter) findRelease() *clinical.Release {
	if m.release != nil {
		return m.release
	}
	list, _ := m.snap.released.get(m.pic.id)
	for _, r := range list {
		if !m.only.IsZero() && r.ID != m.only {
			continue
		}
		ended := !r.Ended.IsZero() || m.clock.past(r.UseBy.End(m.snap.site.Zone))
		if r.Kind.Purpose() == m.req.Use.Purpose && m.person != nil && r.By == m.person.ID && !ended {
			m.release = r
			return r
		}
	}
	return nil
}
