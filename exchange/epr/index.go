package epr

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"fovea/clinical"
)

// The actions of a row.
const (
	actionNew    = "new"
	actionCancel = "cancel"
)

// identifierColumn begins the columns that hold a number of the patient in the
// system named behind it, such as id:hospital.
const identifierColumn = "id:"

// Columns returns every column that an index row can have; id:SYSTEM besides.
func Columns() []string {
	return []string{
		"delivery", "action", "corrects", "family", "given", "born", "sex", "session", "job", "taken", "specialty",
		"document", "pictures", "sha256", "count", "written",
	}
}

// DefaultColumns returns the columns of a row that nobody configured.
func DefaultColumns() []string {
	return []string{
		"delivery", "action", "corrects", "id:hospital", "family", "given", "born", "sex", "session", "job", "taken", "specialty",
		"document", "pictures", "sha256",
	}
}

// cellMost bounds a cell, in characters: more than the names and the sums of the
// pictures of any delivery.
const cellMost = 1 << 20

func known(column string) bool {
	system, ok := strings.CutPrefix(column, identifierColumn)
	return ok && system != "" || slices.Contains(Columns(), column)
}

// row is one line of the index.
type row struct {
	number   string // what its files are called, and its first column
	delivery clinical.ReleaseID
	action   string
	corrects clinical.ReleaseID
	page     clinical.PatientPage
	document string
	pictures []string
	sums     []string
	written  time.Time
}

// writeTo writes the names of the columns and the row, as RFC 4180 in UTF-8.
func (r row) writeTo(w io.Writer, columns []string, comma rune) error {
	t := csv.NewWriter(w)
	t.Comma, t.UseCRLF = comma, true
	line := make([]string, 0, len(columns))
	for _, c := range columns {
		line = append(line, printable(r.value(c), cellMost))
	}
	return t.WriteAll([][]string{columns, line})
}

func (r row) value(column string) string {
	p := r.page.Patient
	if system, ok := strings.CutPrefix(column, identifierColumn); ok {
		return number(p, system)
	}
	switch column {
	case "delivery":
		return r.number
	case "action":
		return r.action
	case "corrects":
		return idText(r.corrects)
	case "family":
		return p.Family
	case "given":
		return p.Given
	case "born":
		return p.Born.String()
	case "sex":
		return string(p.Sex)
	case "document":
		return r.document
	case "pictures":
		return strings.Join(r.pictures, " ")
	case "sha256":
		return strings.Join(r.sums, " ")
	case "count":
		return strconv.Itoa(len(r.pictures))
	case "written":
		return stamp(r.written)
	default:
		return r.ofSession(column)
	}
}

// ofSession is what is known of the sitting.
func (r row) ofSession(column string) string {
	if len(r.page.Sessions) == 0 {
		return ""
	}
	s := r.page.Sessions[0]
	switch column {
	case "session":
		return idText(s.Session.ID)
	case "job":
		return s.Job.Number
	case "taken":
		return stamp(s.Session.Began)
	case "specialty":
		return string(s.Session.Specialty)
	default:
		return ""
	}
}

func number(p clinical.Patient, system string) string {
	for _, i := range p.Identifiers {
		if i.System == system {
			return i.Value
		}
	}
	return ""
}

func idText[K any](id clinical.ID[K]) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// printable keeps a text to one line of at most so many characters.
func printable(s string, most int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	out := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
	return strings.TrimSpace(string(out[:min(len(out), most)]))
}
