package ingest_test

import (
	"testing"

	"fovea/clinical"
	"fovea/ingest"
)

// Whatever lies beside a picture under a ticket's name is read or refused for a
// reason that has words; nothing else happens.
func FuzzTicket(f *testing.F) {
	f.Add([]byte(`{"fovea":"ticket/1","job":"26-1191","files":{"1.jpg":{"view":{"laterality":"L"}}}}`), false)
	f.Add([]byte(`{"fovea":"ticket/1","patient":{"system":"nhs","number":"943 476 5919"},"keywords":["a"]}`), false)
	f.Add([]byte("\ufefffile;patient;keywords\n;943 476 5919;a|b\n1.jpg;;\n"), true)
	f.Add([]byte("file,distance_mm,scale_in_frame\n\"a\nb\",12,yes\n"), true)
	f.Fuzz(func(t *testing.T, b []byte, isCSV bool) {
		err := ingest.ReadTicket(b, isCSV, "1.jpg")
		if err == nil {
			return
		}
		if clinical.KindOf(err) != clinical.Invalid || ingest.Words(clinical.ReasonOf(err)) == ingest.Words("") {
			t.Errorf("refused with %v", err)
		}
	})
}
