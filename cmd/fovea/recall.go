package main

import (
	"io"
	"net/url"
	"strconv"

	"fovea/clinical"
	"fovea/server/wire"
)

type recallCmd struct {
	List        recallListCmd        `cmd:"" help:"List what was taken back of a patient's."`
	Show        recallShowCmd        `cmd:"" help:"Show who had the pictures, and what they were asked to do."`
	Certificate recallCertificateCmd `cmd:"" help:"Write the certificate: for the patient without names, for governance with them."`
}

type recallListCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
}

func (x recallListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		all, err := everyPage[wire.Recall](e.ctx, c, "/api/v1/patients/"+p.String()+"/recalls")
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tCAUSE\tAT\tPICTURES\tREADERS\tSTATE")
			for _, r := range all {
				put(w, "%s\t%s\t%s\t%d\t%d\t%s", r.ID, r.Cause, e.stamp(r.At), len(r.Assets), len(r.Reach), e.settled(r))
			}
		})
	})
}

func (e *env) settled(r wire.Recall) string {
	if r.Settled.IsZero() {
		return "readers are being found"
	}
	return "settled " + e.stamp(r.Settled)
}

type recallShowCmd struct {
	Recall string `arg:"" help:"Recall ID, as a withdrawal says it."`
}

// Help teaches.
func (recallShowCmd) Help() string {
	return "Governance reads names and tasks; who treats the patient reads roles and counts. Asking for names is written down."
}

func (x recallShowCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		var r wire.Recall
		if err := c.get(e.ctx, "/api/v1/recalls/"+x.Recall, &r); err != nil {
			return err
		}
		tasks, err := everyPage[wire.Task](e.ctx, c, "/api/v1/recalls/"+x.Recall+"/tasks")
		if err != nil && clinical.KindOf(err) != clinical.Forbidden {
			return err
		}
		logins, err := e.logins(c)
		if err != nil {
			return err
		}
		answer := struct {
			Recall wire.Recall `json:"recall"`
			Tasks  []wire.Task `json:"tasks,omitempty"`
		}{r, tasks}
		return e.answer(answer, func(w io.Writer) {
			put(w, "%s\t%s\t%d pictures\t%s", r.Cause, e.stamp(r.At), len(r.Assets), e.settled(r))
			e.writeReach(w, r.Reach, logins)
			if n := len(r.Published); n > 0 {
				put(w, "%s cannot be recalled.", count(n, "published use"))
			}
			e.writeTasks(w, tasks, logins)
		})
	})
}

// writeReach lists who had pictures.
func (e *env) writeReach(w io.Writer, all []wire.Reach, logins map[clinical.PersonID]string) {
	put(w, "WHO\tROLE\tCHANNEL\tPICTURES\tTIMES\tLAST\tTHROUGH")
	for _, r := range all {
		through := "library, " + r.Purpose.String()
		switch {
		case !r.Set.IsZero():
			through = "set " + r.Set.String()
		case !r.Release.IsZero():
			through = "release " + r.Release.String()
		case r.Person.IsZero():
			through = "-" // everything one person had, in one row without the person: for whom names are not
		case r.Purpose == clinical.P0 || r.Purpose == clinical.P1:
			through = "care"
		}
		put(w, "%s\t%s\t%s\t%d\t%d\t%s\t%s", logins[r.Person], r.Role, r.Channel, r.Assets, r.Times, e.stamp(r.Last), through)
	}
}

// logins name people in tables. The operator asks, who sees logins and no names.
func (e *env) logins(c *client) (map[clinical.PersonID]string, error) {
	all, err := everyPage[wire.Person](e.ctx, c.asOperator(), "/api/v1/people")
	out := map[clinical.PersonID]string{{}: "-"}
	for _, p := range all {
		out[p.ID] = p.Login
	}
	return out, err
}

// paperFlags say which edition of a document is wanted.
type paperFlags struct {
	Edition  string `default:"patient" enum:"patient,governance" help:"patient names nobody, governance names."`
	Language string `default:"en" enum:"en,fr,es" help:"en, fr or es."`
}

func (f paperFlags) query(format string) string {
	return "?" + url.Values{"edition": {f.Edition}, "language": {f.Language}, "format": {format}}.Encode()
}

type recallCertificateCmd struct {
	Recall string `arg:"" help:"Recall ID, as a withdrawal says it."`
	Out    string `arg:"" help:"File to write."`
	Format string `default:"pdf" enum:"pdf,json,proof" help:"pdf, json, or the ledger's proof alone."`
	paperFlags
}

// Help teaches.
func (recallCertificateCmd) Help() string {
	return "The certificate brings the ledger's proof along: anybody verifies it offline, with the public key alone.\n\nExamples:\n" +
		"  fovea --as nina recall certificate 01J… for-the-patient.pdf --language fr\n" +
		"  fovea --as olu recall certificate 01J… for-us.pdf --edition governance\n" +
		"  fovea --as olu recall certificate 01J… withdrawal.tlog-proof --format proof\n" +
		"  fovea audit verify-proof withdrawal.tlog-proof --key 'fovea+1a2b3c4d+…'"
}

func (x recallCertificateCmd) Run(e *env) error {
	path := "/api/v1/recalls/" + x.Recall
	if x.Format == "proof" {
		return e.fetch(path+"/proof", x.Out)
	}
	return e.fetch(path+"/certificate"+x.query(x.Format), x.Out)
}

type taskCmd struct {
	List taskListCmd `cmd:"" help:"List what this person has to do, and what anybody of the role has."`
	Done taskDoneCmd `cmd:"" help:"Confirm that a task is done."`
}

type taskListCmd struct{}

func (taskListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.Task](e.ctx, c, "/api/v1/tasks")
		if err != nil {
			return err
		}
		logins, err := e.logins(c)
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) { e.writeTasks(w, all, logins) })
	})
}

func (e *env) writeTasks(w io.Writer, all []wire.Task, logins map[clinical.PersonID]string) {
	if len(all) == 0 {
		put(w, "Nothing is to be done.")
		return
	}
	put(w, "ID\tTASK\tFOR\tPICTURES\tDUE\tSTATE")
	for _, t := range all {
		who, state := logins[t.For], "open"
		if t.For.IsZero() {
			who = "any " + string(t.Role)
		}
		if !t.DoneAt.IsZero() {
			state = string(t.Answer) + " " + e.stamp(t.DoneAt)
		}
		put(w, "%s\t%s\t%s\t%s\t%s\t%s", t.ID, t.Kind, who, strconv.Itoa(len(t.Assets)), e.stamp(t.Due), state)
	}
}

type taskDoneCmd struct {
	Task   string `arg:"" help:"Task ID."`
	Answer string `default:"done" enum:"done,no-copy,cannot,agreed,objected,mistaken" help:"done, no-copy (there was none), cannot (say why), agreed or objected (the family), mistaken (the withdrawal)."`
	Words  string `help:"What was done instead, where it cannot be done."`
}

// Help teaches.
func (taskDoneCmd) Help() string {
	return "A task is never skipped: it is done, or it stays.\n\nExamples:\n  fovea --as stan task done 01J…\n" +
		"  fovea --as stan task done 01J… --answer cannot --words 'printed in the handout of week 3; the handout was collected'"
}

func (x taskDoneCmd) Run(e *env) error {
	return e.act("/api/v1/tasks/"+x.Task+"/finish", wire.FinishTask{Answer: clinical.Answer(x.Answer), Words: x.Words}, "Confirmed")
}
