package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"fovea/clinical"
)

// home leads to where a role's day begins.
func (d *door) home(v *visit) error {
	http.Redirect(v.w, v.r, nav(v.person.Role)[0].Path, http.StatusSeeOther)
	return nil
}

type jobRow struct {
	Job     clinical.Job
	Patient clinical.Patient
	Late    bool
	Opens   bool // the patient's page is the caller's to see
}

// worklist is the caller's jobs with their patients, open ones first.
func (d *door) worklist(v *visit) (open, ended []jobRow, err error) {
	all, err := d.Gate.Jobs(v.ctx, v.caller)
	if err != nil {
		return nil, nil, err
	}
	now := d.Now()
	for _, j := range all {
		_, p, err := d.Gate.Job(v.ctx, v.caller, j.ID)
		if err != nil && clinical.KindOf(err) != clinical.NotFound {
			return nil, nil, err
		}
		row := jobRow{Job: j, Patient: p, Late: j.Status.Open() && !j.Due.IsZero() && j.Due.Before(now)}
		page, err := d.met(v, p.ID)
		if err != nil {
			return nil, nil, err
		}
		row.Opens = !page.ID.IsZero()
		if j.Status.Open() {
			open = append(open, row)
		} else {
			ended = append(ended, row)
		}
	}
	return open, ended, nil
}

func (d *door) jobs(v *visit) error {
	open, ended, err := d.worklist(v)
	if err != nil {
		return err
	}
	slices.Reverse(ended)
	patients, err := d.Gate.Patients(v.ctx, v.caller, "")
	if err != nil {
		return err
	}
	late := 0
	for _, row := range open {
		if row.Late {
			late++
		}
	}
	looks, err := d.Gate.Unseen(v.ctx, v.caller)
	if err != nil {
		return err
	}
	return d.show(v, "jobs", "Today", struct {
		Open, Ended []jobRow
		Late        int
		Patients    []clinical.Patient
		Looks       int // copies that wait for the asker
	}{open, ended, late, patients, len(looks)})
}

// waiting is quarantined pictures of one studio and one reason: one fix mends
// them all.
type waiting struct {
	Studio clinical.StudioID
	Reason clinical.Reason
	Shown  []clinical.Shown
}

func (d *door) arrivals(v *visit) error {
	a, err := d.Gate.Arrivals(v.ctx, v.caller)
	if err != nil {
		return err
	}
	who := v.r.PostFormValue("who") // by POST: it may be a number
	patients, err := d.Gate.Patients(v.ctx, v.caller, who)
	if err != nil {
		return err
	}
	var open []jobRow
	if v.person.Role == clinical.Photographer {
		if open, _, err = d.worklist(v); err != nil {
			return err
		}
	}
	var groups []waiting
	for _, s := range a.Quarantine {
		at := slices.IndexFunc(groups, func(w waiting) bool { return w.Studio == s.Asset.Studio && w.Reason == s.Asset.Reason })
		if at < 0 {
			groups = append(groups, waiting{Studio: s.Asset.Studio, Reason: s.Asset.Reason})
			at = len(groups) - 1
		}
		groups[at].Shown = append(groups[at].Shown, s)
	}
	studios := make([]clinical.StudioID, 0, len(a.Counts))
	for id := range a.Counts {
		studios = append(studios, id)
	}
	slices.Sort(studios)
	return d.show(v, "arrivals", "Arrivals", struct {
		clinical.Arrivals
		Studios  []clinical.StudioID
		Groups   []waiting
		Patients []clinical.Patient
		Jobs     []jobRow
		Who      string
		Pictures bool
	}{a, studios, groups, patients, open, who, v.person.Role == clinical.Photographer})
}

// facets are what a search of the library is narrowed by.
func facets() []string { return []string{"keyword", "view", "specialty", "studio", "year"} }

// perPage is how many pictures a page of the library shows.
const perPage = 60

