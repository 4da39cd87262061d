package pages

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// reachRow is how somebody came to have pictures, in words.
type reachRow struct {
	clinical.Reach
	Who, Through string
	Task         clinical.Task
}

// tellReach says who had pictures and how. Names stand where the gate gave any.
func (d *door) tellReach(v *visit, list []clinical.Reach, tasks []clinical.Task) ([]reachRow, error) {
	sets, err := d.Gate.Sets(v.ctx, v.caller)
	if err != nil {
		return nil, err
	}
	releases, err := d.Gate.Releases(v.ctx, v.caller)
	if err != nil {
		return nil, err
	}
	rows := make([]reachRow, 0, len(list))
	for _, r := range list {
		row := reachRow{Reach: r, Who: string(r.Role), Through: outside(r)}
		if p, ok := d.Gate.PersonByID(r.Person); ok {
			row.Who = p.Name
		}
		if at := slices.IndexFunc(sets, func(s clinical.TeachingSet) bool { return s.ID == r.Set }); at >= 0 {
			row.Through = "the set " + sets[at].Name
		} else if !r.Set.IsZero() {
			row.Through = "a set"
		}
		if at := slices.IndexFunc(releases, func(one clinical.Release) bool { return one.ID == r.Release }); at >= 0 {
			to := recipient(releases[at])
			row.Who, row.Through = cmp.Or(row.Who, upperFirst(to)), "a release to "+to
		} else if !r.Release.IsZero() {
			row.Through = "a release"
		}
		for _, t := range tasks {
			if t.ID == r.Task {
				row.Task = t
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// outside says where somebody had pictures who had them through no set and no
// release: nothing where rows of several kinds are added up.
func outside(r clinical.Reach) string {
	switch r.Purpose {
	case clinical.NoPurpose:
		return "–"
	case clinical.P0, clinical.P1:
		return "the screens of care"
	default:
		return "the library, for " + strings.ToLower(purpose(r.Purpose))
	}
}

// recallRow is a recall as the list shows it.
type recallRow struct {
	Recall    clinical.Recall
	Open      int // tasks not confirmed
	People    int
	Published int
}

type recallsPage struct {
	Rail    rail
	Patient clinical.Patient
	Rows    []recallRow
	Others  []eventRow // of everybody, where no patient is chosen
	Prints  bool
}

// recalls lists what was taken back: of one patient, or of everybody lately.
func (d *door) recalls(v *visit) error {
	p := recallsPage{Rail: railOf(v), Prints: d.Papers.Certificate != nil}
	if text := v.r.FormValue("patient"); text != "" {
		id, err := clinical.ParseID[clinical.Patient](text)
		if err != nil {
			return clinical.ErrNotFound
		}
		if p.Patient, err = d.Gate.Patient(v.ctx, v.caller, id); err != nil {
			return err
		}
		p.Rows, err = d.recallRows(v, id)
		if err != nil {
			return err
		}
		return d.show(v, "recalls", "Withdrawals", p)
	}
	if v.person.Role != clinical.Governance {
		return clinical.ErrNotFound
	}
	events, err := d.Gate.WhoSaw(v.ctx, v.caller, clinical.EventQuery{
		Acts: []clinical.Act{clinical.ActConsentWithdrawn, clinical.ActRefiled, clinical.ActErasureDecided, clinical.ActConsentMistaken},
		From: d.Now().AddDate(-1, 0, 0),
	})
	if err != nil {
		return err
	}
	slices.Reverse(events)
	if p.Others, err = d.tellEvents(v, events); err != nil {
		return err
	}
	return d.show(v, "recalls", "Withdrawals", p)
}

func (d *door) recallRows(v *visit, id clinical.PatientID) ([]recallRow, error) {
	all, err := d.Gate.Recalls(v.ctx, v.caller, id)
	if err != nil {
		return nil, err
	}
	rows := make([]recallRow, 0, len(all))
	for _, r := range all {
		row := recallRow{Recall: r, People: peopleIn(r.Reach), Published: len(r.Published)}
		if v.person.Role == clinical.Governance {
			tasks, err := d.Gate.RecallTasks(v.ctx, v.caller, r.ID)
			if err != nil {
				return nil, err
			}
			for _, t := range tasks {
				row.Open += count(!t.Done())
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// peopleIn counts readers. Where no names are given each row is one.
func peopleIn(list []clinical.Reach) int {
	seen, nameless := map[clinical.PersonID]bool{}, 0
	for _, r := range list {
		if r.Person.IsZero() {
			nameless++
		}
		seen[r.Person] = true
	}
	delete(seen, clinical.PersonID{})
	return len(seen) + nameless
}

type recallPage struct {
	Rail    rail
	Recall  clinical.Recall
	Patient clinical.Patient
	Rows    []reachRow
	Tasks   []clinical.Task // that nobody confirmed
	Done    int
	Uses    []clinical.Release
	Governs bool
	Prints  bool
	Own     bool     // by the patient's code
	About   []string // the consents that were withdrawn
}

// recall is one withdrawal: who had the pictures, what is outstanding, and its
// certificates.
func (d *door) recall(v *visit) error {
	id, err := pathID[clinical.Recall](v.r)
	if err != nil {
		return err
	}
	r, err := d.Gate.Recall(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	p := recallPage{Rail: railOf(v), Recall: r, Governs: v.person.Role == clinical.Governance, Prints: d.Papers.Certificate != nil, Own: !r.Code.IsZero()}
	if p.Patient, err = d.met(v, r.Patient); err != nil {
		return err
	}
	if !p.Patient.ID.IsZero() {
		if p.About, err = d.consentsWords(v, r); err != nil {
			return err
		}
	}
	var tasks []clinical.Task
	if p.Governs {
		if tasks, err = d.Gate.RecallTasks(v.ctx, v.caller, id); err != nil {
			return err
		}
		for _, id := range r.Published {
			if one, err := d.Gate.Release(v.ctx, v.caller, id); err == nil {
				p.Uses = append(p.Uses, one)
			}
		}
	}
	for _, t := range tasks {
		if t.Done() {
			p.Done++
		} else {
			p.Tasks = append(p.Tasks, t)
		}
	}
	if p.Rows, err = d.tellReach(v, r.Reach, tasks); err != nil {
		return err
	}
	return d.show(v, "recall", "Withdrawal", p)
}

// consentsWords says which consents a withdrawal took back.
func (d *door) consentsWords(v *visit, r clinical.Recall) ([]string, error) {
	out := make([]string, 0, len(r.Grants))
	for _, id := range r.Grants {
		words, err := d.consentWords(v, r.Patient, id)
		if err != nil {
			return nil, err
		}
		if words != "" {
			out = append(out, words)
		}
	}
	return out, nil
}

// reached says who ever had one picture.
func (d *door) reached(v *visit) error {
	p := struct {
		Rail    rail
		Picture string
		Asked   bool
		Rows    []reachRow
		People  int
	}{Rail: railOf(v), Picture: strings.TrimSpace(v.r.FormValue("picture"))}
	if v.person.Role != clinical.Governance && p.Picture == "" {
		return clinical.ErrNotFound
	}
	if p.Picture != "" {
		id, err := clinical.ParseID[clinical.Asset](p.Picture)
		if err != nil {
			return clinical.ErrNotFound
		}
		list, err := d.Gate.Reached(v.ctx, v.caller, id)
		if err != nil {
			return err
		}
		if p.Rows, err = d.tellReach(v, list, nil); err != nil {
			return err
		}
		p.Asked, p.People = true, peopleIn(list)
	}
	return d.show(v, "reached", "Who had this picture", p)
}

// cause names what took pictures back.
func cause(r clinical.Recall) string {
	switch {
	case r.Cause == clinical.RecallWithdrawal && !r.Code.IsZero():
		return "Withdrawn by the patient’s code"
	case r.Cause == clinical.RecallWithdrawal:
		return "Withdrawn on the patient’s word"
	case r.Cause == clinical.RecallRefile:
		return "Filed under the wrong patient"
	default:
		return "Erased"
	}
}

// settled says how long it took to find who had them.
func settled(r clinical.Recall) string {
	if r.Settled.IsZero() {
		return "being found"
	}
	took := r.Settled.Sub(r.At).Round(10 * time.Millisecond)
	if took <= 0 {
		return "found at once"
	}
	return "found within " + took.String()
}

// recipient names to whom a release goes.
func recipient(r clinical.Release) string {
	if r.Kind == clinical.EPRDelivery || r.Kind == clinical.EPRCorrection {
		return "the patient record"
	}
	return r.Recipient
}
