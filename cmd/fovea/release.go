package main

import (
	"io"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type releaseCmd struct {
	Create  releaseCreateCmd  `cmd:"" help:"Put pictures into the register; nothing leaves yet."`
	List    releaseListCmd    `cmd:"" help:"List the register."`
	Get     releaseGetCmd     `cmd:"" help:"Write the copy to a file, and say its password once."`
	Deliver releaseDeliverCmd `cmd:"" help:"Record that it was handed over."`
	End     releaseEndCmd     `cmd:"" help:"End it before its use-by."`
}

type releaseCreateCmd struct {
	Assets    []string `arg:"" help:"Asset IDs, in order."`
	Kind      string   `required:"" enum:"subject-access,solicitor,police,court,print,journal,conference,research,online,device" help:"subject-access, solicitor, police, court, print, journal, conference, research, online or device."`
	Authority string   `required:"" help:"The order, request or agreement it rests on."`
	Recipient string   `required:"" help:"Who receives it; for a publication or an event, as the consent names it."`
	Format    string   `enum:"zip,pdf,evidential," default:"" help:"zip (AES-256), pdf (pages to print) or evidential (untouched originals with custody report and proofs); absent: the usual one."`
	UseBy     string   `help:"Last day, YYYY-MM-DD; a conference's: the event's last." placeholder:"DAY"`
}

// Help teaches.
func (releaseCreateCmd) Help() string {
	return "Every picture has to be one that may leave; else nothing is made, and the reasons are counted.\n\nExamples:\n" +
		"  fovea --as olu release create 01J… 01J… --kind subject-access --authority 'request of 3 May' --recipient 'the patient'\n" +
		"  fovea --as mia release create 01J… --kind conference --authority consent --recipient 'EADV 2026' --use-by 2026-10-10\n" +
		"  fovea --as olu release get 01J… copy.zip"
}

func (x releaseCreateCmd) Run(e *env) error {
	assets, err := ids[clinical.Asset](x.Assets)
	if err != nil {
		return err
	}
	in := wire.MakeRelease{
		Kind: clinical.ReleaseKind(x.Kind), Authority: x.Authority, Recipient: x.Recipient, Assets: assets, Format: clinical.ReleaseFormat(x.Format),
	}
	if in.UseBy, err = day(x.UseBy); err != nil {
		return err
	}
	return e.act("/api/v1/releases", in, "In the register")
}

type releaseListCmd struct{}

func (releaseListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.Release](e.ctx, c, "/api/v1/releases")
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tKIND\tRECIPIENT\tFORMAT\tPICTURES\tMADE\tUSE BY\tSTATE")
			for _, r := range all {
				put(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s", r.ID, r.Kind, r.Recipient, r.Format, len(r.Assets), e.stamp(r.At), r.UseBy, e.releaseState(r))
			}
		})
	})
}

func (e *env) releaseState(r wire.Release) string {
	switch {
	case !r.Ended.IsZero():
		return "ended " + e.stamp(r.Ended)
	case !r.Delivered.IsZero():
		return "delivered " + e.stamp(r.Delivered)
	case r.Fault != "":
		return "failed, tried again " + e.stamp(r.RetryAt) + ": " + string(r.Fault)
	default:
		return "open"
	}
}

type releaseGetCmd struct {
	Release string `arg:"" help:"Release ID."`
	Out     string `arg:"" help:"File to write."`
}

// Help teaches.
func (releaseGetCmd) Help() string {
	return "For whoever made the release. The password of an encrypted copy is printed once and kept nowhere: give it to the recipient another way than the copy.\n" +
		"Names in the copy say nothing about the patient. It opens with 7-Zip, WinZip, macOS and Linux tools that know AES."
}

func (x releaseGetCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		path := "/api/v1/releases/" + x.Release
		var release wire.Release
		if err := c.get(e.ctx, path, &release); err != nil {
			return err
		}
		answer := struct {
			File     string `json:"file"`
			Password string `json:"password,omitempty"`
		}{File: x.Out}
		if release.Format != clinical.PrintPDF {
			var p wire.ReleasePassword
			if err := c.post(e.ctx, path+"/password", nil, &p); err != nil {
				return err
			}
			answer.Password = p.Password
		}
		if err := e.writeFile(x.Out, func(w io.Writer) error { return c.get(e.ctx, path+"/content", w) }); err != nil {
			return err
		}
		return e.answer(answer, func(w io.Writer) {
			put(w, "Written: %s", x.Out)
			if answer.Password != "" {
				put(w, "Password: %s\nIt is shown only now. Give it another way than the copy.", answer.Password)
			}
		})
	})
}

type releaseDeliverCmd struct {
	Release string `arg:"" help:"Release ID."`
	Receipt string `help:"What shows it, such as a signature's date."`
}

func (x releaseDeliverCmd) Run(e *env) error {
	return e.act("/api/v1/releases/"+x.Release+"/deliver", wire.Deliver{Receipt: x.Receipt}, "Delivered")
}

type releaseEndCmd struct {
	Release string `arg:"" help:"Release ID."`
	Reason  string `required:"" help:"Why, for the record."`
}

func (x releaseEndCmd) Run(e *env) error {
	return e.act("/api/v1/releases/"+x.Release+"/end", wire.Reason{Reason: strings.TrimSpace(x.Reason)}, "Ended")
}
