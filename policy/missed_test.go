package policy_test

import (
	"testing"
	"time"

	"fovea/clinical"
)

// denials are those of the ledger that name a person.
func (h *house) denials(login string) []clinical.Event {
	var out []clinical.Event
	for _, e := range h.journal.noted(clinical.ActDenied) {
		if e.Caller.Person == human(login) {
			out = append(out, e)
		}
	}
	return out
}

// What a drive does not show comes to no decision. That it was asked for is in the ledger all the same.
func TestWhatIsAskedForInVainIsInTheLedger(t *testing.T) {
	h := newHouse(t, wounds())
	const folder, name = "wounds", "000012-wound.jpg"
	h.Missed(as("stella"), folder, name)
	if got := h.denials("stella"); len(got) != 0 {
		t.Fatalf("she may have it: %+v", got)
	}
	h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "said so on the ward"})
	for range 50 {
		h.Missed(as("stella"), folder, name)
	}
	got := h.denials("stella")
	if len(got) != 1 || !got[0].Denied || got[0].Set != set("wounds") || len(got[0].Assets) != 1 || got[0].Assets[0] != asset("leg") ||
		got[0].Rule != "4-no-grant" || got[0].Use.Channel != clinical.Mount {
		t.Errorf("the name of a withdrawn picture: %+v", got)
	}
	for _, nothing := range []string{"", "desktop.ini", "._000012-wound.jpg", ".jpg", "000099-wound.jpg", "000012-other.jpg"} {
		h.Missed(as("stella"), folder, nothing)
	}
	h.Missed(as("stella"), "no such set", name)
	if got := h.denials("stella"); len(got) != 1 {
		t.Errorf("names of nothing are noted: %+v", got)
	}
	h.pass(2 * time.Minute)
	h.Missed(as("stella"), folder, name)
	if got := h.denials("stella"); len(got) != 2 {
		t.Errorf("two minutes later: %d", len(got))
	}
	// A set that does not reach them, by its name and by its ID.
	h.Missed(as("emil"), folder, "")
	_, _ = h.Folder(t.Context(), as("emil"), set("wounds"), clinical.ViewOnScreen)
	if got := h.denials("emil"); len(got) != 1 || got[0].Rule != "2-set" || got[0].Set != set("wounds") || len(got[0].Assets) != 0 {
		t.Errorf("another's set: %+v", got)
	}
}

// Every denial says by which rule.
func TestEveryDenialHasARule(t *testing.T) {
	h := newHouse(t, wounds())
	leg, ctx := asset("leg"), t.Context()
	_, _ = h.PatientPage(ctx, as("emil"), patient("adult"))
	_, _ = h.Asset(ctx, as("emil"), leg)
	_, _ = h.Form(ctx, as("emil"), clinical.GrantID{9})
	_, _ = h.Explain(ctx, as("emil"), clinical.Question{Asset: leg, Set: set("wounds"), Use: clinical.Care()})
	_, _ = h.Reached(ctx, as("emil"), leg)
	_, _ = h.WhoSaw(ctx, as("emil"), clinical.EventQuery{Patient: patient("adult")})
	got := h.denials("emil")
	if len(got) != 6 {
		t.Errorf("%d denials, want 6: %+v", len(got), got)
	}
	for _, e := range got {
		if e.Rule == "" || !e.Denied {
			t.Errorf("no rule: %+v", e)
		}
	}
}
