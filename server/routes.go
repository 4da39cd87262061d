package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fovea/server/login"
	"fovea/server/webdav"
)

// public are the doors that face the network.
func (s *Server) public() http.Handler {
	protection := http.NewCrossOriginProtection()
	api, pages := s.bounded(protection.Handler(s.o.API)), s.bounded(protection.Handler(s.o.Pages))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.within(r) {
			tooMany(w)
			return
		}
		path := r.URL.Path
		switch {
		case onDrive(r):
			r.Pattern = webdav.Prefix + "/"
			if under(path, webdav.InboxPrefix) {
				r.Pattern = webdav.InboxPrefix + "/"
			}
			s.o.Drive.ServeHTTP(w, r)
		case path == "/healthz" || path == "/readyz":
			s.health(w, r)
		case strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/img/"):
			harden(w.Header())
			api.ServeHTTP(w, r)
		default:
			harden(w.Header())
			pages.ServeHTTP(w, r)
		}
	})
}

// onDrive reports whether the drive answers a request. Windows asks what the folders above a drive are and can do before
// it mounts; the drive's answer to the latter is the same everywhere.
func onDrive(r *http.Request) bool {
	path := r.URL.Path
	switch {
	case under(path, webdav.Prefix) || under(path, webdav.InboxPrefix):
		return true
	case webdav.Above(path):
		return r.Method == http.MethodOptions || r.Method == "PROPFIND"
	default:
		return r.Method == http.MethodOptions && path == "*"
	}
}

// under reports whether a path is a prefix or below it.
func under(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }

// harden sets what no page and no answer of the API goes without.
func harden(header http.Header) {
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// admin is what the machine's owner reaches through the admin socket.
func (s *Server) admin() http.Handler {
	metrics := s.scrape()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/img/"):
			s.o.API.ServeHTTP(w, r)
		case path == "/healthz" || path == "/readyz":
			s.health(w, r)
		default:
			metrics.ServeHTTP(w, r)
		}
	})
}

// scrape answers /metrics and nothing else.
func (s *Server) scrape() http.Handler {
	metrics := promhttp.HandlerFor(s.o.Registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			http.NotFound(w, r)
			return
		}
		r.Pattern = "/metrics"
		metrics.ServeHTTP(w, r)
	})
}

// health answers /healthz (the process runs) and /readyz (it can serve). Neither tells a stranger why not.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	r.Pattern = r.URL.Path
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Ask with GET.", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == "/readyz" {
		if err := s.o.Ready(r.Context()); err != nil {
			s.log.WarnContext(r.Context(), "server: not ready", "err", err)
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
	}
	_, _ = io.WriteString(w, "ok\n") // who asked may be gone
}

// bounded bounds the size of a request's body.
func (s *Server) bounded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, s.o.Limits.Body)
		h.ServeHTTP(w, r)
	})
}

// around puts around a handler what every request passes through: progress, log, metrics, recovery. atStop arranges for
// a call when the server is told to stop, and returns what undoes that.
func (s *Server) around(atStop func(func()) (undo func() bool), h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ctx, cancel := context.WithCancel(login.Watch(r.Context(), connectionOf(r.Context()).authenticated))
		defer cancel()
		if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			// A feed has no end of its own. It ends when the server is told to stop, not when the grace is over.
			defer atStop(cancel)()
		}
		r = r.WithContext(ctx)
		r.Pattern = ""
		p := newReply(w, r, s.o.Limits.Progress)
		p.receive(r)
		s.meter.running.Inc()
		s.active.Add(1)
		defer func() {
			s.meter.running.Dec()
			s.active.Add(-1)
			cut := s.recovered(p, r, recover())
			s.finished(p, r, time.Since(began), cut)
			if cut {
				panic(http.ErrAbortHandler)
			}
		}()
		h.ServeHTTP(p, r)
	})
}

// recovered deals with a handler that panicked, and reports whether what it has sent must be cut off. What a fault
// says may be about a patient, so the log has its type, its place, and its text only where that is the runtime's.
func (s *Server) recovered(p *reply, r *http.Request, fault any) (cut bool) {
	if fault == nil {
		return false
	}
	if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return true
	}
	s.meter.panics.Inc()
	text := fmt.Sprintf("%T", fault)
	if err, ok := fault.(runtime.Error); ok {
		text = err.Error()
	}
	s.log.ErrorContext(r.Context(), "server: panic", "route", route(r), "fault", text, "stack", string(debug.Stack()))
	if p.status != 0 {
		return true
	}
	p.Header().Del("Content-Length") // of what will not come
	http.Error(p, "Something went wrong on our side. Try again; if it stays, tell the administrator the time.",
		http.StatusInternalServerError)
	return false
}

// finished writes the access log and counts.
func (s *Server) finished(p *reply, r *http.Request, took time.Duration, cut bool) {
	if p.status == 0 {
		p.begin(http.StatusOK)
	}
	p.arm() // for what net/http still has to send
	at, method := route(r), knownMethod(r.Method)
	s.meter.count(at, method, p, took)
	who := login.Seen(r.Context())
	s.log.InfoContext(r.Context(), "request", "method", method, "route", at, "status", p.status, "bytes", p.bytes,
		"ms", took.Milliseconds(), "cut", cut, "person", who.Person, "device", who.Device, "operator", who.Operator)
}

// route is the pattern that a request matched: never its path, which may hold a name.
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

// knownMethod keeps what strangers invent out of the metrics.
func knownMethod(method string) string {
	if slices.Contains([]string{
		"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",
	}, method) {
		return method
	}
	return "other"
}
