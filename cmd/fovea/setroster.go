package main

import (
	"io"
	"net/http"
	"os"

	"fovea/clinical"
	"fovea/server/wire"
)

type setRosterCmd struct {
	Set    string   `arg:"" help:"Name or ID."`
	Roster []string `arg:"" optional:"" help:"Readers (login), for as long as the set is open."`
	CSV    string   `name:"csv" help:"A file instead: columns login, cohort, from, until. It replaces roster and cohorts." type:"existingfile" placeholder:"FILE"`
	Check  bool     `help:"Read the file and say what is wrong with it; change nothing."`
}

// Help teaches.
func (setRosterCmd) Help() string {
	return "Logins replace the roster and keep the cohorts; a file replaces both. Every row of the file is looked at: with one that is wrong nothing is changed. " +
		"More readers than the audience that was declared is a warning: nobody who is rostered is locked out.\n\nExamples:\n" +
		"  fovea --as nora set roster 'Chronic wounds' stan stella\n" +
		"  fovea --as nora set roster 'Chronic wounds' --csv year3.csv --check\n\n" +
		"year3.csv:\n  login,cohort,from,until\n  stan,Year 3,2026-10-01,2027-02-28\n  stella,Year 3,2026-10-01,2027-02-28\n  emil,,,"
}

func (x setRosterCmd) Run(e *env) error {
	if x.CSV != "" {
		return x.file(e)
	}
	return e.changeSet(x.Set, 0, "Roster replaced", func(c *client, s *wire.Set) (err error) {
		s.Roster, err = e.people(c, x.Roster)
		return err
	})
}

func (x setRosterCmd) file(e *env) error {
	f, err := os.Open(x.CSV)
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "file", "The file cannot be read. Check its path.")
	}
	defer func() { _ = f.Close() }() // it was only read
	return e.with(func(c *client) error {
		s, err := e.set(c, x.Set)
		if err != nil {
			return err
		}
		r := call{method: http.MethodPut, path: "/api/v1/sets/" + s.ID.String() + "/roster", body: f, kind: "text/csv", match: s.Rev}
		if x.Check {
			r.path += "?check=true"
		}
		var report wire.RosterReport
		if err := c.send(e.ctx, r, &report); err != nil {
			return err
		}
		if err := e.answer(report, func(w io.Writer) { writeRoster(w, report) }); err != nil || len(report.Faults) == 0 {
			return err
		}
		return clinical.Refuse(clinical.Invalid, "roster", "Nothing was changed. Correct the rows that are named, then repeat.")
	})
}

func writeRoster(w io.Writer, r wire.RosterReport) {
	for _, f := range r.Faults {
		put(w, "row %d\t%s\t%s", f.Row, f.Reason, f.Words)
	}
	if len(r.Faults) > 0 {
		return
	}
	done := "Roster replaced"
	if r.Seq == 0 {
		done = "The file is right; nothing was changed"
	}
	put(w, "%s: %s, %s.", done, people(r.Readers), count(r.Cohorts, "cohort"))
	if r.Warning != "" {
		put(w, "These are more readers than the audience that was declared. Change it with fovea set change --audience, or shorten the roster. [%s]", r.Warning)
	}
}

type setReadersCmd struct {
	Set string `arg:"" help:"Name or ID."`
}

func (x setReadersCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		id, err := e.setID(c, x.Set)
		if err != nil {
			return err
		}
		all, err := everyPage[wire.Reader](e.ctx, c, "/api/v1/sets/"+id.String()+"/readers")
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "NAME\tROLE\tCOHORT\tFROM\tUNTIL\tACCOUNT")
			for _, r := range all {
				state := "active"
				if !r.Active {
					state = "ended"
				}
				put(w, "%s\t%s\t%s\t%s\t%s\t%s", r.Name, r.Role, r.Cohort, r.From, r.Until, state)
			}
		})
	})
}
