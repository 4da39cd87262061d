package ingest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
)

// runningNumber takes the camera's number from its metadata, else from a name
// as cameras give them (DCF: four characters and four digits).
func runningNumber(stated, name string) Number {
	series := "stated"
	digits := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, stated)
	if stated == "" {
		stem, _, _ := strings.Cut(name, ".")
		if len(stem) != 8 {
			return Number{}
		}
		series, digits = "name", stem[4:]
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 {
		return Number{}
	}
	return Number{Series: series, N: n}
}

// plan is one resolution: the frames and where they come from.
type plan struct {
	frames   []Frame
	existing []clinical.Run
	tracks   map[int]*track         // new frames
	kept     map[int]clinical.Asset // provisional ones
	hold     bool
	agreed   []agreedRun
	open     []clinical.RunID // provisional when the plan was made
}

// plan joins new files, provisional frames and what bounds them.
func (s *station) plan(ctx context.Context, tracks []*track, hold bool) (*plan, error) {
	p := &plan{tracks: map[int]*track{}, kept: map[int]clinical.Asset{}, hold: hold}
	for _, k := range tracks {
		if k.phase == finished {
			continue // it landed before
		}
		if k.facts == nil {
			p.hold = true
			continue
		}
		p.tracks[len(p.frames)] = k
		p.frames = append(p.frames, k.facts.frame)
	}
	snapshot := s.in.memory.studio(s.studio.ID)
	p.existing = snapshot.barriers
	for _, run := range snapshot.open {
		p.open = append(p.open, run.ID)
		subject := Subject{Patient: run.Patient, Job: run.Job}
		if !run.Job.IsZero() {
			j, err := s.in.opt.Register.Job(ctx, run.Job)
			if err != nil {
				return nil, fmt.Errorf("ingest: job of run %s: %w", run.ID, err)
			}
			subject.Frames = j.Frames
		}
		// The run's own label bounds it even where a person discarded the picture of it.
		p.frames = append(p.frames, Frame{
			Key: run.ID.String(), Camera: run.Camera, At: run.From, Label: &Label{Subject: subject}, Run: run.ID, Held: true,
		})
		for _, a := range snapshot.frames[run.ID] {
			f := Frame{Key: a.ID.String(), Camera: run.Camera, At: a.Capture.At, Number: runningNumber(a.Capture.FileNumber, a.Name), Run: run.ID}
			if a.IDShot {
				closing := slices.Contains(run.Evidence, evidenceEnd) && f.At.Equal(run.To) && f.At.After(run.From)
				f.Label = &Label{Subject: subject, End: closing}
			}
			p.kept[len(p.frames)] = a
			p.frames = append(p.frames, f)
		}
	}
	for _, a := range snapshot.held {
		p.frames = append(p.frames, heldFrame(a))
	}
	p.addFiled(s)
	return p, nil
}

// addFiled adds the frames that tickets, names and people have filed already, as
// far as they can bear on the others: those from the first frame of a camera to
// the last, and shortly after it. They open no run, and so those before the first
// mean nothing.
func (p *plan) addFiled(s *station) {
	type span struct{ first, last time.Time }
	spans := map[string]span{}
	for _, f := range p.frames {
		if (f.Held && f.Run.IsZero()) || f.Camera == "" || f.At.IsZero() {
			continue
		}
		w, known := spans[f.Camera]
		if !known || f.At.Before(w.first) {
			w.first = f.At
		}
		if f.At.After(w.last) {
			w.last = f.At
		}
		spans[f.Camera] = w
	}
	for camera, w := range spans {
		marks := s.in.memory.filedBy(camera)
		from, _ := slices.BinarySearchFunc(marks, w.first, mark.compare)
		to, _ := slices.BinarySearchFunc(marks, w.last.Add(s.studio.Gap+1), mark.compare)
		for _, m := range marks[from:to] {
			p.frames = append(p.frames, m.frame(camera))
		}
	}
}

// heldFrame is a quarantined asset as the boundary it was when it came.
func heldFrame(a clinical.Asset) Frame {
	f := Frame{Key: a.ID.String(), Camera: a.Capture.Serial, Number: runningNumber(a.Capture.FileNumber, a.Name), Held: true}
	if !a.Capture.Estimated {
		f.At = a.Capture.At
	}
	if a.IDShot {
		f.Label = &Label{Reason: a.Reason}
	} else if hidesLabel(a.Reason) && !document(a.Name) {
		f.Blind = a.Reason
	}
	return f
}

// hidesLabel reports whether a file quarantined for r was never looked into.
func hidesLabel(r clinical.Reason) bool {
	switch r {
	case reasonTruncated, reasonEmpty, reasonTypeLies, reasonTypeOther, reasonPixels, reasonUnreadable:
		return true
	default:
		return false
	}
}

// document reports whether a file of no known type is by its name something
// that lies about on cards and workstations, and no picture of ours to come.
func document(name string) bool {
	switch extOf(name) {
	case "txt", "pdf", "xmp", "xml", "ctg", "dat", "csv", "json", "htm", "html", "doc", "docx", "xls", "xlsx", "rtf", "log", "zip", "exe", "ind", "bdm", "mpl", "cpi":
		return true
	default:
		return false
	}
}
