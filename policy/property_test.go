package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// once reports true one time in n.
func once(t *rapid.T, n int, label string) bool {
	return rapid.SampledFrom(append(make([]bool, n-1), true)).Draw(t, label)
}

// mostly draws the first value nine times in ten.
func mostly[V any](t *rapid.T, label string, first V, others ...V) V {
	if !once(t, 10, label+"?") {
		return first
	}
	return rapid.SampledFrom(others).Draw(t, label)
}

// world draws a small hospital in which anything may be the case.
func world(t *rapid.T) clinical.Delta {
	d := clinicaltest.Hospital()
	hour := func(label string) time.Time {
		return clinicaltest.Now().Add(time.Duration(rapid.IntRange(-72, 72).Draw(t, label)) * time.Hour)
	}
	day := func(label string) clinical.Date {
		if !once(t, 8, label+"?") {
			return clinical.Date{}
		}
		return clinical.DateOf(hour(label))
	}
	for i := range d.People {
		d.People[i].TermEnds = day("term")
		d.People[i].Disabled = once(t, 15, "disabled")
		d.People[i].Shared = once(t, 6, "shared")
	}
	for i := range d.Patients {
		p := &d.Patients[i]
		p.Born = mostly(t, "born", p.Born, clinical.Date{}, clinical.DateOf(hour("birthday").AddDate(-18, 0, 0)))
		p.Vip = once(t, 8, "vip")
		p.PhotographyRefused = once(t, 12, "photography refused")
		if once(t, 6, "merged") {
			p.MergedInto = rapid.SampledFrom(d.Patients).Draw(t, "into").ID
		}
		if rapid.Bool().Draw(t, "named") {
			p.NamedTeam = []clinical.PersonID{rapid.SampledFrom(d.People).Draw(t, "team").ID}
		}
		d.Encounters[i].Closed = mostly(t, "closes", time.Time{}, hour("closed"))
		j := &d.Jobs[i]
		j.Status = rapid.SampledFrom([]clinical.JobStatus{clinical.JobTaken, clinical.JobFiled}).Draw(t, "job")
		j.FiledAt = hour("filed").AddDate(0, 0, -30)
		j.Photographer = rapid.SampledFrom([]clinical.PersonID{{}, human("paula"), human("piet")}).Draw(t, "assigned")
	}
	for i := range rapid.IntRange(1, 8).Draw(t, "pictures") {
		d.Assets = append(d.Assets, drawAsset(t, d, i, hour("taken")))
		slide := clinicaltest.Slide(fmt.Sprint("picture ", i))
		slide.Edit = d.Assets[i].Edit
		d.Renditions = append(d.Renditions, slide)
		d.Renditions = append(d.Renditions, flat(fmt.Sprint("picture ", i), d.Assets[i].Edit))
	}
	for i := range rapid.SampledFrom([]int{0, 2, 5, 9}).Draw(t, "consents") {
		d.Grants = append(d.Grants, drawGrant(t, d, i, hour("from"), day))
	}
	for i := range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "holds") {
		h := clinical.Hold{ID: clinicaltest.ID[clinical.Hold](fmt.Sprint(i)), Patient: rapid.SampledFrom(d.Patients).Draw(t, "held").ID}
		h.Kind = rapid.SampledFrom([]clinical.HoldKind{clinical.LegalHold, clinical.IdentityDispute, clinical.UnmergeFreeze, "other"}).Draw(t, "hold")
		if rapid.Bool().Draw(t, "pinned") {
			h.Assets = []clinical.AssetID{rapid.SampledFrom(d.Assets).Draw(t, "on").ID}
		}
		h.LiftedAt = rapid.SampledFrom([]time.Time{{}, hour("lifted")}).Draw(t, "lifts")
		d.Holds = append(d.Holds, h)
	}
	for i := range rapid.SampledFrom([]int{1, 3}).Draw(t, "sets") {
		name := fmt.Sprint("set ", i)
		s := clinicaltest.Set(name)
		s.Audience = rapid.SampledFrom([]clinical.Audience{clinical.A2, clinical.A3, clinical.A4}).Draw(t, "audience")
		s.Status = mostly(t, "status", clinical.SetPublished, clinical.SetDraft, clinical.SetClosed)
		s.PublishedBy = rapid.SampledFrom([]clinical.PersonID{human("edith"), human("emil")}).Draw(t, "publisher")
		s.From, s.Until = day("opens"), day("closes")
		if once(t, 3, "cohort") {
			s.Cohorts = []clinical.Cohort{{Name: "Year 3", From: day("term"), Until: day("term ends"), People: []clinical.PersonID{human("stella"), human("clara")}}}
			s.Roster = nil
		}
		s.SubmittedAt = rapid.SampledFrom([]time.Time{{}, s.PublishedAt.Add(time.Minute)}).Draw(t, "submitted")
		d.Sets = append(d.Sets, s)
		for n, a := range d.Assets {
			if rapid.Bool().Draw(t, "member") {
				it := clinicaltest.Item(name, fmt.Sprint("picture ", n), n)
				it.AddedAt = mostly(t, "added", it.AddedAt, s.PublishedAt.Add(time.Minute))
				it.Asset = a.ID
				d.Items = append(d.Items, it)
			}
		}
	}
	for i := range rapid.SampledFrom([]int{0, 1, 3, 5}).Draw(t, "releases") {
		r := clinical.Release{ID: clinicaltest.ID[clinical.Release](fmt.Sprint(i)), Authority: "order", Recipient: "use", UseBy: day("use by")}
		r.Kind = rapid.SampledFrom([]clinical.ReleaseKind{"court", "journal", "research", "online", "device", "other"}).Draw(t, "kind")
		r.Format = mostly(t, "format", clinical.Evidential, clinical.EncryptedZIP, clinical.PrintPDF)
		r.Recipient = mostly(t, "recipient", "use", "another use")
		r.By = mostly(t, "by", human("clara"), human("paula"))
		r.Assets = []clinical.AssetID{rapid.SampledFrom(d.Assets).Draw(t, "released").ID}
		d.Releases = append(d.Releases, r)
	}
	drawConsequences(t, &d, hour)
	return d
}

