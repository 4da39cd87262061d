package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/exchange/epr"
)

// A patient who is erased while the server is down leaves nothing in the folder
// of the patient record but the word to remove what it took, without a name. It
// shows in fsck and in /metrics until the record confirms.
func TestWhatThePatientRecordTookOfAnErasedPatientIsNamedUntilItConfirms(t *testing.T) {
	folder := t.TempDir()
	h, _ := toTheLetter(t, func(c *config) { c.EPR = eprYAML{Folder: folder, Poll: c.Timing.Poll} })
	h.eventually("delivered", func() bool { return strings.Contains(rowIn(h, folder), "Fontaineau") })
	h.stop()
	rows, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	h.check(err)
	for _, r := range rows {
		h.check(os.Remove(r)) // the record collects it
	}
	core, err := openSystem(t.Context(), h.cfg, logger(&h.log))
	h.check(err)
	as := func(login string, cmd clinical.Command) clinical.Change {
		c, err := core.gate.Do(t.Context(), clinical.Caller{Person: h.people[login], Door: clinical.DoorCLI}, cmd)
		h.check(err)
		return c
	}
	asked := as("carlotta", clinical.RequestErasure{Patient: h.patient, OnBehalf: "the patient", Reason: "asks"}).Erasures[0].ID
	as("gustav", clinical.DecideErasure{Erasure: asked, Outcome: clinical.EraseShred, Reason: "no reason to keep it"})
	seen, err := operations{core}.Fsck(t.Context(), false, func(int, int) {})
	h.check(err)
	if r, ok := seen.(inspected); !ok || len(r.Outside) != 1 || r.Outside[0].Reason != epr.FaultUnseen {
		t.Errorf("before anybody looks at the folder, fsck says: %+v", seen)
	}
	h.check(core.close())

	h.start()
	h.eventually("cancelled", func() bool { return strings.Contains(rowIn(h, folder), "cancel") })
	if row := rowIn(h, folder); strings.Contains(row, "Fontaineau") || strings.Contains(row, patientNumber) {
		t.Errorf("the cancellation names the patient: %s", row)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*.jpg")); err != nil || len(left) > 0 {
		t.Errorf("pictures are left: %v, %v", left, err)
	}
	told := func() (fsck, metrics string) {
		r, err := operations{h.sys}.Fsck(t.Context(), false, func(int, int) {})
		h.check(err)
		found, ok := r.(inspected)
		if !ok || !found.Clean() {
			t.Fatalf("fsck: %+v", r)
		}
		var b bytes.Buffer
		found.outside(&b, new(env).stamp)
		all, err := h.sys.meters().Gather()
		h.check(err)
		for _, f := range all {
			metrics += f.String()
		}
		return b.String(), metrics
	}
	h.eventually("told", func() bool {
		fsck, metrics := told()
		return strings.Contains(fsck, string(epr.FaultUnconfirmed)) && strings.Contains(metrics, string(epr.FaultUnconfirmed))
	})
	rows, err = filepath.Glob(filepath.Join(folder, "*.csv"))
	h.check(err)
	h.check(os.WriteFile(strings.TrimSuffix(rows[0], ".csv")+".ack", nil, 0o600))
	h.eventually("confirmed", func() bool {
		fsck, metrics := told()
		return !strings.Contains(fsck, "epr-") && !strings.Contains(metrics, "epr-")
	})
}

// rowIn is what the rows in the folder say.
func rowIn(h *house, folder string) string {
	h.Helper()
	rows, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	h.check(err)
	var all []byte
	for _, r := range rows {
		b, err := os.ReadFile(r)
		if err == nil { // else it was removed between the two
			all = append(all, b...)
		}
	}
	return string(all)
}
