package pages

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// lesionRow is a lesion that is followed, with the pictures of it that this
// person sees, in the order in which they were taken.
type lesionRow struct {
	clinical.Lesion
	Shown []clinical.Shown
}

// lesionRows are a patient's lesions as the page lists them.
func lesionRows(page clinical.PatientPage) []lesionRow {
	rows := make([]lesionRow, 0, len(page.Lesions))
	for _, l := range page.Lesions {
		row := lesionRow{Lesion: l}
		for _, s := range page.Sessions {
			for _, one := range s.Shown {
				if one.Asset.Lesion == l.ID {
					row.Shown = append(row.Shown, one)
				}
			}
		}
		slices.SortStableFunc(row.Shown, func(a, b clinical.Shown) int { return a.Asset.Capture.At.Compare(b.Asset.Capture.At) })
		rows = append(rows, row)
	}
	return rows
}

// followsLesions reports whether a role opens, changes and closes lesions.
func followsLesions(r clinical.Role) bool {
	return r == clinical.Photographer || r == clinical.Clinician || r == clinical.Nurse
}

// seen is a picture of a lesion with how long after the first it was taken.
type seen struct {
	clinical.Shown
	Day int // 0: the day of the first
}

type lesionPage struct {
	Patient  clinical.Patient
	Lesion   clinical.Lesion
	Pictures []seen
	Consents []grantView // those for this lesion alone

	Follows, Records, NoPictures bool
}

// lesion is one lesion, with its pictures in order of time.
func (d *door) lesion(v *visit) error {
	page, at, err := d.lesionAt(v)
	if err != nil {
		return err
	}
	p := lesionPage{
		Patient: page.Patient, Lesion: page.Lesions[at], Follows: followsLesions(v.person.Role), Records: recordsConsent(v.person.Role),
		NoPictures: v.person.Role == clinical.Governance,
	}
	shown := lesionRows(page)[at].Shown
	for _, s := range shown {
		first := clinical.DateOf(shown[0].Asset.Capture.At.In(d.Zone)).Start(d.Zone)
		days := clinical.DateOf(s.Asset.Capture.At.In(d.Zone)).Start(d.Zone).Sub(first)
		p.Pictures = append(p.Pictures, seen{Shown: s, Day: int(days.Hours()+12) / 24}) // a day has 23 to 25 hours
	}
	for _, g := range page.Grants {
		if g.Covers.Lesion == p.Lesion.ID {
			p.Consents = append(p.Consents, d.viewGrant(v, g, page.Patient.Born))
		}
	}
	return d.show(v, "lesion", "Lesion", p)
}

// lesionAt finds the lesion that the path names on its patient's page.
func (d *door) lesionAt(v *visit) (clinical.PatientPage, int, error) {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil {
		return clinical.PatientPage{}, 0, err
	}
	lesion, err := clinical.ParseID[clinical.Lesion](v.r.PathValue("lesion"))
	if err != nil {
		return clinical.PatientPage{}, 0, clinical.ErrNotFound
	}
	page, err := d.Gate.PatientPage(v.ctx, v.caller, id)
	if err != nil {
		return clinical.PatientPage{}, 0, err
	}
	at := slices.IndexFunc(page.Lesions, func(l clinical.Lesion) bool { return l.ID == lesion })
	if at < 0 {
		return clinical.PatientPage{}, 0, clinical.ErrNotFound
	}
	return page, at, nil
}

// openLesion begins to follow a lesion.
func (d *door) openLesion(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Patient](r)
	if err != nil {
		return nil, "", err
	}
	l := clinical.Lesion{Patient: id}
	err = d.fillLesion(r, &l)
	return clinical.OpenLesion{Lesion: l}, "/patients/" + id.String() + "?done=lesion", err
}

// changeLesion corrects what is known of a lesion, closes it or follows it
// again, from the revision that was read.
func (d *door) changeLesion(v *visit) error {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil {
		return err
	}
	lesion, err := clinical.ParseID[clinical.Lesion](v.r.PathValue("lesion"))
	if err != nil {
		return clinical.ErrNotFound
	}
	all, err := d.Gate.Lesions(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(l clinical.Lesion) bool { return l.ID == lesion })
	if at < 0 {
		return clinical.ErrNotFound
	}
	l := all[at]
	if l.Rev, err = revision(v.r); err != nil {
		return err
	}
	if err := d.fillLesion(v.r, &l); err != nil {
		return err
	}
	return d.do(v, clinical.ChangeLesion{Lesion: l}, "/patients/"+id.String()+"/lesions/"+lesion.String()+"?done=lesionchanged")
}

