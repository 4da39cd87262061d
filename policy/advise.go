package policy

import (
	"context"

	"fovea/clinical"
)

// advise adds to a picture, shown for care, what was measured of it that is worth
// a look. Nothing that anybody may do depends on it.
func (g *Gate) advise(ctx context.Context, snap *Snapshot, person clinical.PersonID, one *clinical.Shown) error {
	q, err := g.opt.Reader.Quality(ctx, one.Asset.ID)
	if err != nil {
		return hidden(err)
	}
	scaled, err := g.scaled(ctx, one.Asset)
	if err != nil {
		return hidden(err)
	}
	one.Width, one.Height = q.Upright(one.Asset)
	for _, a := range q.Advise(one.Asset, scaled) {
		if !a.Like.IsZero() && !g.besides(snap, person, one.Asset, a.Like) {
			continue
		}
		one.Advice = append(one.Advice, a)
	}
	return nil
}

// scaled reports whether the version in which a picture is shown has a scale bar.
func (g *Gate) scaled(ctx context.Context, as clinical.Asset) (bool, error) {
	if as.Edit == 0 || !as.View.ScaleInFrame {
		return false, nil
	}
	edits, err := g.opt.Reader.Edits(ctx, as.ID)
	if err != nil {
		return false, err
	}
	v, ok := edits.Version(as.Edit)
	return ok && v.Recipe.Scale != nil, nil
}

// besides reports whether a person sees, for care, another picture of the same
// patient: one who does not hears nothing of it.
func (g *Gate) besides(snap *Snapshot, person clinical.PersonID, as clinical.Asset, other clinical.AssetID) bool {
	pic, ok := snap.pictures.get(other)
	if !ok || pic.frame.state.Gone() || pic.frame.patient != as.Patient {
		return false
	}
	return Decide(snap, Request{Person: person, Use: clinical.Care(), Asset: other, Rendition: clinical.Thumbnail, Now: g.opt.Now()}).Permit
}
