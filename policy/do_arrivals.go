package policy

import (
	"context"
	"slices"
	"time"

	"fovea/clinical"
)

// maxAct is how many pictures one act may concern.
const maxAct = 2000

// confirmRun files a provisional run under its patient.
func (a *act) confirmRun(ctx context.Context, cmd clinical.ConfirmRun) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer); err != nil {
		return clinical.Change{}, err
	}
	r, ok := a.snap.runs.get(cmd.Run)
	if !ok || !a.person.In(r.Studio) {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if r.State != clinical.RunProvisional {
		return clinical.Change{}, conflict("run-settled", "This run no longer waits. Look at the patient's page.")
	}
	if cmd.Rev != 0 {
		if err := current(cmd.Rev, r.Rev); err != nil {
			return clinical.Change{}, err
		}
	}
	patient := a.snap.subject(r.Patient).patient
	switch {
	case patient == nil:
		return clinical.Change{}, conflict("no-patient", "The patient of this run is not known. Refile its pictures.")
	case patient.PhotographyRefused:
		return clinical.Change{}, conflict("photography-refused", "This patient refused photography. Discard the frames, or refile them under another patient.")
	}
	c := a.change(clinical.ActRunConfirmed, "")
	c.Patient = r.Patient
	frames := 0
	for _, pic := range a.snap.shard(r.Patient).pictures {
		if pic.frame.run != r.ID || pic.frame.state != clinical.Provisional {
			continue
		}
		if a.held(pic) {
			return clinical.Change{}, conflict("on-hold", onHold)
		}
		asset, err := a.g.opt.Reader.Asset(ctx, pic.id)
		if err != nil {
			return clinical.Change{}, err
		}
		asset.State, asset.FiledAt, asset.Reason = clinical.Filed, a.now, ""
		c.Delta.Assets = append(c.Delta.Assets, asset)
		c.Event.Assets = append(c.Event.Assets, asset.ID)
		if !asset.IDShot {
			frames++
		}
	}
	run := *r
	run.Frames = frames // what is filed: frames that are still on their way are not
	run.State, run.Evidence = clinical.RunFiled, append(slices.Clone(r.Evidence), "confirmed")
	c.Runs = []clinical.Run{run}
	a.fileJob(&c, r.Job)
	return c, nil
}

// fileJob notes that a job's pictures are filed, where it was open.
func (a *act) fileJob(c *clinical.Change, id clinical.JobID) {
	if j, ok := a.snap.jobs.get(id); ok && j.Status.Open() {
		filed := *j
		filed.Status, filed.FiledAt = clinical.JobFiled, a.now
		c.Jobs = append(c.Jobs, filed)
	}
}

// inStudios reads pictures that wait in the asker's studios; one that is not
// there, or not theirs, makes all of it NotFound.
func (a *act) inStudios(ctx context.Context, ids []clinical.AssetID, states ...clinical.AssetState) ([]clinical.Asset, error) {
	if err := a.allow(clinical.Photographer); err != nil {
		return nil, err
	}
	return a.read(ctx, ids, func(pic *picture) error {
		if !a.person.In(pic.frame.studio) || !a.sees(pic.id) {
			return clinical.ErrNotFound
		}
		if a.held(pic) {
			return conflict("on-hold", onHold)
		}
		if !slices.Contains(states, pic.frame.state) {
			return conflict("state", "Some of these pictures no longer wait. Look at them again.")
		}
		return nil
	})
}

// read reads the pictures that a command names, each once and after check.
func (a *act) read(ctx context.Context, ids []clinical.AssetID, check func(*picture) error) ([]clinical.Asset, error) {
	if len(ids) == 0 || len(ids) > maxAct {
		return nil, invalid("pictures", "Between 1 and 2,000 pictures are handled at once. Choose some.")
	}
	out := make([]clinical.Asset, 0, len(ids))
	seen := make(map[clinical.AssetID]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		pic, ok := a.snap.pictures.get(id)
		if !ok {
			return nil, clinical.ErrNotFound
		}
		if err := check(pic); err != nil {
			return nil, err
		}
		asset, err := a.g.opt.Reader.Asset(ctx, id)
		if err != nil {
			return nil, hidden(err)
		}
		out = append(out, asset)
	}
	return out, nil
}

// keep puts changed pictures into a change.
func keep(c *clinical.Change, assets []clinical.Asset) {
	c.Delta.Assets = assets
	for _, asset := range assets {
		c.Event.Assets = append(c.Event.Assets, asset.ID)
	}
}