// drawConsequences draws tickets and what families said.
func drawConsequences(t *rapid.T, d *clinical.Delta, hour func(string) time.Time) {
	for i := range rapid.SampledFrom([]int{0, 1, 3}).Draw(t, "tickets") {
		d.Glasses = append(d.Glasses, drawGlass(t, *d, i, hour("broken")))
	}
	for i := range rapid.SampledFrom([]int{0, 1, 2}).Draw(t, "consults") {
		task := clinical.Task{ID: clinicaltest.ID[clinical.Task](fmt.Sprint(i)), Kind: clinical.FamilyConsult, Raised: hour("raised")}
		task.Patient = mostly(t, "family of", patient("deceased"), patient("adult"))
		task.DoneAt = mostly(t, "answered", hour("answered at"), time.Time{})
		task.Answer = mostly(t, "answer", clinical.AnswerAgreed, clinical.AnswerObjected, clinical.AnswerDone, "")
		if len(d.Grants) > 0 && once(t, 3, "of one consent") {
			task.Grant = rapid.SampledFrom(d.Grants).Draw(t, "about").ID
		}
		d.Tasks = append(d.Tasks, task)
	}
}

func drawGlass(t *rapid.T, d clinical.Delta, i int, at time.Time) clinical.BreakGlass {
	b := clinical.BreakGlass{ID: clinicaltest.ID[clinical.BreakGlass](fmt.Sprint(i)), At: at, Until: at.Add(24 * time.Hour)}
	b.Person = human(rapid.SampledFrom([]string{"oscar", "carl", "greta", "nina"}).Draw(t, "who"))
	b.Patient = mostly(t, "ticket to", d.Patients[0], d.Patients...).ID
	return b
}

