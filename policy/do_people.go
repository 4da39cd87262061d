package policy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"fovea/clinical"
)

func (a *act) addPerson(cmd clinical.AddPerson) (clinical.Change, error) {
	if err := a.allow(clinical.Admin, clinical.Operator); err != nil {
		return clinical.Change{}, err
	}
	p := cmd.Person
	if p.ID.IsZero() {
		p.ID = clinical.Mint[clinical.Person](a.g.opt.Mint)
	}
	if _, ok := a.snap.people.get(p.ID); ok {
		return clinical.Change{}, conflict("exists", "This person is known already. Change them instead.")
	}
	p.Rev, p.Since = 0, a.now
	p, err := a.checkPerson(p)
	if err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActPersonAdded, "")
	c.People = []clinical.Person{p}
	return c, nil
}

func (a *act) changePerson(cmd clinical.ChangePerson) (clinical.Change, error) {
	if err := a.allow(clinical.Admin, clinical.Operator); err != nil {
		return clinical.Change{}, err
	}
	old, ok := a.snap.people.get(cmd.Person.ID)
	if !ok {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if err := current(cmd.Person.Rev, old.Rev); err != nil {
		return clinical.Change{}, err
	}
	p := cmd.Person
	p.Since = old.Since
	p, err := a.checkPerson(p)
	if err != nil {
		return clinical.Change{}, err
	}
	if p.ID == a.person.ID && (p.Disabled || p.Role != old.Role) {
		return clinical.Change{}, invalid("yourself", "You cannot take your own rights away. Ask another administrator.")
	}
	c := a.change(clinical.ActPersonChanged, "")
	c.People = []clinical.Person{p}
	return c, nil
}

func (a *act) checkPerson(p clinical.Person) (clinical.Person, error) {
	p.Login, p.Name = fold(p.Login), strings.TrimSpace(p.Name)
	ok := p.Login != "" && len(p.Login) <= 64
	for _, r := range p.Login {
		ok = ok && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-@", r))
	}
	switch id, taken := a.snap.logins[p.Login]; {
	case !ok:
		return p, invalid("login", "A login has 1 to 64 of the letters a to z, digits, dot, dash, underscore and @. Choose another.")
	case taken && id != p.ID:
		return p, conflict("login-taken", "Somebody has this login already. Choose another.")
	case p.Name == "" || len(p.Name) > 200 || !utf8.ValidString(p.Name):
		return p, invalid("name", "A person needs a name of at most 200 bytes. Write it.")
	case !slices.Contains(clinical.Roles(), p.Role):
		return p, invalid("person-role", "This role is not known. Choose one of photographer, clinician, educator, student, governance, nurse, studio, admin.")
	}
	for _, s := range p.Studios {
		if !studioID(s) {
			return p, invalid("studio", "A studio's name has lower-case letters, digits and dashes, at most 40. Choose one that is configured.")
		}
	}
	return p, nil
}

func studioID(s clinical.StudioID) bool {
	ok := s != "" && len(s) <= 40
	for _, r := range s {
		ok = ok && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
	}
	return ok
}
