package policy

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"fovea/clinical"
)

func (a *act) addPatient(cmd clinical.AddPatient) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer, clinical.Clinician, clinical.Nurse, clinical.Admin, clinical.Operator); err != nil {
		return clinical.Change{}, err
	}
	p := cmd.Patient
	if p.ID.IsZero() {
		p.ID = clinical.Mint[clinical.Patient](a.g.opt.Mint)
	}
	if a.snap.shard(p.ID).patient != nil {
		return clinical.Change{}, conflict("exists", "This patient is known already. Change the record instead.")
	}
	if p.MergedAt = (time.Time{}); !p.MergedInto.IsZero() {
		return clinical.Change{}, invalid("merged", "A new record cannot be merged at once. Register it, then merge.")
	}
	if slices.Contains(p.NamedTeam, a.person.ID) {
		return clinical.Change{}, forbid("yourself", "Nobody names themselves. Ask governance to name you.")
	}
	p.Rev = 0
	p, err := a.checkPatient(p)
	if err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActPatientAdded, "")
	c.Patient, c.Patients = p.ID, []clinical.Patient{p}
	return c, nil
}

func (a *act) changePatient(cmd clinical.ChangePatient) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer, clinical.Clinician, clinical.Nurse, clinical.Admin, clinical.Governance); err != nil {
		return clinical.Change{}, err
	}
	p := cmd.Patient
	old := a.snap.shard(p.ID).patient
	admin := a.person.Role == clinical.Admin || a.person.Role == clinical.Governance
	if old == nil || !admin && !a.snap.meets(a.person, a.snap.subject(p.ID), a.now) {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if err := current(p.Rev, old.Rev); err != nil {
		return clinical.Change{}, err
	}
	if !admin {
		if err := a.widens(p, old); err != nil {
			return clinical.Change{}, err
		}
	}
	if p.MergedInto != old.MergedInto {
		return clinical.Change{}, invalid("merge", "Records are merged and parted by acts of their own. Leave that as it is here.")
	}
	p.MergedAt = old.MergedAt
	if slices.Contains(p.NamedTeam, a.person.ID) && !slices.Contains(old.NamedTeam, a.person.ID) {
		return clinical.Change{}, forbid("yourself", "Nobody names themselves. Ask a colleague in governance.")
	}
	p, err := a.checkPatient(p)
	if err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActPatientChanged, "")
	c.Patient, c.Patients = p.ID, []clinical.Patient{p}
	if p.Deceased && !old.Deceased {
		a.askFamily(&c, p.ID)
	}
	if p.PhotographyRefused && !old.PhotographyRefused {
		a.takeBackAll(&c, p.ID)
	}
	return c, nil
}

// widens is Forbidden where a change to a record takes a protection away, or
// lets more people see: governance and administrators correct that.
func (a *act) widens(p clinical.Patient, old *clinical.Patient) error {
	switch {
	case old.Deceased && !p.Deceased, a.growsUp(p, old):
		return forbid("governance", "This would take away what protects pictures of a child, or of somebody who has died. Ask governance to correct it.")
	case old.PhotographyRefused && !p.PhotographyRefused:
		return forbid("governance", "This patient has refused to be photographed. If they agree again, ask governance to correct the record.")
	case !slices.Equal(p.NamedTeam, old.NamedTeam), old.Vip && !p.Vip:
		return forbid("governance", "Naming a team and ending VIP protection are governance's. Ask them.")
	default:
		return nil
	}
}

// takeBackAll begins a recall of what the patient consented to beyond care:
// whoever refuses to be photographed refuses that too, for as long as it lasts.
func (a *act) takeBackAll(c *clinical.Change, id clinical.PatientID) {
	var stood []clinical.GrantID
	for _, g := range a.snap.subject(id).grants {
		if g.Status == clinical.GrantGiven && beyondCare(g.Grant) {
			stood = append(stood, g.ID)
		}
	}
	if len(stood) > 0 {
		a.takeBack(c, a.recall(clinical.RecallWithdrawal, id, stood, nil))
	}
}

