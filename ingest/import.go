package ingest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"

	"fovea/clinical"
)

// Import takes files and folders into a studio by the same rules and along the
// same path as if they had been dropped into its folder, except that nothing is
// waited for and the sources stay where they are. Where a file cannot be filed,
// its reason is written into the studio's folder. progress, which may be nil, is
// called with how many of the files found so far have their outcome; it is not
// called concurrently. The receipt covers all paths; files that failed for
// another reason than their own are the error, and can be imported again.
func (in *Ingest) Import(ctx context.Context, studio clinical.StudioID, paths []string, progress func(done, total int)) (Receipt, error) {
	at, err := in.station(studio)
	if err != nil {
		return Receipt{}, err
	}
	if err := in.memory.load(ctx, in.opt.Journal); err != nil {
		return Receipt{}, fmt.Errorf("ingest: import: %w", err)
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	sum := Receipt{Format: receiptFormat, Studio: studio, Reasons: map[clinical.Reason]int{}}
	for root, only := range roots(paths) {
		s := newStation(in, at.studio, folder(root))
		s.once, s.only = true, only
		r, err := s.importAll(ctx, progress, sum.Found)
		sum.add(r)
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// roots groups the paths by the folder they lie in: a folder is looked at
// whole, a file alone, with the ticket beside it.
func roots(paths []string) map[string][]string {
	out := map[string][]string{}
	for _, p := range paths {
		p = filepath.Clean(p)
		var st unix.Stat_t
		if unix.Lstat(p, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
			out[p] = nil
			continue
		}
		dir := filepath.Dir(p)
		if only, whole := out[dir]; whole && only == nil {
			continue
		}
		out[dir] = append(out[dir], filepath.Base(p), filepath.Base(p)+".json", ticketJSON, ticketCSV)
	}
	return out
}

// importAll runs cycles until every file has its outcome or one failed for a
// reason that is not its own.
func (s *station) importAll(ctx context.Context, progress func(done, total int), before int) (Receipt, error) {
	w := &watch{done: make(chan struct{})}
	for {
		_, err := s.cycle(ctx, w)
		done, total := 0, 0
		var failures []error
		for _, k := range s.tracker.tracks {
			total++
			if k.phase == finished {
				done++
			}
			if k.phase == retrying {
				failures = append(failures, k.err)
			}
		}
		progress(before+done, before+total)
		if err := errors.Join(append(failures, err, ctx.Err())...); err != nil {
			return s.lastReceipt, fmt.Errorf("ingest: import: %w", err)
		}
		if done == total {
			return s.lastReceipt, nil
		}
	}
}

// add sums receipts.
func (r *Receipt) add(o Receipt) {
	if r.First.IsZero() || (!o.First.IsZero() && o.First.Before(r.First)) {
		r.First = o.First
	}
	r.Written = o.Written
	r.Found += o.Found
	r.Kept += o.Kept
	r.Duplicate += o.Duplicate
	r.Quarantined += o.Quarantined
	r.Ignored += o.Ignored
	for reason, n := range o.Reasons {
		r.Reasons[reason] += n
	}
}
