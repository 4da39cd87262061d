package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
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

// feedBeat is how often a feed says that it is alive, so that a client and
// what lies between can tell silence from a broken line.
const feedBeat = 25 * time.Second

// feedCheck is how often a feed looks whether its session still stands: it ends
// with it, within a second.
const feedCheck = 500 * time.Millisecond

// feed is the live nudge: a cursor, sent only where the caller may see what
// changed. It carries nothing else. A cursor of 0 opens the feed and says from
// time to time that it lives. The feed ends with the session or the app password
// that opened it, and keeps no session awake.
func (s *service) feed() {
	op := huma.Operation{
		OperationID: "changes", Method: http.MethodGet, Path: "/api/v1/changes", Summary: "A nudge for each change the caller may see (SSE)",
		Middlewares: huma.Middlewares{keepExchange},
	}
	sse.Register(s.api, op, map[string]any{"change": wire.Nudge{}}, func(ctx context.Context, _ *none, send sse.Sender) {
		ctx, cancel := context.WithTimeout(ctx, feedFor)
		defer cancel()
		x, _ := ctx.Value(exchangeKey{}).(exchange)
		seqs := s.Gate.Subscribe(ctx, caller(ctx))
		tell := nudging(x.w, send)
		if tell(wire.Nudge{}) != nil {
			return
		}
		beat := time.NewTicker(feedBeat)
		defer beat.Stop()
		check := time.NewTicker(feedCheck)
		defer check.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-check.C:
				if !s.Accounts.Lasts(x.r) {
					return
				}
			case <-beat.C:
				if tell(wire.Nudge{}) != nil {
					return
				}
			case seq, ok := <-seqs:
				if !ok || tell(wire.Nudge{Seq: seq}) != nil {
					return
				}
			}
		}
	})
}

// nudging sends nudges and takes the deadline of each away once it is sent. A nudge must leave within the sender's few
// seconds; between two there is nothing to write, and on HTTP/2 a deadline that passes ends the stream all the same.
func nudging(w http.ResponseWriter, send sse.Sender) func(wire.Nudge) error {
	control := http.NewResponseController(w)
	return func(n wire.Nudge) error {
		if err := send.Data(n); err != nil {
			return err
		}
		if err := control.SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		return nil
	}
}

// image serves a picture on screen: /img/ASSET/thumb-256, teaching-2048 or
// original; for care, or with ?set=SET as that set shows it. With
// ?channel=download it is asked for as a file to keep, which fewer may have. A
// refused picture and an absent one answer alike.
func (s *service) image(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	c, err := s.Authenticate(r)
	if err != nil {
		http.Error(w, "Sign in first.", http.StatusUnauthorized)
		return
	}
	req := policy.OpenRequest{Use: clinical.Care(), Kind: clinical.RenditionKind(r.PathValue("kind"))}
	query := r.URL.Query()
	if req.Asset, err = clinical.ParseID[clinical.Asset](r.PathValue("asset")); err == nil && query.Has("set") {
		req.Set, err = clinical.ParseID[clinical.TeachingSet](query.Get("set"))
	}
	if keeps := clinical.Download.String(); query.Get("channel") == keeps {
		req.Use.Channel = clinical.Download
	} else if query.Has("channel") {
		err = clinical.ErrNotFound
	}
	var served *clinical.Served
	if err == nil {
		served, err = s.Gate.Open(r.Context(), c, req)
	} else {
		err = clinical.ErrNotFound
	}
	if err != nil {
		p := problem(err)
		if p.Status == http.StatusInternalServerError && s.Log != nil {
			s.Log.ErrorContext(r.Context(), "picture failed", "err", err)
		}
		http.Error(w, p.Detail, p.Status)
		return
	}
	defer func() { _ = served.Close() }()
	h.Set("Content-Type", served.MIME)
	h.Set("ETag", served.ETag)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	if req.Use.Channel == clinical.Download {
		h.Set("Content-Disposition", "attachment")
	}
	if req.Kind == clinical.MaskedFull { // what a second person attests, by its hash
		if err := digest(h, served); err != nil {
			http.Error(w, problem(err).Detail, problem(err).Status)
			return
		}
	}
	http.ServeContent(w, r, "", served.Modified, served)
}

// digest says the SHA-256 of what is served (RFC 9530).
func digest(h http.Header, served *clinical.Served) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(served, 0, served.Size())); err != nil {
		return err
	}
	h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum.Sum(nil))+":")
	return nil
}
