package pages

import (
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/policy"
)

// maxRoster is how large a roster may be, in bytes and in lines.
const (
	maxRoster      = 512 << 10
	maxRosterLines = 2000
)

// rosterFault is a line of a roster that cannot be taken, in words.
type rosterFault struct {
	Line  int
	Words string
}

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
	people, err := d.readers(v)
	if err != nil {
		return err
	}
	for i, p := range people {
		if known, ok := d.Gate.PersonByID(p.ID); ok {
			people[i].Login = known.Login
		}
	}
	roster, cohorts, faults := readRoster(text, people)
	if len(faults) > 0 {
		v.faults = faults
		return clinical.Refuse(clinical.Invalid, "roster", many(len(faults), "line")+" cannot be taken, and nothing is changed. Correct the list below.")
	}
	s.Roster, s.Cohorts = roster, cohorts
	if v.r.PostFormValue("try") != "" {
		return d.tried(v, clinical.ChangeSet{Set: s}, d.set)
	}
	change, err := d.Gate.Do(v.ctx, v.caller, clinical.ChangeSet{Set: s})
	if err != nil {
		return err
	}
	code := "changed"
	if change.Rule == policy.RosterOverAudience {
		code = "crowded"
	}
	http.Redirect(v.w, v.r, "/sets/"+id.String()+"?done="+code, http.StatusSeeOther)
	return nil
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

// readRoster reads a list: commas, semicolons or tabs between the columns.
func readRoster(text string, people []clinical.Person) (roster []clinical.PersonID, cohorts []clinical.Cohort, faults []rosterFault) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord, r.TrimLeadingSpace, r.LazyQuotes = -1, true, true
	first, _, _ := strings.Cut(text, "\n")
	for _, c := range []rune{';', '\t'} {
		if strings.ContainsRune(first, c) {
			r.Comma = c
		}
	}
	for n := 0; ; n++ {
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return roster, cohorts, faults
		case err != nil, n >= maxRosterLines:
			line, _ := r.FieldPos(0)
			return nil, nil, append(faults, rosterFault{line, "From here on the list cannot be read: at most 2,000 lines, quotes in pairs."})
		}
		line, _ := r.FieldPos(0)
		for len(row) < 4 {
			row = append(row, "")
		}
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if n == 0 && strings.EqualFold(row[0], "login") || strings.Join(row, "") == "" {
			continue
		}
		who := slices.IndexFunc(people, func(p clinical.Person) bool { return strings.EqualFold(p.Login, row[0]) })
		if who < 0 {
			faults = append(faults, rosterFault{line, "Nobody who may be taught has the login “" + row[0] + "”."})
			continue
		}
		if row[1] == "" {
			roster = append(roster, people[who].ID)
			continue
		}
		if cohorts, err = enrol(cohorts, row, people[who].ID); err != nil {
			_, words := said(err)
			faults = append(faults, rosterFault{line, words})
		}
	}
}

// enrol adds somebody to a cohort, whose term is that of its first line.
func enrol(cohorts []clinical.Cohort, row []string, who clinical.PersonID) ([]clinical.Cohort, error) {
	from, err := clinical.ParseDate(row[2])
	if err != nil {
		return cohorts, err
	}
	until, err := clinical.ParseDate(row[3])
	if err != nil {
		return cohorts, err
	}
	at := slices.IndexFunc(cohorts, func(c clinical.Cohort) bool { return strings.EqualFold(c.Name, row[1]) })
	switch {
	case at < 0:
		return append(cohorts, clinical.Cohort{Name: row[1], From: from, Until: until, People: []clinical.PersonID{who}}), nil
	case !from.IsZero() && from != cohorts[at].From, !until.IsZero() && until != cohorts[at].Until:
		return cohorts, clinical.Refuse(clinical.Invalid, "cohort", "The cohort “"+row[1]+"” has other days above. Write the same days, or none.")
	}
	cohorts[at].People = append(cohorts[at].People, who)
	return cohorts, nil
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
	content, err := d.Papers.ContactSheet(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	file(v.w, "contact-sheet.pdf", "application/pdf", content)
	return nil
}
