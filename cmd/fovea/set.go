package main

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type setCmd struct {
	Create  setCreateCmd  `cmd:"" help:"Begin a teaching set."`
	List    setListCmd    `cmd:"" help:"List sets this person owns or may mount."`
	Show    setShowCmd    `cmd:"" help:"Show a set: what its readers see, what is hidden and why."`
	Add     setAddCmd     `cmd:"" help:"Add pictures, in this order."`
	Remove  setRemoveCmd  `cmd:"" help:"Take items out."`
	Change  setChangeCmd  `cmd:"" help:"Change title, audience or dates."`
	Roster  setRosterCmd  `cmd:"" help:"Replace the readers: by logins, or by a CSV file with cohorts and terms."`
	Readers setReadersCmd `cmd:"" help:"List who reads a set, and for which term."`
	Submit  setActCmd     `cmd:"" help:"Ask a second person to publish."`
	Publish setPublishCmd `cmd:"" help:"Put the set on its readers' drives."`
	Close   setCloseCmd   `cmd:"" help:"Take the set off every drive."`
}

type setCreateCmd struct {
	Name      string   `arg:"" help:"Folder name on the drive, such as \"Chronic wounds\"."`
	Title     string   `help:"Longer title."`
	Purpose   string   `default:"P2" help:"P2 teaching."`
	Audience  string   `default:"A2" help:"The largest it will be shown to: A1 one, A2 ≤12, A3 ≤40, A4 hall."`
	Specialty string   `help:"Department."`
	Roster    []string `help:"Reader (login). Repeat."`
	From      string   `help:"First day, YYYY-MM-DD." placeholder:"DAY"`
	Until     string   `help:"Last day, YYYY-MM-DD." placeholder:"DAY"`
	Watermark bool     `help:"Mark each reader's copies on their drives, so that one that is passed on names its reader." default:"true" negatable:""`
}

func (x setCreateCmd) Run(e *env) error {
	s := wire.Set{Name: x.Name, Title: x.Title, Specialty: clinical.Specialty(x.Specialty), Watermark: &x.Watermark}
	for _, f := range []struct {
		into interface{ UnmarshalText([]byte) error }
		text string
	}{{&s.Purpose, x.Purpose}, {&s.Audience, x.Audience}, {&s.From, x.From}, {&s.Until, x.Until}} {
		if err := f.into.UnmarshalText([]byte(f.text)); err != nil {
			return err
		}
	}
	return e.with(func(c *client) error {
		var err error
		if s.Roster, err = e.people(c, x.Roster); err != nil {
			return err
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/sets", s, &r); err != nil {
			return err
		}
		return e.said(r, "Set begun (%s).", strings.Join(r.IDs, " "))
	})
}

type setListCmd struct{}

func (setListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.Set](e.ctx, c, "/api/v1/sets")
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tNAME\tAUDIENCE\tSTATUS\tUNTIL")
			for _, s := range all {
				status := string(s.Status)
				if status == "" {
					status = "draft"
				}
				put(w, "%s\t%s\t%s\t%s\t%s", s.ID, s.Name, s.Audience, status, s.Until)
			}
		})
	})
}

type setShowCmd struct {
	Set string `arg:"" help:"Name or ID."`
}

func (x setShowCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		id, err := e.setID(c, x.Set)
		if err != nil {
			return err
		}
		var p wire.SetPage
		if err := c.get(e.ctx, "/api/v1/sets/"+id.String(), &p); err != nil {
			return err
		}
		return e.answer(p, func(w io.Writer) {
			put(w, "%s: %d admitted, %d hidden", p.Set.Name, p.Admitted, p.Hidden)
			if p.Set.Watermark != nil && *p.Set.Watermark {
				put(w, "copies on drives are marked")
			}
			for _, i := range p.Items {
				state := "seen"
				if !i.Admitted {
					state = "hidden: " + i.Words
				}
				put(w, "%06d\t%s\t%s\t%s", i.Number, i.ID, i.Label, state)
			}
		})
	})
}

type setAddCmd struct {
	Set    string   `arg:"" help:"Name or ID."`
	Assets []string `arg:"" help:"Asset IDs, in order."`
	Label  []string `help:"Label of the first, second, … picture. Repeat."`
}

func (x setAddCmd) Run(e *env) error {
	assets, err := ids[clinical.Asset](x.Assets)
	if err != nil {
		return err
	}
	return e.onSet(x.Set, "/items", wire.AddItems{Assets: assets, Labels: x.Label}, strconv.Itoa(len(assets))+" added")
}

type setRemoveCmd struct {
	Set   string   `arg:"" help:"Name or ID."`
	Items []string `arg:"" help:"Item IDs."`
}

func (x setRemoveCmd) Run(e *env) error {
	items, err := ids[clinical.SetItem](x.Items)
	if err != nil {
		return err
	}
	return e.onSet(x.Set, "/items/remove", wire.RemoveItems{Items: items}, "Taken out")
}

