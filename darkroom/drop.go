package darkroom

import (
	"context"
	"slices"
	"time"

	"fovea/clinical"
)

// dropAtOnce is how many renditions lose their bytes in one transaction.
const dropAtOnce = 256

// Drop gives up the bytes of every rendition that journal knows, at the wish of
// by, and tells progress how many. Their records stay, with size and hash, so
// that drives list the same files; a Follower makes the bytes again, the same
// ones, and whatever is asked for before the rest.
func Drop(ctx context.Context, journal journal, keeper keeper, by clinical.Caller, progress func(done, total int)) (int, error) {
	newest := map[clinical.RenditionID]clinical.Rendition{}
	_, err := journal.Load(ctx, func(d clinical.Delta) error {
		for _, r := range d.Renditions {
			if old, ok := newest[r.ID]; !ok || r.Rev >= old.Rev {
				newest[r.ID] = r
			}
		}
		return nil
	})
	if err != nil {
		return 0, clinical.Errorf(clinical.KindOf(err), "darkroom: load: %w", err)
	}
	var there []clinical.Rendition
	for _, r := range newest {
		if !r.Blob.ID.IsZero() {
			r.Blob.ID = clinical.BlobID{}
			there = append(there, r)
		}
	}
	slices.SortFunc(there, func(a, b clinical.Rendition) int { return a.ID.Compare(b.ID) })
	done := 0
	for some := range slices.Chunk(there, dropAtOnce) {
		n, err := dropSome(ctx, keeper, by, some)
		done += n
		if err != nil {
			return done, err
		}
		progress(done, len(there))
	}
	return done, nil
}

// dropSome commits a batch, or one after the other where some of it was made anew
// meanwhile: that stays.
func dropSome(ctx context.Context, keeper keeper, by clinical.Caller, some []clinical.Rendition) (int, error) {
	e := clinical.Event{At: time.Now(), Act: clinical.ActRenditionsDropped, Caller: by, Count: len(some)}
	_, err := keeper.Commit(ctx, clinical.Change{Event: e, Delta: clinical.Delta{Renditions: some}})
	switch kind := clinical.KindOf(err); {
	case err == nil:
		return len(some), nil
	case kind != clinical.Conflict:
		return 0, clinical.Errorf(kind, "darkroom: drop renditions: %w", err)
	case len(some) == 1:
		return 0, nil
	}
	done := 0
	for i := range some {
		n, err := dropSome(ctx, keeper, by, some[i:i+1])
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// dropped reports whether a rendition's bytes were given up.
func dropped(r clinical.Rendition) bool { return r.Failed == "" && r.Blob.ID.IsZero() }