func drawAsset(t *rapid.T, d clinical.Delta, i int, taken time.Time) clinical.Asset {
	of := mostly(t, "of", d.Patients[0], d.Patients...)
	a := clinicaltest.Picture(fmt.Sprint("picture ", i), of.Given)
	a.Ordinal = uint32(i + 1)
	a.Capture.At = taken
	if once(t, 8, "undated") {
		a.Capture.At = time.Time{}
	}
	a.FiledAt = taken.AddDate(0, 0, -30)
	a.State = mostly(t, "state", clinical.Filed, clinical.Provisional, clinical.Quarantined, clinical.Discarded, "")
	a.Sensitivity = mostly(t, "plain", clinical.Plain, clinical.Sensitivity(rapid.IntRange(0, 31).Draw(t, "flags")))
	a.NoIdentifyingFeature = !once(t, 4, "feature")
	a.IDShot, a.Form = once(t, 12, "id shot"), once(t, 20, "form")
	if once(t, 4, "edited") {
		a.Edit = 1
		a.Cleared = mostly(t, "cleared", clinical.I1, clinical.I2, clinical.NoIdentifiability, clinical.I0)
	}
	if once(t, 4, "jobless") {
		a.Job, a.Session = clinical.JobID{}, clinical.SessionID{}
	}
	if once(t, 6, "company") {
		a.Subjects = []clinical.PatientID{rapid.SampledFrom(d.Patients).Draw(t, "with").ID}
	}
	return a
}

func drawGrant(t *rapid.T, d clinical.Delta, i int, from time.Time, day func(string) clinical.Date) clinical.Grant {
	g := clinicaltest.Teaching(fmt.Sprint(i), mostly(t, "giver", d.Patients[0], d.Patients...).Given)
	g.Status = mostly(t, "given", clinical.GrantGiven, clinical.GrantRefused, clinical.GrantWithdrawn, clinical.GrantRequested, clinical.GrantPending, clinical.GrantEnteredInError)
	g.Mode = mostly(t, "mode", clinical.Written, clinical.Verbal, clinical.Implied, "")
	g.Witness = rapid.SampledFrom([]string{"", "somebody"}).Draw(t, "witness")
	g.Purposes = rapid.SliceOfNDistinct(rapid.SampledFrom(clinical.Purposes()), 0, 4, rapid.ID).Draw(t, "for")
	if !once(t, 3, "for others") {
		g.Purposes = []clinical.Purpose{clinical.P2}
	}
	g.Audience = mostly(t, "ceiling", clinical.A5, clinical.Nobody, clinical.A0, clinical.A1, clinical.A2, clinical.A3, clinical.A6)
	g.Level = mostly(t, "level", clinical.I1, clinical.NoIdentifiability, clinical.I0, clinical.I2)
	g.Channels = mostly(t, "channels", 31, clinical.ViewOnScreen, clinical.Mount, clinical.Download, 0)
	g.Capacity = mostly(t, "capacity", clinical.AdultCapacity, clinical.Parental, clinical.MatureMinor, clinical.BestInterest, clinical.DeceasedCapacity, "")
	g.Assent = mostly(t, "assent", clinical.AssentNotAsked, clinical.Assented, clinical.Dissented)
	g.ValidFrom = mostly(t, "valid", clinicaltest.Now().AddDate(0, 0, -5), from)
	g.RecordedAt = g.ValidFrom
	g.Expires, g.ReviewAt = day("expires"), day("review")
	g.ImagesShown, g.IntimateBeyondA2 = !once(t, 4, "not shown"), rapid.Bool().Draw(t, "tick")
	g.NamedUse = mostly(t, "use", "use", "")
	g.Study, g.Ethics = g.NamedUse, mostly(t, "ethics", "2026/114", "")
	switch rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 2, 3, 4}).Draw(t, "covers") {
	case 0:
		g.Covers = clinical.Cover{All: true}
	case 1:
		g.Covers = clinical.Cover{CourseFrom: from.Add(-48 * time.Hour), CourseUntil: from.Add(48 * time.Hour)}
	case 2:
		g.Covers = clinical.Cover{Assets: []clinical.AssetID{rapid.SampledFrom(d.Assets).Draw(t, "covered").ID}}
	case 3:
		g.Covers = clinical.Cover{}
	default: // its session
	}
	return g
}

// site is one that opens every purpose to clinicians, so that rules beyond
// that on roles are asked.
func site() policy.Site {
	return policy.Site{
		Zone: clinicaltest.Zone(), Limits: policy.Limits{VerbalTeaching: true},
		Roles: policy.Roles{
			{Role: clinical.Clinician, Purpose: clinical.P5}: clinical.Online,
			{Role: clinical.Clinician, Purpose: clinical.P7}: clinical.Download,
		},
	}
}

