package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// truth is what exiftool, run directly, reads in a file.
type truth struct {
	FileName         string `json:"FileName"`
	DateTimeOriginal any    `json:"DateTimeOriginal"`
	CreationDate     any    `json:"CreationDate"` // of a film: with the camera's offset
	CreateDate       any    `json:"CreateDate"`
	Orientation      any    `json:"Orientation"`
	Make             any    `json:"Make"`
}

// truths runs exiftool on files.
func truths(ctx context.Context, paths []string) (map[string]truth, error) {
	args := append([]string{"-j", "-n", "-DateTimeOriginal", "-CreationDate", "-CreateDate", "-Orientation", "-Make", "-FileName"}, paths...)
	out, err := exec.CommandContext(ctx, "exiftool", args...).Output() //nolint:gosec // on the test pictures
	if len(out) == 0 {
		return nil, fmt.Errorf("exiftool: %w", err)
	}
	var list []truth
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, fmt.Errorf("exiftool: %w", err)
	}
	all := map[string]truth{}
	for _, t := range list {
		all[t.FileName] = t
	}
	return all, nil
}

// taken is the capture time of a file as Fovea writes it, empty where the file says none that is a time.
func (t truth) taken() string {
	for _, v := range []any{t.DateTimeOriginal, t.CreationDate, t.CreateDate} {
		s, ok := v.(string)
		if !ok || len(s) < 19 {
			continue
		}
		at, err := time.Parse("2006:01:02 15:04:05", s[:19])
		if err == nil && at.Year() > 1970 {
			return at.Format("2006-01-02T15:04:05")
		}
	}
	return ""
}

// agrees compares what was filed with what exiftool reads.
func (t truth) agrees(p picture) error {
	if want := t.taken(); want != p.TakenLocal && want+"Z" != p.TakenAt && (want != "" || !p.Estimated) {
		return fmt.Errorf("%s was taken %q, not %q", p.Name, p.TakenLocal, want)
	}
	orientation, said := t.Orientation.(float64)
	if said && orientation >= 1 && orientation <= 8 && int(orientation) != p.Orientation {
		return fmt.Errorf("%s has orientation %d, not %v", p.Name, p.Orientation, orientation)
	}
	if !said && p.Orientation > 1 {
		return fmt.Errorf("%s has orientation %d, but says none", p.Name, p.Orientation)
	}
	maker := ""
	if t.Make != nil {
		maker = strings.TrimSpace(fmt.Sprint(t.Make))
	}
	if maker != strings.TrimSpace(p.Make) {
		return fmt.Errorf("%s is of maker %q, not %q", p.Name, p.Make, maker)
	}
	return nil
}

// camerasAgree: every real camera file is filed with the capture time, orientation and maker that exiftool reads in
// it, or is in quarantine with a reason.
func camerasAgree(ctx context.Context, tr *trial) (string, error) {
	files, paths, err := tr.filesIn("cameras")
	if err != nil {
		return "", err
	}
	want, err := truths(ctx, paths)
	if err != nil {
		return "", err
	}
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 1, "henri")
	if err != nil {
		return "", err
	}
	sum, err := h.settle(ctx, studioA, p, files)
	if err != nil {
		return sum.String(), err
	}
	distinct := map[string]bool{} // two are alike: one is a duplicate
	for _, f := range files {
		distinct[f.sum()] = true
	}
	// A receipt may be written a moment before search has followed.
	var kept, quarantined map[string]picture
	err = until(ctx, time.Minute, "all that landed is found or in quarantine", func(ctx context.Context) (bool, error) {
		var err error
		kept, quarantined, err = h.fate(ctx, p.ID)
		return len(kept)+len(quarantined) >= len(distinct), err
	})
	if kept == nil {
		return sum.String(), err
	}
	var wrong error
	for _, f := range files {
		a, ok := kept[f.sum()]
		_, held := quarantined[f.sum()]
		switch {
		case ok && a.SHA256 == f.sum():
			a.Name = f.name
			wrong = errors.Join(wrong, want[f.name].agrees(a))
		case !held:
			wrong = errors.Join(wrong, fmt.Errorf("%s is neither filed nor in quarantine", f.name))
		}
	}
	wrong = errors.Join(wrong, h.explained(studioA, slices.Collect(maps.Values(quarantined))), h.unharmed(ctx, 0))
	return fmt.Sprintf("%d files: %d filed as exiftool reads them, %d in quarantine with a reason", len(files), len(kept), len(quarantined)), wrong
}
