package main

import (
	"io"
	"net/http"
	"net/url"
	"strconv"

	"fovea/clinical"
	"fovea/server/wire"
)

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Make somebody known."`
	List     userListCmd     `cmd:"" help:"List people."`
	Password userPasswordCmd `cmd:"" help:"Set a password, read from standard input."`
	Disable  userDisableCmd  `cmd:"" help:"Shut somebody out at once."`
}

type userAddCmd struct {
	Login     string   `arg:"" help:"What they sign in with."`
	Name      string   `required:"" help:"Full name."`
	Role      string   `required:"" enum:"photographer,clinician,educator,student,governance,nurse,studio,admin" help:"photographer, clinician, educator, student, governance, nurse, studio or admin."`
	Specialty string   `help:"Department."`
	Studio    []string `help:"Studio they work in. Repeat."`
	TermEnds  string   `help:"Last day, YYYY-MM-DD." placeholder:"DAY"`
	Shared    bool     `help:"Several people use it, such as a lecture hall's: it mounts nothing that identifies a patient."`
	Lead      []string `help:"What they answer for in the whole hospital: governance or safeguarding. Repeat." enum:"governance,safeguarding"`
}

func (x userAddCmd) Run(e *env) error {
	ends, err := day(x.TermEnds)
	if err != nil {
		return err
	}
	p := wire.Person{Login: x.Login, Name: x.Name, Role: clinical.Role(x.Role), Specialty: clinical.Specialty(x.Specialty), TermEnds: ends, Shared: x.Shared}
	for _, l := range x.Lead {
		p.Leads = append(p.Leads, clinical.Lead(l))
	}
	for _, s := range x.Studio {
		p.Studios = append(p.Studios, clinical.StudioID(s))
	}
	return e.act("/api/v1/people", p, "Person added")
}

type userListCmd struct{}

func (userListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.Person](e.ctx, c, "/api/v1/people")
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tLOGIN\tROLE\tNAME\tSTATE")
			for _, p := range all {
				state := "active"
				if p.Disabled {
					state = "disabled"
				}
				put(w, "%s\t%s\t%s\t%s\t%s", p.ID, p.Login, p.Role, p.Name, state)
			}
		})
	})
}

type userPasswordCmd struct {
	Login string `arg:"" help:"Whose."`
}

// Help teaches.
func (userPasswordCmd) Help() string {
	return "The password is the first line of standard input, so that it is in no process list:\n  fovea user password mia < password.txt"
}

func (x userPasswordCmd) Run(e *env) error {
	password, err := e.password()
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		id, err := e.person(c, x.Login)
		if err != nil {
			return err
		}
		if err := c.send(e.ctx, call{method: http.MethodPut, path: "/api/v1/people/" + id.String() + "/password", in: wire.SetPassword{Password: password}}, nil); err != nil {
			return err
		}
		return e.said(wire.Result{IDs: []string{id.String()}}, "Password set.")
	})
}

func errText(err error) string {
	if err == nil {
		return "the line was empty"
	}
	return err.Error()
}

type userDisableCmd struct {
	Login string `arg:"" help:"Whom."`
}

func (x userDisableCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.Person](e.ctx, c, "/api/v1/people")
		if err != nil {
			return err
		}
		for _, p := range all {
			if p.Login != x.Login {
				continue
			}
			p.Disabled = true
			var r wire.Result
			if err := c.send(e.ctx, call{method: http.MethodPut, path: "/api/v1/people/" + p.ID.String(), in: p, match: p.Rev}, &r); err != nil {
				return err
			}
			return e.said(r, "Disabled.")
		}
		return clinical.Refuse(clinical.NotFound, "no-person", "Nobody has this login. See fovea user list.")
	})
}

type appPasswordCmd struct {
	Issue  appIssueCmd  `cmd:"" help:"Issue a password for one device; it is shown once."`
	List   appListCmd   `cmd:"" help:"List a person's devices."`
	Revoke appRevokeCmd `cmd:"" help:"Revoke one: its next request fails."`
}

type appIssueCmd struct {
	Login  string   `arg:"" help:"For whom."`
	Device string   `required:"" help:"What the person calls the device."`
	Set    []string `help:"Only these sets (ID). Repeat. None: all of the person's." placeholder:"ID"`
	Inbox  string   `help:"A studio: the password opens its inbox and nothing else." placeholder:"STUDIO"`
	Days   int      `default:"90" help:"Valid for this many days."`
}

func (x appIssueCmd) Run(e *env) error {
	sets, err := ids[clinical.TeachingSet](x.Set)
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		id, err := e.person(c, x.Login)
		if err != nil {
			return err
		}
		var p wire.AppPassword
		in := wire.IssueAppPassword{Person: id, Device: x.Device, Sets: sets, Inbox: clinical.StudioID(x.Inbox), Days: x.Days}
		if err := c.post(e.ctx, "/api/v1/app-passwords", in, &p); err != nil {
			return err
		}
		return e.answer(p, func(w io.Writer) {
			put(w, "login\t%s\npassword\t%s\nexpires\t%s\nIt is shown only now.", p.Login, p.Secret, e.stamp(p.Expires))
		})
	})
}

type appListCmd struct {
	Login string `arg:"" help:"Whose."`
}

func (x appListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		id, err := e.person(c, x.Login)
		if err != nil {
			return err
		}
		var l wire.List[wire.AppPassword]
		if err := c.get(e.ctx, "/api/v1/app-passwords?person="+id.String(), &l); err != nil {
			return err
		}
		return e.answer(l.Items, func(w io.Writer) {
			put(w, "ID\tDEVICE\tOPENS\tEXPIRES\tLAST USED\tFROM")
			for _, p := range l.Items {
				put(w, "%s\t%s\t%s\t%s\t%s\t%s", p.ID, p.Device, opens(p), e.stamp(p.Expires), e.stamp(p.LastUsed), p.LastAddress)
			}
		})
	})
}

// opens says in short what an app password is good for.
func opens(p wire.AppPassword) string {
	switch {
	case p.Inbox != "":
		return "inbox " + string(p.Inbox)
	case len(p.Sets) > 0:
		return strconv.Itoa(len(p.Sets)) + " sets"
	default:
		return "everything"
	}
}

type appRevokeCmd struct {
	Login string `arg:"" help:"Whose."`
	ID    string `arg:"" help:"Which, from the list."`
}

func (x appRevokeCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		id, err := e.person(c, x.Login)
		if err != nil {
			return err
		}
		path := "/api/v1/app-passwords/" + url.PathEscape(x.ID) + "?person=" + id.String()
		if err := c.send(e.ctx, call{method: http.MethodDelete, path: path}, nil); err != nil {
			return err
		}
		return e.said(wire.Result{IDs: []string{x.ID}}, "Revoked.")
	})
}
