package pages

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"fovea/clinical"
	"fovea/server/guard"
)

// A patient's code opens three pages without an account: what it would
// withdraw, that this is done, and a certificate. None names anybody or shows a
// picture, and a code that is unknown, used or revoked looks the same on all.

type withdrawPage struct {
	W        withdrawWords
	Lang     string
	Others   []choice // the other languages
	Path     string
	Step     string // enter, shown, done, nothing, later, busy, sorry
	Consents []consentLine
	Issued   string
	Ticket   string // to the certificate
}

// consentLine is one consent in the reader's language.
type consentLine struct{ What, Given, Until string }

// public answers without a session.
func (d *door) public(view func(http.ResponseWriter, *http.Request, *withdrawPage) (int, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "private, no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Robots-Tag", "noindex")
		h.Set("Vary", "Accept-Language")
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		p := &withdrawPage{Lang: spoken(r)}
		for _, l := range languages() {
			if r.FormValue("lang") == l.Value {
				p.Lang = l.Value
			}
		}
		p.W = wordsIn(p.Lang)
		for _, l := range languages() {
			if l.Value != p.Lang {
				p.Others = append(p.Others, l)
			}
		}
		status, err := view(w, r, p)
		if err != nil {
			status = d.unable(h, r, p, err)
		}
		if status == 0 {
			return // it has answered
		}
		d.answer(w, r, status, p)
	}
}

// unable turns a page into one that says what is the matter, and returns its status.
func (d *door) unable(h http.Header, r *http.Request, p *withdrawPage, err error) int {
	if later, ok := errors.AsType[*guard.Wait](err); ok {
		guard.SetRetryAfter(h, later.RetryAfter())
	}
	p.Path = "/withdraw"
	switch {
	case errors.Is(err, errTooMany):
		p.Step = "later"
		return http.StatusTooManyRequests
	case clinical.KindOf(err) == clinical.NotFound:
		p.Step, p.Consents = "nothing", nil
		return http.StatusNotFound
	}
	if d.Log != nil && clinical.KindOf(err) != clinical.Unavailable {
		d.Log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "err", err)
	}
	p.Step = "sorry"
	if p.Ticket != "" {
		p.Step = "busy"
	}
	return http.StatusServiceUnavailable
}

func (d *door) answer(w http.ResponseWriter, r *http.Request, status int, p *withdrawPage) {
	if err := d.render(w, status, "withdraw", frame{Title: p.W.Title, Body: p, Lang: p.Lang}); err != nil {
		d.fail(w, r, err)
	}
}

// patientCaller is whoever holds a code.
func patientCaller(r *http.Request) clinical.Caller {
	remote, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		remote = r.RemoteAddr
	}
	agent := strings.ToValidUTF8(r.UserAgent(), "?")
	return clinical.Caller{Door: clinical.DoorPatient, Remote: remote, Agent: strings.ToValidUTF8(agent[:min(len(agent), 200)], "")}
}

// enterCode asks for a code that was typed from paper.
func (d *door) enterCode(_ http.ResponseWriter, _ *http.Request, p *withdrawPage) (int, error) {
	p.Step, p.Path = "enter", "/withdraw"
	return http.StatusOK, nil
}

// findCode leads from a typed code to its page.
func (d *door) findCode(w http.ResponseWriter, r *http.Request, _ *withdrawPage) (int, error) {
	var code strings.Builder
	for _, c := range r.PostFormValue("code") {
		if c < 128 && (c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') && code.Len() < 80 {
			code.WriteRune(c)
		}
	}
	if code.Len() == 0 {
		return 0, clinical.ErrNotFound
	}
	http.Redirect(w, r, "/withdraw/"+code.String(), http.StatusSeeOther)
	return 0, nil
}

