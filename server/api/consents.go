package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
	"fovea/policy"
	"fovea/server/wire"
)

type paperBody struct {
	ID   clinical.PatientID `path:"id"`
	Body wire.PaperConsent
}

type grantPath struct {
	ID clinical.GrantID `path:"id"`
}

type grantReason struct {
	ID   clinical.GrantID `path:"id"`
	Body wire.Reason
}

type codeBody struct {
	ID   clinical.PatientID `path:"id"`
	Body wire.IssueCode
}

type codePath struct {
	ID clinical.CodeID `path:"id"`
}

type issuedCode struct {
	CacheControl string `header:"Cache-Control"`
	Body         wire.IssuedCode
}

type patientList struct {
	Page
	ID clinical.PatientID `path:"id"`
}

func (s *service) consents() {
	show(s, "/patients/{id}/consents", "consents", "What a patient allowed and refused", func(ctx context.Context, in *patientList) (wire.List[wire.Grant], error) {
		all, err := s.Gate.Grants(ctx, caller(ctx), in.ID)
		if err != nil {
			return wire.List[wire.Grant]{}, err
		}
		return paged(&in.Page, all, wire.ToGrant)
	})
	act(s, "POST /patients/{id}/consents/paper", "record-paper-consent", "Record a consent from a paper form with levels", func(in *paperBody) (clinical.Command, error) {
		levels, err := policy.PaperLevel(in.Body.Level, in.Body.NamedUse)
		if err != nil {
			return nil, err
		}
		all := in.Body.Clinical(in.ID, levels)
		return clinical.RecordConsent{Grant: all[0], Further: all[1:]}, nil
	})
	act(s, "POST /consents/{id}/mistaken", "mark-consent-mistaken", "Say that a consent was recorded by mistake: it stays listed and permits nothing", func(in *grantReason) (clinical.Command, error) {
		return clinical.MarkInError{Grant: in.ID, Reason: in.Body.Reason}, nil
	})
	s.codes()
	s.forms()
}

func (s *service) codes() {
	show(s, "/patients/{id}/codes", "codes", "A patient's withdrawal codes, without their secrets", func(ctx context.Context, in *patientList) (wire.List[wire.Code], error) {
		all, err := s.Gate.Codes(ctx, caller(ctx), in.ID)
		if err != nil {
			return wire.List[wire.Code]{}, err
		}
		return paged(&in.Page, all, wire.ToCode)
	})
	op := huma.Operation{OperationID: "issue-code", Method: http.MethodPost, Path: "/api/v1/patients/{id}/codes", Summary: "A code with which the patient can withdraw, shown once"}
	huma.Register(s.api, op, func(ctx context.Context, in *codeBody) (*issuedCode, error) {
		secret, err := s.Gate.IssueCode(ctx, caller(ctx), in.ID, in.Body.Grants)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &issuedCode{CacheControl: "private, no-store", Body: wire.IssuedCode{Secret: secret}}, nil
	})
	act(s, "POST /codes/{id}/revoke", "revoke-code", "Make a patient's code useless", func(in *codePath) (clinical.Command, error) {
		return clinical.RevokeCode{Code: in.ID}, nil
	})
}

// binary describes a body of bytes, which is read as it comes.
func binary(kinds ...string) *huma.RequestBody {
	body := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, kind := range kinds {
		body.Content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	return body
}

// forms are the scans of paper forms: what the patient signed.
func (s *service) forms() {
	op := huma.Operation{
		OperationID: "keep-form", Method: http.MethodPut, Path: "/api/v1/consents/{id}/form", Summary: "Keep the scan of a consent's paper form, sealed, at most 50 MB",
		Middlewares: huma.Middlewares{keepExchange}, RequestBody: binary("application/pdf", "image/jpeg", "image/png", "image/tiff"),
	}
	huma.Register(s.api, op, func(ctx context.Context, in *grantPath) (*resultOutput, error) {
		x, _ := ctx.Value(exchangeKey{}).(exchange)
		ch, err := s.Gate.KeepForm(ctx, caller(ctx), in.ID, x.r.Body)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &resultOutput{wire.Result{Seq: ch.Seq, IDs: []string{in.ID.String()}}}, nil
	})
	send(s, "/consents/{id}/form", "form", "The scan of a consent's paper form", func(ctx context.Context, in *grantPath) (leaving, error) {
		served, err := s.Gate.Form(ctx, caller(ctx), in.ID)
		if err != nil {
			return leaving{}, err
		}
		return leaving{mime: served.MIME, name: "consent-" + in.ID.String() + extension(served.MIME), write: func(_ context.Context, w io.Writer) error {
			defer func() { _ = served.Close() }()
			_, err := io.Copy(w, served)
			return err
		}}, nil
	})
}

// extension names a scan's file by what is in it.
func extension(mime string) string {
	switch mime {
	case "application/pdf":
		return ".pdf"
	case "image/png":
		return ".png"
	case "image/tiff":
		return ".tif"
	default:
		return ".jpg"
	}
}