// counted counts what a property was tried on, says it, and fails where it is
// fewer than there were meant to be.
func counted(t *testing.T, least int) *int {
	t.Helper()
	n := new(int)
	t.Cleanup(func() {
		t.Logf("%d cases", *n)
		if !t.Failed() && *n < least {
			t.Errorf("%d cases are fewer than %d", *n, least)
		}
	})
	return n
}

// uses are those that any rule tells apart, and one that is invalid.
func uses() []clinical.Use {
	return []clinical.Use{
		clinical.Care(),
		{Purpose: clinical.P0, Audience: clinical.A0, Channel: clinical.Download},
		{Purpose: clinical.P1, Audience: clinical.A0, Channel: clinical.ViewOnScreen},
		{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.Mount},
		{Purpose: clinical.P2, Audience: clinical.A2, Channel: clinical.ViewOnScreen},
		{Purpose: clinical.P2b, Audience: clinical.A1, Channel: clinical.ViewOnScreen},
		{Purpose: clinical.P3, Audience: clinical.A5, Channel: clinical.Download},
		{Purpose: clinical.P4, Audience: clinical.A5, Channel: clinical.Download},
		{Purpose: clinical.P5, Audience: clinical.A6, Channel: clinical.Online},
		{Purpose: clinical.P6, Audience: clinical.A5, Channel: clinical.Download},
		{Purpose: clinical.P7, Audience: clinical.A5, Channel: clinical.Download},
		{},
	}
}

func later(t *rapid.T, label string) time.Time {
	return clinicaltest.Now().Add(time.Duration(rapid.IntRange(-100, 100).Draw(t, label)) * 47 * time.Minute)
}

func TestDecideAndScopeAgree(t *testing.T) {
	n := counted(t, 30_000)
	rapid.Check(t, func(t *rapid.T) {
		d := world(t)
		now := later(t, "now")
		snap := policy.NewSnapshot(site()).With(now, d)
		for _, p := range d.People {
			for _, u := range uses() {
				scope := snap.Scope(p.ID, u, now)
				for _, a := range d.Assets {
					*n++
					got := policy.Decide(snap, policy.Request{Person: p.ID, Use: u, Asset: a.ID, Search: true, Now: now})
					if got.Permit != scope.Allows(a.Ordinal) {
						t.Fatalf("%s %+v %d: Decide says %v (%s, %s), Scope %v", p.Login, u, a.Ordinal, got.Permit, got.Rule, got.Reason, scope.Allows(a.Ordinal))
					}
				}
			}
		}
	})
}

func TestNothingChangesBeforeUntil(t *testing.T) {
	n := counted(t, 30_000)
	rapid.Check(t, func(t *rapid.T) {
		d := world(t)
		now, then := later(t, "now"), later(t, "then")
		if then.Before(now) {
			now, then = then, now
		}
		snap := policy.NewSnapshot(site()).With(now, d)
		for _, p := range d.People {
			for _, u := range uses() {
				scope := snap.Scope(p.ID, u, now)
				for _, a := range d.Assets {
					*n++
					r := policy.Request{Person: p.ID, Use: u, Asset: a.ID, Search: true, Now: now}
					before := policy.Decide(snap, r)
					r.Now = then
					after := policy.Decide(snap, r)
					if (before.Until.IsZero() || then.Before(before.Until)) && before.Permit != after.Permit {
						t.Fatalf("%s %+v %d: %v, then %v, though nothing was to change before %v", p.Login, u, a.Ordinal, before, after, before.Until)
					}
					if (scope.Until.IsZero() || then.Before(scope.Until)) && scope.Allows(a.Ordinal) != after.Permit {
						t.Fatalf("%s %+v %d: the scope is stale before %v", p.Login, u, a.Ordinal, scope.Until)
					}
				}
			}
		}
	})
}

// What only tightens never turns a deny into a permit. Care is apart where
// flags say so.
func TestTighteningNeverPermits(t *testing.T) {
	n := counted(t, 30_000)
	rapid.Check(t, func(t *rapid.T) {
		d := world(t)
		now := later(t, "now")
		before := policy.NewSnapshot(site()).With(now, d)
		change, care := tighten(t, d)
		after := before.With(now, change)
		for _, p := range d.People {
			for _, u := range uses() {
				if u.Purpose == clinical.P0 && !care {
					continue
				}
				for _, a := range d.Assets {
					*n++
					r := policy.Request{Person: p.ID, Use: u, Asset: a.ID, Now: now}
					if was, is := policy.Decide(before, r), policy.Decide(after, r); is.Permit && !was.Permit {
						t.Fatalf("%s %+v %d: was denied by %s (%s) and is now permitted", p.Login, u, a.Ordinal, was.Rule, was.Reason)
					}
				}
			}
		}
	})
}

