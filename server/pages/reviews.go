package pages

import (
	"slices"

	"fovea/clinical"
)

// reviewsPage lists copies that wait for the asker.
type reviewsPage struct {
	W      editWords
	Lang   string
	Newest bool
	Rows   []reviewRow
}

type reviewRow struct {
	clinical.Shown
	Unseen  clinical.Unseen
	By      string
	Patient clinical.Patient
}

// mostReviews is how many are shown at once: those behind come up as these are
// done.
const mostReviews = 100

// reviews tells a second person which copies wait; whoever masked a picture is
// not told of it.
func (d *door) reviews(v *visit) error {
	if !edits(v.person.Role) {
		return clinical.ErrNotFound
	}
	all, err := d.Gate.Unseen(v.ctx, v.caller)
	if err != nil {
		return err
	}
	p := reviewsPage{Lang: language(v), Newest: v.r.FormValue("order") == "newest"}
	p.W = editWordsIn(p.Lang)
	if p.Newest {
		slices.Reverse(all)
	}
	for _, u := range all[:min(len(all), mostReviews)] {
		one, err := d.Gate.Asset(v.ctx, v.caller, u.Asset)
		if clinical.KindOf(err) == clinical.NotFound {
			continue // gone meanwhile
		}
		if err != nil {
			return err
		}
		row := reviewRow{Shown: one, Unseen: u, By: d.name(u.By)}
		if row.Patient, err = d.met(v, u.Patient); err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	return d.show(v, "reviews", p.W.Waiting, p)
}
