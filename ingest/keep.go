package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"fovea/clinical"
)

// arrival is a file on its way into the vault and all that is known of it.
type arrival struct {
	src     *source
	mime    string
	capture clinical.Capture
	claim   *claim          // nil: quarantine
	reason  clinical.Reason // why, where claim is nil
	details details
	source  string // of its landing
	idShot  bool
	known   bool       // capture is there already
	run     *placement // nil: filed by ticket or name, or quarantined
}

// refuse turns a refusal into the reason for quarantine, and returns every
// other error.
func (a *arrival) refuse(err error) error {
	r, ok := refused(err)
	if !ok {
		return err
	}
	a.claim, a.reason = nil, r
	return nil
}

// landed looks for an earlier landing of the very same file. A landing that is
// done with, or whose asset is gone, is one of an earlier drop; then the next
// name of the source is tried. Of a delivery the same name, time and content are
// the same file, handed over again after a stop. The zero Landing and the name to use mean that
// the file has not landed.
func (s *station) landed(ctx context.Context, src *source) (clinical.Landing, string, error) {
	for again := 0; ; again++ {
		name := src.landingSource(s.in.opt.SourceKey, s.studio.ID, again)
		l, err := s.in.opt.Archive.FindLanding(ctx, name)
		if errors.Is(err, clinical.ErrNotFound) {
			return clinical.Landing{}, name, nil
		}
		if err != nil {
			return clinical.Landing{}, "", err
		}
		if (l.Done && !s.told) || s.batch.disposedOf(name) {
			continue
		}
		a, err := s.in.opt.Archive.Asset(ctx, l.Asset)
		if err != nil && !errors.Is(err, clinical.ErrNotFound) {
			return clinical.Landing{}, "", err
		}
		if err == nil && !a.State.Gone() {
			return l, name, nil
		}
	}
}

// keep seals the file and commits blob, asset, session and landing in one
// change. It returns the landing, whose outcome may be duplicate.
func (s *station) keep(ctx context.Context, a arrival) (clinical.Landing, error) {
	var session clinical.Session
	fresh := false
	if a.claim != nil {
		var unlock func()
		session, fresh, unlock = s.sessionFor(a)
		defer unlock()
	}
	owner := clinical.Owner{Asset: clinical.Mint[clinical.Asset](s.in.opt.Mint)}
	if a.claim != nil {
		owner.Patient = a.claim.patient.ID
	} else {
		owner.Studio = s.studio.ID
	}
	build := func(b clinical.Blob) (clinical.Change, error) {
		if b.Size != a.src.size || b.SHA256 != a.src.sum {
			return clinical.Change{}, errChanged
		}
		if err := a.src.unchanged(); err != nil {
			return clinical.Change{}, err
		}
		b.MIME = a.mime
		return s.change(a, owner, b, session, fresh), nil
	}
	change, err := s.in.opt.Keeper.Put(ctx, owner, a.src.reader(), build)
	if dup, ok := errors.AsType[*clinical.Duplicate](err); ok {
		return s.duplicate(ctx, a, dup.Asset)
	}
	if err != nil {
		return clinical.Landing{}, fmt.Errorf("ingest: keep asset %s: %w", owner.Asset, err)
	}
	s.in.memory.own(change)
	return change.Landings[0], nil
}

// sessionFor finds the session of the arrival's patient, or makes one, which is
// then fresh and kept with this frame; until unlock, no other frame starts one.
func (s *station) sessionFor(a arrival) (session clinical.Session, fresh bool, unlock func()) {
	if a.run != nil {
		return a.run.session, a.run.first && a.run.session.Rev == 0, func() {}
	}
	photographer := a.details.photographer.ID
	if photographer.IsZero() {
		photographer = a.claim.job.Photographer
	}
	want := clinical.Session{
		Patient: a.claim.patient.ID, Job: a.claim.job.ID, Encounter: a.claim.job.Encounter,
		Studio: s.studio.ID, Photographer: photographer, Specialty: s.specialty(a.claim), Began: a.capture.At,
	}
	s.in.sessions.Lock()
	if found, ok := s.in.memory.sitting(want, a.capture.At, s.studio.Gap); ok {
		s.in.sessions.Unlock()
		return found, false, func() {}
	}
	want.ID = clinical.Mint[clinical.Session](s.in.opt.Mint)
	return want, true, s.in.sessions.Unlock
}

func (s *station) specialty(c *claim) clinical.Specialty {
	if c != nil && c.job.Specialty != "" {
		return c.job.Specialty
	}
	return s.studio.Specialty
}

