package login_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/server/login"
)

// listen puts a door behind TLS as it is served: 200 with good credentials, else 401 or 429. A request's header From
// stands for the address it comes from.
func listen(tb testing.TB, d *login.Door, http2 bool) *httptest.Server {
	tb.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := r.Header.Get("From"); from != "" {
			r.RemoteAddr = from
		}
		_, _, err := d.Mount(r)
		var later interface{ RetryAfter() time.Duration }
		switch {
		case errors.As(err, &later):
			w.WriteHeader(http.StatusTooManyRequests)
		case err != nil:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	s.EnableHTTP2 = http2
	s.StartTLS()
	tb.Cleanup(s.Close)
	return s
}

// answer is a status, and whether it came over a connection that was open already.
type answer struct {
	status int
	reused bool
	proto  int
}

func get(tb testing.TB, s *httptest.Server, headers ...string) answer {
	tb.Helper()
	var a answer
	ctx := httptrace.WithClientTrace(tb.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { a.reused = c.Reused }})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/dav/teaching/", nil)
	if err != nil {
		tb.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.Client().Do(r)
	if err != nil {
		tb.Error(err)
		return a
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	a.status, a.proto = res.StatusCode, res.ProtoMajor
	return a
}

func TestRevokingTakesEffectOnAConnectionThatIsOpen(t *testing.T) {
	ends := map[string]func(*testing.T, *memory, *login.Door, string){
		"revoked": func(t *testing.T, m *memory, d *login.Door, id string) {
			if err := d.RevokeAppPassword(t.Context(), m.people["ada"].ID, id); err != nil {
				t.Fatal(err)
			}
		},
		"expired": func(_ *testing.T, m *memory, _ *login.Door, _ string) { m.pass(31 * 24 * time.Hour) },
		"disabled": func(_ *testing.T, m *memory, _ *login.Door, _ string) {
			m.change("ada", func(p *clinical.Person) { p.Disabled = true })
		},
	}
	for name, end := range ends {
		for proto, http2 := range map[int]bool{1: false, 2: true} {
			for _, scheme := range []string{"basic", "bearer"} {
				m, d := newDoor(t)
				s, app := listen(t, d, http2), issue(t, m, d)
				credentials := basic("ada", app.Secret).Header.Get("Authorization")
				if scheme == "bearer" {
					credentials = "Bearer " + app.Secret
				}
				first := get(t, s, "Authorization", credentials)
				second := get(t, s, "Authorization", credentials)
				end(t, m, d, app.ID)
				after := get(t, s, "Authorization", credentials)
				want := []answer{{200, false, proto}, {200, true, proto}, {401, true, proto}}
				if got := []answer{first, second, after}; !slices.Equal(got, want) {
					t.Errorf("%s, %s, HTTP/%d: %v", name, scheme, proto, got)
				}
			}
		}
	}
}

// p99 is what one in a hundred of ada's requests takes at least.
func p99(tb testing.TB, s *httptest.Server, credentials string, times int) time.Duration {
	tb.Helper()
	took := make([]time.Duration, times)
	for i := range took {
		began := time.Now()
		if a := get(tb, s, "Authorization", credentials); a.status != http.StatusOK {
			tb.Fatalf("ada's device is answered %d", a.status)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[times*99/100]
}

// Wrong passwords for ada come from everywhere, from her own address too, for as long as her device works.
func TestAFloodOfWrongPasswordsIsInNoDevicesWay(t *testing.T) {
	m, d := newDoor(t)
	s, app := listen(t, d, false), issue(t, m, d)
	credentials, wrong := basic("ada", app.Secret).Header.Get("Authorization"), basic("ada", "wrong").Header.Get("Authorization")
	alone := p99(t, s, credentials, 300)
	stop := make(chan struct{})
	var flood sync.WaitGroup
	var mu sync.Mutex
	answers := map[int]int{}
	for _, from := range []string{"", "", "198.51.100.1:9", "198.51.100.2:9", "[2001:db8::1]:9", "[2001:db8:0:1::1]:9"} {
		flood.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a := get(t, s, "Authorization", wrong, "From", from)
				mu.Lock()
				answers[a.status]++
				mu.Unlock()
			}
		})
	}
	during := p99(t, s, credentials, 600)
	close(stop)
	flood.Wait()
	if answers[200] != 0 || answers[429] < 100 {
		t.Errorf("the flood is answered %v", answers)
	}
	if during > time.Second {
		t.Errorf("p99 of ada's requests is %v, %v without the flood", during, alone)
	}
	t.Logf("p99 %v, without the flood %v; the flood was answered %v", during, alone, answers)
	failed := 0
	for _, a := range m.acts() {
		if a == clinical.ActSignInFailed {
			failed++
		}
	}
	if failed > 60 {
		t.Errorf("%d failures went into the ledger: a stranger can fill it", failed)
	}
}

// Whether there is such a login, and whether a secret was good once, takes as long to refuse.
func TestRefusalsTakeAsLongAsEachOther(t *testing.T) {
	m, d := newDoor(t)
	gone := issue(t, m, d)
	if err := d.RevokeAppPassword(t.Context(), m.people["ada"].ID, gone.ID); err != nil {
		t.Fatal(err)
	}
	ways := []*http.Request{basic("nobody", "WRONG-WRONG-WRONG-WRONG-WRONG-1"), basic("ada", "WRONG-WRONG-WRONG-WRONG-WRONG-1"), basic("ada", gone.Secret)}
	took := make([][]time.Duration, len(ways))
	const rounds = 2000
	for n := range rounds * len(ways) {
		m.pass(time.Hour) // so that none is told to wait
		i := n % len(ways)
		began := time.Now()
		_, _, err := d.Mount(ways[i])
		took[i] = append(took[i], time.Since(began))
		if clinical.KindOf(err) != clinical.Forbidden {
			t.Fatal(err)
		}
	}
	median := func(all []time.Duration) time.Duration {
		slices.Sort(all)
		return all[len(all)/2]
	}
	unknown, wrong, revoked := median(took[0]), median(took[1]), median(took[2])
	if least, most := min(unknown, wrong, revoked), max(unknown, wrong, revoked); most > 2*least {
		t.Errorf("an unknown login takes %v, a wrong secret %v, a revoked one %v", unknown, wrong, revoked)
	}
}

func TestAnInboxPasswordOpensThatInboxAlone(t *testing.T) {
	m, d := newDoor(t)
	m.change("ada", func(p *clinical.Person) { p.Studios = []clinical.StudioID{"room-1", "room-2"} })
	ada := m.people["ada"].ID
	if _, err := d.IssueInboxPassword(t.Context(), ada, "camera", "room-3", 30); clinical.ReasonOf(err) != "not-in-studio" {
		t.Errorf("for another studio: %v", err)
	}
	app, err := d.IssueInboxPassword(t.Context(), ada, "camera", "room-1", 30)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(d *login.Door, to, destination string) error {
		r := request(to)
		r.SetBasicAuth("ada", app.Secret)
		if destination != "" {
			r.Header.Set("Destination", destination)
		}
		_, reach, err := d.Mount(r)
		if reach != nil {
			t.Errorf("%s: it is good for %v", to, reach)
		}
		return err
	}
	for _, door := range []*login.Door{d, m.door(t)} {
		for _, to := range []string{"/dav/inbox/room-1", "/dav/inbox/room-1/", "/dav/inbox/room-1/a/b.jpg"} {
			if err := ask(door, to, "https://fovea.test/dav/inbox/room-1/c.jpg"); err != nil {
				t.Errorf("%s: %v", to, err)
			}
		}
		for _, to := range []string{
			"/dav/teaching/", "/dav/inbox/", "/dav/inbox/room-2/", "/dav/inbox/room-10/", "/dav/inbox/room-1/../room-2/x", "/dav/inbox/room-1//x", "/",
		} {
			if err := ask(door, to, ""); clinical.KindOf(err) != clinical.Forbidden {
				t.Errorf("%s: %v", to, err)
			}
		}
		for _, to := range []string{"/dav/inbox/room-2/x", "https://fovea.test/dav/inbox/room-1/../room-2/x", "https://fovea.test/dav/teaching/x", ":"} {
			if err := ask(door, "/dav/inbox/room-1/x", to); clinical.KindOf(err) != clinical.Forbidden {
				t.Errorf("moved to %s: %v", to, err)
			}
		}
		passes(t, door, app.Secret)
		r := basic("ada", app.Secret)
		if _, err := door.Authenticate(r); clinical.KindOf(err) != clinical.Forbidden || door.Lasts(r) {
			t.Errorf("at the API: %v", err)
		}
	}
}

// passes checks that an inbox's password passes through the folders above that inbox, and learns nothing there.
func passes(t *testing.T, door *login.Door, password string) {
	t.Helper()
	for _, tt := range []struct {
		method, to, depth string
		want              bool
	}{
		{"PROPFIND", "/", "0", true},
		{"PROPFIND", "/dav", "0", true},
		{"PROPFIND", "/dav/", "0", true},
		{"PROPFIND", "/dav/inbox", "0", true},
		{"PROPFIND", "/dav/inbox/", "0", true},
		{"PROPFIND", "/dav/inbox/", "1", false},
		{"PROPFIND", "/dav/inbox/", "", false},
		{"PROPFIND", "/dav", "infinity", false},
		{"GET", "/dav/inbox/", "0", false},
		{"PROPFIND", "/dav/teaching/", "0", false},
		{"PROPFIND", "/dav/inbox/room-2/", "0", false},
	} {
		r := httptest.NewRequest(tt.method, tt.to, nil)
		r.SetBasicAuth("ada", password)
		r.Header.Set("Depth", tt.depth)
		if _, _, err := door.Mount(r); (err == nil) != tt.want {
			t.Errorf("%s %s, Depth %q: %v", tt.method, tt.to, tt.depth, err)
		}
	}
}

func TestADeviceSaysFromWhereItWasUsed(t *testing.T) {
	m, d := newDoor(t)
	app := issue(t, m, d)
	for _, remote := range []string{"192.0.2.1:5", "192.0.2.77:6"} {
		r := basic("ada", app.Secret)
		r.RemoteAddr = remote
		r.Header.Set("User-Agent", "davfs2/1.7.0")
		if _, _, err := d.Mount(r); err != nil {
			t.Fatal(err)
		}
	}
	list, err := d.AppPasswords(t.Context(), m.people["ada"].ID)
	if err != nil || len(list) != 1 || list[0].LastAddress != "192.0.2.77" || list[0].LastAgent != "davfs2/1.7.0" {
		t.Errorf("%+v, %v", list, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := d.Run(ended); err != nil { // tidies once and returns
		t.Fatal(err)
	}
	if list, err = m.door(t).AppPasswords(t.Context(), m.people["ada"].ID); err != nil || len(list) != 1 || list[0].LastAddress != "192.0.2.77" {
		t.Errorf("after a restart: %+v, %v", list, err)
	}
}

func TestWhoIsKnownIsToldWithoutCounting(t *testing.T) {
	m, d := newDoor(t)
	app, some, cookie := issue(t, m, d), issue(t, m, d, clinical.SetID{7}), signIn(t, d)
	before := len(m.acts())
	for _, r := range []*http.Request{basic("ada", app.Secret), bearer(app.Secret), basic("ada", some.Secret), request("/jobs", cookie)} {
		if d.Known(r) == "" {
			t.Errorf("%v is not known", r.Header)
		}
	}
	for _, r := range []*http.Request{basic("bea", app.Secret), bearer("x"), request("/jobs"), basic("ada", "")} {
		if who := d.Known(r); who != "" {
			t.Errorf("%v is %s", r.Header, who)
		}
	}
	if len(m.acts()) != before {
		t.Errorf("it was noted: %v", m.acts()[before:])
	}
}