// tighten draws a change that only takes away; care says whether that is so of
// care as well.
func tighten(t *rapid.T, d clinical.Delta) (change clinical.Delta, care bool) {
	a := rapid.SampledFrom(d.Assets).Draw(t, "picture")
	g := clinical.Grant{Status: clinical.GrantRequested, ID: clinicaltest.ID[clinical.Grant]("none"), Patient: patient("adult")}
	given := slices.DeleteFunc(slices.Clone(d.Grants), func(g clinical.Grant) bool { return g.Status == clinical.GrantRefused })
	if len(given) > 0 {
		g = rapid.SampledFrom(given).Draw(t, "consent")
	}
	switch rapid.IntRange(0, 14).Draw(t, "tighten") {
	case 0:
		g.Status = clinical.GrantWithdrawn
		return clinical.Delta{Grants: []clinical.Grant{g}}, true
	case 1:
		g.Audience = clinical.Audience(rapid.IntRange(0, int(g.Audience)).Draw(t, "lower"))
		return clinical.Delta{Grants: []clinical.Grant{g}}, true
	case 2:
		g.Level = clinical.Identifiability(rapid.IntRange(0, int(g.Level)).Draw(t, "lower"))
		return clinical.Delta{Grants: []clinical.Grant{g}}, true
	case 3:
		g.Channels &= clinical.Channel(rapid.IntRange(0, 31).Draw(t, "kept"))
		return clinical.Delta{Grants: []clinical.Grant{g}}, true
	case 4:
		g.Status, g.Covers, g.Purposes = clinical.GrantRefused, clinical.Cover{}, nil
		g.ID = clinicaltest.ID[clinical.Grant]("refusal")
		return clinical.Delta{Grants: []clinical.Grant{g}}, true
	case 5:
		a.Sensitivity |= rapid.SampledFrom([]clinical.Sensitivity{clinical.Face, clinical.Intimate, clinical.Safeguarding, clinical.VIP}).Draw(t, "flag")
		return clinical.Delta{Assets: []clinical.Asset{a}}, true
	case 6:
		a.Sensitivity = 0
		return clinical.Delta{Assets: []clinical.Asset{a}}, false
	case 7:
		a.NoIdentifyingFeature = false
		return clinical.Delta{Assets: []clinical.Asset{a}}, true
	case 8:
		a.Subjects = append(slices.Clone(a.Subjects), rapid.SampledFrom(d.Patients).Draw(t, "stranger").ID)
		return clinical.Delta{Assets: []clinical.Asset{a}}, true
	case 9:
		h := clinical.Hold{ID: clinicaltest.ID[clinical.Hold]("new"), Kind: clinical.LegalHold, Patient: a.Patient}
		return clinical.Delta{Holds: []clinical.Hold{h}}, true
	case 10:
		p := rapid.SampledFrom(d.Patients).Draw(t, "patient")
		p.PhotographyRefused, p.Vip = true, true
		return clinical.Delta{Patients: []clinical.Patient{p}}, true
	case 11:
		g.Status = clinical.GrantEnteredInError
		if g.Assent == clinical.Dissented { // to say that nobody dissented takes a no away
			g.Status = clinical.GrantWithdrawn
		}
		return clinical.Delta{Grants: []clinical.Grant{g}}, true
	case 13:
		a.Edit, a.Cleared = a.Edit+1, clinical.NoIdentifiability
		return clinical.Delta{Assets: []clinical.Asset{a}}, true
	case 12:
		h := clinical.Hold{ID: clinicaltest.ID[clinical.Hold]("new"), Kind: clinical.UnmergeFreeze, Patient: a.Patient, Assets: []clinical.AssetID{a.ID}}
		return clinical.Delta{Holds: []clinical.Hold{h}}, true
	default:
		p := rapid.SampledFrom(d.People).Draw(t, "person")
		p.Disabled = true
		return clinical.Delta{People: []clinical.Person{p}}, true
	}
}

