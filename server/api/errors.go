package api

import (
	"context"
	"net/http"

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
}

// Error is the text for a person.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

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
	case "stale":
		status = http.StatusPreconditionFailed
	}
	if text := publicText(err); text != "" {
		detail = text
	}
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Reason: reason}
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
	if p.Status == http.StatusUnauthorized {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="Fovea"`)
	}
	ctx.SetStatus(p.Status)
	return api.Marshal(ctx.BodyWriter(), "application/json", p)
}

// keepInputPrivate takes the rejected values out of the library's own
// validation errors: what a person typed may be about a patient.
func keepInputPrivate(_ huma.Context, _ string, v any) (any, error) {
	if m, ok := v.(*huma.ErrorModel); ok {
		clean := *m
		clean.Errors = nil
		for _, d := range m.Errors {
			clean.Errors = append(clean.Errors, &huma.ErrorDetail{Message: d.Message, Location: d.Location})
		}
		return &clean, nil
	}
	return v, nil
}
