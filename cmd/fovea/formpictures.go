package main

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/exchange/paper"
	"fovea/policy"
)

// formOf is a form that is printed, and the pictures on it.
type formOf struct {
	*paper.FormToFill
	may *permit
}

// formPictures puts onto a form the patient, the sessions that it is about and
// those of their pictures that the caller sees: what a consent covers, else the
// latest session.
func (d *desk) formPictures(ctx context.Context, c clinical.Caller, patient clinical.PatientID, out formOf) error {
	page, err := d.s.gate.PatientPage(ctx, c, patient)
	if err != nil {
		return err
	}
	out.Patient = page.Patient
	meant := func(clinical.Asset) bool { return true }
	if out.Grant != nil {
		meant = out.Grant.Covers.Includes
		if i := slices.IndexFunc(page.Lesions, func(l clinical.Lesion) bool { return l.ID == out.Grant.Covers.Lesion }); i >= 0 {
			out.Place = &clinical.Place{Site: page.Lesions[i].Site, Side: page.Lesions[i].Laterality}
		}
	} else if len(page.Sessions) > 1 {
		page.Sessions = page.Sessions[:1]
	}
	var numbers []string
	var pictures []clinical.Asset
	for _, s := range slices.Backward(page.Sessions) { // the earliest first, as a patient remembers them
		before := len(pictures)
		for _, one := range s.Shown {
			if meant(one.Asset) {
				pictures = append(pictures, one.Asset)
			}
		}
		if len(pictures) > before {
			numbers = append(numbers, strings.TrimSpace(clinical.DateOf(s.Session.Began.In(d.s.cfg.zone)).String()+" "+s.Job.Number))
		}
	}
	out.Number = strings.Join(numbers, ", ")
	if len(pictures) > 0 {
		out.Pictures = d.small(ctx, c, pictures, out.may)
	}
	return nil
}

// small opens the thumbnails of pictures one after the other, and leaves them
// open. One that is not drawn yet, or is gone meanwhile, leaves its number and
// caption.
func (d *desk) small(ctx context.Context, c clinical.Caller, pictures []clinical.Asset, may *permit) iter.Seq2[paper.Picture, error] {
	return func(yield func(paper.Picture, error) bool) {
		for i, a := range pictures {
			p := paper.Picture{Caption: strconv.Itoa(i+1) + " " + cmp.Or(a.Caption, a.View.Code)}
			served, err := d.s.gate.Open(ctx, c, policy.OpenRequest{Use: clinical.Care(), Asset: a.ID, Kind: clinical.Thumbnail})
			switch {
			case clinical.KindOf(err) == clinical.NotFound:
				err = nil
			case err == nil:
				may.of = append(may.of, served)
				p.Content = served
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}
