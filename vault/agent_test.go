package vault_test

import (
	"strings"
	"testing"

	"fovea/clinical"
)

// An entry is for ever, and a user agent is whatever somebody chose to send: the program's name and version are kept,
// and nothing behind them.
func TestAnEntryNamesTheProgramThatAsked(t *testing.T) {
	b := newBench(t)
	agents := map[string]string{
		"davfs2/1.7 neon/0.33": "davfs2/1.7", "Microsoft-WebDAV-MiniRedir/10.0.19045": "Microsoft-WebDAV-MiniRedir/10.0.19045",
		"Mozilla/5.0 (X11; Fontaineau)": "Mozilla/5.0", "": "", "Fontaineau,Aurelienne": "other", "m\xfcller/1": "other", strings.Repeat("x", 65): "other",
	}
	var sent []string
	for agent := range agents {
		e := b.event(clinical.ActServed)
		e.Caller.Agent = agent
		if err := b.Note(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		sent = append(sent, agent)
	}
	b.reopen(t)
	got, err := b.Events(t.Context(), clinical.EventQuery{Acts: []clinical.Act{clinical.ActServed}, Limit: 100})
	if err != nil || len(got) != len(sent) {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	for i, agent := range sent {
		if got[i].Caller.Agent != agents[agent] {
			t.Errorf("of %q the ledger has %q, want %q", agent, got[i].Caller.Agent, agents[agent])
		}
	}
	b.audit(t)
}
