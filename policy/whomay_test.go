package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// Who may do what, as a table: one line for each command, p photographer,
// c clinician, n nurse, e educator, s student, g governance, a administrator,
// o the operator alone, x the deliverer to other systems. A letter means that
// the role is not refused for being that role; what else the act asks for has
// tests of its own.
const whoMay = `
RevokeCode      pcn  g
BreakTheGlass    c   g
ReviewGlass          g
MakeRelease/P6  pc   g
MakeRelease/P0  pc
MakeRelease/P3  pc
MakeRelease/P4  pc
MakeRelease/P5  pc
MakeRelease/P7  pc
FailRelease             x
RequestErasure  pcn  g
DecideErasure        g
KeepUntil            g
`

func TestWhoMayDoWhat(t *testing.T) {
	release := func(k clinical.ReleaseKind) clinical.Command {
		return clinical.MakeRelease{Release: clinical.Release{Kind: k}}
	}
	commands := map[string]clinical.Command{
		"RevokeCode": clinical.RevokeCode{}, "BreakTheGlass": clinical.BreakTheGlass{},
		"ReviewGlass": clinical.ReviewGlass{}, "MakeRelease/P6": release(clinical.ToCourt), "MakeRelease/P0": release(clinical.PrintOut),
		"MakeRelease/P3": release(clinical.ToStudy), "MakeRelease/P4": release(clinical.ToJournal), "MakeRelease/P5": release(clinical.ToPublic),
		"MakeRelease/P7": release(clinical.ToDevice), "FailRelease": clinical.FailRelease{},
		"RequestErasure": clinical.RequestErasure{}, "DecideErasure": clinical.DecideErasure{},
		"KeepUntil": clinical.KeepUntil{},
	}
	callers := map[string]clinical.Caller{
		"p": as("paula"), "c": as("clara"), "n": as("nina"), "e": as("edith"), "s": as("stella"), "g": as("greta"), "a": as("adam"),
		"o": {Operator: "root", Door: clinical.DoorCLI}, "x": epr(),
	}
	h := newHouse(t)
	lines := strings.Split(strings.TrimSpace(whoMay), "\n")
	if len(lines) != len(commands) {
		t.Errorf("%d lines for %d commands", len(lines), len(commands))
	}
	for _, line := range lines {
		name, may, _ := strings.Cut(line, " ")
		cmd, ok := commands[name]
		if !ok {
			t.Errorf("no command for %q", line)
			continue
		}
		for letter, caller := range callers {
			_, err := h.Do(t.Context(), caller, cmd)
			refused := clinical.KindOf(err) == clinical.Forbidden && clinical.ReasonOf(err) == "role"
			if err == nil || strings.Contains(may, letter) == refused { // the empty command never succeeds
				t.Errorf("%s by %s: %v", name, letter, err)
			}
		}
	}
}

// Nothing that a command leaves behind is made by somebody who is not active.
func TestInactivePeopleDoNothing(t *testing.T) {
	gone := clinicaltest.Hospital().People
	i := slices.IndexFunc(gone, func(p clinical.Person) bool { return p.Login == "clara" })
	gone[i].Disabled, gone[i].Rev = true, 1
	h := newHouse(t, wounds(), clinical.Delta{People: gone[i : i+1]})
	for _, cmd := range []clinical.Command{
		h.breaking("adult"), to(clinical.ToCourt, "leg"), clinical.FinishTask{}, clinical.RequestErasure{Patient: patient("adult"), OnBehalf: "patient", Reason: "x"},
	} {
		if got := h.refuses("clara", cmd, clinical.Forbidden); got != "inactive" {
			t.Errorf("%s: %s", fmt.Sprintf("%T", cmd), got)
		}
	}
	if _, err := h.IssueCode(t.Context(), as("clara"), patient("adult"), nil); clinical.ReasonOf(err) != "inactive" {
		t.Errorf("a code: %v", err)
	}
	for name, list := range map[string]func() error{
		"tasks":    func() error { _, err := h.Tasks(t.Context(), as("clara")); return err },
		"glasses":  func() error { _, err := h.Glasses(t.Context(), as("clara")); return err },
		"releases": func() error { _, err := h.Releases(t.Context(), as("clara")); return err },
		"erasures": func() error { _, err := h.Erasures(t.Context(), as("clara")); return err },
		"worklist": func() error { _, err := h.Worklist(t.Context(), as("clara"), 90); return err },
		"recalls":  func() error { _, err := h.Recalls(t.Context(), as("clara"), patient("adult")); return err },
		"who saw":  func() error { _, err := h.WhoSaw(t.Context(), as("clara"), clinical.EventQuery{}); return err },
	} {
		if err := list(); clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}
