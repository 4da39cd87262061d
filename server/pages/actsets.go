package pages

import (
	"net/http"

	"fovea/clinical"
	"fovea/policy"
)

func createSet(r *http.Request) (clinical.Command, string, error) {
	if err := form(r); err != nil {
		return nil, "", err
	}
	s := clinical.TeachingSet{Name: r.PostFormValue("name"), Purpose: clinical.P2}
	err := setFields(r, &s)
	return clinical.CreateSet{Set: s}, "/sets?done=created", err
}

// setFields reads what a set's owner chooses: audience, dates, readers and
// whether copies are marked.
func setFields(r *http.Request, s *clinical.TeachingSet) error {
	if err := fill(r, map[string]interface{ UnmarshalText([]byte) error }{"audience": &s.Audience, "from": &s.From, "until": &s.Until}); err != nil {
		return err
	}
	s.Watermark = r.PostFormValue("watermark") != ""
	for _, text := range r.PostForm["reader"] {
		id, err := clinical.ParseID[clinical.Person](text)
		if err != nil {
			return clinical.ErrNotFound
		}
		s.Roster = append(s.Roster, id)
	}
	return nil
}

// changeSet replaces what a set's owner chooses, from the revision that was
// read: an empty date is none, and who is not ticked is no reader any more.
func (d *door) changeSet(v *visit) error {
	id, err := pathID[clinical.TeachingSet](v.r)
	if err != nil {
		return err
	}
	if err := form(v.r); err != nil {
		return err
	}
	s := clinical.TeachingSet{ID: id, Title: v.r.PostFormValue("title")}
	if s.Rev, err = revision(v.r); err != nil {
		return err
	}
	if err := setFields(v.r, &s); err != nil {
		return err
	}
	// Who reads for a term stays as it is: the list of readers changes that.
	there, _, err := d.Gate.SetReport(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	s.Cohorts = there.Cohorts
	return d.changeReaders(v, s)
}

// changeReaders changes a set, or says what that would change for its readers.
func (d *door) changeReaders(v *visit, s clinical.TeachingSet) error {
	if v.r.PostFormValue("try") != "" {
		return d.tried(v, clinical.ChangeSet{Set: s}, d.set)
	}
	change, err := d.Gate.Do(v.ctx, v.caller, clinical.ChangeSet{Set: s})
	if err != nil {
		return err
	}
	code := "changed"
	if change.Rule == policy.RosterOverAudience {
		code = "crowded"
	}
	http.Redirect(v.w, v.r, "/sets/"+s.ID.String()+"?done="+code, http.StatusSeeOther)
	return nil
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
	return clinical.AddToSet{Set: set, Assets: assets}, back(r, "/library", "added"), nil
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
	if err != nil {
		return nil, "", err
	}
	rev, err := revision(r)
	return clinical.PublishSet{Set: id, Rev: rev}, "/sets/" + id.String() + "?done=published", err
}

func closeSet(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.TeachingSet](r)
	return clinical.CloseSet{Set: id}, "/sets/" + id.String() + "?done=closed", err
}
