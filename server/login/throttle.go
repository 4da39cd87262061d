package login

import (
	"net/netip"
	"sync"
	"time"

	"fovea/clinical"
)

// Throttled is the error of an attempt that came too soon after too many that failed.
type Throttled struct {
	after time.Duration
	err   error
}

func throttled(after time.Duration) error {
	return &Throttled{after, clinical.Refuse(clinical.Unavailable, "too-many-attempts",
		"Too many wrong passwords. Wait a moment, then try again.")}
}

func (t *Throttled) Error() string { return t.err.Error() }

// Unwrap returns the kind and the reason "too-many-attempts".
func (t *Throttled) Unwrap() error { return t.err }

// RetryAfter is how long to wait.
func (t *Throttled) RetryAfter() time.Duration { return t.after }

// limit allows burst attempts at once and one more each every.
type limit struct {
	every time.Duration
	burst int
}

// The limits. That on an account from everywhere is the only one a stranger could use against somebody; it does not
// count where that person is signed in, and no limit is ever in the way of a right app password.
func perPair() limit    { return limit{30 * time.Second, 5} }
func perAddress() limit { return limit{2 * time.Second, 30} }
func perAccount() limit { return limit{10 * time.Second, 50} }
func perDevice() limit  { return limit{6 * time.Second, 10} }

// maxKeys is how many accounts and addresses are remembered.
const maxKeys = 1 << 16

// throttle counts attempts per key. For each it keeps one instant, that at which the last allowed attempt will have
// been paid for (GCRA, ITU-T I.371). The zero throttle is ready.
type throttle struct {
	mu   sync.Mutex
	paid map[string]time.Time
}

// charge counts an attempt, or returns how long to wait for it.
func (t *throttle) charge(key string, l limit, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.paid == nil {
		t.paid = map[string]time.Time{}
	}
	paid := t.paid[key]
	if paid.Before(now) {
		paid = now
	}
	if wait := paid.Sub(now) - time.Duration(l.burst-1)*l.every; wait > 0 {
		return wait
	}
	if len(t.paid) >= maxKeys {
		t.makeRoom(now)
	}
	t.paid[key] = paid.Add(l.every)
	return 0
}

// refund takes back an attempt that turned out right.
func (t *throttle) refund(key string, l limit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if paid, ok := t.paid[key]; ok {
		t.paid[key] = paid.Add(-l.every)
	}
}

func (t *throttle) tidy(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(now)
}

func (t *throttle) forget(now time.Time) {
	for key, paid := range t.paid {
		if !paid.After(now) {
			delete(t.paid, key)
		}
	}
}

// makeRoom forgets what is paid for, and where that is not enough any eighth: under an attack from everywhere, memory
// is what must hold.
func (t *throttle) makeRoom(now time.Time) {
	t.forget(now)
	for key := range t.paid {
		if len(t.paid) < maxKeys*7/8 {
			return
		}
		delete(t.paid, key)
	}
}

// charged is one key with its limit.
type charged struct {
	key string
	limit
}

// attempt counts a sign-in before its password is worked out, because that is what costs. The returned function takes
// the count back.
func (d *Door) attempt(login string, caller clinical.Caller) (func(), error) {
	address, login := network(caller.Remote), short(login)
	keys := []charged{
		{"pair " + address + " " + login, perPair()},
		{"address " + address, perAddress()},
	}
	if person, ok := d.o.People.Person(login); !ok || !d.hasSessionFrom(person.ID, caller.Remote) {
		keys = append(keys, charged{"account " + login, perAccount()})
	}
	return d.charge(keys)
}

// attemptDevice counts a wrong app password.
func (d *Door) attemptDevice(login string, caller clinical.Caller) error {
	address := network(caller.Remote)
	_, err := d.charge([]charged{
		{"device " + address + " " + short(login), perDevice()},
		{"address " + address, perAddress()},
	})
	return err
}

// charge counts an attempt under every key, or under none.
func (d *Door) charge(keys []charged) (func(), error) {
	now := d.o.Now()
	refund := func(keys []charged) {
		for _, k := range keys {
			d.guesses.refund(k.key, k.limit)
		}
	}
	for i, k := range keys {
		if wait := d.guesses.charge(k.key, k.limit, now); wait > 0 {
			refund(keys[:i])
			return nil, throttled(wait)
		}
	}
	return func() { refund(keys) }, nil
}

// network is what counts as one address: all of IPv4, the first 64 bits of IPv6, which is what one subscriber has.
func network(remote string) string {
	addr, err := netip.ParseAddr(remote)
	if err != nil {
		return remote
	}
	if addr = addr.Unmap(); addr.Is6() {
		if prefix, err := addr.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}

// short bounds what a stranger can make us remember.
func short(login string) string { return login[:min(len(login), 64)] }
