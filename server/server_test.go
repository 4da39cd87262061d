package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/server"
	"fovea/server/login"
)

// lines is a log that tests read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// running is a server under test.
type running struct {
	address string
	certs   *server.Certificates
	client  *http.Client
	log     *lines
	stop    func() error // tells it to stop and waits until it has
	cancel  context.CancelFunc
}

func start(t *testing.T, o server.Options) *running {
	t.Helper()
	r := &running{log: &lines{}, certs: load(t, server.CertificateOptions{Dir: t.TempDir()})}
	o.Certificates, o.Log = r.certs, slog.New(slog.NewTextHandler(r.log, nil))
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	open := make(chan string, 1)
	o.Listening = func(a net.Addr) { open <- a.String() }
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	select {
	case r.address = <-open:
	case err := <-ended:
		t.Fatal(err)
	}
	r.cancel = cancel
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots(t, r.certs)}, ForceAttemptHTTP2: true}
	r.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *running) ask(t *testing.T, method, path string, headers ...string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "https://"+r.address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	response, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body), response.Header
}

// dial opens a connection that speaks HTTP/1.1 by hand.
func (r *running) dial(t *testing.T) *tls.Conn {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots(t, r.certs)}}
	c, err := dialer.DialContext(t.Context(), "tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return c.(*tls.Conn)
}

func says(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func TestEveryPathHasItsDoor(t *testing.T) {
	r := start(t, server.Options{Drive: says("drive"), API: says("api"), Pages: says("pages")})
	tests := [][3]string{
		{"GET", "/dav/teaching", "drive"},
		{"PROPFIND", "/dav/teaching/x", "drive"},
		{"GET", "/dav/teachingevil/", "pages"},
		{"GET", "/dav/teaching/../../etc", "drive"},
		{"OPTIONS", "/", "drive"},
		{"OPTIONS", "/dav/", "drive"},
		{"OPTIONS", "/login", "pages"},
		{"PROPFIND", "/", "drive"},
		{"PROPFIND", "/dav", "drive"},
		{"PROPFIND", "/login", "pages"},
		{"GET", "/dav", "pages"},
		{"GET", "/api/v1/sets", "api"},
		{"GET", "/img/x/y", "api"},
		{"GET", "/apix", "pages"},
		{"GET", "/", "pages"},
		{"GET", "/healthz", "ok\n"},
		{"GET", "/readyz", "ok\n"},
		{"GET", "/metrics", "pages"},
	}
	for _, tt := range tests {
		if _, got, _ := r.ask(t, tt[0], tt[1]); got != tt[2] {
			t.Errorf("%s %s: %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
	_, _, header := r.ask(t, "GET", "/")
	for _, name := range []string{"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"} {
		if header.Get(name) == "" {
			t.Errorf("a page without %s", name)
		}
	}
	if code, _, _ := r.ask(t, "POST", "/healthz"); code != http.StatusMethodNotAllowed {
		t.Errorf("POST /healthz: %d", code)
	}
}

func TestHTTP2AndNothingOlderThanTLS12(t *testing.T) {
	r := start(t, server.Options{Pages: says("pages")})
	response, err := r.client.Get("https://" + r.address + "/")
	if err != nil || response.ProtoMajor != 2 {
		t.Errorf("%v, %v", response, err)
	}
	response.Body.Close()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots(t, r.certs), MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}}
	if _, err := dialer.DialContext(t.Context(), "tcp", r.address); err == nil {
		t.Error("TLS 1.1 was taken")
	}
}

func TestANewCertificateIsServedAfterReload(t *testing.T) {
	r := start(t, server.Options{Pages: says("pages")})
	before := r.dial(t).ConnectionState().PeerCertificates[0]
	if err := os.Remove(filepath.Join(filepath.Dir(r.certs.AuthorityFile()), "server.pem")); err != nil {
		t.Fatal(err)
	}
	if err := r.certs.Reload(); err != nil {
		t.Fatal(err)
	}
	if after := r.dial(t).ConnectionState().PeerCertificates[0]; after.Equal(before) {
		t.Error("the old certificate is served still")
	}
}

func TestNotReadyTellsAStrangerNothing(t *testing.T) {
	r := start(t, server.Options{Ready: func(context.Context) error { return errors.New("the index follows at 17 of 40") }})
	if code, body, _ := r.ask(t, "GET", "/readyz"); code != http.StatusServiceUnavailable || strings.Contains(body, "index") {
		t.Errorf("%d %q", code, body)
	}
	if code, _, _ := r.ask(t, "GET", "/healthz"); code != http.StatusOK {
		t.Errorf("healthz: %d", code)
	}
	if !strings.Contains(r.log.String(), "17 of 40") {
		t.Error("the operator is not told")
	}
}

func TestAPanicTellsNobodyAnything(t *testing.T) {
	r := start(t, server.Options{
		API: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("Mrs Dupont, 1 rue de la Paix") }),
		Pages: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic("Mrs Dupont")
		}),
	})
	code, body, _ := r.ask(t, "GET", "/api/v1/patients/Dupont?name=Dupont")
	if code != http.StatusInternalServerError || strings.Contains(body, "Dupont") {
		t.Errorf("%d %q", code, body)
	}
	response, err := r.client.Get("https://" + r.address + "/")
	if err == nil {
		_, err = io.ReadAll(response.Body)
		response.Body.Close()
	}
	if err == nil {
		t.Error("an answer that broke off looks complete")
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	log := r.log.String()
	if strings.Contains(log, "Dupont") {
		t.Errorf("the log names a patient:\n%s", log)
	}
	if !strings.Contains(log, "server: panic") || !strings.Contains(log, "server_test.go") {
		t.Errorf("the log does not say where:\n%s", log)
	}
}

