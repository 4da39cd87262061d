package policy

import (
	"cmp"
	"context"
	"slices"
	"time"

	"fovea/clinical"
)

// mostUnseen is how many pictures Unseen reads the versions of.
const mostUnseen = 2000

// Unseen lists the pictures whose flattened copies the caller can attest: with
// masks, of which nobody has said how far they identify, the longest waiting
// first. What the caller edited themself waits for somebody else and is never
// listed, nor is what somebody found still recognisable: that waits for better
// masks.
func (g *Gate) Unseen(ctx context.Context, c clinical.Caller) ([]clinical.Unseen, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	if p.Role != clinical.Photographer && p.Role != clinical.Clinician {
		return nil, nil
	}
	var out []clinical.Unseen
	for _, pic := range snap.unseen(Request{Person: c.Person, Use: clinical.Care(), Rendition: clinical.Thumbnail, Now: g.opt.Now()}) {
		edits, err := g.opt.Reader.Edits(ctx, pic.id)
		if clinical.KindOf(err) == clinical.NotFound {
			continue // erased meanwhile
		}
		if err != nil {
			return nil, err
		}
		v, ok := edits.Version(int(pic.edit))
		if !ok || v.By == c.Person || v.Attested != nil && v.Attested.Level == clinical.I0 {
			continue
		}
		out = append(out, clinical.Unseen{
			Asset: pic.id, Patient: pic.frame.patient, Version: int(pic.edit), By: v.By, At: v.At, Masks: len(v.Recipe.Masks), Note: v.Note,
		})
	}
	slices.SortFunc(out, func(a, b clinical.Unseen) int { return cmp.Or(a.At.Compare(b.At), a.Asset.Compare(b.Asset)) })
	return out, nil
}

// unseen are the pictures that somebody sees for care and whose masks nobody
// has looked at, as far as the facts tell.
func (s *Snapshot) unseen(ask Request) []*picture {
	var out []*picture
	s.shards.each(func(_ clinical.PatientID, sh *shard) bool {
		if !slices.ContainsFunc(sh.frames, waits) {
			return true
		}
		for _, pic := range sh.pictures {
			ask.Asset = pic.id
			if waits(pic.frame) && pic.edit > 0 && Decide(s, ask).Permit && !s.onHold(pic.id, ask.Now) {
				out = append(out, pic)
			}
		}
		return len(out) < mostUnseen
	})
	return out
}

// onHold reports whether a hold keeps a picture as it is: nobody could attest it.
func (s *Snapshot) onHold(id clinical.AssetID, now time.Time) bool {
	m := newMatter(s, Request{Asset: id, Now: now})
	return m != nil && m.heldBy(func(clinical.HoldKind) bool { return true })
}

// waits reports whether the masks of a picture are to be looked at: evidence is
// never edited, and an ID shot never leaves.
func waits(f *frame) bool {
	return f.masked && !f.cleared.Valid() && f.state == clinical.Filed && !f.idShot && !f.form && !f.sensitivity.Has(clinical.Safeguarding)
}
