package pages

import (
	"net/http"
	"strings"

	"fovea/clinical"
)

// changeSession records what was said at a sitting, from the revision that was
// read.
func (d *door) changeSession(v *visit) error {
	id, err := pathID[clinical.Session](v.r)
	if err != nil {
		return err
	}
	s := clinical.Session{
		ID: id, Consent: clinical.PhotographyConsent(v.r.PostFormValue("photography")),
		Chaperone: clinical.Chaperone{Name: text(v.r, "chaperone"), Role: text(v.r, "chaperonerole")},
	}
	switch v.r.PostFormValue("offered") {
	case "accepted":
		s.Chaperone.Offered, s.Chaperone.Accepted = true, true
	case "declined":
		s.Chaperone.Offered = true
	}
	if err := fill(v.r, map[string]interface{ UnmarshalText([]byte) error }{"photographer": &s.Photographer}); err != nil {
		return clinical.ErrNotFound
	}
	if s.Rev, err = revision(v.r); err != nil {
		return err
	}
	return d.do(v, clinical.ChangeSession{Session: s}, back(v.r, "/patients", "session"))
}

// merge asks which record is the same person's, shows both, then merges.
func mergePatients(r *http.Request) (clinical.Command, string, error) {
	from, err := pathID[clinical.Patient](r)
	if err != nil {
		return nil, "", err
	}
	into, err := clinical.ParseID[clinical.Patient](r.PostFormValue("to"))
	if err != nil {
		return nil, "", noPatient()
	}
	return clinical.MergePatients{From: from, Into: into, Reason: r.PostFormValue("wrong")}, "/patients/" + into.String() + "?done=merged", nil
}

func unmergePatients(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Patient](r)
	return clinical.UnmergePatients{Patient: id, Reason: text(r, "reason")}, "/patients/" + id.String() + "?done=unmerged", err
}

// aboutMerge asks first which record is the same person's, then whether that is
// right.
func (d *door) aboutMerge(v *visit, q *question) error {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil {
		return err
	}
	q.Title, q.Back = "One patient, two records", "/patients/"+id.String()
	if q.Of, err = d.Gate.Patient(v.ctx, v.caller, id); err != nil {
		return err
	}
	return d.aboutRefile(v, q)
}

// chaperone says whether one was there.
func chaperone(c clinical.Chaperone) string {
	switch {
	case c.Accepted:
		return strings.TrimSuffix("chaperone "+c.Name+", "+c.Role, ", ")
	case c.Offered:
		return "chaperone declined"
	default:
		return "no chaperone noted"
	}
}

// photography says what was said about being photographed.
func photography(c clinical.PhotographyConsent) string {
	switch c {
	case clinical.PhotographyAgreed:
		return "agreed to be photographed"
	case clinical.PhotographyEmergency:
		return "not asked: an emergency"
	case clinical.PhotographyBestInterest:
		return "not asked: in the patient's best interest"
	default:
		return "consent to be photographed not noted"
	}
}
