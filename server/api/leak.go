package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
	"fovea/server/wire"
)

// maxLeak is how large a leaked picture may be, in bytes.
const maxLeak = 50 << 20

// tracer finds out whose copy of a picture was passed on.
type tracer interface {
	Trace(ctx context.Context, c clinical.Caller, q wire.TraceQuery, leak []byte) (wire.Traced, error)
}

type tracedOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         wire.Traced
}

func (s *service) leaks() {
	op := huma.Operation{
		OperationID: "trace", Method: http.MethodPost, Path: "/api/v1/trace", Summary: "Whose copy of a marked set's picture a leaked picture was made from",
		Middlewares: huma.Middlewares{keepExchange}, RequestBody: binary("image/*"),
	}
	huma.Register(s.api, op, func(ctx context.Context, in *wire.TraceQuery) (*tracedOutput, error) {
		x, _ := ctx.Value(exchangeKey{}).(exchange)
		leak, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxLeak))
		if err != nil {
			return nil, s.fail(ctx, clinical.Refuse(clinical.Invalid, "body", "The picture did not arrive whole, or has more than 50 MiB. Save it smaller and send it again."))
		}
		found, err := s.Tracer.Trace(ctx, caller(ctx), *in, leak)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &tracedOutput{CacheControl: "private, no-store", Body: found}, nil
	})
}
