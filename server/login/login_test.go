package login_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/argon2"

	"fovea/clinical"
	"fovea/server/login"
	"fovea/server/wire"
)

func TestASessionBeginsWithTheRightPassword(t *testing.T) {
	m, d := newDoor(t)
	cookie := signIn(t, d)
	if cookie.Name != "__Host-fovea" || !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode ||
		cookie.Path != "/" || cookie.Domain != "" || len(cookie.Value) < 43 {
		t.Errorf("cookie: %v", cookie)
	}
	caller, err := d.Authenticate(request("/jobs", cookie))
	if err != nil || caller.Person != m.people["ada"].ID || caller.Door != clinical.DoorPages || caller.Device == "" {
		t.Errorf("got %v, %v", caller, err)
	}
	if strings.Contains(cookie.Value, caller.Device) {
		t.Error("the session's ID is in its token")
	}
	if caller, err = d.Authenticate(request("/api/v1/me", cookie)); caller.Door != clinical.DoorAPI || err != nil {
		t.Errorf("at the API: %v, %v", caller, err)
	}
	if _, _, err := d.Mount(request("/dav/teaching/", cookie)); err == nil {
		t.Error("a browser's session opened the drive")
	}
}

func TestAnUnknownLoginLooksLikeAWrongPassword(t *testing.T) {
	m, d := newDoor(t)
	m.change("gone", func(p *clinical.Person) {
		*p = clinical.Person{ID: clinical.PersonID{9}, Login: "gone", Role: clinical.Student, Disabled: true}
	})
	if err := d.SetPassword(t.Context(), clinical.PersonID{9}, secret); err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, who := range [][2]string{{"ada", "wrong password"}, {"nobody", secret}, {"bea", secret}, {"gone", secret}, {"", ""}} {
		_, err := d.SignIn(httptest.NewRecorder(), request("/login"), who[0], who[1])
		if clinical.KindOf(err) != clinical.Forbidden || clinical.ReasonOf(err) != "wrong-password" {
			t.Errorf("%v: %v", who, err)
		}
		messages = append(messages, err.Error())
	}
	slices.Sort(messages)
	if len(slices.Compact(messages)) != 1 {
		t.Errorf("the words differ: %v", messages)
	}
}

func TestASessionEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(*testing.T, *memory, *login.Door, *http.Cookie)
	}{
		{"when idle", func(_ *testing.T, m *memory, _ *login.Door, _ *http.Cookie) { m.pass(30 * time.Minute) }},
		{"after its time, however busy", func(t *testing.T, m *memory, d *login.Door, c *http.Cookie) {
			for range 36 {
				if _, err := d.Authenticate(request("/jobs", c)); err != nil {
					t.Fatal(err)
				}
				m.pass(20 * time.Minute)
			}
		}},
		{"by signing out", func(t *testing.T, _ *memory, d *login.Door, c *http.Cookie) {
			w := httptest.NewRecorder()
			if err := d.SignOut(w, request("/logout", c)); err != nil {
				t.Fatal(err)
			}
			if got := w.Result().Cookies()[0]; got.MaxAge >= 0 || got.Value != "" {
				t.Errorf("cookie: %v", got)
			}
		}},
		{"by a new password", func(t *testing.T, m *memory, d *login.Door, _ *http.Cookie) {
			if err := d.SetPassword(t.Context(), m.people["ada"].ID, "another fine password"); err != nil {
				t.Fatal(err)
			}
		}},
		{"by signing in again", func(t *testing.T, _ *memory, d *login.Door, c *http.Cookie) {
			if again := signIn(t, d, c); again.Value == c.Value {
				t.Error("the token stayed")
			}
		}},
		{"with the person's term", func(_ *testing.T, m *memory, _ *login.Door, _ *http.Cookie) {
			m.change("ada", func(p *clinical.Person) { p.TermEnds = clinical.Date{Year: 2026, Month: 5, Day: 3} })
		}},
		{"when the person is disabled", func(_ *testing.T, m *memory, _ *login.Door, _ *http.Cookie) {
			m.change("ada", func(p *clinical.Person) { p.Disabled = true })
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, d := newDoor(t)
			cookie := signIn(t, d)
			tt.end(t, m, d, cookie)
			if caller, err := d.Authenticate(request("/jobs", cookie)); clinical.KindOf(err) != clinical.Forbidden {
				t.Errorf("got %v, %v", caller, err)
			}
			if d.Lasts(request("/api/v1/changes", cookie)) {
				t.Error("what it opened may stay open")
			}
			if _, err := m.door(t).Authenticate(request("/jobs", cookie)); clinical.KindOf(err) != clinical.Forbidden {
				t.Errorf("it came back with a restart: %v", err)
			}
		})
	}
}

