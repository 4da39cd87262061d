package login

import (
	"context"
	"net/http/httptest"
	"testing"

	"fovea/clinical"
)

type empty struct{}

func (empty) Get(context.Context, string) ([]byte, error)            { return nil, clinical.ErrNotFound }
func (empty) Put(context.Context, string, []byte) error              { return nil }
func (empty) Delete(context.Context, string) error                   { return nil }
func (empty) Each(context.Context, func(string, []byte) error) error { return nil }
func (empty) Person(string) (clinical.Person, bool)                  { return clinical.Person{}, false }

func (empty) PersonByID(clinical.PersonID) (clinical.Person, bool) { return clinical.Person{}, false }
func (empty) NoteLater(clinical.Event)                             {}

// With both places for hashing taken, somebody unknown waits too: so a hash is worked out for them.
func TestAnUnknownLoginCostsAHashToo(t *testing.T) {
	d, err := New(t.Context(), Options{Shelf: empty{}, People: empty{}, Recorder: empty{}, Cost: Cost{64, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	d.hashing <- struct{}{}
	d.hashing <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "POST", "/login", nil)
	if _, err := d.SignIn(httptest.NewRecorder(), r, "nobody", "whatever it is"); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("got %v", err)
	}
	<-d.hashing
	if _, err := d.SignIn(httptest.NewRecorder(), r.WithContext(t.Context()), "nobody", "whatever it is"); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("got %v", err)
	}
}

func TestMemoryHoldsUnderAnAttackFromEverywhere(t *testing.T) {
	var guesses throttle
	d, err := New(t.Context(), Options{Shelf: empty{}, People: empty{}, Recorder: empty{}, Cost: Cost{64, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxKeys {
		guesses.charge(string([]byte{byte(i), byte(i >> 8), byte(i >> 16)}), perPair(), d.o.Now())
	}
	if len(guesses.paid) > maxKeys {
		t.Errorf("%d keys are remembered", len(guesses.paid))
	}
}

func TestOneSubscriberIsOneAddress(t *testing.T) {
	for _, tt := range [][3]string{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "same"},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", "other"},
		{"192.0.2.1", "::ffff:192.0.2.1", "same"},
		{"192.0.2.1", "192.0.2.2", "other"},
	} {
		if same := network(tt[0]) == network(tt[1]); same != (tt[2] == "same") {
			t.Errorf("%v: %s, %s", tt, network(tt[0]), network(tt[1]))
		}
	}
}
