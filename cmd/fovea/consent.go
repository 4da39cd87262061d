package main

import (
	"cmp"
	"io"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

type consentCmd struct {
	Record   consentRecordCmd   `cmd:"" help:"Record what a patient allows or refuses."`
	List     consentListCmd     `cmd:"" help:"List a patient's consents."`
	Withdraw consentWithdrawCmd `cmd:"" help:"Take consent back: gone from every drive within one request."`
	Mistaken consentMistakenCmd `cmd:"" help:"Say that a consent was recorded by mistake: it stays listed and permits nothing."`
	Form     consentFormCmd     `cmd:"" help:"Paper forms: print one, attach the scan, get it back."`
	Code     consentCodeCmd     `cmd:"" help:"Codes with which a patient can withdraw: issue, list, revoke."`
	Export   consentExportCmd   `cmd:"" help:"Write a patient's consents as FHIR R4."`
	Import   consentImportCmd   `cmd:"" help:"Record the consents of a file that was exported before."`
}

type consentRecordCmd struct {
	Patient     string   `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Status      string   `default:"given" enum:"given,refused,requested,pending" help:"given, refused, requested or pending."`
	Mode        string   `default:"written" enum:"written,electronic,verbal,implied" help:"How it was expressed."`
	Purpose     []string `help:"P1 audit, P2 teaching (the default), P2b another patient, P3 research, P4 publication, P5 public, P7 training of devices. Repeat."`
	Audience    string   `help:"Largest audience: A0 team … A2 ≤12, A3 ≤40 (the default), A4 hall, A5 professionals, A6 public."`
	Level       string   `default:"I1" help:"Most that may be recognised: I0 identifiable, I1 no identifying feature, I2 anonymised."`
	Channels    string   `help:"view, mount, download, print, online; absent: view,mount."`
	Paper       int      `help:"The level of a paper form: 1 record, 2 teaching, 3 publication. It says purposes, audience and channels." placeholder:"N"`
	Session     string   `help:"Covers this session (the default cover)." placeholder:"ID"`
	Asset       []string `help:"Covers these pictures. Repeat." placeholder:"ID"`
	Lesion      string   `help:"Covers what shows this lesion." placeholder:"ID"`
	CourseFrom  string   `help:"Covers a course of treatment from this day, YYYY-MM-DD." placeholder:"DAY"`
	CourseUntil string   `help:"Last day of the course, YYYY-MM-DD." placeholder:"DAY"`
	All         bool     `help:"Covers everything: only what is taken over from an older system, by an administrator."`
	ValidFrom   string   `help:"First day, YYYY-MM-DD; absent: now." placeholder:"DAY"`
	Expires     string   `help:"Last day, YYYY-MM-DD." placeholder:"DAY"`
	Review      string   `help:"Review day, YYYY-MM-DD." placeholder:"DAY"`
	Capacity    string   `default:"adult" enum:"adult,parental,mature-minor,best-interest,deceased" help:"In which capacity."`
	Giver       string   `help:"Who gave it, when not the patient."`
	Relation    string   `help:"The giver's relationship."`
	SecondGiver string   `help:"The other holder of parental responsibility."`
	Temporary   bool     `help:"Best interest: the patient will be able to decide; somebody is asked to ask then."`
	Assent      string   `help:"The child's own word: assent or dissent." enum:"assent,dissent," default:""`
	Witness     string   `help:"Named witness; verbal consent needs one."`
	Interpreter string   `help:"Named interpreter."`
	Language    string   `help:"Language it was given in, such as ar or es."`
	NamedUse    string   `help:"P4: the one use."`
	Study       string   `help:"P3: the study's ID."`
	Ethics      string   `help:"P3: the ethics committee's reference."`
	FormVersion string   `help:"Version of the form that was signed, as printed on it."`
	Supersedes  string   `help:"The consent that this one replaces." placeholder:"ID"`
	BeforePhoto bool     `help:"It was taken before the pictures."`
	CopyGiven   bool     `help:"The patient has a copy."`
	ImagesShown bool     `help:"The patient saw the very pictures."`
	Intimate    bool     `help:"The patient ticked that intimate pictures may go beyond 12 people."`
}

// Help teaches.
func (consentRecordCmd) Help() string {
	return "A consent is never edited: record another, which replaces it, or withdraw it. A refusal is for good, and listed so that nobody asks again.\n\nExamples:\n" +
		"  fovea --as mia consent record hospital:8014552K --session 01J… --audience A3 --level I1\n" +
		"  fovea --as mia consent record hospital:8014552K --paper 2 --session 01J…\n" +
		"  fovea --as mia consent record hospital:8014552K --status refused --purpose P2 --session 01J…\n" +
		"  fovea --as mia consent record hospital:8014552K --purpose P4 --named-use 'BMJ Case Reports' --audience A5 --channels view,download --images-shown\n" +
		"  fovea --as mia --simulate consent record hospital:8014552K --session 01J… --supersedes 01J…"
}

// onPaper refuses what the level of a paper form says already, and what such a form does not ask.
func (x consentRecordCmd) onPaper() error {
	if x.Paper != 0 && (len(x.Purpose) > 0 || x.Audience+x.Channels+x.Study+x.Ethics+x.FormVersion != "") {
		return clinical.Refuse(clinical.Invalid, "paper-level", "The level of a paper form says purposes, audience, channels and form, and none is for research. "+
			"Leave out --purpose, --audience, --channels, --study, --ethics and --form-version, or record the consent without --paper.")
	}
	return nil
}

func (x consentRecordCmd) grant() (wire.Grant, error) {
	if len(x.Purpose) == 0 {
		x.Purpose = []string{"P2"}
	}
	x.Audience, x.Channels = cmp.Or(x.Audience, "A3"), cmp.Or(x.Channels, "view,mount")
	g := wire.Grant{
		Status: clinical.GrantStatus(x.Status), Mode: clinical.Mode(x.Mode), Study: x.Study, Ethics: x.Ethics, FormVersion: x.FormVersion,
		Written: wire.Written{
			Capacity: clinical.Capacity(x.Capacity), Temporary: x.Temporary, Giver: x.Giver, Relationship: x.Relation, SecondGiver: x.SecondGiver,
			Assent: clinical.Assent(x.Assent), Witness: x.Witness, Interpreter: x.Interpreter, Language: x.Language, NamedUse: x.NamedUse,
			TakenBeforePhoto: x.BeforePhoto, ImagesShown: x.ImagesShown, CopyGiven: x.CopyGiven, IntimateBeyondA2: x.Intimate,
		},
	}
	g.Covers.All = x.All
	for _, p := range x.Purpose {
		var v wire.Purpose
		if err := v.UnmarshalText([]byte(p)); err != nil {
			return g, err
		}
		g.Purposes = append(g.Purposes, v)
	}
	err := parse(
		field{&g.Audience, x.Audience}, field{&g.Level, x.Level}, field{&g.Channels, x.Channels}, field{&g.Expires, x.Expires},
		field{&g.ReviewAt, x.Review}, field{&g.Covers.Session, x.Session}, field{&g.Covers.Lesion, x.Lesion}, field{&g.Supersedes, x.Supersedes},
	)
	if err != nil {
		return g, err
	}
	assets, err := ids[clinical.Asset](x.Asset)
	if len(assets) > 0 {
		g.Covers.Assets = assets
	}
	return g, err
}

// dates are days in the site's zone.
func (x consentRecordCmd) dates(zone *time.Location, g *wire.Grant) error {
	var from, course, until clinical.Date
	if err := parse(field{&from, x.ValidFrom}, field{&course, x.CourseFrom}, field{&until, x.CourseUntil}); err != nil {
		return err
	}
	g.ValidFrom, g.Covers.CourseFrom, g.Covers.CourseUntil = from.Start(zone), course.Start(zone), until.End(zone)
	return nil
}

// field is a value and the text that a person typed for it.
type field struct {
	into interface{ UnmarshalText([]byte) error }
	text string
}

// parse reads each field.
func parse(fields ...field) error {
	for _, f := range fields {
		if err := f.into.UnmarshalText([]byte(f.text)); err != nil {
			return err
		}
	}
	return nil
}

func (x consentRecordCmd) Run(e *env) error {
	if err := x.onPaper(); err != nil {
		return err
	}
	g, err := x.grant()
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		if err := x.dates(e.zone, &g); err != nil {
			return err
		}
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		path, in := "/api/v1/patients/"+p.String()+"/consents", any(g)
		if x.Paper != 0 {
			path, in = path+"/paper", x.paper(g)
		}
		var r wire.Result
		if err := c.post(e.ctx, path, in, &r); err != nil {
			return err
		}
		return e.said(r, "Consent recorded (%s).", strings.Join(r.IDs, " "))
	})
}

// paper is what a paper form says beside its level.
func (x consentRecordCmd) paper(g wire.Grant) wire.PaperConsent {
	return wire.PaperConsent{Level: x.Paper, Status: g.Status, Mode: g.Mode, Identifiability: g.Level, Written: g.Written}
}

type consentListCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
}

func (x consentListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		p, err := e.page(c, x.Patient)
		if err != nil {
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
	Preview bool   `help:"Say what would go from which set, and withdraw nothing; as --simulate."`
}

// Help teaches.
func (consentWithdrawCmd) Help() string {
	return "Any member of staff may, on the patient's word; it holds at once and is verified later. The care record stays. " +
		"Who had the pictures is found and asked to destroy them: see fovea recall list.\n\nExamples:\n" +
		"  fovea --as mia consent withdraw hospital:8014552K --preview\n" +
		"  fovea --as mia consent withdraw hospital:8014552K --reason 'changed her mind'\n" +
		"  fovea --as olu recall certificate 01J… certificate.pdf"
}

func (x consentWithdrawCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		c.try = c.try || x.Preview
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
		if r.Recall.IsZero() {
			return e.said(r, "Withdrawn, effective now. The care record stays.")
		}
		return e.said(r, "Withdrawn, effective now. The care record stays. Recall %s.", r.Recall)
	})
}
