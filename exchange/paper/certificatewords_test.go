package paper_test

import (
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/exchange/paper"
)

// What somebody saw to teach, outside a set, is not told as care.
func TestCertificateTellsTheLibraryFromCare(t *testing.T) {
	w := withdrawal()
	taught := w.Recall.Reach[2]
	taught.Purpose = clinical.P2
	w.Recall.Reach = append(w.Recall.Reach, taught)
	for l, want := range map[paper.Language][2]string{
		paper.English: {"1 clinician care, on screen", "1 clinician library, teaching, on screen"},
		paper.French:  {"1 clinicien soins, à l’écran", "1 clinicien photothèque, l’enseignement, à l’écran"},
		paper.Spanish: {"1 clínico asistencia, en pantalla", "1 clínico fototeca, la enseñanza, en pantalla"},
	} {
		got, _ := certificate(t, w, paper.ForPatient, l)
		mustHold(t, got, want[0], want[1], `"way": "library", "purpose": "P2"`)
	}
	w.Recall.Reach[2].Purpose, w.Recall.Reach = clinical.NoPurpose, w.Recall.Reach[:3] // not on record
	got, _ := certificate(t, w, paper.ForPatient, paper.English)
	mustHold(t, got, "1 clinician library, on screen")
}

// What is promised holds after a new consent, too, and that is told.
func TestCertificateOfAConsentThatWasGivenAgain(t *testing.T) {
	w := withdrawal()
	for l, want := range map[paper.Language][2]string{
		paper.English: {"no reader was shown one on the strength of it.", "Consent was given again on 24 November 2026, 10:00:00 (+01:00)"},
		paper.French:  {"aucun lecteur n’en a vu une au titre de ce consentement.", "Un nouveau consentement a été donné le 24 novembre 2026, 10:00:00 (+01:00)"},
		paper.Spanish: {"ningún lector vio una en virtud de él.", "Se dio un nuevo consentimiento el 24 de noviembre de 2026, 10:00:00 (+01:00)"},
	} {
		w.Again = time.Time{}
		got, _ := certificate(t, w, paper.ForPatient, l)
		mustHold(t, got, want[0])
		mustNotHold(t, got, want[1])
		w.Again = clinicaltest.Now().AddDate(0, 0, 1)
		got, _ = certificate(t, w, paper.ForPatient, l)
		mustHold(t, got, want[0], want[1], `"consentAgain": "2026-11-24T09:00:00Z"`)
	}
}

// Without a name the sentence is one of its language, and no heading is cut.
func TestCertificateWithoutANameIsWrittenAsPeopleDo(t *testing.T) {
	w := withdrawal()
	w.Patient = clinical.Patient{}
	for l, want := range map[paper.Language][2]string{
		paper.English: {"the consent of the patient to the use", "the pictures of the patient were"},
		paper.French:  {"le consentement du patient à l’usage", "les images du patient ont été"},
		paper.Spanish: {"el consentimiento del paciente al uso", "las imágenes del paciente tras"},
	} {
		for i, cause := range []clinical.RecallCause{clinical.RecallWithdrawal, clinical.RecallErasure} {
			w.Recall.Cause = cause
			got, _ := certificate(t, w, paper.ForPatient, l)
			mustHold(t, got, want[i])
			mustNotHold(t, got, "…", "de le patient", "de el paciente")
		}
	}
}

// Governance reads every name whole, and through which set it was.
func TestCertificateCutsNoCellOfItsTable(t *testing.T) {
	w := withdrawal()
	w.Sets[0].Title = "Chronic wounds of the lower leg, third year, second term"
	got, _ := certificate(t, w, paper.ForGovernance, paper.English)
	got, _, _ = strings.Cut(got, "{")
	_, table, ok := strings.Cut(got, "Who had received them")
	if !ok {
		t.Fatal("no table of readers")
	}
	table, _, _ = strings.Cut(table, "Your care")
	mustHoldInPieces(t, table, w.Sets[0].Title, "mounted")
	mustNotHold(t, table, "…")
	if got, _ = certificate(t, w, paper.ForPatient, paper.French); !strings.Contains(got, "Vues en série d’enseignement") {
		t.Error("the number of sets does not say what is counted")
	}
}
