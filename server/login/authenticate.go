package login

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"fovea/clinical"
)

// As is the header in which the machine's owner names, on the admin socket, the login of the person to act for.
const As = "Fovea-As"

// errUnknown is the answer to whoever is not known, whatever the reason.
func errUnknown() error {
	return clinical.Refuse(clinical.Forbidden, "sign-in", "Sign in first.")
}

// Authenticate tells who sent a request: by an app password (Basic with the person's login, or Bearer), by the cookie
// of a session, or, where the request came through the admin socket, as the machine's owner. An app password for some
// sets only, or for an inbox, does not pass here; it opens the drive. Forbidden means that nobody is known, a wait (package guard) that too many
// wrong passwords came from there, Unavailable that it cannot be told. The Caller beside an error is zero, but for the
// machine's owner who names nobody that may act: they are told so.
func (d *Door) Authenticate(r *http.Request) (clinical.Caller, error) {
	caller := callerOf(r)
	if name := operatorOf(r.Context()); name != "" {
		return d.operator(r, caller, name)
	}
	if r.Header.Get("Authorization") != "" {
		v, err := d.deviceOf(r, caller)
		if err != nil {
			return clinical.Caller{}, err
		}
		if !v.whole() {
			return clinical.Caller{}, errUnknown()
		}
		caller.Person, caller.Device = v.Person, v.ID
		Saw(r.Context(), caller)
		return caller, nil
	}
	s := d.sessionOf(r)
	if s == nil || !d.active(s.Person) {
		return clinical.Caller{}, errUnknown()
	}
	s.touch(d.o.Now())
	caller.Person, caller.Device = s.Person, s.ID
	Saw(r.Context(), caller)
	return caller, nil
}

// Lasts reports whether what a request was let in by still stands: its session or app password, and the person behind
// it. It counts neither as a use nor as an attempt, so that what stays open may ask time and again without keeping a
// session awake.
func (d *Door) Lasts(r *http.Request) bool {
	switch {
	case operatorOf(r.Context()) != "":
		login := r.Header.Get(As)
		person, ok := d.o.People.Person(strings.ToLower(login))
		return login == "" || ok && person.ActiveAt(d.o.Now(), d.o.Zone)
	case r.Header.Get("Authorization") != "":
		login, secret, ok := presented(r)
		v := d.deviceBy(login, secret)
		return ok && v != nil && v.whole()
	default:
		s := d.sessionOf(r)
		return s != nil && d.active(s.Person)
	}
}

// Known names the device or the session whose credentials a request carries; empty: they are good nowhere. Like Lasts
// it counts nothing.
func (d *Door) Known(r *http.Request) string {
	if r.Header.Get("Authorization") == "" {
		if s := d.sessionOf(r); s != nil && d.active(s.Person) {
			return s.ID
		}
		return ""
	}
	login, secret, ok := presented(r)
	if v := d.deviceBy(login, secret); ok && v != nil {
		return v.ID
	}
	return ""
}

// Mount tells who sent a request to a drive, by an app password alone, and which sets it is good for: nil for all. One
// for an inbox is good at and under that inbox, for where a request leads as for where it begins, and for asking whether
// the folders above are there, as Windows does before it mounts; it is nobody's anywhere else. Errors are those of
// Authenticate.
func (d *Door) Mount(r *http.Request) (clinical.Caller, []clinical.SetID, error) {
	caller := callerOf(r)
	caller.Door = clinical.DoorWebDAV
	v, err := d.deviceOf(r, caller)
	if err != nil {
		return clinical.Caller{}, nil, err
	}
	if v.Inbox != "" && !within(r, inboxes+string(v.Inbox)) && !passing(r) {
		return clinical.Caller{}, nil, errUnknown()
	}
	caller.Person, caller.Device = v.Person, v.ID
	Saw(r.Context(), caller)
	return caller, v.Sets, nil
}

// inboxes is the folder of the studios' inboxes on the drive.
const inboxes = "/dav/inbox/"

// passing reports whether a request asks of a folder above an inbox itself, and nothing of what is in it.
func passing(r *http.Request) bool {
	return r.Method == "PROPFIND" && r.Header.Get("Depth") == "0" && r.Header.Get("Destination") == "" &&
		slices.Contains([]string{"/", "/dav", "/dav/", "/dav/inbox", inboxes}, r.URL.Path)
}

