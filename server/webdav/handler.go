package webdav

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
)

// Prefix is the path of the drive, without a slash at its end.
const Prefix = "/dav/teaching"

// WriteBuffer is the size of the kernel's send buffer that the server asks for on each connection. It bounds what of a
// withdrawn picture is already past recall: Linux doubles it and lets one more piece of up to 64 KiB in, which makes 256
// KiB. Larger ones were not faster.
const WriteBuffer = 96 << 10

// allow names the methods that the drive answers, for the Allow header.
const allow = "OPTIONS, GET, HEAD, PROPFIND"

// methodPropfind is the only method of RFC 4918 that a read-only drive answers.
const methodPropfind = "PROPFIND"

// gate decides what a caller sees. Every answer is an immutable snapshot.
type gate interface {
	// Sets returns the sets that the caller may mount or owns.
	Sets(context.Context, clinical.Caller) ([]clinical.TeachingSet, error)
	// Folder returns a set as the caller may see it through a channel, and NotFound where that is not at all.
	Folder(context.Context, clinical.Caller, clinical.SetID, clinical.Channel) (clinical.Folder, error)
	// OpenInSet opens the rendition that a set shows of an asset, and is NotFound for what the caller may not have.
	OpenInSet(context.Context, clinical.Caller, clinical.SetID, clinical.AssetID) (*clinical.Served, error)
	// Missed hears of a folder, or a name in it, that the caller asked for in vain.
	Missed(c clinical.Caller, folder, name string)
	printer
}

// printer lets pictures onto a paper.
type printer interface {
	// DrawInSet opens as OpenInSet does what is drawn on a paper that stays here for now, without a note.
	DrawInSet(context.Context, clinical.Caller, clinical.SetID, clinical.AssetID) (*clinical.Served, error)
	// ServeInSet notes that the caller receives a paper with these assets on it. It is NotFound where they may not have
	// every one of them.
	ServeInSet(context.Context, clinical.Caller, clinical.SetID, []clinical.AssetID) error
}

// authenticator knows who asks. Mount returns the caller of a request that carries a device's credentials, and the
// sets those credentials are good for: nil means every set. An error with a method RetryAfter() time.Duration means
// that too many wrong credentials came from there; Unavailable means that nobody can be told apart right now; any other
// error means that the credentials are missing or wrong.
type authenticator interface {
	Mount(*http.Request) (clinical.Caller, []clinical.SetID, error)
}

// Options say what a Handler works with. Gate and Auth are needed.
type Options struct {
	Gate   gate
	Auth   authenticator
	Papers Papers
	Inbox  InboxOptions
	// Watermark marks what leaves by a set whose pictures are to be marked; nil: such a set cannot be read.
	Watermark watermark
	PerDevice int // requests of one device that may be under way; 64
	Log       *slog.Logger
	Now       func() time.Time
}

// Handler answers for everything at and under Prefix and InboxPrefix, and PROPFIND and OPTIONS Above them. It is safe for
// concurrent use.
type Handler struct {
	gate  gate
	auth  authenticator
	marks watermark
	log   *slog.Logger
	// since is when a drive without a set was last changed: when the handler was made.
	since   time.Time
	desk    *desk
	inbox   *inbox
	devices *devices

	listings buffers // memory between requests
	chunks   buffers
}

// New returns a Handler.
func New(o Options) *Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &Handler{
		gate: o.Gate, auth: o.Auth, marks: o.Watermark, log: o.Log, since: o.Now().UTC(), desk: newDesk(o), devices: newDevices(o.PerDevice),
		listings: buffers{size: flushAt + 8<<10}, chunks: buffers{size: copyBuffer},
	}
	h.inbox = newInbox(h, o)
	return h
}

// Run does what the drive does between requests, until ctx ends: it draws contact sheets, and gives the studios what was
// put into their inboxes. Without it there are no sheets and the inboxes do not open.
func (h *Handler) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		h.desk.run(ctx)
		return nil
	})
	g.Go(func() error { return h.inbox.run(ctx) })
	return g.Wait()
}

// request is one request under way: who asks for what, with which reach.
type request struct {
	*http.Request
	caller clinical.Caller
	reach  []clinical.SetID
	path   location
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setCommonHeaders(w.Header())
	if len(h.inbox.o.Studios) > 0 && (r.URL.Path == InboxPrefix || strings.HasPrefix(r.URL.Path, InboxPrefix+"/")) {
		h.inbox.ServeHTTP(w, r)
		return
	}
	switch r.Method {
	case http.MethodOptions:
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusOK)
		return
	case http.MethodGet, http.MethodHead, methodPropfind:
	default:
		// The body is not read: closing is cheaper than draining an upload that was never welcome.
		w.Header().Set("Allow", allow)
		w.Header().Set("Connection", "close")
		plain(w, http.StatusForbidden, "This drive is read-only.")
		return
	}
	caller, reach, err := h.auth.Mount(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	leave, ok := h.devices.enter(caller)
	if !ok {
		crowded(w)
		return
	}
	defer leave()
	if r.Method == methodPropfind && Above(r.URL.Path) {
		h.walk(w, r, caller, reach)
		return
	}
	path, ok := parsePath(r.URL.EscapedPath())
	if !ok {
		absent(w)
		return
	}
	req := &request{Request: r, caller: caller, reach: reach, path: path}
	switch {
	case path.litter():
		absent(w)
	case r.Method == methodPropfind:
		h.propfind(r.Context(), w, req)
	default:
		h.get(r.Context(), w, req)
	}
}

// setCommonHeaders sets what every answer carries, so that no two answers can be told apart by what they lack.
func setCommonHeaders(header http.Header) {
	header.Set("Cache-Control", "private, no-cache")
	header.Set("Vary", "Authorization")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("DAV", "1")
	header.Set("MS-Author-Via", "DAV")
}

// refuse answers a request whose sender is not known.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var later interface{ RetryAfter() time.Duration }
	switch {
	case errors.As(err, &later):
		seconds := max(1, int((later.RetryAfter()+time.Second-1)/time.Second))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		plain(w, http.StatusTooManyRequests, "Too many wrong passwords. Wait a moment, then try again.")
	case clinical.KindOf(err) == clinical.Unavailable:
		h.fail(w, r, err)
	default:
		w.Header().Set("WWW-Authenticate", `Basic realm="Fovea", charset="UTF-8"`)
		plain(w, http.StatusUnauthorized, "Sign in with your login and an app password, which you make on your own page.")
	}
}

// fail answers a request that the gate did not grant: refused looks like absent, and a gate that cannot decide is 503.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch clinical.KindOf(err) {
	case clinical.NotFound, clinical.Forbidden:
		absent(w)
		return
	case clinical.Corrupt:
		h.log.ErrorContext(r.Context(), "webdav: picture does not verify", "err", err)
		plain(w, http.StatusInternalServerError, "This file is damaged. Tell your administrator.")
		return
	default:
	}
	if r.Context().Err() == nil && !errors.Is(err, errDrawing) {
		h.log.ErrorContext(r.Context(), "webdav: no decision", "err", err)
	}
	w.Header().Set("Retry-After", "5")
	plain(w, http.StatusServiceUnavailable, "Not available right now. Try again in a moment.")
}

// absent is the one answer for what is not there and for what the caller may not know of.
func absent(w http.ResponseWriter) {
	plain(w, http.StatusNotFound, "Nothing is here.")
}

// plain answers with a line of text.
func plain(w http.ResponseWriter, status int, text string) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	// A client that went away takes its answer with it; there is nobody left to tell.
	_, _ = strings.NewReader(text + "\n").WriteTo(w)
}
