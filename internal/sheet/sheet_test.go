package sheet_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/internal/sheet"
)

func request() (clinical.Job, clinical.Patient) {
	views := []clinical.View{}
	for _, code := range []string{"L-LEG ANT", "L-LEG MED", "L-LEG LAT", "L-LEG POST", "L-LEG CU"} {
		views = append(views, clinical.View{Code: code})
	}
	j := clinical.Job{
		Number: "26-1187", Specialty: "dermatology", Ward: "Wound clinic", Wanted: views, Frames: 7, Urgent: true,
		Due: time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC),
	}
	p := clinical.Patient{
		Family: "Fontaine-d’Aubigné", Given: "Aurélie", Born: clinical.Date{Year: 1961, Month: 3, Day: 3}, Sex: clinical.Female,
		Identifiers: []clinical.Identifier{{System: "hospital", Value: "8014552K"}}, PhotographyRefused: true,
	}
	return j, p
}

func codes() sheet.Codes {
	return sheet.Codes{Begin: "FOVEA1:J:26-1187:ABCD", End: "FOVEA1:E:26-1187:ABCD"}
}

func TestASheetIsOnePageWhateverIsOnIt(t *testing.T) {
	j, p := request()
	long := clinical.Job{Number: strings.Repeat("9", 64), Ward: strings.Repeat("W", 300), Frames: 999, Due: j.Due}
	for range 200 {
		long.Wanted = append(long.Wanted, clinical.View{Code: strings.Repeat("V", 40)})
	}
	big := clinical.Patient{Family: strings.Repeat("Ā", 200), Given: strings.Repeat("ż", 200), PhotographyRefused: true}
	for _, tt := range []struct {
		name string
		j    clinical.Job
		p    clinical.Patient
	}{{"usual", j, p}, {"nothing known", clinical.Job{}, clinical.Patient{}}, {"everything too long", long, big}} {
		pdf, err := sheet.Job(tt.j, tt.p, codes(), time.UTC)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if !bytes.HasPrefix(pdf, []byte("%PDF-")) || bytes.Count(pdf, []byte("/Type /Page\n")) != 1 {
			t.Errorf("%s: not a PDF of one page", tt.name)
		}
	}
}

func TestACodeThatCannotBeDrawnIsAnError(t *testing.T) {
	j, p := request()
	if _, err := sheet.Job(j, p, sheet.Codes{Begin: strings.Repeat("x", 5000), End: "x"}, time.UTC); clinical.KindOf(err) != clinical.Internal {
		t.Errorf("got %v", err)
	}
}
