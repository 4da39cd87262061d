package pages

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"fovea/clinical"
)

// question is what a page asks before something that cannot be taken back.
type question struct {
	Kind   string
	Title  string
	Action string // where the answer goes
	Back   string // where no leads
	Fields url.Values
	Ready  bool // all that is needed is known, so what would happen is too
	Reason string

	Count   int
	Shown   []clinical.Shown // the pictures it is about, the first of them
	Of      clinical.Patient // whose they are, where they are one patient's
	To      clinical.Patient // whose they will be
	Set     clinical.TeachingSet
	Impact  clinical.Impact
	Leaving int // pictures that leave a drive

	Consent  string // what is withdrawn, where the asker meets the patient
	Unmet    string // the number of a patient whom the asker does not treat: they are told counts alone
	Who      string
	Patients []clinical.Patient
	Outcome  clinical.ErasureOutcome
	Uses     int // published, which cannot be called back
}

// maxAsked is how many pictures a question shows.
const maxAsked = 24

// ask shows what an act would do and does it once the person is sure.
func (d *door) ask(kind string, of build) func(*visit) error {
	return func(v *visit) error {
		if err := form(v.r); err != nil {
			return err
		}
		if v.r.PostFormValue("sure") == "1" {
			return d.act(of)(v)
		}
		q := question{
			Kind: kind, Action: v.r.URL.Path, Back: origin(v.r, "/"), Fields: url.Values{},
			Reason: cmp.Or(v.r.PostFormValue("reason"), v.r.PostFormValue("wrong")), Who: v.r.PostFormValue("who"),
		}
		for _, name := range []string{"asset", "back", "grant", "system", "number"} {
			if values := v.r.PostForm[name]; len(values) > 0 {
				q.Fields[name] = values
			}
		}
		if err := d.about(v, &q, of); err != nil {
			return err
		}
		return d.show(v, "ask", q.Title, q)
	}
}

// about fills in what a question is about and what the act would do.
func (d *door) about(v *visit, q *question, of build) error {
	var err error
	switch q.Kind {
	case "withdraw":
		err = d.aboutConsent(v, q)
	case "close":
		err = d.aboutSet(v, q)
	case "merge":
		err = d.aboutMerge(v, q)
	case "erase":
		err = d.aboutErasure(v, q)
	default:
		err = d.aboutPictures(v, q)
	}
	if err != nil || !q.Ready {
		return err
	}
	cmd, _, err := of(v.r)
	if err != nil {
		return err
	}
	q.Impact, err = d.Gate.Simulate(v.ctx, v.caller, cmd)
	for _, s := range q.Impact.Sets {
		q.Leaving += s.Loses
	}
	return err
}

func (d *door) aboutConsent(v *visit, q *question) error {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil {
		return err
	}
	q.Title, q.Ready, q.Back = "Withdraw consent", true, "/patients/"+id.String()
	q.Of, err = d.Gate.Patient(v.ctx, v.caller, id)
	if clinical.KindOf(err) == clinical.NotFound {
		q.Back, q.Unmet = "/patients", text(v.r, "number")
		return nil // whoever works here may withdraw on a patient's word, also for one they do not treat
	}
	grant, perr := clinical.ParseID[clinical.Grant](v.r.PostFormValue("grant"))
	if err != nil || perr != nil {
		q.Consent = "Everything that the patient allowed beyond care"
		return err
	}
	q.Consent, err = d.consentWords(v, id, grant)
	return err
}

func (d *door) aboutSet(v *visit, q *question) error {
	id, err := pathID[clinical.TeachingSet](v.r)
	if err != nil {
		return err
	}
	q.Title, q.Ready, q.Back = "Close the set", true, "/sets/"+id.String()
	q.Set, _, err = d.Gate.SetReport(v.ctx, v.caller, id)
	return err
}

func (d *door) aboutPictures(v *visit, q *question) error {
	q.Title = map[string]string{"discard": "Discard frames", "reject": "Reject pictures", "refile": "Wrong patient"}[q.Kind]
	ids, err := chosen[clinical.Asset](v.r, "asset")
	if err != nil {
		return err
	}
	q.Count = len(ids)
	owners := map[clinical.PatientID]bool{}
	for _, id := range ids[:min(len(ids), maxAsked)] {
		one, err := d.Gate.Asset(v.ctx, v.caller, id)
		if err != nil {
			return err
		}
		owners[one.Asset.Patient] = true
		q.Shown = append(q.Shown, one)
	}
	if owner := q.Shown[0].Asset.Patient; len(owners) == 1 && !owner.IsZero() {
		if q.Of, err = d.Gate.Patient(v.ctx, v.caller, owner); err != nil && clinical.KindOf(err) != clinical.NotFound {
			return err
		}
	}
	if q.Kind != "refile" {
		return nil
	}
	return d.aboutRefile(v, q)
}

// aboutRefile asks first whose pictures they are, then whether that is right.
func (d *door) aboutRefile(v *visit, q *question) error {
	var err error
	if to := v.r.PostFormValue("to"); to != "" && strings.TrimSpace(q.Reason) != "" {
		id, perr := clinical.ParseID[clinical.Patient](to)
		if perr != nil {
			return noPatient()
		}
		if q.To, err = d.Gate.Patient(v.ctx, v.caller, id); err != nil {
			return err
		}
		q.Fields["to"], q.Fields["wrong"], q.Ready = []string{to}, []string{q.Reason}, true
		return nil
	}
	q.Patients, err = d.Gate.Patients(v.ctx, v.caller, q.Who)
	return err
}

// setPassword gives somebody a password; only an administrator may.
func (d *door) setPassword(v *visit) error {
	id, err := pathID[clinical.Person](v.r)
	if err != nil {
		return err
	}
	if v.person.Role != clinical.Admin {
		return clinical.ErrForbidden
	}
	if _, ok := d.Gate.PersonByID(id); !ok {
		return clinical.ErrNotFound
	}
	if err := d.Accounts.SetPassword(v.ctx, id, v.r.PostFormValue("password")); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/people?done=password", http.StatusSeeOther)
	return nil
}
