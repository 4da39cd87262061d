package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"

	"fovea/clinical"
	"fovea/policy"
	"fovea/server/wire"
)

// feedFor bounds one subscription; the client connects again by itself.
const feedFor = 30 * time.Minute

// feed is the live nudge: a cursor, sent only where the caller may see what
// changed. It carries nothing else.
func (s *service) feed() {
	op := huma.Operation{OperationID: "changes", Method: http.MethodGet, Path: "/api/v1/changes", Summary: "A nudge for each change the caller may see (SSE)"}
	sse.Register(s.api, op, map[string]any{"change": wire.Nudge{}}, func(ctx context.Context, _ *none, send sse.Sender) {
		ctx, cancel := context.WithTimeout(ctx, feedFor)
		defer cancel()
		seqs := s.Gate.Subscribe(ctx, caller(ctx))
		for {
			select {
			case <-ctx.Done():
				return
			case seq, ok := <-seqs:
				if !ok || send.Data(wire.Nudge{Seq: seq}) != nil {
					return
				}
			}
		}
	})
}

// image serves a picture for care: /img/ASSET/thumb-256, teaching-2048 or
// original. A refused picture and an absent one answer alike.
func (s *service) image(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	c, err := s.Authenticate(r)
	if err != nil {
		http.Error(w, "Sign in first.", http.StatusUnauthorized)
		return
	}
	id, err := clinical.ParseID[clinical.Asset](r.PathValue("asset"))
	if err != nil {
		http.Error(w, "There is nothing here for you.", http.StatusNotFound)
		return
	}
	served, err := s.Gate.Open(r.Context(), c, policy.OpenRequest{Use: clinical.Care(), Asset: id, Kind: clinical.RenditionKind(r.PathValue("kind"))})
	if err != nil {
		p := problem(err)
		http.Error(w, p.Detail, p.Status)
		return
	}
	defer func() { _ = served.Close() }()
	h.Set("Content-Type", served.MIME)
	h.Set("ETag", served.ETag)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	http.ServeContent(w, r, "", served.Modified, served)
}
