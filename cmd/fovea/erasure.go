package main

import (
	"io"
	"strconv"

	"fovea/clinical"
	"fovea/server/wire"
)

type erasureCmd struct {
	Request     erasureRequestCmd     `cmd:"" help:"Take a request to erase; it decides nothing."`
	Decide      erasureDecideCmd      `cmd:"" help:"Decide on a request, as a second person."`
	List        erasureListCmd        `cmd:"" help:"List requests, those to decide first."`
	Certificate erasureCertificateCmd `cmd:"" help:"Write the certificate, with the honest date."`
	Keep        erasureKeepCmd        `cmd:"" help:"Record a retention review: look again on a day."`
}

type erasureRequestCmd struct {
	Patient  string   `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Asset    []string `help:"Only these pictures; absent: all of the patient's. Repeat." placeholder:"ID"`
	OnBehalf string   `required:"" help:"Who asks: the patient, a parent, court."`
	Reason   string   `required:"" help:"Why, in their words."`
}

func (x erasureRequestCmd) Run(e *env) error {
	assets, err := ids[clinical.Asset](x.Asset)
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		var r wire.Result
		in := wire.Erase{Assets: assets, OnBehalf: x.OnBehalf, Reason: x.Reason}
		if err := c.post(e.ctx, "/api/v1/patients/"+p.String()+"/erasures", in, &r); err != nil {
			return err
		}
		return e.said(r, "Taken (%s). Somebody else decides.", r.IDs[0])
	})
}

type erasureDecideCmd struct {
	Request string `arg:"" help:"Request ID."`
	Outcome string `required:"" enum:"restrict,erase-copies,shred,refuse" help:"restrict (care only, named team), erase-copies (sets and releases; the record stays), shred (keys destroyed), refuse."`
	Reason  string `required:"" help:"Why; the patient is told."`
}

// Help teaches.
func (erasureDecideCmd) Help() string {
	return "For governance, and never for who took the request. A hold or the retention schedule stops shredding.\n" +
		"Shredding destroys keys: no copy of the store can show the pictures once every older copy of the keyring and of the recovery keys is destroyed. " +
		"The certificate says from which date on.\n\nExample:\n  fovea --as olu --simulate erasure decide 01J… --outcome erase-copies --reason 'withdrawn in writing'"
}

func (x erasureDecideCmd) Run(e *env) error {
	in := wire.DecideErasure{Outcome: clinical.ErasureOutcome(x.Outcome), Reason: x.Reason}
	return e.act("/api/v1/erasures/"+x.Request+"/decide", in, "Decided")
}

type erasureListCmd struct{}

func (erasureListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.Erasure](e.ctx, c, "/api/v1/erasures")
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tPATIENT\tASKED\tON BEHALF OF\tOUTCOME\tPICTURES\tDONE")
			for _, r := range all {
				outcome := string(r.Outcome)
				if outcome == "" {
					outcome = "to decide"
				}
				put(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s", r.ID, r.Patient, e.stamp(r.RequestedAt), r.OnBehalf, outcome, r.Pictures, e.stamp(r.Done))
			}
		})
	})
}

type erasureCertificateCmd struct {
	Request string `arg:"" help:"Request ID."`
	Out     string `arg:"" help:"File to write."`
	Format  string `default:"pdf" enum:"pdf,json" help:"pdf or json."`
	paperFlags
}

// Help teaches.
func (erasureCertificateCmd) Help() string {
	return "It says what was decided and done, and from when on copies made earlier are unreadable: the pictures in copies of the store, and the words in copies of the search index. " +
		"The index is made anew within the hour; until then the certificate says when to print it again.\n\nExample:\n" +
		"  fovea --as olu erasure certificate 01J… erased.pdf --language fr"
}

func (x erasureCertificateCmd) Run(e *env) error {
	return e.fetch("/api/v1/erasures/"+x.Request+"/certificate"+x.query(x.Format), x.Out)
}

type erasureKeepCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Until   string `required:"" help:"Day of the next review, YYYY-MM-DD." placeholder:"DAY"`
	Reason  string `required:"" help:"Why the record is kept longer."`
}

func (x erasureKeepCmd) Run(e *env) error {
	until, err := day(x.Until)
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/patients/"+p.String()+"/keep", wire.Keep{Until: until, Reason: x.Reason}, &r); err != nil {
			return err
		}
		return e.said(r, "Kept until %s.", until)
	})
}

type worklistCmd struct {
	Days int `default:"90" help:"How many days ahead."`
}

// Help teaches.
func (worklistCmd) Help() string {
	return "Who records consent sees what comes up among their patients; governance also requests to erase and records that the schedule no longer keeps. " +
		"What a patient refused is never listed.\n\nExample:\n  fovea --as nina worklist --days 30"
}

func (x worklistCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.WorkItem](e.ctx, c, "/api/v1/worklist?days="+strconv.Itoa(x.Days))
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "DUE\tWHAT\tPATIENT\tABOUT")
			for _, i := range all {
				about := ""
				switch {
				case !i.Grant.IsZero():
					about = "consent " + i.Grant.String()
				case !i.Task.IsZero():
					about = "task " + i.Task.String()
				case !i.Erasure.IsZero():
					about = "request " + i.Erasure.String()
				}
				put(w, "%s\t%s\t%s\t%s", e.stamp(i.Due), i.Kind, i.Patient, about)
			}
		})
	})
}
