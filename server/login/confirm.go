package login

import (
	"net/http"
	"time"

	"fovea/clinical"
)

// Confirm checks once more the password of the person who is asking, before an act that is not to be done by whoever
// finds an open screen. It returns when that was, which the act is given. A wrong password counts and is noted as one at
// a sign-in is; the session goes on. Errors are those of SignIn, and Forbidden for a caller who is no person.
func (d *Door) Confirm(r *http.Request, caller clinical.Caller, password string) (time.Time, error) {
	person, ok := d.o.People.PersonByID(caller.Person)
	if !ok {
		return time.Time{}, errUnknown()
	}
	refund, err := d.attempt(person.Login, caller)
	if err != nil {
		return time.Time{}, err
	}
	_, ok, err = d.checkPassword(r.Context(), person.Login, password[:min(len(password), maxPassword+1)])
	if err != nil {
		refund()
		return time.Time{}, err
	}
	if !ok {
		d.failed(caller, person.ID, "confirm")
		return time.Time{}, clinical.Refuse(clinical.Forbidden, "wrong-password", "This is not your password. Check it, then try again.")
	}
	refund()
	return d.o.Now(), nil
}
