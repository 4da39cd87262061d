package policy_test

import (
	"testing"
	"testing/synctest"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// until lets the time of the bubble pass.
func until(t time.Time) { <-time.After(time.Until(t)) }

// bubble is a gate whose clock is the bubble's.
func bubble(t *testing.T, d clinical.Delta) *policy.Gate {
	t.Helper()
	j := newJournal()
	for _, d := range []clinical.Delta{clinicaltest.Hospital(), d} {
		if _, err := j.Commit(t.Context(), clinical.Change{Delta: d}); err != nil {
			t.Fatal(err)
		}
	}
	gate, err := policy.New(policy.Options{Recorder: j, Journal: j, Reader: j, Opener: j, Searcher: everything{}, Zone: clinicaltest.Zone()})
	if err != nil {
		t.Fatal(err)
	}
	if err := gate.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return gate
}

// lesson is wounds, published by two people, of a patient born on a day.
func lesson(of string, born clinical.Date, change func(*clinical.Grant)) clinical.Delta {
	d := wounds()
	d.Assets[0] = clinicaltest.Picture("leg", of)
	d.Grants[0] = teaching("teaching", of)
	change(&d.Grants[0])
	d.Sets[0].PublishedBy = human("emil")
	if !born.IsZero() {
		d.Patients = ofAge(of, born).Patients
	}
	return d
}

func day(y int, m time.Month, d int) clinical.Date { return clinical.Date{Year: y, Month: m, Day: d} }

// Time alone ends what ends with a day, at its instant in Paris: in a folder
// that is listed again and again, and in a stream that is open and read by
// nobody.
func TestTimeTakesEffectAtItsInstant(t *testing.T) {
	paris := clinicaltest.Zone()
	leap := day(2012, time.February, 29)
	for name, tt := range map[string]struct {
		d  clinical.Delta
		at time.Time
	}{
		"a consent expires on the day that has 25 hours": {
			lesson("adult", clinical.Date{}, func(g *clinical.Grant) { g.Expires = day(2027, time.October, 31) }), time.Date(2027, 10, 31, 23, 0, 0, 0, time.UTC),
		},
		"a consent expires on the day that has 23 hours": {
			lesson("adult", clinical.Date{}, func(g *clinical.Grant) { g.Expires = day(2027, time.March, 28) }), time.Date(2027, 3, 28, 22, 0, 0, 0, time.UTC),
		},
		"a consent expires on 29 February": {
			lesson("adult", clinical.Date{}, func(g *clinical.Grant) { g.Expires = day(2028, time.February, 29) }), time.Date(2028, 3, 1, 0, 0, 0, 0, paris),
		},
		"a review is due on a 16th birthday, 29 February": {
			lesson("child", leap, func(g *clinical.Grant) { g.Capacity, g.ReviewAt = clinical.Parental, leap.Anniversary(16) }), time.Date(2028, 2, 29, 0, 0, 0, 0, paris),
		},
		"an 18th birthday of one born on 29 February": {
			lesson("child", leap, func(g *clinical.Grant) { g.Capacity, g.ReviewAt = clinical.Parental, day(2040, time.January, 1) }), time.Date(2030, 3, 1, 0, 0, 0, 0, paris),
		},
		"a set's last day is 29 February": {
			func() clinical.Delta { d := wounds(); d.Sets[0].Until = day(2028, time.February, 29); return d }(), time.Date(2028, 3, 1, 0, 0, 0, 0, paris),
		},
		"a student's term ends when summer time begins": {
			func() clinical.Delta {
				d := wounds()
				for _, p := range clinicaltest.Hospital().People {
					if p.Login == "stella" {
						p.Rev, p.TermEnds = 1, day(2027, time.March, 28)
						d.People = []clinical.Person{p}
					}
				}
				return d
			}(), time.Date(2027, 3, 28, 22, 0, 0, 0, time.UTC),
		},
		"a cohort's term ends when summer time ends": {
			func() clinical.Delta {
				d := wounds()
				d.Sets[0].Cohorts = []clinical.Cohort{{Name: "Year 3", Until: day(2027, time.October, 31), People: d.Sets[0].Roster}}
				d.Sets[0].Roster = nil
				return d
			}(), time.Date(2027, 10, 31, 23, 0, 0, 0, time.UTC),
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := bubble(t, tt.d)
				until(tt.at.Add(-time.Nanosecond))
				ends(t, gate, func() (*clinical.Served, error) {
					return gate.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg"))
				}, func() int {
					f, err := gate.Folder(t.Context(), as("stella"), set("wounds"), clinical.Mount)
					if err != nil && clinical.KindOf(err) != clinical.NotFound {
						t.Error(err)
					}
					return len(f.Entries)
				})
			})
		})
	}
}

