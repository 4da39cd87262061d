package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
	"fovea/server/wire"
)

type jobsBody struct {
	Body struct {
		Jobs []wire.Job `json:"jobs" minItems:"1" maxItems:"1000"`
	}
}

type jobPath struct {
	ID clinical.JobID `path:"id"`
}

type jobChange struct {
	ID      clinical.JobID `path:"id"`
	IfMatch string         `header:"If-Match"`
	Body    wire.Job
}

type sheetOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Disposition  string `header:"Content-Disposition"`
	Body         []byte
}

func (s *service) jobs() {
	show(s, "/jobs", "jobs", "Requests for pictures", func(ctx context.Context, in *Page) (wire.List[wire.Job], error) {
		all, err := s.Gate.Jobs(ctx, caller(ctx))
		if err != nil {
			return wire.List[wire.Job]{}, err
		}
		return paged(in, all, wire.ToJob)
	})
	op := huma.Operation{OperationID: "add-jobs", Method: http.MethodPost, Path: "/api/v1/jobs", Summary: "Record requests for pictures", MaxBodyBytes: 4 << 20}
	huma.Register(s.api, op, s.addJobs)
	act(s, "PUT /jobs/{id}", "change-job", "Change a request", func(in *jobChange) (clinical.Command, error) {
		rev, err := ifMatch(in.IfMatch)
		j := in.Body.Clinical()
		j.ID, j.Rev = in.ID, rev
		return clinical.ChangeJob{Job: j}, err
	})
	sheet := huma.Operation{OperationID: "job-sheet", Method: http.MethodGet, Path: "/api/v1/jobs/{id}/sheet", Summary: "The sheet to print; its code is the ID shot"}
	huma.Register(s.api, sheet, s.sheet)
}

// addJobs resolves numbers to patients first: an unknown one fails the whole.
func (s *service) addJobs(ctx context.Context, in *jobsBody) (*resultOutput, error) {
	cmd := clinical.AddJobs{}
	for _, w := range in.Body.Jobs {
		j := w.Clinical()
		if j.Patient.IsZero() && w.PatientRef != nil {
			id, err := s.identifier(w.PatientRef.System, w.PatientRef.Value)
			if err != nil {
				return nil, s.fail(ctx, err)
			}
			p, err := s.Gate.PatientByNumber(ctx, caller(ctx), id)
			if err != nil {
				return nil, s.fail(ctx, err)
			}
			j.Patient = p.ID
		}
		cmd.Jobs = append(cmd.Jobs, j)
	}
	return s.do(ctx, cmd)
}

func (s *service) sheet(ctx context.Context, in *jobPath) (*sheetOutput, error) {
	job, patient, err := s.Gate.Job(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	pdf, err := s.Sheet(job, patient)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &sheetOutput{
		ContentType: "application/pdf", CacheControl: "private, no-store",
		Disposition: `inline; filename="job-` + in.ID.String() + `.pdf"`, Body: pdf,
	}, nil
}
