package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
)

// WordsBody is what somebody looks for. It may be a patient's name or number, so it stands in no address, where clients,
// proxies and logs keep it.
type WordsBody struct {
	Body struct {
		Text string `json:"q" maxLength:"512" doc:"a patient's name or number, or words; empty: everything"`
	}
}

// InAddress is where words used to stand.
type InAddress struct {
	Text string `query:"q" maxLength:"512" deprecated:"true" doc:"refused: send it in the body of a POST"`
}

// refuse says so to whoever puts words into an address.
func (a InAddress) refuse() error {
	if a.Text == "" {
		return nil
	}
	return clinical.Refuse(clinical.Invalid, "in-address", "What is looked for does not belong in an address, where it is kept. Send it in the body: POST /api/v1/search or /api/v1/patients/search.")
}

// look registers an operation that only answers, and is asked by POST because what it is asked with stands in no address.
func look[I, O any](s *service, path, id, summary string, answer func(context.Context, *I) (O, error)) {
	type output struct {
		CacheControl string `header:"Cache-Control"`
		Body         O
	}
	op := huma.Operation{OperationID: id, Method: http.MethodPost, Path: "/api/v1" + path, Summary: summary, MaxBodyBytes: 16 << 10}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*output, error) {
		body, err := answer(ctx, in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &output{CacheControl: "private, no-store", Body: body}, nil
	})
}
