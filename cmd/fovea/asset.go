package main

import (
	"cmp"
	"io"
	"net/http"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type assetCmd struct {
	Show     assetShowCmd     `cmd:"" help:"Show a picture's catalogue entry."`
	Get      assetGetCmd      `cmd:"" help:"Write a picture's bytes to a file."`
	Classify assetClassifyCmd `cmd:"" help:"Say what is in pictures: the step between landing and release."`
	Review   assetReviewCmd   `cmd:"" help:"Confirm \"no identifying feature\" as a second person."`
	Describe assetDescribeCmd `cmd:"" help:"Edit caption, keywords and view of a picture."`
	Subjects assetSubjectsCmd `cmd:"" help:"Who else can be recognised in pictures: each needs a consent of their own."`
	Discard  assetDiscardCmd  `cmd:"" help:"Destroy frames before their session is filed."`
	Refile   assetRefileCmd   `cmd:"" help:"Correct a wrong patient: gone from every door at once."`
}

type assetShowCmd struct {
	Asset string `arg:"" help:"Asset ID."`
}

func (x assetShowCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		var a wire.Asset
		if err := c.get(e.ctx, "/api/v1/assets/"+x.Asset, &a); err != nil {
			return err
		}
		return e.answer(a, func(w io.Writer) {
			put(w, "id\t%s", a.ID)
			put(w, "state\t%s %s", a.State, a.Reason)
			put(w, "taken\t%s\t%s %s", a.TakenLocal, a.Make, a.Model)
			put(w, "size\t%d bytes, %d × %d px", a.Size, a.Width, a.Height)
			if a.UprightWidth > 0 {
				put(w, "upright\t%d × %d px", a.UprightWidth, a.UprightHeight)
			}
			put(w, "sha256\t%s", a.SHA256)
			put(w, "flags\t%s, %s", flagWords(a.Sensitivity), a.Identifiability)
			put(w, "consent\t%s", a.Badge)
			for _, id := range a.Subjects {
				put(w, "also seen\t%s", id)
			}
			if !a.Lesion.IsZero() {
				put(w, "lesion\t%s", a.Lesion)
			}
			for _, one := range a.Advice {
				put(w, "advice\t%s: %s", one.Code, one.Words)
			}
		})
	})
}

// flagWords say the flags of a picture, or that somebody looked and there are none.
func flagWords(flags []string) string {
	if len(flags) == 0 {
		return "none"
	}
	return strings.Join(flags, " ")
}

type assetGetCmd struct {
	Asset string `arg:"" help:"Asset ID."`
	Out   string `arg:"" help:"File to write."`
	Kind  string `default:"original" enum:"original,teaching-2048" help:"Which rendition."`
}

// Help teaches.
func (assetGetCmd) Help() string {
	return "A file is a download: it is asked for, and in the ledger, as one. Who sees a picture on a screen alone, as by a broken glass or before it is classified, has no file of it."
}

func (x assetGetCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		path := "/img/" + x.Asset + "/" + x.Kind + "?channel=" + clinical.Download.String()
		err := e.writeFile(x.Out, func(w io.Writer) error { return c.get(e.ctx, path, w) })
		if err != nil {
			return err
		}
		return e.written(x.Out)
	})
}

type assetClassifyCmd struct {
	Assets        []string `arg:"" optional:"" help:"Asset IDs; or use --session."`
	Session       string   `help:"A whole session at once." placeholder:"ID"`
	Flag          []string `help:"face, intimate, safeguarding or vip. Repeat. None: a plain picture."`
	NoIdentifying bool     `help:"Nothing in the picture identifies the patient (neither face nor intimate part)."`
	Reason        string   `help:"Why, for the record."`
}

// Help teaches.
func (assetClassifyCmd) Help() string {
	return "Until somebody classifies a picture, only the treating team and its photographers see it.\n\nExamples:\n" +
		"  fovea --as mia asset classify --session 01J… --no-identifying\n  fovea --as mia asset classify 01J… --flag face"
}

func (x assetClassifyCmd) Run(e *env) error {
	assets, err := ids[clinical.Asset](x.Assets)
	if err != nil {
		return err
	}
	in := wire.Classify{Assets: assets, Flags: append([]string{}, x.Flag...), NoIdentifyingFeature: x.NoIdentifying, Reason: x.Reason}
	if x.Session != "" {
		if in.Session, err = clinical.ParseID[clinical.Session](x.Session); err != nil {
			return err
		}
	}
	return e.act("/api/v1/assets/classify", in, "Classified")
}

type onAssets struct {
	Assets []string `arg:"" help:"Asset IDs."`
	Reason string   `required:"" help:"Why, for the record."`
}

func (x onAssets) post(e *env, path, done string) error {
	assets, err := ids[clinical.Asset](x.Assets)
	if err != nil {
		return err
	}
	return e.act(path, wire.OnAssets{Assets: assets, Reason: x.Reason}, done)
}

type assetReviewCmd struct{ onAssets }