// pieces splits a world into changes that come one by one, some of them twice
// and in two versions.
func pieces(t *rapid.T, d clinical.Delta) []clinical.Delta {
	out := []clinical.Delta{{People: d.People, Patients: d.Patients, Jobs: d.Jobs, Sessions: d.Sessions}}
	revs(&d, func(_ [16]byte, rev *uint64) { *rev = 7 })
	out = append(out, clinical.Delta{Assets: d.Assets, Renditions: d.Renditions})
	for _, e := range d.Encounters {
		out = append(out, clinical.Delta{Encounters: []clinical.Encounter{e}})
	}
	for _, g := range d.Grants {
		asked := g
		asked.Status, asked.Rev = clinical.GrantGiven, 3
		out = append(out, clinical.Delta{Grants: []clinical.Grant{asked}}, clinical.Delta{Grants: []clinical.Grant{g}})
	}
	for _, h := range d.Holds {
		out = append(out, clinical.Delta{Holds: []clinical.Hold{h}})
	}
	for _, s := range d.Sets {
		out = append(out, clinical.Delta{Sets: []clinical.TeachingSet{s}})
	}
	for _, it := range d.Items {
		out = append(out, clinical.Delta{Items: []clinical.SetItem{it}})
	}
	for _, a := range d.Assets {
		elsewhere := a
		elsewhere.Patient, elsewhere.Rev = rapid.SampledFrom(d.Patients).Draw(t, "before").ID, 3
		out = append(out, clinical.Delta{Assets: []clinical.Asset{elsewhere}})
		if rapid.Bool().Draw(t, "move") {
			elsewhere.Rev = 9
			back := a
			back.Rev = 11
			out = append(out, clinical.Delta{Assets: []clinical.Asset{elsewhere}}, clinical.Delta{Assets: []clinical.Asset{back}})
		}
	}
	out = append(out, clinical.Delta{Releases: d.Releases})
	for _, b := range d.Glasses {
		out = append(out, clinical.Delta{Glasses: []clinical.BreakGlass{b}})
	}
	for _, task := range d.Tasks {
		out = append(out, clinical.Delta{Tasks: []clinical.Task{task}})
	}
	return append(out, rapid.SliceOfN(rapid.SampledFrom(out[1:]), 0, 5).Draw(t, "again")...)
}

// A scope that is brought up to date change by change is the one made anew,
// and the order and repetition of changes leaves no trace.
func TestScopesFollowChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := world(t)
		now := clinicaltest.Now()
		k := policy.NewKeeper(site())
		who := []string{"paula", "clara", "carl", "edith", "stella"}
		asked := []clinical.Use{uses()[0], uses()[3], uses()[4], uses()[8]}
		for _, piece := range pieces(t, d) {
			k.Add(now, piece)
			now = now.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "wait")) * time.Minute)
			login := rapid.SampledFrom(who).Draw(t, "who")
			for _, u := range asked {
				got, want := k.Scope(human(login), u, now), k.Snapshot.Scope(human(login), u, now)
				for _, a := range d.Assets {
					if got.Allows(a.Ordinal) != want.Allows(a.Ordinal) {
						t.Fatalf("%s %+v %d: kept %v, made anew %v", login, u, a.Ordinal, got.Allows(a.Ordinal), want.Allows(a.Ordinal))
					}
				}
			}
		}
		whole := policy.NewSnapshot(site()).With(now, d)
		for _, login := range who {
			for _, u := range asked {
				for _, a := range d.Assets {
					r := policy.Request{Person: human(login), Use: u, Asset: a.ID, Now: now}
					got, want := policy.Decide(k.Snapshot, r), policy.Decide(whole, r)
					if !got.Until.Equal(want.Until) {
						t.Fatalf("%s %+v %d: until %v piece by piece, %v at once", login, u, a.Ordinal, got.Until, want.Until)
					}
					got.Until = want.Until
					if got != want {
						t.Fatalf("%s %+v %d: piece by piece %+v, at once %+v", login, u, a.Ordinal, got, want)
					}
				}
			}
		}
	})
}

