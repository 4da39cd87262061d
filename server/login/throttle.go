package login

import (
	"time"

	"fovea/clinical"
	"fovea/server/guard"
)

func throttled(after time.Duration) error {
	return guard.Later(after, clinical.Refuse(clinical.Unavailable, "too-many-attempts",
		"Too many wrong passwords. Wait a moment, then try again."))
}

// The limits. That on an account from everywhere is the only one a stranger could use against somebody; it does not
// count where that person is signed in, and no limit is ever in the way of a right app password.
func perPair() guard.Limit    { return guard.Limit{Every: 30 * time.Second, Burst: 5} }
func perAddress() guard.Limit { return guard.Limit{Every: 2 * time.Second, Burst: 30} }
func perAccount() guard.Limit { return guard.Limit{Every: 10 * time.Second, Burst: 50} }
func perDevice() guard.Limit  { return guard.Limit{Every: 6 * time.Second, Burst: 10} }

// attempt counts a sign-in before its password is worked out, because that is what costs. The returned function takes
// the count back.
func (d *Door) attempt(login string, caller clinical.Caller) (func(), error) {
	address, login := network(caller.Remote), short(login)
	keys := []guard.Count{
		{Key: "pair " + address + " " + login, Limit: perPair()},
		{Key: "address " + address, Limit: perAddress()},
	}
	if person, ok := d.o.People.Person(login); !ok || !d.hasSessionFrom(person.ID, caller.Remote) {
		keys = append(keys, guard.Count{Key: "account " + login, Limit: perAccount()})
	}
	return d.charge(keys)
}

// attemptDevice counts a wrong app password.
func (d *Door) attemptDevice(login string, caller clinical.Caller) error {
	address := network(caller.Remote)
	_, err := d.charge([]guard.Count{
		{Key: "device " + address + " " + short(login), Limit: perDevice()},
		{Key: "address " + address, Limit: perAddress()},
	})
	return err
}

// charge counts an attempt under every key, or under none.
func (d *Door) charge(counts []guard.Count) (func(), error) {
	refund, wait := d.guesses.Charge(d.o.Now(), counts...)
	if wait > 0 {
		return nil, throttled(wait)
	}
	return refund, nil
}

// network is what counts as one address.
func network(remote string) string { return guard.Network(remote).String() }

// short bounds what a stranger can make us remember.
func short(login string) string { return login[:min(len(login), 64)] }
