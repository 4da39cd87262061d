package clinical_test

import (
	"testing"
	"time"

	"fovea/clinical"
)

func TestAConsentLapsesAtTheFirstOfItsEnds(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	born := clinical.Date{Year: 2008, Month: 11, Day: 23}
	day := func(y, m, d int) clinical.Date { return clinical.Date{Year: y, Month: time.Month(m), Day: d} }
	for name, tt := range map[string]struct {
		grant clinical.Grant
		last  clinical.Date
	}{
		"never":                      {clinical.Grant{}, clinical.Date{}},
		"after its last day":         {clinical.Grant{Expires: day(2027, 3, 28)}, day(2027, 3, 28)},
		"on the day of its review":   {clinical.Grant{Expires: day(2027, 3, 28), ReviewAt: day(2027, 1, 1)}, day(2026, 12, 31)},
		"a parent's at 18":           {clinical.Grant{Expires: day(2027, 3, 28), Capacity: clinical.Parental}, day(2026, 11, 22)},
		"a parent's before 18":       {clinical.Grant{Expires: day(2026, 10, 25), Capacity: clinical.Parental}, day(2026, 10, 25)},
		"the young person's own":     {clinical.Grant{Expires: day(2027, 3, 28), Capacity: clinical.MatureMinor}, day(2027, 3, 28)},
		"the family's has no review": {clinical.Grant{ReviewAt: day(2027, 1, 1), Capacity: clinical.DeceasedCapacity}, clinical.Date{}},
	} {
		g := tt.grant
		g.Status = clinical.GrantGiven
		if got := g.LastDay(born, zone); got != tt.last {
			t.Errorf("%s: the last day is %v, want %v", name, got, tt.last)
		}
		if tt.last.IsZero() {
			continue
		}
		if end := tt.last.End(zone); !g.StandsAt(end.Add(-1), born, zone) || g.StandsAt(end, born, zone) {
			t.Errorf("%s: it does not lapse at %v", name, end)
		}
	}
	if g := (clinical.Grant{Status: clinical.GrantGiven, Capacity: clinical.Parental}); !g.Lapses(clinical.Date{}, zone).IsZero() {
		t.Error("it lapses at a birthday that nobody knows")
	}
}