func TestFolderListsWhatDecidePermits(t *testing.T) {
	n := counted(t, 5_000)
	rapid.Check(t, func(t *rapid.T) {
		d := world(t)
		now := later(t, "now")
		snap := policy.NewSnapshot(site()).With(now, d)
		for _, p := range d.People {
			for _, s := range d.Sets {
				listed := snap.Listed(p.ID, s.ID, clinical.Mount, now)
				for _, a := range d.Assets {
					*n++
					u := clinical.Use{Purpose: s.Purpose, Audience: s.Audience, Channel: clinical.Mount}
					want := policy.Decide(snap, policy.Request{Person: p.ID, Use: u, Set: s.ID, Asset: a.ID, Now: now})
					if listed[a.ID] != want.Permit {
						t.Fatalf("%s %s %d: listed %v, decided %+v", p.Login, s.Name, a.Ordinal, listed[a.ID], want)
					}
					if told := policy.Admits(snap, s.ID, a.ID, now); want.Permit && !told.Permit {
						t.Fatalf("%s %s %d: on the drive, and its owner is told %+v", p.Login, s.Name, a.Ordinal, told)
					}
				}
			}
		}
	})
}

// Everybody but the one who is added has what they had before.
func TestOneReaderMoreOpensNothingToOthers(t *testing.T) {
	n := counted(t, 10_000)
	rapid.Check(t, func(t *rapid.T) {
		d := world(t)
		now := later(t, "now")
		before := policy.NewSnapshot(site()).With(now, d)
		s, who := rapid.SampledFrom(d.Sets).Draw(t, "set"), rapid.SampledFrom(d.People).Draw(t, "reader")
		if once(t, 2, "to a cohort") {
			s.Cohorts = append(slices.Clone(s.Cohorts), clinical.Cohort{Name: "more", People: []clinical.PersonID{who.ID}})
		} else {
			s.Roster = append(slices.Clone(s.Roster), who.ID)
		}
		after := before.With(now, clinical.Delta{Sets: []clinical.TeachingSet{s}})
		for _, p := range d.People {
			for _, u := range uses() {
				for _, a := range d.Assets {
					*n++
					r := policy.Request{Person: p.ID, Use: u, Asset: a.ID, Now: now}
					was, is := policy.Decide(before, r), policy.Decide(after, r)
					if is.Permit && !was.Permit && (p.ID != who.ID || u.Purpose != clinical.P2) {
						t.Fatalf("%s %+v %d: was denied by %s (%s)", p.Login, u, a.Ordinal, was.Rule, was.Reason)
					}
				}
			}
		}
	})
}

// A ticket opens care on screen, of one patient, to one person, and no search.
func TestATicketOpensCareOfOnePatientToOnePerson(t *testing.T) {
	n := counted(t, 10_000)
	rapid.Check(t, func(t *rapid.T) {
		d := world(t)
		now := later(t, "now")
		for i := range d.Patients {
			d.Patients[i].MergedInto = clinical.PatientID{}
		}
		before := policy.NewSnapshot(site()).With(now, d)
		b := drawGlass(t, d, 99, now.Add(-time.Minute))
		after := before.With(now, clinical.Delta{Glasses: []clinical.BreakGlass{b}})
		for _, p := range d.People {
			for _, u := range uses() {
				for _, a := range d.Assets {
					*n++
					r := policy.Request{Person: p.ID, Use: u, Asset: a.ID, Now: now, Search: rapid.Bool().Draw(t, "search")}
					was, is := policy.Decide(before, r), policy.Decide(after, r)
					if was.Permit && !is.Permit {
						t.Fatalf("%s %+v %d: a ticket took it away: %+v", p.Login, u, a.Ordinal, is)
					}
					meant := p.ID == b.Person && a.Patient == b.Patient && u == clinical.Care() && !r.Search
					if is.Permit && !was.Permit && !meant {
						t.Fatalf("%s %+v %d: was denied by %s (%s)", p.Login, u, a.Ordinal, was.Rule, was.Reason)
					}
					if is.Permit && !was.Permit && (is.Rule != policy.ThroughGlass || !is.LogBeforeBytes || is.Until.After(b.Until)) {
						t.Fatalf("%s %d: opened by the ticket as %+v", p.Login, a.Ordinal, is)
					}
				}
			}
		}
	})
}
