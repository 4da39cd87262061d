package policy

import (
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// Schedule is how long a site keeps pictures. What it says falls due is
// reviewed by a person; nothing is destroyed by a clock. The zero Schedule
// keeps everything and lists nothing.
type Schedule struct {
	// Jurisdiction is the site's, such as "GB-ENG": rules of others are passed
	// over.
	Jurisdiction string
	Rules        []RetentionRule
}

// RetentionRule is one line of a schedule. A patient to whom several apply is
// kept for as long as the longest says.
type RetentionRule struct {
	Jurisdiction string             // empty: any
	Specialty    clinical.Specialty // empty: any
	// Years after the last encounter or picture.
	Years int
	// ChildAge is the birthday until which at least a child's record is kept:
	// of somebody who was not 18 at the last encounter or picture.
	ChildAge int
	// DeceasedYears after death, where the day is known, in place of ChildAge.
	DeceasedYears int
}

// keptUntil returns when the schedule no longer says keep, a review that says
// longer included; false: nothing ever falls due for the patient.
func (s *Snapshot) keptUntil(id clinical.PatientID, now time.Time) (time.Time, bool) {
	sh := s.subject(id)
	last, specialties := s.lastContact(id, sh, now)
	var until time.Time
	found := false
	for _, r := range s.site.Retention.Rules {
		if r.Jurisdiction != "" && !strings.EqualFold(r.Jurisdiction, s.site.Retention.Jurisdiction) ||
			r.Specialty != "" && !slices.Contains(specialties, r.Specialty) || sh.patient == nil || last.IsZero() {
			continue
		}
		found = true
		until = latest(until, s.underRule(r, sh, last))
	}
	for _, member := range s.family(id) {
		if k, ok := s.retentions.get(member); ok { // somebody's word, whether or not a line applies
			found = true
			until = latest(until, k.KeepUntil.Start(s.site.Zone))
		}
	}
	return until, found
}

func (s *Snapshot) underRule(r RetentionRule, sh *shard, last time.Time) time.Time {
	until := last.AddDate(r.Years, 0, 0)
	died := sh.patient.DeceasedOn.Start(s.site.Zone)
	switch {
	case sh.patient.Deceased && !died.IsZero():
		until = latest(until, died.AddDate(r.DeceasedYears, 0, 0))
	case r.ChildAge > 0 && sh.adult.IsZero(): // born no earlier than that day, for all that is known
		until = latest(until, last.AddDate(r.ChildAge, 0, 0))
	case r.ChildAge > 0 && last.Before(sh.adult):
		until = latest(until, birthday(sh.patient.Born, r.ChildAge, s.site.Zone))
	}
	return until
}

// lastContact is when the patient was last met or photographed, and in which
// specialties ever. A stay that is not over lasts.
func (s *Snapshot) lastContact(id clinical.PatientID, sh *shard, now time.Time) (time.Time, []clinical.Specialty) {
	var last time.Time
	var in []clinical.Specialty
	note := func(at time.Time, sp clinical.Specialty) {
		last = latest(last, at)
		if sp != "" && !slices.Contains(in, sp) {
			in = append(in, sp)
		}
	}
	for _, e := range sh.encounters {
		ended := e.Closed
		if ended.IsZero() {
			ended = latest(e.Opened, now)
		}
		note(ended, e.Specialty)
	}
	for _, member := range s.family(id) {
		for _, pic := range s.shard(member).pictures {
			note(latest(instant(pic.captured), instant(pic.filed)), pic.frame.specialty)
		}
	}
	return last, in
}

// keeps reports whether the schedule, or a review, says to keep a patient's
// pictures at t.
func (s *Snapshot) keeps(id clinical.PatientID, t time.Time) bool {
	until, ok := s.keptUntil(id, t)
	return ok && t.Before(until)
}

// maxKeep is how far ahead a review may put the next one.
const maxKeep = 30

// keepUntil records what somebody of governance decided when a patient's
// record fell due: to look again on a day.
func (a *act) keepUntil(cmd clinical.KeepUntil) (clinical.Change, error) {
	if err := a.allow(clinical.Governance); err != nil {
		return clinical.Change{}, err
	}
	why := strings.TrimSpace(cmd.Reason)
	zone := a.snap.site.Zone
	switch {
	case why == "" || len(why) > maxWords:
		return clinical.Change{}, invalid("no-reason", "Keeping a record longer needs a reason of at most 4,000 bytes. Write it.")
	case cmd.Until.IsZero() || !a.now.Before(cmd.Until.Start(zone)) || cmd.Until.Start(zone).After(a.now.AddDate(maxKeep, 0, 0)):
		return clinical.Change{}, invalid("keep-until", "The next review is on a day to come, within 30 years. Correct the date.")
	case !a.snap.subject(cmd.Patient).alive():
		return clinical.Change{}, clinical.ErrNotFound
	}
	c := a.change(clinical.ActRetentionDecided, why)
	c.Patient = a.snap.root(cmd.Patient)
	c.Retentions = []clinical.Retention{{
		ID: clinical.Mint[clinical.Retention](a.g.opt.Mint), Patient: c.Patient, KeepUntil: cmd.Until, Reason: why, By: a.person.ID, At: a.now,
	}}
	return c, nil
}
