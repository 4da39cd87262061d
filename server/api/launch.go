package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
	"fovea/server/wire"
)

// launchFor is how long a ticket is good.
const launchFor = time.Minute

// signInFor is how long a way in is kept for somebody who has to sign in first.
const signInFor = 10 * time.Minute

// way leads to one patient, once.
type way struct {
	patient clinical.PatientID
	job     clinical.JobID
	expires time.Time
	kept    bool // for somebody who signs in
}

// keep exchanges a ticket, once, for one that lasts while its holder signs in.
// What is no ticket is exchanged for what looks like one.
func (s *service) keep(secret string, now time.Time) string {
	one, ok := s.ways.Take(secret, now)
	if !ok {
		return rand.Text()
	}
	if !one.kept {
		one.kept, one.expires = true, now.Add(signInFor)
	}
	return s.ways.Issue(one, one.expires, now)
}

type launchBody struct{ Body wire.Launch }

type launchedOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         wire.Launched
}

// launch leads from the hospital's patient record to a patient's page here. The
// number travels in the body of a POST; the address that a browser opens holds a
// ticket that says nothing, works once and for a minute. It signs nobody in: the
// page asks the gate as always.
func (s *service) launch(mux *http.ServeMux) {
	op := huma.Operation{OperationID: "launch", Method: http.MethodPost, Path: "/api/v1/launch", Summary: "A ticket to a patient's page, good once and for a minute", MaxBodyBytes: 16 << 10}
	huma.Register(s.api, op, func(ctx context.Context, in *launchBody) (*launchedOutput, error) {
		out, err := s.sell(ctx, in.Body)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &launchedOutput{CacheControl: "private, no-store", Body: out}, nil
	})
	mux.HandleFunc("GET /launch/{ticket}", s.land)
}

func (s *service) sell(ctx context.Context, in wire.Launch) (wire.Launched, error) {
	number, err := s.identifier(in.Patient.System, in.Patient.Value)
	if err != nil {
		return wire.Launched{}, err
	}
	p, err := s.Gate.PatientByNumber(ctx, caller(ctx), number)
	if err != nil {
		return wire.Launched{}, err
	}
	one := way{patient: p.ID, expires: s.Now().Add(launchFor)}
	if in.Job != "" {
		if one.job, err = s.jobOf(ctx, p.ID, in.Job); err != nil {
			return wire.Launched{}, err
		}
	}
	secret := s.ways.Issue(one, one.expires, s.Now())
	return wire.Launched{Path: "/launch/" + secret, Expires: one.expires.UTC()}, nil
}

// jobOf finds a job of the patient's on the caller's worklist.
func (s *service) jobOf(ctx context.Context, patient clinical.PatientID, number string) (clinical.JobID, error) {
	all, err := s.Gate.Jobs(ctx, caller(ctx))
	if err != nil {
		return clinical.JobID{}, err
	}
	for _, j := range all {
		if j.Number == number && j.Patient == patient {
			return j.ID, nil
		}
	}
	return clinical.JobID{}, clinical.ErrNotFound
}

// again is what a browser is given that comes from another site: it does not
// bring its session along there (SameSite=Strict), but does from here.
const again = `<!doctype html><meta charset="utf-8"><title>Fovea</title><meta http-equiv="refresh" content="0; url=?here=1"><p><a href="?here=1">Go on</a></p>`

// land redirects who is signed in to the patient's page, and who is not to the
// form with another ticket, which leads back here. A ticket that is not,
// or no longer, good answers as one that never was.
func (s *service) land(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("Referrer-Policy", "no-referrer")
	if _, err := s.Authenticate(r); err != nil {
		if r.URL.Query().Get("here") != "" {
			http.Redirect(w, r, "/login?way="+s.keep(r.PathValue("ticket"), s.Now()), http.StatusSeeOther) //nolint:gosec // G710: keep returns letters and digits of its own making
			return
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'")
		_, _ = w.Write([]byte(again)) // a browser that has left needs nothing
		return
	}
	one, ok := s.ways.Take(r.PathValue("ticket"), s.Now())
	if !ok {
		http.Error(w, "This way in was used already, or its minute is over. Open the patient again from where you came.", http.StatusNotFound)
		return
	}
	to := "/patients/" + one.patient.String()
	if !one.job.IsZero() {
		to += "?job=" + one.job.String()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
