package policy_test

import (
	"fmt"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// grown is n patients with a consent and two pictures each, and one more,
// "adult", with twenty.
func grown(n int) *policy.Keeper {
	k := policy.NewKeeper(site())
	k.Add(clinicaltest.Now(), clinicaltest.Hospital())
	ordinal := uint32(0)
	picture := func(name string, of clinical.PatientID) clinical.Asset {
		ordinal++
		a := clinicaltest.Picture(name, "adult")
		a.Patient, a.Ordinal = of, ordinal
		return a
	}
	for from := 0; from < n; from += 1000 {
		var d clinical.Delta
		for i := from; i < from+1000; i++ {
			p := clinical.Patient{ID: clinicaltest.ID[clinical.Patient](fmt.Sprint("p", i)), Family: "Invented", Born: clinical.Date{Year: 1950, Month: 1, Day: 1}}
			g := clinicaltest.Teaching(fmt.Sprint("g", i), "adult")
			g.Patient = p.ID
			d.Patients, d.Grants = append(d.Patients, p), append(d.Grants, g)
			d.Assets = append(d.Assets, picture(fmt.Sprint("a", i), p.ID), picture(fmt.Sprint("b", i), p.ID))
		}
		k.Add(clinicaltest.Now(), d)
	}
	var d clinical.Delta
	for i := range 20 {
		d.Assets = append(d.Assets, picture(fmt.Sprint("picture ", i), patient("adult")))
	}
	k.Add(clinicaltest.Now(), d)
	return k
}

// BenchmarkPatientChange disputes whose a patient's pictures are, or settles
// it, and brings the scope of somebody who sees every picture up to date. It
// has to cost what the patient has, and not what the hospital has; what is left
// of the hospital is copying its bitmap, a bit a picture.
func BenchmarkPatientChange(b *testing.B) {
	var first float64
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			k := grown(n)
			now := clinicaltest.Now()
			h := clinical.Hold{ID: clinicaltest.ID[clinical.Hold]("dispute"), Kind: clinical.IdentityDispute, Patient: patient("adult")}
			all := k.Scope(human("carl"), clinical.Care(), now).Len()
			for i := 1; b.Loop(); i++ {
				want := all
				if h.LiftedAt = now; i%2 == 1 {
					h.LiftedAt, want = time.Time{}, all-20
				}
				k.Add(now, clinical.Delta{Holds: []clinical.Hold{h}})
				if got := k.Scope(human("carl"), clinical.Care(), now).Len(); got != want {
					b.Fatalf("%d pictures, want %d", got, want)
				}
			}
			each := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			if first == 0 {
				first = each
			}
			b.ReportMetric(each/first, "×1000-patients")
		})
	}
}

// BenchmarkListing lists 1,000 pictures of as many patients, each with a
// consent of their own: nothing that was decided for one is of use for the next.
func BenchmarkListing(b *testing.B) {
	k := grown(1000)
	now := clinicaltest.Now()
	d := clinical.Delta{Sets: []clinical.TeachingSet{clinicaltest.Set("all")}}
	for i := range 1000 {
		it := clinicaltest.Item("all", fmt.Sprint("a", i), i+1)
		d.Items, d.Renditions = append(d.Items, it), append(d.Renditions, clinicaltest.Slide(fmt.Sprint("a", i)))
	}
	k.Add(now, d)
	for b.Loop() {
		if n := len(k.Snapshot.Listed(human("stella"), set("all"), clinical.Mount, now)); n != 1000 {
			b.Fatalf("%d listed", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/picture")
}
