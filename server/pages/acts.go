package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
)

// build turns a form into one command and says where it leads on.
type build func(*http.Request) (cmd clinical.Command, next string, err error)

// act asks the gate for what a form says, and leads on.
func (d *door) act(of build) func(*visit) error {
	return func(v *visit) error {
		cmd, next, err := of(v.r)
		if err != nil {
			return err
		}
		return d.do(v, cmd, next)
	}
}

// do asks the gate for one act and leads on.
func (d *door) do(v *visit, cmd clinical.Command, next string) error {
	if _, err := d.Gate.Do(v.ctx, v.caller, cmd); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, next, http.StatusSeeOther)
	return nil
}

// pathID reads an ID out of the path; a bad one is simply not there.
func pathID[K any](r *http.Request) (clinical.ID[K], error) {
	id, err := clinical.ParseID[K](r.PathValue("id"))
	if err != nil {
		return id, clinical.ErrNotFound
	}
	return id, nil
}

// form reads the whole form or says that it did not arrive.
func form(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole. Send it again.")
	}
	return nil
}

// revision reads which state of a thing the form was made from.
func revision(r *http.Request) (uint64, error) {
	rev, err := strconv.ParseUint(r.PostFormValue("rev"), 10, 64)
	if err != nil {
		return 0, clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole. Go back and send it again.")
	}
	return rev, nil
}

// chosen reads the ticked things of a form.
func chosen[K any](r *http.Request, field string) ([]clinical.ID[K], error) {
	if err := form(r); err != nil {
		return nil, err
	}
	var out []clinical.ID[K]
	for _, text := range r.PostForm[field] {
		id, err := clinical.ParseID[K](text)
		if err != nil {
			return nil, clinical.ErrNotFound
		}
		out = append(out, id)
	}
	if len(out) == 0 {
		return nil, clinical.Refuse(clinical.Invalid, "none-chosen", "No picture is ticked. Go back and tick those that you mean.")
	}
	return out, nil
}

// fill reads fields into values that know their own text; absent ones stay.
func fill(r *http.Request, into map[string]interface{ UnmarshalText([]byte) error }) error {
	for field, value := range into {
		if text := r.PostFormValue(field); text != "" {
			if err := value.UnmarshalText([]byte(text)); err != nil {
				return err
			}
		}
	}
	return nil
}

// origin is the page an act began on, when it is one of ours. Only the library
// is led back to with what was searched there.
func origin(r *http.Request, fallback string) string {
	to, query, asked := strings.Cut(r.PostFormValue("back"), "?")
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\#") || asked && to != "/library" {
		return fallback
	}
	values, err := url.ParseQuery(query)
	if search := searched(values); err == nil && search != "" {
		return to + "?" + search
	}
	return to
}

// searched is the part of a library's address that says what was looked for.
func searched(query url.Values) string {
	out := url.Values{}
	for _, name := range append([]string{"s", "sort", "from"}, facets()...) {
		if value := query.Get(name); value != "" {
			out.Set(name, value)
		}
	}
	return out.Encode()
}

// back is where an act began, with what it came to.
func back(r *http.Request, fallback, code string) string {
	to := origin(r, fallback)
	if strings.Contains(to, "?") {
		return to + "&done=" + code
	}
	return to + "?done=" + code
}

func confirmRun(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Run](r)
	if err != nil {
		return nil, "", err
	}
	rev, err := revision(r)
	if err != nil {
		return nil, "", err
	}
	return clinical.ConfirmRun{Run: id, Rev: rev}, "/arrivals?done=confirmed", nil
}

// fileQuarantined reads PATIENT, or PATIENT/JOB where a job was chosen.
func fileQuarantined(r *http.Request) (clinical.Command, string, error) {
	assets, err := chosen[clinical.Asset](r, "asset")
	if err != nil {
		return nil, "", err
	}
	who, job, _ := strings.Cut(r.PostFormValue("patient"), "/")
	patient, err := clinical.ParseID[clinical.Patient](who)
	if err != nil {
		return nil, "", noPatient()
	}
	cmd := clinical.FileQuarantined{Assets: assets, Patient: patient, Reason: r.PostFormValue("reason")}
	if job != "" {
		if cmd.Job, err = clinical.ParseID[clinical.Job](job); err != nil {
			return nil, "", clinical.ErrNotFound
		}
	}
	return cmd, "/arrivals?done=filed", nil
}

func noPatient() error {
	return clinical.Refuse(clinical.Invalid, "no-patient", "No patient is chosen. Go back and say whose picture it is.")
}

func rejectQuarantined(r *http.Request) (clinical.Command, string, error) {
	assets, err := chosen[clinical.Asset](r, "asset")
	return clinical.RejectQuarantined{Assets: assets, Reason: r.PostFormValue("reason")}, "/arrivals?done=rejected", err
}

