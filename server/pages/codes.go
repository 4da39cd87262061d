package pages

import (
	"fmt"
	"net/http"
	"strings"

	"fovea/clinical"
	"fovea/internal/sheet"
)

// codePage shows a code to withdraw once, and never again.
type codePage struct {
	Patient   clinical.Patient
	Grant     clinical.GrantID
	Secret    string
	URL       string
	Code      drawing
	Languages []choice
	Prints    bool
}

// issueCode makes a code with which a patient can withdraw without an account.
func (d *door) issueCode(v *visit) error {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil {
		return err
	}
	patient, err := d.Gate.Patient(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	p := codePage{Patient: patient, Languages: languages(), Prints: d.Papers.ConsentForm != nil}
	var grants []clinical.GrantID
	if err := fill(v.r, map[string]interface{ UnmarshalText([]byte) error }{"grant": &p.Grant}); err != nil {
		return clinical.ErrNotFound
	}
	if !p.Grant.IsZero() {
		grants = append(grants, p.Grant)
	}
	if p.Secret, err = d.Gate.IssueCode(v.ctx, v.caller, id, grants); err != nil {
		return err
	}
	p.URL = d.withdrawURL(p.Secret)
	rows, err := sheet.Modules(p.URL)
	if err != nil {
		return err
	}
	p.Code = draw(rows)
	return d.show(v, "code", "A code to withdraw", p)
}

// withdrawURL is where a patient's code leads.
func (d *door) withdrawURL(secret string) string {
	return strings.TrimSuffix(d.URL(), "/") + "/withdraw/" + secret
}

// copyOf prints the patient's copy, with the code that was just shown.
func (d *door) copyOf(v *visit) error {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil || d.Papers.ConsentForm == nil {
		return clinical.ErrNotFound
	}
	f := Form{Patient: id, Secret: v.r.PostFormValue("secret")}
	if len(f.Secret) > 60 || f.Secret == "" {
		return clinical.Refuse(clinical.Invalid, "code", "The code is not there any more. Issue a new one, and print it at once.")
	}
	if err := fill(v.r, map[string]interface{ UnmarshalText([]byte) error }{"grant": &f.Grant}); err != nil {
		return clinical.ErrNotFound
	}
	if _, err := d.Gate.Patient(v.ctx, v.caller, id); err != nil {
		return err
	}
	f.URL = d.withdrawURL(f.Secret)
	return d.printForm(v, f)
}

func revokeCode(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.PatientCode](r)
	return clinical.RevokeCode{Code: id}, back(r, "/patients", "coderevoked"), err
}

// drawing is a two-dimensional code as lines of an SVG path, with its side.
type drawing struct {
	Side int
	Path string
}

// quiet is the light margin around a code, in modules (ISO/IEC 18004).
const quiet = 4

// draw turns modules into a path of unit squares, run by run.
func draw(rows [][]bool) drawing {
	var b strings.Builder
	for y, row := range rows {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if x > from {
				b.WriteString(move(from+quiet, y+quiet, x-from))
			}
		}
	}
	return drawing{Side: len(rows) + 2*quiet, Path: b.String()}
}

func move(x, y, n int) string { return fmt.Sprintf("M%d %dh%dv1h-%dz", x, y, n, n) }