func TestAskingWhetherASessionLastsKeepsItNotAwake(t *testing.T) {
	m, d := newDoor(t)
	cookie := signIn(t, d)
	for _, want := range []bool{true, true, false} {
		if got := d.Lasts(request("/api/v1/changes", cookie)); got != want {
			t.Errorf("at %s: %t, want %t", m.clock().Format(time.TimeOnly), got, want)
		}
		m.pass(20 * time.Minute)
	}
}

func TestAnAppPasswordLastsUntilItIsRevoked(t *testing.T) {
	m, d := newDoor(t)
	all, some := issue(t, m, d), issue(t, m, d, clinical.SetID{15: 1})
	if !d.Lasts(bearer(all.Secret)) || d.Lasts(bearer(some.Secret)) || d.Lasts(bearer("nonsense")) || d.Lasts(request("/api/v1/changes")) {
		t.Error("only the one for all sets opens more than the drive")
	}
	if err := d.RevokeAppPassword(t.Context(), m.people["ada"].ID, all.ID); err != nil {
		t.Fatal(err)
	}
	if d.Lasts(bearer(all.Secret)) {
		t.Error("a revoked one lasts")
	}
	if acts := m.acts(); slices.Contains(acts, clinical.ActSignInFailed) {
		t.Errorf("asking is no attempt: %v", acts)
	}
}

func TestAPersonHasNoMoreThanTwentySessions(t *testing.T) {
	m, d := newDoor(t)
	var cookies []*http.Cookie
	for range 21 {
		m.pass(30 * time.Second)
		for _, c := range cookies[min(1, len(cookies)):] { // all but the first stay in use
			if _, err := d.Authenticate(request("/jobs", c)); err != nil {
				t.Fatal(err)
			}
		}
		cookies = append(cookies, signIn(t, d))
	}
	open := 0
	for i, c := range cookies {
		if _, err := d.Authenticate(request("/jobs", c)); err == nil {
			open++
		} else if i != 0 {
			t.Errorf("session %d ended, and not the one that was used longest ago", i)
		}
	}
	if open != 20 {
		t.Errorf("%d sessions are open", open)
	}
}

func TestSessionsAndDevicesSurviveARestart(t *testing.T) {
	m, d := newDoor(t)
	cookie, app := signIn(t, d), issue(t, m, d)
	again := m.door(t)
	if _, err := again.Authenticate(request("/jobs", cookie)); err != nil {
		t.Errorf("session: %v", err)
	}
	if _, _, err := again.Mount(basic("ada", app.Secret)); err != nil {
		t.Errorf("device: %v", err)
	}
}

func TestNoSecretIsKept(t *testing.T) {
	m, d := newDoor(t)
	cookie, app := signIn(t, d), issue(t, m, d)
	for _, s := range []string{secret, cookie.Value, app.Secret, strings.ReplaceAll(app.Secret, "-", "")} {
		for key, value := range m.values {
			if bytes.Contains(value, []byte(s)) || strings.Contains(key, s) {
				t.Errorf("%s holds a secret", key)
			}
		}
	}
	for _, e := range m.events {
		if strings.Contains(e.Note+e.Rule+e.Caller.Device, app.Secret) {
			t.Errorf("event %s holds a secret", e.Act)
		}
	}
}