// growsUp reports whether another birth date makes an adult's of a picture that
// was a child's. One that was not known is filled in by whoever learns it.
func (a *act) growsUp(p clinical.Patient, old *clinical.Patient) bool {
	if old.Born.IsZero() || !p.Born.Before(old.Born) || p.Born.IsZero() {
		return false
	}
	zone, found := a.snap.site.Zone, false
	was, is := birthday(old.Born, 18, zone), birthday(p.Born, 18, zone)
	a.snap.eachShown(p.ID, func(pic *picture) {
		at := instant(pic.captured)
		found = found || pic.captured != unknown && at.Before(was) && !at.Before(is)
	})
	return found
}

// askFamily raises the task of consulting the family of somebody who has died,
// where a consent stands that needs it.
func (a *act) askFamily(c *clinical.Change, id clinical.PatientID) {
	needs := func(g *grant) bool { return g.Status == clinical.GrantGiven && needsFamily(g.Grant) }
	if slices.ContainsFunc(a.snap.subject(id).grants, needs) {
		a.raise(c, clinical.Task{Kind: clinical.FamilyConsult, Role: clinical.Governance, Patient: id})
	}
}

// tidy writes a number as its system does, where that is known.
func (g *Gate) tidy(i clinical.Identifier) clinical.Identifier {
	for _, r := range g.opt.Numbers {
		if r.System == i.System {
			return clinical.Identifier{System: i.System, Value: r.Normalise(i.Value)}
		}
	}
	return clinical.Identifier{System: i.System, Value: clinical.IdentifierRule{}.Normalise(i.Value)}
}

func (a *act) checkPatient(p clinical.Patient) (clinical.Patient, error) {
	p.Family, p.Given = strings.TrimSpace(p.Family), strings.TrimSpace(p.Given)
	switch {
	case len(p.Identifiers) == 0:
		return p, invalid("no-number", "A patient needs at least one number. Add it.")
	case p.Family == "" || len(p.Family)+len(p.Given) > 400 || !utf8.ValidString(p.Family+p.Given):
		return p, invalid("name", "A patient needs a family name; names have at most 400 bytes. Write it.")
	case !p.Born.IsZero() && !p.Born.Before(clinical.DateOf(a.now.In(a.snap.site.Zone).AddDate(0, 0, 1))):
		return p, invalid("born", "This birth date is in the future. Correct it.")
	}
	numbers := make([]clinical.Identifier, 0, len(p.Identifiers))
	for _, i := range p.Identifiers {
		i, err := a.checkNumber(i)
		if err != nil {
			return p, err
		}
		if sh := a.snap.byNumber(i); sh != nil && sh.id != p.ID {
			return p, conflict("number-taken", "Another patient has this number. Find that record, or correct the number.")
		}
		numbers = append(numbers, i)
	}
	p.Identifiers = numbers
	return p, nil
}

func (a *act) checkNumber(i clinical.Identifier) (clinical.Identifier, error) {
	for _, r := range a.g.opt.Numbers {
		if r.System == i.System {
			return r.Parse(i.Value)
		}
	}
	i = a.g.tidy(i)
	if i.System == "" || i.Value == "" || len(i.Value) > 64 || !utf8.ValidString(i.Value) {
		return i, invalid("identifier-form", "A number needs its system and at most 64 characters. Correct it.")
	}
	return i, nil
}

