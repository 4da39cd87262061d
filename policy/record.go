package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
)

// LegacyForm is the FormVersion of consents taken over from an older system.
// Only they may cover everything, and only an administrator or the machine's
// owner records them.
const LegacyForm = "legacy"

// PaperForm begins the FormVersion of consents on paper forms, which ends in
// the form's level.
const PaperForm = "paper-level-"

// PaperLevel translates the three levels of consent on paper forms, as the
// form of the Institute of Medical Illustrators has them: 1 record, 2 teaching,
// 3 publication, which is level 2 and beside it, as a consent of its own, the
// one use that named tells. What the form did not say is read as the stricter:
// I1. Nothing maps to A6. The caller fills in patient, cover, dates, capacity,
// who signed, and whether the pictures were shown.
func PaperLevel(level int, named string) ([]clinical.Grant, error) {
	if level < 1 || level > 3 {
		return nil, invalid("paper-level", "The levels on paper are 1 (record), 2 (teaching) and 3 (publication). Choose one of these.")
	}
	named = strings.TrimSpace(named)
	if level == 3 && named == "" {
		return nil, invalid("named-use", "Publication is consented to for one named use. Write which journal or conference.")
	}
	base := clinical.Grant{
		Status: clinical.GrantGiven, Mode: clinical.Written, Level: clinical.I1, FormVersion: PaperForm + strconv.Itoa(level),
	}
	record := base
	record.Purposes, record.Audience, record.Channels = []clinical.Purpose{clinical.P0}, clinical.A0, clinical.ViewOnScreen
	if level == 1 {
		return []clinical.Grant{record}, nil
	}
	teaching := base
	teaching.Purposes = []clinical.Purpose{clinical.P0, clinical.P2}
	teaching.Audience, teaching.Channels = clinical.A3, clinical.ViewOnScreen|clinical.Mount
	if level == 2 {
		return []clinical.Grant{teaching}, nil
	}
	publication := base
	publication.Purposes, publication.NamedUse = []clinical.Purpose{clinical.P4}, named
	publication.Audience, publication.Channels = clinical.A5, clinical.ViewOnScreen|clinical.Download|clinical.Print
	return []clinical.Grant{teaching, publication}, nil
}

// checkGrant applies the rules of the record and fills in what has a default.
func (a *act) checkGrant(g clinical.Grant, sh *shard) (clinical.Grant, error) {
	switch g.Status {
	case clinical.GrantGiven:
	case clinical.GrantRefused, clinical.GrantRequested, clinical.GrantPending:
		return a.checkUngiven(g)
	case clinical.GrantWithdrawn, clinical.GrantSuperseded, clinical.GrantEnteredInError:
		if g.FormVersion == LegacyForm { // the history of an older system: it permits nothing
			return a.checkUngiven(g)
		}
		fallthrough
	default:
		return g, invalid("status", "A consent is recorded as given, refused, requested or pending. Choose one of these.")
	}
	if g.Level == clinical.NoIdentifiability {
		g.Level = clinical.I1
	}
	for _, check := range []func(*act, *clinical.Grant, *shard) error{
		(*act).checkAxes, (*act).checkCover, (*act).checkMode, (*act).checkDates, (*act).checkCapacity, (*act).checkChild,
	} {
		if err := check(a, &g, sh); err != nil {
			return g, err
		}
	}
	return g, nil
}

// checkUngiven: what permits nothing needs little.
func (a *act) checkUngiven(g clinical.Grant) (clinical.Grant, error) {
	for _, p := range g.Purposes {
		if !p.Valid() {
			return g, invalid("purpose", "A purpose is not known. Choose from P0 to P7.")
		}
	}
	if g.Status != clinical.GrantRefused && len(g.Purposes) == 0 {
		return g, invalid("purpose", "Say what the patient is asked for. Choose a purpose.")
	}
	return g, nil
}