func discard(r *http.Request) (clinical.Command, string, error) {
	assets, err := chosen[clinical.Asset](r, "asset")
	return clinical.DiscardAssets{Assets: assets, Reason: r.PostFormValue("reason")}, back(r, "/arrivals", "discarded"), err
}

func refile(r *http.Request) (clinical.Command, string, error) {
	assets, err := chosen[clinical.Asset](r, "asset")
	if err != nil {
		return nil, "", err
	}
	to, err := clinical.ParseID[clinical.Patient](r.PostFormValue("to"))
	if err != nil {
		return nil, "", noPatient()
	}
	return clinical.RefileAssets{Assets: assets, To: to, Reason: r.PostFormValue("wrong")}, "/patients/" + to.String() + "?done=refiled", nil
}

// flags reads what is in the picture.
func flags(r *http.Request) (clinical.Sensitivity, bool, error) {
	if err := form(r); err != nil {
		return 0, false, err
	}
	if len(r.PostForm["flag"]) == 0 {
		return 0, false, clinical.Refuse(clinical.Invalid, "sensitivity", "Nothing is said about what is in the pictures. Go back and tick what is in them, or “none of these”.")
	}
	s, err := clinical.ParseSensitivity(r.PostForm["flag"])
	if err == nil && s != clinical.Plain && slices.Contains(r.PostForm["flag"], "none") {
		return 0, false, clinical.Refuse(clinical.Invalid, "sensitivity", "“None of these” and another tick exclude each other. Go back and decide for one.")
	}
	return s, r.PostFormValue("noid") == "1", err
}

func classifySession(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Session](r)
	if err != nil {
		return nil, "", err
	}
	s, noID, err := flags(r)
	return clinical.ClassifyAssets{Session: id, Sensitivity: s, NoIdentifyingFeature: noID, Reason: r.PostFormValue("reason")}, back(r, "/patients", "classified"), err
}

func classify(r *http.Request) (clinical.Command, string, error) {
	assets, err := chosen[clinical.Asset](r, "asset")
	if err != nil {
		return nil, "", err
	}
	s, noID, err := flags(r)
	return clinical.ClassifyAssets{Assets: assets, Sensitivity: s, NoIdentifyingFeature: noID, Reason: r.PostFormValue("reason")}, back(r, "/patients", "classified"), err
}

func review(r *http.Request) (clinical.Command, string, error) {
	assets, err := chosen[clinical.Asset](r, "asset")
	return clinical.ReviewAssets{Assets: assets, Reason: r.PostFormValue("reason")}, back(r, "/patients", "reviewed"), err
}

// describe edits one picture's catalogue entry from the revision that was read.
func describe(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Asset](r)
	if err != nil {
		return nil, "", err
	}
	rev, err := revision(r)
	if err != nil {
		return nil, "", err
	}
	caption := r.PostFormValue("caption")
	words := strings.Split(r.PostFormValue("keywords"), ",")
	view := clinical.View{
		Code: strings.TrimSpace(r.PostFormValue("code")), Site: strings.TrimSpace(r.PostFormValue("site")),
		Laterality: clinical.Laterality(r.PostFormValue("side")), Ratio: strings.TrimSpace(r.PostFormValue("ratio")),
		Position: strings.TrimSpace(r.PostFormValue("position")), Phase: clinical.Phase(r.PostFormValue("phase")),
		ScaleInFrame: r.PostFormValue("scale") != "",
	}
	view.DistanceMM, _ = strconv.Atoi(r.PostFormValue("distance")) // kept as it was; the form does not edit it
	if !lawful(view) {
		return nil, "", clinical.Refuse(clinical.Invalid, "view", "A view's code, site, ratio and position have at most 80 characters, and side and phase are of the list. Correct the form.")
	}
	lesion, err := lesionOf(r)
	if err != nil {
		return nil, "", err
	}
	cmd := clinical.DescribeAsset{Asset: id, Rev: rev, Caption: &caption, Keywords: &words, View: &view, Lesion: lesion}
	return cmd, "/pictures/" + id.String() + "?done=described", nil
}

func lawful(v clinical.View) bool {
	for _, text := range []string{v.Code, v.Site, v.Ratio, v.Position} {
		if len(text) > 80 {
			return false
		}
	}
	return slices.Contains([]clinical.Laterality{clinical.LateralityUnknown, clinical.Right, clinical.Left, clinical.BothSides, clinical.Unpaired}, v.Laterality) &&
		slices.Contains([]clinical.Phase{clinical.PhaseUnknown, clinical.PreOp, clinical.IntraOp, clinical.PostOp}, v.Phase)
}

