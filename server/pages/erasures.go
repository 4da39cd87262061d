package pages

import (
	"net/http"
	"strconv"

	"fovea/clinical"
)

// erasureRow is a request to erase, with whose it is where one may know.
type erasureRow struct {
	Erasure clinical.Erasure
	Patient clinical.Patient
}

// outcomes are what may be decided.
func outcomes() []choice {
	return []choice{
		{string(clinical.EraseRestrict), "Restrict: for care and the named team alone; nothing is destroyed"},
		{string(clinical.EraseCopies), "Erase the copies: out of every set and release; the record stays"},
		{string(clinical.EraseShred), "Destroy the keys: nobody can ever open these pictures again"},
		{string(clinical.EraseRefuse), "Refuse, with the reason that the patient is told"},
	}
}

func outcomeWords(o clinical.ErasureOutcome) string {
	return map[clinical.ErasureOutcome]string{
		"": "To be decided", clinical.EraseRestrict: "Restricted", clinical.EraseCopies: "Copies erased", clinical.EraseShred: "Destroyed", clinical.EraseRefuse: "Refused",
	}[o]
}

func (d *door) erasures(v *visit) error {
	if !recordsConsent(v.person.Role) {
		return clinical.ErrNotFound
	}
	all, err := d.Gate.Erasures(v.ctx, v.caller)
	if err != nil {
		return err
	}
	var rows []erasureRow
	for _, e := range all {
		p, err := d.met(v, e.Patient)
		if err != nil {
			return err
		}
		rows = append(rows, erasureRow{e, p})
	}
	return d.show(v, "erasures", "Erasure requests", struct {
		Rail rail
		Rows []erasureRow
	}{railOf(v), rows})
}

// findErasure returns one request that the caller may read.
func (d *door) findErasure(v *visit) (clinical.Erasure, error) {
	id, err := pathID[clinical.Erasure](v.r)
	if err != nil {
		return clinical.Erasure{}, err
	}
	all, err := d.Gate.Erasures(v.ctx, v.caller)
	if err != nil {
		return clinical.Erasure{}, err
	}
	for _, e := range all {
		if e.ID == id {
			return e, nil
		}
	}
	return clinical.Erasure{}, clinical.ErrNotFound
}

func (d *door) erasure(v *visit) error {
	e, err := d.findErasure(v)
	if err != nil {
		return err
	}
	p := struct {
		Rail     rail
		Erasure  clinical.Erasure
		Patient  clinical.Patient
		Holds    []clinical.Hold
		Outcomes []choice
		Decides  bool
		Second   bool // it takes another person
		Prints   bool
	}{Rail: railOf(v), Erasure: e, Outcomes: outcomes(), Prints: d.Papers.ErasureCertificate != nil && e.Outcome != ""}
	p.Second = v.person.Role == clinical.Governance && e.RequestedBy == v.caller.Person
	p.Decides = v.person.Role == clinical.Governance && e.Outcome == "" && !p.Second
	if p.Patient, err = d.met(v, e.Patient); err != nil {
		return err
	}
	if p.Decides && !p.Patient.ID.IsZero() {
		if p.Holds, err = d.Gate.Holds(v.ctx, v.caller, e.Patient); err != nil {
			return err
		}
	}
	return d.show(v, "erasure", "Erasure request", p)
}

// erasureForm takes a request to erase.
func (d *door) erasureForm(v *visit) error {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil || !recordsConsent(v.person.Role) {
		return clinical.ErrNotFound
	}
	page, err := d.Gate.PatientPage(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	return d.show(v, "erasurenew", "Request to erase", page)
}

func requestErasure(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Patient](r)
	if err != nil {
		return nil, "", err
	}
	cmd := clinical.RequestErasure{Patient: id, OnBehalf: text(r, "behalf"), Reason: text(r, "reason")}
	if err := form(r); err != nil {
		return nil, "", err
	}
	if len(r.PostForm["asset"]) > 0 {
		cmd.Assets, err = chosen[clinical.Asset](r, "asset")
	}
	return cmd, "/erasures?done=erasure", err
}

