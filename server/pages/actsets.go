package pages

import (
	"net/http"

	"fovea/clinical"
)

func createSet(r *http.Request) (clinical.Command, string, error) {
	if err := form(r); err != nil {
		return nil, "", err
	}
	s := clinical.TeachingSet{Name: r.PostFormValue("name"), Purpose: clinical.P2}
	if err := fill(r, map[string]interface{ UnmarshalText([]byte) error }{"audience": &s.Audience, "from": &s.From, "until": &s.Until}); err != nil {
		return nil, "", err
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
	return clinical.PublishSet{Set: id}, "/sets/" + id.String() + "?done=published", err
}

func closeSet(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.TeachingSet](r)
	return clinical.CloseSet{Set: id}, "/sets/" + id.String() + "?done=closed", err
}
