package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fovea/internal/demo"
)

// clocksApart is by how much the second camera's clock is ahead: so much that, by the clocks, it takes one patient while the
// first camera takes the next.
const clocksApart = 7 * time.Minute

// camerasWithClocksApart: two cameras whose clocks differ photograph three patients in turn. Each camera's frames go by
// its own ID shots: two patients are filed, the third, whose label was not taken again, waits for a person; and at no
// moment is a frame shown under another patient.
func camerasWithClocksApart(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	s, err := h.shootOf(ctx, 0, 0, 0)
	if err != nil {
		return "", err
	}
	cameras := []demo.Camera{
		{Make: "NIKON CORPORATION", Model: "NIKON D850", Serial: "7002288"},
		{Make: "Canon", Model: "Canon EOS R5", Serial: "043032115288", Clock: clocksApart},
	}
	began := time.Now().Add(-3 * time.Hour).Truncate(time.Minute)
	var files []file
	for nth := range s.patients {
		for i, camera := range cameras {
			from := began.Add(time.Duration(nth)*4*time.Minute + time.Duration(i)*20*time.Second)
			sitting, err := s.sitting(camera, from, nth, 2, nth < 2)
			if err != nil {
				return "", err
			}
			files = append(files, sitting...)
		}
	}
	w, err := h.watching(ctx, s.owner)
	if err != nil {
		return "", err
	}
	if err := h.copyCard(files); err != nil {
		return "", err
	}
	if err := w.taken(ctx); err != nil {
		return "", err
	}
	confirmed, err := s.confirmed(ctx)
	if err != nil {
		return "", err
	}
	if confirmed != len(cameras) {
		return "", fmt.Errorf("%d runs waited for a person, not one of each camera", confirmed)
	}
	if err := errors.Join(s.found(ctx, w), w.rests(ctx)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d frames of 3 patients by 2 cameras %.0f min apart, %d runs confirmed, %d looks by 5 people: none under another patient",
		len(files), clocksApart.Minutes(), confirmed, w.looks), nil
}

// confirmed confirms what waits in Arrivals, after a look at each contact sheet: all frames are of the patient it names.
func (s *shoot) confirmed(ctx context.Context) (runs int, err error) {
	a, err := s.h.as("lea").arrivals(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range a.Runs {
		for _, frame := range r.Assets {
			if right, ok := s.owner[frame.SHA256]; ok && right.ID != r.Patient.ID {
				return runs, fmt.Errorf("a frame of %s waits in the run of another patient", right.Key)
			}
		}
		if _, err := s.h.must(ctx, "--as", "lea", "run", "confirm", r.ID); err != nil {
			return runs, err
		}
		runs++
	}
	return runs, nil
}
