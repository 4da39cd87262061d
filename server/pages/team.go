package pages

import (
	"slices"

	"fovea/clinical"
)

// namable are those whom governance may still name for a patient: people who
// treat or photograph, and are not named yet.
func (d *door) namable(v *visit, team []clinical.PersonID) ([]clinical.Person, error) {
	people, err := d.Gate.People(v.ctx, v.caller)
	return slices.DeleteFunc(people, func(p clinical.Person) bool {
		treats := p.Role == clinical.Clinician || p.Role == clinical.Nurse || p.Role == clinical.Photographer
		return !treats || !p.ActiveAt(d.Now(), d.Zone) || slices.Contains(team, p.ID)
	}), err
}

// nameTeam adds somebody to those with a standing need to know about a patient,
// or takes somebody away, from the revision that was read.
func (d *door) nameTeam(v *visit) error {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil {
		return err
	}
	var add, away clinical.PersonID
	if err := fill(v.r, map[string]interface{ UnmarshalText([]byte) error }{"add": &add, "away": &away}); err != nil {
		return err
	}
	if add.IsZero() == away.IsZero() {
		return clinical.Refuse(clinical.Invalid, "nobody", "Nobody is chosen. Choose who is to be named.")
	}
	p, err := d.Gate.Patient(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	if p.Rev, err = revision(v.r); err != nil {
		return err
	}
	p.NamedTeam = slices.DeleteFunc(slices.Clone(p.NamedTeam), func(who clinical.PersonID) bool { return who == add || who == away })
	if !add.IsZero() {
		p.NamedTeam = append(p.NamedTeam, add)
	}
	return d.do(v, clinical.ChangePatient{Patient: p}, "/patients/"+id.String()+"?done=team")
}
