package main

import (
	"io"
	"net/http"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

type lesionCmd struct {
	Open  lesionOpenCmd  `cmd:"" help:"Begin to follow a finding, such as an ulcer."`
	List  lesionListCmd  `cmd:"" help:"List a patient's findings, those still followed first."`
	Close lesionCloseCmd `cmd:"" help:"Say that a finding is not followed any more."`
}

type lesionOpenCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Label   string `required:"" help:"Such as 'ulcer, medial'."`
	Site    string `help:"Body site."`
	Side    string `help:"R, L, B or U." enum:"R,L,B,U," default:""`
}

// Help teaches.
func (lesionOpenCmd) Help() string {
	return "A consent can cover every picture of one lesion, also those still to be taken.\n\nExamples:\n" +
		"  fovea --as mia lesion open hospital:8014552K --label 'ulcer, medial' --site 'lower leg' --side L\n" +
		"  fovea --as mia asset describe 01J… --lesion 01K…\n" +
		"  fovea --as mia consent record hospital:8014552K --lesion 01K…"
}

func (x lesionOpenCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		id, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		var r wire.Result
		in := wire.Lesion{Label: x.Label, Site: x.Site, Laterality: clinical.Laterality(x.Side)}
		if err := c.post(e.ctx, "/api/v1/patients/"+id.String()+"/lesions", in, &r); err != nil {
			return err
		}
		return e.said(r, "Lesion opened (%s).", strings.Join(r.IDs, " "))
	})
}

type lesionListCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
}

func (x lesionListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := e.lesions(c, x.Patient)
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tLABEL\tSITE\tSIDE\tOPENED\tCLOSED")
			for _, l := range all {
				put(w, "%s\t%s\t%s\t%s\t%s\t%s", l.ID, l.Label, l.Site, l.Laterality, e.stamp(l.Opened), e.stamp(l.Closed))
			}
		})
	})
}

// lesions returns the findings of a patient.
func (e *env) lesions(c *client, patient string) ([]wire.Lesion, error) {
	id, err := e.patient(c, patient)
	if err != nil {
		return nil, err
	}
	return everyPage[wire.Lesion](e.ctx, c, "/api/v1/patients/"+id.String()+"/lesions")
}

type lesionCloseCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Lesion  string `arg:"" help:"Lesion ID."`
}

func (x lesionCloseCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := e.lesions(c, x.Patient)
		if err != nil {
			return err
		}
		for _, l := range all {
			if l.ID.String() != x.Lesion {
				continue
			}
			l.Closed = time.Now()
			rev := l.Rev
			var r wire.Result
			if err := c.send(e.ctx, call{method: http.MethodPut, path: "/api/v1/lesions/" + x.Lesion, in: l, match: rev}, &r); err != nil {
				return err
			}
			return e.said(r, "Lesion closed. What is consented to for it stays.")
		}
		return clinical.Refuse(clinical.NotFound, "lesion", "This patient has no lesion of this ID. Look at fovea lesion list.")
	})
}
