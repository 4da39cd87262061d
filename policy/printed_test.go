package policy_test

import (
	"errors"
	"slices"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// A contact sheet is drawn when its folder is listed. Its reader has received
// what is on it once they fetch it, and not before.
func TestAPaperIsReceivedWhenItIsServed(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{
		Assets: []clinical.Asset{clinicaltest.Picture("arm", "adult")}, Items: []clinical.SetItem{clinicaltest.Item("wounds", "arm", 13)},
		Renditions: []clinical.Rendition{clinicaltest.Slide("arm")},
	})
	both := []clinical.AssetID{asset("leg"), asset("arm")}
	for _, id := range both {
		served, err := h.DrawInSet(t.Context(), as("stella"), set("wounds"), id)
		if err != nil {
			t.Fatal(err)
		}
		defer served.Close()
	}
	if had := h.journal.noted(clinical.ActServed); len(had) != 0 {
		t.Fatalf("drawing counts as serving: %+v", had)
	}
	if err := h.ServeInSet(t.Context(), as("stella"), set("wounds"), both); err != nil {
		t.Fatal(err)
	}
	had := h.journal.noted(clinical.ActServed)
	if len(had) != 1 || !slices.Equal(had[0].Assets, both) || had[0].Patient != patient("adult") || had[0].Set != set("wounds") ||
		had[0].Use.Channel != clinical.Mount || had[0].Use.Purpose != clinical.P2 || had[0].Caller.Person != human("stella") {
		t.Errorf("the ledger says %+v", had)
	}
	h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "said so on the ward"})
	for name, err := range map[string]error{
		"withdrawn":  h.ServeInSet(t.Context(), as("stella"), set("wounds"), both),
		"another's":  h.ServeInSet(t.Context(), as("sven"), set("wounds"), both[:1]),
		"absent set": h.ServeInSet(t.Context(), as("stella"), set("none"), nil),
	} {
		if !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.DrawInSet(t.Context(), as("stella"), set("wounds"), both[0]); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("a withdrawn picture is drawn: %v", err)
	}
	if had := h.journal.noted(clinical.ActServed); len(had) != 1 {
		t.Errorf("what was refused is noted as served: %+v", had)
	}
}
