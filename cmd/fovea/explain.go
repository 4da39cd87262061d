package main

import (
	"io"
	"net/url"

	"fovea/server/wire"
)

type explainCmd struct {
	Person   string `arg:"" help:"Whom it is about (login); with --set also \"anybody\": any of its readers."`
	Asset    string `arg:"" help:"Asset ID."`
	Set      string `help:"In this set (name or ID): purpose and audience are then the set's."`
	Purpose  string `default:"P0" help:"P0 care … P7."`
	Audience string `default:"A0" help:"A0 team … A6 public."`
	Channel  string `default:"view" help:"view, mount, download, print or online."`
	At       string `help:"On this day, YYYY-MM-DD; absent: now." placeholder:"DAY"`
}

// Help teaches.
func (explainCmd) Help() string {
	return "It is the table that decides which answers. For governance, and for a set's owner about its items and readers.\n\nExamples:\n" +
		"  fovea --as olu explain stan 01J… --set 'Chronic wounds' --channel mount\n  fovea --as olu explain carl 01J…\n" +
		"  fovea --as nora explain anybody 01J… --set 'Chronic wounds' --channel mount --at 2027-01-01"
}

func (x explainCmd) Run(e *env) error {
	at, err := day(x.At)
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		q := url.Values{"asset": {x.Asset}, "purpose": {x.Purpose}, "audience": {x.Audience}, "channel": {x.Channel}}
		if x.Set != "" {
			set, err := e.setID(c, x.Set)
			if err != nil {
				return err
			}
			q.Set("set", set.String())
		}
		if x.Person != "anybody" {
			id, err := e.person(c, x.Person)
			if err != nil {
				return err
			}
			q.Set("person", id.String())
		}
		if !at.IsZero() {
			q.Set("at", e.instant(at))
		}
		var a wire.Explanation
		if err := c.get(e.ctx, "/api/v1/explain?"+q.Encode(), &a); err != nil {
			return err
		}
		return e.answer(a, func(w io.Writer) { e.writeExplanation(w, a) })
	})
}

func (e *env) writeExplanation(w io.Writer, a wire.Explanation) {
	put(w, "%s", a.Words)
	for _, r := range a.Rules {
		mark, words := " ", "does not object"
		if r.Decided {
			mark = ">"
		}
		if r.Reason != "" {
			words = r.Words + " [" + string(r.Reason) + "]"
		}
		put(w, "%s %s\t%s\t%s", mark, r.Rule, r.Title, words)
	}
	if !a.Until.IsZero() {
		put(w, "It may change by itself at %s.", e.stamp(a.Until))
	}
}
