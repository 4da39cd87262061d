package main

import (
	"bytes"
	"net/http"
	"testing"

	"fovea/clinical"
	"fovea/exchange/paper"
)

// TestAFormShowsThePicturesItIsAbout prints a form for a patient with a picture, and one for a patient with none.
func TestAFormShowsThePicturesItIsAbout(t *testing.T) {
	h, _ := toTheLetter(t, nil)
	nobody := h.do("mirabelle", clinical.AddPatient{Patient: clinical.Patient{Family: "Leerlein", Given: "Ohne", Born: clinical.Date{Year: 1970, Month: 1, Day: 1}, Identifiers: []clinical.Identifier{{System: "other", Value: "77"}}}}).Patients[0].ID
	for id, want := range map[clinical.PatientID]int{h.patient: 1, nobody: 0} {
		res, pdf := h.ask(t.Context(), "mirabelle", http.MethodGet, "/api/v1/consent-form?language=fr&patient="+id.String())
		if n := bytes.Count(pdf, []byte("DCTDecode")); res.StatusCode != http.StatusOK || n != want {
			t.Errorf("%s: %d pictures, want %d", res.Status, n, want)
		}
	}
	var form paper.FormToFill
	var may permit
	h.check(newDesk(h.sys).formPictures(t.Context(), clinical.Caller{Person: h.people["mirabelle"]}, h.patient, formOf{&form, &may}))
	if form.Patient.ID != h.patient || form.Number != "2026-03-09" {
		t.Errorf("patient %s, session %q", form.Patient.ID, form.Number)
	}
	// The patient's copy of a consent to other pictures shows none of these.
	form = paper.FormToFill{Grant: &clinical.Grant{Covers: clinical.Cover{Assets: []clinical.AssetID{{1}}}}}
	h.check(newDesk(h.sys).formPictures(t.Context(), clinical.Caller{Person: h.people["mirabelle"]}, h.patient, formOf{&form, &may}))
	if form.Pictures != nil || form.Number != "" {
		t.Errorf("a consent to other pictures shows those of %q", form.Number)
	}
}
