package main

import (
	"io"
	"net/http"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type patientCmd struct {
	Add       patientAddCmd       `cmd:"" help:"Register a patient."`
	List      patientListCmd      `cmd:"" help:"List the patients this person may know of."`
	Show      patientShowCmd      `cmd:"" help:"Show a patient's timeline and consent."`
	Encounter patientEncounterCmd `cmd:"" help:"Open a stay or visit: who treats the patient."`
	Team      patientTeamCmd      `cmd:"" help:"Name who may see a patient beyond who treats them; for governance."`
	Merge     patientMergeCmd     `cmd:"" help:"Say that a record is another patient's; nothing is moved."`
	Unmerge   patientUnmergeCmd   `cmd:"" help:"Part merged records again, and freeze what either has seen since."`
	Trace     patientTraceCmd     `cmd:"" help:"Who saw what while two records were one."`
}

type patientAddCmd struct {
	Family             string   `required:"" help:"Family name."`
	Given              string   `required:"" help:"Given names."`
	Born               string   `required:"" help:"Birth date, YYYY-MM-DD."`
	Sex                string   `help:"F, M or O." enum:"F,M,O,"  default:""`
	Number             []string `required:"" help:"SYSTEM:NUMBER, such as hospital:8014552K. Repeat." sep:"none"`
	VIP                bool     `name:"vip" help:"Named people only, never on a drive."`
	PhotographyRefused bool     `help:"Whatever arrives for this patient is quarantined."`
}

func (x patientAddCmd) Run(e *env) error {
	born, err := day(x.Born)
	if err != nil {
		return err
	}
	p := wire.Patient{Family: x.Family, Given: x.Given, Born: born, Sex: clinical.Sex(x.Sex), VIP: x.VIP, PhotographyRefused: x.PhotographyRefused}
	for _, n := range x.Number {
		system, value, ok := strings.Cut(n, ":")
		if !ok {
			return clinical.Refuse(clinical.Invalid, "number", "A number is written SYSTEM:NUMBER, such as hospital:8014552K.")
		}
		p.Identifiers = append(p.Identifiers, wire.Identifier{System: system, Value: value})
	}
	return e.act("/api/v1/patients", p, "Patient registered")
}

type patientListCmd struct {
	Text string `arg:"" optional:"" help:"Part of a name or number."`
}

func (x patientListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPageOf[wire.Patient](e.ctx, c, call{method: http.MethodPost, path: "/api/v1/patients/search", in: map[string]string{"q": x.Text}})
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tNAME\tBORN\tNUMBER")
			for _, p := range all {
				number := ""
				for _, i := range p.Identifiers {
					number = i.System + ":" + i.Value
				}
				put(w, "%s\t%s\t%s\t%s", p.ID, e.nameOf(p), p.Born, number)
			}
		})
	})
}

type patientShowCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
}

func (x patientShowCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		p, err := e.page(c, x.Patient)
		if err != nil {
			return err
		}
		return e.answer(p, func(w io.Writer) {
			put(w, "%s\t%s", e.nameOf(p.Patient), p.Patient.Born)
			put(w, "%s", p.Consent)
			if p.Restricted {
				put(w, "Restricted pictures exist.")
			}
			for _, s := range p.Sessions {
				put(w, "session %s\t%s\t%s", s.ID, s.Studio, e.stamp(s.Began))
				e.writeAssets(w, s.Assets)
			}
		})
	})
}

// nameOf is what tables call a patient.
func (e *env) nameOf(p wire.Patient) string {
	if !p.Erased.IsZero() {
		return "erased " + e.stamp(p.Erased)
	}
	return p.Clinical().DisplayName()
}

// writeAssets lists pictures.
func (e *env) writeAssets(w io.Writer, all []wire.Asset) {
	for _, a := range all {
		put(w, "  %s\t%s\t%s\t%s\t%s\t%s", a.ID, a.State, e.stamp(a.TakenAt), a.View.Code, a.Badge, a.Reason)
	}
}

type patientEncounterCmd struct {
	Patient   string   `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Specialty string   `required:"" help:"Department, such as dermatology."`
	Team      []string `help:"Who treats the patient (login). Repeat."`
}

func (x patientEncounterCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		id, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		team, err := e.people(c, x.Team)
		if err != nil {
			return err
		}
		var r wire.Result
		in := wire.Encounter{Patient: id, Specialty: clinical.Specialty(x.Specialty), Team: team}
		if err := c.post(e.ctx, "/api/v1/encounters", in, &r); err != nil {
			return err
		}
		return e.said(r, "Encounter opened (%s).", strings.Join(r.IDs, " "))
	})
}
