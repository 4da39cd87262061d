package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"fovea/clinical"
	"fovea/ingest"
	"fovea/server/webdav"
)

// inboxes joins the studios' inboxes on the drive with the pipeline.
func (s *system) inboxes(ctx context.Context) (webdav.InboxOptions, error) {
	if len(s.cfg.Studios) == 0 {
		return webdav.InboxOptions{}, nil
	}
	key, err := s.vault.DisposableKey(ctx, "inbox")
	if err != nil {
		return webdav.InboxOptions{}, err
	}
	uploads, err := newSealedStage(filepath.Join(s.cfg.Data, "stage"), key, int64(s.cfg.Space.MinFreeMB)<<20)
	if err != nil {
		return webdav.InboxOptions{}, err
	}
	if err := sweepLandings(memoryFolder); err != nil {
		s.log.WarnContext(ctx, "left-over uploads not removed from memory", "err", err)
	}
	o := webdav.InboxOptions{
		People: s.gate, Shelf: s.vault.Shelf("inbox"), Stage: uploads, Receiver: landing{s.ingest}, Explain: ingest.Words,
		Zone: s.cfg.zone, Settle: time.Duration(s.cfg.Timing.Quiet),
	}
	for _, studio := range s.cfg.studios() {
		o.Studios = append(o.Studios, studio.ID)
	}
	return o, nil
}

// landing lets uploads land in the pipeline.
type landing struct{ ingest *ingest.Ingest }

// landingPrefix begins the names of the folders in memory in which uploads land, each of one process.
const landingPrefix = "fovea-landing-"

// spareMemory is how much memory a landing leaves free, in bytes.
const spareMemory = 64 << 20

// Receive lets one upload land, with its job tickets beside it, in a folder that is in memory alone.
func (l landing) Receive(ctx context.Context, u webdav.Upload) (_ clinical.Outcome, _ clinical.Reason, err error) {
	if err := roomInMemory(u.Size); err != nil {
		return "", "", err
	}
	dir, err := os.MkdirTemp(memoryFolder, landingPrefix+strconv.Itoa(os.Getpid())+"-") // 0700
	if err != nil {
		return "", "", clinical.Errorf(clinical.Unavailable, "land an upload: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for name, text := range u.Beside {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), text, 0o600); err != nil {
			return "", "", clinical.Errorf(clinical.Unavailable, "land a ticket: %w", err)
		}
	}
	path := filepath.Join(dir, filepath.Base(u.Name))
	if err := land(path, u); err != nil {
		return "", "", err
	}
	r, err := l.ingest.Import(ctx, u.Studio, []string{path}, nil)
	if err != nil {
		return "", "", err
	}
	return outcomeOf(r)
}

// land writes an upload where the pipeline reads it. The time of its writing is part of what tells it from another, so
// that one that lands twice, because the program stopped in between, is known again.
func land(path string, u webdav.Upload) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "land an upload: %w", err)
	}
	_, err = io.Copy(f, u.Content)
	if err := errors.Join(err, f.Close(), os.Chtimes(path, u.Modified, u.Modified)); err != nil {
		return clinical.Errorf(clinical.KindOf(err), "land an upload: %w", err)
	}
	return nil
}

// outcomeOf is what became of the one file of an import.
func outcomeOf(r ingest.Receipt) (clinical.Outcome, clinical.Reason, error) {
	var reason clinical.Reason
	for why := range r.Reasons {
		reason = why
	}
	switch {
	case r.Kept > 0:
		return clinical.OutcomeKept, "", nil
	case r.Duplicate > 0:
		return clinical.OutcomeDuplicate, "", nil
	case r.Quarantined > 0:
		return clinical.OutcomeQuarantined, reason, nil
	case r.Ignored > 0:
		return clinical.OutcomeIgnored, reason, nil
	default:
		return "", "", clinical.Errorf(clinical.Internal, "an upload landed and has no outcome")
	}
}

// roomInMemory refuses what does not fit into memory right now.
func roomInMemory(size int64) error {
	var at unix.Statfs_t
	if err := unix.Statfs(memoryFolder, &at); err != nil {
		return clinical.Errorf(clinical.Unavailable, "memory for an upload: %w", err)
	}
	if int64(at.Bavail)*at.Bsize < size+spareMemory {
		return clinical.Errorf(clinical.Unavailable, "no memory for an upload of %d bytes", size)
	}
	return nil
}

// sweepLandings removes the landings of processes that are no more.
func sweepLandings(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var faults []error
	for _, e := range entries {
		rest, mine := strings.CutPrefix(e.Name(), landingPrefix)
		number, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(number)
		if mine && err == nil && errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			faults = append(faults, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(faults...)
}
