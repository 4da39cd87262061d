package api

import (
	"context"

	"fovea/clinical"
	"fovea/server/wire"
)

// meter measures colours in a picture that the gate serves the caller for care.
type meter interface {
	Chart(ctx context.Context, c clinical.Caller, asset clinical.AssetID, corners [4]clinical.Point) (wire.ChartFit, error)
	Grey(ctx context.Context, c clinical.Caller, asset clinical.AssetID, patch clinical.Rect) (wire.Grey, error)
}

type chartQuery struct {
	ID      clinical.AssetID `path:"id"`
	Corners string           `query:"corners" required:"true" maxLength:"200" doc:"x,y,x,y,x,y,x,y: the middles of the corner patches dark skin, bluish green, black, white"`
}

type greyQuery struct {
	ID    clinical.AssetID `path:"id"`
	Patch string           `query:"patch" required:"true" maxLength:"100" doc:"left,top,width,height"`
}

type pasteBody struct {
	ID   clinical.AssetID `path:"id"`
	Body wire.PasteEdit
}

// shared is what edits take from elsewhere: colours from what lies in the
// picture for it, parts of another picture's edits, and a second person.
func (s *service) shared() {
	if s.Meter != nil {
		show(s, "/assets/{id}/chart", "chart", "Colours fitted on a chart of 24 patches in the picture; nothing is changed by it", func(ctx context.Context, in *chartQuery) (wire.ChartFit, error) {
			corners, err := wire.Corners(in.Corners)
			if err != nil {
				return wire.ChartFit{}, err
			}
			return s.Meter.Chart(ctx, caller(ctx), in.ID, corners)
		})
		show(s, "/assets/{id}/grey", "grey", "A white balance from a grey patch in the picture; nothing is changed by it", func(ctx context.Context, in *greyQuery) (wire.Grey, error) {
			patch, err := wire.Box(in.Patch)
			if err != nil {
				return wire.Grey{}, err
			}
			return s.Meter.Grey(ctx, caller(ctx), in.ID, patch)
		})
	}
	act(s, "POST /assets/{id}/edits/paste", "paste-edit", "Add a version that takes parts of another picture's; masks, marks, scale and side stay with one patient", func(in *pasteBody) (clinical.Command, error) {
		return clinical.PasteEdit{Asset: in.ID, From: in.Body.From, Version: in.Body.Version, Parts: in.Body.Parts}, nil
	})
	show(s, "/reviews", "reviews", "Pictures whose flattened copies wait for the caller to look, the longest waiting first; never what they edited themself", func(ctx context.Context, in *Page) (wire.List[wire.WaitingCopy], error) {
		all, err := s.Gate.Unseen(ctx, caller(ctx))
		if err != nil {
			return wire.List[wire.WaitingCopy]{}, err
		}
		return paged(in, all, wire.ToWaitingCopy(s.named))
	})
}
