package policy_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// archive is n pictures of n/20 patients, four sittings each.
func archive(n int) clinical.Delta {
	d := clinicaltest.Hospital()
	for i := range n / 20 {
		p := clinical.Patient{ID: clinicaltest.ID[clinical.Patient](fmt.Sprint("p", i)), Family: "Invented", Born: clinical.Date{Year: 1950, Month: 1, Day: 1}}
		d.Patients = append(d.Patients, p)
		for s := range 4 {
			session := clinical.Session{ID: clinicaltest.ID[clinical.Session](fmt.Sprint("s", i, s)), Patient: p.ID, Studio: clinicaltest.StudioA}
			d.Sessions = append(d.Sessions, session)
			for k := range 5 {
				a := clinicaltest.Picture(fmt.Sprint("a", i, ".", s, ".", k), "adult")
				a.Patient, a.Session, a.Job, a.Encounter = p.ID, session.ID, clinical.JobID{}, clinical.EncounterID{}
				a.Ordinal = uint32(i*20 + s*5 + k + 1)
				d.Assets = append(d.Assets, a)
			}
		}
	}
	return d
}

// BenchmarkSnapshot measures memory per picture, patients and sessions
// included.
func BenchmarkSnapshot(b *testing.B) {
	d := archive(100_000)
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := policy.NewSnapshot(site()).With(clinicaltest.Now(), d)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(d.Assets)), "B/picture")
		runtime.KeepAlive(s)
	}
	runtime.KeepAlive(d)
}

func BenchmarkScope(b *testing.B) {
	s := policy.NewSnapshot(site()).With(clinicaltest.Now(), archive(100_000))
	for b.Loop() {
		if s.Scope(human("carl"), clinical.Care(), clinicaltest.Now()).Len() != 100_000 {
			b.Fatal("not all of the specialty's pictures")
		}
	}
}

// BenchmarkChange is one more picture among 100,000.
func BenchmarkChange(b *testing.B) {
	s := policy.NewSnapshot(site()).With(clinicaltest.Now(), archive(100_000))
	a := clinicaltest.Picture("one more", "adult")
	a.Ordinal = 100_001
	for b.Loop() {
		s.With(clinicaltest.Now(), clinical.Delta{Assets: []clinical.Asset{a}})
	}
}

func BenchmarkDecide(b *testing.B) {
	s := policy.NewSnapshot(site()).With(clinicaltest.Now(), archive(100_000)).With(clinicaltest.Now(), wounds())
	r := policy.Request{Person: human("stella"), Set: set("wounds"), Asset: asset("leg"), Now: clinicaltest.Now()}
	r.Use = clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.Mount}
	for b.Loop() {
		if !policy.Decide(s, r).Permit {
			b.Fatal("denied")
		}
	}
}

// BenchmarkFolder lists 1,000 items: kept is what a drive meets between
// changes, anew is the first listing after one.
func BenchmarkFolder(b *testing.B) {
	d := ward(1000)
	d.Grants = []clinical.Grant{teaching("teaching", "adult")}
	h := newHouse(b, d)
	list := func(b *testing.B) {
		b.Helper()
		f, err := h.Folder(b.Context(), as("stella"), set("ward"), clinical.Mount)
		if err != nil || len(f.Entries) != 1000 {
			b.Fatalf("%d entries, %v", len(f.Entries), err)
		}
	}
	b.Run("kept", func(b *testing.B) {
		for b.Loop() {
			list(b)
		}
	})
	b.Run("anew", func(b *testing.B) {
		for b.Loop() {
			h.pass(time.Nanosecond)
			h.Forget()
			list(b)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/picture")
	})
	h.journal.notes = nil
}

// BenchmarkWithdrawal is one patient's withdrawal among 100,000 pictures and
// 5,000 consents, from the call until it returns: planned, kept, taken in and
// published, with its recall begun and a set of 1,000 listed. The slowest in a
// hundred is reported beside the average.
func BenchmarkWithdrawal(b *testing.B) {
	all, hospital := archive(100_000), clinicaltest.Hospital()
	d := clinical.Delta{Patients: all.Patients[len(hospital.Patients):], Sessions: all.Sessions[len(hospital.Sessions):], Assets: all.Assets}
	for i := range d.Assets {
		d.Assets[i].Ordinal = 0
	}
	consent := func(patient, round int) clinical.Grant {
		g := clinicaltest.Teaching(fmt.Sprint("consent", patient, ".", round), "adult")
		g.Patient, g.Covers = d.Patients[patient].ID, clinical.Cover{Session: d.Sessions[4*patient].ID}
		return g
	}
	for i := range d.Patients {
		d.Grants = append(d.Grants, consent(i, 0))
	}
	for i := range 1000 {
		it := clinicaltest.Item("ward", fmt.Sprint(i), i+1)
		it.Asset = d.Assets[i*20].ID
		d.Items = append(d.Items, it)
		slide := clinicaltest.Slide(fmt.Sprint(i))
		slide.Asset = it.Asset
		d.Renditions = append(d.Renditions, slide)
	}
	d.Sets = []clinical.TeachingSet{clinicaltest.Set("ward")}
	h := newHouse(b, d)
	if f, err := h.Folder(b.Context(), as("stella"), set("ward"), clinical.Mount); err != nil || len(f.Entries) != 1000 {
		b.Fatalf("%d entries, %v", len(f.Entries), err)
	}
	var took []time.Duration
	for b.Loop() {
		n := len(took)
		of := n % len(d.Patients)
		began := time.Now()
		if c, err := h.Do(b.Context(), as("nina"), clinical.WithdrawConsent{Patient: d.Patients[of].ID, Reason: "measured"}); err != nil || len(c.Recalls) != 1 {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
		b.StopTimer() // the patient consents again, so that there are always as many consents
		h.do("paula", clinical.RecordConsent{Grant: consent(of, n+1)})
		b.StartTimer()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
