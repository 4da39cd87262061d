package api

import (
	"context"

	"fovea/clinical"
	"fovea/server/wire"
)

// aligner lays a picture over an earlier one of the same patient, both of which
// the gate serves the caller for care.
type aligner interface {
	Align(ctx context.Context, c clinical.Caller, asset clinical.AssetID, how wire.Align) (wire.Alignment, error)
}

type alignBody struct {
	ID   clinical.AssetID `path:"id"`
	Body wire.Align
}

// alignments are for comparing; nothing is kept of them.
func (s *service) alignments() {
	if s.Aligner == nil {
		return
	}
	look(s, "/assets/{id}/alignment", "align", "How a picture lies over an earlier one of the same patient, with its error, or why that is not known; nothing is changed by it", func(ctx context.Context, in *alignBody) (wire.Alignment, error) {
		return s.Aligner.Align(ctx, caller(ctx), in.ID, in.Body)
	})
}
