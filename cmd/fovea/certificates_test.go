package main

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/exchange/fhir"
	"fovea/server/wire"
)

// A code that names the consents of two records which are one no more withdraws
// both, and the paper that the patient takes away says so of both: at once
// without numbers, and with them once it is known who had the pictures.
func TestAWithdrawalByCodeIsCertifiedForEveryRecordThatItReached(t *testing.T) {
	h, _ := toTheLetter(t, nil)
	other := h.do("mirabelle", clinical.AddPatient{Patient: clinical.Patient{
		Family: "Brunner", Given: "Ottilie", Born: clinical.Date{Year: 1961, Month: 3, Day: 3},
		Identifiers: []clinical.Identifier{{System: "nhs", Value: "9434765870"}},
	}}).Patients[0].ID
	h.do("mirabelle", clinical.OpenEncounter{Encounter: clinical.Encounter{
		Patient: other, Specialty: "dermatology", Team: []clinical.PersonID{h.people["carlotta"]},
	}})
	theirs := h.do("carlotta", clinical.RecordConsent{Grant: clinical.Grant{
		Patient: other, Status: clinical.GrantGiven, Mode: clinical.Written, Capacity: clinical.AdultCapacity,
		Purposes: []clinical.Purpose{clinical.P2}, Audience: clinical.A2, Level: clinical.I1, Channels: clinical.ViewOnScreen,
		Covers: clinical.Cover{CourseFrom: time.Now().Add(-time.Hour), CourseUntil: time.Now().Add(time.Hour)},
	}}).Grants[0].ID
	grants, err := h.sys.gate.Grants(t.Context(), clinical.Caller{Person: h.people["carlotta"]}, h.patient)
	h.check(err)
	h.do("gustav", clinical.MergePatients{From: other, Into: h.patient, Reason: "one person"})
	secret, err := h.sys.gate.IssueCode(t.Context(), clinical.Caller{Person: h.people["carlotta"], Door: clinical.DoorAPI}, h.patient, []clinical.GrantID{grants[0].ID, theirs})
	h.check(err)
	h.do("gustav", clinical.UnmergePatients{Patient: other, Reason: "two people"})
	made, err := h.sys.gate.WithdrawByCode(t.Context(), clinical.Caller{Door: clinical.DoorPages}, secret)
	h.check(err)
	if len(made.Recalls) != 2 {
		t.Fatalf("%d recalls", len(made.Recalls))
	}
	said := func() string {
		var pdf bytes.Buffer
		h.check(h.sys.desk.OwnCertificate(t.Context(), made, wire.Paper{}, &pdf))
		cmd := exec.CommandContext(t.Context(), "pdftotext", "-layout", "-", "-")
		cmd.Stdin = &pdf
		out, err := cmd.Output()
		h.check(err)
		return string(out)
	}
	for _, r := range made.Recalls {
		if text := said(); !strings.Contains(text, r.ID.String()) {
			t.Errorf("the certificate of %s is missing:\n%s", r.ID, text)
		}
		h.settled(r.ID)
	}
	for _, p := range []clinical.PatientID{h.patient, other} {
		issued, err := h.sys.vault.Events(t.Context(), clinical.EventQuery{Patient: p, Acts: []clinical.Act{clinical.ActPaperIssued}})
		h.check(err)
		if len(issued) != 2 || issued[0].SHA256 == issued[1].SHA256 {
			t.Errorf("of %s the ledger has %d papers: %+v", p, len(issued), issued)
		}
	}
	if text := said(); strings.Contains(text, "still being found") || strings.Count(text, "Asked to destroy copies") != 2 {
		t.Errorf("settled, and the paper says:\n%s", text)
	}
}

// Two imports of one bundle at the same time record each consent once.
func TestABundleThatIsImportedTwiceAtOnceIsRecordedOnce(t *testing.T) {
	h, _ := toTheLetter(t, nil)
	caller := clinical.Caller{Person: h.people["gustav"], Door: clinical.DoorAPI}
	grants, err := h.sys.gate.Grants(t.Context(), caller, h.patient)
	h.check(err)
	one := grants[0]
	one.ID = clinical.Mint[clinical.Grant](clinical.NewMinter(nil, nil))
	var bundle bytes.Buffer
	h.check(fhir.WriteBundle(&bundle, []clinical.Grant{one}, h.cfg.zone))
	var all sync.WaitGroup
	done := make(chan int, 4)
	for range cap(done) {
		all.Go(func() {
			n := 0
			out, err := h.sys.desk.ImportConsents(t.Context(), caller, h.patient, bytes.NewReader(bundle.Bytes()))
			if err != nil {
				t.Error(err)
			}
			for _, one := range out {
				if one.Done {
					n++
				}
			}
			done <- n
		})
	}
	all.Wait()
	close(done)
	total := 0
	for n := range done {
		total += n
	}
	now, err := h.sys.gate.Grants(t.Context(), caller, h.patient)
	h.check(err)
	if total != 1 || len(now) != len(grants)+1 {
		t.Errorf("recorded %d times, %d consents instead of %d", total, len(now), len(grants)+1)
	}
}
