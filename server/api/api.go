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
	"fovea/server/guard"
	"fovea/server/wire"
)

// accounts is what the login door offers: passwords, sessions, devices.
type accounts interface {
	SetPassword(ctx context.Context, person clinical.PersonID, password string) error
	SignIn(w http.ResponseWriter, r *http.Request, login, password string) (clinical.Caller, error)
	SignOut(w http.ResponseWriter, r *http.Request) error
	IssueAppPassword(ctx context.Context, person clinical.PersonID, device string, sets []clinical.SetID, days int) (wire.AppPassword, error)
	IssueInboxPassword(ctx context.Context, person clinical.PersonID, device string, studio clinical.StudioID, days int) (wire.AppPassword, error)
	AppPasswords(ctx context.Context, person clinical.PersonID) ([]wire.AppPassword, error)
	RevokeAppPassword(ctx context.Context, person clinical.PersonID, id string) error
	Lasts(r *http.Request) bool
	Confirm(r *http.Request, caller clinical.Caller, password string) (time.Time, error)
}

// papers make what leaves as a file. Each asks the gate for the caller first,
// and writes nothing where it fails before its end, but for the copy of a
// release that is withdrawn while it is sent.
type papers interface {
	// Certificate writes what a recall certifies, with the ledger's proof.
	Certificate(ctx context.Context, c clinical.Caller, id clinical.RecallID, how wire.Paper, w io.Writer) error
	// ErasureCertificate writes what became of a request to erase.
	ErasureCertificate(ctx context.Context, c clinical.Caller, id clinical.ErasureID, how wire.Paper, w io.Writer) error
	// Proof writes the ledger's proof of the act behind a recall.
	Proof(ctx context.Context, c clinical.Caller, id clinical.RecallID, w io.Writer) error
	// ConsentForm writes a form to print.
	ConsentForm(ctx context.Context, c clinical.Caller, form wire.PrintForm, w io.Writer) error
	// Password makes the password of the copy that Release writes next.
	Password(ctx context.Context, c clinical.Caller, id clinical.ReleaseID) (wire.ReleasePassword, error)
	// Release writes the copy of a release.
	Release(ctx context.Context, c clinical.Caller, id clinical.ReleaseID, w io.Writer) error
	// ExportConsents writes a patient's consents as a FHIR R4 Bundle, and
	// ImportConsents records those of one.
	ExportConsents(ctx context.Context, c clinical.Caller, patient clinical.PatientID, w io.Writer) error
	ImportConsents(ctx context.Context, c clinical.Caller, patient clinical.PatientID, r io.Reader) ([]wire.Imported, error)
}

// operations are the long acts of the machine's owner.
type operations interface {
	Import(ctx context.Context, in wire.ImportFiles, progress func(done, total int)) (any, error)
	Fsck(ctx context.Context, deep bool, progress func(done, total int)) (any, error)
	Reindex(ctx context.Context, progress func(done, total int)) (any, error)
	// DropRenditions gives up the bytes of all renditions, which are made again.
	DropRenditions(ctx context.Context, c clinical.Caller, progress func(done, total int)) (any, error)
	ExportAudit(ctx context.Context, w io.Writer) error
	// Prove returns the proof of the change with a number, or of a recall's.
	Prove(ctx context.Context, seq uint64, recall clinical.RecallID) (any, error)
	// ProvePaper returns the proof that a paper with this SHA-256 was issued.
	ProvePaper(ctx context.Context, sum string) (any, error)
}

// Options are what the door needs.
type Options struct {
	Gate         *policy.Gate
	Authenticate func(*http.Request) (clinical.Caller, error)
	Accounts     accounts
	Operations   operations // nil: no operator's door
	Papers       papers     // nil: nothing leaves as a file
	Finder       finder     // nil: nobody suggests what to mask
	Meter        meter      // nil: nobody measures colours
	Tracer       tracer     // nil: nobody looks for marks
	Aligner      aligner    // nil: nobody lays pictures over one another
	Now          func() time.Time
	Zone         *time.Location // the site's
	Rules        []clinical.IdentifierRule
	// Sheet draws a job's sheet as PDF, its QR code being the ID shot.
	Sheet   func(clinical.Job, clinical.Patient) ([]byte, error)
	Log     *slog.Logger
	Version string
}

type service struct {
	Options
	api  huma.API
	ways guard.Tickets[way] // in, from the hospital's patient record
}

type callerKey struct{}

// New returns the handler for /api/v1/, /img/ and /launch/.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
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
	s.edits()
	s.shared()
	s.alignments()
	s.sets()
	s.sessions()
	s.feed()
	s.consents()
	s.recalls()
	s.glass()
	s.records()
	s.lesions()
	s.releases()
	s.erasures()
	s.answers()
	s.launch(mux)
	if o.Papers != nil {
		s.files()
	}
	if o.Tracer != nil {
		s.leaks()
	}
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

