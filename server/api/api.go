// Package api is the JSON door: /api/v1 with its OpenAPI 3.1 description, the
// change feed, and the pictures that pages and clients show under /img.
//
// Every handler turns a request into one call of policy.Gate and the answer
// into a shape of package wire. It decides nothing about who may see what, and
// it never names vault or index. Errors are problem+json (RFC 9457) from one
// table, errors.go. Start reading at New, then acts.go.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"fovea/clinical"
	"fovea/policy"
	"fovea/server/wire"
)

// accounts is what the login door offers: passwords, sessions, devices.
type accounts interface {
	SetPassword(ctx context.Context, person clinical.PersonID, password string) error
	SignIn(w http.ResponseWriter, r *http.Request, login, password string) (clinical.Caller, error)
	SignOut(w http.ResponseWriter, r *http.Request) error
	IssueAppPassword(ctx context.Context, person clinical.PersonID, device string, sets []clinical.SetID, days int) (wire.AppPassword, error)
	AppPasswords(ctx context.Context, person clinical.PersonID) ([]wire.AppPassword, error)
	RevokeAppPassword(ctx context.Context, person clinical.PersonID, id string) error
	Lasts(r *http.Request) bool
}

// operations are the long acts of the machine's owner.
type operations interface {
	Import(ctx context.Context, in wire.ImportFiles, progress func(done, total int)) (any, error)
	Fsck(ctx context.Context, deep bool, progress func(done, total int)) (any, error)
	Reindex(ctx context.Context, progress func(done, total int)) (any, error)
	ExportAudit(ctx context.Context, w io.Writer) error
	// Prove returns the proof of the change with a number, or of a recall's.
	Prove(ctx context.Context, seq uint64, recall clinical.RecallID) (any, error)
}

// Options are what the door needs.
type Options struct {
	Gate         *policy.Gate
	Authenticate func(*http.Request) (clinical.Caller, error)
	Accounts     accounts
	Operations   operations // nil: no operator's door
	Rules        []clinical.IdentifierRule
	// Sheet draws a job's sheet as PDF, its QR code being the ID shot.
	Sheet   func(clinical.Job, clinical.Patient) ([]byte, error)
	Log     *slog.Logger
	Version string
}

type service struct {
	Options
	api huma.API
}

type callerKey struct{}

// New returns the handler for /api/v1/ and /img/.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	cfg := huma.DefaultConfig("Fovea", o.Version)
	cfg.Info.Description = "Clinical photographs, each shown to exactly those whom its patient's consent allows."
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "/api/v1/openapi", "", ""
	cfg.CreateHooks = nil
	cfg.Transformers = append(cfg.Transformers, keepInputPrivate)
	s := &service{Options: o, api: humago.New(mux, cfg)}
	s.api.UseMiddleware(s.identify)
	s.people()
	s.patients()
	s.jobs()
	s.arrivals()
	s.assets()
	s.sets()
	s.sessions()
	s.feed()
	if o.Operations != nil {
		s.operator(mux)
	}
	mux.HandleFunc("GET /img/{asset}/{kind}", s.image)
	return mux
}

// identify puts the caller into the context, or answers 401. The machine's
// owner, who may know it, is told when nobody may act under the login they name.
func (s *service) identify(ctx huma.Context, next func(huma.Context)) {
	if ctx.Operation().Metadata["open"] == true {
		next(ctx)
		return
	}
	r, _ := humago.Unwrap(ctx)
	caller, err := s.Authenticate(r)
	if err != nil {
		p := problem(err)
		told := p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable || caller.Operator != ""
		if !told {
			p = problem(clinical.Refuse(unauthenticated, "sign-in", "Sign in first."))
		}
		_ = writeProblem(s.api, ctx, p)
		return
	}
	next(huma.WithValue(ctx, callerKey{}, caller))
}

func caller(ctx context.Context) clinical.Caller {
	c, _ := ctx.Value(callerKey{}).(clinical.Caller)
	return c
}

// resultOutput wraps what every act answers.
type resultOutput struct{ Body wire.Result }

// act registers an operation, such as "POST /jobs", that is one command.
func act[I any](s *service, pattern, id, summary string, command func(*I) (clinical.Command, error)) {
	method, path, _ := strings.Cut(pattern, " ")
	op := huma.Operation{OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, MaxBodyBytes: 4 << 20, BodyReadTimeout: 30 * time.Second}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*resultOutput, error) {
		cmd, err := command(in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		ch, err := s.Gate.Do(ctx, caller(ctx), cmd)
		if err != nil {
			return nil, s.failAct(ctx, cmd, err)
		}
		return &resultOutput{wire.Result{Seq: ch.Seq, IDs: idsOf(cmd, ch.Delta)}}, nil
	})
}

// show registers an operation that only answers.
func show[I, O any](s *service, path, id, summary string, answer func(context.Context, *I) (O, error)) {
	type output struct {
		CacheControl string `header:"Cache-Control"`
		Body         O
	}
	op := huma.Operation{OperationID: id, Method: http.MethodGet, Path: "/api/v1" + path, Summary: summary}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*output, error) {
		body, err := answer(ctx, in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &output{CacheControl: "private, no-store", Body: body}, nil
	})
}

// idsOf names what a command made or changed.
func idsOf(cmd clinical.Command, d clinical.Delta) []string {
	out := []string{}
	switch cmd.(type) {
	case clinical.AddPerson, clinical.ChangePerson:
		for _, p := range d.People {
			out = append(out, p.ID.String())
		}
	case clinical.AddPatient, clinical.ChangePatient:
		for _, p := range d.Patients {
			out = append(out, p.ID.String())
		}
	case clinical.OpenEncounter:
		for _, e := range d.Encounters {
			out = append(out, e.ID.String())
		}
	case clinical.AddJobs, clinical.ChangeJob:
		for _, j := range d.Jobs {
			out = append(out, j.ID.String())
		}
	case clinical.RecordConsent, clinical.WithdrawConsent:
		for _, g := range d.Grants {
			out = append(out, g.ID.String())
		}
	case clinical.PlaceHold, clinical.LiftHold:
		for _, h := range d.Holds {
			out = append(out, h.ID.String())
		}
	case clinical.CreateSet, clinical.ChangeSet, clinical.SubmitSet, clinical.PublishSet, clinical.CloseSet:
		for _, x := range d.Sets {
			out = append(out, x.ID.String())
		}
	case clinical.AddToSet, clinical.RemoveFromSet:
		for _, i := range d.Items {
			out = append(out, i.ID.String())
		}
	default:
		for _, a := range d.Assets {
			out = append(out, a.ID.String())
		}
	}
	return out
}
