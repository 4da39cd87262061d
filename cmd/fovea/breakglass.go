package main

import (
	"bufio"
	"io"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type breakglassCmd struct {
	Open   glassOpenCmd   `cmd:"" help:"Ask for a ticket to one patient's pictures, for an hour."`
	List   glassListCmd   `cmd:"" help:"List this person's open tickets; for governance all, those to review first."`
	Review glassReviewCmd `cmd:"" help:"Judge a ticket."`
}

type glassOpenCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Why     string `required:"" enum:"emergency,cover,referral,patient-present,other" help:"emergency, cover, referral, patient-present or other."`
	Words   string `required:"" help:"Why these pictures are needed now. It goes into the record and is reviewed."`
}

// Help teaches.
func (glassOpenCmd) Help() string {
	return "For clinicians, for care, on screen only. Governance is told at once, and reviews it without exception.\n" +
		"The person's password is the first line of standard input, so that it is in no process list:\n" +
		"  fovea --as carl breakglass open hospital:8014552K --why emergency --words 'bleeding wound, night duty' < password.txt"
}

func (x glassOpenCmd) Run(e *env) error {
	password, err := e.password()
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		in := wire.BreakGlass{Patient: p, Why: clinical.GlassReason(x.Why), Words: x.Words, Password: password}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/break-glass", in, &r); err != nil {
			return err
		}
		return e.said(r, "Open for an hour (%s). Governance has been told.", strings.Join(r.IDs, " "))
	})
}

// password reads the first line of standard input.
func (e *env) password() (string, error) {
	line, err := bufio.NewReader(io.LimitReader(e.stdin, 4096)).ReadString('\n')
	if password := strings.TrimRight(line, "\r\n"); password != "" {
		return password, nil
	}
	return "", clinical.Refuse(clinical.Invalid, "password", "No password came on standard input. Give it as the first line. ("+errText(err)+")")
}

type glassListCmd struct{}

func (glassListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.Glass](e.ctx, c, "/api/v1/break-glass")
		if err != nil {
			return err
		}
		logins, err := e.logins(c)
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tWHO\tPATIENT\tWHY\tFROM\tUNTIL\tREVIEW\tWORDS")
			for _, b := range all {
				verdict := string(b.Verdict)
				if verdict == "" {
					verdict = "to do"
				}
				put(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", b.ID, logins[b.Person], b.Patient, b.Why, e.stamp(b.At), e.stamp(b.Until), verdict, b.Words)
			}
		})
	})
}

type glassReviewCmd struct {
	Ticket  string `arg:"" help:"Ticket ID."`
	Verdict string `required:"" enum:"justified,follow-up,misuse" help:"justified, follow-up or misuse; misuse ends the ticket."`
	Words   string `required:"" help:"What was found."`
}

func (x glassReviewCmd) Run(e *env) error {
	in := wire.ReviewGlass{Verdict: clinical.GlassVerdict(x.Verdict), Words: x.Words}
	return e.act("/api/v1/break-glass/"+x.Ticket+"/review", in, "Reviewed")
}
