package main

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type consentMistakenCmd struct {
	Consent string `arg:"" help:"Consent ID."`
	Reason  string `required:"" help:"Why, for the record."`
}

func (x consentMistakenCmd) Run(e *env) error {
	return e.act("/api/v1/consents/"+x.Consent+"/mistaken", wire.Reason{Reason: x.Reason}, "Marked as recorded by mistake")
}

type consentFormCmd struct {
	Print  formPrintCmd  `cmd:"" help:"Print a form: empty, or the patient's copy of a consent."`
	Attach formAttachCmd `cmd:"" help:"Keep the scan of the signed form beside a consent, sealed."`
	Get    formGetCmd    `cmd:"" help:"Write the scan to a file."`
}

type formPrintCmd struct {
	Language string `arg:"" help:"en, fr or es." enum:"en,fr,es"`
	Out      string `arg:"" help:"PDF file to write."`
	Patient  string `help:"With this patient's name: ID, or SYSTEM:NUMBER."`
	Consent  string `help:"The patient's copy of this consent." placeholder:"ID"`
	Code     string `help:"Withdrawal code to print on the copy, as it was issued."`
}

// Help teaches.
func (formPrintCmd) Help() string {
	return "Examples:\n  fovea --as mia consent form print fr consentement.pdf\n" +
		"  fovea --as mia consent form print en copy.pdf --patient hospital:8014552K --consent 01J… --code 7K2M-…"
}

func (x formPrintCmd) Run(e *env) error {
	if x.Code != "" && x.Consent == "" {
		return clinical.Refuse(clinical.Invalid, "consent", "A code is printed on the patient's copy of a consent. Say of which: --consent.")
	}
	return e.with(func(c *client) error {
		r := call{method: http.MethodGet, path: "/api/v1/consent-form?" + url.Values{"language": {x.Language}}.Encode()}
		if x.Patient != "" {
			p, err := e.patient(c, x.Patient)
			if err != nil {
				return err
			}
			r.path += "&patient=" + p.String()
			if x.Consent != "" {
				r = call{
					method: http.MethodPost, path: "/api/v1/patients/" + p.String() + "/consents/" + x.Consent + "/copy",
					in: map[string]string{"code": x.Code, "language": x.Language},
				}
			}
		} else if x.Consent != "" {
			return clinical.Refuse(clinical.Invalid, "patient", "Say whose consent it is: --patient.")
		}
		if err := e.writeFile(x.Out, func(w io.Writer) error { return c.send(e.ctx, r, w) }); err != nil {
			return err
		}
		return e.written(x.Out)
	})
}

type formAttachCmd struct {
	Consent string `arg:"" help:"Consent ID."`
	File    string `arg:"" help:"The scan: PDF, JPEG, PNG or TIFF, at most 50 MB." type:"existingfile"`
}

func (x formAttachCmd) Run(e *env) error {
	f, err := os.Open(x.File)
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "file", "The scan cannot be read. Check its path.")
	}
	defer func() { _ = f.Close() }() // it was only read
	kind := mime.TypeByExtension(strings.ToLower(filepath.Ext(x.File)))
	if kind == "" {
		kind = "application/octet-stream"
	}
	return e.with(func(c *client) error {
		var r wire.Result
		if err := c.send(e.ctx, call{method: http.MethodPut, path: "/api/v1/consents/" + x.Consent + "/form", body: f, kind: kind}, &r); err != nil {
			return err
		}
		return e.said(r, "The form is kept.")
	})
}

type formGetCmd struct {
	Consent string `arg:"" help:"Consent ID."`
	Out     string `arg:"" help:"File to write."`
}

func (x formGetCmd) Run(e *env) error { return e.fetch("/api/v1/consents/"+x.Consent+"/form", x.Out) }

// fetch writes what a request answers to a file.
func (e *env) fetch(path, out string) error {
	return e.with(func(c *client) error {
		if err := e.writeFile(out, func(w io.Writer) error { return c.get(e.ctx, path, w) }); err != nil {
			return err
		}
		return e.written(out)
	})
}

