package epr

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"fovea/clinical"
	"fovea/exchange/paper"
)

// register says what is due and takes note of what became of it.
type register interface {
	EPRWork(ctx context.Context, c clinical.Caller) ([]clinical.Release, error)
	Do(ctx context.Context, c clinical.Caller, cmd clinical.Command) (clinical.Change, error)
}

// source says what a delivery is made of.
type source interface {
	Release(ctx context.Context, c clinical.Caller, id clinical.ReleaseID) (clinical.Release, error)
	// EPRPage returns the patient of a delivery or correction (whom the record
	// is merged into, where it is), with its one session, that session's job, and
	// as Shown the pictures of the delivery that are this patient's still: none
	// for a correction. It answers for a delivery that has ended, too.
	EPRPage(ctx context.Context, c clinical.Caller, id clinical.ReleaseID) (clinical.PatientPage, error)
}

// opener opens the pictures of a delivery.
type opener interface {
	OpenRelease(ctx context.Context, c clinical.Caller, id clinical.ReleaseID) (clinical.Release, []*clinical.Served, error)
}

// gate is what the deliverer asks: policy.Gate.
type gate interface {
	register
	source
	opener
}

// Options say where deliveries go and in which form.
type Options struct {
	Folder string
	// Memory keeps what was written, apart from the folder; nil: for as long as
	// the follower is there.
	Memory memory
	// Sign is the name of a file that has to be in the folder, made by whoever
	// set the folder up: without it a share that is not mounted would be taken
	// for an empty one, and pictures would lie on the disk below. Empty: none.
	Sign    string
	Columns []string     // of the index row, in order; empty: DefaultColumns
	Comma   rune         // between columns; 0: a comma
	Issuer  paper.Issuer // letterhead and language of the PDF; its Now is not read
	Mode    uint32       // permissions of files; 0: 0600
	// Poll is how often the folder and the gate are looked at; default 10 s.
	Poll time.Duration
	// Patience is how long an answer is waited for; default 24 h.
	Patience time.Duration
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: silent
}

const (
	slowest  = 15 * time.Minute // between two looks at a folder that is away
	perRound = 32               // deliveries written in one round
	perOne   = 10 * time.Minute // for one delivery
	plates   = 60               // pictures drawn in a PDF; further ones are named
)

// The faults that a release in the register shows.
const (
	FaultAway     clinical.Reason = "epr-folder-away"   // the folder is not there
	FaultFull     clinical.Reason = "epr-folder-full"   // no space
	FaultFolder   clinical.Reason = "epr-folder"        // it cannot be written
	FaultRefused  clinical.Reason = "epr-refused"       // the record answered no
	FaultSilent   clinical.Reason = "epr-silent"        // collected, never answered
	FaultIdle     clinical.Reason = "epr-not-fetched"   // not collected
	FaultWithheld clinical.Reason = "epr-withheld"      // the gate does not let it out now
	FaultPicture  clinical.Reason = "epr-undeliverable" // a picture cannot be written

	// These are of what should not be outside any more.
	FaultUnseen      clinical.Reason = "epr-not-taken-back" // the folder was not looked at since
	FaultLeft        clinical.Reason = "epr-left-behind"    // it cannot be removed from the folder
	FaultUnconfirmed clinical.Reason = "epr-unconfirmed"    // it was cancelled after the record took it, and not acknowledged
)

// Follower delivers what the gate says is due. One runs for one folder.
type Follower struct {
	gate   gate
	opt    Options
	handed map[clinical.ReleaseID]bool // written, not answered; nil: the folder has not been read yet
	stays  map[clinical.ReleaseID]stay // what Options.Memory holds

	mu    sync.Mutex
	fault clinical.Reason
	since time.Time
}