// fileQuarantined files quarantined pictures under a patient that a person
// chose, as one sitting per studio.
func (a *act) fileQuarantined(ctx context.Context, cmd clinical.FileQuarantined) (clinical.Change, error) {
	assets, err := a.inStudios(ctx, cmd.Assets, clinical.Quarantined)
	if err != nil {
		return clinical.Change{}, err
	}
	to := a.snap.root(cmd.Patient)
	patient := a.snap.subject(to).patient
	job, hasJob := a.snap.jobs.get(cmd.Job)
	switch {
	case !a.snap.subject(to).alive():
		return clinical.Change{}, clinical.ErrNotFound
	case !cmd.Job.IsZero() && (!hasJob || !a.snap.samePatient(job.Patient, to)):
		return clinical.Change{}, invalid("job-patient", "This job is another patient's. Choose one of this patient's jobs, or none.")
	case patient.PhotographyRefused && cmd.Reason == "":
		return clinical.Change{}, invalid("photography-refused", "This patient refused photography. Give the reason for keeping the pictures, or reject them.")
	}
	c := a.change(clinical.ActQuarantineFiled, cmd.Reason)
	c.Patient = to
	for i := range assets {
		as := &assets[i]
		as.State, as.Reason, as.Patient, as.FiledAt = clinical.Filed, "", to, a.now
		as.Subjects = without(as.Subjects, to)
		as.Run, as.Lesion = clinical.RunID{}, clinical.LesionID{}
		unclassify(as)
		as.Job, as.Encounter = cmd.Job, clinical.EncounterID{}
		if hasJob {
			as.Encounter = job.Encounter
			if job.Specialty != "" {
				as.Specialty = job.Specialty
			}
		}
	}
	a.sitting(&c, assets, to, cmd.Job)
	keep(&c, assets)
	if hasJob {
		a.fileJob(&c, cmd.Job)
	}
	return c, nil
}

func without(list []clinical.PatientID, id clinical.PatientID) []clinical.PatientID {
	return slices.DeleteFunc(slices.Clone(list), func(p clinical.PatientID) bool { return p == id })
}

// sitting gives pictures a session of their patient: the job's in that studio
// where there is one already, else a new one.
func (a *act) sitting(c *clinical.Change, assets []clinical.Asset, patient clinical.PatientID, job clinical.JobID) {
	found := map[clinical.StudioID]*clinical.Session{}
	fresh := map[clinical.StudioID]bool{}
	var order []clinical.StudioID
	for i := range assets {
		as := &assets[i]
		s := found[as.Studio]
		if s == nil {
			s, fresh[as.Studio] = a.findSession(as, patient, job)
			found[as.Studio] = s
			order = append(order, as.Studio)
		}
		if at := began(as); fresh[as.Studio] && (s.Began.IsZero() || at.Before(s.Began)) {
			s.Began = at
		}
		as.Session = s.ID
	}
	for _, studio := range order {
		if fresh[studio] {
			c.Sessions = append(c.Sessions, *found[studio])
		}
	}
}

func began(as *clinical.Asset) time.Time {
	if as.Capture.At.IsZero() {
		return as.KeptAt
	}
	return as.Capture.At
}

func (a *act) findSession(as *clinical.Asset, patient clinical.PatientID, job clinical.JobID) (*clinical.Session, bool) {
	if !job.IsZero() {
		for _, s := range a.snap.shard(patient).sessions {
			if s.Job == job && s.Studio == as.Studio {
				own := *s
				return &own, false
			}
		}
	}
	return &clinical.Session{
		ID: clinical.Mint[clinical.Session](a.g.opt.Mint), Patient: patient, Job: job, Encounter: as.Encounter,
		Studio: as.Studio, Photographer: a.person.ID, Specialty: as.Specialty,
	}, true
}

// rejectQuarantined destroys quarantined pictures that belong to nobody.
func (a *act) rejectQuarantined(ctx context.Context, cmd clinical.RejectQuarantined) (clinical.Change, error) {
	assets, err := a.inStudios(ctx, cmd.Assets, clinical.Quarantined)
	if err == nil {
		err = reasoned(cmd.Reason)
	}
	if err != nil {
		return clinical.Change{}, err
	}
	for i := range assets {
		if assets[i].Sensitivity.Has(clinical.Safeguarding) {
			return clinical.Change{}, evidence()
		}
		assets[i].State, assets[i].Reason = clinical.Discarded, "rejected"
	}
	c := a.change(clinical.ActQuarantineReject, cmd.Reason)
	keep(&c, assets)
	return c, nil
}

// evidence is the error of destroying a safeguarding picture before it is
// filed.
func evidence() error {
	return conflict("safeguarding", "A safeguarding picture is evidence and is not destroyed. File it; governance decides on erasure.")
}

// discard destroys frames of a run that is not filed yet.
func (a *act) discard(ctx context.Context, cmd clinical.DiscardAssets) (clinical.Change, error) {
	assets, err := a.inStudios(ctx, cmd.Assets, clinical.Provisional, clinical.Quarantined)
	if err == nil {
		err = reasoned(cmd.Reason)
	}
	if clinical.ReasonOf(err) == "state" {
		err = conflict("filed", "Filed pictures are record and cannot be discarded. Ask governance about erasure.")
	}
	if err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActDiscarded, cmd.Reason)
	runs := map[clinical.RunID]int{}
	for i := range assets {
		as := &assets[i]
		if as.Sensitivity.Has(clinical.Safeguarding) {
			return clinical.Change{}, evidence()
		}
		as.State, as.Reason = clinical.Discarded, "discarded"
		if !as.IDShot {
			runs[as.Run]++
		}
		c.Patient = as.Patient
	}
	keep(&c, assets)
	a.shrink(&c, runs)
	return c, nil
}

// shrink takes discarded frames off their runs; one without any is given up.
func (a *act) shrink(c *clinical.Change, runs map[clinical.RunID]int) {
	for id, n := range runs {
		if r, ok := a.snap.runs.get(id); ok && r.State == clinical.RunProvisional {
			run := *r
			run.Frames = max(0, run.Frames-n)
			if run.Frames == 0 {
				run.State = clinical.RunDiscarded
			}
			c.Runs = append(c.Runs, run)
		}
	}
}