// act registers an operation, such as "POST /jobs", that is one command, and
// beside it, under /simulate, one that says what the command would do to the
// sets that people read, and does nothing.
func act[I any](s *service, pattern, id, summary string, command func(*I) (clinical.Command, error)) {
	method, path, _ := strings.Cut(pattern, " ")
	op := huma.Operation{OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, MaxBodyBytes: 4 << 20, BodyReadTimeout: 30 * time.Second}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*resultOutput, error) {
		cmd, err := command(in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return s.do(ctx, cmd)
	})
	op.OperationID, op.Path, op.Summary = "simulate-"+id, "/api/v1/simulate"+path, "What would come of it: "+summary
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*impactOutput, error) {
		cmd, err := command(in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		impact, err := s.Gate.Simulate(ctx, caller(ctx), cmd)
		if err != nil {
			return nil, s.failAct(ctx, cmd, err)
		}
		return &impactOutput{wire.ToImpact(impact)}, nil
	})
}

// impactOutput wraps what every simulated act answers.
type impactOutput struct{ Body wire.Impact }

// do carries a command out and says what it came to.
func (s *service) do(ctx context.Context, cmd clinical.Command) (*resultOutput, error) {
	ch, err := s.Gate.Do(ctx, caller(ctx), cmd)
	if err != nil {
		return nil, s.failAct(ctx, cmd, err)
	}
	return &resultOutput{resultOf(cmd, ch)}, nil
}

// resultOf says what a change came to.
func resultOf(cmd clinical.Command, ch clinical.Change) wire.Result {
	out := wire.Result{Seq: ch.Seq, IDs: idsOf(cmd, ch.Delta)}
	if ch.Rule == policy.RosterOverAudience {
		out.Warning = ch.Rule
	}
	for _, r := range ch.Recalls {
		out.Recall = r.ID
	}
	return out
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
	switch cmd.(type) {
	case clinical.AddPerson, clinical.ChangePerson:
		return texts(d.People, func(p clinical.Person) clinical.PersonID { return p.ID })
	case clinical.AddPatient, clinical.ChangePatient, clinical.MergePatients, clinical.UnmergePatients:
		return texts(d.Patients, func(p clinical.Patient) clinical.PatientID { return p.ID })
	case clinical.OpenEncounter:
		return texts(d.Encounters, func(e clinical.Encounter) clinical.EncounterID { return e.ID })
	case clinical.OpenLesion, clinical.ChangeLesion:
		return texts(d.Lesions, func(l clinical.Lesion) clinical.LesionID { return l.ID })
	case clinical.AddJobs, clinical.ChangeJob:
		return texts(d.Jobs, func(j clinical.Job) clinical.JobID { return j.ID })
	case clinical.ChangeSession:
		return texts(d.Sessions, func(s clinical.Session) clinical.SessionID { return s.ID })
	case clinical.RecordConsent, clinical.WithdrawConsent, clinical.MarkInError:
		return texts(d.Grants, func(g clinical.Grant) clinical.GrantID { return g.ID })
	case clinical.PlaceHold, clinical.LiftHold:
		return texts(d.Holds, func(h clinical.Hold) clinical.HoldID { return h.ID })
	case clinical.CreateSet, clinical.ChangeSet, clinical.SubmitSet, clinical.PublishSet, clinical.CloseSet:
		return texts(d.Sets, func(s clinical.TeachingSet) clinical.SetID { return s.ID })
	case clinical.AddToSet, clinical.RemoveFromSet:
		return texts(d.Items, func(i clinical.SetItem) clinical.ItemID { return i.ID })
	default:
		return idsOfConsequence(cmd, d)
	}
}

// idsOfConsequence names what a command made of what acts set in motion.
func idsOfConsequence(cmd clinical.Command, d clinical.Delta) []string {
	switch cmd.(type) {
	case clinical.FinishTask:
		return texts(d.Tasks, func(t clinical.Task) clinical.TaskID { return t.ID })
	case clinical.RevokeCode:
		return texts(d.Codes, func(c clinical.PatientCode) clinical.CodeID { return c.ID })
	case clinical.BreakTheGlass, clinical.ReviewGlass:
		return texts(d.Glasses, func(b clinical.BreakGlass) clinical.BreakGlassID { return b.ID })
	case clinical.MakeRelease, clinical.DeliverRelease, clinical.EndRelease:
		return texts(d.Releases, func(r clinical.Release) clinical.ReleaseID { return r.ID })
	case clinical.RequestErasure, clinical.DecideErasure:
		return texts(d.Erasures, func(e clinical.Erasure) clinical.ErasureID { return e.ID })
	case clinical.KeepUntil:
		return texts(d.Retentions, func(r clinical.Retention) clinical.RetentionID { return r.ID })
	default:
		return texts(d.Assets, func(a clinical.Asset) clinical.AssetID { return a.ID })
	}
}

func texts[R, K any](records []R, id func(R) clinical.ID[K]) []string {
	out := make([]string, 0, len(records))
	for _, r := range records {
		out = append(out, id(r).String())
	}
	return out
}
