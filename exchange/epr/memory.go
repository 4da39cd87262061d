package epr

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"fovea/clinical"
)

// memory keeps, sealed and apart from the folder, which deliveries may lie in
// it: vault.Shelf. What the folder says of itself anybody may have changed.
type memory interface {
	Put(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
	Each(ctx context.Context, f func(key string, value []byte) error) error
}

// stay is what may lie in the folder of one delivery.
type stay struct {
	Pictures int `json:",omitempty"`
	// Cancelled: it had been collected when it had to be taken back, and the
	// record has not confirmed yet that it removed it.
	Cancelled bool      `json:",omitempty"`
	Nameless  bool      `json:",omitempty"` // what is written names no patient: the record of them is erased
	Stuck     bool      `json:",omitempty"` // it is to be gone, and could not be removed
	Since     time.Time // that it is as the others say
}

// reason says what is the matter with what stays; empty: nothing.
func (s stay) reason() clinical.Reason {
	switch {
	case s.Stuck:
		return FaultLeft
	case s.Cancelled:
		return FaultUnconfirmed
	default:
		return ""
	}
}

// Outside is a delivery that should not be outside any more, and is or may be:
// nobody has looked at the folder since, it cannot be removed from there, or the
// record has taken it and not confirmed that it was removed there.
type Outside struct {
	Release clinical.ReleaseID
	Reason  clinical.Reason // FaultUnseen, FaultLeft, FaultUnconfirmed
	Since   time.Time
}

// Left lists what is outside, by release: what the memory says of each delivery
// that may lie in the folder, and of those that it takes to be due there, what
// became of them since. It needs no follower, and counts what the gate cannot
// say as outside.
func Left(ctx context.Context, g source, m memory) ([]Outside, error) {
	all, err := recalled(ctx, m)
	if err != nil {
		return nil, err
	}
	var out []Outside
	for _, id := range slices.SortedFunc(maps.Keys(all), clinical.ReleaseID.Compare) {
		s := all[id]
		if err := ctx.Err(); err != nil {
			return nil, clinical.Errorf(clinical.Unavailable, "epr: what is outside: %w", err)
		}
		if s.reason() != "" {
			out = append(out, Outside{id, s.reason(), s.Since})
		} else if since, over := takenBack(ctx, g, id); over {
			out = append(out, Outside{id, FaultUnseen, latest(s.Since, since)})
		}
	}
	return out, nil
}

// takenBack reports whether a delivery is to be gone from the folder, because it
// has ended or shows what is not that patient's any more, and since when, where
// that is known.
func takenBack(ctx context.Context, g source, id clinical.ReleaseID) (time.Time, bool) {
	caller := clinical.Caller{Door: clinical.DoorExchange}
	r, err := g.Release(ctx, caller, id)
	if err != nil || !r.Ended.IsZero() {
		return r.Ended, true
	}
	page, err := g.EPRPage(ctx, caller, id)
	if err != nil || !page.Patient.Erased.IsZero() {
		return page.Patient.Erased, true
	}
	gone := func(a clinical.AssetID) bool { return shown(page, a).ID.IsZero() }
	return time.Time{}, r.Kind == clinical.EPRDelivery && slices.ContainsFunc(r.Assets, gone)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func recalled(ctx context.Context, m memory) (map[clinical.ReleaseID]stay, error) {
	out := map[clinical.ReleaseID]stay{}
	err := m.Each(ctx, func(key string, value []byte) error {
		id, err := clinical.ParseID[clinical.Release](key)
		if err != nil {
			return clinical.Errorf(clinical.Corrupt, "epr: a note of what was delivered: %w", err)
		}
		var s stay
		if err := json.Unmarshal(value, &s); err != nil {
			return clinical.Errorf(clinical.Corrupt, "epr: note of delivery %s: %w", id, err)
		}
		out[id] = s
		return nil
	})
	return out, err
}

// remember notes what may lie in the folder. It comes before the first file.
func (f *Follower) remember(ctx context.Context, id clinical.ReleaseID, s stay) error {
	before, known := f.stays[id]
	if s.Since = before.Since; !known || before.reason() != s.reason() {
		s.Since = f.opt.Now().UTC()
	}
	if known && before == s {
		return nil
	}
	value, err := json.Marshal(s)
	if err != nil {
		return clinical.Errorf(clinical.Internal, "epr: note of delivery %s: %w", id, err)
	}
	if err := f.opt.Memory.Put(ctx, id.String(), value); err != nil {
		return err
	}
	f.stays[id] = s
	return nil
}

// forget clears the folder of a delivery, and remembers it for as long as
// something of it cannot be removed.
func (f *Follower) forget(ctx context.Context, d *folder, id clinical.ReleaseID) error {
	s, known := f.stays[id]
	delete(f.handed, id)
	if d.clean(id, s.Pictures); d.lies(id, s.Pictures) {
		s.Stuck, s.Cancelled = true, false
		return f.remember(ctx, id, s)
	}
	if !known {
		return nil
	}
	if err := f.opt.Memory.Delete(ctx, id.String()); err != nil {
		return err
	}
	delete(f.stays, id)
	return nil
}

// sweep removes what should not lie in the folder any more: what an earlier
// round could not, and what was taken back while nobody looked.
func (f *Follower) sweep(ctx context.Context, d *folder) error {
	for _, id := range slices.SortedFunc(maps.Keys(f.stays), clinical.ReleaseID.Compare) {
		if f.handed[id] {
			continue
		}
		if err := f.forget(ctx, d, id); err != nil {
			return err
		}
	}
	return nil
}

// amiss is what is the matter with anything that stays.
func (f *Follower) amiss() clinical.Reason {
	var worst clinical.Reason
	for _, s := range f.stays {
		if r := s.reason(); worst != FaultLeft && r != "" {
			worst = r
		}
	}
	return worst
}

// oblivion is the memory of a follower that was given none: it lasts as long.
type oblivion map[string][]byte

func (o oblivion) Put(_ context.Context, key string, value []byte) error { o[key] = value; return nil }

func (o oblivion) Delete(_ context.Context, key string) error { delete(o, key); return nil }

func (o oblivion) Each(_ context.Context, f func(string, []byte) error) error {
	for k, v := range o {
		if err := f(k, v); err != nil {
			return err
		}
	}
	return nil
}
