package main

import (
	"cmp"
	"io"
	"net/url"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type auditWhoCmd struct {
	Patient string   `help:"Of this patient: ID, or SYSTEM:NUMBER."`
	Asset   string   `help:"Of this picture." placeholder:"ID"`
	Person  string   `help:"By this person (login)."`
	Set     string   `help:"Through this set (name or ID)."`
	Act     []string `help:"Only these acts, such as asset.viewed, asset.served, denied. Repeat."`
	From    string   `help:"From this day, YYYY-MM-DD." placeholder:"DAY"`
	To      string   `help:"Before this day, YYYY-MM-DD." placeholder:"DAY"`
}

// Help teaches.
func (auditWhoCmd) Help() string {
	return "Read from the ledger, for governance and administrators; that it was asked is in the ledger, too.\n\nExamples:\n" +
		"  fovea --as olu audit who --patient hospital:8014552K --act asset.viewed --act asset.served\n" +
		"  fovea --as olu --json audit who --person carl --from 2026-05-01"
}

func (x auditWhoCmd) Run(e *env) error {
	var from, to clinical.Date
	if err := parse(field{&from, x.From}, field{&to, x.To}); err != nil {
		return err
	}
	q := url.Values{}
	if len(x.Act) > 0 {
		q.Set("acts", strings.Join(x.Act, ","))
	}
	return e.with(func(c *client) error {
		for name, d := range map[string]clinical.Date{"from": from, "to": to} {
			if !d.IsZero() {
				q.Set(name, e.instant(d))
			}
		}
		if err := x.about(e, c, q); err != nil {
			return err
		}
		all, err := everyPage[wire.Recorded](e.ctx, c, "/api/v1/events?"+q.Encode())
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) { e.writeEvents(w, all) })
	})
}

// about adds what the question is about.
func (x auditWhoCmd) about(e *env, c *client, q url.Values) error {
	if x.Asset != "" {
		q.Set("asset", x.Asset)
	}
	if x.Patient != "" {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		q.Set("patient", p.String())
	}
	if x.Person != "" {
		p, err := e.person(c, x.Person)
		if err != nil {
			return err
		}
		q.Set("person", p.String())
	}
	if x.Set != "" {
		s, err := e.setID(c, x.Set)
		if err != nil {
			return err
		}
		q.Set("set", s.String())
	}
	return nil
}

// writeEvents lists entries of the ledger.
func (e *env) writeEvents(w io.Writer, all []wire.Recorded) {
	put(w, "ENTRY\tWHEN\tWHO\tWHAT\tDOOR\tDEVICE\tPROGRAM\tUSE\tPICTURES")
	for _, r := range all {
		who, act := r.Name, string(r.Act)
		if who == "" {
			who = "(" + string(r.Door) + ")"
		}
		if r.Denied {
			act += " (denied: " + r.Rule + ")"
		}
		device := cmp.Or(r.Called, r.Device[:min(len(r.Device), 8)], "–")
		put(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d", r.Leaf, e.stamp(r.At), who, act, r.Door, device, cmp.Or(r.Agent, "–"), r.Use, len(r.Assets))
	}
}

type auditReachedCmd struct {
	Asset string `arg:"" help:"Asset ID."`
}

// Help teaches.
func (auditReachedCmd) Help() string {
	return "Every set, drive, export and person that ever received a picture: for governance; a set's owner is told who had it through that set."
}

func (x auditReachedCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.Reach](e.ctx, c, "/api/v1/assets/"+x.Asset+"/reached")
		if err != nil {
			return err
		}
		logins, err := e.logins(c)
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) { e.writeReach(w, all, logins) })
	})
}
