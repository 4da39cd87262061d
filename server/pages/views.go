package pages

import (
	"net/http"
	"slices"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

// home leads to where a role's day begins.
func (d *door) home(v *visit) error {
	http.Redirect(v.w, v.r, nav(v.person.Role)[0].Path, http.StatusSeeOther)
	return nil
}

func (d *door) loginForm(w http.ResponseWriter, r *http.Request) {
	if err := d.render(w, http.StatusOK, "login", frame{Title: "Sign in"}); err != nil {
		d.fail(w, r, err)
	}
}

func (d *door) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if _, err := d.Accounts.SignIn(w, r, r.PostFormValue("login"), r.PostFormValue("password")); err != nil {
		status, text := http.StatusUnauthorized, "Login or password is wrong. Try again, or ask the administrator for a new password."
		if clinical.ReasonOf(err) == "too-many-attempts" {
			status, text = http.StatusTooManyRequests, "Too many attempts. Wait a minute, then try again."
		}
		if rerr := d.render(w, status, "login", frame{Title: "Sign in", Body: text}); rerr != nil {
			d.fail(w, r, rerr)
		}
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (d *door) logout(w http.ResponseWriter, r *http.Request) {
	if err := d.Accounts.SignOut(w, r); err != nil {
		d.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

type jobRow struct {
	Job     clinical.Job
	Patient clinical.Patient
	Late    bool
}

func (d *door) jobs(v *visit) error {
	all, err := d.Gate.Jobs(v.ctx, v.caller)
	if err != nil {
		return err
	}
	now := d.Now()
	var open, ended []jobRow
	for _, j := range all {
		_, p, err := d.Gate.Job(v.ctx, v.caller, j.ID)
		if err != nil && clinical.KindOf(err) != clinical.NotFound {
			return err
		}
		row := jobRow{Job: j, Patient: p, Late: j.Status.Open() && !j.Due.IsZero() && j.Due.Before(now)}
		if j.Status.Open() {
			open = append(open, row)
		} else {
			ended = append(ended, row)
		}
	}
	byDue := func(a, b jobRow) int { return a.Job.Due.Compare(b.Job.Due) }
	slices.SortFunc(open, byDue)
	slices.SortFunc(ended, byDue)
	return d.show(v, "jobs", "Today", struct{ Open, Ended []jobRow }{open, ended})
}

func (d *door) arrivals(v *visit) error {
	a, err := d.Gate.Arrivals(v.ctx, v.caller)
	if err != nil {
		return err
	}
	patients, err := d.Gate.Patients(v.ctx, v.caller, v.r.FormValue("who"))
	if err != nil {
		return err
	}
	return d.show(v, "arrivals", "Arrivals", struct {
		clinical.Arrivals
		Patients []clinical.Patient
		Who      string
	}{a, patients, v.r.FormValue("who")})
}

func (d *door) library(v *visit) error {
	q := clinical.Query{Text: v.r.FormValue("q"), Limit: 100, Facets: []string{"keyword", "view", "specialty", "year"}, Terms: map[string][]string{}}
	for _, name := range q.Facets {
		if value := v.r.FormValue(name); value != "" {
			q.Terms[name] = []string{value}
		}
	}
	found, shown, err := d.Gate.Find(v.ctx, v.caller, clinical.Care(), q)
	if err != nil {
		return err
	}
	return d.show(v, "library", "Library", struct {
		Query string
		Found clinical.Found
		Shown []clinical.Shown
	}{q.Text, found, shown})
}

func (d *door) patients(v *visit) error {
	all, err := d.Gate.Patients(v.ctx, v.caller, v.r.FormValue("q"))
	if err != nil {
		return err
	}
	return d.show(v, "patients", "Patients", struct {
		Query    string
		Patients []clinical.Patient
	}{v.r.FormValue("q"), all})
}

func (d *door) patient(v *visit) error {
	id, err := clinical.ParseID[clinical.Patient](v.r.PathValue("id"))
	if err != nil {
		return clinical.ErrNotFound
	}
	page, err := d.Gate.PatientPage(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	sets, err := d.Gate.Sets(v.ctx, v.caller)
	if err != nil {
		return err
	}
	mine := slices.DeleteFunc(sets, func(s clinical.TeachingSet) bool { return s.Owner != v.caller.Person })
	others, err := d.Gate.Patients(v.ctx, v.caller, "")
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(p clinical.Patient) bool { return p.ID == id })
	return d.show(v, "patient", "Patient", struct {
		clinical.PatientPage
		Sets   []clinical.TeachingSet
		Others []clinical.Patient
		Edits  bool
	}{page, mine, others, v.person.Role == clinical.Photographer})
}

func (d *door) sets(v *visit) error {
	all, err := d.Gate.Sets(v.ctx, v.caller)
	if err != nil {
		return err
	}
	people, err := d.Gate.People(v.ctx, v.caller)
	if err != nil && clinical.KindOf(err) != clinical.Forbidden {
		return err
	}
	return d.show(v, "sets", "Sets", struct {
		Sets   []clinical.TeachingSet
		People []clinical.Person
		Me     clinical.PersonID
		Makes  bool
	}{all, people, v.caller.Person, v.person.Role == clinical.Educator || v.person.Role == clinical.Photographer || v.person.Role == clinical.Clinician})
}

// set shows the owner who will see what and why; to a reader, what is there.
func (d *door) set(v *visit) error {
	id, err := clinical.ParseID[clinical.TeachingSet](v.r.PathValue("id"))
	if err != nil {
		return clinical.ErrNotFound
	}
	set, report, err := d.Gate.SetReport(v.ctx, v.caller, id)
	if clinical.KindOf(err) == clinical.NotFound || clinical.KindOf(err) == clinical.Forbidden {
		folder, ferr := d.Gate.Folder(v.ctx, v.caller, id, clinical.Mount)
		if ferr != nil {
			return ferr
		}
		return d.show(v, "reader", folder.Set.Name, folder)
	}
	if err != nil {
		return err
	}
	admitted := 0
	for _, r := range report {
		if r.Decision.Permit {
			admitted++
		}
	}
	share := 0
	if len(report) > 0 {
		share = admitted * 100 / len(report)
	}
	return d.show(v, "set", set.Name, struct {
		Set              clinical.TeachingSet
		Items            []clinical.ItemReport
		Admitted, Hidden int
		Share            int
		Mine             bool
	}{set, report, admitted, len(report) - admitted, share, set.Owner == v.caller.Person})
}

type mountPage struct {
	URL     string
	Sets    []clinical.TeachingSet
	Devices []wire.AppPassword
	Issued  wire.AppPassword
}

func (d *door) mountPage(v *visit, issued wire.AppPassword) error {
	sets, err := d.Gate.Sets(v.ctx, v.caller)
	if err != nil {
		return err
	}
	all, err := d.Devices.AppPasswords(v.ctx, v.caller.Person)
	if err != nil {
		return err
	}
	return d.show(v, "mount", "Mount", mountPage{URL: strings.TrimSuffix(d.URL, "/"), Sets: sets, Devices: all, Issued: issued})
}

func (d *door) mount(v *visit) error { return d.mountPage(v, wire.AppPassword{}) }

func (d *door) issue(v *visit) error {
	const days = 120
	p, err := d.Devices.IssueAppPassword(v.ctx, v.caller.Person, v.r.PostFormValue("device"), nil, days)
	if err != nil {
		return err
	}
	return d.mountPage(v, p)
}

func (d *door) revoke(v *visit) error {
	if err := d.Devices.RevokeAppPassword(v.ctx, v.caller.Person, v.r.PostFormValue("id")); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/mount?done=revoked", http.StatusSeeOther)
	return nil
}
