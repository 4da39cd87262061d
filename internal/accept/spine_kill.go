package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// killing is an ingest that is killed again and again.
type killing struct {
	h       *hospital
	patient demoPatient
	sums    map[string]string // name of each file, by SHA-256
	folder  string            // where they were dropped
	seen    map[string]string // ID of what was acknowledged, by SHA-256
}

// killedAtAnyInstant: whatever the instant, nothing that was acknowledged is lost, nothing is kept twice, no source is
// gone whose asset does not read back, and search and drive agree with the vault afterwards.
func killedAtAnyInstant(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	before, err := h.as("yuki").list(ctx, folder("Leg ulcers"))
	if err != nil {
		return "", err
	}
	k, err := newKilling(ctx, h)
	if err != nil {
		return "", err
	}
	for n := range tr.kills {
		if n > 0 {
			if err := h.launch(ctx); err != nil {
				return "", err
			}
		}
		if err := k.killAt(ctx, n); err != nil {
			return fmt.Sprintf("killed %d times", n+1), err
		}
	}
	if err := h.start(ctx); err != nil {
		return "", err
	}
	if err := k.whole(ctx); err != nil {
		return "", err
	}
	after, err := h.as("yuki").list(ctx, folder("Leg ulcers"))
	if err != nil || etags(before) != etags(after) {
		return "", fmt.Errorf("the drive is not what it was: %w", err)
	}
	if err := h.stop(); err != nil {
		return "", err
	}
	if _, err := h.must(ctx, "fsck", "--deep"); err != nil {
		return "", err
	}
	return fmt.Sprintf("killed %d times while %d files were taken in: each kept once and read back", tr.kills, len(k.sums)), nil
}

func newKilling(ctx context.Context, h *hospital) (*killing, error) {
	k := &killing{h: h, sums: map[string]string{}, seen: map[string]string{}}
	var err error
	if k.patient, err = h.patient(ctx, 11, "henri"); err != nil {
		return nil, err
	}
	files, err := bulk(h.tr.files, 512<<10, time.Now().Add(-72*time.Hour))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		k.sums[f.sum()] = f.name
	}
	k.folder, err = h.drop(studioB, append([]file{ticketFor(k.patient, nil)}, files...))
	return k, err
}

// killAt lets the program work for a random time and kills it. The first times are counted from its launch, so that a
// start is cut off too; the others from when it was ready, so that it gets on.
func (k *killing) killAt(ctx context.Context, n int) error {
	wait := time.Duration(rand.Int64N(int64(4 * time.Second))) //nolint:gosec // when to kill
	if n%4 != 1 {
		if err := k.h.ready(ctx); err != nil {
			return err
		}
		if err := k.acknowledged(ctx); err != nil {
			return err
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if n%4 == 2 {
		if err := k.acknowledged(ctx); err != nil {
			return err
		}
	}
	return k.h.kill()
}

// acknowledged notes what is found now, and reports an error where what was found once is not, where anything is kept
// twice, or where a source is gone from the folder whose asset is not found.
func (k *killing) acknowledged(ctx context.Context) error {
	gone, err := k.gone() // looked at first: what goes meanwhile is looked at next time
	if err != nil {
		return err
	}
	lea := k.h.as("lea")
	return until(ctx, time.Minute, "what was acknowledged is found", func(ctx context.Context) (bool, error) {
		found, err := lea.pictures(ctx, k.patient.ID)
		if err != nil {
			return false, err
		}
		now := map[string]string{}
		for _, a := range found {
			if id, twice := now[a.SHA256]; twice {
				return true, fmt.Errorf("%s is kept twice, as %s and %s", k.sums[a.SHA256], id, a.ID)
			}
			now[a.SHA256] = a.ID
		}
		for sum, id := range k.seen {
			if now[sum] != id {
				return false, fmt.Errorf("%s was acknowledged as %s and is now %q", k.sums[sum], id, now[sum])
			}
		}
		for sum := range gone {
			if now[sum] == "" {
				return false, fmt.Errorf("%s has left its folder and is not found", k.sums[sum])
			}
		}
		k.seen = now
		return true, nil
	})
}

// gone are the sources that are no longer in the folder they were dropped into, by SHA-256.
func (k *killing) gone() (map[string]bool, error) {
	out := map[string]bool{}
	for sum, name := range k.sums {
		_, err := os.Lstat(filepath.Join(k.folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			out[sum] = true
		} else if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// whole waits until everything is taken in, and reads all of it back.
func (k *killing) whole(ctx context.Context) error {
	err := until(ctx, 2*time.Minute+time.Duration(len(k.sums))*time.Second, "every file is taken in", func(ctx context.Context) (bool, error) {
		gone, err := k.gone()
		if err != nil || len(gone) < len(k.sums) {
			return false, err
		}
		return true, k.acknowledged(ctx)
	})
	if err != nil {
		return err
	}
	if len(k.seen) != len(k.sums) {
		return fmt.Errorf("%d files were dropped, %d are found", len(k.sums), len(k.seen))
	}
	lea := k.h.as("lea")
	for sum, id := range k.seen {
		a, err := lea.ask(ctx, http.MethodGet, "/img/"+id+"/original")
		if err != nil {
			return err
		}
		if got := (file{body: a.body}).sum(); a.status != http.StatusOK || got != sum {
			return fmt.Errorf("%s does not read back: status %d, %d bytes", k.sums[sum], a.status, len(a.body))
		}
	}
	return nil
}
