package pages

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"fovea/clinical"
)

// maxUpload is how large a request with a scan may be; the gate says how large
// the scan.
const maxUpload = 52 << 20

// keepForm keeps the scan of a paper form beside a consent. It passes through:
// nothing of it is written in plain.
func (d *door) keepForm(v *visit) error {
	id, err := pathID[clinical.Grant](v.r)
	if err != nil {
		return err
	}
	parts, err := v.r.MultipartReader()
	if err != nil {
		return noScan()
	}
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return noScan()
		case err != nil:
			return tooLarge(err)
		case part.FormName() != "scan" || part.FileName() == "":
			continue
		}
		change, err := d.Gate.KeepForm(v.ctx, v.caller, id, part)
		if err != nil {
			return tooLarge(err)
		}
		http.Redirect(v.w, v.r, "/patients/"+change.Patient.String()+"?done=form", http.StatusSeeOther)
		return nil
	}
}

func noScan() error {
	return clinical.Refuse(clinical.Invalid, "no-scan", "No file is chosen. Go back and choose the scan of the form.")
}

// tooLarge names what a body that is too long means to a person.
func tooLarge(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return clinical.Refuse(clinical.Invalid, "form-size", "The scan is too large. Scan the form in a lower resolution, in grey.")
	}
	return err
}

// scan opens the form that was kept beside a consent.
func (d *door) scan(v *visit) error {
	id, err := pathID[clinical.Grant](v.r)
	if err != nil {
		return err
	}
	form, err := d.Gate.Form(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	defer func() { _ = form.Close() }() // it was read, and nothing is lost
	_, kind, _ := strings.Cut(form.MIME, "/")
	attach(v.w, "consent-form."+kind, form.MIME)
	http.ServeContent(v.w, v.r, "", form.Modified, form)
	return nil
}

// blankForm prints a form to be filled in by hand; with a patient's name on it
// where one is asked for.
func (d *door) blankForm(v *visit) error {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil || d.Papers.ConsentForm == nil || !recordsConsent(v.person.Role) {
		return clinical.ErrNotFound
	}
	if _, err := d.Gate.Patient(v.ctx, v.caller, id); err != nil {
		return err
	}
	return d.printForm(v, Form{Patient: id})
}

// printForm hands out a form as a file.
func (d *door) printForm(v *visit, f Form) error {
	f.Language = language(v)
	content, err := d.Papers.ConsentForm(v.ctx, v.caller, f)
	if err != nil {
		return err
	}
	file(v.w, "consent-form-"+f.Language+".pdf", "application/pdf", content)
	return nil
}
