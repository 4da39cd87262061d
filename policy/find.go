package policy

import (
	"context"

	"fovea/clinical"
)

// Find searches inside what the caller may see for a use: totals and facets
// count nothing else. The index may be a moment behind or ahead; every hit is
// decided once more before it is shown.
func (g *Gate) Find(ctx context.Context, c clinical.Caller, u clinical.Use, q clinical.Query) (clinical.Found, []clinical.Shown, error) {
	snap, err := g.snapshot()
	if err != nil {
		return clinical.Found{}, nil, err
	}
	if g.opt.Searcher == nil {
		return clinical.Found{}, nil, clinical.Refuse(clinical.Unavailable, "no-index", "Search is not ready yet. Try again in a moment.")
	}
	if u.Purpose != clinical.P0 && probes(q) {
		return clinical.Found{}, nil, clinical.Refuse(clinical.Forbidden, "search-care", "Pictures are searched for in care only. Open the set instead.")
	}
	now := g.opt.Now()
	scope := g.scopes.of(snap, &g.history, scopeKey{c.Person, u}, now)
	found, err := g.opt.Searcher.Search(ctx, q, scope)
	if err != nil {
		return clinical.Found{}, nil, err
	}
	snap, err = g.snapshot()
	if err != nil {
		return clinical.Found{}, nil, err
	}
	kept := make([]uint32, 0, len(found.Ordinals))
	shown := make([]clinical.Shown, 0, len(found.Ordinals))
	for _, n := range found.Ordinals {
		pic := snap.ordinals.get(n)
		if pic == nil || !Decide(snap, Request{Person: c.Person, Use: u, Asset: pic.id, Rendition: clinical.Thumbnail, Flat: true, Search: true, Now: now}).Permit {
			found.Total--
			continue
		}
		one, err := g.show(ctx, snap, pic, u.Purpose)
		if err != nil {
			if clinical.KindOf(err) == clinical.NotFound { // erased since
				found.Total--
				continue
			}
			return clinical.Found{}, nil, err
		}
		if snap.refiled(q, one.Asset) {
			found.Total--
			continue
		}
		kept, shown = append(kept, n), append(shown, one)
	}
	found.Ordinals = kept
	e := g.event(clinical.ActSearched, c)
	e.Use, e.Patient, e.Count = u, q.Patient, found.Total
	g.opt.Recorder.NoteLater(e)
	return found, shown, nil
}

// refiled reports whether a hit is no longer of the patient or the session that
// was asked for, which the index may not have heard yet, or is not surely the
// patient's: a run that waits may hold another's frames.
func (s *Snapshot) refiled(q clinical.Query, a clinical.Asset) bool {
	if !q.Session.IsZero() && a.Session != q.Session {
		return true
	}
	return !q.Patient.IsZero() && (a.State == clinical.Provisional || !s.samePatient(a.Patient, q.Patient))
}

// probes reports whether a query asks by what may name a patient. Beyond care a
// hit would tell whose picture it is, though nothing that is shown does.
func probes(q clinical.Query) bool {
	return q.Text != "" || !q.Patient.IsZero() || !q.Session.IsZero() || len(q.Terms) > 0 || len(q.Facets) > 0 ||
		q.Studio != "" || !q.Taken.From.IsZero() || !q.Taken.To.IsZero()
}

// show reads a picture's record for a page. Beyond care nothing that names the
// patient goes with it.
func (g *Gate) show(ctx context.Context, snap *Snapshot, pic *picture, p clinical.Purpose) (clinical.Shown, error) {
	a, err := g.opt.Reader.Asset(ctx, pic.id)
	if err != nil {
		return clinical.Shown{}, hidden(err)
	}
	if p != clinical.P0 {
		a = clinical.Asset{
			ID: a.ID, Rev: a.Rev, Ordinal: a.Ordinal, State: a.State, Specialty: a.Specialty, View: a.View,
			Sensitivity: a.Sensitivity, NoIdentifyingFeature: a.NoIdentifyingFeature,
			Original: clinical.Blob{Size: a.Original.Size, MIME: a.Original.MIME},
			Capture:  clinical.Capture{Width: a.Capture.Width, Height: a.Capture.Height, Orientation: a.Capture.Orientation},
		}
	}
	shown := clinical.Shown{Asset: a, Badge: snap.badge(pic, g.opt.Now()), Thumb: pic.thumb}
	if !pic.thumb {
		shown.Failed, err = g.undrawn(ctx, pic.id)
	}
	return shown, err
}

// undrawn returns why a picture has no thumbnail; empty while one is still
// being made.
func (g *Gate) undrawn(ctx context.Context, id clinical.AssetID) (clinical.Reason, error) {
	all, err := g.opt.Reader.Renditions(ctx, id)
	if err != nil {
		return "", hidden(err)
	}
	var newest clinical.Rendition
	for _, r := range all {
		if r.Kind == clinical.Thumbnail && r.Rev >= newest.Rev {
			newest = r
		}
	}
	return newest.Failed, nil
}

// Asset shows one picture: for care where the caller may, else as a set that
// reaches them shows it. Anything else is NotFound.
func (g *Gate) Asset(ctx context.Context, c clinical.Caller, id clinical.AssetID) (clinical.Shown, error) {
	snap, err := g.snapshot()
	if err != nil {
		return clinical.Shown{}, err
	}
	now := g.opt.Now()
	teaching := clinical.Use{Purpose: clinical.P2, Audience: clinical.A6, Channel: clinical.ViewOnScreen}
	uses := []clinical.Use{clinical.Care()}
	ids, _ := snap.members.get(id)
	for _, set := range ids {
		if st, ok := snap.sets.get(set); ok {
			teaching.Audience = st.Audience
			uses = append(uses, teaching)
		}
	}
	for _, u := range uses {
		d := Decide(snap, Request{Person: c.Person, Use: u, Asset: id, Rendition: clinical.Thumbnail, Flat: true, Now: now})
		if !d.Permit {
			continue
		}
		pic, _ := snap.pictures.get(id)
		e := g.event(clinical.ActViewed, c)
		e.Use, e.Assets, e.Rule, e.Patient = u, []clinical.AssetID{id}, d.Rule, pic.frame.patient
		g.opt.Recorder.NoteLater(e)
		shown, err := g.show(ctx, snap, pic, u.Purpose)
		if err == nil && u.Purpose == clinical.P0 {
			err = g.advise(ctx, snap, c.Person, &shown)
		}
		return shown, err
	}
	e := g.event(clinical.ActDenied, c)
	e.Use, e.Assets, e.Denied, e.Rule = clinical.Care(), []clinical.AssetID{id}, true, noNeed
	g.opt.Recorder.NoteLater(e)
	return clinical.Shown{}, clinical.ErrNotFound
}