type consentCodeCmd struct {
	Issue  codeIssueCmd  `cmd:"" help:"Make a code; it is shown once."`
	List   codeListCmd   `cmd:"" help:"List a patient's codes, without their secrets."`
	Revoke codeRevokeCmd `cmd:"" help:"Make a code useless."`
}

type codeIssueCmd struct {
	Patient string   `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Consent []string `help:"What it withdraws; absent: everything beyond care. Repeat." placeholder:"ID"`
}

// Help teaches.
func (codeIssueCmd) Help() string {
	return "The code goes on the patient's copy (fovea consent form print). Whoever holds it can withdraw what it names, and do nothing else: " +
		"it shows no name and no picture, and never allows anything. Only its hash is kept."
}

func (x codeIssueCmd) Run(e *env) error {
	grants, err := ids[clinical.Grant](x.Consent)
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		var code wire.IssuedCode
		if err := c.post(e.ctx, "/api/v1/patients/"+p.String()+"/codes", wire.IssueCode{Grants: grants}, &code); err != nil {
			return err
		}
		return e.answer(code, func(w io.Writer) { put(w, "Code: %s\nIt is shown only now.", code.Secret) })
	})
}

type codeListCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
}

func (x codeListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		all, err := everyPage[wire.Code](e.ctx, c, "/api/v1/patients/"+p.String()+"/codes")
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tISSUED\tWITHDRAWS\tSTATE")
			for _, one := range all {
				what, state := "everything beyond care", "good"
				if n := len(one.Grants); n > 0 {
					what = strconv.Itoa(n) + " of the consents"
				}
				switch {
				case !one.UsedAt.IsZero():
					state = "used " + e.stamp(one.UsedAt)
				case !one.Revoked.IsZero():
					state = "revoked " + e.stamp(one.Revoked)
				}
				put(w, "%s\t%s\t%s\t%s", one.ID, e.stamp(one.IssuedAt), what, state)
			}
		})
	})
}

type codeRevokeCmd struct {
	Code string `arg:"" help:"Code ID, as listed."`
}

func (x codeRevokeCmd) Run(e *env) error {
	return e.act("/api/v1/codes/"+x.Code+"/revoke", nil, "Revoked")
}

type consentExportCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Out     string `arg:"" help:"JSON file to write."`
}

// Help teaches.
func (consentExportCmd) Help() string {
	return "A Bundle of FHIR R4 Consent resources: docs/formats/fhir-consent.md. What was exported can be imported again without losing a decision."
}

func (x consentExportCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		err = e.writeFile(x.Out, func(w io.Writer) error { return c.get(e.ctx, "/api/v1/patients/"+p.String()+"/consents/fhir", w) })
		if err != nil {
			return err
		}
		return e.written(x.Out)
	})
}

type consentImportCmd struct {
	Patient string `arg:"" help:"Patient ID, or SYSTEM:NUMBER."`
	File    string `arg:"" help:"A Bundle as exported." type:"existingfile"`
}

// Help teaches.
func (consentImportCmd) Help() string {
	return "For governance. Each consent is decided on as one that is typed in; one that is recorded already, or stands no more, is named and left out. " +
		"Consents of other systems are refused: read them, and record the consent by hand."
}

func (x consentImportCmd) Run(e *env) error {
	f, err := os.Open(x.File)
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "file", "The file cannot be read. Check its path.")
	}
	defer func() { _ = f.Close() }() // it was only read
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		var l wire.List[wire.Imported]
		r := call{method: http.MethodPost, path: "/api/v1/patients/" + p.String() + "/consents/fhir", body: f, kind: "application/fhir+json"}
		if err := c.send(e.ctx, r, &l); err != nil {
			return err
		}
		return e.answer(l.Items, func(w io.Writer) {
			put(w, "ID\tSTATUS\tRECORDED\tWHY NOT")
			for _, one := range l.Items {
				put(w, "%s\t%s\t%t\t%s", one.ID, one.Status, one.Done, one.Words)
			}
		})
	})
}
