package policy

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"fovea/clinical"
)

// Releases returns the register, newest first: all of it to governance, to
// others what they made themselves.
func (g *Gate) Releases(_ context.Context, c clinical.Caller) ([]clinical.Release, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	var out []clinical.Release
	snap.releases.each(func(_ clinical.ReleaseID, r *clinical.Release) bool {
		if p.Role == clinical.Governance || r.By == p.ID {
			out = append(out, *r)
		}
		return true
	})
	slices.SortFunc(out, func(a, b clinical.Release) int { return cmp.Or(b.At.Compare(a.At), b.ID.Compare(a.ID)) })
	return out, nil
}

// Release returns one entry of the register.
func (g *Gate) Release(_ context.Context, c clinical.Caller, id clinical.ReleaseID) (clinical.Release, error) {
	snap, err := g.snapshot()
	if err != nil {
		return clinical.Release{}, err
	}
	r, ok := snap.releases.get(id)
	if exchangeAlone(c) {
		if !ok || !toEPR(r.Kind) {
			return clinical.Release{}, clinical.ErrNotFound
		}
		return *r, nil
	}
	p, err := g.asker(snap, c)
	if err != nil {
		return clinical.Release{}, err
	}
	if !ok || p.Role != clinical.Governance && r.By != p.ID {
		return clinical.Release{}, clinical.ErrNotFound
	}
	return *r, nil
}

// OpenRelease opens every picture of a release, for whoever made it, and
// deliveries to the patient record for the deliverer: all of them, or none. Each
// is in the ledger before its first byte. Whoever calls closes what is opened.
func (g *Gate) OpenRelease(ctx context.Context, c clinical.Caller, id clinical.ReleaseID) (clinical.Release, []*clinical.Served, error) {
	r, err := g.Release(ctx, c, id)
	if err != nil {
		return clinical.Release{}, nil, err
	}
	if r.By != c.Person || r.Kind == clinical.EPRCorrection || !r.OpenAt(g.opt.Now(), g.opt.Zone) {
		return clinical.Release{}, nil, clinical.ErrNotFound
	}
	out := make([]*clinical.Served, 0, len(r.Assets))
	for _, asset := range r.Assets {
		one, err := g.Open(ctx, c, OpenRequest{Use: useOf(&r), Asset: asset, Kind: r.Rendition, Release: id})
		if err != nil {
			for _, open := range out {
				err = errors.Join(err, open.Close())
			}
			return clinical.Release{}, nil, err
		}
		out = append(out, one)
	}
	return r, out, nil
}
