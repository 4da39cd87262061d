package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"fovea/clinical"
	"fovea/server/login"
)

// Options say what a Server serves and where. An empty address leaves that listener out.
type Options struct {
	Listen       string // host:port of the public doors, TLS only
	Certificates *Certificates
	Metrics      string // loopback host:port for /metrics in the clear
	Admin        string // path of the admin socket, at most 107 bytes

	Drive http.Handler // /dav/teaching
	API   http.Handler // /api/ and /img/
	Pages http.Handler // everything else

	// Known names the device or session whose credentials a request carries, empty where they are not good; nil: nobody
	// is known. It is asked of those alone whose address is beyond its rate.
	Known func(*http.Request) string
	// Ready reports why the system cannot serve yet, nil when it can: the answer of /readyz.
	Ready func(context.Context) error
	// Listening is called once every listener is open, with the address of the public one, which is nil without it.
	Listening func(net.Addr)
	Registry  *prometheus.Registry // what /metrics shows; nil: only what the server itself counts
	Limits    Limits
	Log       *slog.Logger
}

// Server runs the doors. Make it with New.
type Server struct {
	o      Options
	log    *slog.Logger
	meter  *meter
	rates  *rates[netip.Addr] // of addresses
	known  *rates[string]     // of devices and sessions
	open   *connections
	active atomic.Int64 // requests that run
}

// New checks the options and returns a Server that does not listen yet.
func New(o Options) (*Server, error) {
	if o.Listen != "" && o.Certificates == nil {
		return nil, clinical.Errorf(clinical.Invalid, "server: %s is to be served without a certificate", o.Listen)
	}
	if o.Metrics != "" && !loopback(o.Metrics) {
		return nil, clinical.Refuse(clinical.Invalid, "metrics-address", "Metrics are served on loopback only. Give an address such as 127.0.0.1:9090.")
	}
	const longest = 107 // of a socket's path, unix(7)
	if len(o.Admin) > longest {
		return nil, clinical.Refuse(clinical.Invalid, "socket-path", "The path of the admin socket has more than 107 bytes. Choose a shorter runtime folder.")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) error { return nil }
	}
	for _, h := range []*http.Handler{&o.Drive, &o.API, &o.Pages} {
		if *h == nil {
			*h = http.NotFoundHandler()
		}
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	o.Limits = o.Limits.withDefaults()
	meter, err := newMeter(o.Registry)
	if err != nil {
		return nil, err
	}
	return &Server{
		o: o, log: o.Log, meter: meter, rates: newRates[netip.Addr](o.Limits), known: newRates[string](o.Limits),
		open: newConnections(o.Limits),
	}, nil
}

// loopback reports whether address names a port of this machine alone.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

// Reload reads the certificate anew, for SIGHUP. Where that fails the old one stays in use.
func (s *Server) Reload() error {
	if s.o.Certificates == nil {
		return nil
	}
	return s.o.Certificates.Reload()
}

// grace is how long running requests may go on once the server is told to stop.
const grace = 10 * time.Second

// front is one listener with what answers on it.
type front struct {
	listener net.Listener
	server   *http.Server
	tls      bool
}

// Run listens and serves until ctx ends; then it takes no new connections, lets requests finish for a while, cuts the
// rest and returns. It returns an error when it could not listen, or when a listener broke.
func (s *Server) Run(ctx context.Context) error {
	// Requests outlive ctx by the grace: what ctx ends is the taking of new ones.
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	fronts, err := s.fronts(ctx, requests)
	if err != nil {
		return err
	}
	if s.o.Listening != nil {
		var public net.Addr
		if s.o.Listen != "" {
			public = fronts[0].listener.Addr()
		}
		s.o.Listening(public)
	}
	group, running := errgroup.WithContext(ctx)
	for _, f := range fronts {
		group.Go(f.serve)
	}
	group.Go(func() error {
		<-running.Done()
		s.stop(requests, cut, fronts)
		return nil
	})
	return group.Wait()
}

