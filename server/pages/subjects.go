package pages

import (
	"net/http"
	"slices"
	"strings"

	"fovea/clinical"
)

// namesSubjects reports whether a role says who else can be recognised in a
// picture.
func namesSubjects(r clinical.Role) bool {
	return r == clinical.Photographer || r == clinical.Clinician || r == clinical.Governance
}

// nameSubject says on a picture's page who else can be recognised in it, or
// what that would change.
func (d *door) nameSubject(v *visit) error {
	id, err := pathID[clinical.Asset](v.r)
	if err != nil {
		return err
	}
	cmd, err := d.subjectNamed(v, id)
	if err != nil {
		return err
	}
	if v.r.PostFormValue("try") != "" {
		return d.tried(v, cmd, d.picture)
	}
	return d.do(v, cmd, "/pictures/"+id.String()+"?done=named")
}

// subjectNamed finds by number who is to be named in a picture. Who does not
// treat them learns nothing but that somebody has the number.
func (d *door) subjectNamed(v *visit, id clinical.AssetID) (clinical.NameSubjects, error) {
	cmd := clinical.NameSubjects{Assets: []clinical.AssetID{id}}
	if !namesSubjects(v.person.Role) {
		return cmd, clinical.ErrForbidden
	}
	if err := form(v.r); err != nil {
		return cmd, err
	}
	found, err := d.exactly(v, v.r.PostFormValue("system"), text(v.r, "number"))
	switch {
	case err != nil:
		return cmd, err
	case len(found) == 0:
		return cmd, clinical.Refuse(clinical.Invalid, "number", "Nobody has exactly this number. Read it again from the wristband or the request; who has no number yet is registered under Patients.")
	case len(found) > 1:
		return cmd, clinical.Refuse(clinical.Invalid, "number", "This number is good for more than one patient. Say of which kind it is.")
	}
	cmd.Subjects = []clinical.PatientID{found[0].ID}
	return cmd, nil
}

// inPicture is who is named in a picture, as governance reads it: without the
// picture.
type inPicture struct {
	Rail    rail
	Picture string
	Asked   bool
	Whose   []clinical.Patient // its patient
	Others  []clinical.Patient
	Lesion  clinical.Lesion
	Rules   []clinical.IdentifierRule
}

// subjects says who can be recognised in a picture, and takes a name away.
func (d *door) subjects(v *visit) error {
	if v.person.Role != clinical.Governance {
		return clinical.ErrNotFound
	}
	p := inPicture{Rail: railOf(v), Picture: strings.TrimSpace(v.r.FormValue("picture")), Rules: d.Rules}
	if p.Picture == "" {
		return d.show(v, "subjects", "Who is in this picture", p)
	}
	id, err := clinical.ParseID[clinical.Asset](p.Picture)
	if err != nil {
		v.status, v.fault = http.StatusBadRequest, "A picture is named by its 26 letters and digits, which stand on its page and in a set's table. Copy it from there."
		return d.show(v, "subjects", "Who is in this picture", p)
	}
	named, lesion, err := d.Gate.Named(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	p.Asked, p.Lesion = true, lesion
	for i, id := range named {
		one, err := d.met(v, id)
		if err != nil {
			return err
		}
		one.ID = id // the record that is named, also where it was merged into another
		if i == 0 {
			p.Whose = append(p.Whose, one)
		} else {
			p.Others = append(p.Others, one)
		}
	}
	return d.show(v, "subjects", "Who is in this picture", p)
}

// changeSubjects is governance's: it names somebody by number, or takes away a
// wrong name, with the reason.
func (d *door) changeSubjects(v *visit) error {
	if v.person.Role != clinical.Governance {
		return clinical.ErrNotFound
	}
	id, err := clinical.ParseID[clinical.Asset](v.r.PostFormValue("picture"))
	if err != nil {
		return clinical.ErrNotFound
	}
	cmd, next := clinical.NameSubjects{Assets: []clinical.AssetID{id}, Reason: text(v.r, "reason")}, "unnamed"
	if away := v.r.PostFormValue("away"); away != "" {
		who, err := clinical.ParseID[clinical.Patient](away)
		if err != nil {
			return clinical.ErrNotFound
		}
		cmd.Away = []clinical.PatientID{who}
	} else if cmd, err = d.subjectNamed(v, id); err != nil {
		return err
	} else {
		next = "named"
	}
	if v.r.PostFormValue("try") != "" {
		return d.tried(v, cmd, d.subjects)
	}
	return d.do(v, cmd, "/governance/subjects?picture="+id.String()+"&done="+next)
}

// lesionsOf are a patient's lesions where the person meets the patient.
func (d *door) lesionsOf(v *visit, id clinical.PatientID) ([]clinical.Lesion, error) {
	if id.IsZero() || slices.Contains([]clinical.Role{clinical.Student, clinical.Educator}, v.person.Role) {
		return nil, nil
	}
	all, err := d.Gate.Lesions(v.ctx, v.caller, id)
	if clinical.KindOf(err) == clinical.NotFound {
		return nil, nil
	}
	return all, err
}
