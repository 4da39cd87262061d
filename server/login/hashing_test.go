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
