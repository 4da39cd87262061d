package policy

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

const (
	glassTime    = time.Hour       // how long a ticket opens pictures
	freshSignIn  = 5 * time.Minute // how long ago the asker may have signed in again
	glassPeriod  = 7 * 24 * time.Hour
	reviewTicket = 3 // days within which a ticket is reviewed
)

// breakTheGlass opens one patient's pictures to somebody without a need to
// know on record, for an hour. Those who lead governance are told at once,
// those who lead safeguarding where it concerns them, and somebody reviews it.
func (a *act) breakTheGlass(cmd clinical.BreakTheGlass) (clinical.Change, error) {
	if !breaksGlass(a.person.Role) {
		return clinical.Change{}, a.allow()
	}
	words := strings.TrimSpace(cmd.Words)
	age := a.now.Sub(cmd.Confirmed)
	switch {
	case !slices.Contains(clinical.GlassReasons(), cmd.Why):
		return clinical.Change{}, invalid("glass-reason", "Choose a reason: emergency, cover, referral, patient-present or other.")
	case words == "":
		return clinical.Change{}, invalid("no-reason", "Say in words why you need these pictures now. It goes into the record and is reviewed.")
	case cmd.Confirmed.IsZero() || age < 0 || age > freshSignIn:
		return clinical.Change{}, forbid("sign-in-again", "Sign in again, then repeat this within five minutes.")
	}
	if err := brief(words); err != nil {
		return clinical.Change{}, err
	}
	sh := a.snap.subject(cmd.Patient)
	if !sh.alive() {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if slices.ContainsFunc(sh.holds, func(h *clinical.Hold) bool {
		return !h.Lifted() && len(h.Assets) == 0 && h.Kind != clinical.LegalHold
	}) {
		return clinical.Change{}, forbid("identity-hold", "It is being checked whose pictures these are, or who may see them. Ask governance.")
	}
	if a.hasTicket(cmd.Patient) {
		return clinical.Change{}, conflict("glass-open", "You have an open ticket to this patient. Look at the patient's page.")
	}
	b := clinical.BreakGlass{
		ID: clinical.Mint[clinical.BreakGlass](a.g.opt.Mint), Person: a.person.ID, Patient: a.snap.root(cmd.Patient),
		Why: cmd.Why, Words: words, At: a.now, Until: a.now.Add(glassTime),
	}
	c := a.change(clinical.ActGlassBroken, words)
	c.Patient, c.Use, c.Rule, c.Glasses = b.Patient, clinical.Care(), string(cmd.Why), []clinical.BreakGlass{b}
	a.tellOfGlass(&c, b)
	return c, nil
}

// hasTicket reports whether the asker has an open ticket to a patient.
func (a *act) hasTicket(id clinical.PatientID) bool {
	return slices.ContainsFunc(a.snap.ticketsOf(a.person.ID), func(b *clinical.BreakGlass) bool {
		return b.OpenAt(a.now) && a.snap.samePatient(b.Patient, id)
	})
}

// tellOfGlass raises what a broken glass asks of others.
func (a *act) tellOfGlass(c *clinical.Change, b clinical.BreakGlass) {
	task := func(kind clinical.TaskKind) clinical.Task {
		return clinical.Task{Kind: kind, Role: clinical.Governance, Patient: b.Patient, BreakGlass: b.ID, Due: a.now}
	}
	a.notify(c, task(clinical.GlassNotice), clinical.GovernanceLead, b.Person)
	if a.mostGuarded(b.Patient) {
		a.notify(c, task(clinical.GlassNotice), clinical.SafeguardingLead, b.Person)
	}
	review := task(clinical.GlassReview)
	review.Lead, review.Due = clinical.GovernanceLead, a.now.AddDate(0, 0, reviewTicket)
	a.raise(c, review)
	if a.tooOften() {
		a.notify(c, task(clinical.GlassAlert), clinical.GovernanceLead, b.Person)
	}
}

// tellOfGuarded tells those who lead safeguarding of the tickets that are open to
// a patient of whose pictures one is flagged for them only now. A ticket of
// which they were told is not told of again.
func (a *act) tellOfGuarded(c *clinical.Change, id clinical.PatientID) {
	var open []*clinical.BreakGlass
	a.snap.tickets.each(func(_ clinical.BreakGlassID, b *clinical.BreakGlass) bool {
		if b.OpenAt(a.now) && a.snap.samePatient(b.Patient, id) {
			open = append(open, b)
		}
		return true
	})
	if len(open) == 0 {
		return
	}
	told := map[clinical.BreakGlassID]bool{}
	note := func(t *clinical.Task) {
		if t.Kind == clinical.GlassNotice && t.Lead == clinical.SafeguardingLead {
			told[t.BreakGlass] = true
		}
	}
	a.snap.tasks.each(func(_ clinical.TaskID, t *clinical.Task) bool {
		note(t)
		return true
	})
	for i := range c.Tasks {
		note(&c.Tasks[i])
	}
	slices.SortFunc(open, func(x, y *clinical.BreakGlass) int { return x.ID.Compare(y.ID) })
	for _, b := range open {
		if !told[b.ID] {
			a.notify(c, clinical.Task{
				Kind: clinical.GlassNotice, Role: clinical.Governance, Patient: b.Patient, BreakGlass: b.ID, Due: a.now,
			}, clinical.SafeguardingLead, b.Person)
		}
	}
}

// notify raises a task for each who leads, by name. Where nobody does but the
// one of whom they are told, it is anybody's of its role: it is never lost.
func (a *act) notify(c *clinical.Change, t clinical.Task, lead clinical.Lead, of clinical.PersonID) {
	var leads []clinical.PersonID
	a.snap.people.each(func(id clinical.PersonID, p *clinical.Person) bool {
		if id != of && slices.Contains(p.Leads, lead) && p.ActiveAt(a.now, a.snap.site.Zone) {
			leads = append(leads, id)
		}
		return true
	})
	slices.SortFunc(leads, clinical.PersonID.Compare)
	t.Lead = lead
	if len(leads) == 0 {
		a.raise(c, t)
		return
	}
	for _, id := range leads {
		one := t
		one.For, one.Role = id, ""
		a.raise(c, one)
	}
}

// mostGuarded reports whether a patient has pictures of safeguarding, or
// intimate ones of a child. What nobody has classified is read as intimate; the
// scan of a form is no picture.
func (a *act) mostGuarded(id clinical.PatientID) bool {
	found := false
	a.snap.eachPicture(id, func(pic *picture) {
		found = found || !pic.frame.form && newMatter(a.snap, Request{Asset: pic.id, Use: clinical.Care(), Now: a.now}).mostGuarded()
	})
	return found
}

// tooOften reports whether this is more than the site's number in a week.
func (a *act) tooOften() bool {
	n := 1
	for _, b := range a.snap.ticketsOf(a.person.ID) {
		if b.At.After(a.now.Add(-glassPeriod)) {
			n++
		}
	}
	return n > a.snap.site.Limits.GlassPerWeek
}

// reviewGlass records what somebody of governance, and not the asker, thinks
// of a ticket. One that was misused ends at once.
func (a *act) reviewGlass(cmd clinical.ReviewGlass) (clinical.Change, error) {
	if a.person.Role != clinical.Governance && !slices.Contains(a.person.Leads, clinical.GovernanceLead) {
		return clinical.Change{}, a.allow()
	}
	old, ok := a.snap.tickets.get(cmd.Ticket)
	words := strings.TrimSpace(cmd.Words)
	switch {
	case !ok:
		return clinical.Change{}, clinical.ErrNotFound
	case old.Person == a.person.ID:
		return clinical.Change{}, forbid("second-person", "Nobody reviews their own ticket. Ask a colleague in governance.")
	case !old.ReviewedAt.IsZero():
		return clinical.Change{}, conflict("reviewed", "This ticket was reviewed already. Nothing is left to do.")
	case cmd.Verdict != clinical.GlassJustified && cmd.Verdict != clinical.GlassFollowUp && cmd.Verdict != clinical.GlassMisuse:
		return clinical.Change{}, invalid("verdict", "Say what you found: justified, follow-up or misuse.")
	}
	if err := cmp.Or(reasoned(words), brief(words)); err != nil {
		return clinical.Change{}, err
	}
	b := *old
	b.ReviewedBy, b.ReviewedAt, b.Verdict, b.Review = a.person.ID, a.now, cmd.Verdict, words
	if cmd.Verdict == clinical.GlassMisuse && b.Until.After(a.now) {
		b.Until = a.now
	}
	c := a.change(clinical.ActGlassReviewed, words)
	c.Patient, c.Glasses = b.Patient, []clinical.BreakGlass{b}
	a.snap.tasks.each(func(_ clinical.TaskID, t *clinical.Task) bool {
		if t.Kind == clinical.GlassReview && t.BreakGlass == b.ID && !t.Done() {
			c.Tasks = append(c.Tasks, a.closed(*t, clinical.AnswerDone, ""))
		}
		return true
	})
	return c, nil
}

// Glasses returns the caller's own open tickets; to governance every ticket,
// those that wait for review first, and then the newest.
func (g *Gate) Glasses(_ context.Context, c clinical.Caller) ([]clinical.BreakGlass, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	all := p.Role == clinical.Governance || slices.Contains(p.Leads, clinical.GovernanceLead)
	now := g.opt.Now()
	var out []clinical.BreakGlass
	snap.tickets.each(func(_ clinical.BreakGlassID, b *clinical.BreakGlass) bool {
		if all || b.Person == p.ID && b.OpenAt(now) {
			out = append(out, *b)
		}
		return true
	})
	rank := func(b clinical.BreakGlass) int {
		if b.ReviewedAt.IsZero() {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b clinical.BreakGlass) int {
		return cmp.Or(rank(a)-rank(b), b.At.Compare(a.At), b.ID.Compare(a.ID))
	})
	return out, nil
}
