package login_test

import (
	"net/http"
	"slices"
	"testing"

	"fovea/clinical"
)

func TestAnActIsConfirmedByTheOwnPasswordAlone(t *testing.T) {
	m, d := newDoor(t)
	r := request("/api/v1/break-glass", signIn(t, d))
	caller, err := d.Authenticate(r)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := d.Confirm(r, caller, secret); err != nil || !at.Equal(m.clock()) {
		t.Errorf("the own password: %v, %v", at, err)
	}
	if at, err := d.Confirm(r, caller, "wrong password"); clinical.ReasonOf(err) != "wrong-password" || !at.IsZero() {
		t.Errorf("a wrong one: %v, %v", at, err)
	}
	if !slices.Contains(m.acts(), clinical.ActSignInFailed) {
		t.Error("the wrong one is not in the ledger")
	}
	if _, err := d.Authenticate(r); err != nil {
		t.Errorf("the session ended: %v", err)
	}
	bea := caller
	bea.Person = m.people["bea"].ID
	if _, err := d.Confirm(r, bea, secret); err == nil {
		t.Error("one person's password confirmed another's act")
	}
	if _, err := d.Confirm(r, clinical.Caller{Operator: "uid 0"}, secret); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("nobody confirmed: %v", err)
	}
}

func TestConfirmingIsNoWayToGuess(t *testing.T) {
	_, d := newDoor(t)
	r := request("/api/v1/break-glass", signIn(t, d))
	caller, err := d.Authenticate(r)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := d.Confirm(r, caller, http.MethodGet); clinical.ReasonOf(err) == "too-many-attempts" {
			return
		}
	}
	t.Error("twenty guesses were all heard")
}
