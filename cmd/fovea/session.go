package main

import (
	"io"
	"net/http"

	"fovea/clinical"
	"fovea/server/wire"
)

type sessionCmd struct {
	List   sessionListCmd   `cmd:"" help:"List a patient's sittings."`
	Change sessionChangeCmd `cmd:"" help:"Record the photographer, the chaperone and the consent to be photographed."`
}

type sessionListCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
}

func (x sessionListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := e.sittings(c, x.Patient)
		if err != nil {
			return err
		}
		logins, err := e.logins(c)
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tSTUDIO\tBEGAN\tPHOTOGRAPHER\tCONSENT\tCHAPERONE\tPICTURES")
			for _, s := range all {
				consent := s.Consent
				if consent == "" {
					consent = "not noted"
				}
				put(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d", s.ID, s.Studio, e.stamp(s.Began), logins[s.Photographer], consent, chaperone(s.Chaperone), len(s.Assets))
			}
		})
	})
}

func chaperone(c *wire.Chaperone) string {
	switch {
	case c == nil || !c.Offered:
		return "not offered"
	case !c.Accepted:
		return "declined"
	case c.Role != "":
		return c.Name + ", " + c.Role
	default:
		return c.Name
	}
}

// sittings are a patient's sessions.
func (e *env) sittings(c *client, patient string) ([]wire.Session, error) {
	p, err := e.page(c, patient)
	return p.Sessions, err
}

type sessionChangeCmd struct {
	Patient      string  `arg:"" help:"Whose: patient ID, or SYSTEM:NUMBER."`
	Session      string  `arg:"" help:"Session ID."`
	Consent      *string `help:"To be photographed: agreed, emergency or best-interest; empty: not asked."`
	Photographer *string `help:"Who took the pictures (login)."`
	Chaperone    *string `help:"Who came (name); \"declined\": offered and declined; empty: not offered."`
	Role         string  `help:"What the chaperone is, such as nurse."`
	Rev          uint64  `help:"Only if the sitting is still at this revision, as shown by session list --json." placeholder:"N"`
}

// Help teaches.
func (sessionChangeCmd) Help() string {
	return "What is not named stays as it is.\n\nExamples:\n" +
		"  fovea --as mia session change hospital:8014552K 01J… --consent agreed --chaperone 'Ruth Meyer' --role nurse\n" +
		"  fovea --as mia session change hospital:8014552K 01J… --chaperone declined"
}

func (x sessionChangeCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := e.sittings(c, x.Patient)
		if err != nil {
			return err
		}
		for _, s := range all {
			if s.ID.String() == x.Session {
				return x.change(e, c, s)
			}
		}
		return clinical.Refuse(clinical.NotFound, "no-session", "This patient has no such sitting. See fovea session list.")
	})
}

func (x sessionChangeCmd) change(e *env, c *client, s wire.Session) error {
	in := wire.Sitting{Photographer: s.Photographer, Consent: clinical.PhotographyConsent(s.Consent)}
	if s.Chaperone != nil {
		in.Chaperone = *s.Chaperone
	}
	if x.Consent != nil {
		in.Consent = clinical.PhotographyConsent(*x.Consent)
	}
	if x.Chaperone != nil {
		in.Chaperone = wire.Chaperone{Offered: *x.Chaperone != ""}
		if *x.Chaperone != "declined" && *x.Chaperone != "" {
			in.Chaperone = wire.Chaperone{Offered: true, Accepted: true, Name: *x.Chaperone, Role: x.Role}
		}
	}
	if x.Photographer != nil {
		id, err := e.person(c, *x.Photographer)
		if err != nil {
			return err
		}
		in.Photographer = id
	}
	rev := x.Rev
	if rev == 0 {
		rev = s.Rev
	}
	var r wire.Result
	if err := c.send(e.ctx, call{method: http.MethodPut, path: "/api/v1/sessions/" + s.ID.String(), in: in, match: rev}, &r); err != nil {
		return err
	}
	return e.said(r, "Changed.")
}
