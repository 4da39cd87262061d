package api

import (
	"context"

	"fovea/clinical"
	"fovea/server/wire"
)

type eraseBody struct {
	ID   clinical.PatientID `path:"id"`
	Body wire.Erase
}

type decideBody struct {
	ID   clinical.ErasureID `path:"id"`
	Body wire.DecideErasure
}

type keepBody struct {
	ID   clinical.PatientID `path:"id"`
	Body wire.Keep
}

type worklistQuery struct {
	Page
	Days int `query:"days" minimum:"0" maximum:"3660" doc:"how far ahead; 0: 90"`
}

// erasures are requests to erase from the record, and what falls due.
func (s *service) erasures() {
	show(s, "/erasures", "erasures", "Requests to erase: all to governance, to others those they took", func(ctx context.Context, in *Page) (wire.List[wire.Erasure], error) {
		all, err := s.Gate.Erasures(ctx, caller(ctx))
		if err != nil {
			return wire.List[wire.Erasure]{}, err
		}
		return paged(in, all, wire.ToErasure)
	})
	act(s, "POST /patients/{id}/erasures", "request-erasure", "Take a request to erase; it decides nothing", func(in *eraseBody) (clinical.Command, error) {
		return clinical.RequestErasure{Patient: in.ID, Assets: in.Body.Assets, OnBehalf: in.Body.OnBehalf, Reason: in.Body.Reason}, nil
	})
	act(s, "POST /erasures/{id}/decide", "decide-erasure", "Decide on a request, as a second person", func(in *decideBody) (clinical.Command, error) {
		return clinical.DecideErasure{Erasure: in.ID, Outcome: in.Body.Outcome, Reason: in.Body.Reason}, nil
	})
	act(s, "POST /patients/{id}/keep", "keep-until", "Record a retention review: look again on a day", func(in *keepBody) (clinical.Command, error) {
		return clinical.KeepUntil{Patient: in.ID, Until: in.Body.Until, Reason: in.Body.Reason}, nil
	})
	show(s, "/worklist", "worklist", "Consents that end or want review, birthdays, people to ask, erasures and records that fall due", func(ctx context.Context, in *worklistQuery) (wire.List[wire.WorkItem], error) {
		all, err := s.Gate.Worklist(ctx, caller(ctx), in.Days)
		if err != nil {
			return wire.List[wire.WorkItem]{}, err
		}
		return paged(&in.Page, all, wire.ToWorkItem)
	})
}
