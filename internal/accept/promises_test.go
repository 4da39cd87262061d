package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

func TestNoTwoPromisesHaveOneName(t *testing.T) {
	all, err := promised(nil)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, p := range all {
		if names[p.name] || p.try == nil || strings.ContainsAny(p.name, " \t") {
			t.Errorf("%q is there twice, is not tried, or is no word", p.name)
		}
		names[p.name] = true
	}
}

func TestACapabilityIsChosenByName(t *testing.T) {
	for _, c := range capabilities() {
		list, err := promised([]string{c.name})
		if err != nil || len(list) != len(c.promises) || len(list) == 0 {
			t.Errorf("%s: %d promises of %d, %v", c.name, len(list), len(c.promises), err)
		}
	}
	if _, err := promised([]string{"no-such"}); err == nil || !strings.Contains(err.Error(), "spine") {
		t.Errorf("an unknown capability: %v, want an error that names those there are", err)
	}
}

func TestVerdictIsTheLastWordAndOnlyABrokenPromiseFails(t *testing.T) {
	for _, tt := range []struct {
		name    string
		err     error
		verdict string
		kept    bool
	}{
		{"kept", nil, "ok", true},
		{"slow", errSlow, "short", true},
		{"untried", errUntried, "short", true},
		{"broken", errors.New("a frame is shown under another"), "short", false},
		{"slow and broken", errors.Join(errors.New("broken"), errSlow), "short", false},
	} {
		var out, errs bytes.Buffer
		p := promise{"trial", func(context.Context, *trial) (string, error) { return "a\nfigure", tt.err }}
		kept := report(t.Context(), &trial{}, p, &out, &errs)
		words := strings.Fields(out.String())
		if kept != tt.kept || words[len(words)-1] != tt.verdict || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: kept %t, %q", tt.name, kept, out.String())
		}
		if (errs.Len() == 0) != (tt.err == nil) {
			t.Errorf("%s: says %q", tt.name, errs.String())
		}
	}
}
