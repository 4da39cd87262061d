package policy_test

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// The table is only proven by its stories if every part of it can be taken
// away, or put in where it does not belong, and a story notices.

// survives reports whether no line of the table tells a mutant from the rules
// as they are.
func survives(all []question, mutate func(*policy.Snapshot) *policy.Snapshot) bool {
	made := map[*policy.Snapshot]*policy.Snapshot{}
	for _, q := range all {
		m, ok := made[q.snap]
		if !ok {
			m = mutate(q.snap)
			made[q.snap] = m
		}
		if q.fault(policy.Decide(m, q.ask)) != "" {
			return false
		}
	}
	return true
}

func TestEveryRuleIsLoadBearing(t *testing.T) {
	all := table(t)
	mutants := 0
	for _, code := range policy.RuleCodes() {
		for name, mutate := range map[string]func(*policy.Snapshot) *policy.Snapshot{
			"silent":           func(s *policy.Snapshot) *policy.Snapshot { return s.WithoutRule(code) },
			"always objecting": func(s *policy.Snapshot) *policy.Snapshot { return s.WithRuleAlways(code) },
		} {
			mutants++
			if survives(all, mutate) {
				t.Errorf("no story notices rule %s when it is %s", code, name)
			}
		}
	}
	for i := range policy.Steps {
		for _, why := range []clinical.Reason{"", "mutant"} {
			mutants++
			if survives(all, func(s *policy.Snapshot) *policy.Snapshot { return s.WithStep(i, why) }) {
				t.Errorf("no story notices step %d of a consent when it says %q to everything", i, why)
			}
		}
	}
	t.Logf("%d mutants of the table, %d questions to each", mutants, len(all))
}

// A rule that is silent must let out what it alone held back: the table has a
// story for each rule in which no other rule would have objected.
func TestEveryRuleHoldsSomethingBackAlone(t *testing.T) {
	all := table(t)
	for _, code := range policy.RuleCodes() {
		alone := slices.ContainsFunc(all, func(q question) bool {
			return !q.yes && q.rule == code && policy.Decide(q.snap.WithoutRule(code), q.ask).Permit
		})
		if !alone && !named(code) {
			t.Errorf("no story shows what rule %s alone keeps in", code)
		}
	}
}

// named lists the rules that only give a name to what a wider one would refuse
// as well: consents that are there but not such as the picture asks for.
func named(code string) bool {
	return slices.Contains([]string{"3-child", "3-intimate", "3-deceased", "4-rendition"}, code)
}

// The channels of each role are in roles.txt, as a site's governance reads
// them. Every one that is added or taken away is noticed.
func TestRolesAreAsTheirPageSays(t *testing.T) {
	snap := policy.NewSnapshot(policy.Site{}).With(clinicaltest.Now(), clinicaltest.Hospital()).With(clinicaltest.Now(), wounds())
	page := rolesPage(t)
	flips := 0
	for _, role := range clinical.Roles() {
		person := clinical.Person{ID: human("somebody"), Login: "somebody", Role: role}
		s := snap.With(clinicaltest.Now(), clinical.Delta{People: []clinical.Person{person}})
		for _, purpose := range clinical.Purposes() {
			u := policy.RoleUse{Role: role, Purpose: purpose}
			if got := says(s, u); got != page[u] {
				t.Errorf("the %s has %q for %s, the page says %q", role, got, purpose, page[u])
			}
			for bit := clinical.ViewOnScreen; bit <= clinical.Online; bit <<= 1 {
				flips++
				if got := says(s.WithChannels(u, page[u]^bit), u); got == page[u] {
					t.Errorf("nothing notices that the %s has %s for %s or not", role, bit, purpose)
				}
			}
		}
	}
	t.Logf("%d channels flipped", flips)
}

// says asks the rule on roles for every channel.
func says(s *policy.Snapshot, u policy.RoleUse) clinical.Channel {
	var got clinical.Channel
	for bit := clinical.ViewOnScreen; bit <= clinical.Online; bit <<= 1 {
		r := policy.Request{Person: human("somebody"), Asset: asset("leg"), Now: clinicaltest.Now()}
		r.Use = clinical.Use{Purpose: u.Purpose, Audience: clinical.A3, Channel: bit}
		if policy.RuleSays(s, r, "1-role") == "" {
			got |= bit
		}
	}
	return got
}

// rolesPage reads testdata/roles.txtar: role, purpose, channels.
func rolesPage(t *testing.T) map[policy.RoleUse]clinical.Channel {
	t.Helper()
	text, err := os.ReadFile("testdata/roles.txtar")
	if err != nil {
		t.Fatal(err)
	}
	page := map[policy.RoleUse]clinical.Channel{}
	for _, f := range txtar.Parse(text).Files {
		lines := bufio.NewScanner(strings.NewReader(string(f.Data)))
		for lines.Scan() {
			line, _, _ := strings.Cut(lines.Text(), "#")
			words := strings.Fields(line)
			if len(words) == 0 {
				continue
			}
			u := policy.RoleUse{Role: clinical.Role(f.Name)}
			var c clinical.Channel
			if err := u.Purpose.UnmarshalText([]byte(words[0])); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			if err := c.UnmarshalText([]byte(strings.Join(words[1:], ","))); err != nil {
				t.Fatalf("%s %s: %v", f.Name, words[0], err)
			}
			page[u] = c
		}
	}
	return page
}

func TestASiteOpensNoPictureToThoseWhoAdminister(t *testing.T) {
	for _, u := range []policy.RoleUse{
		{Role: clinical.Governance, Purpose: clinical.P0},
		{Role: clinical.Admin, Purpose: clinical.P0},
		{Role: clinical.Operator, Purpose: clinical.P0},
		{Role: clinical.StudioAccount, Purpose: clinical.P2},
		{Role: clinical.Student, Purpose: clinical.P0},
		{Role: "whoever", Purpose: clinical.P0},
		{Role: clinical.Clinician, Purpose: clinical.NoPurpose},
	} {
		r := policy.Roles{u: clinical.ViewOnScreen}
		if err := r.Check(); clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%s may be given %s: %v", u.Role, u.Purpose, err)
		}
		s := policy.NewSnapshot(policy.Site{Zone: clinicaltest.Zone(), Roles: r}).With(clinicaltest.Now(), wounds())
		s = s.With(clinicaltest.Now(), clinical.Delta{People: []clinical.Person{{ID: human("somebody"), Role: u.Role}}})
		if got := says(s, u); got != 0 {
			t.Errorf("%s has %s for %s all the same", u.Role, got, u.Purpose)
		}
	}
	if err := (policy.Roles{{Role: clinical.Clinician, Purpose: clinical.P0}: clinical.Mount}).Check(); err == nil {
		t.Error("care on a drive")
	}
	if err := (policy.Roles{{Role: clinical.Clinician, Purpose: clinical.P5}: clinical.Online}).Check(); err != nil {
		t.Errorf("a site lets clinicians publish: %v", err)
	}
}
