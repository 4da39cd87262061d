package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// nobodyUnderAnotherPatient: three patients photographed one after the other, the second without an ID shot. At no
// moment does a clinician see a frame under another patient; what cannot be told waits with a reason, and is mended
// on the command line.
func nobodyUnderAnotherPatient(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	owner, files, err := h.walkFiles()
	if err != nil {
		return "", err
	}
	for _, f := range files {
		// into the studio's folder itself, as a card is copied
		part := filepath.Join(h.studio(studioA), f.name+".part")
		if err := errors.Join(os.WriteFile(part, f.body, 0o600), os.Rename(part, filepath.Join(h.studio(studioA), f.name))); err != nil {
			return "", err
		}
	}
	looks := 0
	var held []picture
	err = until(ctx, 3*time.Minute, "all frames have left the folder", func(ctx context.Context) (bool, error) {
		looks++
		if err := h.underOthers(ctx, owner); err != nil {
			return true, err
		}
		a, err := h.as("lea").arrivals(ctx)
		held = a.Quarantine
		left, globErr := filepath.Glob(filepath.Join(h.studio(studioA), "*.JPG"))
		return len(left) == 0, errors.Join(err, globErr)
	})
	if err != nil {
		return "", err
	}
	if err := h.explained(studioA, held); err != nil {
		return "", err
	}
	confirmed, err := h.mend(ctx, owner, held)
	if err != nil {
		return "", err
	}
	if err := h.allUnderTheirOwn(ctx, owner); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d frames, %d waited with a reason and were mended, %d runs confirmed, %d looks: none under another patient", len(files), len(held), confirmed, looks), nil
}

// walkFiles are the frames of the walk's three patients and whose each is, by SHA-256; ID shots included.
func (h *hospital) walkFiles() (owner map[string]demoPatient, files []file, err error) {
	owner = map[string]demoPatient{}
	for _, j := range h.demo.Jobs {
		dir := filepath.Join(h.demo.Walk, j.Number)
		entries, err := os.ReadDir(dir)
		if err != nil || j.Studio != studioA {
			continue
		}
		for _, e := range entries {
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, nil, err
			}
			f := file{e.Name(), b}
			for _, p := range h.demo.Patients {
				if p.ID == j.Patient {
					owner[f.sum()] = p
				}
			}
			files = append(files, f)
		}
	}
	if len(files) < 9 {
		err = fmt.Errorf("the walk has %d files in %s", len(files), h.demo.Walk)
	}
	return owner, files, err
}

// underOthers reports an error where a clinician sees a frame under a patient whose it is not.
func (h *hospital) underOthers(ctx context.Context, owner map[string]demoPatient) error {
	for _, p := range h.demo.Patients {
		for _, login := range []string{"henri", "nora"} {
			found, err := h.as(login).pictures(ctx, p.ID)
			if err != nil {
				return err
			}
			for _, a := range found {
				if right, ok := owner[a.SHA256]; ok && right.ID != p.ID {
					return fmt.Errorf("%s sees a frame of %s under %s", login, right.Key, p.Key)
				}
			}
		}
	}
	return nil
}

// mend does what a photographer does: files what is in quarantine under its patient, takes the frames of others out of
// the runs whose contact sheet shows them, and confirms what is left.
func (h *hospital) mend(ctx context.Context, owner map[string]demoPatient, held []picture) (confirmed int, err error) {
	byPatient := map[demoPatient][]string{}
	for _, q := range held {
		if p, ok := owner[q.SHA256]; ok && !q.IDShot {
			byPatient[p] = append(byPatient[p], q.ID)
		}
	}
	for p, assets := range byPatient {
		args := append([]string{"--as", "lea", "quarantine", "file"}, assets...)
		if _, err := h.must(ctx, append(args, "--patient", p.System+":"+p.Number, "--reason", "the ID shot was forgotten")...); err != nil {
			return 0, err
		}
	}
	a, err := h.as("lea").arrivals(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range a.Runs {
		for _, frame := range r.Assets {
			right, ok := owner[frame.SHA256]
			if !ok || right.ID == r.Patient.ID {
				continue
			}
			if _, err := h.must(ctx, "--as", "lea", "asset", "refile", frame.ID, "--to", right.System+":"+right.Number, "--reason", "the ID shot was forgotten"); err != nil {
				return confirmed, err
			}
		}
		if _, err := h.must(ctx, "--as", "lea", "run", "confirm", r.ID); err != nil {
			return confirmed, err
		}
		confirmed++
	}
	return confirmed, nil
}

// allUnderTheirOwn waits until every frame but the ID shots is found under its patient, and under no other.
func (h *hospital) allUnderTheirOwn(ctx context.Context, owner map[string]demoPatient) error {
	patients := map[string]demoPatient{}
	for _, p := range owner {
		patients[p.ID] = p
	}
	return until(ctx, 30*time.Second, "every frame is under its patient", func(ctx context.Context) (bool, error) {
		missing := maps.Clone(owner)
		for _, id := range slices.Sorted(maps.Keys(patients)) {
			found, err := h.as("lea").pictures(ctx, id)
			if err != nil {
				return false, err
			}
			for _, a := range found {
				if right, ok := owner[a.SHA256]; ok && right.ID != id {
					return true, fmt.Errorf("a frame of %s is under another", right.Key)
				}
				delete(missing, a.SHA256)
			}
		}
		// The two ID shots stay with their session or in quarantine; nobody has to find them.
		return len(missing) <= 2, h.underOthers(ctx, owner)
	})
}
