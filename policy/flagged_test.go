package policy_test

import (
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// A picture that is flagged while the glass is broken concerns those who lead
// safeguarding too, once for each ticket.
func TestSafeguardingLeadsAreToldOfWhatIsFlaggedLater(t *testing.T) {
	h := newHouse(t, wounds(), leads(), clinical.Delta{Assets: []clinical.Asset{clinicaltest.Picture("back", "adult")}})
	ticket := h.do("oscar", h.breaking("adult")).Glasses[0].ID
	if got := h.tasksOf("sana", clinical.GlassNotice); len(got) != 0 {
		t.Fatalf("told before: %+v", got)
	}
	flag := func(names ...string) clinical.Change {
		cmd := clinical.ClassifyAssets{Sensitivity: clinical.Plain | clinical.Safeguarding, Reason: "bruises"}
		for _, n := range names {
			cmd.Assets = append(cmd.Assets, asset(n))
		}
		return h.do("paula", cmd)
	}
	c := flag("leg")
	if got := h.tasksOf("sana", clinical.GlassNotice); len(c.Tasks) != 1 || len(got) != 1 || got[0].BreakGlass != ticket {
		t.Errorf("told %+v", got)
	}
	if c := flag("leg", "back"); len(c.Tasks) != 0 {
		t.Errorf("told again: %+v", c.Tasks)
	}
	h.pass(2 * time.Hour)
	h.do("oscar", h.breaking("adult"))
	if got := h.tasksOf("sana", clinical.GlassNotice); len(got) != 2 {
		t.Errorf("of the next ticket: %+v", got)
	}
}
