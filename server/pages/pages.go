// Package pages is the plain, server-rendered door: a photographer's day
// (jobs, arrivals, contact sheets, consent), a set with the reason why an item
// is hidden, and how to mount. It works without script; the page on which a
// picture is edited is easier with one (static/edit.js), which draws what its
// form says and puts what is drawn into the form.
//
// Every page is one or two calls of policy.Gate put into a template, every
// button one clinical.Command. What cannot be taken back is asked twice, with
// what it would do shown in between. The package decides nothing about who may
// see what and cannot name vault or index. Start reading at New; acts.go has
// the buttons, ask.go what comes before them, templates/ the words.
package pages

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/policy"
	"fovea/server/guard"
	"fovea/server/wire"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed static/*
var static embed.FS

// accounts is what the login door offers.
type accounts interface {
	SignIn(w http.ResponseWriter, r *http.Request, login, password string) (clinical.Caller, error)
	SignOut(w http.ResponseWriter, r *http.Request) error
	SetPassword(ctx context.Context, person clinical.PersonID, password string) error
}

// devices is what the login door offers for mounting.
type devices interface {
	IssueAppPassword(ctx context.Context, person clinical.PersonID, device string, sets []clinical.SetID, days int) (wire.AppPassword, error)
	IssueInboxPassword(ctx context.Context, person clinical.PersonID, device string, studio clinical.StudioID, days int) (wire.AppPassword, error)
	AppPasswords(ctx context.Context, person clinical.PersonID) ([]wire.AppPassword, error)
	RevokeAppPassword(ctx context.Context, person clinical.PersonID, id string) error
}

// Options are what the door needs.
type Options struct {
	Gate         *policy.Gate
	Authenticate func(*http.Request) (clinical.Caller, error)
	Accounts     accounts
	Devices      devices
	// Explain turns a reason code into words for the person and what to do next.
	Explain func(clinical.Reason) string
	// CA returns the certificate, as PEM, that clients trust the server by; nil
	// where they trust it already. Anybody may read it.
	CA    func() ([]byte, error)
	Rules []clinical.IdentifierRule // the kinds of number a patient may be registered under
	Zone  *time.Location
	Now   func() time.Time
	Log   *slog.Logger
	URL   func() string // how clients reach the server, for the mount instructions
	// Papers print certificates, forms and what is handed over.
	Papers Papers

	// Aligner lays pictures over one another; nil: nobody does.
	Aligner aligner

	Finder finder // nil: nobody suggests what to mask
	Meter  meter  // nil: nobody measures colours
	Drawer drawer // nil: what no browser reads is shown as its thumbnail
}

type door struct {
	Options
	views   map[string]*template.Template
	wrong   guard.Throttle                 // tries of codes to withdraw that open nothing, by sender
	tickets guard.Tickets[clinical.Change] // to certificates of withdrawals by code
	made    withdrawals

	searches guard.Tickets[search]
}

// New returns the handler of all pages. It fails only when a template does.
func New(o Options) (http.Handler, error) {
	d := &door{Options: o, views: map[string]*template.Template{}}
	if err := d.parse(); err != nil {
		return nil, err
	}
	files, err := fs.Sub(static, "static")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", cached(http.StripPrefix("/static/", http.FileServerFS(files))))
	mux.HandleFunc("GET /ca.pem", d.certificate)
	mux.HandleFunc("GET /login", d.loginForm)
	mux.HandleFunc("POST /login", d.login)
	mux.HandleFunc("POST /logout", d.logout)
	mux.HandleFunc("GET /withdraw", d.public(d.enterCode))
	mux.HandleFunc("POST /withdraw", d.public(d.findCode))
	mux.HandleFunc("GET /withdraw/{code}", d.public(d.showCode))
	mux.HandleFunc("POST /withdraw/{code}", d.public(d.useCode))
	mux.HandleFunc("POST /withdraw/certificate", d.public(d.ownCertificate))
	for _, routes := range []map[string]func(*visit) error{d.looks(), d.acts(), d.governs()} {
		for pattern, view := range routes {
			mux.HandleFunc(pattern, d.page(view))
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { d.fail(w, r, clinical.ErrNotFound) })
	return mux, nil
}

// looks are the pages that change nothing.
func (d *door) looks() map[string]func(*visit) error {
	return map[string]func(*visit) error{
		"GET /{$}":           d.home,
		"GET /jobs":          d.jobs,
		"GET /arrivals":      d.arrivals,
		"GET /library":       d.library,
		"GET /pictures/{id}": d.picture,
		"GET /patients":      d.patients,
		"GET /patients/{id}": d.patient,
		"GET /sets":          d.sets,
		"GET /sets/{id}":     d.set,
		"GET /mount":         d.mount,
		"GET /people":        d.people,
		"GET /tasks":         d.tasks,
		"GET /glass":         d.glassForm,

		"GET /pictures/{id}/edit":      d.edit,
		"GET /pictures/{id}/taken.jpg": d.taken,
		"GET /pictures/{id}/review":    d.review,
		"GET /reviews":                 d.reviews,

		"GET /pictures/{id}/compare": d.compare,
		"GET /compare.css":           d.compareStyle,

		"GET /patients/{id}/consent":      d.consentForm,
		"GET /patients/{id}/consent-form": d.blankForm,
		"GET /consents/{id}/form":         d.scan,
		"GET /sets/{id}/sheet":            d.contactSheet,

		"GET /patients/{id}/lesions/{lesion}": d.lesion,
	}
}

// acts are the buttons. Those that ask first cannot be taken back.
func (d *door) acts() map[string]func(*visit) error {
	return map[string]func(*visit) error{
		"POST /mount":                     d.issue,
		"POST /mount/revoke":              d.revoke,
		"POST /people":                    d.again(d.people, d.act(addPerson)),
		"POST /people/{id}/password":      d.setPassword,
		"POST /jobs":                      d.again(d.jobs, d.act(d.addJob)),
		"POST /jobs/{id}":                 d.changeJob,
		"POST /runs/{id}/confirm":         d.act(confirmRun),
		"POST /quarantine/file":           d.act(fileQuarantined),
		"POST /quarantine/reject":         d.ask("reject", rejectQuarantined),
		"POST /assets/discard":            d.ask("discard", discard),
		"POST /assets/refile":             d.ask("refile", refile),
		"POST /sessions/{id}/classify":    d.act(classifySession),
		"POST /assets/classify":           d.act(classify),
		"POST /assets/review":             d.act(review),
		"POST /pictures/{id}":             d.act(describe),
		"POST /patients":                  d.again(d.patients, d.act(d.addPatient)),
		"POST /patients/{id}/consents":    d.again(d.consentForm, d.recordConsent),
		"POST /patients/find":             d.findPatient,
		"POST /patients/certificate":      d.patientCertificate,
		"POST /library":                   d.find,
		"POST /arrivals/find":             d.arrivals,
		"POST /patients/{id}/withdrawals": d.withdrawals,
		"POST /patients/{id}/codes":       d.issueCode,
		"POST /patients/{id}/copy":        d.copyOf,
		"POST /codes/{id}/revoke":         d.act(revokeCode),
		"POST /consents/{id}/error":       d.act(markInError),
		"POST /consents/{id}/form":        d.keepForm,
		"POST /patients/{id}/merge":       d.ask("merge", mergePatients),
		"POST /patients/{id}/unmerge":     d.act(unmergePatients),
		"POST /patients/{id}/team":        d.again(d.patient, d.nameTeam),
		"POST /sessions/{id}":             d.changeSession,
		"POST /glass/find":                d.glassForm,
		"POST /glass":                     d.again(d.glassForm, d.breakGlass),
		"POST /tasks/{id}":                d.again(d.tasks, d.act(finishTask)),
		"POST /patients/{id}/holds":       d.again(d.patient, d.act(placeHold)),
		"POST /holds/{id}/lift":           d.act(liftHold),
		"POST /sets":                      d.again(d.sets, d.act(createSet)),
		"POST /sets/{id}":                 d.again(d.set, d.changeSet),
		"POST /sets/{id}/roster":          d.again(d.set, d.changeRoster),
		"POST /sets/items":                d.act(addToSet),
		"POST /sets/{id}/remove":          d.act(removeFromSet),
		"POST /sets/{id}/submit":          d.act(submitSet),
		"POST /sets/{id}/publish":         d.act(publishSet),
		"POST /sets/{id}/close":           d.ask("close", closeSet),

		"POST /patients/{id}/lesions":          d.again(d.patient, d.act(d.openLesion)),
		"POST /patients/{id}/lesions/{lesion}": d.again(d.lesion, d.changeLesion),
		"POST /assets/lesion":                  d.showLesion,
		"POST /pictures/{id}/subjects":         d.again(d.picture, d.nameSubject),
		"POST /pictures/{id}/edit":             d.again(d.edit, d.saveEdit),
		"POST /pictures/{id}/review":           d.again(d.review, d.attest),
		"POST /pictures/{id}/paste":            d.again(d.edit, d.pasteEdit),
	}
}

func cached(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		h.ServeHTTP(w, r)
	})
}

// certificate hands out what clients trust the server by.
func (d *door) certificate(w http.ResponseWriter, r *http.Request) {
	if d.CA == nil {
		d.fail(w, r, clinical.ErrNotFound)
		return
	}
	pem, err := d.CA()
	if err != nil {
		d.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-x509-ca-cert")
	h.Set("Content-Disposition", `attachment; filename="fovea-ca.pem"`)
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(pem) // who asked may be gone
}

// visit is one request of somebody who is signed in.
type visit struct {
	w      http.ResponseWriter
	r      *http.Request
	ctx    context.Context //nolint:containedctx // lives as long as the request it is of
	caller clinical.Caller
	person clinical.Person

	// After an act that was refused the page it began on is shown again, with
	// what was typed and why not.
	status int
	fault  string
	typed  url.Values
	faults []wire.RosterRow // lines of a list that cannot be taken
	impact *clinical.Impact // what the act would do, where that was asked
}

// page signs the caller in, or sends them to the form, and answers errors.
func (d *door) page(view func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-store")
		caller, err := d.Authenticate(r)
		if err != nil {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		person, ok := d.Gate.PersonByID(caller.Person)
		if !ok {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, longest(r))
		if err := view(&visit{w: w, r: r, ctx: r.Context(), caller: caller, person: person}); err != nil {
			d.fail(w, r, err)
		}
	}
}

// longest is how large a request's body may be: a form's, or a scan's.
func longest(r *http.Request) int64 {
	if r.Pattern == "POST /consents/{id}/form" {
		return maxUpload
	}
	return 1 << 20
}

// parse reads every view together with the frame and the parts.
func (d *door) parse() error {
	frame, err := template.New("frame.html").Funcs(d.funcs()).Funcs(scenery()).ParseFS(templates, "templates/frame.html", "templates/parts.html", "templates/forms.html")
	if err != nil {
		return err
	}
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return err
	}
	for _, n := range names {
		base := strings.TrimSuffix(strings.TrimPrefix(n, "templates/"), ".html")
		if base == "frame" || base == "parts" || base == "forms" {
			continue
		}
		t, err := frame.Clone()
		if err != nil {
			return err
		}
		if d.views[base], err = t.ParseFS(templates, n); err != nil {
			return err
		}
	}
	return nil
}

// frame is what every page carries.
type frame struct {
	Title  string
	Here   string
	Person clinical.Person
	Done   string
	Body   any
	Nav    []link
	Finds  bool   // the role searches pictures
	Tasks  int    // that wait for the person
	Speaks string // the language of advice

	Fault  string           // why an act was refused
	Typed  url.Values       // what was typed into its form
	Faults []wire.RosterRow // lines of its list
	Impact *clinical.Impact // what it would do
	Lang   string           // en where empty
	Theme  string           // light where empty; dark where pictures are judged
}

// Kept is what stands in a field: what was typed, else what was there.
func (f frame) Kept(field, there string) string {
	if f.Typed != nil {
		return f.Typed.Get(field)
	}
	return there
}

// Ticked reports whether a box is ticked: as it was left, else as it was there.
func (f frame) Ticked(field, value string, there bool) bool {
	if f.Typed != nil {
		return slices.Contains(f.Typed[field], value)
	}
	return there
}

type link struct{ Path, Text string }

// show renders whole, then sends: a failing template sends nothing half done.
func (d *door) show(v *visit, name, title string, body any) error {
	here := "/" + strings.Split(strings.TrimPrefix(v.r.URL.Path, "/"), "/")[0]
	if at, ok := map[string]string{
		"/pictures": "/library", "/recalls": "/governance", "/erasures": "/governance", "/worklist": "/governance", "/sessions": "/patients",
		"/glass": "/patients", "/glasses": "/governance", "/holds": "/governance",
	}[here]; ok {
		here = at
	}
	if here == "/releases" && v.person.Role == clinical.Governance {
		here = "/governance"
	}
	f := frame{
		Title: title, Here: here, Person: v.person, Body: body, Nav: nav(v.person.Role),
		Finds: v.person.Role == clinical.Photographer || v.person.Role == clinical.Clinician,
		Fault: v.fault, Typed: v.typed, Faults: v.faults, Impact: v.impact,
	}
	if name == "edit" || name == "review" {
		f.Theme = "dark"
	}
	if v.status == 0 {
		f.Done = done(v.r.URL.Query().Get("done"))
	}
	f.Speaks = language(v)
	tasks, err := d.Gate.Tasks(v.ctx, v.caller)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if !t.Done() {
			f.Tasks++
		}
	}
	return d.render(v.w, cmp.Or(v.status, http.StatusOK), name, f)
}

func (d *door) render(w http.ResponseWriter, status int, name string, f frame) error {
	var b bytes.Buffer
	if err := d.views[name].ExecuteTemplate(&b, "frame.html", f); err != nil {
		return clinical.Errorf(clinical.Internal, "page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	allowed := "default-src 'none'; img-src 'self'; style-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if name == "edit" { // draws with a script of this server's; every other page has none
		allowed += "; script-src 'self'"
	}
	h.Set("Content-Security-Policy", allowed)
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Referrer-Policy") == "" {
		h.Set("Referrer-Policy", "same-origin")
	}
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // who asked may be gone
	return nil
}

// said is an error's status and plain words. A refused page looks like an
// absent one.
func said(err error) (status int, text string) {
	status, text = http.StatusInternalServerError, "Something went wrong on our side. Try again; if it stays, tell the administrator the time."
	switch clinical.KindOf(err) {
	case clinical.Invalid:
		status, text = http.StatusBadRequest, "Something is missing or not right. Go back, correct it and send it again."
	case clinical.NotFound:
		return http.StatusNotFound, "There is nothing here for you. It may have been withdrawn or refiled, or it is not yours to see."
	case clinical.Conflict:
		status, text = http.StatusConflict, "Somebody changed this meanwhile. Go back, read it again, then decide."
	case clinical.Unavailable:
		status, text = http.StatusServiceUnavailable, "Not possible right now. Try again in a moment."
	case clinical.Forbidden:
		status, text = http.StatusForbidden, "Your role does not include this. Ask somebody whose role does."
	case clinical.Internal, clinical.Corrupt:
	}
	if e, ok := errors.AsType[*clinical.Error](err); ok && e.Public != "" {
		text = e.Public
	}
	return status, text
}

// again is an act whose page is shown again where it is refused: with the
// reason, and with what was typed.
func (d *door) again(view, act func(*visit) error) func(*visit) error {
	return func(v *visit) error {
		err := act(v)
		switch clinical.KindOf(err) {
		case clinical.Invalid, clinical.Conflict, clinical.Forbidden:
		default:
			return err
		}
		v.status, v.fault = said(err)
		v.typed = v.r.PostForm
		if v.typed == nil {
			v.typed = url.Values{}
		}
		if view(v) != nil {
			return err
		}
		return nil
	}
}

// fail shows an error in plain words.
func (d *door) fail(w http.ResponseWriter, r *http.Request, err error) {
	if k := clinical.KindOf(err); (k == clinical.Internal || k == clinical.Corrupt) && d.Log != nil {
		d.Log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "err", err)
	}
	status, text := said(err)
	w.Header().Set("Cache-Control", "private, no-store")
	if later, ok := errors.AsType[*guard.Wait](err); ok {
		guard.SetRetryAfter(w.Header(), later.RetryAfter())
	}
	f := frame{Title: "Not done", Body: text}
	if rerr := d.render(w, status, "error", f); rerr != nil {
		http.Error(w, text, status)
	}
}
