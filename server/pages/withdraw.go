package pages

import (
	"crypto/rand"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"fovea/clinical"
)

// A patient's code opens three pages without an account: what it would
// withdraw, that this is done, and a certificate. None names anybody or shows a
// picture, and a code that is unknown, used or revoked looks the same on all.

type withdrawPage struct {
	W        withdrawWords
	Lang     string
	Others   []choice // the other languages
	Path     string
	Step     string // enter, shown, done, nothing
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
		if wait := d.tries.take(r.RemoteAddr, d.Now()); wait > 0 {
			h.Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			p.Step = "later"
			d.answer(w, r, http.StatusTooManyRequests, p)
			return
		}
		status, err := view(w, r, p)
		switch {
		case clinical.KindOf(err) == clinical.NotFound && err != nil:
			p.Step, p.Path, p.Consents = "nothing", "/withdraw", nil
			status = http.StatusNotFound
		case err != nil:
			if d.Log != nil && clinical.KindOf(err) != clinical.Unavailable {
				d.Log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "err", err)
			}
			p.Step, p.Path = "sorry", "/withdraw"
			status = http.StatusServiceUnavailable
		case status == 0:
			return // it has answered
		}
		d.answer(w, r, status, p)
	}
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

// useCode withdraws what a code names and offers the certificate.
func (d *door) useCode(_ http.ResponseWriter, r *http.Request, p *withdrawPage) (int, error) {
	change, err := d.Gate.WithdrawByCode(r.Context(), patientCaller(r), r.PathValue("code"))
	if err != nil {
		return 0, err
	}
	p.Step, p.Path = "done", "/withdraw"
	if d.Papers.OwnCertificate != nil && len(change.Recalls) > 0 {
		p.Ticket = d.tickets.issue(change, d.Now())
	}
	return http.StatusOK, nil
}

// ownCertificate hands out the patient's edition of the certificate.
func (d *door) ownCertificate(w http.ResponseWriter, r *http.Request, p *withdrawPage) (int, error) {
	change, ok := d.tickets.find(r.PostFormValue("ticket"), d.Now())
	if !ok || d.Papers.OwnCertificate == nil {
		return 0, clinical.ErrNotFound
	}
	content, err := d.Papers.OwnCertificate(r.Context(), change, Print{Edition: "patient", Format: "pdf", Language: p.Lang})
	if err != nil {
		return 0, err
	}
	file(w, "certificate.pdf", "application/pdf", content)
	return 0, nil
}

// tries counts how often an address asks for codes.
type tries struct {
	mu    sync.Mutex
	began time.Time
	by    map[netip.Addr]int
}

const (
	tryTime  = 10 * time.Minute
	maxTries = 30 // of one address within tryTime
	// maxTriers is how many addresses are remembered. Under an attack from more, memory is what must hold: a code is too
	// long to be guessed all the same.
	maxTriers = 1 << 16
)

// take counts a try and returns how long its sender has to wait; 0: go on.
func (t *tries) take(remote string, now time.Time) time.Duration {
	from := netip.Addr{}
	if at, err := netip.ParseAddrPort(remote); err == nil {
		from = at.Addr().Unmap().WithZone("")
		if prefix, perr := from.Prefix(64); from.Is6() && perr == nil {
			from = prefix.Addr() // what one subscriber has
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil || len(t.by) >= maxTriers || now.Sub(t.began) >= tryTime || now.Before(t.began) {
		t.began, t.by = now, map[netip.Addr]int{}
	}
	if t.by[from] >= maxTries {
		return t.began.Add(tryTime).Sub(now)
	}
	t.by[from]++
	return 0
}

// tickets open certificates of withdrawals by code to whoever has just made
// them: for an hour, and until the server stops. The hospital prints others.
type tickets struct {
	mu  sync.Mutex
	all map[string]ticket
}

type ticket struct {
	change clinical.Change
	until  time.Time
}

const (
	ticketTime = time.Hour
	maxTickets = 1 << 12
)

func (t *tickets) issue(c clinical.Change, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[string]ticket{}
	}
	for secret, one := range t.all {
		if now.After(one.until) || len(t.all) >= maxTickets {
			delete(t.all, secret)
		}
	}
	secret := rand.Text()
	t.all[secret] = ticket{c, now.Add(ticketTime)}
	return secret
}

func (t *tickets) find(secret string, now time.Time) (clinical.Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, ok := t.all[secret]
	return one.change, ok && now.Before(one.until)
}
