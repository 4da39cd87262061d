package pages

import (
	"slices"

	"fovea/clinical"
)

// patientView is a patient's page: the pictures, what is allowed, and what this
// person may do about it.
type patientView struct {
	clinical.PatientPage
	Sheets   []session
	Pictures int
	Sets     []clinical.TeachingSet
	Matrix   matrix
	Consents []grantView
	Refusals []clinical.Grant
	Codes    []clinical.PatientCode
	Recalls  []clinical.Recall
	Glass    clinical.BreakGlass // the person's open ticket
	Merged   []clinical.Patient  // records that are this patient's too
	Namable  []clinical.Person   // whom governance may name
	People   []clinical.Person   // who may have taken the pictures
	Followed []lesionRow
	Unopened clinical.Lesion // what the form of a new one begins with

	Classifies, Adds, Moves, Requests bool
	Holding, NoPictures               bool
	Records, Withdraws, Sits, Merges  bool
	Breaks, Releases, Prints, Papers  bool
	Follows                           bool // the person opens and changes lesions
}

// grantView is one consent as the page lists it.
type grantView struct {
	clinical.Grant
	Stands bool // there is something to withdraw
	Active bool
	Scans  bool // a scan may still be kept beside it
	Errs   bool // the person may say that it was recorded by mistake
}

// patientRecord gathers what stands beside the pictures.
func (d *door) patientRecord(v *visit, page clinical.PatientPage) (patientView, error) {
	role, id := v.person.Role, page.Patient.ID
	medical := role == clinical.Photographer || role == clinical.Clinician
	p := patientView{
		PatientPage: page, Matrix: matrixOf(page, d.Now(), d.Zone),
		Classifies: role == clinical.Photographer, Adds: medical, Moves: role == clinical.Photographer || role == clinical.Governance,
		Requests: role != clinical.Governance, Holding: role == clinical.Governance || role == clinical.Admin, NoPictures: role == clinical.Governance,
		Records: recordsConsent(role), Withdraws: true, Sits: role == clinical.Photographer || role == clinical.Nurse,
		Merges: role == clinical.Governance, Breaks: breaksGlass(role), Releases: medical, Prints: d.Papers.ConsentForm != nil, Papers: d.Papers.Certificate != nil,
		Followed: lesionRows(page), Follows: followsLesions(role),
	}
	for _, g := range page.Grants {
		p.Consents = append(p.Consents, d.viewGrant(v, g, page.Patient.Born))
		if g.Status == clinical.GrantRefused {
			p.Refusals = append(p.Refusals, g)
		}
	}
	var err error
	if p.Glass, err = d.openGlass(v, id); err != nil {
		return p, err
	}
	p.Breaks = p.Breaks && p.Glass.ID.IsZero() && (page.Restricted || role == clinical.Governance)
	if p.Records {
		if p.Codes, err = d.Gate.Codes(v.ctx, v.caller, id); err != nil {
			return p, err
		}
		if p.Recalls, err = d.Gate.Recalls(v.ctx, v.caller, id); err != nil {
			return p, err
		}
	}
	if p.Merges {
		if err = d.governed(v, &p); err != nil {
			return p, err
		}
	}
	if p.Sits {
		p.People, err = d.photographers(v)
	}
	return p, err
}

// governed gathers what governance alone changes.
func (d *door) governed(v *visit, p *patientView) (err error) {
	if p.Namable, err = d.namable(v, p.Patient.NamedTeam); err != nil {
		return err
	}
	p.Merged, err = d.Gate.Merged(v.ctx, v.caller, p.Patient.ID)
	return err
}

func (d *door) viewGrant(v *visit, g clinical.Grant, born clinical.Date) grantView {
	stands := slices.Contains([]clinical.GrantStatus{clinical.GrantGiven, clinical.GrantRequested, clinical.GrantPending}, g.Status)
	return grantView{
		Grant: g, Stands: stands, Active: g.StandsAt(d.Now(), born, d.Zone),
		Scans: g.FormBlob.IsZero() && (recordsConsent(v.person.Role) || g.RecordedBy == v.caller.Person),
		Errs:  g.Status != clinical.GrantEnteredInError && (g.RecordedBy == v.caller.Person || v.person.Role == clinical.Governance),
	}
}

// photographers are who may have taken pictures, the person themselves first.
func (d *door) photographers(v *visit) ([]clinical.Person, error) {
	people, err := d.Gate.People(v.ctx, v.caller)
	if err != nil && clinical.KindOf(err) != clinical.Forbidden {
		return nil, err
	}
	people = slices.DeleteFunc(people, func(p clinical.Person) bool {
		return p.ID == v.caller.Person || p.Role != clinical.Photographer && p.Role != clinical.Nurse
	})
	return append([]clinical.Person{v.person}, people...), nil
}
