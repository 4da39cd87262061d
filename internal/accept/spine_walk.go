package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"
)

// nobodyUnderAnotherPatient: three patients photographed one after the other, the second without an ID shot. At no
// moment is a frame shown under another patient; what cannot be told waits with a reason, and is mended
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
	w, err := h.watching(ctx, owner)
	if err != nil {
		return "", err
	}
	if err := h.copyCard(files); err != nil {
		return "", err
	}
	if err := w.taken(ctx); err != nil {
		return "", err
	}
	a, err := h.as("lea").arrivals(ctx)
	if err != nil {
		return "", err
	}
	held := a.Quarantine
	if err := h.explained(studioA, held); err != nil {
		return "", err
	}
	done, err := h.mend(ctx, owner, held)
	if err != nil {
		return "", err
	}
	if err := errors.Join(w.allUnderTheirOwn(ctx), w.rests(ctx)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d frames, %d filed from quarantine, %d taken out of a run that waited, %d runs confirmed, %d looks by 5 people: none under another patient", len(files), len(held), done.refiled, done.confirmed, w.looks), nil
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

// mended counts what a photographer did to runs that waited.
type mended struct{ refiled, confirmed int }

// mend does what a photographer does: files what is in quarantine under its patient, takes the frames of others out of
// the runs whose contact sheet shows them, and confirms what is left.
func (h *hospital) mend(ctx context.Context, owner map[string]demoPatient, held []picture) (done mended, err error) {
	byPatient := map[demoPatient][]string{}
	for _, q := range held {
		if p, ok := owner[q.SHA256]; ok && !q.IDShot {
			byPatient[p] = append(byPatient[p], q.ID)
		}
	}
	for p, assets := range byPatient {
		args := append([]string{"--as", "lea", "quarantine", "file"}, assets...)
		if _, err := h.must(ctx, append(args, "--patient", p.System+":"+p.Number, "--reason", "the ID shot was forgotten")...); err != nil {
			return done, err
		}
	}
	a, err := h.as("lea").arrivals(ctx)
	if err != nil {
		return done, err
	}
	for _, r := range a.Runs {
		for _, frame := range r.Assets {
			right, ok := owner[frame.SHA256]
			if !ok || right.ID == r.Patient.ID {
				continue
			}
			if _, err := h.must(ctx, "--as", "lea", "asset", "refile", frame.ID, "--to", right.System+":"+right.Number, "--reason", "the ID shot was forgotten"); err != nil {
				return done, err
			}
			done.refiled++
		}
		if _, err := h.must(ctx, "--as", "lea", "run", "confirm", r.ID); err != nil {
			return done, err
		}
		done.confirmed++
	}
	return done, nil
}

// allUnderTheirOwn waits until every frame but the ID shots is found under its patient, and under no other.
func (w *watch) allUnderTheirOwn(ctx context.Context) error {
	return until(ctx, 30*time.Second, "every frame is under its patient", func(ctx context.Context) (bool, error) {
		missing := maps.Clone(w.owner)
		for id := range w.patients {
			found, err := w.h.as("lea").pictures(ctx, id)
			if err != nil {
				return false, err
			}
			for _, a := range found {
				delete(missing, a.SHA256)
			}
		}
		if err := w.look(ctx); err != nil {
			return true, err
		}
		// The two ID shots stay with their session or in quarantine; nobody has to find them.
		return len(missing) <= 2, nil
	})
}
