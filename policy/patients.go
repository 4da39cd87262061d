package policy

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// maxPatients is how many patients a search by name returns.
const maxPatients = 50

// treats reports whether the person has a need to know about the patient that
// does not rest on single pictures.
func (s *Snapshot) treats(p *clinical.Person, sh *shard, now time.Time) bool {
	if sh.patient != nil && slices.Contains(sh.patient.NamedTeam, p.ID) {
		return true
	}
	return slices.ContainsFunc(sh.encounters, func(e *clinical.Encounter) bool {
		return e.ActiveAt(now) && (slices.Contains(e.Team, p.ID) || p.Specialty != "" && p.Specialty == e.Specialty)
	})
}

// openTicket reports whether the person has broken the glass to the patient.
func (s *Snapshot) openTicket(p *clinical.Person, sh *shard, now time.Time) bool {
	return breaksGlass(p.Role) && slices.ContainsFunc(s.ticketsOf(p.ID), func(b *clinical.BreakGlass) bool {
		return b.OpenAt(now) && s.samePatient(b.Patient, sh.id)
	})
}

// meets reports whether the person may open the patient's page: photographers,
// who file under anybody and record consent, those who treat the patient, who
// broke the glass, and governance, which sees no pictures there.
func (s *Snapshot) meets(p *clinical.Person, sh *shard, now time.Time) bool {
	if !sh.alive() {
		return sh.patient != nil && p.Role == clinical.Governance // which answers for what was erased
	}
	if s.openTicket(p, sh, now) {
		return true
	}
	switch p.Role {
	case clinical.Governance:
		return true
	case clinical.Photographer:
		return !sh.patient.Vip || slices.Contains(sh.patient.NamedTeam, p.ID) ||
			slices.ContainsFunc(sh.jobs, func(j *clinical.Job) bool { return j.Photographer == p.ID })
	case clinical.Clinician, clinical.Nurse:
		if sh.patient.Vip {
			return slices.Contains(sh.patient.NamedTeam, p.ID)
		}
		mine := func(x *clinical.Session) bool { return x.Photographer == p.ID }
		asked := func(j *clinical.Job) bool { return j.Requester == p.ID }
		return s.treats(p, sh, now) || slices.ContainsFunc(sh.sessions, mine) || slices.ContainsFunc(sh.jobs, asked)
	default:
		return false
	}
}

// Patients finds patients by name or number among those the caller may meet,
// at most 50. Records merged into another are not listed by themselves.
func (g *Gate) Patients(_ context.Context, c clinical.Caller, text string) ([]clinical.Patient, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ToLower(text))
	now := g.opt.Now()
	var out []clinical.Patient
	snap.shards.each(func(id clinical.PatientID, sh *shard) bool {
		if !sh.alive() || !sh.patient.MergedInto.IsZero() || !matches(sh.patient, words) {
			return true
		}
		if snap.meets(p, snap.subject(id), now) {
			out = append(out, *sh.patient)
		}
		return true
	})
	slices.SortFunc(out, func(a, b clinical.Patient) int {
		return cmp.Or(strings.Compare(a.Family, b.Family), strings.Compare(a.Given, b.Given), a.ID.Compare(b.ID))
	})
	return out[:min(len(out), maxPatients)], nil
}

// matches reports whether every word begins a name or is in a number.
func matches(p *clinical.Patient, words []string) bool {
	for _, w := range words {
		found := false
		for _, name := range strings.FieldsFunc(strings.ToLower(p.Family+" "+p.Given), func(r rune) bool { return r == ' ' || r == '-' || r == '\'' }) {
			found = found || strings.HasPrefix(name, strings.Trim(w, ","))
		}
		for _, i := range p.Identifiers {
			found = found || len(w) >= 3 && strings.Contains(strings.ToLower(i.Value), w)
		}
		if !found {
			return false
		}
	}
	return true
}