func (d *door) library(v *visit) error {
	q := clinical.Query{
		Text: d.typed(v), Limit: perPage, Facets: facets(),
		Terms: map[string][]string{}, Sort: v.r.FormValue("sort"),
	}
	if n, err := strconv.Atoi(v.r.FormValue("from")); err == nil && n > 0 && n < 1<<20 {
		q.Offset = n
	}
	type term struct{ Name, Value string }
	var terms []term
	for _, name := range q.Facets {
		if value := v.r.FormValue(name); value != "" {
			q.Terms[name] = []string{value}
			terms = append(terms, term{name, value})
		}
	}
	found, shown, err := d.Gate.Find(v.ctx, v.caller, clinical.Care(), q)
	if err != nil {
		return err
	}
	sets, err := d.addable(v)
	if err != nil {
		return err
	}
	next, previous := "", ""
	if q.Offset+perPage < found.Total {
		next = strconv.Itoa(q.Offset + perPage)
	}
	if q.Offset > 0 {
		previous = strconv.Itoa(max(0, q.Offset-perPage))
	}
	here := "/library"
	if search := searched(v.r.URL.Query()); search != "" {
		here += "?" + search
	}
	return d.show(v, "library", "Library", struct {
		Here           string
		Query          clinical.Query
		Address        url.Values
		Terms          []term
		Found          clinical.Found
		Shown          []clinical.Shown
		Sets           []clinical.TeachingSet
		Next, Previous string
	}{here, q, v.r.URL.Query(), terms, found, shown, sets, next, previous})
}

// addable are the sets to which the caller may add pictures.
func (d *door) addable(v *visit) ([]clinical.TeachingSet, error) {
	sets, err := d.Gate.Sets(v.ctx, v.caller)
	contributes := v.person.Role == clinical.Photographer || v.person.Role == clinical.Clinician
	return slices.DeleteFunc(sets, func(s clinical.TeachingSet) bool {
		return s.Status == clinical.SetClosed || s.Owner != v.caller.Person && !contributes
	}), err
}

// picture is one picture large, with what is known of it.
func (d *door) picture(v *visit) error {
	id, err := pathID[clinical.Asset](v.r)
	if err != nil {
		return err
	}
	one, err := d.Gate.Asset(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	var patient clinical.Patient
	if !one.Asset.Patient.IsZero() {
		patient, err = d.Gate.Patient(v.ctx, v.caller, one.Asset.Patient)
		if err != nil && clinical.KindOf(err) != clinical.NotFound {
			return err
		}
	}
	sets, err := d.addable(v)
	if err != nil {
		return err
	}
	classifier, _ := d.Gate.PersonByID(one.Asset.ClassifiedBy)
	reviewer, _ := d.Gate.PersonByID(one.Asset.ReviewedBy)
	care := !one.Asset.Original.ID.IsZero()
	var others []clinical.Patient
	for _, id := range one.Asset.Subjects {
		p, err := d.met(v, id)
		if err != nil {
			return err
		}
		others = append(others, p)
	}
	lesions, err := d.lesionsOf(v, one.Asset.Patient)
	if err != nil {
		return err
	}
	return d.show(v, "picture", "Picture", struct {
		clinical.Shown
		Patient              clinical.Patient
		Others               []clinical.Patient // further people in the picture
		Lesions              []clinical.Lesion
		Rules                []clinical.IdentifierRule
		Sets                 []clinical.TeachingSet
		Classifier, Reviewer clinical.Person
		Edits, Reviews       bool
		Names, Governs       bool // the person says who else is seen; and takes a name away
	}{
		one, patient, others, lesions, d.Rules, sets, classifier, reviewer,
		care && (v.person.Role == clinical.Photographer || v.person.Role == clinical.Clinician) && one.Asset.State == clinical.Filed,
		one.Asset.Identifiability() == clinical.I1 && one.Asset.ReviewedBy.IsZero() && one.Asset.ClassifiedBy != v.caller.Person,
		care && namesSubjects(v.person.Role) && one.Asset.State == clinical.Filed && len(d.Rules) > 0, v.person.Role == clinical.Governance,
	})
}

// session is one contact sheet with what is still to be done on it.
type session struct {
	clinical.SessionPage
	Unclassified int
	Primary      bool // it has the page's one primary button
}

func (d *door) patient(v *visit) error {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil {
		return err
	}
	page, err := d.Gate.PatientPage(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	sets, err := d.addable(v)
	if err != nil {
		return err
	}
	var sessions []session
	pictures, first := 0, true
	for _, s := range page.Sessions {
		one := session{SessionPage: s}
		pictures += len(s.Shown)
		for _, x := range s.Shown {
			if unclassified(x.Asset) && !x.Asset.IDShot && x.Asset.State == clinical.Filed {
				one.Unclassified++
			}
		}
		if one.Unclassified > 0 && first && v.person.Role == clinical.Photographer {
			one.Primary, first = true, false
		}
		sessions = append(sessions, one)
	}
	p, err := d.patientRecord(v, page)
	if err != nil {
		return err
	}
	p.Sheets, p.Pictures, p.Sets = sessions, pictures, sets
	return d.show(v, "patient", "Patient", p)
}
