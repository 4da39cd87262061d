package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type importCmd struct {
	Studio string   `required:"" help:"Studio whose rules apply."`
	Paths  []string `arg:"" help:"Files or folders." type:"path"`
}

// Help teaches.
func (importCmd) Help() string {
	return "The files are checked, matched and sealed exactly as if they had landed in the studio's folder; they stay where they are. " +
		"A ticket lies beside them, as ticket.json or ticket.csv.\n\nExample:\n  fovea import --studio studio-a /media/card/DCIM"
}

func (x importCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		in := wire.ImportFiles{Studio: clinical.StudioID(x.Studio), Paths: x.Paths}
		report, err := e.long(c, "/api/v1/admin/import", in, "importing")
		if err != nil {
			return err
		}
		var n wire.Counts
		if err := json.Unmarshal(report, &n); err != nil {
			return clinical.Errorf(clinical.Internal, "import report: %w", err)
		}
		return e.answer(n, func(w io.Writer) {
			put(w, "%d found = %d kept + %d duplicate + %d quarantined + %d ignored", n.Found, n.Kept, n.Duplicate, n.Quarantined, n.Ignored)
		})
	})
}

type quarantineCmd struct {
	List   quarantineListCmd   `cmd:"" help:"List what waits, with its reason."`
	Show   assetShowCmd        `cmd:"" help:"Show one picture's entry."`
	File   quarantineFileCmd   `cmd:"" help:"File pictures under the right patient."`
	Reject quarantineRejectCmd `cmd:"" help:"Destroy pictures that belong to nobody."`
}

type quarantineListCmd struct{}

func (quarantineListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		var a wire.Arrivals
		if err := c.get(e.ctx, "/api/v1/arrivals", &a); err != nil {
			return err
		}
		return e.answer(a.Quarantine, func(w io.Writer) {
			put(w, "ID\tSTUDIO\tTAKEN\tREASON\tADVICE")
			for _, q := range a.Quarantine {
				put(w, "%s\t%s\t%s\t%s\t%s", q.ID, q.Studio, e.stamp(q.TakenAt), q.Reason, advised(q))
			}
		})
	})
}

// advised lists what of pictures is worth a look, by code, and of how many.
func advised(list ...wire.Asset) string {
	counts := map[clinical.Reason]int{}
	for _, a := range list {
		for _, one := range a.Advice {
			counts[one.Code]++
		}
	}
	var out []string
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s:%d", code, counts[code]))
	}
	return strings.Join(out, " ")
}

type quarantineFileCmd struct {
	onAssets
	Patient string `required:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Job     string `help:"Job ID, where there is one."`
}

func (x quarantineFileCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		assets, err := ids[clinical.Asset](x.Assets)
		if err != nil {
			return err
		}
		in := wire.File{OnAssets: wire.OnAssets{Assets: assets, Reason: x.Reason}, Patient: p}
		if x.Job != "" {
			if in.Job, err = clinical.ParseID[clinical.Job](x.Job); err != nil {
				return err
			}
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/quarantine/file", in, &r); err != nil {
			return err
		}
		return e.said(r, "Filed (%s).", strings.Join(r.IDs, " "))
	})
}

type quarantineRejectCmd struct{ onAssets }

func (x quarantineRejectCmd) Run(e *env) error {
	return x.post(e, "/api/v1/quarantine/reject", "Rejected, their bytes destroyed")
}

type runCmd struct {
	List    runListCmd    `cmd:"" help:"List runs that wait."`
	Confirm runConfirmCmd `cmd:"" help:"File a run under its patient."`
}

type runListCmd struct{}

func (runListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		var a wire.Arrivals
		if err := c.get(e.ctx, "/api/v1/arrivals", &a); err != nil {
			return err
		}
		return e.answer(a.Runs, func(w io.Writer) {
			put(w, "ID\tSTUDIO\tFROM\tFRAMES\tPATIENT\tEVIDENCE\tADVICE")
			for _, r := range a.Runs {
				put(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s", r.ID, r.Studio, e.stamp(r.From), r.Frames, r.Patient.ID, strings.Join(r.Evidence, " "), advised(r.Assets...))
			}
		})
	})
}

type runConfirmCmd struct {
	ID string `arg:"" help:"Run ID."`
}

func (x runConfirmCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		var a wire.Arrivals
		if err := c.get(e.ctx, "/api/v1/arrivals", &a); err != nil {
			return err
		}
		for _, run := range a.Runs {
			if run.ID.String() != x.ID {
				continue
			}
			var r wire.Result
			if err := c.send(e.ctx, call{method: http.MethodPost, path: "/api/v1/runs/" + x.ID + "/confirm", match: run.Rev}, &r); err != nil {
				return err
			}
			return e.said(r, "Filed (%s).", strings.Join(r.IDs, " "))
		}
		return clinical.Refuse(clinical.NotFound, "no-run", "No run of this ID waits for you. See fovea run list.")
	})
}
