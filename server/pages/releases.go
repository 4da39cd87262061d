package pages

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"fovea/clinical"
)

func kindWords(k clinical.ReleaseKind) string {
	return map[clinical.ReleaseKind]string{
		clinical.SubjectAccess: "The patient’s own copy", clinical.ToSolicitor: "A solicitor", clinical.ToPolice: "The police", clinical.ToCourt: "A court",
		clinical.PrintOut: "Print or disc, for care", clinical.ToJournal: "A journal", clinical.ToConference: "A conference", clinical.ToStudy: "A research study",
		clinical.ToPublic: "Website or press", clinical.ToDevice: "Training of a device", clinical.EPRDelivery: "The patient record", clinical.EPRCorrection: "Correction in the patient record",
	}[k]
}

func formatWords(f clinical.ReleaseFormat) string {
	return map[clinical.ReleaseFormat]string{
		clinical.EncryptedZIP: "Encrypted ZIP, the password goes another way", clinical.PrintPDF: "PDF to print", clinical.Evidential: "Evidence: originals, custody report, proofs",
		clinical.EPRFolder: "Folder of the patient record",
	}[f]
}

// kindsFor are the ways out that a role may open.
func kindsFor(r clinical.Role) []clinical.ReleaseKind {
	legal := []clinical.ReleaseKind{clinical.SubjectAccess, clinical.ToSolicitor, clinical.ToPolice, clinical.ToCourt}
	switch r {
	case clinical.Governance:
		return legal
	case clinical.Photographer, clinical.Clinician:
		return append(legal, clinical.PrintOut, clinical.ToJournal, clinical.ToConference, clinical.ToStudy, clinical.ToPublic, clinical.ToDevice)
	default:
		return nil
	}
}

// releaseRow is an entry of the register.
type releaseRow struct {
	Release clinical.Release
	Patient clinical.Patient
	State   string // open, delivered, ended, over, fault
	Words   string
}

func (d *door) rowOf(v *visit, r clinical.Release) (releaseRow, error) {
	p, err := d.met(v, r.Patient)
	row := releaseRow{Release: r, Patient: p}
	switch {
	case !r.Ended.IsZero():
		row.State, row.Words = "withdrawn", "Ended"
	case !r.OpenAt(d.Now(), d.Zone):
		row.State, row.Words = "care", "Over"
	case r.Fault != "":
		row.State, row.Words = "bad", "Failed, tried again "+d.when(r.RetryAt)
	case !r.Delivered.IsZero():
		row.State, row.Words = "ok", "Delivered"
	default:
		row.State, row.Words = "asked", "To hand over"
	}
	return row, err
}

