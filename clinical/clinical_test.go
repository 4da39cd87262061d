package clinical_test

import (
	"encoding"
	"errors"
	"fmt"
	"testing"
	"time"

	"fovea/clinical"
)

func paris(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestBirthdayOfALeapDayFallsOnTheFirstOfMarch(t *testing.T) {
	leap := clinical.Date{Year: 2008, Month: time.February, Day: 29}
	for years, want := range map[int]clinical.Date{
		18: {Year: 2026, Month: time.March, Day: 1},
		16: {Year: 2024, Month: time.February, Day: 29},
	} {
		if got := leap.Anniversary(years); got != want {
			t.Errorf("%d years: %v, want %v", years, got, want)
		}
	}
	p := clinical.Patient{Born: leap}
	zone := paris(t)
	majority := time.Date(2026, 3, 1, 0, 0, 0, 0, zone)
	if p.AdultAt(majority.Add(-time.Nanosecond), zone) || !p.AdultAt(majority, zone) || (clinical.Patient{}).AdultAt(majority, zone) {
		t.Error("adult on the wrong day")
	}
}

// The day that ends summer time has 25 hours in Paris.
func TestExpiryEndsWithItsDayInTheSitesZone(t *testing.T) {
	zone := paris(t)
	g := clinical.Grant{Status: clinical.GrantGiven, Expires: clinical.Date{Year: 2026, Month: time.October, Day: 25}}
	end := time.Date(2026, 10, 25, 23, 0, 0, 0, time.UTC)
	if g.ActiveAt(end, zone) || !g.ActiveAt(end.Add(-time.Nanosecond), zone) || !g.Expires.End(zone).Equal(end) {
		t.Errorf("ends %v, want %v", g.Expires.End(zone), end)
	}
	if d := g.Expires.End(zone).Sub(g.Expires.Start(zone)); d != 25*time.Hour {
		t.Errorf("the day has %v", d)
	}
	if !(clinical.Date{}).End(zone).IsZero() || !(clinical.Date{}).Start(zone).IsZero() {
		t.Error("no day has an end")
	}
}

func TestDatesReadWhatTheyWrite(t *testing.T) {
	for _, s := range []string{"", "2024-02-29", "0999-01-01"} {
		d, err := clinical.ParseDate(s)
		if err != nil || d.String() != s {
			t.Errorf("%q: %v, %v", s, d, err)
		}
	}
	for _, s := range []string{"2026-02-29", "29/02/2024", "2024-2-9", "x"} {
		if _, err := clinical.ParseDate(s); clinical.ReasonOf(err) != "date" {
			t.Errorf("%q: %v", s, err)
		}
	}
	a, b := clinical.Date{Year: 2025, Month: 12, Day: 31}, clinical.Date{Year: 2026, Month: 1, Day: 1}
	if !a.Before(b) || b.Before(a) || a.Before(a) {
		t.Error("order of days")
	}
}

func TestAxesReadWhatTheyWrite(t *testing.T) {
	type axis interface {
		encoding.TextMarshaler
		fmt.Stringer
	}
	check := func(v axis, into encoding.TextUnmarshaler, back func() any) {
		t.Helper()
		text, err := v.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if err := into.UnmarshalText(text); err != nil || back() != any(v) || v.String() != string(text) {
			t.Errorf("%v is written %q and read %v, %v", v, text, back(), err)
		}
		if err := into.UnmarshalText([]byte("nonsense")); clinical.KindOf(err) != clinical.Invalid || err == nil {
			t.Errorf("%T reads nonsense: %v", v, err)
		}
	}
	for p := clinical.NoPurpose; p <= clinical.P7; p++ {
		var got clinical.Purpose
		check(p, &got, func() any { return got })
	}
	for a := clinical.Nobody; a <= clinical.A6; a++ {
		var got clinical.Audience
		check(a, &got, func() any { return got })
	}
	for i := clinical.NoIdentifiability; i <= clinical.I0; i++ {
		var got clinical.Identifiability
		check(i, &got, func() any { return got })
	}
	for c := clinical.Channel(0); c < 32; c++ {
		var got clinical.Channel
		check(c, &got, func() any { return got })
	}
	if len(clinical.Purposes()) != 9 || clinical.Purpose(99).Valid() || clinical.Purpose(99).String() != "" {
		t.Error("purposes beyond the last")
	}
}

func TestZeroValuesPermitNothing(t *testing.T) {
	now := time.Now()
	switch {
	case (clinical.Grant{}).ActiveAt(now, time.UTC):
		t.Error("the zero Grant is active")
	case (clinical.Cover{}).Includes(clinical.Asset{}):
		t.Error("the zero Cover covers the zero Asset")
	case (clinical.Use{}).Valid():
		t.Error("the zero Use is valid")
	case (clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.Mount | clinical.ViewOnScreen}).Valid():
		t.Error("a Use has two channels")
	case clinical.Channel(31).Has(0):
		t.Error("no channel is in every")
	case (clinical.Person{ID: clinical.PersonID{1}}).ActiveAt(now, time.UTC):
		t.Error("somebody without a role is active")
	case (clinical.TeachingSet{}).OpenAt(now, time.UTC) || (clinical.TeachingSet{}).Reaches(clinical.PersonID{}):
		t.Error("the zero set is open")
	case (clinical.Asset{}).Identifiability() != clinical.I0:
		t.Error("the zero Asset does not identify")
	case (clinical.Hold{}).Over(clinical.Asset{}):
		t.Error("the zero Hold holds")
	case clinical.Scope{}.Allows(0) || clinical.Scope{}.Len() != 0:
		t.Error("the zero Scope allows something")
	}
}