// addPatient registers somebody under a checked number.
func (d *door) addPatient(r *http.Request) (clinical.Command, string, error) {
	p := clinical.Patient{
		Family: r.PostFormValue("family"), Given: r.PostFormValue("given"), Sex: clinical.Sex(r.PostFormValue("sex")),
		PhotographyRefused: r.PostFormValue("refused") != "",
	}
	if err := fill(r, map[string]interface{ UnmarshalText([]byte) error }{"born": &p.Born}); err != nil {
		return nil, "", err
	}
	for _, rule := range d.Rules {
		if rule.System != r.PostFormValue("system") {
			continue
		}
		id, err := rule.Parse(r.PostFormValue("number"))
		if err != nil {
			return nil, "", err
		}
		p.Identifiers = []clinical.Identifier{id}
	}
	return clinical.AddPatient{Patient: p}, "/patients?done=patient", nil
}

// addJob records a request for pictures.
func (d *door) addJob(r *http.Request) (clinical.Command, string, error) {
	patient, err := clinical.ParseID[clinical.Patient](r.PostFormValue("patient"))
	if err != nil {
		return nil, "", clinical.Refuse(clinical.Invalid, "no-patient", "No patient is chosen. Go back and choose one; register the patient first where there is none.")
	}
	j := clinical.Job{
		Number: strings.TrimSpace(r.PostFormValue("number")), Patient: patient, Ward: strings.TrimSpace(r.PostFormValue("ward")),
		Specialty: clinical.Specialty(strings.TrimSpace(r.PostFormValue("specialty"))), Urgent: r.PostFormValue("urgent") != "",
	}
	if text := r.PostFormValue("frames"); text != "" {
		if j.Frames, err = strconv.Atoi(text); err != nil {
			return nil, "", clinical.Refuse(clinical.Invalid, "frames", "The number of frames is a whole number. Correct it, or leave it empty.")
		}
	}
	if text := r.PostFormValue("due"); text != "" {
		if j.Due, err = time.ParseInLocation("2006-01-02T15:04", text, d.Zone); err != nil {
			return nil, "", clinical.Refuse(clinical.Invalid, "due", "The due time is a day and an hour. Correct it, or leave it empty.")
		}
	}
	for code := range strings.SplitSeq(r.PostFormValue("views"), ",") {
		if code = strings.TrimSpace(code); code != "" && len(code) <= 40 {
			j.Wanted = append(j.Wanted, clinical.View{Code: code})
		}
	}
	return clinical.AddJobs{Jobs: []clinical.Job{j}}, "/jobs?done=job", nil
}

// changeJob moves a job on, from the revision that was read.
func (d *door) changeJob(v *visit) error {
	id, err := pathID[clinical.Job](v.r)
	if err != nil {
		return err
	}
	job, _, err := d.Gate.Job(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	if job.Rev, err = revision(v.r); err != nil {
		return err
	}
	job.Status = clinical.JobStatus(v.r.PostFormValue("status"))
	return d.do(v, clinical.ChangeJob{Job: job}, "/jobs?done=status")
}

func withdraw(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Patient](r)
	if err != nil {
		return nil, "", err
	}
	cmd := clinical.WithdrawConsent{Patient: id, Reason: r.PostFormValue("reason")}
	err = fill(r, map[string]interface{ UnmarshalText([]byte) error }{"grant": &cmd.Grant})
	return cmd, "/patients/" + id.String() + "?done=withdrawn", err
}

// placeHold keeps all pictures of a patient as they are.
func placeHold(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Patient](r)
	if err != nil {
		return nil, "", err
	}
	h := clinical.Hold{Patient: id, Kind: clinical.HoldKind(r.PostFormValue("kind")), Reason: strings.TrimSpace(r.PostFormValue("reason"))}
	return clinical.PlaceHold{Hold: h}, "/patients/" + id.String() + "?done=held", nil
}

func liftHold(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Hold](r)
	return clinical.LiftHold{Hold: id, Reason: strings.TrimSpace(r.PostFormValue("reason"))}, back(r, "/patients", "lifted"), err
}

func addPerson(r *http.Request) (clinical.Command, string, error) {
	p := clinical.Person{
		Login: r.PostFormValue("login"), Name: r.PostFormValue("name"), Role: clinical.Role(r.PostFormValue("role")),
		Specialty: clinical.Specialty(strings.TrimSpace(r.PostFormValue("specialty"))),
	}
	for s := range strings.FieldsFuncSeq(r.PostFormValue("studios"), func(c rune) bool { return c == ',' || c == ' ' }) {
		p.Studios = append(p.Studios, clinical.StudioID(s))
	}
	err := fill(r, map[string]interface{ UnmarshalText([]byte) error }{"ends": &p.TermEnds})
	return clinical.AddPerson{Person: p}, "/people?done=person", err
}
