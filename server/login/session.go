package login

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"fovea/clinical"
)

// Cookie is the name of the session's cookie. The prefix makes browsers refuse it from any other host, path or
// plain connection (RFC 6265bis, 4.1.3.2).
const Cookie = "__Host-fovea"

const (
	tokenSize = 32 // bytes: 256 bits
	// maxSessions of one person; the next one ends whichever was used longest ago.
	maxSessions = 20
)

// session is somebody's time at the pages.
type session struct {
	ID      string
	Sum     [32]byte // of the token in the cookie
	Person  clinical.PersonID
	Started time.Time
	Seen    time.Time // as of the last tidying
	Remote  string

	seen  atomic.Int64 // Unix nanoseconds; 0: as stored
	dirty atomic.Bool
	over  atomic.Bool // it opens nothing any more, and stays until the shelf has forgotten it, which is tried again and again
}

func (s *session) key() string { return "session/" + s.ID }

// lastSeen is when the session's last request came.
func (s *session) lastSeen() time.Time {
	if at := s.seen.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return s.Seen
}

func (s *session) touch(now time.Time) {
	s.seen.Store(now.UnixNano())
	s.dirty.Store(true)
}

func (s *session) stored() any {
	return &session{
		ID: s.ID, Sum: s.Sum, Person: s.Person, Started: s.Started, Seen: s.lastSeen().UTC(), Remote: s.Remote,
	}
}

func (s *session) ended(now time.Time, idle, absolute time.Duration) bool {
	return !now.Before(s.lastSeen().Add(idle)) || !now.Before(s.Started.Add(absolute))
}

// SignIn begins a session for who knows a login's password, under a new token, and ends the one that the request came
// with. Forbidden with the reason "wrong-password" says that they do not belong together, a wait (package guard) that too many
// attempts came from there.
func (d *Door) SignIn(w http.ResponseWriter, r *http.Request, login, password string) (clinical.Caller, error) {
	ctx, caller := r.Context(), callerOf(r)
	login = strings.ToLower(strings.TrimSpace(login))
	refund, err := d.attempt(login, caller)
	if err != nil {
		return clinical.Caller{}, err
	}
	person, ok, err := d.checkPassword(ctx, login, password[:min(len(password), maxPassword+1)])
	if err != nil {
		refund()
		return clinical.Caller{}, err
	}
	if !ok {
		d.failed(caller, person.ID, "password")
		return clinical.Caller{}, clinical.Refuse(clinical.Forbidden, "wrong-password",
			"Login and password do not belong together. Check both, then try again.")
	}
	refund()
	if old := d.sessionOf(r); old != nil {
		if err := d.endSession(ctx, old); err != nil {
			return clinical.Caller{}, err
		}
	}
	caller.Person = person.ID
	token, s, err := d.startSession(ctx, caller)
	if err != nil {
		return clinical.Caller{}, err
	}
	if err := d.makeRoom(ctx, s); err != nil {
		return clinical.Caller{}, err
	}
	caller.Device = s.ID
	http.SetCookie(w, sessionCookie(token, 0))
	Saw(ctx, caller)
	d.note(ctx, clinical.Event{Act: clinical.ActSignedIn, Caller: caller})
	return caller, nil
}

func (d *Door) startSession(ctx context.Context, caller clinical.Caller) (string, *session, error) {
	raw, err := d.random(tokenSize)
	if err != nil {
		return "", nil, err
	}
	id, err := d.newID()
	if err != nil {
		return "", nil, err
	}
	token, now := base64.RawURLEncoding.EncodeToString(raw), d.o.Now()
	s := &session{
		ID: id, Sum: d.sum("session", token), Person: caller.Person, Started: now, Seen: now, Remote: caller.Remote,
	}
	if err := d.put(ctx, s.key(), s.stored()); err != nil {
		return "", nil, clinical.Errorf(clinical.KindOf(err), "login: keep a session: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions[s.Sum] = s
	return token, s, nil
}

func sessionCookie(token string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: Cookie, Value: token, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// SignOut ends the session that the request came with. Without one it does nothing.
func (d *Door) SignOut(w http.ResponseWriter, r *http.Request) error {
	http.SetCookie(w, sessionCookie("", -1))
	s := d.sessionOf(r)
	if s == nil {
		return nil
	}
	caller := callerOf(r)
	caller.Person, caller.Device = s.Person, s.ID
	d.note(r.Context(), clinical.Event{Act: clinical.ActSignedOut, Caller: caller})
	return d.endSession(r.Context(), s)
}

// sessionOf finds the session of a request's cookie, nil where there is none that still runs.
func (d *Door) sessionOf(r *http.Request) *session {
	cookie, err := r.Cookie(Cookie)
	if err != nil || len(cookie.Value) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return nil
	}
	sum := d.sum("session", cookie.Value)
	d.mu.RLock()
	s := d.sessions[sum]
	d.mu.RUnlock()
	if s == nil || s.over.Load() || s.ended(d.o.Now(), d.o.Idle, d.o.Absolute) {
		return nil
	}
	return s
}

// endSession ends a session at once, and then on the shelf. An error says that it may run again after a restart.
func (d *Door) endSession(ctx context.Context, s *session) error {
	s.over.Store(true)
	if err := d.save(ctx, s); err != nil {
		return clinical.Errorf(clinical.KindOf(err), "login: end session %s: %w", s.ID, err)
	}
	return nil
}

// makeRoom ends the sessions of s's person beyond the most there may be, those first that were used longest ago.
func (d *Door) makeRoom(ctx context.Context, s *session) error {
	theirs := slices.DeleteFunc(d.sessionsOf(s.Person), func(o *session) bool { return o == s })
	slices.SortFunc(theirs, func(a, b *session) int { return a.lastSeen().Compare(b.lastSeen()) })
	for _, old := range theirs[:max(0, len(theirs)-maxSessions+1)] {
		if err := d.endSession(ctx, old); err != nil {
			return err
		}
	}
	return nil
}

func (d *Door) sessionsOf(person clinical.PersonID) []*session {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var theirs []*session
	for _, s := range d.sessions {
		if s.Person == person {
			theirs = append(theirs, s)
		}
	}
	return theirs
}

// endSessions ends all sessions of a person, also where one of them stays on the shelf.
func (d *Door) endSessions(ctx context.Context, person clinical.PersonID) error {
	var failed error
	for _, s := range d.sessionsOf(person) {
		failed = errors.Join(failed, d.endSession(ctx, s))
	}
	return failed
}

// hasSessionFrom reports whether a person is signed in from an address.
func (d *Door) hasSessionFrom(person clinical.PersonID, remote string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, s := range d.sessions {
		if s.Person == person && s.Remote == remote && !s.over.Load() && !s.ended(d.o.Now(), d.o.Idle, d.o.Absolute) {
			return true
		}
	}
	return false
}
