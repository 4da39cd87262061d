package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fovea/internal/demo"
)

// labelComesLate: the second of three patients' ID shot comes after the frames were judged. Until then nobody but the
// photographers, in Arrivals, sees the frames that it is about; once it is there every frame is under its patient by
// itself; and at no moment is one shown under another.
func labelComesLate(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	s, err := h.shootOf(ctx, 2, 2, 1)
	if err != nil {
		return "", err
	}
	camera := demo.Camera{Make: "NIKON CORPORATION", Model: "NIKON D850", Serial: "7002288"}
	began := time.Now().Add(-3 * time.Hour).Truncate(time.Minute)
	var files []file
	for nth, frames := range []int{2, 2, 1} {
		sitting, err := s.sitting(camera, began.Add(time.Duration(nth)*4*time.Minute), nth, frames, false)
		if err != nil {
			return "", err
		}
		files = append(files, sitting...)
	}
	const label = 3 // of the second patient, after the first's and two frames
	late := files[label]
	w, err := h.watching(ctx, s.owner)
	if err != nil {
		return "", err
	}
	if err := h.copyCard(append(append([]file{}, files[:label]...), files[label+1:]...)); err != nil {
		return "", err
	}
	if err := w.taken(ctx); err != nil {
		return "", err
	}
	before := w.looks
	for _, p := range s.patients[:2] { // neither is certain yet
		seen, err := h.as("henri").pictures(ctx, p.ID)
		if err != nil || len(seen) > 0 {
			return "", fmt.Errorf("before the label came a clinician sees %d frames: %w", len(seen), err)
		}
	}
	if err := h.copyCard([]file{late}); err != nil {
		return "", err
	}
	if err := errors.Join(s.found(ctx, w), w.rests(ctx)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d frames of 3 patients, %d looks by 5 people before the label came and %d after: none under another patient, then each under its own",
		len(files), before, w.looks-before), nil
}
