package ingest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/ingest"
	"fovea/ingest/label"
)

// frame drops a picture of camera c, taken minute minutes into the day.
func (w *world) frame(name, camera string, minute int, labels ...string) []byte {
	w.t.Helper()
	return w.shot(name, exposure{At: day().Add(time.Duration(minute) * time.Minute), Serial: camera, Labels: labels})
}

// own returns the text of a label of our own.
func own(kind label.Kind, number string) string {
	text, err := label.Payload{Kind: kind, Number: number}.Text()
	if err != nil {
		panic(err)
	}
	return text
}

// whose lists each asset's state and, where it has one, its patient's letter.
func (w *world) whose(patients map[string]clinical.Patient) map[string]string {
	out := map[string]string{}
	for _, a := range w.vault.all() {
		s := string(a.State)
		for letter, p := range patients {
			if p.ID == a.Patient {
				s += " " + letter
			}
		}
		if a.Reason != "" {
			s += " " + string(a.Reason)
		}
		out[a.Name] = s
	}
	return out
}

func (w *world) expect(patients map[string]clinical.Patient, want map[string]string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.whose(patients)); diff != "" {
		w.t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRunWaitsUntilItsEndLabelArrives(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		a := w.patient(numberA)
		w.job("26-1191", a, 0)
		who := map[string]clinical.Patient{"A": a}
		w.frame("1.jpg", "c", 0, own(label.Job, "26-1191"))
		w.frame("2.jpg", "c", 1)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(20 * time.Second)
			w.expect(who, map[string]string{}) // not before the folder is quiet
			<-time.After(30 * time.Second)
			w.expect(who, map[string]string{"1.jpg": "provisional A", "2.jpg": "provisional A"})
			w.frame("3.jpg", "c", 2)
			w.frame("4.jpg", "c", 3, own(label.End, "26-1191"))
			<-time.After(time.Minute)
		})
		w.expect(who, map[string]string{"1.jpg": "filed A", "2.jpg": "filed A", "3.jpg": "filed A", "4.jpg": "filed A"})
		if len(w.vault.runs) != 1 || len(w.vault.sessions) != 1 {
			t.Errorf("%d runs and %d sessions, want one of each", len(w.vault.runs), len(w.vault.sessions))
		}
		for _, r := range w.vault.runs {
			if r.State != clinical.RunFiled || r.Frames != 2 || !r.From.Equal(day()) || !r.To.Equal(day().Add(3*time.Minute)) {
				t.Errorf("run %+v", r)
			}
		}
		for _, asset := range w.vault.all() {
			if want := asset.Name == "1.jpg" || asset.Name == "4.jpg"; asset.IDShot != want {
				t.Errorf("%s: ID shot %t, want %t", asset.Name, asset.IDShot, want)
			}
		}
		if left := w.left(); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	})
}

func TestThreePatientsTheSecondLabelLate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		who := map[string]clinical.Patient{"A": w.patient(numberA), "B": w.patient(numberB), "C": w.patient("943 476 5870")}
		w.job("26-0001", who["A"], 2)
		w.job("26-0002", who["B"], 2)
		w.job("26-0003", who["C"], 1)
		w.frame("a0.jpg", "c", 0, "26-0001")
		w.frame("a1.jpg", "c", 1)
		w.frame("a2.jpg", "c", 2)
		w.frame("b1.jpg", "c", 4)
		w.frame("b2.jpg", "c", 5)
		w.frame("c0.jpg", "c", 7, "26-0003")
		w.frame("c1.jpg", "c", 8)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(time.Minute)
			w.expect(who, map[string]string{
				"a0.jpg": "provisional A", "a1.jpg": "provisional A", "a2.jpg": "provisional A",
				"b1.jpg": "provisional A", "b2.jpg": "provisional A", "c0.jpg": "filed C", "c1.jpg": "filed C",
			})
			w.frame("b0.jpg", "c", 3, "26-0002")
			<-time.After(time.Minute)
		})
		w.expect(who, map[string]string{
			"a0.jpg": "filed A", "a1.jpg": "filed A", "a2.jpg": "filed A",
			"b0.jpg": "filed B", "b1.jpg": "filed B", "b2.jpg": "filed B", "c0.jpg": "filed C", "c1.jpg": "filed C",
		})
		for _, a := range w.vault.all() {
			if s := w.vault.sessions[a.Session]; s.Patient != a.Patient {
				t.Errorf("%s lies in another patient's session", a.Name)
			}
		}
	})
}

