package policy

import (
	"context"

	"fovea/clinical"
)

// A contact sheet lies on a mounted drive beside its pictures, and a listing
// has to say how large it is. So it is drawn before anybody asks for it, and who
// only lists a folder has received none of what is on it.

// DrawInSet opens a picture as OpenInSet does, to be drawn on a paper that
// stays here. The ledger does not hear of it: whoever gives the paper away asks
// ServeInSet first.
func (g *Gate) DrawInSet(ctx context.Context, c clinical.Caller, set clinical.SetID, asset clinical.AssetID) (*clinical.Served, error) {
	return g.inSet(ctx, c, set, asset, func(context.Context, clinical.Event, bool) error { return nil })
}

func (g *Gate) inSet(ctx context.Context, c clinical.Caller, set clinical.SetID, asset clinical.AssetID, note noter) (*clinical.Served, error) {
	if set.IsZero() {
		return nil, clinical.ErrNotFound
	}
	return g.open(ctx, c, OpenRequest{Use: clinical.Use{Channel: clinical.Mount}, Set: set, Asset: asset, Kind: clinical.Teaching}, note)
}

// ServeInSet notes that a paper with these pictures of a set goes to the caller
// by a mounted drive, in one entry for each patient, and returns once what is
// owed before the first byte is written. It decides on every picture again: if
// one is refused by now nothing is noted as served, and the answer is NotFound.
func (g *Gate) ServeInSet(ctx context.Context, c clinical.Caller, id clinical.SetID, assets []clinical.AssetID) error {
	snap, err := g.snapshot()
	if err != nil {
		return err
	}
	st, ok := snap.sets.get(id)
	if !ok {
		return clinical.ErrNotFound
	}
	req := Request{Person: c.Person, Use: mountOf(st), Set: id, Rendition: clinical.Teaching, Flat: true, Now: g.opt.Now()}
	e := g.event(clinical.ActServed, c)
	e.Use, e.Set = req.Use, id
	first := false
	var owners []clinical.PatientID
	of := map[clinical.PatientID][]clinical.AssetID{}
	for _, one := range assets {
		req.Asset = one
		d := Decide(snap, req)
		if !d.Permit {
			e.Act, e.Assets, e.Denied, e.Rule = clinical.ActDenied, []clinical.AssetID{one}, true, d.Rule
			g.opt.Recorder.NoteLater(e)
			return clinical.ErrNotFound
		}
		pic, _ := snap.pictures.get(one)
		owner := pic.frame.patient
		if of[owner] == nil {
			owners = append(owners, owner)
		}
		of[owner] = append(of[owner], one)
		e.Rule, first = d.Rule, first || d.LogBeforeBytes
	}
	for _, owner := range owners {
		e.Patient, e.Assets = owner, of[owner]
		if err := g.note(ctx, e, first); err != nil {
			return err
		}
	}
	return nil
}
