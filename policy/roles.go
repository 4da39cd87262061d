package policy

import (
	"slices"

	"fovea/clinical"
)

// RoleUse is what somebody does in the hospital, and what they want a picture
// for.
type RoleUse struct {
	Role    clinical.Role
	Purpose clinical.Purpose
}

// Roles says by which channels a role may use pictures for a purpose. A site
// states the entries that differ from DefaultRoles; 0 takes a purpose away.
type Roles map[RoleUse]clinical.Channel

const (
	look  = clinical.ViewOnScreen
	carry = look | clinical.Download
	paper = carry | clinical.Print
	drive = carry | clinical.Mount
)

// DefaultRoles is what holds where a site says nothing. Public use and the
// training of devices are nobody's until a site gives them to somebody.
// Governance, administrators, operators and studio accounts see no picture for
// any purpose.
func DefaultRoles() Roles {
	return Roles{
		{clinical.Photographer, clinical.P0}:  paper,
		{clinical.Photographer, clinical.P1}:  look,
		{clinical.Photographer, clinical.P2}:  drive,
		{clinical.Photographer, clinical.P2b}: look,
		{clinical.Photographer, clinical.P4}:  paper,
		{clinical.Photographer, clinical.P6}:  paper,
		{clinical.Clinician, clinical.P0}:     paper,
		{clinical.Clinician, clinical.P1}:     carry,
		{clinical.Clinician, clinical.P2}:     drive,
		{clinical.Clinician, clinical.P2b}:    look,
		{clinical.Clinician, clinical.P3}:     carry,
		{clinical.Clinician, clinical.P4}:     paper,
		{clinical.Clinician, clinical.P6}:     paper,
		{clinical.Educator, clinical.P2}:      drive,
		{clinical.Educator, clinical.P4}:      look,
		{clinical.Student, clinical.P2}:       look | clinical.Mount,
		{clinical.Nurse, clinical.P0}:         look,
	}
}

// widest is how far a site may open a purpose to a role: a drive is for
// teaching alone, another patient is shown a picture on a screen, and those who
// administer never see one.
func widest(u RoleUse) clinical.Channel {
	medical := u.Role == clinical.Photographer || u.Role == clinical.Clinician
	switch {
	case u.Purpose == clinical.P2 && (medical || u.Role == clinical.Educator):
		return drive
	case u.Purpose == clinical.P2b && medical, u == RoleUse{clinical.Nurse, clinical.P0}:
		return look
	case u == RoleUse{clinical.Student, clinical.P2}:
		return drive
	case u.Purpose == clinical.P5 && medical:
		return paper | clinical.Online
	case u.Purpose.Valid() && u.Purpose != clinical.P2b && medical, u == RoleUse{clinical.Educator, clinical.P4}:
		return paper
	default:
		return 0
	}
}

// Check is Invalid where a site opens a purpose to a role further than any site
// may.
func (r Roles) Check() error {
	for u, c := range r {
		if !slices.Contains(clinical.Roles(), u.Role) || !u.Purpose.Valid() {
			return invalid("roles", "A role or a purpose is not known. Choose among the roles, and P0 to P7.")
		}
		if c&^widest(u) != 0 {
			return invalid("roles-bounds", "The "+string(u.Role)+" cannot be given "+(c&^widest(u)).String()+" for "+u.Purpose.String()+" by any site. Leave it out.")
		}
	}
	return nil
}

// filled returns the default with the site's entries in their places, none of
// them wider than any site's may be.
func (r Roles) filled() Roles {
	all := DefaultRoles()
	for u, c := range r {
		all[u] = c & widest(u)
	}
	return all
}

// channels is what a role may use for a purpose at this site.
func (s *Snapshot) channels(r clinical.Role, p clinical.Purpose) clinical.Channel {
	return s.site.Roles[RoleUse{r, p}]
}
