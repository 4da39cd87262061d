package ingest_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/ingest"
)

const (
	numberA = "943 476 5919"
	numberB = "401 023 2137"
)

func TestFolderTicketFilesEveryPictureBesideIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket)
		p := w.patient(numberA)
		j := w.job("26-1191", p, 0)
		at := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
		one := w.shot("ward/DSC_0001.JPG", exposure{At: at})
		two := w.shot("ward/DSC_0002.JPG", exposure{At: at.Add(time.Minute)})
		w.drop("ward/ticket.json", ticketFor("26-1191"))
		w.run(time.Minute)

		assets := w.vault.all()
		if len(assets) != 2 {
			t.Fatalf("kept %d assets, want 2; quarantine %v", len(assets), w.reasons())
		}
		for _, a := range assets {
			if a.State != clinical.Filed || a.Patient != p.ID || a.Job != j.ID || a.Specialty != "burns" || a.Sensitivity != 0 {
				t.Errorf("asset %s: state %s, patient %s, job %s, specialty %s", a.Name, a.State, a.Patient, a.Job, a.Specialty)
			}
		}
		if assets[0].Session != assets[1].Session || len(w.vault.sessions) != 1 {
			t.Errorf("one sitting became %d sessions", len(w.vault.sessions))
		}
		for _, b := range [][]byte{one, two} {
			if diff := cmp.Diff([]string{"filed " + p.ID.String()}, w.vault.holds(b)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		}
		if got := w.vault.jobs[j.ID]; got.Status != clinical.JobFiled {
			t.Errorf("the job is %s", got.Status)
		}
		if left := w.left(); len(left) != 0 {
			t.Errorf("left in the folder: %q", left)
		}
		want := clinical.LandingCounts{Found: 3, Kept: 2, Ignored: 1}
		if r := w.receipts(); len(r) != 1 || r[0].LandingCounts != want {
			t.Errorf("receipts %+v, want one of %+v", r, want)
		}
		for _, l := range w.vault.landings {
			if !l.Done {
				t.Errorf("landing %s is not marked as done", l.Outcome)
			}
		}
	})
}
