package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server/api"
	"fovea/server/login"
	"fovea/server/wire"
)

// listen opens the feed of a server and returns what comes.
func listen(ctx context.Context, t *testing.T, srv *httptest.Server, by func(*http.Request)) *bufio.Scanner {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/api/v1/changes", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	by(r)
	w, err := srv.Client().Do(r)
	if err != nil || w.StatusCode != http.StatusOK {
		t.Fatalf("the feed does not open: %v", err)
	}
	t.Cleanup(func() { _ = w.Body.Close() })
	return bufio.NewScanner(w.Body)
}

// nudged returns the next nudge; false where the feed ended first.
func nudged(t *testing.T, s *bufio.Scanner) (wire.Nudge, bool) {
	t.Helper()
	for s.Scan() {
		if data, ok := strings.CutPrefix(s.Text(), "data: "); ok {
			var n wire.Nudge
			if err := json.Unmarshal([]byte(data), &n); err != nil {
				t.Fatal(err)
			}
			return n, true
		}
	}
	return wire.Nudge{}, false
}

func TestANudgeReachesOnlyThoseWhoMaySee(t *testing.T) {
	h, door := open(t)
	srv := httptest.NewServer(door)
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	as := func(who string) *bufio.Scanner {
		return listen(ctx, t, srv, func(r *http.Request) { r.AddCookie(h.Cookie(who)) })
	}
	next := func(s *bufio.Scanner) uint64 {
		for {
			n, ok := nudged(t, s)
			if !ok {
				t.Fatalf("the feed ended: %v", s.Err())
			}
			if n.Seq > 0 {
				return n.Seq
			}
		}
	}
	clara, oscar := as("clara"), as("oscar")
	do := func(path, body string) (out wire.Result) {
		w := h.Ask(door, "paula", "POST", path, body, "Content-Type", "application/json")
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return out
	}
	// oscar treats nobody here but is named for the vip: the first nudge he gets is of the second change.
	first := do("/api/v1/assets/classify", `{"assets":["`+leg()+`"],"flags":[],"noIdentifyingFeature":false}`)
	if got := next(clara); got != first.Seq {
		t.Errorf("who treats hears of %d, want %d", got, first.Seq)
	}
	h.Keep(clinicaltest.Picture("face", "vip"))
	h.Settle()
	if got := next(oscar); got <= first.Seq {
		t.Errorf("who may not see heard of %d, which is %d or earlier", got, first.Seq)
	}
}

// clocked is the door of a house whose sign-in has a clock of its own.
type clocked struct {
	house *testenv.House
	login *login.Door
	door  http.Handler
	later atomic.Int64 // nanoseconds after the house's own time
}

func openClocked(t *testing.T) *clocked {
	t.Helper()
	c := &clocked{house: testenv.NewHouse(t)}
	var err error
	c.login, err = login.New(t.Context(), login.Options{
		Shelf: c.house.Vault.Shelf("login"), People: c.house.Gate, Recorder: c.house.Vault, Key: c.house.Vault.Derive("login"),
		Now:  func() time.Time { return clinicaltest.Now().Add(time.Duration(c.later.Load())) },
		Zone: clinicaltest.Zone(), Cost: login.Cost{Memory: 64, Passes: 1, Threads: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.login.SetPassword(t.Context(), clinicaltest.ID[clinical.Person]("clara"), testenv.Password); err != nil {
		t.Fatal(err)
	}
	c.door = api.New(api.Options{Gate: c.house.Gate, Authenticate: c.login.Authenticate, Accounts: c.login, Version: "test"})
	return c
}

// signIn returns what lets clara in: the cookie of a session.
func (c *clocked) signIn(t *testing.T) func(*http.Request) {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://fovea.test/login", http.NoBody)
	if _, err := c.login.SignIn(w, r, "clara", testenv.Password); err != nil {
		t.Fatal(err)
	}
	cookie := w.Result().Cookies()[0]
	return func(r *http.Request) { r.AddCookie(cookie) }
}

func TestAFeedEndsWithWhatOpenedIt(t *testing.T) {
	clara := clinicaltest.ID[clinical.Person]("clara")
	tests := []struct {
		name string
		end  func(t *testing.T, c *clocked, by func(*http.Request)) error
	}{
		{"by signing out", func(t *testing.T, c *clocked, by func(*http.Request)) error {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "https://fovea.test/api/v1/session", http.NoBody)
			by(r)
			w := httptest.NewRecorder()
			if c.door.ServeHTTP(w, r); w.Code >= http.StatusBadRequest {
				return errors.New(w.Body.String())
			}
			return nil
		}},
		{"when the session is idle, however long the feed is open", func(_ *testing.T, c *clocked, _ func(*http.Request)) error {
			c.later.Add(int64(31 * time.Minute))
			return nil
		}},
		{"by a new password", func(t *testing.T, c *clocked, _ func(*http.Request)) error {
			return c.login.SetPassword(t.Context(), clara, "another fine password")
		}},
		{"when the person is disabled", func(t *testing.T, c *clocked, _ func(*http.Request)) error {
			p, _ := c.house.Gate.PersonByID(clara)
			p.Disabled = true
			_, err := c.house.Gate.Do(t.Context(), c.house.Caller("adam"), clinical.ChangePerson{Person: p})
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openClocked(t)
			by := c.signIn(t)
			c.endsAfter(t, by, func() error { return tt.end(t, c, by) })
		})
	}
	t.Run("when the app password is revoked", func(t *testing.T) {
		c := openClocked(t)
		p, err := c.login.IssueAppPassword(t.Context(), clara, "desktop", nil, 30)
		if err != nil {
			t.Fatal(err)
		}
		by := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+p.Secret) }
		c.endsAfter(t, by, func() error { return c.login.RevokeAppPassword(t.Context(), clara, p.ID) })
	})
}

// endsAfter opens a feed, ends what it was opened by, and waits for its end.
func (c *clocked) endsAfter(t *testing.T, by func(*http.Request), end func() error) {
	t.Helper()
	srv := httptest.NewServer(c.door)
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // of the 30 minutes that a feed may last
	defer cancel()
	feed := listen(ctx, t, srv, by)
	if n, ok := nudged(t, feed); !ok || n.Seq != 0 {
		t.Fatalf("the feed does not say that it is open: %v", feed.Err())
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, ok := nudged(t, feed); !ok {
			break
		}
	}
	if err := feed.Err(); err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("the feed did not end by itself: %v", err)
	}
}

// patientWriter is an answer's writer that notes how long the server would wait with it.
type patientWriter struct {
	*httptest.ResponseRecorder
	set chan time.Time
}

func (p *patientWriter) SetWriteDeadline(t time.Time) error { p.set <- t; return nil }

// On HTTP/2 a deadline ends a stream that has nothing to write, so a feed has one only while it writes.
func TestAFeedHasNoDeadlineBetweenNudges(t *testing.T) {
	h, door := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "https://fovea.test/api/v1/changes", http.NoBody)
	r.AddCookie(h.Cookie("clara"))
	w := &patientWriter{httptest.NewRecorder(), make(chan time.Time)}
	ended := make(chan struct{})
	go func() { defer close(ended); door.ServeHTTP(w, r) }()
	for i, bounded := range []bool{true, false} {
		select {
		case at := <-w.set:
			if at.IsZero() == bounded {
				t.Errorf("deadline %d of the first nudge is %v", i+1, at)
			}
		case <-ctx.Done():
			t.Fatalf("deadline %d of the first nudge was never set", i+1)
		}
	}
	cancel()
	<-ended
}