// releases is the register of what leaves.
func (d *door) releases(v *visit) error {
	if kindsFor(v.person.Role) == nil {
		return clinical.ErrNotFound
	}
	all, err := d.Gate.Releases(v.ctx, v.caller)
	if err != nil {
		return err
	}
	var rows []releaseRow
	for _, r := range all {
		row, err := d.rowOf(v, r)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return d.show(v, "releases", "Releases", struct {
		Rail rail
		Rows []releaseRow
		All  bool
	}{railOf(v), rows, v.person.Role == clinical.Governance})
}

type releasePage struct {
	Rail     rail
	Row      releaseRow
	Mine     bool // made by the caller, who alone takes it along
	Settles  bool // the caller delivers or ends it
	Takes    bool
	Password string // for the file that is about to be made
	Correct  clinical.Release
}

// release is one entry of the register.
func (d *door) release(v *visit) error {
	id, err := pathID[clinical.Release](v.r)
	if err != nil {
		return err
	}
	r, err := d.Gate.Release(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	p := releasePage{Rail: railOf(v), Mine: r.By == v.caller.Person}
	if p.Row, err = d.rowOf(v, r); err != nil {
		return err
	}
	open := r.OpenAt(d.Now(), d.Zone)
	p.Settles = open && r.Format != clinical.EPRFolder
	p.Takes = open && p.Mine && r.Format != clinical.EPRFolder && d.Papers.ReleaseContent != nil
	if p.Takes && encrypted(r) {
		p.Takes = d.Papers.ReleasePassword != nil
		if p.Takes {
			if p.Password, err = d.Papers.ReleasePassword(); err != nil {
				return err
			}
		}
	}
	if !r.Corrects.IsZero() {
		if p.Correct, err = d.Gate.Release(v.ctx, v.caller, r.Corrects); err != nil && clinical.KindOf(err) != clinical.NotFound {
			return err
		}
	}
	return d.show(v, "release", "Release", p)
}

// encrypted reports whether the copy of a release is opened by a password.
func encrypted(r clinical.Release) bool {
	return r.Format == clinical.EncryptedZIP || r.Format == clinical.Evidential
}

type releaseFormPage struct {
	Rail   rail
	Kinds  []clinical.ReleaseKind
	Forms  []clinical.ReleaseFormat
	Shown  []clinical.Shown
	Assets []clinical.AssetID
	Refs   string
	By     bool // pictures are named by their references
}

// releaseForm asks what ticked pictures leave for.
func (d *door) releaseForm(v *visit) error {
	p := releaseFormPage{Rail: railOf(v), Kinds: kindsFor(v.person.Role), By: v.person.Role == clinical.Governance}
	if p.Kinds == nil {
		return clinical.ErrNotFound
	}
	p.Forms = []clinical.ReleaseFormat{clinical.EncryptedZIP, clinical.PrintPDF, clinical.Evidential}
	if err := form(v.r); err != nil {
		return err
	}
	p.Refs = v.r.PostFormValue("refs")
	ids, err := released(v.r)
	switch {
	case err != nil && !p.By:
		return err
	case err != nil:
		ids = nil
	}
	p.Assets = ids
	for _, id := range ids[:min(len(ids), maxAsked)] {
		one, err := d.Gate.Asset(v.ctx, v.caller, id)
		if clinical.KindOf(err) == clinical.NotFound && p.By {
			continue // governance decides on words alone
		}
		if err != nil {
			return err
		}
		p.Shown = append(p.Shown, one)
	}
	return d.show(v, "releasenew", "Release pictures", p)
}

// released reads the pictures of a release: ticked, or named by reference.
func released(r *http.Request) ([]clinical.AssetID, error) {
	if err := form(r); err != nil {
		return nil, err
	}
	ids := []clinical.AssetID{}
	for _, text := range append(slices.Clone(r.PostForm["asset"]), strings.Fields(strings.ReplaceAll(r.PostFormValue("refs"), ",", " "))...) {
		id, err := clinical.ParseID[clinical.Asset](text)
		if err != nil {
			return nil, clinical.Refuse(clinical.Invalid, "pictures", "A picture is named by its 26 letters and digits. Copy them from its page or from a set’s table.")
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, clinical.Refuse(clinical.Invalid, "none-chosen", "No picture is ticked. Go back and tick those that you mean.")
	}
	return ids, nil
}

// makeRelease puts pictures into the register and leads to its entry.
func (d *door) makeRelease(v *visit) error {
	ids, err := released(v.r)
	if err != nil {
		return err
	}
	r := clinical.Release{
		Kind: clinical.ReleaseKind(v.r.PostFormValue("kind")), Authority: text(v.r, "authority"), Recipient: text(v.r, "recipient"),
		Assets: ids, Format: clinical.ReleaseFormat(v.r.PostFormValue("format")),
	}
	if err := fill(v.r, map[string]interface{ UnmarshalText([]byte) error }{"useby": &r.UseBy}); err != nil {
		return err
	}
	change, err := d.Gate.Do(v.ctx, v.caller, clinical.MakeRelease{Release: r})
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/releases/"+change.Releases[0].ID.String()+"?done=released", http.StatusSeeOther)
	return nil
}

func deliverRelease(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Release](r)
	return clinical.DeliverRelease{Release: id, Receipt: text(r, "receipt")}, "/releases/" + id.String() + "?done=delivered", err
}

func endRelease(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Release](r)
	return clinical.EndRelease{Release: id, Reason: text(r, "reason")}, "/releases/" + id.String() + "?done=ended", err
}

// releaseFile hands the file out.
func (d *door) releaseFile(v *visit) error {
	id, err := pathID[clinical.Release](v.r)
	if err != nil || d.Papers.ReleaseContent == nil {
		return clinical.ErrNotFound
	}
	r, err := d.Gate.Release(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	name, mime := "release-"+id.String()+".zip", "application/zip"
	if r.Format == clinical.PrintPDF {
		name, mime = "release-"+id.String()+".pdf", "application/pdf"
	}
	password := v.r.PostFormValue("password")
	if encrypted(r) && len(password) < 20 {
		return clinical.Refuse(clinical.Invalid, "password", "The password is not there any more. Open the release again.")
	}
	return sendLate(v, name, mime, func(w io.Writer) error {
		return d.Papers.ReleaseContent(v.ctx, v.caller, Handover{Release: id, Password: password, To: w})
	})
}

// sendLate sends a file as it is written. Until its first byte a fault is answered in words; after it the answer is cut,
// so that half a file is never taken for one.
func sendLate(v *visit, name, mime string, write func(io.Writer) error) error {
	out := &lateFile{w: v.w, name: name, mime: mime}
	err := write(out)
	if err != nil && out.begun {
		panic(http.ErrAbortHandler)
	}
	return err
}

// lateFile announces a file with its first byte.
type lateFile struct {
	w          http.ResponseWriter
	name, mime string
	begun      bool
}

func (f *lateFile) Write(p []byte) (int, error) {
	if !f.begun {
		attach(f.w, f.name, f.mime)
		f.begun = true
	}
	return f.w.Write(p)
}
