package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
	"fovea/server/wire"
)

type rosterBody struct {
	ID      clinical.SetID `path:"id"`
	IfMatch string         `header:"If-Match"`
	Check   bool           `query:"check" doc:"read the file and say what is wrong; change nothing"`
	RawBody []byte         `contentType:"text/csv"`
}

type rosterOutput struct{ Body wire.RosterReport }

type readersQuery struct {
	Page
	ID clinical.SetID `path:"id"`
}

// rosters are who reads a set: a file of them in, a list of them out.
func (s *service) rosters() {
	op := huma.Operation{
		OperationID: "import-roster", Method: http.MethodPut, Path: "/api/v1/sets/{id}/roster", MaxBodyBytes: 2 << 20,
		Summary: "Replace a set's readers by a CSV file: login, cohort, from, until",
	}
	huma.Register(s.api, op, s.importRoster)
	show(s, "/sets/{id}/readers", "readers", "Who reads a set, by name and for which term, for its owner", s.readers)
}

func (s *service) importRoster(ctx context.Context, in *rosterBody) (*rosterOutput, error) {
	rev, err := ifMatch(in.IfMatch)
	if err != nil && !in.Check {
		return nil, s.fail(ctx, err)
	}
	set, _, err := s.Gate.SetReport(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	f, err := wire.ReadRoster(in.RawBody, s.Gate.Person)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	set.Rev, set.Roster, set.Cohorts = rev, f.Readers, f.Cohorts
	report := wire.RosterReport{Readers: len(set.Readers()), Cohorts: len(f.Cohorts), Faults: append([]wire.RosterRow{}, f.Faults...)}
	if in.Check || len(f.Faults) > 0 {
		return &rosterOutput{report}, nil
	}
	done, err := s.do(ctx, clinical.ChangeSet{Set: set})
	if err != nil {
		return nil, err
	}
	report.Seq, report.Warning = done.Body.Seq, done.Body.Warning
	return &rosterOutput{report}, nil
}

func (s *service) readers(ctx context.Context, in *readersQuery) (wire.List[wire.Reader], error) {
	set, _, err := s.Gate.SetReport(ctx, caller(ctx), in.ID)
	if err != nil {
		return wire.List[wire.Reader]{}, err
	}
	now := s.Now()
	var all []wire.Reader
	add := func(id clinical.PersonID, c clinical.Cohort) {
		r := wire.Reader{Person: id, Cohort: c.Name, From: c.From, Until: c.Until}
		if p, ok := s.Gate.PersonByID(id); ok {
			r.Name, r.Role, r.Active = p.Name, p.Role, p.ActiveAt(now, s.Zone)
		}
		all = append(all, r)
	}
	for _, id := range set.Roster {
		add(id, clinical.Cohort{})
	}
	for _, c := range set.Cohorts {
		for _, id := range c.People {
			add(id, c)
		}
	}
	slices.SortStableFunc(all, func(a, b wire.Reader) int { return strings.Compare(a.Cohort+"\x00"+a.Name, b.Cohort+"\x00"+b.Name) })
	return paged(&in.Page, all, func(r wire.Reader) wire.Reader { return r })
}