func (a *act) openEncounter(cmd clinical.OpenEncounter) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer, clinical.Clinician, clinical.Nurse, clinical.Admin, clinical.Operator); err != nil {
		return clinical.Change{}, err
	}
	e := cmd.Encounter
	var before *clinical.Encounter
	if e.ID.IsZero() {
		e.ID = clinical.Mint[clinical.Encounter](a.g.opt.Mint)
	}
	if old, ok := a.snap.encounters.get(e.ID); ok {
		if err := current(e.Rev, old.Rev); err != nil {
			return clinical.Change{}, err
		}
		if e.Patient != old.Patient {
			return clinical.Change{}, invalid("patient", "An encounter stays with its patient. Open a new one.")
		}
		before = old
	} else {
		e.Rev = 0
	}
	if !a.snap.shard(e.Patient).alive() {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if e.Opened.IsZero() {
		e.Opened = a.now
	}
	if a.treatsThrough(&e) && !(before != nil && a.treatsThrough(before) && within(&e, before)) {
		return clinical.Change{}, forbid("yourself", "Nobody makes themselves one of those who treat a patient, or one for longer. Ask a colleague or the ward.")
	}
	if !e.Closed.IsZero() && e.Closed.Before(e.Opened) {
		return clinical.Change{}, invalid("dates", "An encounter ends after it begins. Correct the dates.")
	}
	for _, id := range e.Team {
		if _, ok := a.snap.people.get(id); !ok {
			return clinical.Change{}, invalid("team", "Somebody on the team is not known. Add them first.")
		}
	}
	c := a.change(clinical.ActEncounterOpened, "")
	c.Patient, c.Encounters = e.Patient, []clinical.Encounter{e}
	return c, nil
}

// treatsThrough reports whether an encounter makes the asker one of those who
// treat its patient: by name, or by specialty.
func (a *act) treatsThrough(e *clinical.Encounter) bool {
	if slices.Contains(e.Team, a.person.ID) {
		return true
	}
	bySpecialty := a.person.Role == clinical.Clinician || a.person.Role == clinical.Nurse
	return bySpecialty && a.person.Specialty != "" && a.person.Specialty == e.Specialty
}

// within reports whether an encounter lasts no longer than another did.
func within(e, before *clinical.Encounter) bool {
	return !e.Opened.Before(before.Opened) && (before.Closed.IsZero() || !e.Closed.IsZero() && !e.Closed.After(before.Closed))
}

func (a *act) addJobs(cmd clinical.AddJobs) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer, clinical.Clinician, clinical.Nurse, clinical.Admin, clinical.Operator); err != nil {
		return clinical.Change{}, err
	}
	if len(cmd.Jobs) == 0 || len(cmd.Jobs) > 1000 {
		return clinical.Change{}, invalid("jobs", "Between 1 and 1,000 jobs are added at once. Send them in parts.")
	}
	c := a.change(clinical.ActJobAdded, "")
	numbers := map[string]bool{}
	for _, j := range cmd.Jobs {
		if numbers[j.Number] {
			return clinical.Change{}, conflict("job-number", "Two jobs have the same number. Correct one of them.")
		}
		numbers[j.Number] = true
		j, err := a.newJob(j)
		if err != nil {
			return clinical.Change{}, err
		}
		c.Jobs = append(c.Jobs, j)
	}
	if len(c.Jobs) == 1 {
		c.Patient = c.Jobs[0].Patient
	}
	return c, nil
}

// newJob completes and checks one job that is to be added.
func (a *act) newJob(j clinical.Job) (clinical.Job, error) {
	if j.ID.IsZero() {
		j.ID = clinical.Mint[clinical.Job](a.g.opt.Mint)
	}
	if _, ok := a.snap.jobs.get(j.ID); ok {
		return j, conflict("job-number", "Two jobs have the same number. Correct one of them.")
	}
	j.Rev = 0
	if j.Status == "" {
		j.Status = clinical.JobRequested
	}
	if j.Requester.IsZero() && a.person.Role == clinical.Clinician {
		j.Requester = a.person.ID
	}
	if err := a.checkJob(j); err != nil {
		return j, err
	}
	if own := j.Photographer == a.person.ID || j.Photographer.IsZero(); own && a.unmetVIP(j.Patient) {
		return j, forbid("vip", "This patient is for named people only. Assign the job to another photographer, or ask the ward to request the pictures.")
	}
	return j, nil
}

