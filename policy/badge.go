package policy

import (
	"fmt"
	"time"

	"fovea/clinical"
)

// audienceWords says how large an audience is, as people say it.
func audienceWords(a clinical.Audience, l Limits) string {
	switch a {
	case clinical.A0:
		return "treating team"
	case clinical.A1:
		return "one person"
	case clinical.A2:
		return fmt.Sprintf("group ≤%d", l.SmallGroup)
	case clinical.A3:
		return fmt.Sprintf("class ≤%d", l.Cohort)
	case clinical.A4:
		return "lecture hall"
	case clinical.A5:
		return "other professionals"
	case clinical.A6:
		return "public"
	default:
		return "nobody"
	}
}

// badge says in words what the patient allowed for a picture.
func (s *Snapshot) badge(pic *picture, now time.Time) clinical.Badge {
	m := newMatter(s, Request{Asset: pic.id, Now: now, Use: clinical.Use{Purpose: clinical.P2}})
	if m == nil || !m.f.sensitivity.Has(clinical.Known) {
		return clinical.Badge{State: "unclassified", Words: "Unclassified"}
	}
	for _, sh := range m.people {
		if m.refused(sh) {
			return clinical.Badge{State: "refused", Words: "Teaching refused"}
		}
	}
	best := clinical.Badge{State: "care", Words: "Care only"}
	rank := 0
	for _, g := range m.owner().grants {
		if b, r := s.grantBadge(m, g, now); r > rank {
			best, rank = b, r
		}
	}
	return best
}

// grantBadge is what one consent would say, with how much it counts; 0: it
// says nothing about the picture.
func (s *Snapshot) grantBadge(m *matter, g *grant, now time.Time) (clinical.Badge, int) {
	teaching, publication := g.HasPurpose(clinical.P2), g.HasPurpose(clinical.P4)
	if !teaching && !publication || !g.covers(m.pic) {
		return clinical.Badge{}, 0
	}
	switch {
	case g.Status == clinical.GrantRequested || g.Status == clinical.GrantPending:
		return clinical.Badge{State: "asked", Words: "Asked, waiting"}, 2
	case g.Status == clinical.GrantWithdrawn && teaching:
		return clinical.Badge{State: "withdrawn", Words: "Teaching withdrawn"}, 1
	case g.Status == clinical.GrantWithdrawn:
		return clinical.Badge{State: "withdrawn", Words: "Publication withdrawn"}, 1
	case !g.StandsAt(now, m.owner().born(), s.site.Zone):
		return clinical.Badge{}, 0
	case s.lapsesSoon(m.owner(), g, now):
		return clinical.Badge{State: "ending", Words: "Ends " + day(g.LastDay(m.owner().born(), s.site.Zone), now.In(s.site.Zone))}, 3
	case publication:
		return clinical.Badge{State: "publication", Words: "Publication, 1 use"}, 5
	default:
		return clinical.Badge{State: "teaching", Words: "Teaching, " + audienceWords(g.Audience, s.site.Limits)}, 4
	}
}

// lapsesSoon reports whether a consent stops by itself within the days that the
// site wants to hear of.
func (s *Snapshot) lapsesSoon(sh *shard, g *grant, now time.Time) bool {
	end := g.Lapses(sh.born(), s.site.Zone)
	return !end.IsZero() && now.AddDate(0, 0, s.site.Limits.EndingDays).After(end)
}

// born is the patient's birth date; zero where none is known.
func (s *shard) born() clinical.Date {
	if s.patient == nil {
		return clinical.Date{}
	}
	return s.patient.Born
}

// day writes a date as people do, with the year only where it is another.
func day(d clinical.Date, now time.Time) string {
	t := d.Start(time.UTC)
	if d.Year == now.Year() {
		return t.Format("2 Jan")
	}
	return t.Format("2 Jan 2006")
}

// consentLine is one sentence about a patient.
func (s *Snapshot) consentLine(sh *shard, now time.Time) string {
	if sh.patient != nil && sh.patient.PhotographyRefused {
		return "Photography refused."
	}
	line := "For care only: no consent for teaching or publication is recorded."
	for _, g := range sh.grants {
		switch {
		case g.Status == clinical.GrantRefused && (len(g.Purposes) == 0 || g.HasPurpose(clinical.P2)):
			return "Teaching refused: do not ask again. Care is not affected."
		case !g.HasPurpose(clinical.P2) || !g.StandsAt(now, sh.born(), s.site.Zone):
		case g.Lapses(sh.born(), s.site.Zone).IsZero():
			line = fmt.Sprintf("Teaching, %s, by %s consent.", audienceWords(g.Audience, s.site.Limits), g.Mode)
		default:
			line = fmt.Sprintf("Teaching, %s, by %s consent until %s.", audienceWords(g.Audience, s.site.Limits), g.Mode, day(g.LastDay(sh.born(), s.site.Zone), now.In(s.site.Zone)))
		}
	}
	return line
}