func (a *act) checkAxes(g *clinical.Grant, _ *shard) error {
	g.Purposes = slices.Clone(g.Purposes)
	slices.Sort(g.Purposes)
	g.Purposes = slices.Compact(g.Purposes)
	g.NamedUse, g.Study, g.Ethics = strings.TrimSpace(g.NamedUse), strings.TrimSpace(g.Study), strings.TrimSpace(g.Ethics)
	bad := func(p clinical.Purpose) bool { return !p.Valid() }
	large := g.Audience >= clinical.A4 || g.HasPurpose(clinical.P4)
	const all = clinical.ViewOnScreen | clinical.Mount | clinical.Download | clinical.Print | clinical.Online
	switch {
	case len(g.Purposes) == 0 || slices.ContainsFunc(g.Purposes, bad):
		return invalid("purpose", "A consent says what for. Choose one or more purposes.")
	case g.HasPurpose(clinical.P6):
		return invalid("authority", "Medico-legal use rests on authority, not on consent. Record a release.")
	case !g.Audience.Valid():
		return invalid("audience", "A consent says who at most may see the pictures. Choose an audience.")
	case !g.Level.Valid():
		return invalid("identifiability", "A consent says how far the patient may be recognised. Choose I0, I1 or I2.")
	case g.Channels == 0 || g.Channels&^all != 0:
		return invalid("channel", "A consent says how pictures may be shown. Choose among view, mount, download, print and online.")
	case g.HasPurpose(clinical.P2b) && (len(g.Purposes) > 1 || g.Audience != clinical.A1 || g.Channels != clinical.ViewOnScreen):
		return invalid("patient-to-patient", "Showing another patient has its own consent: one person, on screen only. Record it by itself.")
	case g.Audience == clinical.A6 && !g.HasPurpose(clinical.P5):
		return invalid("audience", "The public is the audience of public use only. Choose a smaller audience.")
	case large && !g.ImagesShown:
		return invalid("images-not-shown", "For a hall, professionals elsewhere or publication the patient must have seen the pictures. Show them, and note that.")
	case g.HasPurpose(clinical.P4) && g.NamedUse == "":
		return invalid("named-use", "Publication is consented to for one named use. Write which journal or conference.")
	case g.HasPurpose(clinical.P3) && (g.Study == "" || g.Ethics == "" || g.Expires.IsZero()):
		return invalid("study", "Research needs its study, the ethics committee's reference and its end. Write all three.")
	default:
		return nil
	}
}

// checkCover: this session unless said otherwise; a course ends; only what was
// taken over from before covers everything.
func (a *act) checkCover(g *clinical.Grant, sh *shard) error {
	c := &g.Covers
	switch {
	case !c.CourseFrom.IsZero() && c.CourseUntil.IsZero():
		return invalid("course", "Consent for a course of treatment needs its end. Write the last day.")
	case !c.CourseUntil.IsZero() && !c.CourseUntil.After(c.CourseFrom):
		return invalid("course", "A course of treatment ends after it begins. Correct the dates.")
	case c.All && g.FormVersion != LegacyForm:
		return invalid("cover-all", "Only a consent taken over from before covers everything. Choose the session, the course, a lesion or pictures.")
	case c.IsZero():
		latest := lastSession(sh)
		if latest == nil {
			return invalid("cover", "This patient has no session yet. Say which pictures the consent covers.")
		}
		c.Session = latest.ID
	}
	return a.checkCovered(g)
}

func lastSession(sh *shard) *clinical.Session {
	var latest *clinical.Session
	for _, s := range sh.sessions {
		if latest == nil || s.Began.After(latest.Began) {
			latest = s
		}
	}
	return latest
}

// checkCovered: nobody consents for somebody else's pictures.
func (a *act) checkCovered(g *clinical.Grant) error {
	c := g.Covers
	if s, ok := a.snap.sessions.get(c.Session); !c.Session.IsZero() && (!ok || !a.snap.samePatient(s.Patient, g.Patient)) {
		return invalid("cover", "This session is another patient's. Choose one of this patient's.")
	}
	if l, ok := a.snap.lesions.get(c.Lesion); !c.Lesion.IsZero() && (!ok || !a.snap.samePatient(l.Patient, g.Patient)) {
		return invalid("cover", "This lesion is another patient's. Choose one of this patient's.")
	}
	for _, id := range c.Assets {
		if p, ok := a.snap.pictures.get(id); !ok || !a.shows(p, g.Patient) {
			return invalid("cover", "One of these pictures is not of this patient. Leave it out.")
		}
	}
	return nil
}

// shows reports whether a patient is in a picture, as its owner or beside.
func (a *act) shows(p *picture, id clinical.PatientID) bool {
	found := a.snap.samePatient(p.frame.patient, id)
	p.frame.eachSubject(func(s clinical.PatientID) { found = found || a.snap.samePatient(s, id) })
	return found
}

func (a *act) checkMode(g *clinical.Grant, _ *shard) error {
	g.Witness, g.Giver = strings.TrimSpace(g.Witness), strings.TrimSpace(g.Giver)
	switch g.Mode {
	case clinical.Written, clinical.Electronic:
		return nil
	case clinical.Verbal:
		if g.Witness == "" {
			return invalid("witness", "A verbal consent needs the name of a witness. Write who was there.")
		}
	case clinical.Implied:
	default:
		return invalid("mode", "A consent is written, electronic, verbal or implied. Choose one of these.")
	}
	for _, p := range g.Purposes {
		if !modeFits(g.Mode, p, g.Witness, a.snap.site.Limits) {
			return invalid("mode", "A verbal or implied consent does not reach this far. Have the form signed, or leave the purpose out.")
		}
	}
	return nil
}

func (a *act) checkDates(g *clinical.Grant, _ *shard) error {
	zone := a.snap.site.Zone
	switch {
	case g.ValidFrom.After(a.now.AddDate(0, 0, 1)) && !g.Expires.IsZero() && !g.ValidFrom.Before(g.Expires.End(zone)):
		return invalid("dates", "This consent ends before it begins. Correct the dates.")
	case !g.Expires.IsZero() && !a.now.Before(g.Expires.End(zone)):
		return invalid("expired", "This consent has ended already. Correct the date, or ask again.")
	case !g.ReviewAt.IsZero() && !a.now.Before(g.ReviewAt.Start(zone)):
		return invalid("review", "The date of review is past. Review the consent now, and choose a later date.")
	default:
		return nil
	}
}