// New returns a follower. Invalid: the folder is not named, or a column is not
// one of Columns.
func New(g gate, opt Options) (*Follower, error) {
	if opt.Folder == "" {
		return nil, clinical.Refuse(clinical.Invalid, "epr-folder", "Name the folder that the patient record collects from.")
	}
	if len(opt.Columns) == 0 {
		opt.Columns = DefaultColumns()
	}
	for _, c := range opt.Columns {
		if !known(c) {
			return nil, clinical.Refuse(clinical.Invalid, "epr-columns", "The index has no such column. docs/formats/epr-folder.md lists them: choose among these.")
		}
	}
	opt.Comma = cmp.Or(opt.Comma, ',')
	opt.Mode = cmp.Or(opt.Mode, 0o600)
	opt.Poll = cmp.Or(opt.Poll, 10*time.Second)
	opt.Patience = cmp.Or(opt.Patience, 24*time.Hour)
	if opt.Memory == nil {
		opt.Memory = oblivion{}
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Follower{gate: g, opt: opt}, nil
}

// Run delivers until ctx ends, then returns nil. While the folder or the gate
// fails it looks less and less often, at least every quarter of an hour.
func (f *Follower) Run(ctx context.Context) error {
	t := time.NewTimer(0)
	defer t.Stop()
	wait := f.opt.Poll
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := f.Round(ctx); err == nil {
			f.note(f.amiss())
			wait = f.opt.Poll
		} else if ctx.Err() == nil {
			f.note(cmp.Or(clinical.ReasonOf(err), clinical.Reason(clinical.KindOf(err).String())))
			wait = min(2*wait, slowest)
		}
		t.Reset(wait)
	}
}

// Fault says what keeps deliveries from leaving, or what is outside and should
// not be, and since when; empty: nothing.
func (f *Follower) Fault() (clinical.Reason, time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault, f.since
}

// note remembers a fault and logs it once when it comes and once when it goes.
func (f *Follower) note(fault clinical.Reason) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault == f.fault {
		return
	}
	f.fault, f.since = fault, f.opt.Now()
	if fault == "" {
		f.opt.Log.Info("deliveries to the patient record go on")
		return
	}
	if fault == FaultLeft || fault == FaultUnconfirmed {
		f.opt.Log.Warn("a delivery to the patient record was taken back and is still outside: fovea fsck names it", "fault", string(fault))
		return
	}
	f.opt.Log.Warn("deliveries to the patient record wait", "fault", string(fault))
}

