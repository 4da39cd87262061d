package api

import (
	"context"

	"fovea/clinical"
	"fovea/server/wire"
)

type mergeBody struct {
	ID   clinical.PatientID `path:"id"`
	Body wire.Merge
}

type patientReason struct {
	ID   clinical.PatientID `path:"id"`
	Body wire.Reason
}

type sittingBody struct {
	ID      clinical.SessionID `path:"id"`
	IfMatch string             `header:"If-Match"`
	Body    wire.Sitting
}

type lesionList struct {
	Page
	ID clinical.PatientID `path:"id"`
}

type lesionBody struct {
	ID   clinical.PatientID `path:"id"`
	Body wire.Lesion
}

type lesionChange struct {
	ID      clinical.LesionID `path:"id"`
	IfMatch string            `header:"If-Match"`
	Body    wire.Lesion
}

type holdList struct {
	Page
	ID clinical.HoldID `path:"id"`
}

// records are merged, parted, and completed with what was said at a sitting.
func (s *service) records() {
	act(s, "POST /patients/{id}/merge", "merge-patient", "Say that this record is another patient's; nothing is moved", func(in *mergeBody) (clinical.Command, error) {
		return clinical.MergePatients{From: in.ID, Into: in.Body.Into, Reason: in.Body.Reason}, nil
	})
	act(s, "POST /patients/{id}/unmerge", "unmerge-patient", "Part a merged record again, and freeze what either has seen since", func(in *patientReason) (clinical.Command, error) {
		return clinical.UnmergePatients{Patient: in.ID, Reason: in.Body.Reason}, nil
	})
	show(s, "/holds/{id}/trace", "merge-trace", "Who saw what while two records were one: what has to be told once they are parted", func(ctx context.Context, in *holdList) (wire.List[wire.Recorded], error) {
		all, err := s.Gate.SawMerged(ctx, caller(ctx), in.ID)
		if err != nil {
			return wire.List[wire.Recorded]{}, err
		}
		told, err := s.recorded(ctx, all)
		if err != nil {
			return wire.List[wire.Recorded]{}, err
		}
		return paged(&in.Page, told, func(r wire.Recorded) wire.Recorded { return r })
	})
	act(s, "PUT /sessions/{id}", "change-session", "Record the photographer, the chaperone and the consent to be photographed", func(in *sittingBody) (clinical.Command, error) {
		rev, err := ifMatch(in.IfMatch)
		b := in.Body
		return clinical.ChangeSession{Session: clinical.Session{
			ID: in.ID, Rev: rev, Photographer: b.Photographer, Consent: b.Consent, Chaperone: clinical.Chaperone(b.Chaperone),
		}}, err
	})
}

// lesions are findings that are followed from one sitting to the next.
func (s *service) lesions() {
	show(s, "/patients/{id}/lesions", "lesions", "A patient's findings that are followed, open ones first", func(ctx context.Context, in *lesionList) (wire.List[wire.Lesion], error) {
		all, err := s.Gate.Lesions(ctx, caller(ctx), in.ID)
		if err != nil {
			return wire.List[wire.Lesion]{}, err
		}
		return paged(&in.Page, all, wire.ToLesion)
	})
	act(s, "POST /patients/{id}/lesions", "open-lesion", "Begin to follow a finding", func(in *lesionBody) (clinical.Command, error) {
		l := in.Body.Clinical()
		l.Patient = in.ID
		return clinical.OpenLesion{Lesion: l}, nil
	})
	act(s, "PUT /lesions/{id}", "change-lesion", "Correct what is known of a finding, or close it", func(in *lesionChange) (clinical.Command, error) {
		rev, err := ifMatch(in.IfMatch)
		l := in.Body.Clinical()
		l.ID, l.Rev = in.ID, rev
		return clinical.ChangeLesion{Lesion: l}, err
	})
}

// recorded adds to entries of the ledger who acted, where the account is still there, and with which device.
func (s *service) recorded(ctx context.Context, all []clinical.Recorded) ([]wire.Recorded, error) {
	names, out := wire.NewDeviceNames(s.Accounts.AppPasswords), make([]wire.Recorded, 0, len(all))
	for _, r := range all {
		one := wire.ToRecorded(r)
		if p, ok := s.Gate.PersonByID(r.Caller.Person); ok {
			one.Name = p.Name
		}
		var err error
		if one.Called, err = names.Of(ctx, r.Caller); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}
