package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// filesIn reads the files of a folder of the test pictures.
func (tr *trial) filesIn(parts ...string) (files []file, paths []string, err error) {
	dir := filepath.Join(append([]string{tr.testdata}, parts...)...)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("test pictures: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		files, paths = append(files, file{e.Name(), b}), append(paths, path)
	}
	return files, paths, nil
}

// settle drops files for a patient and waits until receipts account for all of them, the ticket included.
func (h *hospital) settle(ctx context.Context, studio string, p demoPatient, files []file) (counts, error) {
	before, err := h.receipts(studio, nil)
	if err != nil {
		return counts{}, err
	}
	if _, err := h.drop(studio, append([]file{ticketFor(p, nil)}, files...)); err != nil {
		return counts{}, err
	}
	all, err := h.accounted(ctx, studio, before.names, len(files)+1)
	return all.sum, err
}

// fate is what became of files, by SHA-256: filed under a patient, or in quarantine.
func (h *hospital) fate(ctx context.Context, patient string) (kept, quarantined map[string]picture, err error) {
	lea := h.as("lea")
	found, err := lea.pictures(ctx, patient)
	if err != nil {
		return nil, nil, err
	}
	kept, quarantined = map[string]picture{}, map[string]picture{}
	for _, p := range found {
		kept[p.SHA256] = p
	}
	a, err := lea.arrivals(ctx)
	for _, p := range a.Quarantine {
		quarantined[p.SHA256] = p
	}
	return kept, quarantined, err
}

// land drops files for a patient and waits until the photographer finds all of them.
func (h *hospital) land(ctx context.Context, p demoPatient, files []file) ([]picture, error) {
	lea := h.as("lea")
	before, err := lea.pictures(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	if _, err := h.drop(studioA, append([]file{ticketFor(p, nil)}, files...)); err != nil {
		return nil, err
	}
	var found []picture
	err = until(ctx, time.Minute+time.Duration(len(files))*time.Second, "all files that were dropped are found", func(ctx context.Context) (bool, error) {
		q := map[string][]string{"patient": {p.ID}, "limit": {"1"}}
		page, err := lea.search(ctx, q)
		return page.Total >= len(before)+len(files), err
	})
	if err != nil {
		return nil, err
	}
	sums := map[string]bool{}
	for _, f := range files {
		sums[f.sum()] = true
	}
	all, err := lea.pictures(ctx, p.ID)
	for _, a := range all {
		if sums[a.SHA256] {
			found = append(found, a)
		}
	}
	if err == nil && len(found) != len(files) {
		err = fmt.Errorf("dropped %d files, found %d of them", len(files), len(found))
	}
	return found, err
}

// receipts are what the receipts of a studio say together.
type receipts struct {
	sum     counts
	reasons map[string]int
	names   map[string]bool // of the receipts
}

// receipts adds up the receipts of a studio, but for those there already.
func (h *hospital) receipts(studio string, but map[string]bool) (all receipts, err error) {
	dir := filepath.Join(h.studio(studio), "_receipts")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	all.reasons, all.names = map[string]int{}, map[string]bool{}
	for _, e := range entries {
		all.names[e.Name()] = true
		if !strings.HasSuffix(e.Name(), ".json") || but[e.Name()] {
			continue
		}
		b, readErr := os.ReadFile(filepath.Join(dir, e.Name()))
		var r struct {
			counts
			Reasons map[string]int `json:"reasons"`
		}
		if readErr = errors.Join(readErr, json.Unmarshal(b, &r)); readErr != nil {
			return all, fmt.Errorf("receipt %s: %w", e.Name(), readErr)
		}
		all.sum = all.sum.plus(r.counts)
		for reason, n := range r.Reasons {
			all.reasons[reason] += n
		}
	}
	return all, err
}

// accounted waits until receipts account for n more files than those in before.
func (h *hospital) accounted(ctx context.Context, studio string, before map[string]bool, n int) (receipts, error) {
	var all receipts
	err := until(ctx, 3*time.Minute+time.Duration(n)*2*time.Second, fmt.Sprintf("receipts account for %d files", n), func(context.Context) (bool, error) {
		var err error
		all, err = h.receipts(studio, before)
		return all.sum.Found >= n, err
	})
	if err != nil {
		err = fmt.Errorf("%w; they say %s", err, all.sum)
	}
	if err == nil && !all.sum.adds() {
		err = fmt.Errorf("the receipts do not add up: %s", all.sum)
	}
	return all, err
}

// explained reports an error unless every picture in quarantine has a reason, and the studio's folder has a file that
// says what to do about it.
func (h *hospital) explained(studio string, quarantined []picture) error {
	dir := filepath.Join(h.studio(studio), "_quarantine")
	texts := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".reason.txt") {
			return err
		}
		b, err := os.ReadFile(path)
		texts[path] = b
		return err
	})
	if errors.Is(err, fs.ErrNotExist) && len(quarantined) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	for _, q := range quarantined {
		if q.Reason == "" {
			return fmt.Errorf("%s is in quarantine without a reason", q.ID)
		}
		said := false
		for _, text := range texts {
			said = said || (bytes.Contains(text, []byte(q.ID)) && len(text) > 80)
		}
		if !said {
			return fmt.Errorf("no .reason.txt speaks of %s (%s)", q.ID, q.Reason)
		}
	}
	return nil
}
