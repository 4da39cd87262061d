package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"fovea/clinical"
)

// perCommit is how many landings are marked in one change.
const perCommit = 256

// batch is what came between two quiet times of a folder.
type batch struct {
	found    int                         // names that need an outcome, counted as they are seen
	landings map[string]clinical.Landing // of files that were disposed of, by source
	ignored  []track
	emptied  map[string]bool // folders that something was taken out of
}

func newBatch() batch {
	return batch{landings: map[string]clinical.Landing{}, emptied: map[string]bool{}}
}

// disposedOf reports whether the landing's file went in this batch, though the
// landing is not marked yet.
func (b *batch) disposedOf(source string) bool {
	_, ok := b.landings[source]
	return ok
}

// Receipt says what became of everything that landed in a studio between two
// quiet times, or in one import. Found = Kept + Duplicate + Quarantined +
// Ignored. It counts and names no file; see docs/formats/receipt.md.
type Receipt struct {
	Format  string            `json:"fovea"` // receipt/1
	Studio  clinical.StudioID `json:"studio"`
	First   time.Time         `json:"first"` // when the first file was taken in
	Written time.Time         `json:"written"`
	clinical.LandingCounts
	Reasons map[clinical.Reason]int `json:"reasons,omitempty"`
}

const receiptFormat = "receipt/1"

// closeBatch ends the batch of a folder that has become quiet: tickets are
// disposed of, the receipt is written, and every landing is marked as done, in
// this order, so that a stop in between only repeats what is left.
func (s *station) closeBatch(ctx context.Context, folders []string) error {
	now := s.in.opt.Now()
	if err := s.spendTickets(now); err != nil {
		return err
	}
	left := s.unfinished()
	if s.anyUnsettled() {
		return nil
	}
	landed, err := s.batchLandings(ctx, left, now)
	if err != nil {
		return err
	}
	if len(landed) == 0 {
		s.batch = newBatch()
		s.batch.found = len(left)
		return s.expireHourly(now)
	}
	r := s.receipt(landed, now)
	s.lastReceipt = r
	if found := s.batch.found - len(left) + s.carried(landed); found != r.Found {
		s.in.opt.Log.Error("ingest: receipt does not add up", "studio", s.studio.ID, "seen", found, "accounted", r.Found)
	}
	if err := s.writeReceipt(r, landed[0]); err != nil {
		return err
	}
	if err := s.round(ctx, landed, now); err != nil {
		return err
	}
	if err := s.markDone(ctx, landed, now); err != nil {
		return err
	}
	s.tidy(folders)
	s.batch = newBatch()
	s.batch.found = len(left)
	return s.expireHourly(now)
}

// unfinished returns the tracks without an outcome, by the source of the
// landing they have, or by name.
func (s *station) unfinished() map[string]bool {
	left := map[string]bool{}
	for rel, k := range s.tracker.tracks {
		if k.phase == finished {
			continue
		}
		if k.landing.ID.IsZero() {
			left[rel] = true
		} else {
			left[k.landing.Source] = true
		}
	}
	return left
}

// anyUnsettled reports whether a file may still get its outcome by itself.
func (s *station) anyUnsettled() bool {
	for _, k := range s.tracker.tracks {
		if !litter(k.name()) && !s.isTicket(k) && (k.phase == settling || k.phase == waiting) {
			return true
		}
	}
	return false
}

// batchLandings returns the landings of the batch, oldest first: of what was
// disposed of, of what a run of the program before this one left unmarked, and
// new ones for what is ignored.
func (s *station) batchLandings(ctx context.Context, left map[string]bool, now time.Time) ([]clinical.Landing, error) {
	all := maps.Clone(s.batch.landings)
	if !s.once {
		for _, l := range s.in.memory.undone(s.studio.ID) {
			if !left[l.Source] {
				all[l.Source] = l
			}
		}
	}
	landed := slices.Collect(maps.Values(all))
	for i := range s.batch.ignored {
		k := &s.batch.ignored[i]
		src := source{entry: k.entry}
		l := s.landing(arrival{src: &src, source: src.landingSource(s.in.opt.SourceKey, s.studio.ID, 0)}, now)
		l.Outcome, l.Reason = clinical.OutcomeIgnored, k.reason
		known, err := s.in.opt.Archive.FindLanding(ctx, l.Source)
		switch {
		case errors.Is(err, clinical.ErrNotFound):
			landed = append(landed, l)
		case err != nil:
			return nil, err
		case s.once:
			l.Rev, l.Done = known.Rev, known.Done // recorded before, and counted in every import
			landed = append(landed, l)
		default:
			s.batch.found-- // it was seen and recorded before
		}
	}
	slices.SortFunc(landed, func(a, b clinical.Landing) int {
		return cmp.Or(a.At.Compare(b.At), a.ID.Compare(b.ID))
	})
	return landed, nil
}

