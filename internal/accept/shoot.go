package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"fovea/internal/demo"
)

// shoot is what cameras take of patients, and whose each frame is.
type shoot struct {
	h        *hospital
	patients []demoPatient
	jobs     []string               // the number of each patient's job
	owner    map[string]demoPatient // by SHA-256, ID shots included
	shots    map[string]bool        // which of them are ID shots
	files    map[string]int         // how many each camera has taken, by its serial number
}

// shootOf registers a patient with a job for each of frames, which is how many frames the job states; 0: it states none.
func (h *hospital) shootOf(ctx context.Context, frames ...int) (*shoot, error) {
	s := &shoot{h: h, owner: map[string]demoPatient{}, shots: map[string]bool{}, files: map[string]int{}}
	lea := h.as("lea")
	for i, n := range frames {
		p, err := h.patient(ctx, 16+i, "henri")
		if err != nil {
			return nil, err
		}
		number := fmt.Sprintf("77-%04d", 16+i)
		job := map[string]any{"number": number, "patient": p.ID, "photographer": lea.who.ID, "specialty": "dermatology", "status": "booked", "frames": n}
		if err := lea.call(ctx, http.MethodPost, "/api/v1/jobs", map[string]any{"jobs": []any{job}}, nil); err != nil {
			return nil, err
		}
		s.patients, s.jobs = append(s.patients, p), append(s.jobs, number)
	}
	return s, nil
}

// frame is what a camera takes of the nth patient; code is what is on the paper, for an ID shot.
func (s *shoot) frame(camera demo.Camera, taken time.Time, nth int, code string) (file, error) {
	n := s.files[camera.Serial] + 1
	s.files[camera.Serial] = n
	o := demo.Options{Taken: taken, Camera: camera, Height: 240}
	kind := demo.Scenes()[nth%len(demo.Scenes())]
	if code != "" {
		kind, o.Height, o.Payload, o.Lines = demo.Label, 480, code, []string{"Job " + code}
	}
	b, err := demo.Picture(kind, uint64(1000*nth+n), o)
	f := file{fmt.Sprintf("%.3s_%04d.JPG", camera.Make, n), b}
	s.owner[f.sum()], s.shots[f.sum()] = s.patients[nth], code != ""
	return f, err
}

// sitting is the nth patient before one camera from a moment on: the ID shot, so many frames a minute apart, and, where
// it closes, the ID shot once more.
func (s *shoot) sitting(camera demo.Camera, from time.Time, nth, frames int, closes bool) (files []file, err error) {
	for i := range frames + 2 {
		code := ""
		if i == 0 || i > frames {
			code = s.jobs[nth]
		}
		if i > frames && !closes {
			break
		}
		f, drawErr := s.frame(camera, from.Add(time.Duration(i)*time.Minute), nth, code)
		files, err = append(files, f), errors.Join(err, drawErr)
	}
	return files, err
}

// copyCard puts files into the folder of the studio that goes by ID shots, as a card is copied: each under another name
// until it is whole.
func (h *hospital) copyCard(files []file) error {
	for _, f := range files {
		at := filepath.Join(h.studio(studioA), f.name)
		if err := errors.Join(os.WriteFile(at+".part", f.body, 0o600), os.Rename(at+".part", at)); err != nil {
			return err
		}
	}
	return nil
}

// found looks until who treats them finds every frame but the ID shots under its patient.
func (s *shoot) found(ctx context.Context, w *watch) error {
	henri := s.h.as("henri")
	return until(ctx, 3*time.Minute, "every frame is found under its patient", func(ctx context.Context) (bool, error) {
		if err := w.look(ctx); err != nil {
			return true, err
		}
		got := map[string]bool{}
		for _, p := range s.patients {
			all, err := henri.pictures(ctx, p.ID)
			if err != nil {
				return false, err
			}
			for _, a := range all {
				got[a.SHA256] = true
			}
		}
		for sum, shot := range s.shots {
			if !shot && !got[sum] {
				return false, nil
			}
		}
		return true, nil
	})
}
