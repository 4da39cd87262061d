package policy

import (
	"context"

	"fovea/clinical"
)

// maxHanded is how many pictures a leak is compared with.
const maxHanded = 300

// Handed returns the pictures that mounted drives were served, of one set or
// patient where either is stated, for governance to compare a leak with. That
// they asked is in the ledger before they are answered.
func (g *Gate) Handed(ctx context.Context, c clinical.Caller, set clinical.SetID, patient clinical.PatientID) ([]clinical.Handed, error) {
	if _, err := g.traces(c); err != nil {
		return nil, err
	}
	e := g.event(clinical.ActAuditRead, c)
	e.Set, e.Patient, e.Rule = set, patient, "trace"
	if err := g.note(ctx, e, true); err != nil {
		return nil, err
	}
	all := handed{at: map[clinical.AssetID]int{}}
	q := clinical.EventQuery{Set: set, Patient: patient, Acts: []clinical.Act{clinical.ActServed}, Limit: eventPage}
	for {
		page, err := g.opt.Recorder.Events(ctx, q)
		if err != nil {
			return nil, clinical.Errorf(clinical.Unavailable, "policy: read the ledger: %w", err)
		}
		for _, r := range page {
			if r.Use.Channel == clinical.Mount && !r.Denied {
				all.add(r)
			}
		}
		if len(all.list) > maxHanded {
			return nil, invalid("too-many", "Drives were served more than 300 pictures. Name the set or the patient that it may be.")
		}
		if len(page) < q.Limit {
			return all.list, nil
		}
		q.After = page[len(page)-1].Leaf + 1
	}
}

// handed gathers what drives were served, by picture.
type handed struct {
	list []clinical.Handed
	at   map[clinical.AssetID]int
}

func (h *handed) add(r clinical.Recorded) {
	for _, id := range r.Assets {
		i, ok := h.at[id]
		if !ok {
			i, h.at[id] = len(h.list), len(h.list)
			h.list = append(h.list, clinical.Handed{Asset: id})
		}
		h.list[i].To = append(h.list[i].To, r)
	}
}

// OpenToTrace opens what drives are served of a picture, unmarked, for a leak to
// be compared with it inside the server, whoever may see the picture today; what
// was destroyed is not there. Governance asked for it by Handed. Whoever calls
// closes what is opened, also beside an error.
func (g *Gate) OpenToTrace(ctx context.Context, c clinical.Caller, id clinical.AssetID) ([]clinical.Content, error) {
	snap, err := g.traces(c)
	if err != nil {
		return nil, err
	}
	var out []clinical.Content
	plain, _ := snap.slides.get(id)
	flat, _ := snap.flats.get(id)
	for _, sl := range []*slide{plain, flat} {
		if sl == nil {
			continue
		}
		content, err := g.opt.Opener.Open(ctx, sl.blob)
		if clinical.KindOf(err) == clinical.NotFound {
			kind := clinical.Teaching
			if sl == flat {
				kind = clinical.Masked
			}
			_, content, err = g.bytes(ctx, snap, id, kind)
		}
		switch {
		case err == nil:
			out = append(out, content)
		case clinical.KindOf(err) != clinical.NotFound:
			return out, err
		}
	}
	return out, nil
}

// traces refuses who may not look for whose copy was passed on.
func (g *Gate) traces(c clinical.Caller) (*Snapshot, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	if p.Role != clinical.Governance {
		e := g.event(clinical.ActDenied, c)
		e.Denied, e.Rule = true, "trace"
		g.opt.Recorder.NoteLater(e)
		return nil, forbid("role", "Whose copy was passed on is for governance. Ask them.")
	}
	return snap, nil
}