func (f *front) serve() error {
	var err error
	if f.tls {
		err = f.server.ServeTLS(f.listener, "", "")
	} else {
		err = f.server.Serve(f.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("server: serve %s: %w", f.listener.Addr().Network(), err)
}

// stop closes every front: at once to new requests, after the grace to those that run. Connections on which nothing
// runs are not waited for: net/http forgets to dismiss an HTTP/2 connection that was being made when it was told to
// stop.
func (s *Server) stop(requests context.Context, cut context.CancelFunc, fronts []front) {
	ctx, cancel := context.WithTimeout(requests, grace)
	defer cancel()
	var group errgroup.Group
	group.Go(func() error {
		s.quiet(ctx)
		cancel()
		return nil
	})
	for _, f := range fronts {
		group.Go(func() error {
			if err := f.server.Shutdown(ctx); err == nil {
				return nil
			}
			if n := s.active.Load(); n > 0 {
				s.log.WarnContext(requests, "server: requests are cut off", "count", n)
			}
			cut()
			return f.server.Close()
		})
	}
	if err := group.Wait(); err != nil {
		s.log.WarnContext(requests, "server: close", "err", err)
	}
}

// quiet waits until nothing has run for a while, long enough for an answer to leave.
func (s *Server) quiet(ctx context.Context) {
	const step, enough = 50 * time.Millisecond, 4
	tick := time.NewTicker(step)
	defer tick.Stop()
	for still := 0; still < enough; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if still++; s.active.Load() > 0 {
			still = 0
		}
	}
}

// fronts opens every listener, or none.
func (s *Server) fronts(ctx, requests context.Context) (fronts []front, err error) {
	defer func() {
		if err != nil {
			for _, f := range fronts {
				err = errors.Join(err, f.listener.Close())
			}
		}
	}()
	atStop := func(f func()) func() bool { return context.AfterFunc(ctx, f) }
	if s.o.Listen != "" {
		l, err := s.listen(ctx, s.o.Listen)
		if err != nil {
			return fronts, err
		}
		f := front{listener: &guarded{Listener: l, all: s.open}, server: s.httpServer(requests, s.around(atStop, s.public())), tls: true}
		f.server.TLSConfig = &tls.Config{
			MinVersion: tls.VersionTLS12, GetCertificate: s.o.Certificates.GetCertificate, NextProtos: []string{"h2", "http/1.1"},
		}
		watch(f.server)
		fronts = append(fronts, f)
	}
	if s.o.Metrics != "" {
		l, err := s.listen(ctx, s.o.Metrics)
		if err != nil {
			return fronts, err
		}
		fronts = append(fronts, front{listener: l, server: s.httpServer(requests, s.around(atStop, s.scrape()))})
	}
	if s.o.Admin != "" {
		l, err := listenAdmin(ctx, s.o.Admin)
		if err != nil {
			return fronts, err
		}
		f := front{listener: l, server: s.httpServer(requests, s.around(atStop, s.admin()))}
		f.server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			if peer, ok := c.(*peerConn); ok {
				return login.ByOperator(ctx, "uid "+strconv.FormatUint(uint64(peer.uid), 10))
			}
			return ctx
		}
		fronts = append(fronts, f)
	}
	return fronts, nil
}

func (s *Server) listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &clinical.Error{
			Kind: clinical.Unavailable, Reason: "listen", Err: fmt.Errorf("server: listen on %s: %w", address, err),
			Public: "The address " + address + " cannot be listened on. Choose another with --listen, or stop what uses it.",
		}
	}
	return l, nil
}

func (s *Server) httpServer(requests context.Context, h http.Handler) *http.Server {
	const headers = 32 << 10 // of one request
	l := s.o.Limits
	return &http.Server{
		Handler: h, ReadHeaderTimeout: l.Header, IdleTimeout: l.Idle, MaxHeaderBytes: headers,
		BaseContext: func(net.Listener) context.Context { return requests },
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // broken handshakes, mostly
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 100, SendPingTimeout: l.Idle / 2, PingTimeout: l.Header, WriteByteTimeout: l.Progress,
		},
	}
}

// owner reports whether uid may use the admin socket.
func owner(uid uint32) bool { return uid == 0 || int64(uid) == int64(os.Getuid()) }
