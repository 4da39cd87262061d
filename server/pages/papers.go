package pages

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"

	"fovea/clinical"
)

// Papers draw what is taken away as a file. Each asks the gate as the caller it
// is given, and each may be nil: what is not there is not offered.
type Papers struct {
	// Certificate draws the certificate of a recall.
	Certificate func(ctx context.Context, c clinical.Caller, id clinical.RecallID, p Print) ([]byte, error)
	// OwnCertificate draws the patient's edition for a withdrawal by code, of
	// the change that it made. Nobody is signed in.
	OwnCertificate func(ctx context.Context, c clinical.Change, p Print) ([]byte, error)
	// ErasureCertificate draws what became of a request to erase.
	ErasureCertificate func(ctx context.Context, c clinical.Caller, id clinical.ErasureID, p Print) ([]byte, error)
	// ConsentForm prints a form as a PDF: empty, with what was decided, or as
	// the patient's copy.
	ConsentForm func(ctx context.Context, c clinical.Caller, f Form) ([]byte, error)
	// ContactSheet prints a set as a PDF, with the pictures that the caller sees. Where nothing was written yet, an error
	// is answered in words.
	ContactSheet func(ctx context.Context, c clinical.Caller, id clinical.SetID, w io.Writer) error
	// ReleasePassword makes a password for an encrypted release. Nobody keeps it.
	ReleasePassword func() (string, error)
	// ReleaseContent writes what a release hands over. Where nothing was written
	// yet, an error is answered in words.
	ReleaseContent func(ctx context.Context, c clinical.Caller, r Handover) error
}

// Print says how a certificate is wanted.
type Print struct {
	Edition  string // "patient", the default, or "governance"
	Format   string // "pdf", the default, or "json"
	Language string // BCP 47; en, fr and es are printed
}

// Form says which consent form is wanted. Of Patient and Grant either may be
// zero; a Secret makes the last page the patient's own copy.
type Form struct {
	Patient  clinical.PatientID
	Grant    clinical.GrantID
	Language string
	Secret   string // a code to withdraw, in groups
	URL      string // where the code leads, https
}

// Handover is one release on its way out.
type Handover struct {
	Release  clinical.ReleaseID
	Password string // of an encrypted ZIP
	To       io.Writer
}

// languages are those in which papers are printed, with their own names.
func languages() []choice {
	return []choice{{"en", "English"}, {"fr", "Français"}, {"es", "Español"}}
}

// choice is one thing to choose: what the form sends, and what a person reads.
type choice struct{ Value, Words string }

// language is the one of a form, else the person's own, else the browser's.
func language(v *visit) string {
	return cmp.Or(v.r.FormValue("lang"), v.person.Language, spoken(v.r))
}

// spoken is the first of the languages that a browser asks for and we speak.
func spoken(r *http.Request) string {
	for one := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(one)), ";")
		switch tag, _, _ = strings.Cut(tag, "-"); tag {
		case "en", "fr", "es":
			return tag
		}
	}
	return "en"
}

// file sends bytes to be kept, under a name that says nothing of the patient.
func file(w http.ResponseWriter, name, mime string, content []byte) {
	attach(w, name, mime)
	_, _ = w.Write(content) // who asked may be gone
}

// attach announces a file.
func attach(w http.ResponseWriter, name, mime string) {
	h := w.Header()
	h.Set("Content-Type", mime)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
}

// printed reads how a certificate is wanted, and how its file is called.
func printed(v *visit, name string) (p Print, file, mime string) {
	p = Print{Edition: "patient", Format: "pdf", Language: language(v)}
	mime = "application/pdf"
	if v.r.FormValue("edition") == "governance" && v.person.Role == clinical.Governance {
		p.Edition = "governance"
	}
	if v.r.FormValue("format") == "json" {
		p.Format, mime = "json", "application/json"
	}
	return p, name + "-" + p.Edition + "." + p.Format, mime
}

// certificateOf hands out the certificate of a recall.
func (d *door) certificateOf(v *visit) error {
	id, err := pathID[clinical.Recall](v.r)
	if err != nil || d.Papers.Certificate == nil {
		return clinical.ErrNotFound
	}
	p, name, mime := printed(v, "certificate-"+id.String())
	content, err := d.Papers.Certificate(v.ctx, v.caller, id, p)
	if err != nil {
		return err
	}
	file(v.w, name, mime, content)
	return nil
}
