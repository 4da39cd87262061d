package main

import (
	"io"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type holdCmd struct {
	List  holdListCmd  `cmd:"" help:"List the holds on a patient and their pictures, those that ended too."`
	Place holdPlaceCmd `cmd:"" help:"Forbid acts on pictures."`
	Lift  holdLiftCmd  `cmd:"" help:"End a hold."`
}

type holdListCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
}

func (x holdListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		p, err := e.page(c, x.Patient)
		if err != nil {
			return err
		}
		return e.answer(p.Holds, func(w io.Writer) {
			put(w, "ID\tKIND\tPICTURES\tPLACED\tLIFTED\tREASON")
			for _, h := range p.Holds {
				on := "all"
				if n := len(h.Assets); n > 0 {
					on = strconv.Itoa(n)
				}
				put(w, "%s\t%s\t%s\t%s\t%s\t%s", h.ID, h.Kind, on, e.stamp(h.PlacedAt), e.stamp(h.LiftedAt), h.Reason)
			}
		})
	})
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
