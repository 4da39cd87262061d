package policy

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"fovea/clinical"
)

const (
	maxSubjects = 50  // in one picture, beside its patient
	maxLesion   = 200 // bytes of a lesion's label
	maxSite     = 80  // bytes of its body site
)

// openLesion begins a finding of a patient whom the asker meets.
func (a *act) openLesion(cmd clinical.OpenLesion) (clinical.Change, error) {
	l := cmd.Lesion
	sh, err := a.followed(l.Patient)
	if err != nil {
		return clinical.Change{}, err
	}
	if l.ID.IsZero() {
		l.ID = clinical.Mint[clinical.Lesion](a.g.opt.Mint)
	}
	if _, ok := a.snap.lesions.get(l.ID); ok {
		return clinical.Change{}, conflict("exists", "This lesion is recorded already. Change it instead.")
	}
	if l.Opened.IsZero() {
		l.Opened = a.now
	}
	l.Rev, l.Patient = 0, a.snap.root(sh.id)
	return a.lesion(clinical.ActLesionOpened, l)
}

// changeLesion corrects what is known of a finding, or closes it. What was
// consented to for it stays: a consent names the finding, not its dates.
func (a *act) changeLesion(cmd clinical.ChangeLesion) (clinical.Change, error) {
	l := cmd.Lesion
	old, ok := a.snap.lesions.get(l.ID)
	if !ok {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if _, err := a.followed(old.Patient); err != nil {
		return clinical.Change{}, err
	}
	if err := current(l.Rev, old.Rev); err != nil {
		return clinical.Change{}, err
	}
	if l.Opened.IsZero() {
		l.Opened = old.Opened
	}
	l.Patient = old.Patient
	return a.lesion(clinical.ActLesionChanged, l)
}

// followed returns the patient whose lesions the asker may record.
func (a *act) followed(id clinical.PatientID) (*shard, error) {
	if err := a.allow(clinical.Photographer, clinical.Clinician, clinical.Nurse); err != nil {
		return nil, err
	}
	sh := a.snap.subject(id)
	if !a.snap.meets(a.person, sh, a.now) {
		return nil, clinical.ErrNotFound
	}
	return sh, nil
}

// lesion checks a finding and puts it into a change.
func (a *act) lesion(what clinical.Act, l clinical.Lesion) (clinical.Change, error) {
	l.Label, l.Site = strings.TrimSpace(l.Label), strings.TrimSpace(l.Site)
	sides := []clinical.Laterality{clinical.LateralityUnknown, clinical.Right, clinical.Left, clinical.BothSides, clinical.Unpaired}
	switch {
	case l.Label == "" || len(l.Label) > maxLesion || len(l.Site) > maxSite || !utf8.ValidString(l.Label+l.Site):
		return clinical.Change{}, invalid("label", "A lesion has a label of at most 200 bytes, such as \"ulcer, medial\", and a body site of at most 80. Correct it.")
	case !slices.Contains(sides, l.Laterality):
		return clinical.Change{}, invalid("laterality", "The sides are R, L, B and U. Choose one of these, or leave it out.")
	case l.Opened.After(a.now.Add(time.Minute)) || l.Closed.After(a.now.Add(time.Minute)):
		return clinical.Change{}, invalid("dates", "A lesion is not followed or closed in the future. Correct the date.")
	case !l.Closed.IsZero() && l.Closed.Before(l.Opened):
		return clinical.Change{}, invalid("dates", "A lesion closes after it opens. Correct the dates.")
	}
	c := a.change(what, "")
	c.Patient, c.Lesions = l.Patient, []clinical.Lesion{l}
	return c, nil
}

// nameSubjects says who else can be recognised in pictures. Naming one more
// only narrows, and whoever sees a picture for care and describes it may.
// Taking one away widens what others consented to: it is governance's, with a
// reason, who need not see the picture.
func (a *act) nameSubjects(ctx context.Context, cmd clinical.NameSubjects) (clinical.Change, error) {
	if err := a.mayName(cmd); err != nil {
		return clinical.Change{}, err
	}
	assets, err := a.read(ctx, cmd.Assets, func(pic *picture) error {
		switch {
		case pic.frame.form || pic.frame.state.Gone() || a.person.Role != clinical.Governance && !a.sees(pic.id):
			return clinical.ErrNotFound
		case a.held(pic):
			return conflict("on-hold", onHold)
		case pic.frame.state == clinical.Quarantined:
			return conflict("quarantined", "These pictures have no patient yet. File them first.")
		case slices.ContainsFunc(cmd.Subjects, func(id clinical.PatientID) bool { return a.snap.samePatient(id, pic.frame.patient) }):
			return invalid("subject", "One of these pictures is this patient's own. Name who else is seen in it.")
		}
		return nil
	})
	if err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActSubjectsNamed, cmd.Reason)
	for i := range assets {
		as := &assets[i]
		subjects := slices.DeleteFunc(slices.Clone(as.Subjects), func(id clinical.PatientID) bool { return slices.Contains(cmd.Away, id) })
		for _, id := range cmd.Subjects {
			if !slices.Contains(subjects, id) {
				subjects = append(subjects, id)
			}
		}
		if as.Subjects = subjects; len(subjects) > maxSubjects {
			return clinical.Change{}, invalid("too-many", "At most 50 people are named beside the patient. Have the picture masked instead.")
		}
		c.Patient = as.Patient
	}
	keep(&c, assets)
	return c, nil
}