func (x assetReviewCmd) Run(e *env) error { return x.post(e, "/api/v1/assets/review", "Reviewed") }

type assetDiscardCmd struct{ onAssets }

func (x assetDiscardCmd) Run(e *env) error {
	return x.post(e, "/api/v1/assets/discard", "Discarded, their bytes destroyed")
}

type assetRefileCmd struct {
	onAssets
	To string `required:"" help:"The right patient: ID, or SYSTEM:NUMBER."`
}

func (x assetRefileCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		to, err := e.patient(c, x.To)
		if err != nil {
			return err
		}
		assets, err := ids[clinical.Asset](x.Assets)
		if err != nil {
			return err
		}
		var r wire.Result
		in := wire.Refile{OnAssets: wire.OnAssets{Assets: assets, Reason: x.Reason}, To: to}
		if err := c.post(e.ctx, "/api/v1/assets/refile", in, &r); err != nil {
			return err
		}
		return e.said(r, "Refiled; gone from every drive.")
	})
}

type assetSubjectsCmd struct {
	Assets []string `arg:"" help:"Asset IDs."`
	Add    []string `help:"Who else is seen: patient ID, or SYSTEM:NUMBER. Repeat." placeholder:"PATIENT" sep:"none"`
	Away   []string `help:"Who is not seen after all; for governance, with a reason. Repeat." placeholder:"PATIENT" sep:"none"`
	Reason string   `help:"Why, for the record."`
}

// Help teaches.
func (assetSubjectsCmd) Help() string {
	return "Everybody who can be recognised consents, and the strictest answer holds: until the other has consented too, the picture leaves every set. " +
		"Governance, who sees no picture, reads who is named with neither --add nor --away.\n\n" +
		"Examples:\n  fovea --as olu asset subjects 01J…\n  fovea --as mia asset subjects 01J… --add hospital:8014552K\n" +
		"  fovea --as olu asset subjects 01J… --away hospital:8014552K --reason 'it is a doll'"
}

func (x assetSubjectsCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		assets, err := ids[clinical.Asset](x.Assets)
		if err != nil {
			return err
		}
		if len(x.Add)+len(x.Away) == 0 {
			return x.list(e, c, assets)
		}
		in := wire.NameSubjects{OnAssets: wire.OnAssets{Assets: assets, Reason: x.Reason}}
		for _, list := range []struct {
			texts []string
			into  *[]clinical.PatientID
		}{{x.Add, &in.Subjects}, {x.Away, &in.Away}} {
			for _, text := range list.texts {
				id, err := e.patient(c, text)
				if err != nil {
					return err
				}
				*list.into = append(*list.into, id)
			}
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/assets/subjects", in, &r); err != nil {
			return err
		}
		return e.said(r, "Noted who else is seen.")
	})
}

// list says who is named.
func (assetSubjectsCmd) list(e *env, c *client, assets []clinical.AssetID) error {
	all := make([]wire.Named, len(assets))
	for i, id := range assets {
		if err := c.get(e.ctx, "/api/v1/assets/"+id.String()+"/subjects", &all[i]); err != nil {
			return err
		}
	}
	return e.answer(all, func(w io.Writer) {
		put(w, "PICTURE\tOF\tALSO SEEN\tLESION")
		for i, one := range all {
			of, others := "-", []string{}
			for k, p := range one.Patients {
				if k == 0 {
					of = p.String()
				} else {
					others = append(others, p.String())
				}
			}
			lesion := "-"
			if !one.Lesion.IsZero() {
				lesion = one.Lesion.String()
			}
			put(w, "%s\t%s\t%s\t%s", assets[i], of, cmp.Or(strings.Join(others, " "), "-"), lesion)
		}
	})
}

type assetDescribeCmd struct {
	Asset   string   `arg:"" help:"Asset ID."`
	Caption *string  `help:"New caption."`
	Keyword []string `help:"Keywords; replaces all. Repeat."`
	View    string   `help:"View code, such as L-LEG-ANT."`
	Lesion  string   `help:"The lesion that it shows, or none; see fovea lesion list." placeholder:"ID"`
}

func (x assetDescribeCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		var a wire.Asset
		if err := c.get(e.ctx, "/api/v1/assets/"+x.Asset, &a); err != nil {
			return err
		}
		in := wire.Describe{Caption: x.Caption}
		if len(x.Keyword) > 0 {
			in.Keywords = &x.Keyword
		}
		if x.View != "" {
			a.View.Code = x.View
			in.View = &a.View
		}
		if x.Lesion != "" {
			in.Lesion = &clinical.LesionID{} // none
			if x.Lesion != "none" {
				if err := in.Lesion.UnmarshalText([]byte(x.Lesion)); err != nil {
					return err
				}
			}
		}
		var r wire.Result
		if err := c.send(e.ctx, call{method: http.MethodPatch, path: "/api/v1/assets/" + x.Asset, in: in, match: a.Rev}, &r); err != nil {
			return err
		}
		return e.said(r, "Described.")
	})
}
