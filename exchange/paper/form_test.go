package paper_test

import (
	"bytes"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/exchange/paper"
	"fovea/ingest/label"
)

func TestEveryLanguageAsksTheSameAndPromisesTheSame(t *testing.T) {
	forms := paper.ConsentForms()
	if len(forms) != 3 {
		t.Fatalf("%d forms", len(forms))
	}
	keys := func(f paper.Form) []string {
		var out []string
		for _, p := range f.Promises {
			out = append(out, p.Key)
		}
		return out
	}
	must := []string{"care-unaffected", "withdraw-any-time", "print-cannot-be-recalled", "mount-copies", "ends", "copy"}
	for _, f := range forms {
		if want := "fovea-1-" + string(f.Language); f.Version != want {
			t.Errorf("version %q, want %q", f.Version, want)
		}
		if got := keys(f); !slices.Equal(got, must) {
			t.Errorf("%s promises %v, want %v", f.Version, got, must)
		}
		for i, p := range f.Purposes {
			o := forms[0].Purposes[i]
			if p.Purpose != o.Purpose || !slices.Equal(p.Audiences, o.Audiences) || p.OptOut != o.OptOut || (p.Blank == "") != (o.Blank == "") {
				t.Errorf("%s: %s asks something else than %s", f.Version, p.Purpose, forms[0].Version)
			}
			if slices.Contains(p.Audiences, clinical.A6) && p.Purpose != clinical.P5 {
				t.Errorf("%s: %s may be ticked for anyone, which is recorded for P5 alone", f.Version, p.Purpose)
			}
			if f.Language != paper.English && p.Words == o.Words {
				t.Errorf("%s: %s is not translated", f.Version, p.Purpose)
			}
		}
		if len(f.Levels) != 3 || len(f.Channels) != 5 || len(f.Signing) != len(forms[0].Signing) {
			t.Errorf("%s is not whole", f.Version)
		}
	}
}

func TestFormShowsThePicturesAndGivesThePatientACode(t *testing.T) {
	jpg := photo(t, 240, 160)
	for l, want := range map[paper.Language][]string{
		paper.English: {"Consent to clinical photographs", "my care stays the same", "cannot be recalled", "copied to their computer", "interpreter", "Showing one other patient"},
		paper.French:  {"Consentement aux photographies médicales", "mes soins restent les mêmes", "ne peut être rappelé", "est copiée sur son ordinateur", "interprète", "à un autre patient"},
		paper.Spanish: {"Consentimiento para fotografías clínicas", "mi asistencia será la misma", "no puede retirarse", "se copia en su ordenador", "intérprete", "a otro paciente"},
	} {
		url := "https://fovea.example.org/w/7K2M9QX4"
		var ps []paper.Picture
		for range 7 {
			ps = append(ps, paper.Picture{Caption: "Jambe, côté externe", Content: bytes.NewReader(jpg)})
		}
		grant := clinicaltest.Teaching("grant", "adult")
		var pdf bytes.Buffer
		err := paper.WriteForm(&pdf, paper.FormToFill{
			Patient: clinical.Patient{ID: grant.Patient, Family: "Fontaine", Given: "Aurélie", Born: clinical.Date{Year: 1961, Month: 3, Day: 1}},
			Number:  "26-1187", Pictures: all(ps...), Grant: &grant, Copy: paper.PatientCopy{URL: url, Secret: "7K2M 9QX4 ABCD EFGH"},
		}, issuer(l))
		if err != nil {
			t.Fatal(err)
		}
		got := text(t, pdf.Bytes())
		mustHold(t, got, append(want, "FONTAINE, Aurélie", "Jambe, côté externe", "fovea-1-"+string(l), url, "7K2M 9QX4 ABCD EFGH", "+33 1 23 45 67 89")...)
		if n := strings.Count(pipe(t, pdf.Bytes(), "pdfimages", "-list", "-"), "jpeg"); n != 7 {
			t.Errorf("%s: %d pictures, want 7", l, n)
		}
		if !scans(t, pdf.Bytes(), url) {
			t.Errorf("%s: no page holds a code that reads %q", l, url)
		}
	}
}

// scans reports whether a camera would read the text from the last page.
func scans(t *testing.T, pdf []byte, want string) bool {
	t.Helper()
	last := strings.Fields(pipe(t, pdf, "pdfinfo", "-"))
	pages := last[slices.Index(last, "Pages:")+1]
	m, err := jpeg.Decode(strings.NewReader(pipe(t, pdf, "pdftoppm", "-r", "100", "-f", pages, "-l", pages, "-jpeg", "-")))
	if err != nil {
		t.Fatal(err)
	}
	codes, err := label.Find(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(codes, func(c label.Code) bool { return c.Text == want })
}

// A consent for one lesion says on paper where that is.
func TestFormSaysWhereTheOneLesionIs(t *testing.T) {
	grant := clinicaltest.Teaching("grant", "adult")
	for l, want := range map[paper.Language][2]string{
		paper.English: {"one finding alone: lower leg, LEFT", "one finding alone"},
		paper.French:  {"une seule lésion : lower leg, GAUCHE", "une seule lésion"},
		paper.Spanish: {"una sola lesión: lower leg, IZQUIERDA", "una sola lesión"},
	} {
		for i, place := range []clinical.Place{{Site: "lower leg", Side: clinical.Left}, {}} {
			var pdf bytes.Buffer
			if err := paper.WriteForm(&pdf, paper.FormToFill{Grant: &grant, Place: &place}, issuer(l)); err != nil {
				t.Fatal(err)
			}
			mustHold(t, text(t, pdf.Bytes()), want[i])
		}
	}
}

func TestEmptyFormAsksForNothingThatWasNotGiven(t *testing.T) {
	var pdf bytes.Buffer
	if err := paper.WriteForm(&pdf, paper.FormToFill{}, issuer(paper.English)); err != nil {
		t.Fatal(err)
	}
	got := text(t, pdf.Bytes())
	mustHold(t, got, "Patient", "Signature, date, time")
	mustNotHold(t, got, "Withdrawal code")
}

func TestWithdrawalCodeIsPrintedForASafeAddressOnly(t *testing.T) {
	err := paper.WriteForm(&bytes.Buffer{}, paper.FormToFill{Copy: paper.PatientCopy{URL: "http://x/"}}, issuer(paper.English))
	if clinical.ReasonOf(err) != "code-url" {
		t.Errorf("got %v", err)
	}
}
