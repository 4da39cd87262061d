package main

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// fuzzedFilesDoNoHarm: files that crashed other readers are accounted for, and the program is none the worse.
func fuzzedFilesDoNoHarm(ctx context.Context, tr *trial) (string, error) {
	files, _, err := tr.filesIn("cameras", "fuzzed")
	if err != nil {
		return "", err
	}
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 2, "henri")
	if err != nil {
		return "", err
	}
	// The readers of metadata and pictures are started once; after that nothing may be left behind.
	warm, err := small(2, 3)
	if err != nil {
		return "", err
	}
	if _, err := h.land(ctx, p, warm); err != nil {
		return "", err
	}
	fds, err := h.descriptors()
	if err != nil {
		return "", err
	}
	sum, err := h.settle(ctx, studioB, p, files)
	if err != nil {
		return sum.String(), err
	}
	_, quarantined, err := h.fate(ctx, p.ID)
	if err != nil {
		return "", err
	}
	return sum.String(), errors.Join(h.explained(studioB, slices.Collect(maps.Values(quarantined))), h.unharmed(ctx, fds))
}
