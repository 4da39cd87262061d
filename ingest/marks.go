package ingest

import (
	"cmp"
	"slices"
	"time"

	"fovea/clinical"
)

// mark is what is remembered of a frame that was filed without a run: by ticket,
// by name, or out of quarantine by a person. It is small, for there is one for
// every such picture of the vault.
type mark struct {
	id      clinical.AssetID
	patient clinical.PatientID
	job     clinical.JobID
	at      time.Time
	number  Number
	idShot  bool
	// itself is set where the frame was filed in the change that kept it, and so
	// by a ticket or name that its label, where it shows one, did not contradict.
	itself bool
}

// compare orders marks before and after an instant.
func (m mark) compare(at time.Time) int { return m.at.Compare(at) }

// frame is the filed picture as the resolver sees it. What made a person file an
// ID shot by hand was no label to be believed: it bounds runs as it did then.
func (m mark) frame(camera string) Frame {
	subject := Subject{Patient: m.patient, Job: m.job}
	f := Frame{Key: m.id.String(), Camera: camera, At: m.at, Number: m.number, Claim: &subject, Filed: true}
	switch {
	case m.idShot && m.itself:
		f.Label = &Label{Subject: subject}
	case m.idShot:
		f.Claim, f.Filed, f.Held, f.Label = nil, false, true, &Label{Reason: reasonNoLabel}
	}
	return f
}

// marks are the frames filed without a run, by camera.
type marks struct {
	of map[string]map[clinical.AssetID]mark
}

func newMarks() *marks { return &marks{of: map[string]map[clinical.AssetID]mark{}} }

// take brings the mark of an asset up to date. Frames that have no place in the
// order of a camera leave none.
func (m *marks) take(a clinical.Asset) {
	camera := a.Capture.Serial
	if m == nil || camera == "" || a.Capture.Estimated || a.Capture.At.IsZero() {
		return
	}
	if a.State != clinical.Filed || !a.Run.IsZero() {
		delete(m.of[camera], a.ID)
		return
	}
	if m.of[camera] == nil {
		m.of[camera] = map[clinical.AssetID]mark{}
	}
	m.of[camera][a.ID] = mark{
		id: a.ID, patient: a.Patient, job: a.Job, at: a.Capture.At, number: runningNumber(a.Capture.FileNumber, a.Name),
		idShot: a.IDShot, itself: a.FiledAt.Equal(a.KeptAt),
	}
}

// filedBy returns the marks of a camera in the order of capture.
func (m *memory) filedBy(camera string) []mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.filed == nil {
		return nil
	}
	out := make([]mark, 0, len(m.filed.of[camera]))
	for _, k := range m.filed.of[camera] {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b mark) int {
		return cmp.Or(a.at.Compare(b.at), a.id.Compare(b.id))
	})
	return out
}
