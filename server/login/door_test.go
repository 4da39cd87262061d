package login_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/server/login"
	"fovea/server/wire"
)

// memory is a shelf, a list of people, a ledger and a clock.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	people map[string]clinical.Person
	events []clinical.Event
	now    time.Time
	full   error
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.values[key]; ok {
		return v, nil
	}
	return nil, clinical.ErrNotFound
}

func (m *memory) Put(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full == nil {
		m.values[key] = value
	}
	return m.full
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full == nil {
		delete(m.values, key)
	}
	return m.full
}

func (m *memory) Each(_ context.Context, f func(string, []byte) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, v := range m.values {
		if err := f(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Person(name string) (clinical.Person, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.people[name]
	return p, ok
}

func (m *memory) PersonByID(id clinical.PersonID) (clinical.Person, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.people {
		if p.ID == id {
			return p, true
		}
	}
	return clinical.Person{}, false
}

func (m *memory) NoteLater(e clinical.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, e)
}

func (m *memory) pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

func (m *memory) clock() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *memory) change(name string, edit func(*clinical.Person)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.people[name]
	edit(&p)
	m.people[name] = p
}

func (m *memory) acts() []clinical.Act {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []clinical.Act
	for _, e := range m.events {
		out = append(out, e.Act)
	}
	return out
}

const secret = "correct horse battery"

func newMemory() *memory {
	m := &memory{values: map[string][]byte{}, people: map[string]clinical.Person{}}
	m.now = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	for i, name := range []string{"ada", "bea"} {
		m.people[name] = clinical.Person{ID: clinical.PersonID{15: byte(i + 1)}, Login: name, Role: clinical.Educator}
	}
	return m
}

func (m *memory) door(tb testing.TB) *login.Door {
	tb.Helper()
	d, err := login.New(tb.Context(), login.Options{
		Shelf: m, People: m, Recorder: m, Key: [32]byte{1}, Now: m.clock,
		Cost: login.Cost{Memory: 64, Passes: 1, Threads: 1},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// newDoor is a door at which ada has a password.
func newDoor(tb testing.TB) (*memory, *login.Door) {
	tb.Helper()
	m := newMemory()
	d := m.door(tb)
	if err := d.SetPassword(tb.Context(), m.people["ada"].ID, secret); err != nil {
		tb.Fatal(err)
	}
	return m, d
}

func request(target string, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func basic(name, password string) *http.Request {
	r := request("/dav/teaching/")
	r.SetBasicAuth(name, password)
	return r
}

func bearer(token string) *http.Request {
	r := request("/api/v1/sets")
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// signIn returns the session's cookie.
func signIn(tb testing.TB, d *login.Door, cookies ...*http.Cookie) *http.Cookie {
	tb.Helper()
	w := httptest.NewRecorder()
	if _, err := d.SignIn(w, request("/login", cookies...), " Ada ", secret); err != nil {
		tb.Fatal(err)
	}
	return w.Result().Cookies()[0]
}

func issue(tb testing.TB, m *memory, d *login.Door, sets ...clinical.SetID) wire.AppPassword {
	tb.Helper()
	p, err := d.IssueAppPassword(tb.Context(), m.people["ada"].ID, "laptop", sets, 30)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
