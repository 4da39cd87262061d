package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fovea/clinical"
	"fovea/policy"
)

func TestGovernanceAsksWhy(t *testing.T) {
	d := wounds()
	d.Grants[0].Status = clinical.GrantWithdrawn
	d.Assets = append(d.Assets, picture("foot", "adult", clinical.Plain))
	h := newHouse(t, d)
	q := clinical.Question{Person: human("stella"), Set: set("wounds"), Asset: asset("leg")}
	q.Use.Channel = clinical.Mount
	got, err := h.Explain(t.Context(), as("greta"), q)
	if err != nil {
		t.Fatal(err)
	}
	if got.Decision.Permit || got.Decision.Reason != "withdrawn" || got.Words != "Not shown. The patient withdrew consent." {
		t.Errorf("explained as %+v: %s", got.Decision, got.Words)
	}
	if len(got.Rules) != len(policy.RuleCodes()) {
		t.Errorf("%d rules of %d", len(got.Rules), len(policy.RuleCodes()))
	}
	for i, r := range got.Rules {
		objects := r.Rule == "4-no-grant"
		if r.Rule != policy.RuleCodes()[i] || r.Title == "" || (r.Reason != "") != objects || (r.Words != "") != objects || r.Decided != objects {
			t.Errorf("rule %d: %+v", i, r)
		}
	}
	if got := len(h.journal.noted(clinical.ActExplained)); got != 1 {
		t.Errorf("noted %d times", got)
	}
	for name, change := range map[string]func(*clinical.Question){
		"no-set": func(q *clinical.Question) {
			q.Set, q.Use.Purpose, q.Use.Audience = set("other"), clinical.P2, clinical.A3
		},
		"not-in-set": func(q *clinical.Question) { q.Asset = asset("foot") },
	} {
		nobody := q
		nobody.Person = clinical.PersonID{}
		change(&nobody)
		got, err := h.Explain(t.Context(), as("greta"), nobody)
		if err != nil || got.Decision.Permit || string(got.Decision.Reason) != name {
			t.Errorf("%s: for anybody %+v, %v", name, got.Decision, err)
		}
	}
	q.Asset = asset("nothing")
	if got, err := h.Explain(t.Context(), as("greta"), q); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("what never was a picture: %+v, %v", got.Decision, err)
	}
}

func TestASetsOwnerAsksAboutTheOwnSetAlone(t *testing.T) {
	d := wounds()
	d.Assets = append(d.Assets, picture("arm", "child", clinical.Plain))
	h := newHouse(t, d)
	ask := func(login string, change func(*clinical.Question)) error {
		q := clinical.Question{Person: human("stella"), Set: set("wounds"), Asset: asset("leg"), Use: clinical.Use{Channel: clinical.Mount}}
		change(&q)
		_, err := h.Explain(t.Context(), as(login), q)
		return err
	}
	if err := ask("edith", func(*clinical.Question) {}); err != nil {
		t.Errorf("about a reader: %v", err)
	}
	if err := ask("edith", func(q *clinical.Question) { q.Person = clinical.PersonID{} }); err != nil {
		t.Errorf("about any of them: %v", err)
	}
	for what, change := range map[string]func(*clinical.Question){
		"somebody else":   func(q *clinical.Question) { q.Person = human("clara") },
		"another picture": func(q *clinical.Question) { q.Asset = asset("arm") },
		"no set":          func(q *clinical.Question) { q.Set, q.Use = clinical.SetID{}, clinical.Care() },
	} {
		if err := ask("edith", change); clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, login := range []string{"emil", "stella", "clara", "paula", "adam"} {
		if err := ask(login, func(*clinical.Question) {}); clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("%s: %v", login, err)
		}
	}
}

// An explanation is the decision itself, and the rule that decided is the first
// that objects.
func TestExplainSaysWhatDecideSays(t *testing.T) {
	n := counted(t, 10_000)
	rapid.Check(t, func(t *rapid.T) {
		d := world(t)
		now := later(t, "now")
		snap := policy.NewSnapshot(site()).With(now, d)
		for _, p := range d.People {
			for _, u := range uses() {
				for _, a := range d.Assets {
					*n++
					want := policy.Decide(snap, policy.Request{Person: p.ID, Use: u, Asset: a.ID, Now: now})
					got := snap.Explain(clinical.Question{Person: p.ID, Use: u, Asset: a.ID, At: now})
					first := slices.IndexFunc(got.Rules, func(r clinical.RuleAnswer) bool { return r.Reason != "" })
					if got.Decision != want || want.Permit != (first < 0) || first >= 0 && (!got.Rules[first].Decided || got.Rules[first].Reason != want.Reason) {
						t.Fatalf("%s %+v %d: decided %+v, explained %+v by rule %d", p.Login, u, a.Ordinal, want, got.Decision, first)
					}
				}
			}
		}
	})
}

// No rule's title and no reason's words can name anybody: they are the same for
// every patient, and end as sentences do.
func TestWordsAreWholeSentences(t *testing.T) {
	for _, why := range policy.Reasons() {
		if w := policy.Words(why); !strings.HasSuffix(w, ".") || strings.Contains(w, "%") {
			t.Errorf("%s: %q", why, w)
		}
	}
	if w := policy.Words("legal-hold"); !strings.Contains(w, "Governance lifts it") {
		t.Errorf("a legal hold stops a court's copy, too, and %q does not say what to do", w)
	}
}
