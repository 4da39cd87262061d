package pages

import (
	"net/http"
	"slices"
	"strings"
	"unicode"

	"fovea/clinical"
)

// A patient whom the asker does not treat is not there for them, with one
// exception: whoever works here and types a patient's exact number, in a POST,
// learns that somebody has it. That somebody has no name here and no picture;
// the asker may break the glass where their role may, and withdraw consent on
// the patient's word.

// unmetPage is somebody whom the asker does not treat.
type unmetPage struct {
	Patient clinical.Patient // an ID and the number that was typed
	System  string
	Number  string
	Label   string // what such a number is called
	Breaks  bool
	Reasons []choice

	Withdrawn bool
	Ticket    string // to the certificate
	Languages []choice
}

// byNumber is somebody who has a number exactly.
type byNumber struct {
	clinical.Patient
	Rule clinical.IdentifierRule
}

// met reports whether the asker may know who it is.
func (b byNumber) met() bool { return b.Family != "" || b.Given != "" }

// asksByNumber are those who work here in person: each may have to ask for
// pictures, or to record what a patient says.
func asksByNumber(r clinical.Role) bool {
	return slices.Contains([]clinical.Role{
		clinical.Photographer, clinical.Clinician, clinical.Nurse, clinical.Educator, clinical.Governance, clinical.Admin,
	}, r)
}

// exactly finds who has a number: of the kind that is stated, else of every
// kind that it could be of.
func (d *door) exactly(v *visit, system, number string) ([]byNumber, error) {
	var out []byNumber
	number = strings.TrimSpace(number)
	for _, rule := range d.Rules {
		if number == "" || system != "" && rule.System != system {
			continue
		}
		parsed, err := rule.Parse(number)
		if err != nil && system == "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		p, err := d.Gate.PatientByNumber(v.ctx, v.caller, parsed)
		if clinical.KindOf(err) == clinical.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(b byNumber) bool { return b.ID == p.ID }) {
			out = append(out, byNumber{p, rule})
		}
	}
	return out, nil
}

// patientsPage lists patients, and asks for one who is not in the list.
type patientsPage struct {
	Query     string
	Number    string // that was asked for exactly, or could have been
	System    string
	Asked     bool // exactly, and in vain
	Patients  []clinical.Patient
	Rules     []clinical.IdentifierRule
	Registers bool
	Exact     bool // the role asks by number
	Breaks    bool
}

// patients lists those who are the asker's to see. A name or a number does not
// belong in an address: it is asked for by POST.
func (d *door) patients(v *visit) error {
	inAddress(v)
	return d.listPatients(v, patientsPage{})
}

func (d *door) listPatients(v *visit, p patientsPage) error {
	var err error
	if p.Patients, err = d.Gate.Patients(v.ctx, v.caller, p.Query); err != nil {
		return err
	}
	registers := []clinical.Role{clinical.Photographer, clinical.Clinician, clinical.Nurse, clinical.Admin}
	p.Rules, p.Exact, p.Breaks = d.Rules, asksByNumber(v.person.Role) && len(d.Rules) > 0, breaksGlass(v.person.Role)
	p.Registers = slices.Contains(registers, v.person.Role) && len(d.Rules) > 0
	return d.show(v, "patients", "Patients", p)
}

