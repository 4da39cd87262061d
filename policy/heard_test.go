package policy_test

import (
	"errors"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// A drive that reads a file range by range has received it once. Another device, another minute and a consent that was
// given anew are each told of; and what has to be in the ledger before the first byte is there, or there is no byte.
func TestAFileReadInRangesIsOneEntry(t *testing.T) {
	h := newHouse(t, wounds())
	read := func(device string) {
		t.Helper()
		for range 5 {
			c := as("stella")
			c.Device, c.Agent = device, "davfs2/1.7"
			served, err := h.OpenInSet(t.Context(), c, set("wounds"), asset("leg"))
			if err != nil {
				t.Fatal(err)
			}
			if err := served.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, step := range []func(){
		func() { read("laptop") },
		func() { read("ward") },
		func() { h.pass(time.Minute); read("ward") },
		func() {
			h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "said so on the ward"})
			if _, err := h.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg")); !errors.Is(err, clinical.ErrNotFound) {
				t.Fatalf("withdrawn: %v", err)
			}
			h.do("paula", clinical.RecordConsent{Grant: clinicaltest.Teaching("anew", "adult")})
			read("ward")
		},
	} {
		step()
		had := h.journal.noted(clinical.ActServed)
		if len(had) != i+1 {
			t.Fatalf("after step %d: %d entries", i+1, len(had))
		}
		if c := had[i].Caller; c.Agent != "davfs2/1.7" || c.Device == "" {
			t.Errorf("the entry does not say with what it was read: %+v", c)
		}
	}
}
