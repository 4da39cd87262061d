package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// refiledOnALiveMount: a picture that belongs to another patient leaves every drive at once, and is with the right one.
func refiledOnALiveMount(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	wrong, err := h.patient(ctx, 8, "henri")
	if err != nil {
		return "", err
	}
	right, err := h.patient(ctx, 9, "nora")
	if err != nil {
		return "", err
	}
	files, err := small(1, 8)
	if err != nil {
		return "", err
	}
	found, err := h.land(ctx, wrong, files)
	if err != nil {
		return "", err
	}
	const set = "Acceptance refile"
	_, e, err := h.appears(ctx, wrong, found, set)
	if err != nil {
		return "", err
	}
	yuki := h.as("yuki")
	if a, err := yuki.ask(ctx, http.MethodGet, e.path); err != nil || a.status != http.StatusOK {
		return "", fmt.Errorf("before: %s: %w", a, err)
	}
	began := time.Now()
	if _, err := h.must(ctx, "--as", "lea", "asset", "refile", found[0].ID, "--to", right.System+":"+right.Number, "--reason", "wrong patient"); err != nil {
		return "", err
	}
	took := time.Since(began)
	if err := yuki.absent(ctx, e.path, e.etag); err != nil {
		return "", err
	}
	// Consent that the right patient gives is for pictures of theirs, and nobody has given any: still absent.
	if err := h.movedTo(ctx, files[0], wrong, right); err != nil {
		return "", err
	}
	return fmt.Sprintf("absent at once (refile took %d ms), with the right patient and without consent", took.Milliseconds()), nil
}

// movedTo reports an error unless a file is found under the one patient by who treats that one, and by nobody else.
func (h *hospital) movedTo(ctx context.Context, f file, wrong, right demoPatient) error {
	nora, henri := h.as("nora"), h.as("henri")
	err := until(ctx, 20*time.Second, "it is found under the right patient", func(ctx context.Context) (bool, error) {
		found, err := nora.pictures(ctx, right.ID)
		return len(found) == 1 && found[0].SHA256 == f.sum(), err
	})
	if err != nil {
		return err
	}
	all, err := henri.search(ctx, url.Values{"patient": {wrong.ID}})
	if err == nil && all.Total != 0 {
		err = fmt.Errorf("%d pictures are still found under the wrong patient", all.Total)
	}
	return err
}
