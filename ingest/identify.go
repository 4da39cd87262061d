package ingest

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"fovea/clinical"
	"fovea/ingest/label"
)

// claim is whose picture a file is, as one source says it.
type claim struct {
	patient clinical.Patient
	job     clinical.Job // zero: only the patient was named
	by      Rule
}

// subject is the claim without what is only needed to keep.
func (c claim) subject() Subject {
	return Subject{Patient: c.patient.ID, Job: c.job.ID, Frames: c.job.Frames}
}

// details is what else a ticket says of a file.
type details struct {
	photographer clinical.Person
	lesion       clinical.LesionID
	view         clinical.View
	keywords     []string
	caption      string
}

// refusal is an error that quarantines the file it is about: the reason is the
// file's, not the machine's.
func refusal(r clinical.Reason) error { return clinical.Refuse(clinical.Invalid, r, Words(r)) }

// refused returns the reason of a refusal, and false for any other error.
func refused(err error) (clinical.Reason, bool) {
	if clinical.KindOf(err) != clinical.Invalid {
		return "", false
	}
	r := clinical.ReasonOf(err)
	return r, r != ""
}

// identifier finds people and jobs by what tickets, labels and names say.
type identifier struct {
	register register
	rules    []clinical.IdentifierRule
}

// job returns the claim of a job number.
func (i identifier) job(ctx context.Context, number string) (claim, error) {
	j, err := i.register.FindJob(ctx, strings.TrimSpace(number))
	if errors.Is(err, clinical.ErrNotFound) {
		return claim{}, refusal(reasonUnknownJob)
	}
	if err != nil {
		return claim{}, err
	}
	if j.Status == clinical.JobRefused || j.Status == clinical.JobAbsent {
		return claim{}, refusal(reasonJobClosed)
	}
	p, err := i.register.Patient(ctx, j.Patient)
	if err != nil {
		return claim{}, err
	}
	return i.accepted(ctx, claim{patient: p, job: j})
}

// patient returns the claim of a patient's number in one system, or in the one
// system it can belong to where none is named.
func (i identifier) patient(ctx context.Context, system, number string) (claim, error) {
	id, err := i.parse(system, number)
	if err != nil {
		return claim{}, err
	}
	p, err := i.register.FindPatient(ctx, id)
	if errors.Is(err, clinical.ErrNotFound) {
		return claim{}, refusal(reasonUnknownPerson)
	}
	if err != nil {
		return claim{}, err
	}
	return i.accepted(ctx, claim{patient: p})
}

// parse reads a number by the rule of its system; without a system exactly one
// rule must accept it.
func (i identifier) parse(system, number string) (clinical.Identifier, error) {
	var found []clinical.Identifier
	misread := false
	for _, r := range i.rules {
		if system != "" && !strings.EqualFold(system, r.System) {
			continue
		}
		id, err := r.Parse(number)
		if err == nil {
			found = append(found, id)
		}
		misread = misread || clinical.ReasonOf(err) == reasonCheckDigit
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return clinical.Identifier{}, refusal(reasonAmbiguous)
	case misread:
		return clinical.Identifier{}, refusal(reasonCheckDigit)
	default:
		return clinical.Identifier{}, refusal(reasonIdentifier)
	}
}

// accepted follows a merged record to the one that stands for the person, and
// refuses whoever refused to be photographed.
func (i identifier) accepted(ctx context.Context, c claim) (claim, error) {
	refusedBy := c.patient.PhotographyRefused
	for range 8 {
		if c.patient.MergedInto.IsZero() {
			break
		}
		p, err := i.register.Patient(ctx, c.patient.MergedInto)
		if err != nil {
			return claim{}, err
		}
		c.patient = p
		refusedBy = refusedBy || p.PhotographyRefused
	}
	if refusedBy {
		return claim{}, refusal(reasonRefused)
	}
	return c, nil
}

// named returns the claim of a job number, a patient's number, or both, which
// must then agree.
func (i identifier) named(ctx context.Context, job string, patient ticketID) (claim, error) {
	switch {
	case job != "" && patient.Number != "":
		byJob, err := i.job(ctx, job)
		if err != nil {
			return claim{}, err
		}
		byNumber, err := i.patient(ctx, patient.System, patient.Number)
		if err != nil {
			return claim{}, err
		}
		if byJob.patient.ID != byNumber.patient.ID {
			return claim{}, refusal(reasonDisagree)
		}
		return byJob, nil
	case job != "":
		return i.job(ctx, job)
	case patient.Number != "":
		return i.patient(ctx, patient.System, patient.Number)
	default:
		return claim{}, refusal(reasonUnidentified)
	}
}

// label returns the claim of a label's text: one of our own labels, or a job
// number or patient's number written plainly. end says that it only closes a run.
func (i identifier) label(ctx context.Context, text string) (c claim, end bool, err error) {
	own, err := label.Parse(text)
	switch {
	case errors.Is(err, label.ErrDamaged):
		return claim{}, false, refusal(reasonCheckDigit)
	case err != nil:
		c, err = i.foreignLabel(ctx, strings.TrimSpace(text))
	case own.Kind == label.Patient:
		c, err = i.patient(ctx, own.System, own.Number)
	default:
		end = own.Kind == label.End
		c, err = i.job(ctx, own.Number)
	}
	c.by = RuleIDShot
	return c, end, err
}

// foreignLabel returns the claim of a label that is not ours.
func (i identifier) foreignLabel(ctx context.Context, text string) (claim, error) {
	byJob, err := i.job(ctx, text)
	if err == nil {
		return i.alone(ctx, text, byJob)
	}
	if r, _ := refused(err); r != reasonUnknownJob {
		return claim{}, err
	}
	c, err := i.patient(ctx, "", text)
	if r, _ := refused(err); r == reasonIdentifier {
		return claim{}, refusal(reasonLabelUnknown)
	}
	return c, err
}

// alone refuses a text that is a job's number and, by chance, another patient's
// number as well.
func (i identifier) alone(ctx context.Context, text string, byJob claim) (claim, error) {
	byNumber, err := i.patient(ctx, "", text)
	if err == nil && byNumber.patient.ID != byJob.patient.ID {
		return claim{}, refusal(reasonAmbiguous)
	}
	if _, ok := refused(err); err != nil && !ok {
		return claim{}, err
	}
	return byJob, nil
}

// fileName returns the claim of a file's name under a studio's pattern.
func (i identifier) fileName(ctx context.Context, re *regexp.Regexp, system, name string) (claim, error) {
	m := re.FindStringSubmatch(norm.NFC.String(name))
	if m == nil {
		return claim{}, refusal(reasonNameUnmatched)
	}
	group := func(g string) string {
		if n := re.SubexpIndex(g); n >= 0 {
			return m[n]
		}
		return ""
	}
	c, err := i.named(ctx, group("job"), ticketID{System: system, Number: group("patient")})
	c.by = RulePattern
	return c, err
}

// agree joins the claims of several sources into one, and refuses where two
// name different people, or different jobs.
func agree(claims []claim) (claim, error) {
	if len(claims) == 0 {
		return claim{}, refusal(reasonUnidentified)
	}
	c := claims[0]
	for _, o := range claims[1:] {
		if o.patient.ID != c.patient.ID || (!c.job.ID.IsZero() && !o.job.ID.IsZero() && c.job.ID != o.job.ID) {
			return claim{}, refusal(reasonDisagree)
		}
		if c.job.ID.IsZero() {
			c.job = o.job
		}
	}
	return c, nil
}