// onSet posts to one set, named or by ID.
func (e *env) onSet(ref, path string, in any, done string) error {
	return e.with(func(c *client) error {
		id, err := e.setID(c, ref)
		if err != nil {
			return err
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/sets/"+id.String()+path, in, &r); err != nil {
			return err
		}
		return e.said(r, "%s.", done)
	})
}

type setChangeCmd struct {
	Set       string  `arg:"" help:"Name or ID."`
	Title     *string `help:"New title."`
	Audience  *string `help:"The largest it will be shown to: A1 one, A2 ≤12, A3 ≤40, A4 hall."`
	From      *string `help:"First day, YYYY-MM-DD; empty: from the day it is published." placeholder:"DAY"`
	Until     *string `help:"Last day, YYYY-MM-DD; empty: no end." placeholder:"DAY"`
	Watermark *bool   `help:"Mark each reader's copies on their drive, or no longer." negatable:""`
	Rev       uint64  `help:"Only if the set is still at this revision, as shown by set show --json." placeholder:"N"`
}

// Help teaches.
func (setChangeCmd) Help() string {
	return "What is not named stays as it is. Readers are changed with fovea set roster.\n\nExamples:\n" +
		"  fovea --as nora set change 'Chronic wounds' --audience A3 --until 2027-02-28\n  fovea --as nora set change 'Chronic wounds' --until ''"
}

func (x setChangeCmd) Run(e *env) error {
	if x.Title == nil && x.Audience == nil && x.From == nil && x.Until == nil && x.Watermark == nil {
		return clinical.Refuse(clinical.Invalid, "nothing-to-change", "Nothing is named that should change. Name --title, --audience, --from, --until or --watermark.")
	}
	return e.changeSet(x.Set, x.Rev, "Changed", func(_ *client, s *wire.Set) error {
		if x.Title != nil {
			s.Title = *x.Title
		}
		if x.Watermark != nil {
			s.Watermark = x.Watermark
		}
		for _, f := range []struct {
			into interface{ UnmarshalText([]byte) error }
			text *string
		}{{&s.Audience, x.Audience}, {&s.From, x.From}, {&s.Until, x.Until}} {
			if f.text == nil {
				continue
			}
			if err := f.into.UnmarshalText([]byte(*f.text)); err != nil {
				return err
			}
		}
		return nil
	})
}

// changeSet reads a set, edits it and puts it back at the revision that was
// read, or at the one the person names.
func (e *env) changeSet(ref string, rev uint64, done string, edit func(*client, *wire.Set) error) error {
	return e.with(func(c *client) error {
		s, err := e.set(c, ref)
		if err != nil {
			return err
		}
		if rev == 0 {
			rev = s.Rev
		}
		if err := edit(c, &s); err != nil {
			return err
		}
		var r wire.Result
		if err := c.send(e.ctx, call{method: http.MethodPut, path: "/api/v1/sets/" + s.ID.String(), in: s, match: rev}, &r); err != nil {
			return err
		}
		return e.said(r, "%s.", done)
	})
}

type setActCmd struct {
	Set string `arg:"" help:"Name or ID."`
}

func (x setActCmd) Run(e *env) error {
	return e.onSet(x.Set, "/submit", nil, "Submitted; a second person publishes")
}

type setPublishCmd struct {
	Set string `arg:"" help:"Name or ID."`
}

func (x setPublishCmd) Run(e *env) error {
	return e.onSet(x.Set, "/publish", nil, "Published on its readers' drives")
}

type setCloseCmd struct {
	Set string `arg:"" help:"Name or ID."`
}

func (x setCloseCmd) Run(e *env) error { return e.onSet(x.Set, "/close", nil, "Closed") }

type searchCmd struct {
	Text  []string `arg:"" optional:"" help:"Words: of captions, keywords, views, names."`
	From  string   `help:"Taken on or after, YYYY-MM-DD." placeholder:"DAY"`
	To    string   `help:"Taken before, YYYY-MM-DD." placeholder:"DAY"`
	Limit int      `default:"50" help:"At most this many."`
	Facet []string `help:"Count values of: keyword, view, site, specialty, studio, year. Repeat."`
}

func (x searchCmd) Run(e *env) error {
	q := url.Values{"limit": {strconv.Itoa(x.Limit)}}
	if len(x.Facet) > 0 {
		q.Set("facets", strings.Join(x.Facet, ","))
	}
	for name, text := range map[string]string{"from": x.From, "to": x.To} {
		if text != "" {
			if _, err := day(text); err != nil {
				return err
			}
			q.Set(name, text+"T00:00:00Z")
		}
	}
	return e.with(func(c *client) error {
		if err := c.caughtUp(e.ctx); err != nil {
			return err
		}
		var h wire.Hits
		if err := c.post(e.ctx, "/api/v1/search?"+q.Encode(), map[string]string{"q": strings.Join(x.Text, " ")}, &h); err != nil {
			return err
		}
		return e.answer(h, func(w io.Writer) {
			put(w, "%d found", h.Total)
			e.writeAssets(w, h.Items)
			for name, bins := range h.Facets {
				for _, b := range bins {
					put(w, "%s\t%s\t%d", name, b.Value, b.Count)
				}
			}
		})
	})
}