// fillLesion reads the form of a lesion. A day that is there already keeps its
// hour; today means now; a lesion that closes on an earlier day does so at its
// end.
func (d *door) fillLesion(r *http.Request, l *clinical.Lesion) error {
	var opened, closed clinical.Date
	if err := fill(r, map[string]interface{ UnmarshalText([]byte) error }{"opened": &opened, "closed": &closed}); err != nil {
		return err
	}
	l.Label, l.Site, l.Laterality = text(r, "label"), text(r, "site"), clinical.Laterality(r.PostFormValue("side"))
	now := d.Now()
	today := clinical.DateOf(now.In(d.Zone))
	switch {
	case opened.IsZero(), !l.Opened.IsZero() && opened == clinical.DateOf(l.Opened.In(d.Zone)):
	case opened == today:
		l.Opened = now
	default:
		l.Opened = opened.Start(d.Zone)
	}
	switch {
	case !l.Closed.IsZero() && closed == clinical.DateOf(l.Closed.In(d.Zone)):
	case closed == today:
		l.Closed = now
	case closed.IsZero():
		l.Closed = time.Time{}
	default:
		l.Closed = closed.End(d.Zone).Add(-time.Second)
	}
	return nil
}

// showLesion says for ticked pictures which lesion they show: each is described
// from how it stands now, and nothing else of it changes.
func (d *door) showLesion(v *visit) error {
	ids, err := chosen[clinical.Asset](v.r, "asset")
	if err != nil {
		return err
	}
	lesion, err := lesionOf(v.r)
	if err != nil {
		return err
	}
	if lesion == nil {
		return clinical.Refuse(clinical.Invalid, "no-lesion", "No lesion is chosen. Go back and choose the one that the ticked pictures show.")
	}
	for i, id := range ids {
		one, err := d.Gate.Asset(v.ctx, v.caller, id)
		if err == nil && one.Asset.Lesion != *lesion {
			_, err = d.Gate.Do(v.ctx, v.caller, clinical.DescribeAsset{Asset: id, Rev: one.Asset.Rev, Lesion: lesion})
		}
		if err != nil && i > 0 {
			_, words := said(err)
			return clinical.Refuse(clinical.KindOf(err), "lesion-in-part", "Noted for the first "+many(i, "picture")+" of those ticked, and for no other. "+words)
		}
		if err != nil {
			return err
		}
	}
	http.Redirect(v.w, v.r, back(v.r, "/patients", "shows"), http.StatusSeeOther)
	return nil
}

// lesionOf reads the lesion that a picture shows: nil where the form does not
// ask, zero where it says none.
func lesionOf(r *http.Request) (*clinical.LesionID, error) {
	if err := form(r); err != nil {
		return nil, err
	}
	var id clinical.LesionID
	switch said := r.PostFormValue("lesion"); {
	case !r.PostForm.Has("lesion") || said == "":
		return nil, nil //nolint:nilnil // not asked, and no fault
	case said == "none":
		return &id, nil
	default:
		id, err := clinical.ParseID[clinical.Lesion](said)
		if err != nil {
			return nil, clinical.ErrNotFound
		}
		return &id, nil
	}
}

// place says where on the body a lesion is: "left lower leg".
func place(l clinical.Lesion) string {
	switch l.Laterality {
	case clinical.Left, clinical.Right:
		side := "left"
		if l.Laterality == clinical.Right {
			side = "right"
		}
		if l.Site == "" {
			return side + " side"
		}
		return side + " " + l.Site
	case clinical.BothSides:
		return strings.TrimPrefix(l.Site+", both sides", ", ")
	default:
		return l.Site
	}
}

// finding names a lesion in a sentence: “ulcer, medial”, left lower leg.
func finding(l clinical.Lesion) string {
	return strings.TrimSuffix("“"+l.Label+"”, "+place(l), ", ")
}

// theLesion names one of a patient's lesions; one that is not known has no name.
func theLesion(id clinical.LesionID, all []clinical.Lesion) string {
	for _, l := range all {
		if l.ID == id {
			return "the lesion " + finding(l)
		}
	}
	return "one lesion"
}

// isoDay is the day of an instant as a date field holds it; none, where there
// is none.
func (d *door) isoDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return clinical.DateOf(t.In(d.Zone)).String()
}
