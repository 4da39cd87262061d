package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
	"fovea/server/wire"
)

type patientBody struct{ Body wire.Patient }

type patientChange struct {
	ID      clinical.PatientID `path:"id"`
	IfMatch string             `header:"If-Match"`
	Body    wire.Patient
}

type patientPath struct {
	ID clinical.PatientID `path:"id"`
}

// PatientQuery is how patients are listed.
type PatientQuery struct {
	Page
	InAddress
}

type patientWords struct {
	PatientQuery
	WordsBody
}

type numberBody struct{ Body wire.Identifier }

type numberedOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         wire.Numbered
}

type grantBody struct {
	ID   clinical.PatientID `path:"id"`
	Body wire.Grant
}

type withdrawBody struct {
	ID   clinical.PatientID `path:"id"`
	Body wire.Withdraw
}

type holdBody struct{ Body wire.Hold }

type holdPath struct {
	ID   clinical.HoldID `path:"id"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (s *service) patients() {
	show(s, "/patients", "patients", "Patients the caller may know of", func(ctx context.Context, in *PatientQuery) (wire.List[wire.Patient], error) {
		return s.known(ctx, in, "")
	})
	look(s, "/patients/search", "search-patients", "Those of them by family name, given name or number", func(ctx context.Context, in *patientWords) (wire.List[wire.Patient], error) {
		return s.known(ctx, &in.PatientQuery, in.Body.Text)
	})
	show(s, "/patients/{id}", "patient", "A patient's timeline", func(ctx context.Context, in *patientPath) (wire.PatientPage, error) {
		p, err := s.Gate.PatientPage(ctx, caller(ctx), in.ID)
		return wire.ToPatientPage(p), err
	})
	find := huma.Operation{OperationID: "find-patient", Method: http.MethodPost, Path: "/api/v1/patients/find", Summary: "Whose number this is; the number stands in no address", MaxBodyBytes: 16 << 10}
	huma.Register(s.api, find, s.numbered)
	act(s, "POST /patients", "add-patient", "Register a patient", func(in *patientBody) (clinical.Command, error) {
		p, err := s.checked(in.Body.Clinical())
		return clinical.AddPatient{Patient: p}, err
	})
	act(s, "PUT /patients/{id}", "change-patient", "Correct what is known of a patient", func(in *patientChange) (clinical.Command, error) {
		rev, err := ifMatch(in.IfMatch)
		if err != nil {
			return nil, err
		}
		p, err := s.checked(in.Body.Clinical())
		p.ID, p.Rev = in.ID, rev
		return clinical.ChangePatient{Patient: p}, err
	})
	act(s, "POST /patients/{id}/consents", "record-consent", "Record what the patient allows or refuses", func(in *grantBody) (clinical.Command, error) {
		return clinical.RecordConsent{Grant: in.Body.Clinical(in.ID)}, nil
	})
	act(s, "POST /patients/{id}/withdrawals", "withdraw-consent", "Take a consent back, effective at once", func(in *withdrawBody) (clinical.Command, error) {
		return clinical.WithdrawConsent{Patient: in.ID, Grant: in.Body.Grant, Reason: in.Body.Reason}, nil
	})
	act(s, "POST /holds", "place-hold", "Forbid acts on pictures", func(in *holdBody) (clinical.Command, error) {
		h := in.Body
		return clinical.PlaceHold{Hold: clinical.Hold{Kind: h.Kind, Patient: h.Patient, Assets: h.Assets, Reason: h.Reason}}, nil
	})
	act(s, "POST /holds/{id}/lift", "lift-hold", "End a hold", func(in *holdPath) (clinical.Command, error) {
		return clinical.LiftHold{Hold: in.ID, Reason: in.Body.Reason}, nil
	})
}

// known lists the patients the caller may know of, those that words are about where there are any.
func (s *service) known(ctx context.Context, in *PatientQuery, text string) (wire.List[wire.Patient], error) {
	if err := in.refuse(); err != nil {
		return wire.List[wire.Patient]{}, err
	}
	all, err := s.Gate.Patients(ctx, caller(ctx), text)
	if err != nil {
		return wire.List[wire.Patient]{}, err
	}
	return paged(&in.Page, all, wire.ToPatient)
}

// checked verifies each number by its system's rule.
func (s *service) checked(p clinical.Patient) (clinical.Patient, error) {
	for i, id := range p.Identifiers {
		parsed, err := s.identifier(id.System, id.Value)
		if err != nil {
			return p, err
		}
		p.Identifiers[i] = parsed
	}
	return p, nil
}

// numbered answers whose number it is.
func (s *service) numbered(ctx context.Context, in *numberBody) (*numberedOutput, error) {
	number, err := s.identifier(in.Body.System, in.Body.Value)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	p, err := s.Gate.PatientByNumber(ctx, caller(ctx), number)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	record, err := s.Gate.RecordByNumber(ctx, caller(ctx), number)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &numberedOutput{CacheControl: "private, no-store", Body: wire.Numbered{ID: p.ID, Record: record}}, nil
}

func (s *service) identifier(system, value string) (clinical.Identifier, error) {
	for _, r := range s.Rules {
		if r.System == system {
			return r.Parse(value)
		}
	}
	return clinical.Identifier{}, clinical.Refuse(clinical.Invalid, "identifier-system", "This kind of number is not configured here. Choose one of the configured systems.")
}
