package wire

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"fovea/clinical"
)

// maxRoster is how many rows a roster has at most.
const maxRoster = 10_000

// Roster is who reads a set, as a file or a pasted list says it. With any
// fault nothing of it is to be taken.
type Roster struct {
	Readers []clinical.PersonID // for as long as the set is open
	Cohorts []clinical.Cohort
	Faults  []RosterRow
}

// rosterFile is a roster as it is read: who is known, in which cohort, for which
// term. A row without a cohort is for as long as the set is open.
type rosterFile struct {
	Roster
	people func(login string) (clinical.Person, bool)
	term   map[string]int // cohort by its name in lower case → its place
	seen   map[string]int // login and cohort → row
}

// ReadRoster reads a roster: CSV with a heading that names the columns login,
// cohort, from and until, of which only the first has to be there, between
// commas, semicolons or tabs. What is wrong with one row does not hide what is
// wrong with the next. Text that is no roster at all is Invalid.
func ReadRoster(text []byte, people func(login string) (clinical.Person, bool)) (Roster, error) {
	f := rosterFile{people: people, term: map[string]int{}, seen: map[string]int{}}
	err := f.read(text)
	return f.Roster, err
}

func (f *rosterFile) read(text []byte) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	first, _, _ := bytes.Cut(text, []byte("\n"))
	for _, c := range []rune{';', '\t'} { // as a spreadsheet saves it in half of Europe, or gives it to be pasted
		if bytes.ContainsRune(first, c) && !bytes.ContainsRune(first, ',') {
			r.Comma = c
		}
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
	f.Faults = append(f.Faults, RosterRow{Row: row, Reason: reason, Words: fmt.Sprintf(format, args...)})
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
		f.Readers = append(f.Readers, p.ID)
	default:
		f.seen[key] = row
		f.join(row, p.ID, clinical.Cohort{Name: cohort, From: from, Until: until})
	}
}

// join puts somebody into a cohort, whose dates are the same in each of its rows.
func (f *rosterFile) join(row int, who clinical.PersonID, c clinical.Cohort) {
	i, ok := f.term[strings.ToLower(c.Name)]
	if !ok {
		i = len(f.Cohorts)
		f.term[strings.ToLower(c.Name)] = i
		f.Cohorts = append(f.Cohorts, c)
	}
	if f.Cohorts[i].From != c.From || f.Cohorts[i].Until != c.Until {
		f.fault(row, "cohort-dates", "The cohort has other dates in a row before.")
		return
	}
	f.Cohorts[i].People = append(f.Cohorts[i].People, who)
}