func (a *act) changeJob(cmd clinical.ChangeJob) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer, clinical.Clinician, clinical.Nurse, clinical.Admin); err != nil {
		return clinical.Change{}, err
	}
	j := cmd.Job
	old, ok := a.snap.jobs.get(j.ID)
	if !ok || a.person.Role != clinical.Admin && !a.snap.seesJob(a.person, old, a.now) {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if err := current(j.Rev, old.Rev); err != nil {
		return clinical.Change{}, err
	}
	if j.Patient != old.Patient && len(a.snap.picturesOf(j.ID, old.Patient)) > 0 {
		return clinical.Change{}, conflict("job-patient", "Pictures were taken for this job. Refile them, and make a new job for the right patient.")
	}
	if err := a.checkJob(j); err != nil {
		return clinical.Change{}, err
	}
	taken := !old.Photographer.IsZero() && (j.Photographer == a.person.ID || j.Photographer.IsZero()) || j.Patient != old.Patient
	if taken && a.unmetVIP(j.Patient) {
		return clinical.Change{}, forbid("yourself", "Nobody takes a job of a patient for named people only from its photographer. Ask them, or an administrator.")
	}
	if j.Status == clinical.JobFiled && j.FiledAt.IsZero() {
		j.FiledAt = a.now
	}
	c := a.change(clinical.ActJobChanged, "")
	c.Patient, c.Jobs = j.Patient, []clinical.Job{j}
	return c, nil
}

// unmetVIP reports whether the asker is a photographer whom a job would let meet
// a patient who is for named people only.
func (a *act) unmetVIP(id clinical.PatientID) bool {
	sh := a.snap.subject(id)
	return a.person.Role == clinical.Photographer && sh.patient != nil && sh.patient.Vip && !a.snap.meets(a.person, sh, a.now)
}

// picturesOf returns a patient's pictures that were taken for a job.
func (s *Snapshot) picturesOf(job clinical.JobID, patient clinical.PatientID) []*picture {
	var out []*picture
	for _, pic := range s.shard(patient).pictures {
		if pic.frame.job == job && !pic.frame.state.Gone() {
			out = append(out, pic)
		}
	}
	return out
}

func (a *act) checkJob(j clinical.Job) error {
	taken := false
	a.snap.jobs.each(func(id clinical.JobID, o *clinical.Job) bool {
		taken = id != j.ID && o.Number == j.Number
		return !taken
	})
	switch {
	case strings.TrimSpace(j.Number) == "" || len(j.Number) > 64 || !utf8.ValidString(j.Number):
		return invalid("job-number", "A job needs a number of at most 64 characters. Write the one on the request.")
	case taken:
		return conflict("job-number", "Another job has this number. Correct the number.")
	case !a.snap.shard(j.Patient).alive():
		return clinical.ErrNotFound
	case j.Frames < 0:
		return invalid("frames", "A number of frames is not negative. Correct it.")
	}
	switch j.Status {
	case clinical.JobRequested, clinical.JobBooked, clinical.JobArrived, clinical.JobTaken, clinical.JobFiled,
		clinical.JobDelivered, clinical.JobRefused, clinical.JobAbsent:
	default:
		return invalid("job-status", "This status is not known. Choose requested, booked, arrived, taken, filed, delivered, refused or did-not-attend.")
	}
	if p, ok := a.snap.people.get(j.Photographer); !j.Photographer.IsZero() && (!ok || p.Role != clinical.Photographer) {
		return invalid("photographer", "A job is assigned to a photographer. Choose one, or nobody.")
	}
	if e, ok := a.snap.encounters.get(j.Encounter); !j.Encounter.IsZero() && (!ok || !a.snap.samePatient(e.Patient, j.Patient)) {
		return invalid("encounter", "This encounter is another patient's. Choose one of this patient's.")
	}
	return nil
}