// Round looks once: at answers first, then at what is due. An error means that
// the folder or the gate failed and nothing more was tried; what concerns one
// delivery alone is in the register.
func (f *Follower) Round(ctx context.Context) error {
	d, err := f.open()
	if err != nil {
		return f.away(ctx, err)
	}
	defer d.close()
	if f.handed == nil {
		if err := f.resume(ctx, d); err != nil {
			return err
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(f.handed), clinical.ReleaseID.Compare) {
		if err := f.settle(ctx, d, id); err != nil {
			return err
		}
	}
	if err := f.sweep(ctx, d); err != nil {
		return err
	}
	work, err := f.gate.EPRWork(ctx, f.caller())
	if err != nil {
		return err
	}
	n := 0
	for _, r := range work {
		if f.handed[r.ID] {
			continue
		}
		if n++; n > perRound || ctx.Err() != nil {
			return ctx.Err()
		}
		if err := f.hand(ctx, d, r); err != nil {
			return err
		}
	}
	return nil
}

// resume reads from memory and folder what an earlier process had written, and
// removes what it had only begun. What has its row and no marker was written
// whole: it waits for its answer like the others, and is taken back like them.
func (f *Follower) resume(ctx context.Context, d *folder) error {
	stays, err := recalled(ctx, f.opt.Memory)
	if err != nil {
		return err
	}
	l, err := d.state()
	if err != nil {
		return err
	}
	for id := range l.halves {
		ours, err := f.knows(ctx, id)
		if err != nil {
			return err
		}
		if ours {
			d.remove(l.halves[id])
		}
	}
	for id, s := range stays {
		l.begun[id] = true
		if s.Cancelled {
			l.handed[id] = true
		}
	}
	f.stays = stays
	for id := range l.begun {
		if l.handed[id] {
			continue
		}
		if l.handed[id], err = f.begun(ctx, d, id); err != nil {
			return err
		}
	}
	maps.DeleteFunc(l.handed, func(_ clinical.ReleaseID, written bool) bool { return !written })
	f.handed = l.handed
	return nil
}

// begun looks at a delivery that an earlier process began, and reports whether
// it had been written whole; else nothing of it stays.
func (f *Follower) begun(ctx context.Context, d *folder, id clinical.ReleaseID) (bool, error) {
	s, ours := f.stays[id]
	if !ours {
		var err error
		if ours, err = f.knows(ctx, id); err != nil || !ours {
			return false, err
		}
	}
	if s.Stuck || !d.there(id.String()+".csv") && !d.there(id.String()+".ack") {
		return false, f.forget(ctx, d, id)
	}
	return true, d.mark(id)
}

// knows reports whether a delivery is in the register: somebody else's file
// keeps its name.
func (f *Follower) knows(ctx context.Context, id clinical.ReleaseID) (bool, error) {
	_, err := f.gate.Release(ctx, f.caller(), id)
	if clinical.KindOf(err) == clinical.NotFound {
		return false, nil
	}
	return err == nil, err
}

// away tells the oldest delivery that is due why it does not leave; the others
// wait untouched, so that none is put off by an outage that was not its own.
func (f *Follower) away(ctx context.Context, fault error) error {
	work, err := f.gate.EPRWork(ctx, f.caller())
	if err != nil || len(work) == 0 {
		return errors.Join(fault, err)
	}
	return errors.Join(fault, f.fail(ctx, work[0].ID, FaultAway))
}

func (f *Follower) caller() clinical.Caller { return clinical.Caller{Door: clinical.DoorExchange} }

func (f *Follower) fail(ctx context.Context, id clinical.ReleaseID, fault clinical.Reason) error {
	_, err := f.gate.Do(ctx, f.caller(), clinical.FailRelease{Release: id, Fault: fault})
	return over(err)
}

// over forgives an act that came too late: the release has ended, was delivered
// already, or is gone.
func over(err error) error {
	switch clinical.KindOf(err) {
	case clinical.Conflict, clinical.NotFound:
		return nil
	default:
		return err
	}
}

// hand writes one delivery or correction. A fault of its own goes to the
// register; one of the folder or the gate is returned, too.
func (f *Follower) hand(ctx context.Context, d *folder, r clinical.Release) error {
	ctx, cancel := context.WithTimeout(ctx, perOne)
	defer cancel()
	err := f.write(ctx, d, r)
	if err == nil {
		f.handed[r.ID] = true
		return nil
	}
	if e := f.forget(ctx, d, r.ID); e != nil {
		return errors.Join(err, e)
	}
	fault := clinical.ReasonOf(err)
	switch {
	case fault == FaultFull || fault == FaultFolder || fault == FaultAway:
		return errors.Join(err, f.fail(ctx, r.ID, fault))
	case clinical.KindOf(err) == clinical.NotFound:
		return f.fail(ctx, r.ID, FaultWithheld)
	case clinical.KindOf(err) == clinical.Unavailable || clinical.KindOf(err) == clinical.Internal:
		return err
	default:
		return f.fail(ctx, r.ID, FaultPicture)
	}
}

func (f *Follower) write(ctx context.Context, d *folder, r clinical.Release) error {
	if r.Kind == clinical.EPRCorrection {
		return f.correct(ctx, d, r)
	}
	return f.deliver(ctx, d, r)
}

// closeAll closes what the gate has opened.
func closeAll(all []*clinical.Served) {
	for _, s := range all {
		_ = s.Close() // read-only: nothing is lost
	}
}

// rewind sets a picture to its beginning.
func rewind(s *clinical.Served) error {
	_, err := s.Seek(0, io.SeekStart)
	return err
}
