package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
	"fovea/server/wire"
)

// PaperQuery is how every document is asked for.
type PaperQuery struct {
	Edition  string `query:"edition" enum:"patient,governance" doc:"patient names nobody, governance names; absent: patient"`
	Language string `query:"language" maxLength:"35" doc:"en, fr or es"`
	Format   string `query:"format" enum:"pdf,json" doc:"absent: pdf"`
}

func (q PaperQuery) paper() wire.Paper {
	return wire.Paper{Edition: q.Edition, Language: q.Language, JSON: q.Format == "json"}
}

// leaving is a certificate's file.
func (q PaperQuery) leaving(name string, write func(context.Context, io.Writer) error) leaving {
	if q.Format == "json" {
		return leaving{mime: "application/json", name: name + ".json", write: write}
	}
	return leaving{mime: "application/pdf", name: name + ".pdf", write: write}
}

type certificateQuery struct {
	ID clinical.RecallID `path:"id"`
	PaperQuery
}

type erasureQuery struct {
	ID clinical.ErasureID `path:"id"`
	PaperQuery
}

type formQuery struct {
	Language string             `query:"language" maxLength:"35" doc:"en, fr or es"`
	Patient  clinical.PatientID `query:"patient" doc:"absent: an empty form"`
}

type copyForm struct {
	ID    clinical.PatientID `path:"id"`
	Grant clinical.GrantID   `path:"grant"`
	Body  struct {
		Code     string `json:"code,omitempty" maxLength:"80" doc:"the withdrawal code as issued, to be printed on the copy"`
		Language string `json:"language,omitempty" maxLength:"35"`
	}
}

type passwordOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         wire.ReleasePassword
}

type importedOutput struct{ Body wire.List[wire.Imported] }

// files are what leaves as one.
func (s *service) files() {
	send(s, "/recalls/{id}/certificate", "recall-certificate", "What a withdrawal, a refiling or an erasure certifies, with the ledger's proof", func(ctx context.Context, in *certificateQuery) (leaving, error) {
		c, how := caller(ctx), in.paper()
		return in.leaving("certificate-"+in.ID.String(), func(ctx context.Context, w io.Writer) error {
			return s.Papers.Certificate(ctx, c, in.ID, how, w)
		}), nil
	})
	send(s, "/recalls/{id}/proof", "recall-proof", "The ledger's proof of the act behind a recall (c2sp.org/tlog-proof)", func(ctx context.Context, in *recallPath) (leaving, error) {
		c := caller(ctx)
		return leaving{mime: "text/plain; charset=utf-8", name: "recall-" + in.ID.String() + ".tlog-proof", write: func(ctx context.Context, w io.Writer) error {
			return s.Papers.Proof(ctx, c, in.ID, w)
		}}, nil
	})
	send(s, "/erasures/{id}/certificate", "erasure-certificate", "What became of a request to erase, with the honest date", func(ctx context.Context, in *erasureQuery) (leaving, error) {
		c, how := caller(ctx), in.paper()
		return in.leaving("erasure-"+in.ID.String(), func(ctx context.Context, w io.Writer) error {
			return s.Papers.ErasureCertificate(ctx, c, in.ID, how, w)
		}), nil
	})
	send(s, "/consent-form", "consent-form", "A consent form to print, empty or with the patient's name", func(ctx context.Context, in *formQuery) (leaving, error) {
		return s.printForm(caller(ctx), wire.PrintForm{Patient: in.Patient, Language: in.Language}), nil
	})
	s.exchangedConsents()
	s.copies()
}

func (s *service) printForm(c clinical.Caller, f wire.PrintForm) leaving {
	return leaving{mime: "application/pdf", name: "consent-form.pdf", write: func(ctx context.Context, w io.Writer) error {
		return s.Papers.ConsentForm(ctx, c, f, w)
	}}
}

// exchangedConsents are a patient's consents as other systems read them.
func (s *service) exchangedConsents() {
	op := huma.Operation{
		OperationID: "consent-copy", Method: http.MethodPost, Path: "/api/v1/patients/{id}/consents/{grant}/copy", Summary: "The patient's copy of a consent, with the withdrawal code",
		Responses: map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/pdf": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}},
	}
	huma.Register(s.api, op, func(ctx context.Context, in *copyForm) (*huma.StreamResponse, error) {
		file := s.printForm(caller(ctx), wire.PrintForm{Patient: in.ID, Grant: in.Grant, Code: in.Body.Code, Language: in.Body.Language})
		return &huma.StreamResponse{Body: func(hc huma.Context) { s.sendFile(ctx, hc, file) }}, nil
	})
	send(s, "/patients/{id}/consents/fhir", "export-consents", "A patient's consents as a FHIR R4 Bundle of Consent resources", func(ctx context.Context, in *patientPath) (leaving, error) {
		c := caller(ctx)
		return leaving{mime: "application/fhir+json", name: "consents-" + in.ID.String() + ".json", write: func(ctx context.Context, w io.Writer) error {
			return s.Papers.ExportConsents(ctx, c, in.ID, w)
		}}, nil
	})
	op = huma.Operation{
		OperationID: "import-consents", Method: http.MethodPost, Path: "/api/v1/patients/{id}/consents/fhir", Summary: "Record the consents of a Bundle that was exported before",
		Middlewares: huma.Middlewares{keepExchange}, RequestBody: binary("application/fhir+json"),
	}
	huma.Register(s.api, op, func(ctx context.Context, in *patientPath) (*importedOutput, error) {
		x, _ := ctx.Value(exchangeKey{}).(exchange)
		all, err := s.Papers.ImportConsents(ctx, caller(ctx), in.ID, x.r.Body)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &importedOutput{wire.List[wire.Imported]{Items: all, Total: len(all)}}, nil
	})
}

// copies are what a release hands over: the password by one request, the copy by
// another, so that the two never travel together.
func (s *service) copies() {
	op := huma.Operation{OperationID: "release-password", Method: http.MethodPost, Path: "/api/v1/releases/{id}/password", Summary: "A new password for the copy that is fetched next, shown once"}
	huma.Register(s.api, op, func(ctx context.Context, in *releasePath) (*passwordOutput, error) {
		p, err := s.Papers.Password(ctx, caller(ctx), in.ID)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &passwordOutput{CacheControl: "private, no-store", Body: p}, nil
	})
	send(s, "/releases/{id}/content", "release-content", "The copy of a release, in its format", func(ctx context.Context, in *releasePath) (leaving, error) {
		c := caller(ctx)
		r, err := s.Gate.Release(ctx, c, in.ID)
		if err != nil {
			return leaving{}, err
		}
		file := leaving{mime: "application/zip", name: "release-" + in.ID.String() + ".zip", write: func(ctx context.Context, w io.Writer) error {
			return s.Papers.Release(ctx, c, in.ID, w)
		}}
		if r.Format == clinical.PrintPDF {
			file.mime, file.name = "application/pdf", "release-"+in.ID.String()+".pdf"
		}
		return file, nil
	})
}