// mayName checks who asks, and whom they name.
func (a *act) mayName(cmd clinical.NameSubjects) error {
	switch {
	case len(cmd.Subjects)+len(cmd.Away) == 0 || len(cmd.Subjects)+len(cmd.Away) > maxSubjects:
		return invalid("subject", "Name between 1 and 50 patients who are seen in the pictures.")
	case slices.ContainsFunc(cmd.Subjects, func(id clinical.PatientID) bool { return slices.Contains(cmd.Away, id) }):
		return invalid("subject", "A patient is either named or taken away. Leave one of the two out.")
	case slices.ContainsFunc(cmd.Subjects, func(id clinical.PatientID) bool { return !a.snap.shard(id).alive() }):
		return clinical.ErrNotFound
	case len(cmd.Away) == 0:
		return a.allow(clinical.Photographer, clinical.Clinician, clinical.Governance)
	case a.person.Role != clinical.Governance:
		return forbid("governance", "Taking somebody away widens who may see the picture. Ask governance.")
	default:
		return reasoned(cmd.Reason)
	}
}

// Lesions returns the findings of a patient whom the caller may meet, open ones
// first and then the newest.
func (g *Gate) Lesions(_ context.Context, c clinical.Caller, id clinical.PatientID) ([]clinical.Lesion, error) {
	_, _, sh, err := g.patient(c, id)
	if err != nil {
		return nil, err
	}
	return lesionsOf(sh), nil
}

func lesionsOf(sh *shard) []clinical.Lesion {
	out := make([]clinical.Lesion, 0, len(sh.lesions))
	for _, l := range sh.lesions {
		out = append(out, *l)
	}
	over := func(l clinical.Lesion) int {
		if l.Closed.IsZero() {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b clinical.Lesion) int {
		return cmp.Or(over(a)-over(b), b.Opened.Compare(a.Opened), b.ID.Compare(a.ID))
	})
	return out
}

// Named returns who can be recognised in a picture, its patient first, and the
// lesion that it shows. It is for governance, who take a name away without
// seeing the picture; for everybody else there is none. Of a picture that has no
// patient yet nobody is named. Asking is in the ledger.
func (g *Gate) Named(ctx context.Context, c clinical.Caller, id clinical.AssetID) ([]clinical.PatientID, clinical.Lesion, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, clinical.Lesion{}, err
	}
	pic, ok := snap.pictures.get(id)
	if p.Role != clinical.Governance || !ok || pic.frame.form || pic.frame.state.Gone() {
		return nil, clinical.Lesion{}, clinical.ErrNotFound
	}
	e := g.event(clinical.ActExplained, c)
	e.Assets, e.Patient = []clinical.AssetID{id}, pic.frame.patient
	if err := g.note(ctx, e, true); err != nil {
		return nil, clinical.Lesion{}, err
	}
	var named []clinical.PatientID
	if !pic.frame.patient.IsZero() {
		named = append(named, pic.frame.patient)
	}
	pic.frame.eachSubject(func(id clinical.PatientID) { named = append(named, id) })
	if l, ok := snap.lesions.get(pic.frame.lesion); ok {
		return named, *l, nil
	}
	return named, clinical.Lesion{}, nil
}
