package policy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"fovea/clinical"
)

// changeSession records what was said at a sitting: consent to be photographed
// or why nobody could be asked, the chaperone, and who took the pictures. None
// of it opens or closes a picture, but for the photographer, who sees what they
// took.
func (a *act) changeSession(cmd clinical.ChangeSession) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer, clinical.Nurse); err != nil {
		return clinical.Change{}, err
	}
	old, ok := a.snap.sessions.get(cmd.Session.ID)
	if !ok || !a.atSession(old) {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if err := current(cmd.Session.Rev, old.Rev); err != nil {
		return clinical.Change{}, err
	}
	s := *old
	s.Consent, s.Chaperone, s.Photographer = cmd.Session.Consent, cmd.Session.Chaperone, cmd.Session.Photographer
	if err := a.checkSitting(&s, old); err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActSessionChanged, "")
	c.Patient, c.Sessions = s.Patient, []clinical.Session{s}
	return c, nil
}

// atSession reports whether the sitting is the asker's: they took the pictures,
// or have its job, or nobody did yet and it is their studio's.
func (a *act) atSession(s *clinical.Session) bool {
	if s.Photographer == a.person.ID {
		return true
	}
	if a.person.Role != clinical.Photographer {
		return false
	}
	if j, ok := a.snap.jobs.get(s.Job); ok && j.Photographer == a.person.ID {
		return true
	}
	return s.Photographer.IsZero() && a.person.In(s.Studio) && !a.unmetVIP(s.Patient)
}

func (a *act) checkSitting(s, old *clinical.Session) error {
	ch := &s.Chaperone
	ch.Name, ch.Role = strings.TrimSpace(ch.Name), strings.TrimSpace(ch.Role)
	said := []clinical.PhotographyConsent{
		clinical.PhotographyNotAsked, clinical.PhotographyAgreed, clinical.PhotographyEmergency, clinical.PhotographyBestInterest,
	}
	switch {
	case !slices.Contains(said, s.Consent):
		return invalid("photography-consent", "The patient agreed, or nobody could be asked: emergency or best interest. Choose one, or leave it open.")
	case ch.Accepted && !ch.Offered:
		return invalid("chaperone", "A chaperone who came was offered. Note that too.")
	case ch.Accepted && ch.Name == "":
		return invalid("chaperone", "Write the name of the chaperone, and what they are.")
	case !ch.Accepted && ch.Name+ch.Role != "":
		return invalid("chaperone", "A chaperone is named where the patient accepted one. Note that, or leave the name out.")
	case len(ch.Name) > 200 || len(ch.Role) > 100 || !utf8.ValidString(ch.Name+ch.Role):
		return invalid("chaperone", "A chaperone's name has at most 200 bytes, and their role 100. Shorten them.")
	case s.Photographer == old.Photographer:
		return nil
	case !old.Photographer.IsZero() && old.Photographer != a.person.ID, old.Photographer.IsZero() && s.Photographer != a.person.ID:
		return forbid("yourself", "Who took the pictures says so, or hands the session over. Ask them.")
	}
	p, ok := a.snap.people.get(s.Photographer)
	if !ok || p.Role != clinical.Photographer && p.Role != clinical.Nurse {
		return invalid("photographer", "Pictures are taken by photographers and nurses. Choose one.")
	}
	return nil
}

// notedWithin is how many days a sitting stays on the worklist of whoever took
// its pictures.
const notedWithin = 30

// sittings gathers the sittings of which nobody has noted whether the patient
// agreed to be photographed: to who took the pictures, and to the photographers
// of the studio where nobody is named.
func (w *worklist) sittings(p *clinical.Person) {
	w.snap.sessions.each(func(id clinical.SessionID, s *clinical.Session) bool {
		own := s.Photographer == p.ID || s.Photographer.IsZero() && p.Role == clinical.Photographer && p.In(s.Studio)
		recent := !s.Began.IsZero() && !past(s.Began.AddDate(0, 0, notedWithin), w.now)
		if s.Consent == clinical.PhotographyNotAsked && own && recent && w.snap.meets(p, w.snap.subject(s.Patient), w.now) {
			w.items = append(w.items, clinical.WorkItem{Kind: clinical.WorkPhotography, Patient: s.Patient, Session: id, Due: s.Began})
		}
		return true
	})
}