// PatientByNumber finds the patient with exactly this number. Photographers,
// clinicians, nurses and administrators need it to ask for pictures and to
// record what a patient says; who may not meet the patient learns the ID only.
// The ledger hears of every asking, also where there is nobody.
func (g *Gate) PatientByNumber(_ context.Context, c clinical.Caller, i clinical.Identifier) (clinical.Patient, error) {
	snap, p, sh, err := g.numbered(c, i)
	if err != nil {
		return clinical.Patient{}, err
	}
	root := snap.shard(snap.root(sh.id))
	if p != nil && root.patient != nil && snap.meets(p, snap.subject(root.id), g.opt.Now()) {
		return *root.patient, nil
	}
	return clinical.Patient{ID: root.id, Identifiers: []clinical.Identifier{g.tidy(i)}}, nil
}

// RecordByNumber finds the record that holds exactly this number itself, also
// where it was merged into another: it is how one is parted again. It is for
// those who may ask PatientByNumber, and tells the ID only.
func (g *Gate) RecordByNumber(_ context.Context, c clinical.Caller, i clinical.Identifier) (clinical.PatientID, error) {
	_, _, sh, err := g.numbered(c, i)
	if err != nil {
		return clinical.PatientID{}, err
	}
	return sh.id, nil
}

// numbered finds a record by a number for staff, and for the operator, who is
// nobody.
func (g *Gate) numbered(c clinical.Caller, i clinical.Identifier) (*Snapshot, *clinical.Person, *shard, error) { //nolint:revive // one look-up, three things found
	snap, err := g.snapshot()
	if err != nil {
		return nil, nil, nil, err
	}
	var p *clinical.Person
	if !operatorAlone(c) {
		if p, err = g.asker(snap, c); err != nil {
			return nil, nil, nil, err
		}
		if !staff(p.Role) {
			return nil, nil, nil, clinical.ErrNotFound
		}
	}
	sh := snap.byNumber(g.tidy(i))
	e := g.event(clinical.ActSearched, c)
	e.Use = clinical.Care()
	if sh != nil {
		e.Patient, e.Count = sh.id, 1
	}
	g.opt.Recorder.NoteLater(e)
	if sh == nil {
		return nil, nil, nil, clinical.ErrNotFound
	}
	return snap, p, sh, nil
}

func (s *Snapshot) byNumber(i clinical.Identifier) *shard {
	var found *shard
	s.shards.each(func(_ clinical.PatientID, sh *shard) bool {
		if sh.patient != nil && slices.Contains(sh.patient.Identifiers, i) {
			found = sh
		}
		return found == nil
	})
	return found
}

// PatientPage returns a patient's timeline as the caller may see it.
func (g *Gate) PatientPage(ctx context.Context, c clinical.Caller, id clinical.PatientID) (clinical.PatientPage, error) {
	snap, p, sh, err := g.patient(c, id)
	if err != nil {
		return clinical.PatientPage{}, err
	}
	now := g.opt.Now()
	root := snap.shard(snap.root(id))
	page := clinical.PatientPage{Patient: *root.patient, Consent: snap.consentLine(sh, now), Grants: grantsOf(sh), Holds: holdsOf(sh), Lesions: lesionsOf(sh)}
	sittings, order, restricted := snap.sittings(p, id, now)
	page.Restricted = restricted
	for _, session := range order {
		one := clinical.SessionPage{}
		if s, ok := snap.sessions.get(session); ok {
			one.Session = *s
		}
		if j, ok := snap.jobs.get(one.Session.Job); ok {
			one.Job = *j
		}
		if one.Shown, err = g.showAll(ctx, snap, c.Person, sittings[session]); err != nil {
			return clinical.PatientPage{}, err
		}
		page.Sessions = append(page.Sessions, one)
	}
	slices.SortStableFunc(page.Sessions, func(a, b clinical.SessionPage) int { return b.Session.Began.Compare(a.Session.Began) })
	e := g.event(clinical.ActPatientSeen, c)
	e.Patient, e.Use = id, clinical.Care()
	g.opt.Recorder.NoteLater(e)
	return page, nil
}

