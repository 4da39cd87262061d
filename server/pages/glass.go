package pages

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"fovea/clinical"
)

// glassPage asks for a ticket to one patient's pictures.
type glassPage struct {
	Patient clinical.Patient // the number alone where the asker does not meet them
	Rules   []clinical.IdentifierRule
	System  string
	Number  string
	Reasons []choice
}

func glassReasons() []choice {
	words := map[clinical.GlassReason]string{
		clinical.GlassEmergency: "An emergency", clinical.GlassCover: "I cover for the treating team", clinical.GlassReferral: "I am asked for an opinion",
		clinical.GlassPatient: "The patient is here and asks for it", clinical.GlassOther: "Something else, which I say below",
	}
	var out []choice
	for _, r := range clinical.GlassReasons() {
		out = append(out, choice{string(r), words[r]})
	}
	return out
}

func breaksGlass(r clinical.Role) bool { return r == clinical.Clinician || r == clinical.Governance }

// glassForm asks why somebody needs restricted pictures now. The patient is the
// one of the page it came from, or has exactly the number that was typed.
func (d *door) glassForm(v *visit) error {
	if !breaksGlass(v.person.Role) {
		return clinical.ErrNotFound
	}
	p := glassPage{Rules: d.Rules, System: v.r.PostFormValue("system"), Number: strings.TrimSpace(v.r.PostFormValue("number")), Reasons: glassReasons()}
	patient, err := d.glassPatient(v, p)
	if err != nil && (v.status == 0 || clinical.KindOf(err) != clinical.NotFound) && v.r.FormValue("patient")+p.Number != "" {
		if clinical.KindOf(err) != clinical.NotFound && clinical.KindOf(err) != clinical.Invalid {
			return err
		}
		v.status, v.fault = http.StatusNotFound, "Nobody has exactly this number. Read it again from the wristband or the request."
	}
	p.Patient = patient
	return d.show(v, "glass", "Break the glass", p)
}

func (d *door) glassPatient(v *visit, p glassPage) (clinical.Patient, error) {
	if text := v.r.FormValue("patient"); text != "" {
		id, err := clinical.ParseID[clinical.Patient](text)
		if err != nil {
			return clinical.Patient{}, clinical.ErrNotFound
		}
		known, err := d.Gate.Patient(v.ctx, v.caller, id)
		if clinical.KindOf(err) == clinical.NotFound && v.r.Method == http.MethodPost {
			return clinical.Patient{ID: id}, nil // found by number a moment ago; the gate decides
		}
		return known, err
	}
	found, err := d.exactly(v, p.System, p.Number)
	if err != nil || len(found) != 1 {
		return clinical.Patient{}, cmp.Or(err, error(clinical.ErrNotFound))
	}
	return found[0].Patient, nil
}

// breakGlass opens a patient's pictures for an hour to somebody who has just
// given their password again.
func (d *door) breakGlass(v *visit) error {
	if !breaksGlass(v.person.Role) {
		return clinical.ErrNotFound
	}
	id, err := clinical.ParseID[clinical.Patient](v.r.PostFormValue("patient"))
	if err != nil {
		return noPatient()
	}
	caller, err := d.Accounts.SignIn(v.w, v.r, v.person.Login, v.r.PostFormValue("password"))
	v.r.PostForm.Del("password")
	var later interface{ RetryAfter() time.Duration }
	switch {
	case errors.As(err, &later):
		return clinical.Refuse(clinical.Forbidden, "sign-in-again", "Too many wrong passwords. Wait "+many(int(later.RetryAfter()/time.Second)+1, "second")+", then try again.")
	case clinical.KindOf(err) == clinical.Forbidden:
		return clinical.Refuse(clinical.Forbidden, "sign-in-again", "This is not your password. Type the one you sign in with.")
	case err != nil:
		return err
	}
	v.caller = caller
	return d.do(v, clinical.BreakTheGlass{
		Patient: id, Why: clinical.GlassReason(v.r.PostFormValue("why")), Words: text(v.r, "words"), Confirmed: d.Now(),
	}, "/patients/"+id.String()+"?done=glass")
}

// openGlass is the caller's open ticket to a patient, zero where there is none.
func (d *door) openGlass(v *visit, id clinical.PatientID) (clinical.BreakGlass, error) {
	all, err := d.Gate.Glasses(v.ctx, v.caller)
	if err != nil {
		return clinical.BreakGlass{}, err
	}
	for _, g := range all {
		if g.Person == v.caller.Person && g.Patient == id && g.OpenAt(d.Now()) {
			return g, nil
		}
	}
	return clinical.BreakGlass{}, nil
}

// glassRow is a ticket as its reviewer reads it.
type glassRow struct {
	Ticket  clinical.BreakGlass
	Patient clinical.Patient
	Reviews bool // the caller may judge it
}

// glasses are all tickets, those that wait for review first.
func (d *door) glasses(v *visit) error {
	if !leads(v.person) {
		return clinical.ErrNotFound
	}
	all, err := d.Gate.Glasses(v.ctx, v.caller)
	if err != nil {
		return err
	}
	var rows []glassRow
	waiting := 0
	for _, g := range all {
		row := glassRow{Ticket: g, Reviews: g.ReviewedAt.IsZero() && g.Person != v.caller.Person}
		if g.ReviewedAt.IsZero() {
			waiting++
		}
		if row.Patient, err = d.met(v, g.Patient); err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return d.show(v, "glasses", "Broken glass", struct {
		Rail    rail
		Rows    []glassRow
		Waiting int
	}{railOf(v), rows, waiting})
}

func reviewGlass(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.BreakGlass](r)
	return clinical.ReviewGlass{Ticket: id, Verdict: clinical.GlassVerdict(r.PostFormValue("verdict")), Words: text(r, "words")}, "/governance/glasses?done=reviewedglass", err
}
