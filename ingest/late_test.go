package ingest_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/ingest"
	"fovea/ingest/label"
)

func TestTicketThatWasGivenUpIsNeverBelievedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, _ := ticketed(t) // of yesterday's patient, and nothing came for it
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(13 * time.Hour)
			w.shot("a.jpg", exposure{At: day()})
			<-time.After(2 * time.Minute)
		})
		w.shot("b.jpg", exposure{At: day()})
		w.run(2 * time.Minute) // nor by the next run of the program
		for _, name := range []string{"a.jpg", "b.jpg"} {
			if got := w.reasons()[name]; got != "ticket-stale" {
				t.Errorf("%s beside a ticket of yesterday: %q, want ticket-stale", name, got)
			}
		}
		_ = os.Remove(filepath.Join(w.folder, "ticket.json")) // where it is left
		w.drop("ticket.json", ticketFor("26-0001"))
		w.shot("c.jpg", exposure{At: day()})
		w.run(2 * time.Minute)
		filed := 0
		for _, a := range w.vault.all() {
			if a.State == clinical.Filed {
				filed++
			}
		}
		if filed != 1 || w.reasons()["c.jpg"] != "" {
			t.Errorf("beside a new ticket: %d filed, %q", filed, w.reasons()["c.jpg"])
		}
	})
}

// meanwhile is a vault where something happens just before the n-th Put.
type meanwhile struct {
	*vault
	n  int
	do func()
}

func (m *meanwhile) Put(ctx context.Context, o clinical.Owner, r io.Reader, build func(clinical.Blob) (clinical.Change, error)) (clinical.Change, error) {
	if m.n--; m.n == 0 {
		m.do()
	}
	return m.vault.Put(ctx, o, r, build)
}

func TestFramesThatComeWhileTheirRunIsConfirmedWaitForAPerson(t *testing.T) {
	for n := 1; n <= 3; n++ {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, ingest.RuleIDShot)
			a := w.patient(numberA)
			w.frame("0.jpg", "c", 0, numberA)
			w.frame("1.jpg", "c", 1)
			w.run(time.Minute)
			m := &meanwhile{vault: w.vault, n: n, do: w.confirm}
			w.opt.Keeper, w.opt.Workers = m, 1
			w.frame("2.jpg", "c", 2)
			w.frame("3.jpg", "c", 3)
			w.frame("4.jpg", "c", 4)
			w.run(5 * time.Minute)
			for _, x := range w.vault.all() {
				run := w.vault.runs[x.Run]
				if x.State == clinical.Filed && x.Patient == a.ID && run.State == clinical.RunFiled {
					continue
				}
				if x.State == clinical.Provisional && run.State == clinical.RunProvisional {
					continue // a person can confirm it
				}
				if x.State == clinical.Quarantined && x.Run.IsZero() && x.Patient.IsZero() {
					continue
				}
				t.Errorf("confirmed before Put %d: %s is %s %s in a run that is %s", n, x.Name, x.State, x.Reason, run.State)
			}
			if left := w.left(); len(left) != 0 {
				for _, name := range left {
					if filepath.Dir(name) != "_quarantine" {
						t.Errorf("confirmed before Put %d: left %q", n, name)
					}
				}
			}
		})
	}
}

func TestFrameThatLosesItsPatientLosesWhatWasSaidOfIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		w.patient(numberA)
		w.patient(numberB)
		w.frame("a0.jpg", "c", 0, numberA)
		w.frame("a1.jpg", "c", 1)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(time.Minute)
			for _, a := range w.vault.all() {
				a.Sensitivity, a.NoIdentifyingFeature = clinical.Plain|clinical.Intimate, true
				a.ClassifiedBy, a.Lesion = clinical.Mint[clinical.Person](w.vault.minter), clinical.Mint[clinical.Lesion](w.vault.minter)
				w.commit(clinical.Delta{Assets: []clinical.Asset{a}})
			}
			w.frame("b0.jpg", "c", 0, numberB) // at the very instant of the first label
			<-time.After(time.Minute)
		})
		for _, a := range w.vault.all() {
			if a.State != clinical.Quarantined || a.Sensitivity.Has(clinical.Known) || a.NoIdentifyingFeature || !a.ClassifiedBy.IsZero() || !a.Lesion.IsZero() {
				t.Errorf("%s is %s, %v, %t, lesion %t", a.Name, a.State, a.Sensitivity.Names(), a.NoIdentifyingFeature, !a.Lesion.IsZero())
			}
			if a.Name != "b0.jpg" && !a.Sensitivity.Has(clinical.Intimate) {
				t.Errorf("%s lost the flag that narrows", a.Name)
			}
		}
	})
}

func TestActsThatOnlyNameAPictureLeaveItWhereItWaits(t *testing.T) {
	for _, act := range []clinical.Act{clinical.ActRendered, clinical.ActSetItemsAdded, clinical.ActHoldPlaced, clinical.ActLanding} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, ingest.RuleIDShot)
			a := w.patient(numberA)
			w.job("26-1191", a, 0)
			w.frame("0.jpg", "d", 0) // without a label
			w.frame("1.jpg", "c", 0, own(label.Job, "26-1191"))
			w.frame("2.jpg", "c", 1)
			in, err := ingest.New(w.opt)
			if err != nil {
				t.Fatal(err)
			}
			w.during(in, func() {
				<-time.After(time.Minute)
				for _, x := range w.vault.all() { // as the darkroom does for every picture that is kept
					e := clinical.Event{Act: act, Assets: []clinical.AssetID{x.ID}, Caller: clinical.Caller{Door: clinical.DoorDarkroom}}
					if _, err := w.vault.commit(clinical.Change{Event: e}, nil); err != nil {
						t.Fatal(err)
					}
				}
				<-time.After(time.Minute)
				w.frame("3.jpg", "c", 2)
				w.frame("4.jpg", "c", 3, own(label.End, "26-1191"))
				<-time.After(time.Minute)
			})
			w.expect(map[string]clinical.Patient{"A": a}, map[string]string{
				"0.jpg": "quarantined no-label", "1.jpg": "filed A", "2.jpg": "filed A", "3.jpg": "filed A", "4.jpg": "filed A",
			})
			if left := w.left(); len(left) != 1 || left[0] != filepath.Join("_quarantine", "0.jpg.reason.txt") {
				t.Errorf("%s: left %q, want the reason of what still waits", act, left)
			}
		})
	}
}

func TestPatientWhoRefusesWhileTheirRunWaitsIsHeard(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		a := w.patient(numberA)
		w.frame("0.jpg", "c", 0, numberA)
		w.frame("1.jpg", "c", 1)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(time.Minute)
			a.PhotographyRefused = true
			w.commit(clinical.Delta{Patients: []clinical.Patient{a}})
			w.frame("2.jpg", "c", 2)
			<-time.After(time.Minute)
		})
		w.expect(nil, map[string]string{
			"0.jpg": "quarantined photography-refused", "1.jpg": "quarantined photography-refused", "2.jpg": "quarantined photography-refused",
		})
		for _, x := range w.vault.all() {
			if !x.Patient.IsZero() {
				t.Errorf("%s still names a patient", x.Name)
			}
		}
	})
}
