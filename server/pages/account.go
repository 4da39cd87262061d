package pages

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

// wayIn is the ticket of somebody who came from the patient record and has to
// sign in first. It says nothing about the patient, and what does not look like
// one is none.
func wayIn(r *http.Request) string {
	ticket := r.FormValue("way")
	if len(ticket) != len(rand.Text()) || strings.Trim(ticket, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return ""
	}
	return ticket
}

func (d *door) loginForm(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "private, no-store")
	if err := d.render(w, http.StatusOK, "login", frame{Title: "Sign in", Typed: url.Values{"way": {wayIn(r)}}}); err != nil {
		d.fail(w, r, err)
	}
}

func (d *door) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if _, err := d.Accounts.SignIn(w, r, r.PostFormValue("login"), r.PostFormValue("password")); err != nil {
		status, text := http.StatusUnauthorized, "Login or password is wrong. Try again, or ask the administrator for a new password."
		var later interface{ RetryAfter() time.Duration }
		switch {
		case errors.As(err, &later):
			seconds := max(1, int((later.RetryAfter()+time.Second-1)/time.Second))
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
			status, text = http.StatusTooManyRequests, "Too many attempts. Wait "+many(seconds, "second")+", then try again."
		case clinical.KindOf(err) == clinical.Unavailable:
			status, text = http.StatusServiceUnavailable, "Fovea is starting or busy. Try again in a moment."
		}
		if rerr := d.render(w, status, "login", frame{Title: "Sign in", Body: text, Typed: url.Values{"way": {wayIn(r)}}}); rerr != nil {
			d.fail(w, r, rerr)
		}
		return
	}
	to := "/"
	if ticket := wayIn(r); ticket != "" {
		to = "/launch/" + ticket
	}
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // G710: wayIn lets letters and digits through alone
}

func (d *door) logout(w http.ResponseWriter, r *http.Request) {
	if err := d.Accounts.SignOut(w, r); err != nil {
		d.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

type mountPage struct {
	URL     string
	Windows string // the same place as a UNC path
	Sets    []clinical.TeachingSet
	Names   map[clinical.SetID]string
	Studios []clinical.StudioID // into whose inboxes the person delivers
	Devices []wire.AppPassword
	Issued  wire.AppPassword
	Login   string
	CA      bool
}

func (d *door) mountPage(v *visit, issued wire.AppPassword) error {
	sets, err := d.Gate.Sets(v.ctx, v.caller)
	if err != nil {
		return err
	}
	all, err := d.Devices.AppPasswords(v.ctx, v.caller.Person)
	if err != nil {
		return err
	}
	address := strings.TrimSuffix(d.URL(), "/")
	host, port, found := strings.Cut(strings.TrimPrefix(address, "https://"), ":")
	unc := `\\` + host + `@SSL`
	if found {
		unc += "@" + port
	}
	var open []clinical.TeachingSet
	names := map[clinical.SetID]string{}
	for _, s := range sets {
		names[s.ID] = s.Name
		if s.Reaches(v.caller.Person) || s.Owner == v.caller.Person {
			open = append(open, s)
		}
	}
	return d.show(v, "mount", "Your sets as a drive", mountPage{
		URL: address, Windows: unc + `\dav\teaching`, Sets: open, Names: names, Studios: delivers(v.person), Devices: all, Issued: issued, Login: v.person.Login, CA: d.CA != nil,
	})
}

// delivers are the studios into whose inboxes a person may put files.
func delivers(p clinical.Person) []clinical.StudioID {
	if p.Role != clinical.Photographer && p.Role != clinical.StudioAccount {
		return nil
	}
	return p.Studios
}

func (d *door) mount(v *visit) error { return d.mountPage(v, wire.AppPassword{}) }

// appDays is how long a device's password made here is good for.
const appDays = 120

func (d *door) issue(v *visit) error {
	sets, err := chosenSets(v)
	if err != nil {
		return err
	}
	var p wire.AppPassword
	device, inbox := v.r.PostFormValue("device"), v.r.PostFormValue("inbox")
	if inbox != "" {
		p, err = d.Devices.IssueInboxPassword(v.ctx, v.caller.Person, device, clinical.StudioID(inbox), appDays)
	} else {
		p, err = d.Devices.IssueAppPassword(v.ctx, v.caller.Person, device, sets, appDays)
	}
	if err != nil {
		return err
	}
	return d.mountPage(v, p)
}

// chosenSets are those that a password is to be for; none is all.
func chosenSets(v *visit) ([]clinical.SetID, error) {
	if err := form(v.r); err != nil || len(v.r.PostForm["set"]) == 0 {
		return nil, err
	}
	return chosen[clinical.TeachingSet](v.r, "set")
}

func (d *door) revoke(v *visit) error {
	if err := d.Devices.RevokeAppPassword(v.ctx, v.caller.Person, v.r.PostFormValue("id")); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/mount?done=revoked", http.StatusSeeOther)
	return nil
}

// people lists who may sign in; an administrator adds to them.
func (d *door) people(v *visit) error {
	if v.person.Role != clinical.Admin && v.person.Role != clinical.Governance {
		return clinical.ErrNotFound
	}
	all, err := d.Gate.People(v.ctx, v.caller)
	if err != nil {
		return err
	}
	return d.show(v, "people", "People", struct {
		People []clinical.Person
		Roles  []clinical.Role
		Admin  bool
	}{all, clinical.Roles(), v.person.Role == clinical.Admin})
}