// showCode says what a code would withdraw. It changes nothing.
func (d *door) showCode(_ http.ResponseWriter, r *http.Request, p *withdrawPage) (int, error) {
	code := r.PathValue("code")
	if err := d.try(r, code); err != nil {
		return 0, err
	}
	view, err := d.Gate.CodeShows(r.Context(), patientCaller(r), code)
	if err != nil {
		return 0, err
	}
	p.Step, p.Path, p.Issued = "shown", "/withdraw/"+code, p.W.day(clinical.DateOf(view.IssuedAt.In(d.Zone)))
	for _, c := range view.Consents {
		line := consentLine{What: p.W.consent(c), Given: p.W.day(clinical.DateOf(c.Given.In(d.Zone)))}
		if !c.Expires.IsZero() {
			line.Until = p.W.day(c.Expires)
		}
		p.Consents = append(p.Consents, line)
	}
	return http.StatusOK, nil
}

// useCode withdraws what a code names and offers the certificate. Who presses
// twice is answered twice.
func (d *door) useCode(_ http.ResponseWriter, r *http.Request, p *withdrawPage) (int, error) {
	code := r.PathValue("code")
	change, err := d.made.once(code, d.Now, func() (clinical.Change, error) {
		if err := d.try(r, code); err != nil {
			return clinical.Change{}, err
		}
		return d.Gate.WithdrawByCode(r.Context(), patientCaller(r), code)
	})
	if err != nil {
		return 0, err
	}
	p.Step, p.Path = "done", "/withdraw"
	if d.Papers.OwnCertificate != nil && len(change.Recalls) > 0 {
		p.Ticket = d.tickets.Issue(change, d.Now().Add(certificateTime), d.Now())
	}
	return http.StatusOK, nil
}

// withdrawals remembers for a moment what codes have withdrawn.
type withdrawals struct {
	using singleflight.Group
	done  guard.Tickets[clinical.Change]
}

// sameAgain is how long a code is answered as it was when it was used: a second
// press of the button, or a reply that got lost, costs nobody the certificate.
const sameAgain = time.Minute

// once has a code used, unless it was a moment ago. A second press meanwhile
// waits for what the first brings.
func (w *withdrawals) once(code string, now func() time.Time, use func() (clinical.Change, error)) (clinical.Change, error) {
	v, err, _ := w.using.Do(code, func() (any, error) {
		if c, ok := w.done.Find(code, now()); ok {
			return c, nil
		}
		c, err := use()
		if err == nil {
			w.done.Keep(code, c, now().Add(sameAgain), now())
		}
		return c, err
	})
	c, _ := v.(clinical.Change)
	return c, err
}

// ownCertificate hands out the patient's edition of the certificate.
func (d *door) ownCertificate(w http.ResponseWriter, r *http.Request, p *withdrawPage) (int, error) {
	ticket := r.PostFormValue("ticket")
	change, ok := d.tickets.Find(ticket, d.Now())
	if !ok || d.Papers.OwnCertificate == nil {
		return 0, cmp.Or[error](d.miss(r), clinical.ErrNotFound)
	}
	p.Ticket = ticket
	content, err := d.Papers.OwnCertificate(r.Context(), change, Print{Edition: "patient", Format: "pdf", Language: p.Lang})
	if err != nil {
		return 0, err
	}
	file(w, "certificate.pdf", "application/pdf", content)
	return 0, nil
}

// wrongCodes is how many codes that open nothing one sender may try, where that is one patient at home or all of a
// hospital. No limit is in the way of a code that opens something.
func wrongCodes() guard.Limit { return guard.Limit{Every: 20 * time.Second, Burst: 30} }

// errTooMany says that too many codes that open nothing came from one sender.
var errTooMany = clinical.Errorf(clinical.Unavailable, "pages: too many codes that open nothing")

// try counts a code that opens nothing. errTooMany says that too many came from there; the gate, which
// notes what it refuses, is not asked then.
func (d *door) try(r *http.Request, code string) error {
	opens, err := d.Gate.CodeOpens(code)
	if err != nil || opens {
		return err
	}
	return d.miss(r)
}

// miss counts a try that failed.
func (d *door) miss(r *http.Request) error {
	from := guard.Network(r.RemoteAddr).String()
	if _, wait := d.wrong.Charge(d.Now(), guard.Count{Key: from, Limit: wrongCodes()}); wait > 0 {
		return guard.Later(wait, errTooMany)
	}
	return nil
}

// certificateTime is how long whoever has just withdrawn can have the certificate, unless the server stops before. The
// hospital prints others.
const certificateTime = time.Hour