// within reports whether a request is about a folder and what is in it alone.
func within(r *http.Request, folder string) bool {
	in := func(p string) bool {
		return (p == folder || strings.HasPrefix(p, folder+"/")) && path.Clean(p) == strings.TrimSuffix(p, "/")
	}
	if to := r.Header.Get("Destination"); to != "" {
		u, err := url.Parse(to)
		if err != nil || !in(u.Path) {
			return false
		}
	}
	return in(r.URL.Path)
}

// operator is the machine's owner, for the person the request names or for nobody.
func (d *Door) operator(r *http.Request, caller clinical.Caller, name string) (clinical.Caller, error) {
	caller.Door, caller.Operator = clinical.DoorCLI, name
	if login := r.Header.Get(As); login != "" {
		person, ok := d.o.People.Person(strings.ToLower(login))
		if !ok || !person.ActiveAt(d.o.Now(), d.o.Zone) {
			return caller, clinical.Refuse(clinical.Forbidden, "no-such-person",
				"Nobody who may act has this login. Check it with: fovea user list")
		}
		caller.Person = person.ID
	}
	Saw(r.Context(), caller)
	return caller, nil
}

// deviceOf finds the device of a request's credentials. A right one passes before anything is counted.
func (d *Door) deviceOf(r *http.Request, caller clinical.Caller) (*device, error) {
	login, secret, ok := presented(r)
	if !ok {
		return nil, errUnknown()
	}
	if v := d.deviceBy(login, secret); v != nil {
		if v.touch(d.o.Now(), caller) {
			caller.Person, caller.Device = v.Person, v.ID
			d.note(r.Context(), clinical.Event{Act: clinical.ActSignedIn, Caller: caller})
		}
		return v, nil
	}
	if err := d.attemptDevice(login, caller); err != nil {
		return nil, err
	}
	d.failed(caller, clinical.PersonID{}, "app-password")
	return nil, errUnknown()
}

// deviceBy returns the device that holds a secret, nil unless it is the person's of that login and both are still good.
func (d *Door) deviceBy(login, secret string) *device {
	sum := d.sum("device", normal(secret))
	d.mu.RLock()
	v := d.devices[sum]
	d.mu.RUnlock()
	if v == nil || v.over.Load() || !d.o.Now().Before(v.Expires) || !d.active(v.Person) || !d.isLogin(v.Person, login) {
		return nil
	}
	return v
}

// presented returns what the Authorization header holds. With Bearer there is no login.
func presented(r *http.Request) (login, secret string, ok bool) {
	if login, secret, ok = r.BasicAuth(); ok {
		return strings.ToLower(strings.TrimSpace(login)), secret, login != ""
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return "", secret, strings.EqualFold(scheme, "Bearer") && secret != ""
}

// isLogin reports whether login is the person's; with Bearer there is none to check.
func (d *Door) isLogin(person clinical.PersonID, login string) bool {
	p, ok := d.o.People.PersonByID(person)
	return ok && (login == "" || p.Login == login)
}

func (d *Door) active(person clinical.PersonID) bool {
	p, ok := d.o.People.PersonByID(person)
	return ok && p.ActiveAt(d.o.Now(), d.o.Zone)
}

// maxAgent is how much of a user agent is kept.
const maxAgent = 200

// callerOf says what a request itself tells of its sender.
func callerOf(r *http.Request) clinical.Caller {
	remote, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		remote = r.RemoteAddr
	}
	door := clinical.DoorPages
	if strings.HasPrefix(r.URL.Path, "/api/") {
		door = clinical.DoorAPI
	}
	agent := strings.ToValidUTF8(r.UserAgent(), "?")
	if len(agent) > maxAgent {
		agent = strings.ToValidUTF8(agent[:maxAgent], "")
	}
	return clinical.Caller{Door: door, Remote: remote, Agent: agent}
}

// failed notes an attempt that failed, with whom it was about where that is known.
func (d *Door) failed(caller clinical.Caller, person clinical.PersonID, rule string) {
	caller.Person = person
	d.o.Recorder.NoteLater(clinical.Event{
		At: d.o.Now(), Act: clinical.ActSignInFailed, Caller: caller, Denied: true, Rule: "login-" + rule,
	})
}

// note writes an event in the name of whoever the request is from.
func (d *Door) note(ctx context.Context, e clinical.Event) {
	e.At = d.o.Now()
	if e.Caller == (clinical.Caller{}) {
		e.Caller = Seen(ctx)
	}
	d.o.Recorder.NoteLater(e)
}