func TestLabelInsideFiledRunIsQuarantined(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		who := map[string]clinical.Patient{"A": w.patient(numberA), "B": w.patient(numberB)}
		w.frame("a0.jpg", "c", 0, numberA)
		w.frame("a1.jpg", "c", 1)
		w.frame("a2.jpg", "c", 5, numberA)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(time.Minute)
			w.frame("b0.jpg", "c", 3, numberB)
			w.frame("b1.jpg", "c", 4)
			w.frame("late.jpg", "c", 2)
			<-time.After(time.Minute)
		})
		w.expect(who, map[string]string{
			"a0.jpg": "filed A", "a1.jpg": "filed A", "a2.jpg": "filed A",
			"b0.jpg": "quarantined label-in-filed-run", "b1.jpg": "quarantined in-filed-run", "late.jpg": "quarantined in-filed-run",
		})
	})
}

func TestLabelsThatAreNotBelieved(t *testing.T) {
	for _, tt := range []struct {
		name   string
		labels []string
		want   clinical.Reason
	}{
		{"check digit", []string{"943 476 5910"}, "check-digit"},
		{"unknown patient", []string{"401 023 2137"}, "unknown-patient"},
		{"unknown job", []string{own(label.Job, "26-9999")}, "unknown-job"},
		{"own label misread", []string{"FOVEA1:J:26-0007:0000"}, "check-digit"},
		{"closing label of another job", []string{own(label.End, "26-0007")}, "end-label-unmatched"},
		{"no number of ours", []string{"https://example.org/dressing"}, "label-unknown"},
		{"two patients in one frame", []string{numberA, "26-0007"}, "two-labels"},
		{"one good and one misread", []string{numberA, "943 476 5910"}, "check-digit"},
		{"photography refused", []string{"26-0008"}, "photography-refused"},
		{"job refused", []string{"26-0009"}, "job-closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, ingest.RuleIDShot)
				a := w.patient(numberA)
				w.job("26-0007", w.patient("943 476 5870"), 0)
				w.job("26-0008", w.patient("987 654 3210", func(p *clinical.Patient) { p.PhotographyRefused = true }), 0)
				closed := w.job("26-0009", a, 0)
				closed.Status = clinical.JobRefused
				w.commit(clinical.Delta{Jobs: []clinical.Job{closed}})
				w.frame("0.jpg", "c", 0, numberA)
				w.frame("1.jpg", "c", 1)
				w.frame("2.jpg", "c", 2, tt.labels...)
				w.frame("3.jpg", "c", 3)
				w.run(time.Minute)
				w.expect(map[string]clinical.Patient{"A": a}, map[string]string{
					"0.jpg": "provisional A", "1.jpg": "provisional A",
					"2.jpg": "quarantined " + string(tt.want), "3.jpg": "quarantined " + string(after(tt.want)),
				})
			})
		})
	}
}

// after returns why the frame after such a label is quarantined.
func after(shot clinical.Reason) clinical.Reason {
	if shot == "end-label-unmatched" {
		return "after-end-label"
	}
	return shot
}

func TestOneLabelWithSeveralCodesIsOneLabel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		a := w.patient(numberA)
		w.job("26-0001", a, 1)
		w.frame("0.jpg", "c", 0, own(label.Job, "26-0001"), own(label.End, "26-0001"), numberA, "(01)04012345678901")
		w.frame("1.jpg", "c", 1)
		w.run(time.Minute)
		w.expect(map[string]clinical.Patient{"A": a}, map[string]string{"0.jpg": "filed A", "1.jpg": "filed A"})
	})
}

func TestPhotographersConfirmationBoundsTheRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		who := map[string]clinical.Patient{"A": w.patient(numberA), "B": w.patient(numberB)}
		w.frame("a0.jpg", "c", 0, numberA)
		w.frame("a1.jpg", "c", 4)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(time.Minute)
			w.confirm()
			w.frame("b0.jpg", "c", 2, numberB)
			w.frame("x.jpg", "c", 5)
			<-time.After(time.Minute)
		})
		w.expect(who, map[string]string{
			"a0.jpg": "filed A", "a1.jpg": "filed A", "b0.jpg": "quarantined label-in-filed-run", "x.jpg": "quarantined label-in-filed-run",
		})
	})
}

// confirm files every provisional run, as a photographer does.
func (w *world) confirm() {
	w.t.Helper()
	d := clinical.Delta{}
	for _, r := range w.vault.runs {
		if r.State == clinical.RunProvisional {
			r.State = clinical.RunFiled
			d.Runs = append(d.Runs, r)
		}
	}
	for _, a := range w.vault.all() {
		if a.State == clinical.Provisional {
			a.State = clinical.Filed
			d.Assets = append(d.Assets, a)
		}
	}
	w.commit(d)
}

func TestUnreadableFileKeepsRunsWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		a := w.patient(numberA)
		w.job("26-0001", a, 1)
		w.frame("0.jpg", "c", 0, "26-0001")
		w.frame("1.jpg", "c", 1)
		cut := w.frame("2.jpg", "", 2)
		w.drop("2.jpg", cut[:len(cut)-8])
		w.drop("notes.txt", []byte("may lie about"))
		w.run(2 * time.Minute)
		w.expect(map[string]clinical.Patient{"A": a}, map[string]string{
			"0.jpg": "provisional A", "1.jpg": "provisional A", "2.jpg": "quarantined truncated", "notes.txt": "quarantined type-unknown",
		})
	})
}

func TestDocumentsBesideFramesHideNoLabel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		a := w.patient(numberA)
		w.job("26-0001", a, 1)
		w.frame("0.jpg", "c", 0, "26-0001")
		w.frame("1.jpg", "c", 1)
		w.drop("notes.txt", []byte("may lie about"))
		w.run(2 * time.Minute)
		w.expect(map[string]clinical.Patient{"A": a}, map[string]string{
			"0.jpg": "filed A", "1.jpg": "filed A", "notes.txt": "quarantined type-unknown",
		})
	})
}

func TestFramesFromTwoCamerasWithClocksApart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		who := map[string]clinical.Patient{"A": w.patient(numberA), "B": w.patient(numberB)}
		for n, camera := range []string{"c", "d"} {
			skew := n * 47 // the second camera's clock is 47 minutes ahead
			for m, label := range []string{numberA, "", "", numberA, numberB, "", numberB} {
				var labels []string
				if label != "" {
					labels = []string{label}
				}
				w.frame(fmt.Sprintf("%s%d.jpg", camera, m), camera, skew+m, labels...)
			}
		}
		w.run(time.Minute)
		want := map[string]string{}
		for _, camera := range []string{"c", "d"} {
			for m := range 7 {
				letter := "A"
				if m > 3 {
					letter = "B"
				}
				want[fmt.Sprintf("%s%d.jpg", camera, m)] = "filed " + letter
			}
		}
		w.expect(who, want)
	})
}

func TestRunThatALaterJudgementEmptiesIsGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		who := map[string]clinical.Patient{"A": w.patient(numberA), "B": w.patient(numberB)}
		w.frame("a0.jpg", "c", 0, numberA)
		w.frame("a1.jpg", "c", 1)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(time.Minute)
			w.frame("b0.jpg", "c", 0, numberB) // at the very instant of the first label
			<-time.After(time.Minute)
		})
		w.expect(who, map[string]string{"a0.jpg": "quarantined tie", "a1.jpg": "quarantined tie", "b0.jpg": "quarantined tie"})
		for _, r := range w.vault.runs {
			if r.State != clinical.RunDiscarded {
				t.Errorf("an empty run is %s", r.State)
			}
		}
		for _, a := range w.vault.all() {
			if !a.Patient.IsZero() || !a.Session.IsZero() {
				t.Errorf("%s still names a patient", a.Name)
			}
		}
	})
}