func decideErasure(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Erasure](r)
	return clinical.DecideErasure{
		Erasure: id, Outcome: clinical.ErasureOutcome(r.PostFormValue("outcome")), Reason: text(r, "reason"),
	}, "/erasures/" + id.String() + "?done=decided", err
}

// aboutErasure says what a decision does before it is made.
func (d *door) aboutErasure(v *visit, q *question) error {
	e, err := d.findErasure(v)
	if err != nil {
		return err
	}
	q.Title, q.Ready, q.Back = "Decide on a request to erase", true, "/erasures/"+e.ID.String()
	q.Outcome = clinical.ErasureOutcome(v.r.PostFormValue("outcome"))
	q.Fields["outcome"] = []string{string(q.Outcome)}
	q.Fields["reason"] = []string{text(v.r, "reason")}
	q.Of, err = d.met(v, e.Patient)
	return err
}

func (d *door) erasureCertificate(v *visit) error {
	id, err := pathID[clinical.Erasure](v.r)
	if err != nil || d.Papers.ErasureCertificate == nil {
		return clinical.ErrNotFound
	}
	p, name, mime := printed(v, "erasure-"+id.String())
	content, err := d.Papers.ErasureCertificate(v.ctx, v.caller, id, p)
	if err != nil {
		return err
	}
	file(v.w, name, mime, content)
	return nil
}

// workRow is something that comes up.
type workRow struct {
	Item    clinical.WorkItem
	Patient clinical.Patient
	Past    bool
	About   string // the consent that it is about
}

// worklistPage lists what comes up within 90 or 30 days.
func (d *door) worklistPage(v *visit) error {
	if !recordsConsent(v.person.Role) {
		return clinical.ErrNotFound
	}
	days := 90
	if n, err := strconv.Atoi(v.r.FormValue("days")); err == nil && n > 0 && n <= 3660 {
		days = n
	}
	work, err := d.Gate.Worklist(v.ctx, v.caller, days)
	if err != nil {
		return err
	}
	var rows []workRow
	for _, w := range work {
		p, err := d.met(v, w.Patient)
		if err != nil {
			return err
		}
		row := workRow{Item: w, Patient: p, Past: w.Due.Before(d.Now())}
		if !w.Grant.IsZero() && !p.ID.IsZero() {
			if row.About, err = d.consentWords(v, w.Patient, w.Grant); err != nil {
				return err
			}
		}
		rows = append(rows, row)
	}
	return d.show(v, "worklist", "Coming up", struct {
		Rail  rail
		Days  int
		Rows  []workRow
		Keeps bool
	}{railOf(v), days, rows, v.person.Role == clinical.Governance})
}

// keepUntil records the outcome of a review of how long a record is kept.
func keepUntil(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Patient](r)
	if err != nil {
		return nil, "", err
	}
	cmd := clinical.KeepUntil{Patient: id, Reason: text(r, "reason")}
	return cmd, "/worklist?done=kept", fill(r, map[string]interface{ UnmarshalText([]byte) error }{"until": &cmd.Until})
}

// workWords says what comes up, and what to do.
func workWords(k clinical.WorkKind) string {
	return map[clinical.WorkKind]string{
		clinical.WorkExpires: "Consent ends. Ask whether it is renewed.", clinical.WorkReview: "Consent is due for review.",
		clinical.WorkTurns16: "Turns 16: ask the young person themselves.", clinical.WorkTurns18: "Turns 18: the parents’ consent ends. Ask the patient.",
		clinical.WorkRecovery: "Could not be asked then. Ask on recovery.", clinical.WorkFamily: "Has died. Ask the family.",
		clinical.WorkErasure: "A request to erase waits for its answer.", clinical.WorkRetention: "The retention schedule no longer keeps the record.",
		clinical.WorkPhotography: "Nobody noted whether the patient agreed to be photographed. Note it beside the session.",
	}[k]
}
