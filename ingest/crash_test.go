package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/ingest"
)

// scene is a folder full of files and what should become of them.
type scene struct {
	name  string
	rules []ingest.Rule
	set   func(w *world) (files map[string][]byte, want map[string]string)
}

func scenes() []scene {
	return []scene{
		{"tickets", []ingest.Rule{ingest.RuleTicket}, func(w *world) (map[string][]byte, map[string]string) {
			p := w.patient(numberA)
			w.job("26-0001", p, 0)
			files := map[string][]byte{
				"a/1.jpg": w.shot("a/1.jpg", exposure{At: day()}),
				"a/2.jpg": w.shot("a/2.jpg", exposure{At: day().Add(time.Minute)}),
				"a/3.jpg": w.shot("a/3.jpg", exposure{At: day().Add(3 * time.Hour)}),
				"b/4.jpg": w.shot("b/4.jpg", exposure{At: day()}), // no ticket
			}
			w.drop("a/copy of 1.jpg", files["a/1.jpg"])
			w.drop("a/ticket.json", ticketFor("26-0001"))
			w.drop("a/.DS_Store", []byte("litter"))
			return files, map[string]string{"a/1.jpg": "filed A", "a/2.jpg": "filed A", "a/3.jpg": "filed A", "b/4.jpg": "quarantined"}
		}},
		{"ID shots", []ingest.Rule{ingest.RuleIDShot}, func(w *world) (map[string][]byte, map[string]string) {
			w.patient(numberA)
			files, want := map[string][]byte{}, map[string]string{}
			for n, labels := range []string{numberA, "", "", numberA, "943 476 5910", ""} {
				name := fmt.Sprintf("%d.jpg", n)
				var l []string
				if labels != "" {
					l = []string{labels}
				}
				files[name] = w.frame(name, "c", n, l...)
				want[name] = "filed A"
				if n > 3 {
					want[name] = "quarantined"
				}
			}
			return files, want
		}},
		{"tickets among ID shots", []ingest.Rule{ingest.RuleIDShot, ingest.RuleTicket}, func(w *world) (map[string][]byte, map[string]string) {
			p := w.patient(numberA)
			w.patient(numberB)
			w.job("26-0001", p, 0)
			files := map[string][]byte{
				"0.jpg":   w.frame("0.jpg", "c", 0, numberA),
				"1.jpg":   w.frame("1.jpg", "c", 1),
				"t/2.jpg": w.frame("t/2.jpg", "c", 2),
				"3.jpg":   w.frame("3.jpg", "c", 3),
				"4.jpg":   w.frame("4.jpg", "c", 4, numberA),
				"t/5.jpg": w.frame("t/5.jpg", "c", 5),
				"t/6.jpg": w.frame("t/6.jpg", "c", 6, numberB),
				"7.jpg":   w.frame("7.jpg", "c", 7),
			}
			w.drop("t/ticket.json", ticketFor("26-0001"))
			w.drop("t/copy of 2.jpg", files["t/2.jpg"])
			return files, map[string]string{
				"0.jpg": "filed A", "1.jpg": "filed A", "t/2.jpg": "filed A", "3.jpg": "filed A", "4.jpg": "filed A",
				"t/5.jpg": "filed A", "t/6.jpg": "quarantined", "7.jpg": "quarantined",
			}
		}},
	}
}

// A process may end between any two things it asks of the vault. What it left is
// then taken up, every file is kept exactly once, and none is gone before its
// bytes are kept.
func TestStopAtEveryStepLosesAndRepeatsNothing(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			for step := 1; ; step++ {
				finished := false
				bubble(t, func(t *testing.T) { finished = stopAt(t, s, step) })
				if finished || t.Failed() {
					t.Logf("stopped at each of %d steps", step-1)
					return
				}
			}
		})
	}
}

// stopAt runs the scene, ends the process at a step, and starts it again. It
// reports whether the first process had finished before.
func stopAt(t *testing.T, s scene, step int) (finished bool) {
	w := newWorld(t, s.rules...)
	w.opt.Workers = 2
	files, want := s.set(w)
	dead := make(chan struct{})
	var once sync.Once
	w.vault.fault = func(n int, _ string) error {
		if n < step {
			return nil
		}
		once.Do(func() { close(dead) })
		return errStop
	}
	in, err := ingest.New(w.opt)
	if err != nil {
		t.Fatal(err)
	}
	w.during(in, func() {
		select {
		case <-dead:
		case <-time.After(2 * time.Minute):
			finished = true
		}
	})
	for name, b := range files {
		if _, err := os.Stat(filepath.Join(w.folder, name)); err != nil && len(w.vault.holds(b)) == 0 {
			t.Errorf("step %d: source of %s is gone, and nothing is kept", step, name)
		}
	}
	w.vault.fault = nil
	w.run(2 * time.Minute)
	w.checkScene(fmt.Sprintf("step %d", step), files, want)
	return finished
}

func (w *world) checkScene(when string, files map[string][]byte, want map[string]string) {
	w.t.Helper()
	for name, b := range files {
		var got []string
		for _, owner := range w.vault.holds(b) {
			state, _, _ := strings.Cut(owner, " ")
			for _, p := range w.vault.patients {
				if strings.HasSuffix(owner, p.ID.String()) {
					state += " A"
				}
			}
			got = append(got, state)
		}
		if len(got) != 1 || got[0] != want[name] {
			w.t.Errorf("%s: %s is kept as %q, want once as %q", when, name, got, want[name])
		}
	}
	for _, left := range w.left() {
		if !strings.HasPrefix(left, "_quarantine") && !strings.HasSuffix(left, ".DS_Store") {
			w.t.Errorf("%s: %s is left", when, left)
		}
	}
	var sum clinical.LandingCounts
	for _, r := range w.receipts() {
		sum.Found += r.Found
		sum.Kept += r.Kept
		sum.Duplicate += r.Duplicate
		sum.Quarantined += r.Quarantined
		sum.Ignored += r.Ignored
	}
	landings := 0
	for _, l := range w.vault.landings {
		landings++
		if !l.Done {
			w.t.Errorf("%s: a landing (%s) is not marked", when, l.Outcome)
		}
	}
	if sum.Found != landings {
		w.t.Errorf("%s: receipts speak of %d files, landings of %d", when, sum.Found, landings)
	}
	reasons, _ := filepath.Glob(filepath.Join(w.folder, "_quarantine", "*.reason.txt"))
	if quarantined := len(w.reasons()); quarantined != len(reasons) {
		w.t.Errorf("%s: %d reasons for %d quarantined files", when, len(reasons), quarantined)
	}
}