// findPatient answers what was typed into Patients: a name or part of a number
// of somebody who is the asker's to see, else the exact number of anybody.
func (d *door) findPatient(v *visit) error {
	if err := form(v.r); err != nil {
		return err
	}
	p := patientsPage{Query: text(v.r, "q"), Number: text(v.r, "number"), System: v.r.PostFormValue("system")}
	if p.Number == "" {
		mine, err := d.Gate.Patients(v.ctx, v.caller, p.Query)
		switch {
		case err != nil:
			return err
		case len(mine) > 0 || !asksByNumber(v.person.Role):
			return d.listPatients(v, p)
		}
		p.Number, p.System = p.Query, ""
	}
	found, err := d.exactly(v, p.System, p.Number)
	switch {
	case clinical.KindOf(err) == clinical.Invalid:
		v.status, v.fault = said(err)
	case err != nil:
		return err
	case len(found) == 1 && found[0].met():
		http.Redirect(v.w, v.r, "/patients/"+found[0].ID.String(), http.StatusSeeOther)
		return nil
	case len(found) == 1:
		return d.unmet(v, found[0], unmetPage{})
	case len(found) > 1:
		v.status, v.fault = http.StatusConflict, "There are different kinds of number, and this one is good for more than one patient. Say of which kind it is."
	case p.Query == "":
		v.status, v.fault = http.StatusNotFound, "Nobody has exactly this number. Read it again from the wristband or the request."
	}
	p.Asked = true
	if !strings.ContainsFunc(p.Number, unicode.IsDigit) {
		p.Number = ""
	}
	return d.listPatients(v, p)
}

// unmet shows what may be done about somebody whom the asker does not treat.
func (d *door) unmet(v *visit, who byNumber, p unmetPage) error {
	p.Patient, p.System, p.Label = who.Patient, who.Rule.System, who.Rule.Label
	for _, i := range who.Identifiers {
		p.Number = i.Value
	}
	if p.Label == "" {
		p.Label = who.Rule.System
	}
	p.Breaks, p.Reasons, p.Languages = breaksGlass(v.person.Role), glassReasons(), languages()
	title := "Not your patient"
	if p.Withdrawn {
		title = "Withdrawn"
	}
	return d.show(v, "unmet", title, p)
}

// withdrawals asks before consent is withdrawn, and withdraws it. A patient
// whom the asker does not treat is named by number, and stays without a name.
func (d *door) withdrawals(v *visit) error {
	if err := form(v.r); err != nil {
		return err
	}
	asks := d.ask("withdraw", withdraw)
	number := text(v.r, "number")
	if number == "" {
		return asks(v)
	}
	found, err := d.exactly(v, v.r.PostFormValue("system"), number)
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0].ID.String() != v.r.PathValue("id") {
		return clinical.ErrNotFound
	}
	if found[0].met() {
		return asks(v)
	}
	if v.r.PostFormValue("sure") != "1" {
		err = asks(v)
	} else {
		var done bool
		if done, err = d.withdrawUnmet(v, found[0]); done {
			return err
		}
	}
	switch clinical.KindOf(err) {
	case clinical.Invalid, clinical.Conflict, clinical.Forbidden:
	default:
		return err
	}
	v.status, v.fault = said(err)
	return d.unmet(v, found[0], unmetPage{})
}

// withdrawUnmet withdraws for somebody whom the asker does not treat, and
// offers the certificate that the patient takes home.
func (d *door) withdrawUnmet(v *visit, who byNumber) (done bool, err error) {
	cmd, _, err := withdraw(v.r)
	if err != nil {
		return false, err
	}
	change, err := d.Gate.Do(v.ctx, v.caller, cmd)
	if err != nil {
		return false, err
	}
	p := unmetPage{Withdrawn: true}
	if d.Papers.OwnCertificate != nil && len(change.Recalls) > 0 {
		p.Ticket = d.tickets.Issue(change, d.Now().Add(certificateTime), d.Now())
	}
	return true, d.unmet(v, who, p)
}

// patientCertificate hands out the patient's edition of the certificate of a
// withdrawal to who has just made it for them.
func (d *door) patientCertificate(v *visit) error {
	change, ok := d.tickets.Find(v.r.PostFormValue("ticket"), d.Now())
	if !ok || d.Papers.OwnCertificate == nil || change.Caller.Person != v.caller.Person {
		return clinical.ErrNotFound
	}
	content, err := d.Papers.OwnCertificate(v.ctx, change, Print{Edition: "patient", Format: "pdf", Language: language(v)})
	if err != nil {
		return err
	}
	file(v.w, "certificate.pdf", "application/pdf", content)
	return nil
}
