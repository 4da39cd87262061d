package main

import (
	"io"
	"net/http"
	"slices"

	"fovea/clinical"
)

type patientTeamCmd struct {
	Patient string   `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Add     []string `help:"Name this person (login). Repeat." placeholder:"LOGIN"`
	Away    []string `help:"Take this person's name away (login). Repeat." placeholder:"LOGIN"`
}

// Help teaches.
func (patientTeamCmd) Help() string {
	return "Whoever is named has a standing need to know, for care: also of a patient whom only named people may see, and while it is disputed whose the pictures are. " +
		"Nobody names themselves. Without --add and --away it lists them.\n\nExample:\n  fovea --as olu patient team hospital:8014552K --add carl"
}

func (x patientTeamCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		add, err := e.people(c, x.Add)
		if err != nil {
			return err
		}
		away, err := e.people(c, x.Away)
		if err != nil {
			return err
		}
		page, err := e.page(c, x.Patient)
		if err != nil {
			return err
		}
		p := page.Patient
		p.NamedTeam = append([]clinical.PersonID{}, p.NamedTeam...)
		if len(add)+len(away) > 0 {
			p.NamedTeam = slices.DeleteFunc(append(p.NamedTeam, add...), func(who clinical.PersonID) bool { return slices.Contains(away, who) })
			slices.SortFunc(p.NamedTeam, clinical.PersonID.Compare)
			p.NamedTeam = slices.Compact(p.NamedTeam)
			change := call{method: http.MethodPut, path: "/api/v1/patients/" + p.ID.String(), in: p, match: p.Rev}
			if err := c.send(e.ctx, change, nil); err != nil {
				return err
			}
		}
		logins, err := e.logins(c)
		if err != nil {
			return err
		}
		return e.answer(p.NamedTeam, func(w io.Writer) {
			for _, who := range p.NamedTeam {
				put(w, "%s\t%s", who, logins[who])
			}
			if len(p.NamedTeam) == 0 {
				put(w, "Nobody is named.")
			}
		})
	})
}