// change is the whole of what is committed for one kept file.
func (s *station) change(a arrival, owner clinical.Owner, b clinical.Blob, session clinical.Session, fresh bool) clinical.Change {
	now := s.in.opt.Now()
	asset := clinical.Asset{
		ID: owner.Asset, State: clinical.Quarantined, Reason: a.reason, Studio: s.studio.ID,
		Specialty: s.specialty(a.claim), Original: b, Capture: a.capture, Name: printable(a.src.name()),
		IDShot: a.idShot, KeptAt: now,
	}
	landing := s.landing(a, now)
	landing.Asset, landing.Outcome, landing.Reason = asset.ID, clinical.OutcomeQuarantined, a.reason
	c := clinical.Change{Event: s.event(clinical.ActAssetQuarantined, now)}
	if a.claim != nil {
		asset.State, asset.FiledAt = clinical.Filed, now
		asset.Patient, asset.Job, asset.Encounter = a.claim.patient.ID, a.claim.job.ID, a.claim.job.Encounter
		asset.Session, asset.Lesion = session.ID, a.details.lesion
		asset.View, asset.Keywords, asset.Caption = a.details.view, a.details.keywords, a.details.caption
		landing.Outcome = clinical.OutcomeKept
		c.Act, c.Patient = clinical.ActAssetKept, asset.Patient
		if fresh {
			c.Sessions = []clinical.Session{session}
		}
		a.run.place(&asset, &c)
	}
	c.Event.Assets = []clinical.AssetID{asset.ID}
	c.Delta.Assets = []clinical.Asset{asset}
	c.Landings = []clinical.Landing{landing}
	return c
}

func (s *station) event(act clinical.Act, now time.Time) clinical.Event {
	return clinical.Event{At: now, Act: act, Caller: clinical.Caller{Door: clinical.DoorIngest}}
}

func (s *station) landing(a arrival, now time.Time) clinical.Landing {
	return clinical.Landing{
		ID: clinical.Mint[clinical.Landing](s.in.opt.Mint), Studio: s.studio.ID, Source: a.source,
		At: now, Size: a.src.size, Done: s.once,
	}
}

// duplicate records that the patient, or the quarantine, has these bytes.
func (s *station) duplicate(ctx context.Context, a arrival, of clinical.AssetID) (clinical.Landing, error) {
	l := s.landing(a, s.in.opt.Now())
	l.Outcome, l.Asset = clinical.OutcomeDuplicate, of
	c := clinical.Change{Event: s.event(clinical.ActLanding, l.At), Delta: clinical.Delta{Landings: []clinical.Landing{l}}}
	c.Event.Assets = []clinical.AssetID{of}
	c, err := s.in.opt.Keeper.Commit(ctx, c)
	if err != nil {
		return clinical.Landing{}, fmt.Errorf("ingest: record duplicate of asset %s: %w", of, err)
	}
	s.in.memory.own(c)
	return c.Landings[0], nil
}

// settleUp ends the path of a file that has landed: what was kept is read back
// whole, the reason of a quarantined one is written where the photographer sees
// it, and only then the source is disposed of.
func (s *station) settleUp(ctx context.Context, src *source, l clinical.Landing) result {
	asset, err := s.in.opt.Archive.Asset(ctx, l.Asset)
	if err == nil {
		err = s.in.opt.Keeper.Verify(ctx, asset.Original.ID)
	}
	if err == nil && asset.Original.SHA256 != src.sum {
		err = clinical.Errorf(clinical.Corrupt, "it is not what landed")
	}
	if err != nil {
		return failed(fmt.Errorf("ingest: read back asset %s: %w", l.Asset, err)).of(l)
	}
	if l.Outcome == clinical.OutcomeQuarantined && asset.State == clinical.Quarantined {
		if err := s.explain(src.name(), l.Reason, l.Asset.String()); err != nil {
			return failed(err).of(l)
		}
	}
	if err := s.dispose(src); err != nil {
		return failed(err).of(l)
	}
	return result{phase: finished, outcome: l.Outcome, reason: l.Reason}.of(l)
}

// printable makes a file's name fit to be shown and kept: NFC, no control,
// direction or other invisible characters, valid UTF-8, at most 255 bytes.
func printable(name string) string {
	name = strings.ToValidUTF8(name, "\uFFFD")
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return '\uFFFD'
		}
		return r
	}, norm.NFC.String(name))
	return clip(name, 255)
}

// wallClock holds the fields of t's clock face in UTC.
func wallClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}
