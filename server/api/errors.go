package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
)

// unauthenticated is not a Kind of the vocabulary: only a door knows it.
const unauthenticated clinical.Kind = 255

// Problem is the body of every error (RFC 9457) with a stable reason code.
type Problem struct {
	Type   string          `json:"type"`
	Title  string          `json:"title"`
	Status int             `json:"status"`
	Detail string          `json:"detail" doc:"for the person; says what to do next"`
	Reason clinical.Reason `json:"reason,omitempty" doc:"stable code"`
	Errors []Fault         `json:"errors,omitempty" doc:"what of the request is wrong"`

	after time.Duration // when to try again; 0: not said
}

// Error is the text for a person.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders says when to try again, in whole seconds.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.after > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.after+time.Second-1)/time.Second), 10))
	}
	return h
}

// problem is the one table from kinds to HTTP.
func problem(err error) *Problem {
	status, detail := http.StatusInternalServerError, "Something went wrong on our side. Try again; if it stays, tell the administrator the time."
	switch clinical.KindOf(err) {
	case unauthenticated:
		status, detail = http.StatusUnauthorized, "Sign in first."
	case clinical.Invalid:
		status, detail = http.StatusBadRequest, "The request is not complete or not right. Correct it and send it again."
	case clinical.NotFound:
		status, detail = http.StatusNotFound, "There is nothing here for you."
	case clinical.Conflict:
		status, detail = http.StatusConflict, "Somebody changed this meanwhile, or it exists already. Read it again, then decide."
	case clinical.Unavailable:
		status, detail = http.StatusServiceUnavailable, "Not possible right now. Try again in a moment."
	case clinical.Forbidden:
		status, detail = http.StatusForbidden, "Your role does not include this. Ask somebody whose role does."
	case clinical.Internal, clinical.Corrupt:
	}
	reason := clinical.ReasonOf(err)
	switch reason {
	case "disk-full":
		status = http.StatusInsufficientStorage
	case "too-many-attempts":
		status = http.StatusTooManyRequests
	case "if-match-missing":
		status = http.StatusPreconditionRequired
	default: // told by its kind
	}
	if text := publicText(err); text != "" {
		detail = text
	}
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Reason: reason}
	var later interface{ RetryAfter() time.Duration }
	if errors.As(err, &later) {
		p.after = later.RetryAfter()
	}
	return p
}

// publicText finds the words meant for the person, if an error carries any.
func publicText(err error) string {
	for err != nil {
		e, ok := asError(err)
		if !ok {
			return ""
		}
		if e.Public != "" {
			return e.Public
		}
		err = e.Err
	}
	return ""
}

// failAct is fail, where an edit of an older version is a failed precondition.
func (s *service) failAct(ctx context.Context, cmd clinical.Command, err error) error {
	switch cmd.(type) {
	case clinical.ChangePerson, clinical.ChangePatient, clinical.ChangeJob, clinical.DescribeAsset, clinical.ChangeSet,
		clinical.ChangeSession, clinical.ChangeLesion, clinical.PublishSet:
		if clinical.ReasonOf(err) == "changed-meanwhile" {
			p := problem(err)
			p.Status, p.Title = http.StatusPreconditionFailed, http.StatusText(http.StatusPreconditionFailed)
			return p
		}
	}
	return s.fail(ctx, err)
}

// fail logs what is ours and answers with the problem.
func (s *service) fail(ctx context.Context, err error) error {
	p := problem(err)
	if p.Status == http.StatusInternalServerError && s.Log != nil {
		s.Log.ErrorContext(ctx, "request failed", "kind", clinical.KindOf(err).String(), "err", err)
	}
	return p
}

func writeProblem(api huma.API, ctx huma.Context, p *Problem) error {
	ctx.SetHeader("Content-Type", "application/problem+json")
	for name := range p.GetHeaders() {
		ctx.SetHeader(name, p.GetHeaders().Get(name))
	}
	if p.Status == http.StatusUnauthorized {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="Fovea"`)
	}
	ctx.SetStatus(p.Status)
	return api.Marshal(ctx.BodyWriter(), "application/json", p)
}

// keepInputPrivate gives the library's own validation errors the shape of every
// other, without the rejected values: what a person typed may be about a
// patient, the name of a field that nobody asked for included.
func keepInputPrivate(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := problem(clinical.Refuse(clinical.Invalid, "validation", "The request is not complete or not right. Correct what is named and send it again."))
	p.Status, p.Title = m.Status, http.StatusText(m.Status)
	for _, d := range m.Errors {
		f := Fault{Message: d.Message, Location: d.Location}
		switch {
		case strings.HasPrefix(d.Message, "unexpected property"):
			f = Fault{Message: "a field is not known", Location: "body"}
		case d.Location == "" || d.Location == "body":
			f.Message = "the body cannot be read as JSON of this shape"
		}
		p.Errors = append(p.Errors, f)
	}
	return p, nil
}

// Fault is one thing that is wrong with a request.
type Fault struct {
	Message  string `json:"message"`
	Location string `json:"location,omitempty"`
}
