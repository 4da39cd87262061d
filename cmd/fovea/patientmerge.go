package main

import (
	"io"

	"fovea/server/wire"
)

type patientMergeCmd struct {
	Patient string `arg:"" help:"The record that is another's: patient ID, or SYSTEM:NUMBER."`
	Into    string `required:"" help:"The record that stands for both from now on."`
	Reason  string `required:"" help:"Why, for the record."`
}

// Help teaches.
func (patientMergeCmd) Help() string {
	return "Nothing is moved: pictures keep their record and their keys, so that parting is exact. Everything is decided on both from now on.\n\n" +
		"Example:\n  fovea --as olu --simulate patient merge hospital:1000002 --into hospital:1000001 --reason 'registered twice'"
}

func (x patientMergeCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		from, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		in := wire.Merge{Reason: x.Reason}
		if in.Into, err = e.patient(c, x.Into); err != nil {
			return err
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/patients/"+from.String()+"/merge", in, &r); err != nil {
			return err
		}
		return e.said(r, "Merged. Part them again with fovea patient unmerge %s.", from)
	})
}

type patientUnmergeCmd struct {
	Patient string `arg:"" help:"The record that was merged into another: its ID, or SYSTEM:NUMBER."`
	Reason  string `required:"" help:"Why, for the record."`
}

// Help teaches.
func (patientUnmergeCmd) Help() string {
	return "What either record has seen since the merge may be the other's: it is held until governance has looked. " +
		"fovea patient trace says who saw what meanwhile."
}

func (x patientUnmergeCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		id, err := e.record(c, x.Patient)
		if err != nil {
			return err
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/patients/"+id.String()+"/unmerge", wire.Reason{Reason: x.Reason}, &r); err != nil {
			return err
		}
		return e.said(r, "Parted.")
	})
}

type patientTraceCmd struct {
	Hold string `arg:"" help:"The hold that parting placed, as the patient's page lists it."`
}

func (x patientTraceCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.Recorded](e.ctx, c, "/api/v1/holds/"+x.Hold+"/trace")
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) { e.writeEvents(w, all) })
	})
}
