package pages

import (
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

// maxRoster is how large a roster may be, in bytes.
const maxRoster = 512 << 10

// changeRoster replaces readers and cohorts by those of a list: a login, and
// where they read for a term, the cohort's name, first and last day. Lines that
// cannot be taken are all named at once, and then nothing is changed.
func (d *door) changeRoster(v *visit) error {
	id, err := pathID[clinical.TeachingSet](v.r)
	if err != nil {
		return err
	}
	text, err := rosterText(v.r)
	if err != nil {
		return err
	}
	s, _, err := d.Gate.SetReport(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	if s.Owner != v.caller.Person {
		return clinical.ErrNotFound
	}
	if s.Rev, err = revision(v.r); err != nil {
		return err
	}
	f, err := wire.ReadRoster([]byte(text), d.Gate.Person)
	if err != nil {
		return err
	}
	if len(f.Faults) > 0 {
		v.faults = f.Faults
		return clinical.Refuse(clinical.Invalid, "roster", many(len(f.Faults), "line")+" cannot be taken, and nothing is changed. Correct the list below.")
	}
	s.Roster, s.Cohorts = f.Readers, f.Cohorts
	return d.changeReaders(v, s)
}

// rosterText is what was pasted, or the file where there is one. What the file
// held is left in the form, to be corrected there.
func rosterText(r *http.Request) (string, error) {
	if err := r.ParseMultipartForm(longest(r)); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return "", clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole, or its file has more than 512 kB. Send it again.")
	}
	f, _, err := r.FormFile("file")
	if err != nil { // none was chosen
		return r.PostFormValue("list"), nil
	}
	defer func() { _ = f.Close() }() // it lies in memory
	b, err := io.ReadAll(io.LimitReader(f, maxRoster+1))
	switch {
	case err != nil:
		return "", clinical.Refuse(clinical.Invalid, "form", "The file did not arrive whole. Send it again.")
	case len(b) > maxRoster:
		return "", clinical.Refuse(clinical.Invalid, "roster-size", "The file has more than 512 kB. Keep the columns that are asked for, or divide it.")
	}
	if text := strings.ToValidUTF8(string(b), "?"); strings.TrimSpace(text) != "" {
		r.PostForm.Set("list", text)
	}
	return r.PostFormValue("list"), nil
}

// rosterList writes a set's readers as the list that the form takes.
func (d *door) rosterList(s clinical.TeachingSet) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	add := func(row ...string) { _ = w.Write(row) } // to memory
	add("login", "cohort", "from", "until")
	for _, id := range s.Roster {
		if p, ok := d.Gate.PersonByID(id); ok {
			add(p.Login, "", "", "")
		}
	}
	for _, c := range s.Cohorts {
		for _, id := range c.People {
			if p, ok := d.Gate.PersonByID(id); ok {
				add(p.Login, c.Name, c.From.String(), c.Until.String())
			}
		}
	}
	w.Flush()
	return b.String()
}

// cohortRow is a group of readers with their term.
type cohortRow struct {
	Name        string // the roster's is empty
	From, Until clinical.Date
	People      []readerRow
	Now         bool // the term has begun and is not over
}

// readerRow is a reader and when they last had a picture of the set.
type readerRow struct {
	Person clinical.Person
	Last   string
}

// readersOf lists a set's readers by cohort, with when each last read.
func (d *door) readersOf(v *visit, s clinical.TeachingSet, assets []clinical.AssetID) ([]cohortRow, error) {
	last, err := d.lastRead(v, s.ID, assets)
	if err != nil {
		return nil, err
	}
	today := clinical.DateOf(d.Now().In(d.Zone))
	var rows []cohortRow
	for i, c := range append([]clinical.Cohort{{People: s.Roster}}, s.Cohorts...) {
		row := cohortRow{Name: c.Name, From: c.From, Until: c.Until}
		row.Now = !today.Before(c.From) && (c.Until.IsZero() || !c.Until.Before(today))
		for _, id := range c.People {
			if p, ok := d.Gate.PersonByID(id); ok {
				row.People = append(row.People, readerRow{p, d.lastWords(last[id])})
			}
		}
		if i > 0 || len(row.People) > 0 {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (d *door) lastWords(at time.Time) string {
	if at.IsZero() {
		return "not read yet"
	}
	return "last read " + d.when(at)
}

// lastRead asks the ledger when each reader last had one of the pictures
// through the set.
func (d *door) lastRead(v *visit, set clinical.SetID, assets []clinical.AssetID) (map[clinical.PersonID]time.Time, error) {
	last := map[clinical.PersonID]time.Time{}
	for _, id := range assets[:min(len(assets), maxLastRead)] {
		list, err := d.Gate.Reached(v.ctx, v.caller, id)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if r.Set == set && r.Last.After(last[r.Person]) {
				last[r.Person] = r.Last
			}
		}
	}
	return last, nil
}

// maxLastRead is how many pictures of a set are asked for their readers.
const maxLastRead = 200

// contactSheet hands out a set as a PDF, with what its reader may see.
func (d *door) contactSheet(v *visit) error {
	id, err := pathID[clinical.TeachingSet](v.r)
	if err != nil || d.Papers.ContactSheet == nil {
		return clinical.ErrNotFound
	}
	return sendLate(v, "contact-sheet.pdf", "application/pdf", func(w io.Writer) error {
		return d.Papers.ContactSheet(v.ctx, v.caller, id, w)
	})
}
