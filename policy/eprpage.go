package policy

import (
	"context"

	"fovea/clinical"
)

// EPRPage returns what the deliverer writes about a delivery or a correction:
// the patient it names, its one session with the job, and its pictures as far as
// they are that patient's still. It is for the deliverer alone.
func (g *Gate) EPRPage(ctx context.Context, c clinical.Caller, id clinical.ReleaseID) (clinical.PatientPage, error) {
	if !exchangeAlone(c) {
		return clinical.PatientPage{}, clinical.ErrNotFound
	}
	snap, err := g.snapshot()
	if err != nil {
		return clinical.PatientPage{}, err
	}
	r, ok := snap.releases.get(id)
	if !ok || !toEPR(r.Kind) {
		return clinical.PatientPage{}, clinical.ErrNotFound
	}
	patient := snap.subject(r.Patient).patient
	if patient == nil {
		return clinical.PatientPage{}, clinical.ErrNotFound
	}
	one := clinical.SessionPage{}
	if s, ok := snap.sessions.get(r.Session); ok {
		one.Session = *s
		if j, ok := snap.jobs.get(s.Job); ok {
			one.Job = *j
		}
	}
	for _, asset := range r.Assets {
		pic, ok := snap.pictures.get(asset)
		if !ok || pic.frame.state.Gone() || !snap.samePatient(pic.frame.patient, r.Patient) {
			continue
		}
		shown, err := g.show(ctx, snap, pic, clinical.P0)
		if err != nil {
			return clinical.PatientPage{}, err
		}
		one.Shown = append(one.Shown, shown)
	}
	return clinical.PatientPage{Patient: *patient, Sessions: []clinical.SessionPage{one}}, nil
}
