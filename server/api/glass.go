package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
	"fovea/server/wire"
)

type glassBody struct{ Body wire.BreakGlass }

type reviewGlassBody struct {
	ID   clinical.BreakGlassID `path:"id"`
	Body wire.ReviewGlass
}

// glass is the one way to pictures without a need to know on record. The
// caller's password comes with the request, once more: an open screen is not a
// person.
func (s *service) glass() {
	op := huma.Operation{
		OperationID: "break-glass", Method: http.MethodPost, Path: "/api/v1/break-glass", Summary: "A ticket to one patient's pictures for an hour; governance is told at once",
		Middlewares: huma.Middlewares{keepExchange}, MaxBodyBytes: 64 << 10,
	}
	huma.Register(s.api, op, func(ctx context.Context, in *glassBody) (*resultOutput, error) {
		x, _ := ctx.Value(exchangeKey{}).(exchange)
		at, err := s.Accounts.Confirm(x.r, caller(ctx), in.Body.Password)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		b := in.Body
		return s.do(ctx, clinical.BreakTheGlass{Patient: b.Patient, Why: b.Why, Words: b.Words, Confirmed: at})
	})
	show(s, "/break-glass", "glasses", "The caller's open tickets; to governance all, those to review first", func(ctx context.Context, in *Page) (wire.List[wire.Glass], error) {
		all, err := s.Gate.Glasses(ctx, caller(ctx))
		if err != nil {
			return wire.List[wire.Glass]{}, err
		}
		return paged(in, all, wire.ToGlass)
	})
	act(s, "POST /break-glass/{id}/review", "review-glass", "Judge a ticket", func(in *reviewGlassBody) (clinical.Command, error) {
		return clinical.ReviewGlass{Ticket: in.ID, Verdict: in.Body.Verdict, Words: in.Body.Words}, nil
	})
}
