package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
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
	f := rosterFile{people: s.Gate.Person, term: map[string]int{}, seen: map[string]int{}}
	if err := f.read(in.RawBody); err != nil {
		return nil, s.fail(ctx, err)
	}
	set.Rev, set.Roster, set.Cohorts = rev, f.roster, f.cohorts
	report := wire.RosterReport{Readers: len(set.Readers()), Cohorts: len(f.cohorts), Faults: append([]wire.RosterRow{}, f.faults...)}
	if in.Check || len(f.faults) > 0 {
		return &rosterOutput{report}, nil
	}
	done, err := s.do(ctx, clinical.ChangeSet{Set: set})
	if err != nil {
		return nil, err
	}
	report.Seq, report.Warning = done.Body.Seq, done.Body.Warning
	return &rosterOutput{report}, nil
}

// rosterFile is a roster as it is read: who is known, in which cohort, for which
// term. A row without a cohort is for as long as the set is open.
type rosterFile struct {
	people  func(login string) (clinical.Person, bool)
	roster  []clinical.PersonID
	cohorts []clinical.Cohort
	faults  []wire.RosterRow
	term    map[string]int // cohort by its name in lower case → its place
	seen    map[string]int // login and cohort → row
}

const maxRoster = 10_000

// read reads every row; what is wrong with one does not hide what is wrong with
// the next.
func (f *rosterFile) read(text []byte) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	if first, _, _ := bytes.Cut(text, []byte("\n")); bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';' // as a spreadsheet saves it in half of Europe
	}
	head, err := r.Read()
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "roster-heading", "The first row names the columns: login, and if wanted cohort, from, until. Add it.")
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	if _, ok := at["login"]; !ok {
		return clinical.Refuse(clinical.Invalid, "roster-heading", "The first row names the columns: login, and if wanted cohort, from, until. Correct it.")
	}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil { // there may be no first field to say where it is
			return clinical.Refuse(clinical.Invalid, "roster-csv", "The file cannot be read as CSV: a quotation mark is not closed, or is in the wrong place. Correct it.")
		}
		row, _ := r.FieldPos(0)
		if row > maxRoster {
			return clinical.Refuse(clinical.Invalid, "roster-size", "A roster has at most 10,000 rows. Divide it.")
		}
		get := func(name string) string {
			if i, ok := at[name]; ok && i < len(fields) {
				return strings.TrimSpace(fields[i])
			}
			return ""
		}
		f.row(row, len(fields) > len(head), get)
	}
}

func (f *rosterFile) fault(row int, reason, format string, args ...any) {
	f.faults = append(f.faults, wire.RosterRow{Row: row, Reason: reason, Words: fmt.Sprintf(format, args...)})
}

// row takes one row in, or says what is wrong with it.
func (f *rosterFile) row(row int, wide bool, get func(string) string) {
	login, cohort := strings.ToLower(get("login")), get("cohort")
	from, bad := clinical.ParseDate(get("from"))
	until, worse := clinical.ParseDate(get("until"))
	key := login + "\x00" + strings.ToLower(cohort)
	p, known := f.people(login)
	switch {
	case wide:
		f.fault(row, "columns", "The row has more columns than the heading.")
	case !known || p.Disabled:
		f.fault(row, "unknown-person", "Nobody has this login.")
	case bad != nil || worse != nil:
		f.fault(row, "date", "A date is written YYYY-MM-DD.")
	case !from.IsZero() && !until.IsZero() && until.Before(from):
		f.fault(row, "dates", "The term ends before it begins.")
	case cohort == "" && !(from.IsZero() && until.IsZero()):
		f.fault(row, "cohort", "A term is a cohort's. Name the cohort.")
	case f.seen[key] > 0:
		f.fault(row, "twice", "Row %d says so already.", f.seen[key])
	case cohort == "":
		f.seen[key] = row
		f.roster = append(f.roster, p.ID)
	default:
		f.seen[key] = row
		f.join(row, p.ID, clinical.Cohort{Name: cohort, From: from, Until: until})
	}
}

// join puts somebody into a cohort, whose dates are the same in each of its rows.
func (f *rosterFile) join(row int, who clinical.PersonID, c clinical.Cohort) {
	i, ok := f.term[strings.ToLower(c.Name)]
	if !ok {
		i = len(f.cohorts)
		f.term[strings.ToLower(c.Name)] = i
		f.cohorts = append(f.cohorts, c)
	}
	if f.cohorts[i].From != c.From || f.cohorts[i].Until != c.Until {
		f.fault(row, "cohort-dates", "The cohort has other dates in a row before.")
		return
	}
	f.cohorts[i].People = append(f.cohorts[i].People, who)
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