func TestIdentifiabilityNeedsJudgementOfAPlainPicture(t *testing.T) {
	for s := clinical.Sensitivity(0); s < 32; s++ {
		for _, shot := range []bool{false, true} {
			a := clinical.Asset{Sensitivity: s, NoIdentifyingFeature: true, IDShot: shot}
			plain := s.Has(clinical.Known) && s&(clinical.Face|clinical.Intimate) == 0 && !shot
			if got := a.Identifiability() == clinical.I1; got != plain {
				t.Errorf("%v, ID shot %v: I1 %v", s.Names(), shot, got)
			}
			a.NoIdentifyingFeature = false
			if a.Identifiability() != clinical.I0 {
				t.Errorf("%v without judgement", s.Names())
			}
		}
		if !s.Has(clinical.Known) {
			continue
		}
		if back, err := clinical.ParseSensitivity(s.Names()); err != nil || back != s {
			t.Errorf("%v reads back as %v, %v", s.Names(), back.Names(), err)
		}
	}
	if _, err := clinical.ParseSensitivity([]string{"rare"}); clinical.ReasonOf(err) != "sensitivity" {
		t.Errorf("an unknown flag: %v", err)
	}
}

func TestScopeHoldsWhatItIsTold(t *testing.T) {
	s := clinical.NewScope(7, time.Time{}, 10)
	want := []uint32{0, 63, 64, 1000}
	for _, n := range want {
		s.Allow(n)
		s.Allow(n)
	}
	other := s.Clone()
	other.Deny(63)
	other.Deny(5000)
	var got []uint32
	s.Each(func(n uint32) bool { got = append(got, n); return n != 64 })
	if fmt.Sprint(got) != "[0 63 64]" || s.Len() != 4 || other.Len() != 3 || other.Allows(63) || !s.Allows(63) || s.Allows(65) || s.Version != 7 {
		t.Errorf("got %v, %d and %d", got, s.Len(), other.Len())
	}
}

func TestErrorsCarryTheirKind(t *testing.T) {
	cause := errors.New("disk")
	err := fmt.Errorf("vault: put: %w", clinical.Errorf(clinical.Unavailable, "write: %w", cause))
	if clinical.KindOf(err) != clinical.Unavailable || !errors.Is(err, clinical.ErrUnavailable) || !errors.Is(err, cause) || errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("%v is %v", err, clinical.KindOf(err))
	}
	refused := clinical.Errorf(clinical.Conflict, "do: %w", clinical.Refuse(clinical.Invalid, "why", "Because. Do this."))
	if clinical.KindOf(refused) != clinical.Conflict || clinical.ReasonOf(refused) != "why" {
		t.Errorf("%v, %s", clinical.KindOf(refused), clinical.ReasonOf(refused))
	}
	if clinical.KindOf(cause) != clinical.Internal || clinical.ReasonOf(cause) != "" || clinical.ReasonOf(nil) != "" {
		t.Error("an error that nobody classified is ours")
	}
	for k := clinical.Internal; k <= clinical.Forbidden; k++ {
		if (&clinical.Error{Kind: k}).Error() != k.String() {
			t.Errorf("%v", k)
		}
	}
}