// carried counts the landings whose files went before this run of the program.
func (s *station) carried(landed []clinical.Landing) int {
	n := 0
	for _, l := range landed {
		if l.Outcome != clinical.OutcomeIgnored && !s.batch.disposedOf(l.Source) {
			n++
		}
	}
	return n
}

func (s *station) receipt(landed []clinical.Landing, now time.Time) Receipt {
	r := Receipt{
		Format: receiptFormat, Studio: s.studio.ID, First: landed[0].At.UTC(), Written: now.UTC(),
		Reasons: map[clinical.Reason]int{},
	}
	for _, l := range landed {
		r.Found++
		switch l.Outcome {
		case clinical.OutcomeKept:
			r.Kept++
		case clinical.OutcomeDuplicate:
			r.Duplicate++
		case clinical.OutcomeQuarantined:
			r.Quarantined++
		case clinical.OutcomeIgnored:
			r.Ignored++
		}
		if l.Reason != "" {
			r.Reasons[l.Reason]++
		}
	}
	return r
}

// writeReceipt puts the receipt into the studio's _receipts folder. Its name is
// made of its first landing, so that writing it again replaces it.
func (s *station) writeReceipt(r Receipt, first clinical.Landing) error {
	if s.told {
		return nil
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("ingest: receipt: %w", err)
	}
	dir, err := makeFolder(s.studio.Folder, receiptsFolder)
	if err != nil {
		return err
	}
	defer unix.Close(dir) //nolint:errcheck // a folder
	name := first.At.In(s.in.opt.Zone).Format("2006-01-02 150405") + " " + first.ID.String() + ".json"
	if err := writeFile(dir, name, append(b, '\n'), true); err != nil {
		return notWritable("write receipt", err)
	}
	return nil
}

// markDone marks the landings as disposed of and adds those of ignored files.
func (s *station) markDone(ctx context.Context, landed []clinical.Landing, now time.Time) error {
	for group := range slices.Chunk(landed, perCommit) {
		group = slices.Clone(group)
		group = slices.DeleteFunc(group, func(l clinical.Landing) bool { return l.Done && l.Rev != 0 })
		if len(group) == 0 {
			continue
		}
		for i := range group {
			group[i].Done = true
		}
		c := clinical.Change{Event: s.event(clinical.ActLanding, now), Delta: clinical.Delta{Landings: group}}
		if err := s.commit(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// round notes what the batch as a whole has brought about: jobs whose pictures
// are filed, and when sessions began.
func (s *station) round(ctx context.Context, landed []clinical.Landing, now time.Time) error {
	d := clinical.Delta{Sessions: s.in.memory.began(s.studio.ID)}
	seen := map[clinical.JobID]bool{}
	for _, l := range landed {
		if l.Outcome != clinical.OutcomeKept {
			continue
		}
		a, err := s.in.opt.Archive.Asset(ctx, l.Asset)
		if err != nil {
			return fmt.Errorf("ingest: look at asset %s: %w", l.Asset, err)
		}
		if a.State != clinical.Filed || a.Job.IsZero() || seen[a.Job] {
			continue
		}
		seen[a.Job] = true
		job, filed, err := s.filedJob(ctx, a.Job, now)
		if err != nil {
			return err
		}
		if filed {
			d.Jobs = append(d.Jobs, job)
		}
	}
	if len(d.Sessions)+len(d.Jobs) == 0 {
		return nil
	}
	act := clinical.ActLanding
	if len(d.Jobs) > 0 {
		act = clinical.ActJobChanged
	}
	return s.commit(ctx, clinical.Change{Event: s.event(act, now), Delta: d})
}

// filedJob returns the job as filed, and whether it was open until now.
func (s *station) filedJob(ctx context.Context, id clinical.JobID, now time.Time) (clinical.Job, bool, error) {
	job, err := s.in.opt.Register.Job(ctx, id)
	if err != nil {
		return job, false, fmt.Errorf("ingest: look at job %s: %w", id, err)
	}
	if !job.Status.Open() {
		return job, false, nil
	}
	job.Status, job.FiledAt = clinical.JobFiled, now
	return job, true, nil
}
