package main

import (
	"io"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type consentCmd struct {
	Record   consentRecordCmd   `cmd:"" help:"Record what a patient allows or refuses."`
	List     consentListCmd     `cmd:"" help:"List a patient's consents."`
	Withdraw consentWithdrawCmd `cmd:"" help:"Take consent back: gone from every drive within one request."`
}

type consentRecordCmd struct {
	Patient     string   `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Status      string   `default:"given" enum:"given,refused,requested,pending" help:"given, refused, requested or pending."`
	Mode        string   `default:"written" enum:"written,electronic,verbal,implied" help:"How it was expressed."`
	Purpose     []string `default:"P2" help:"P1 audit, P2 teaching, P2b another patient, P3 research, P4 publication, P5 public. Repeat."`
	Audience    string   `default:"A3" help:"Largest audience: A0 team … A2 ≤12, A3 ≤40, A4 hall, A5 professionals, A6 public."`
	Level       string   `default:"I1" help:"Most that may be recognised: I0 identifiable, I1 no identifying feature, I2 anonymised."`
	Channels    string   `default:"view,mount" help:"view, mount, download, print, online."`
	Session     string   `help:"Covers this session (the default cover)." placeholder:"ID"`
	Asset       []string `help:"Covers these pictures. Repeat." placeholder:"ID"`
	Expires     string   `help:"Last day, YYYY-MM-DD." placeholder:"DAY"`
	Review      string   `help:"Review day, YYYY-MM-DD." placeholder:"DAY"`
	Capacity    string   `default:"adult" enum:"adult,parental,mature-minor,best-interest,deceased" help:"In which capacity."`
	Giver       string   `help:"Who gave it, when not the patient."`
	Relation    string   `help:"The giver's relationship."`
	Assent      string   `help:"The child's own word: assent or dissent." enum:"assent,dissent," default:""`
	Witness     string   `help:"Named witness; verbal consent needs one."`
	Interpreter string   `help:"Named interpreter."`
	Language    string   `help:"Language it was given in, such as ar or es."`
	NamedUse    string   `help:"P4: the one use."`
	ImagesShown bool     `help:"The patient saw the very pictures."`
	Intimate    bool     `help:"The patient ticked that intimate pictures may go beyond 12 people."`
}

// Help teaches.
func (consentRecordCmd) Help() string {
	return "Examples:\n  fovea --as mia consent record hospital:8014552K --session 01J… --audience A3 --level I1\n" +
		"  fovea --as mia consent record hospital:8014552K --status refused --purpose P2 --session 01J…"
}

func (x consentRecordCmd) grant() (wire.Grant, error) {
	g := wire.Grant{
		Status: clinical.GrantStatus(x.Status), Mode: clinical.Mode(x.Mode), Capacity: clinical.Capacity(x.Capacity),
		Giver: x.Giver, Relationship: x.Relation, Assent: clinical.Assent(x.Assent), Witness: x.Witness, Interpreter: x.Interpreter,
		Language: x.Language, NamedUse: x.NamedUse, ImagesShown: x.ImagesShown, IntimateBeyondA2: x.Intimate,
	}
	for _, p := range x.Purpose {
		var v wire.Purpose
		if err := v.UnmarshalText([]byte(p)); err != nil {
			return g, err
		}
		g.Purposes = append(g.Purposes, v)
	}
	for _, f := range []struct {
		into interface{ UnmarshalText([]byte) error }
		text string
	}{{&g.Audience, x.Audience}, {&g.Level, x.Level}, {&g.Channels, x.Channels}, {&g.Expires, x.Expires}, {&g.ReviewAt, x.Review}, {&g.Covers.Session, x.Session}} {
		if err := f.into.UnmarshalText([]byte(f.text)); err != nil {
			return g, err
		}
	}
	assets, err := ids[clinical.Asset](x.Asset)
	if len(assets) > 0 {
		g.Covers.Assets = assets
	}
	return g, err
}

func (x consentRecordCmd) Run(e *env) error {
	g, err := x.grant()
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/patients/"+p.String()+"/consents", g, &r); err != nil {
			return err
		}
		return e.said(r, "Consent recorded (%s).", strings.Join(r.IDs, " "))
	})
}

type consentListCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
}

func (x consentListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		id, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		var p wire.PatientPage
		if err := c.get(e.ctx, "/api/v1/patients/"+id.String(), &p); err != nil {
			return err
		}
		return e.answer(p.Grants, func(w io.Writer) {
			put(w, "%s", p.Consent)
			put(w, "ID\tSTATUS\tMODE\tPURPOSES\tAUDIENCE\tLEVEL\tCHANNELS\tEXPIRES")
			for _, g := range p.Grants {
				purposes := []string{}
				for _, v := range g.Purposes {
					purposes = append(purposes, v.String())
				}
				put(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", g.ID, g.Status, g.Mode, strings.Join(purposes, " "), g.Audience, g.Level, g.Channels, g.Expires)
			}
		})
	})
}

type consentWithdrawCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Grant   string `help:"Only this consent; absent: all beyond care." placeholder:"ID"`
	Reason  string `help:"The patient's words, if any."`
}

func (x consentWithdrawCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		id, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		in := wire.Withdraw{Reason: x.Reason}
		if err := in.Grant.UnmarshalText([]byte(x.Grant)); err != nil {
			return err
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/patients/"+id.String()+"/withdrawals", in, &r); err != nil {
			return err
		}
		return e.said(r, "Withdrawn, effective now. The care record stays.")
	})
}

type holdCmd struct {
	Place holdPlaceCmd `cmd:"" help:"Forbid acts on pictures."`
	Lift  holdLiftCmd  `cmd:"" help:"End a hold."`
}

type holdPlaceCmd struct {
	Kind    string   `default:"legal" enum:"legal,identity-dispute,unmerge" help:"legal, identity-dispute or unmerge."`
	Patient string   `help:"Everything of this patient: ID, or SYSTEM:NUMBER."`
	Asset   []string `help:"Only these pictures. Repeat." placeholder:"ID"`
	Reason  string   `required:"" help:"Why, for the record."`
}

func (x holdPlaceCmd) Run(e *env) error {
	assets, err := ids[clinical.Asset](x.Asset)
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		in := wire.Hold{Kind: clinical.HoldKind(x.Kind), Assets: assets, Reason: x.Reason}
		if x.Patient != "" {
			if in.Patient, err = e.patient(c, x.Patient); err != nil {
				return err
			}
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/holds", in, &r); err != nil {
			return err
		}
		return e.said(r, "Hold placed (%s).", strings.Join(r.IDs, " "))
	})
}

type holdLiftCmd struct {
	Hold   string `arg:"" help:"Hold ID."`
	Reason string `required:"" help:"Why, for the record."`
}

func (x holdLiftCmd) Run(e *env) error {
	return e.act("/api/v1/holds/"+x.Hold+"/lift", map[string]string{"reason": x.Reason}, "Hold lifted")
}
