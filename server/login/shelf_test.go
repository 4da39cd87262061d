package login_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"fovea/clinical"
	"fovea/server/login"
)

// A revocation that the shelf does not keep is told, counts at once all the same, and is tried again until a restart does
// not bring the password back.
func TestARevocationIsToldUntilItIsKept(t *testing.T) {
	for _, again := range []string{"by hand", "by tidying"} {
		t.Run(again, func(t *testing.T) {
			m, d := newDoor(t)
			app, ada := issue(t, m, d), m.people["ada"].ID
			m.full = clinical.ErrUnavailable
			if err := d.RevokeAppPassword(t.Context(), ada, app.ID); clinical.KindOf(err) != clinical.Unavailable {
				t.Fatalf("the shelf did not keep it, and it said %v", err)
			}
			if _, _, err := d.Mount(basic("ada", app.Secret)); clinical.KindOf(err) != clinical.Forbidden {
				t.Errorf("a revoked password meanwhile: %v", err)
			}
			if list, err := d.AppPasswords(t.Context(), ada); err != nil || len(list) != 1 {
				t.Errorf("it cannot be revoked again: %v, %v", list, err)
			}
			m.full = nil
			if again == "by hand" {
				if err := d.RevokeAppPassword(t.Context(), ada, app.ID); err != nil {
					t.Error(err)
				}
			} else {
				ended, end := context.WithCancel(t.Context())
				end()
				if err := d.Run(ended); err != nil { // tidies once and returns
					t.Error(err)
				}
			}
			for name, door := range map[string]*login.Door{"the same door": d, "the door after a restart": m.door(t)} {
				if list, err := door.AppPasswords(t.Context(), ada); err != nil || len(list) != 0 {
					t.Errorf("%s lists %v, %v", name, list, err)
				}
				if _, _, err := door.Mount(basic("ada", app.Secret)); clinical.KindOf(err) != clinical.Forbidden {
					t.Errorf("%s takes a revoked password: %v", name, err)
				}
			}
			revoked := 0
			for _, a := range m.acts() {
				if a == clinical.ActAppRevoked {
					revoked++
				}
			}
			if revoked != 1 {
				t.Errorf("%d entries for one revocation", revoked)
			}
		})
	}
}

// What is ended opens nothing while the shelf cannot keep that, one of many as little as the others.
func TestSessionsEndThoughTheShelfDoesNotKeepIt(t *testing.T) {
	m, d := newDoor(t)
	one, two := signIn(t, d), signIn(t, d)
	m.full = clinical.ErrUnavailable
	w := httptest.NewRecorder()
	if err := d.SignOut(w, request("/", one)); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("signed out: %v", err)
	}
	if _, err := d.Authenticate(request("/", one)); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("a session that was signed out of: %v", err)
	}
	m.full = nil
	if _, err := d.Authenticate(request("/", two)); err != nil {
		t.Errorf("another session: %v", err)
	}
	if err := d.SetPassword(t.Context(), m.people["ada"].ID, "another horse battery"); err != nil {
		t.Error(err)
	}
	for name, door := range map[string]*login.Door{"the same door": d, "the door after a restart": m.door(t)} {
		for _, c := range []*http.Cookie{one, two} {
			if _, err := door.Authenticate(request("/", c)); clinical.KindOf(err) != clinical.Forbidden {
				t.Errorf("%s knows a session that was ended: %v", name, err)
			}
		}
	}
}

// A password that the shelf does not keep is not given, and opens nothing meanwhile.
func TestAnAppPasswordThatCannotBeKeptIsNotThere(t *testing.T) {
	m, d := newDoor(t)
	m.full = clinical.ErrUnavailable
	if _, err := d.IssueAppPassword(t.Context(), m.people["ada"].ID, "laptop", nil, 30); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("got %v", err)
	}
	if list, err := d.AppPasswords(t.Context(), m.people["ada"].ID); err != nil || len(list) != 0 {
		t.Errorf("it is listed: %v, %v", list, err)
	}
}

func TestASessionThatCannotBeKeptIsNotGiven(t *testing.T) {
	m, d := newDoor(t)
	m.full = clinical.ErrUnavailable
	w := httptest.NewRecorder()
	if _, err := d.SignIn(w, request("/login"), "ada", secret); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("got %v", err)
	}
	if len(w.Result().Cookies()) != 0 {
		t.Error("a cookie was given")
	}
}

func TestWhatWasRevokedIsNotPutBackByTidying(t *testing.T) {
	m, d := newDoor(t)
	ctx, stop := context.WithCancel(t.Context())
	for range 200 {
		app := issue(t, m, d)
		if _, _, err := d.Mount(basic("ada", app.Secret)); err != nil {
			t.Fatal(err)
		}
		var work sync.WaitGroup
		ended, end := context.WithCancel(ctx)
		end()
		work.Go(func() {
			if err := d.Run(ended); err != nil { // tidies once and returns
				t.Error(err)
			}
		})
		work.Go(func() {
			if err := d.RevokeAppPassword(ctx, m.people["ada"].ID, app.ID); err != nil {
				t.Error(err)
			}
		})
		work.Wait()
		for key := range m.values {
			if strings.HasPrefix(key, "device/") {
				t.Fatal("a revoked device is on the shelf")
			}
		}
	}
	stop()
}