func TestTheLogHasRoutesAndIDs(t *testing.T) {
	who := clinical.Caller{Person: clinical.PersonID{1}, Device: "0011"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/patients/{id}", func(w http.ResponseWriter, r *http.Request) {
		login.Saw(r.Context(), who)
		_, _ = io.WriteString(w, "12345")
	})
	r := start(t, server.Options{API: mux})
	r.ask(t, "GET", "/api/v1/patients/Dupont?q=Dupont", "Referer: https://x/Dupont", "User-Agent: Dupont")
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	log := r.log.String()
	for _, want := range []string{`route="GET /api/v1/patients/{id}"`, "status=200", "bytes=5", who.Person.String(), "device=0011"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in\n%s", want, log)
		}
	}
	if strings.Contains(log, "Dupont") {
		t.Errorf("the log has a path, a query or a header:\n%s", log)
	}
}

func TestAnotherSitesFormsAreRefused(t *testing.T) {
	r := start(t, server.Options{API: says("api"), Pages: says("pages")})
	for _, path := range []string{"/login", "/api/v1/session"} {
		if code, _, _ := r.ask(t, "POST", path, "Sec-Fetch-Site: cross-site", "Origin: https://evil.example"); code != http.StatusForbidden {
			t.Errorf("%s from another site: %d", path, code)
		}
		if code, _, _ := r.ask(t, "POST", path, "Sec-Fetch-Site: same-origin", "Origin: https://"+r.address); code != http.StatusOK {
			t.Errorf("%s from our own: %d", path, code)
		}
	}
}

func TestMetricsStayOnTheMachine(t *testing.T) {
	if _, err := server.New(server.Options{Metrics: "0.0.0.0:9090"}); clinical.ReasonOf(err) != "metrics-address" {
		t.Errorf("every interface: %v", err)
	}
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	r := start(t, server.Options{Pages: says("pages"), Metrics: address})
	r.ask(t, "GET", "/a-name")
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(body), `fovea_http_requests_total{method="GET",route="none",status="200"} 1`) || strings.Contains(string(body), "a-name") {
		t.Errorf("%v\n%s", err, body)
	}
}

func TestTheAdminSocketIsTheOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "admin.sock")
	door, err := login.New(t.Context(), login.Options{
		Shelf: nothing{}, People: nothing{}, Recorder: nothing{}, Cost: login.Cost{Memory: 64, Passes: 1, Threads: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, server.Options{Admin: path, API: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := door.Authenticate(r)
		fmt.Fprint(w, caller.Operator, " ", err)
	})})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v", info, err)
	}
	if folder, err := os.Stat(filepath.Dir(path)); err != nil || folder.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", folder, err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	defer transport.CloseIdleConnections()
	get := func(target string) string {
		response, err := (&http.Client{Transport: transport}).Get("http://fovea" + target)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if got, want := get("/api/v1/me"), fmt.Sprintf("uid %d <nil>", os.Getuid()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := get("/metrics"); !strings.Contains(got, "fovea_http_requests_running") {
		t.Errorf("metrics: %.200s", got)
	}
	if _, got, _ := r.ask(t, "GET", "/api/v1/me"); !strings.Contains(got, "Sign in") {
		t.Errorf("from the network: %q", got)
	}

	second, err := server.New(server.Options{Admin: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); clinical.ReasonOf(err) != "socket-used" {
		t.Errorf("a second server: %v", err)
	}
}

func TestASocketLeftBehindIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, server.Options{Admin: path})

	file := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Options{Admin: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("a file was taken for a socket")
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
}

func TestStoppingLetsRequestsFinishAndFeedsEnd(t *testing.T) {
	began, finish := make(chan struct{}, 2), make(chan struct{})
	r := start(t, server.Options{
		Pages: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			began <- struct{}{}
			<-finish
			_, _ = io.WriteString(w, "all of it")
		}),
		API: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			began <- struct{}{}
			<-r.Context().Done()
			close(finish) // the download ends only after the feed has
		}),
	})
	got := make(chan string, 1)
	go func() {
		response, err := r.client.Get("https://" + r.address + "/")
		if err != nil {
			got <- err.Error()
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		got <- fmt.Sprint(string(body), err)
	}()
	go func() {
		req, _ := http.NewRequest("GET", "https://"+r.address+"/api/v1/feed", nil)
		req.Header.Set("Accept", "text/event-stream")
		if response, err := r.client.Do(req); err == nil {
			response.Body.Close()
		}
	}()
	<-began
	<-began
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if text := <-got; text != "all of it<nil>" {
		t.Errorf("the request was answered %q", text)
	}
	if _, err := net.Dial("tcp", r.address); err == nil {
		t.Error("the server listens still")
	}
}

func TestAnAddressInUseIsSaid(t *testing.T) {
	r := start(t, server.Options{})
	s, err := server.New(server.Options{Listen: r.address, Certificates: r.certs})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); clinical.ReasonOf(err) != "listen" || !strings.Contains(err.Error(), r.address) {
		t.Errorf("got %v", err)
	}
}

// nothing is a shelf, people and a ledger with nothing in them.
type nothing struct{}

func (nothing) Get(context.Context, string) ([]byte, error)            { return nil, clinical.ErrNotFound }
func (nothing) Put(context.Context, string, []byte) error              { return nil }
func (nothing) Delete(context.Context, string) error                   { return nil }
func (nothing) Each(context.Context, func(string, []byte) error) error { return nil }
func (nothing) Person(string) (clinical.Person, bool)                  { return clinical.Person{}, false }

func (nothing) PersonByID(clinical.PersonID) (clinical.Person, bool) { return clinical.Person{}, false }
func (nothing) NoteLater(clinical.Event)                             {}
