package policy_test

import (
	"slices"
	"testing"

	"fovea/clinical"
	"fovea/policy"
)

func TestTheStoriesAreToldWhole(t *testing.T) {
	preface, stories := policy.Stories()
	if preface == "" || len(stories) < 20 {
		t.Fatalf("%d stories", len(stories))
	}
	rules, asked := map[string]bool{}, 0
	for _, s := range stories {
		for _, l := range s.Lines {
			if l.Fact != "" {
				continue
			}
			asked++
			if l.Permit != (l.Rule == "") {
				t.Errorf("%s: %+v is neither a yes nor a no with its rule", s.Title, l)
			}
			rules[l.Rule] = true
		}
	}
	table := policy.Table()
	for _, r := range table {
		if r.Title == "" || !rules[r.Rule] {
			t.Errorf("rule %q is in no story, or has no title", r.Rule)
		}
	}
	if asked < 200 || !slices.Equal(policy.RuleCodes(), codes(table)) {
		t.Errorf("%d questions; rules %v", asked, codes(table))
	}
}

func codes(table []clinical.RuleAnswer) []string {
	var out []string
	for _, r := range table {
		out = append(out, r.Rule)
	}
	return out
}