// checkCapacity: who may speak for whom, today.
func (a *act) checkCapacity(g *clinical.Grant, sh *shard) error {
	p, zone := sh.patient, a.snap.site.Zone
	adult := p.AdultAt(a.now, zone)
	switch g.Capacity {
	case clinical.AdultCapacity:
		switch {
		case p.Deceased && g.FormVersion != LegacyForm:
			return invalid("deceased", "This patient has died. Record what the family was consulted on, in that capacity.")
		case !adult:
			return invalid("child", "This patient is a child, or the birth date is not known. Record who holds parental responsibility, or that the child is mature enough.")
		}
	case clinical.Parental:
		if adult {
			return invalid("adult", "This patient is an adult. Ask the patient.")
		}
		if err := a.checkParental(g, p.Born); err != nil {
			return err
		}
	case clinical.MatureMinor:
		if adult {
			return invalid("adult", "This patient is an adult. Record the consent as an adult's.")
		}
	case clinical.BestInterest:
		if beyondCare(*g) {
			return invalid("best-interest", "Best interest covers care alone. Leave the other purposes out.")
		}
	case clinical.DeceasedCapacity:
		if !p.Deceased || g.Giver == "" {
			return invalid("deceased", "This is for a patient who has died, and names who was consulted. Correct it.")
		}
	default:
		return invalid("capacity", "Say in which capacity consent was given: adult, parental, mature-minor, best-interest or deceased.")
	}
	if g.Temporary && g.Capacity != clinical.BestInterest {
		return invalid("temporary", "Only a decision in the patient's best interest waits for their recovery. Correct the capacity, or leave that out.")
	}
	return nil
}

// checkParental: who speaks for a child. The child's own no is recorded beside
// it, and wins beyond care.
func (a *act) checkParental(g *clinical.Grant, born clinical.Date) error {
	g.Relationship, g.SecondGiver = strings.TrimSpace(g.Relationship), strings.TrimSpace(g.SecondGiver)
	zone := a.snap.site.Zone
	sixteen := birthday(born, 16, zone)
	switch {
	case g.Giver == "" || g.Relationship == "":
		return invalid("giver", "Write who consented for the child, and their relationship.")
	case !beyondCare(*g):
		return nil
	case g.Assent == clinical.AssentNotAsked && !sixteen.IsZero() && !a.now.Before(sixteen):
		return invalid("assent", "From 16 on the young person is asked. Record what they said.")
	case a.snap.site.Limits.BothParents && !speaksAlone(g.Relationship) && (g.SecondGiver == "" || strings.EqualFold(g.SecondGiver, g.Giver)):
		return invalid("both-parents", "Both holders of parental responsibility are asked here. Write the other's name, or that one holds it alone.")
	default:
		return nil
	}
}

// checkReview: a consent for a child is looked at again on the day on which
// they may speak for themselves, or sooner.
func (a *act) checkReview(g *clinical.Grant, born clinical.Date) error {
	if g.Capacity != clinical.Parental && g.Capacity != clinical.MatureMinor {
		return nil
	}
	latest := a.nextReview(born, g.Capacity)
	switch {
	case g.ReviewAt.IsZero():
		g.ReviewAt = latest
	case !born.IsZero() && latest.Before(g.ReviewAt):
		return invalid("review", "A consent for a child is reviewed on the 16th birthday at the latest, and a young person's on the 18th. Choose that day, or an earlier one.")
	}
	return nil
}

func (a *act) checkChild(g *clinical.Grant, sh *shard) error {
	if sh.patient.AdultAt(a.now, a.snap.site.Zone) {
		return nil
	}
	return a.checkReview(g, sh.patient.Born)
}

// nextReview is the 16th birthday for a consent by a parent, the 18th after
// that and for a mature minor, and a year ahead where no birth date is known.
func (a *act) nextReview(born clinical.Date, c clinical.Capacity) clinical.Date {
	if born.IsZero() {
		return clinical.DateOf(a.now.In(a.snap.site.Zone).AddDate(1, 0, 0))
	}
	if c == clinical.Parental && a.now.Before(birthday(born, 16, a.snap.site.Zone)) {
		return born.Anniversary(16)
	}
	return born.Anniversary(18)
}

// AudienceFor returns the smallest audience that n people are.
func AudienceFor(n int, l Limits) clinical.Audience {
	l = l.filled()
	switch {
	case n <= 1:
		return clinical.A1
	case n <= l.SmallGroup:
		return clinical.A2
	case n <= l.Cohort:
		return clinical.A3
	default:
		return clinical.A4
	}
}

// dayOf returns the day of t at the site.
func (s *Snapshot) dayOf(t time.Time) clinical.Date { return clinical.DateOf(t.In(s.site.Zone)) }
