package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// leaving is a file on its way out. Write writes it whole, or fails.
type leaving struct {
	mime  string
	name  string // as a browser saves it; nothing of a patient
	write func(context.Context, io.Writer) error
}

// send registers an operation that answers with a file, made while it is sent.
// Where it fails before its first byte the answer is the problem, as everywhere;
// after it the connection is cut, so that nobody takes a part for the whole.
func send[I any](s *service, path, id, summary string, open func(context.Context, *I) (leaving, error)) {
	op := huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: "/api/v1" + path, Summary: summary,
		Responses: map[string]*huma.Response{"200": {
			Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}},
		}},
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		file, err := open(ctx, in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) { s.sendFile(ctx, hc, file) }}, nil
	})
}

func (s *service) sendFile(ctx context.Context, hc huma.Context, file leaving) {
	w := &lateHeader{hc: hc, file: file}
	err := file.write(ctx, w)
	switch {
	case err == nil:
		w.begin() // an empty file is one, too
	case !w.begun:
		p := problem(err)
		if p.Status == http.StatusInternalServerError && s.Log != nil {
			s.Log.ErrorContext(ctx, "file failed", "err", err)
		}
		_ = writeProblem(s.api, hc, p)
	default:
		if s.Log != nil {
			s.Log.WarnContext(ctx, "file cut short", "err", err)
		}
		panic(http.ErrAbortHandler)
	}
}

// lateHeader writes the header with the first byte, so that a fault before it
// can still be answered as one.
type lateHeader struct {
	hc    huma.Context
	file  leaving
	begun bool
}

func (w *lateHeader) begin() {
	if w.begun {
		return
	}
	w.begun = true
	w.hc.SetHeader("Content-Type", w.file.mime)
	w.hc.SetHeader("Cache-Control", "private, no-store")
	w.hc.SetHeader("X-Content-Type-Options", "nosniff")
	w.hc.SetHeader("Content-Security-Policy", "sandbox; default-src 'none'")
	w.hc.SetHeader("Content-Disposition", `attachment; filename="`+w.file.name+`"`)
	w.hc.SetStatus(http.StatusOK)
}

func (w *lateHeader) Write(p []byte) (int, error) {
	w.begin()
	return w.hc.BodyWriter().Write(p)
}