// ends checks that what can be had a nanosecond before an instant cannot be had
// at it.
func ends(t *testing.T, gate *policy.Gate, open func() (*clinical.Served, error), listed func() int) {
	t.Helper()
	idle, err := open()
	if err != nil {
		t.Fatalf("before: %v", err)
	}
	defer idle.Close()
	read, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if n := listed(); n != 1 {
		t.Fatalf("before: %d listed", n)
	}
	buf := make([]byte, 10)
	if _, err := read.Read(buf); err != nil {
		t.Fatal(err)
	}
	<-time.After(time.Nanosecond)
	if n := listed(); n != 0 {
		t.Errorf("at the instant %d are listed", n)
	}
	if n, err := read.Read(buf); n != 0 || clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("at the instant the stream gives %d bytes, %v", n, err)
	}
	if served, err := open(); err == nil {
		_ = served.Close()
		t.Error("at the instant it opens")
	}
	<-time.After(time.Millisecond) // the alarm's
	select {
	case <-idle.Gone:
	default:
		t.Error("the stream that nobody reads goes on")
	}
}

// What begins begins at its instant.
func TestConsentAndTermBeginAtTheirInstant(t *testing.T) {
	begins := time.Date(2027, 10, 31, 0, 0, 0, 0, clinicaltest.Zone())
	later := wounds()
	later.Grants[0].ValidFrom = begins
	term := wounds()
	term.Sets[0].Cohorts = []clinical.Cohort{{Name: "Year 3", From: day(2027, time.October, 31), People: term.Sets[0].Roster}}
	term.Sets[0].Roster = nil
	for name, d := range map[string]clinical.Delta{"consent": later, "term": term} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := bubble(t, d)
				list := func() int {
					f, err := gate.Folder(t.Context(), as("stella"), set("wounds"), clinical.Mount)
					if err != nil && clinical.KindOf(err) != clinical.NotFound {
						t.Error(err)
					}
					return len(f.Entries)
				}
				until(begins.Add(-time.Nanosecond))
				if n := list(); n != 0 {
					t.Errorf("before: %d listed", n)
				}
				until(begins)
				if n := list(); n != 1 {
					t.Errorf("at the instant: %d listed", n)
				}
			})
		})
	}
}

// A ticket ends at its instant, in the hour that comes twice as well.
func TestABrokenGlassEndsAtItsInstant(t *testing.T) {
	at := time.Date(2027, 10, 31, 0, 30, 0, 0, time.UTC) // half past two, summer time
	d := wounds()
	d.Glasses = []clinical.BreakGlass{{
		ID: clinicaltest.ID[clinical.BreakGlass]("ticket"), Person: human("oscar"), Patient: patient("adult"), At: at, Until: at.Add(time.Hour),
	}}
	synctest.Test(t, func(t *testing.T) {
		gate := bubble(t, d)
		until(at.Add(time.Hour - time.Nanosecond))
		ends(t, gate, func() (*clinical.Served, error) {
			return gate.Open(t.Context(), as("oscar"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg")})
		}, func() int {
			page, err := gate.PatientPage(t.Context(), as("oscar"), patient("adult"))
			if err != nil {
				return 0
			}
			return len(page.Sessions)
		})
	})
}

// A scope that is kept follows the clock.
func TestASearchFollowsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := wounds()
		d.Grants[0].Expires = day(2028, time.February, 29)
		gate := bubble(t, d)
		use := clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.ViewOnScreen}
		ends := time.Date(2028, 3, 1, 0, 0, 0, 0, clinicaltest.Zone())
		for _, tt := range []struct {
			at   time.Time
			want int
		}{{ends.Add(-time.Hour), 1}, {ends.Add(-time.Nanosecond), 1}, {ends, 0}} {
			until(tt.at)
			f, _, err := gate.Find(t.Context(), as("stella"), use, clinical.Query{})
			if err != nil || f.Total != tt.want {
				t.Errorf("%v: finds %d, %v", tt.at, f.Total, err)
			}
		}
	})
}