// sittings returns the pictures of a patient's pages that the person may see,
// by session, the sessions in the order in which they came, and whether there
// are others that a ticket would open to who treats the patient. Nothing else
// is said to exist.
func (s *Snapshot) sittings(p *clinical.Person, id clinical.PatientID, now time.Time) (map[clinical.SessionID][]*picture, []clinical.SessionID, bool) {
	v := newVerdicts(s, Request{Person: p.ID, Use: clinical.Care(), Now: now})
	ticket := newVerdicts(s, v.m.req)
	ticket.m.pretend = true
	tells := p.Role == clinical.Clinician && s.treats(p, s.subject(id), now)
	shown := map[clinical.SessionID][]*picture{}
	var order []clinical.SessionID
	restricted := false
	for _, member := range s.family(id) {
		for _, pic := range s.shard(member).pictures {
			session := pic.frame.session
			switch {
			case pic.frame.state == clinical.Provisional:
				// A run that waits may hold another's frames: it is seen in Arrivals, never on a patient's page.
			case v.of(pic, nil, nil).Permit:
				if _, ok := shown[session]; !ok {
					order = append(order, session)
				}
				shown[session] = append(shown[session], pic)
			case tells && !restricted:
				quiet := s.site.Limits.QuietSafeguarding && pic.frame.sensitivity.Has(clinical.Safeguarding)
				restricted = !quiet && ticket.of(pic, nil, nil).Permit
			}
		}
	}
	return shown, order, restricted
}

// Patient returns who the patient is, as a banner says it, where the caller may
// meet them.
func (g *Gate) Patient(_ context.Context, c clinical.Caller, id clinical.PatientID) (clinical.Patient, error) {
	snap, _, _, err := g.patient(c, id)
	if err != nil {
		return clinical.Patient{}, err
	}
	return *snap.shard(snap.root(id)).patient, nil
}

// Grants returns a patient's consents, newest first.
func (g *Gate) Grants(_ context.Context, c clinical.Caller, id clinical.PatientID) ([]clinical.Grant, error) {
	_, _, sh, err := g.patient(c, id)
	if err != nil {
		return nil, err
	}
	return grantsOf(sh), nil
}

// Holds returns the holds on a patient and their pictures, newest first.
func (g *Gate) Holds(_ context.Context, c clinical.Caller, id clinical.PatientID) ([]clinical.Hold, error) {
	_, _, sh, err := g.patient(c, id)
	if err != nil {
		return nil, err
	}
	return holdsOf(sh), nil
}

// patient returns a patient whom the caller may meet, NotFound otherwise.
func (g *Gate) patient(c clinical.Caller, id clinical.PatientID) (*Snapshot, *clinical.Person, *shard, error) { //nolint:revive // one look-up, three things found
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, nil, nil, err
	}
	sh := snap.subject(id)
	if !snap.meets(p, sh, g.opt.Now()) {
		e := g.event(clinical.ActDenied, c)
		e.Patient, e.Denied, e.Rule = id, true, noNeed
		g.opt.Recorder.NoteLater(e)
		return nil, nil, nil, clinical.ErrNotFound
	}
	return snap, p, sh, nil
}

func grantsOf(sh *shard) []clinical.Grant {
	out := make([]clinical.Grant, 0, len(sh.grants))
	for _, g := range sh.grants {
		out = append(out, g.Grant)
	}
	slices.SortStableFunc(out, func(a, b clinical.Grant) int { return cmp.Or(b.RecordedAt.Compare(a.RecordedAt), b.ID.Compare(a.ID)) })
	return out
}

func holdsOf(sh *shard) []clinical.Hold {
	out := make([]clinical.Hold, 0, len(sh.holds))
	for _, h := range sh.holds {
		out = append(out, *h)
	}
	slices.SortStableFunc(out, func(a, b clinical.Hold) int { return cmp.Or(b.PlacedAt.Compare(a.PlacedAt), b.ID.Compare(a.ID)) })
	return out
}