func TestAnAppPasswordOpensTheDrive(t *testing.T) {
	m, d := newDoor(t)
	app := issue(t, m, d)
	if len(strings.ReplaceAll(app.Secret, "-", "")) != 26 || app.Login != "ada" {
		t.Errorf("issued: %+v", app)
	}
	typed := strings.ToLower(strings.ReplaceAll(app.Secret, "-", " "))
	typed = strings.NewReplacer("0", "o", "1", "l").Replace(typed)
	for _, r := range []*http.Request{basic("ada", app.Secret), basic("Ada", typed), bearer(app.Secret)} {
		caller, sets, err := d.Mount(r)
		if err != nil || caller.Person != m.people["ada"].ID || caller.Device != app.ID || sets != nil || caller.Door != clinical.DoorWebDAV {
			t.Errorf("got %v, %v, %v", caller, sets, err)
		}
		if _, err := d.Authenticate(r); err != nil {
			t.Errorf("at the API: %v", err)
		}
	}
	for _, r := range []*http.Request{
		basic("bea", app.Secret), basic("", app.Secret), basic("ada", app.Secret[:28]), basic("ada", secret), bearer(""), request("/dav/teaching/"),
		basic("ada", strings.Repeat("A", 1<<16)),
	} {
		if _, _, err := d.Mount(r); clinical.KindOf(err) != clinical.Forbidden {
			t.Errorf("%v: %v", r.Header, err)
		}
	}
}

func TestAnAppPasswordForSomeSetsOpensNothingElse(t *testing.T) {
	m, d := newDoor(t)
	want := []clinical.SetID{{7}}
	app := issue(t, m, d, want...)
	_, sets, err := d.Mount(basic("ada", app.Secret))
	if diff := cmp.Diff(want, sets); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := d.Authenticate(basic("ada", app.Secret)); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("at the API: %v", err)
	}
}

func TestAnAppPasswordMakesNoPasswords(t *testing.T) {
	m, d := newDoor(t)
	app := issue(t, m, d)
	device, err := d.Authenticate(bearer(app.Secret))
	if err != nil {
		t.Fatal(err)
	}
	session, err := d.Authenticate(request("/api/v1/me", signIn(t, d)))
	if err != nil {
		t.Fatal(err)
	}
	ada := m.people["ada"].ID
	makes := map[string]func(context.Context) error{
		"a password of its owner": func(ctx context.Context) error { return d.SetPassword(ctx, ada, "another password") },
		"an app password": func(ctx context.Context) error {
			_, err := d.IssueAppPassword(ctx, ada, "another", nil, 0)
			return err
		},
	}
	for what, do := range makes {
		for who, x := range map[string]struct {
			caller  clinical.Caller
			refused bool
		}{"a device": {device, true}, "a session": {session, false}} {
			ctx := login.Watch(t.Context(), nil)
			login.Saw(ctx, x.caller)
			if err := do(ctx); (clinical.ReasonOf(err) == "by-device") != x.refused || !x.refused && err != nil {
				t.Errorf("%s makes %s: %v", who, what, err)
			}
		}
	}
}

func TestAnAppPasswordEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(*testing.T, *memory, *login.Door, wire.AppPassword)
	}{
		{"by revoking it", func(t *testing.T, m *memory, d *login.Door, app wire.AppPassword) {
			if err := d.RevokeAppPassword(t.Context(), m.people["ada"].ID, app.ID); err != nil {
				t.Fatal(err)
			}
		}},
		{"on its last day", func(_ *testing.T, m *memory, _ *login.Door, _ wire.AppPassword) { m.pass(30 * 24 * time.Hour) }},
		{"when the person is disabled", func(_ *testing.T, m *memory, _ *login.Door, _ wire.AppPassword) {
			m.change("ada", func(p *clinical.Person) { p.Disabled = true })
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, d := newDoor(t)
			app := issue(t, m, d)
			if _, _, err := d.Mount(basic("ada", app.Secret)); err != nil {
				t.Fatal(err)
			}
			tt.end(t, m, d, app)
			for _, door := range []*login.Door{d, m.door(t)} {
				if _, _, err := door.Mount(basic("ada", app.Secret)); clinical.KindOf(err) != clinical.Forbidden {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

func TestNobodyRevokesWhatIsNotTheirs(t *testing.T) {
	m, d := newDoor(t)
	app := issue(t, m, d)
	if err := d.RevokeAppPassword(t.Context(), m.people["bea"].ID, app.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if list, err := d.AppPasswords(t.Context(), m.people["bea"].ID); len(list) != 0 || err != nil {
		t.Errorf("bea's devices: %v, %v", list, err)
	}
	list, err := d.AppPasswords(t.Context(), m.people["ada"].ID)
	if len(list) != 1 || list[0].Secret != "" || list[0].ID != app.ID || err != nil {
		t.Errorf("ada's devices: %v, %v", list, err)
	}
}

func TestAStrangerLocksNoDeviceOut(t *testing.T) {
	m, d := newDoor(t)
	app, cookie := issue(t, m, d), signIn(t, d)
	var late interface{ RetryAfter() time.Duration }
	refused := 0
	for range 200 {
		if _, _, err := d.Mount(basic("ada", "wrong")); errors.As(err, &late) {
			refused++
		}
		_, err := d.SignIn(httptest.NewRecorder(), request("/login"), "ada", "wrong password")
		if errors.As(err, &late) && (late.RetryAfter() <= 0 || clinical.ReasonOf(err) != "too-many-attempts") {
			t.Fatalf("%v, %v", err, late.RetryAfter())
		}
	}
	if refused < 180 {
		t.Errorf("%d of 200 guesses were told to wait", refused)
	}
	if _, _, err := d.Mount(basic("ada", app.Secret)); err != nil {
		t.Errorf("the device from the stranger's own address: %v", err)
	}
	if _, err := d.Authenticate(request("/jobs", cookie)); err != nil {
		t.Errorf("the session: %v", err)
	}
	failed := 0
	for _, a := range m.acts() {
		if a == clinical.ActSignInFailed {
			failed++
		}
	}
	if failed > 60 {
		t.Errorf("%d failures went into the ledger: a stranger can fill it", failed)
	}
	m.pass(time.Minute)
	if _, err := d.SignIn(httptest.NewRecorder(), request("/login"), "ada", secret); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestGuessesFromEverywhereDoNotLockOutWhereThePersonIs(t *testing.T) {
	_, d := newDoor(t)
	signIn(t, d)
	refused := false
	for i := range 100 {
		r := request("/login")
		r.RemoteAddr = "198.51.100." + string(rune('0'+i%10)) + string(rune('0'+i/10)) + ":99"
		r.RemoteAddr = strings.Replace(r.RemoteAddr, ".0", ".", 1)
		_, err := d.SignIn(httptest.NewRecorder(), r, "ada", "wrong password")
		refused = refused || clinical.ReasonOf(err) == "too-many-attempts"
	}
	if !refused {
		t.Error("guesses from a hundred addresses met no limit")
	}
	if _, err := d.SignIn(httptest.NewRecorder(), request("/login"), "ada", secret); err != nil {
		t.Errorf("from where she is signed in: %v", err)
	}
}

func TestTheOwnerOfTheMachineActsForAPerson(t *testing.T) {
	m, d := newDoor(t)
	ask := func(as string) (clinical.Caller, error) {
		r := request("/api/v1/sets")
		if as != "" {
			r.Header.Set(login.As, as)
		}
		return d.Authenticate(r.WithContext(login.ByOperator(r.Context(), "uid 0")))
	}
	if c, err := ask("Ada"); err != nil || c.Person != m.people["ada"].ID || c.Operator != "uid 0" || c.Door != clinical.DoorCLI {
		t.Errorf("got %v, %v", c, err)
	}
	if c, err := ask(""); err != nil || !c.Person.IsZero() || c.Operator != "uid 0" {
		t.Errorf("as nobody: %v, %v", c, err)
	}
	if c, err := ask("nobody"); clinical.KindOf(err) != clinical.Forbidden || clinical.ReasonOf(err) != "no-such-person" || c.Operator != "uid 0" || !c.Person.IsZero() {
		t.Errorf("as somebody unknown: %v, %v", c, err)
	}
	r := request("/api/v1/sets")
	r.Header.Set(login.As, "ada")
	if c, err := d.Authenticate(r); clinical.KindOf(err) != clinical.Forbidden || clinical.ReasonOf(err) != "sign-in" || c != (clinical.Caller{}) {
		t.Errorf("the header alone, from the network: %v, %v", c, err)
	}
	for as, want := range map[string]bool{"": true, "Ada": true, "nobody": false} {
		r.Header.Set(login.As, as)
		if got := d.Lasts(r.WithContext(login.ByOperator(r.Context(), "uid 0"))); got != want {
			t.Errorf("as %q it lasts: %t", as, got)
		}
	}
}

func TestTheLedgerSaysWhoDidWhat(t *testing.T) {
	m, d := newDoor(t)
	admin := clinical.Caller{Person: clinical.PersonID{5}, Door: clinical.DoorAPI}
	ctx := login.Watch(t.Context(), nil)
	login.Saw(ctx, admin)
	m.events = nil
	if err := d.SetPassword(ctx, m.people["bea"].ID, "a password for bea"); err != nil {
		t.Fatal(err)
	}
	app, err := d.IssueAppPassword(ctx, m.people["bea"].ID, "phone", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RevokeAppPassword(ctx, m.people["bea"].ID, app.ID); err != nil {
		t.Fatal(err)
	}
	for _, e := range m.events {
		if e.Caller != admin || !strings.Contains(e.Note, m.people["bea"].ID.String()) || !e.At.Equal(m.now) {
			t.Errorf("%s: %+v", e.Act, e)
		}
	}
	if diff := cmp.Diff([]clinical.Act{clinical.ActPasswordSet, clinical.ActAppIssued, clinical.ActAppRevoked}, m.acts()); diff != "" {
		t.Error(diff)
	}
}

func TestAWeakPasswordIsRefusedWithAdvice(t *testing.T) {
	m, d := newDoor(t)
	m.change("ada", func(p *clinical.Person) { p.Name = "Ada Lovelace" })
	for _, weak := range []string{"", "short", "ada lovelace", strings.Repeat("x", 1025)} {
		err := d.SetPassword(t.Context(), m.people["ada"].ID, weak)
		if clinical.KindOf(err) != clinical.Invalid || !strings.Contains(err.Error(), "Choose") {
			t.Errorf("%.20q: %v", weak, err)
		}
	}
	if err := d.SetPassword(t.Context(), clinical.PersonID{77}, secret); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("nobody's: %v", err)
	}
}

func TestAPasswordIsHashedAnewWhenItsCostGoesUp(t *testing.T) {
	m, d := newDoor(t)
	key := "password/" + m.people["ada"].ID.String()
	signIn(t, d)
	before := slices.Clone(m.values[key])
	costly, err := login.New(t.Context(), login.Options{
		Shelf: m, People: m, Recorder: m, Key: [32]byte{1}, Now: m.clock, Cost: login.Cost{Memory: 128, Passes: 2, Threads: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	signIn(t, costly)
	if bytes.Equal(before, m.values[key]) {
		t.Error("the hash stayed as it was")
	}
	signIn(t, costly)
}

func TestWhatAnotherVersionWroteIsNotRead(t *testing.T) {
	m, d := newDoor(t)
	issue(t, m, d)
	for key, value := range maps.Clone(m.values) {
		if strings.HasPrefix(key, "device/") {
			m.values[key] = bytes.Replace(value, []byte(`"v":1`), []byte(`"v":2`), 1)
		}
	}
	_, err := login.New(t.Context(), login.Options{Shelf: m, People: m, Recorder: m})
	if clinical.KindOf(err) != clinical.Corrupt {
		t.Errorf("got %v", err)
	}
}

func TestLastUseIsKnownCoarsely(t *testing.T) {
	m, d := newDoor(t)
	app := issue(t, m, d)
	for range 3 {
		if _, _, err := d.Mount(basic("ada", app.Secret)); err != nil {
			t.Fatal(err)
		}
		m.pass(time.Minute)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := d.Run(ended); err != nil {
		t.Fatal(err)
	}
	list, err := m.door(t).AppPasswords(t.Context(), m.people["ada"].ID)
	if err != nil || len(list) != 1 || !list[0].LastUsed.Equal(m.now.Add(-3*time.Minute)) {
		t.Errorf("%v, %v", list, err)
	}
	ins := 0
	for _, a := range m.acts() {
		if a == clinical.ActSignedIn {
			ins++
		}
	}
	if ins != 1 {
		t.Errorf("%d entries for three requests in a row, want 1", ins)
	}
}

// BenchmarkCredential checks an app password among 1,000, as every request to a drive does. The peers take turns with it:
// sha256, the hash of the secret and a look-up, which is the least that can be done; and argon2id, which is what checking
// a person's password at every request would cost.
func BenchmarkCredential(b *testing.B) {
	m, d := newDoor(b)
	for i := range 20 {
		name := "p" + string(rune('a'+i))
		m.change(name, func(p *clinical.Person) {
			*p = clinical.Person{ID: clinical.PersonID{1, byte(i)}, Login: name, Role: clinical.Student}
		})
		for range 50 {
			if _, err := d.IssueAppPassword(b.Context(), clinical.PersonID{1, byte(i)}, "x", nil, 0); err != nil {
				b.Fatal(err)
			}
		}
	}
	app := issue(b, m, d)
	r := basic("ada", app.Secret)
	secrets := map[[32]byte]bool{sha256.Sum256([]byte(app.Secret)): true}
	salt := make([]byte, 16)
	var ours, least, slow time.Duration
	rounds := 0
	for b.Loop() {
		ours += timed(1000, func() {
			if _, _, err := d.Mount(r); err != nil {
				b.Fatal(err)
			}
		})
		least += timed(1000, func() {
			_, secret, _ := r.BasicAuth()
			if !secrets[sha256.Sum256([]byte(secret))] {
				b.Fatal("not known")
			}
		})
		slow += timed(1, func() { argon2.IDKey([]byte(app.Secret), salt, 2, 19<<10, 1, 32) })
		rounds++
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(rounds)/1e6, "own-µs")
	b.ReportMetric(float64(least)/float64(ours), "x/sha256")
	b.ReportMetric(float64(slow)*1000/float64(ours), "x/argon2id")
}

// timed is how long it takes to do something so many times.
func timed(times int, do func()) time.Duration {
	began := time.Now()
	for range times {
		do()
	}
	return time.Since(began)
}

// BenchmarkPassword checks a person's password at the cost that is used.
func BenchmarkPassword(b *testing.B) {
	m := newMemory()
	d, err := login.New(b.Context(), login.Options{Shelf: m, People: m, Recorder: m, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	if err := d.SetPassword(b.Context(), m.people["ada"].ID, secret); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := d.SignIn(httptest.NewRecorder(), request("/login"), "ada", secret); err != nil {
			b.Fatal(err)
		}
	}
}
