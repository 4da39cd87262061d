package pages

import (
	"net/http"
	"strings"

	"fovea/clinical"
)

// act turns a form into one command, asks the gate, and leads on.
func (d *door) act(build func(*http.Request) (cmd clinical.Command, next string, err error)) func(*visit) error {
	return func(v *visit) error {
		cmd, next, err := build(v.r)
		if err != nil {
			return err
		}
		if _, err := d.Gate.Do(v.ctx, v.caller, cmd); err != nil {
			return err
		}
		http.Redirect(v.w, v.r, next, http.StatusSeeOther)
		return nil
	}
}

// pathID reads an ID out of the path; a bad one is simply not there.
func pathID[K any](r *http.Request) (clinical.ID[K], error) {
	id, err := clinical.ParseID[K](r.PathValue("id"))
	if err != nil {
		return id, clinical.ErrNotFound
	}
	return id, nil
}

// chosen reads the ticked pictures of a form.
func chosen[K any](r *http.Request, field string) ([]clinical.ID[K], error) {
	if err := r.ParseForm(); err != nil {
		return nil, clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole. Send it again.")
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

// back is the page an act began on, when it is one of ours.
func back(r *http.Request, fallback, code string) string {
	to := r.PostFormValue("back")
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\?#") {
		to = fallback
	}
	return to + "?done=" + code
}

func confirmRun(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Run](r)
	return clinical.ConfirmRun{Run: id}, "/arrivals?done=confirmed", err
}

func fileQuarantined(r *http.Request) (clinical.Command, string, error) {
	assets, err := chosen[clinical.Asset](r, "asset")
	if err != nil {
		return nil, "", err
	}
	patient, err := clinical.ParseID[clinical.Patient](r.PostFormValue("patient"))
	if err != nil {
		return nil, "", clinical.Refuse(clinical.Invalid, "no-patient", "No patient is chosen. Go back and say whose picture it is.")
	}
	return clinical.FileQuarantined{Assets: assets, Patient: patient, Reason: r.PostFormValue("reason")}, "/arrivals?done=filed", nil
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
		return nil, "", clinical.Refuse(clinical.Invalid, "no-patient", "No patient is chosen. Go back and say whose picture it is.")
	}
	return clinical.RefileAssets{Assets: assets, To: to, Reason: r.PostFormValue("reason")}, "/patients/" + to.String() + "?done=refiled", nil
}

// flags reads what is in the picture.
func flags(r *http.Request) (clinical.Sensitivity, bool, error) {
	if err := r.ParseForm(); err != nil {
		return 0, false, clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole. Send it again.")
	}
	s, err := clinical.ParseSensitivity(r.PostForm["flag"])
	return s, r.PostFormValue("noid") != "", err
}

func classifySession(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Session](r)
	if err != nil {
		return nil, "", err
	}
	s, noID, err := flags(r)
	return clinical.ClassifyAssets{Session: id, Sensitivity: s, NoIdentifyingFeature: noID}, back(r, "/patients", "classified"), err
}

func classify(r *http.Request) (clinical.Command, string, error) {
	assets, err := chosen[clinical.Asset](r, "asset")
	if err != nil {
		return nil, "", err
	}
	s, noID, err := flags(r)
	return clinical.ClassifyAssets{Assets: assets, Sensitivity: s, NoIdentifyingFeature: noID}, back(r, "/patients", "classified"), err
}

// recordConsent takes the plain form: paper levels in the patient's words.
func (d *door) recordConsent(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Patient](r)
	if err != nil {
		return nil, "", err
	}
	g := clinical.Grant{
		Patient: id, Status: clinical.GrantGiven, Mode: clinical.Mode(r.PostFormValue("mode")), Capacity: clinical.Capacity(r.PostFormValue("capacity")),
		Purposes: []clinical.Purpose{clinical.P2}, Channels: clinical.ViewOnScreen | clinical.Mount, Level: clinical.I1,
		Giver: r.PostFormValue("giver"), Witness: r.PostFormValue("witness"), Interpreter: r.PostFormValue("interpreter"),
		ImagesShown: r.PostFormValue("shown") != "",
	}
	if r.PostFormValue("says") == "no" {
		g.Status = clinical.GrantRefused
	}
	for field, into := range map[string]interface{ UnmarshalText([]byte) error }{
		"audience": &g.Audience, "level": &g.Level, "session": &g.Covers.Session, "expires": &g.Expires, "review": &g.ReviewAt,
	} {
		if text := r.PostFormValue(field); text != "" {
			if err := into.UnmarshalText([]byte(text)); err != nil {
				return nil, "", err
			}
		}
	}
	return clinical.RecordConsent{Grant: g}, "/patients/" + id.String() + "?done=consent", nil
}

func withdraw(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Patient](r)
	if err != nil {
		return nil, "", err
	}
	cmd := clinical.WithdrawConsent{Patient: id, Reason: r.PostFormValue("reason")}
	err = cmd.Grant.UnmarshalText([]byte(r.PostFormValue("grant")))
	return cmd, "/patients/" + id.String() + "?done=withdrawn", err
}

func createSet(r *http.Request) (clinical.Command, string, error) {
	s := clinical.TeachingSet{Name: r.PostFormValue("name"), Purpose: clinical.P2}
	for field, into := range map[string]interface{ UnmarshalText([]byte) error }{"audience": &s.Audience, "from": &s.From, "until": &s.Until} {
		if err := into.UnmarshalText([]byte(r.PostFormValue(field))); err != nil {
			return nil, "", err
		}
	}
	for _, text := range r.PostForm["reader"] {
		id, err := clinical.ParseID[clinical.Person](text)
		if err != nil {
			return nil, "", clinical.ErrNotFound
		}
		s.Roster = append(s.Roster, id)
	}
	return clinical.CreateSet{Set: s}, "/sets?done=created", nil
}

func addToSet(r *http.Request) (clinical.Command, string, error) {
	assets, err := chosen[clinical.Asset](r, "asset")
	if err != nil {
		return nil, "", err
	}
	set, err := clinical.ParseID[clinical.TeachingSet](r.PostFormValue("set"))
	if err != nil {
		return nil, "", clinical.Refuse(clinical.Invalid, "no-set", "No set is chosen. Go back and choose one, or begin one under Sets.")
	}
	return clinical.AddToSet{Set: set, Assets: assets}, "/sets/" + set.String() + "?done=added", nil
}

func removeFromSet(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.TeachingSet](r)
	if err != nil {
		return nil, "", err
	}
	items, err := chosen[clinical.SetItem](r, "item")
	return clinical.RemoveFromSet{Set: id, Items: items}, "/sets/" + id.String() + "?done=removed", err
}

func submitSet(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.TeachingSet](r)
	return clinical.SubmitSet{Set: id}, "/sets/" + id.String() + "?done=submitted", err
}

func publishSet(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.TeachingSet](r)
	return clinical.PublishSet{Set: id}, "/sets/" + id.String() + "?done=published", err
}

func closeSet(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.TeachingSet](r)
	return clinical.CloseSet{Set: id}, "/sets/" + id.String() + "?done=closed", err
}
