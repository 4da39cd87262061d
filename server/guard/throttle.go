package guard

import (
	"net/netip"
	"sync"
	"time"
)

// Limit allows Burst attempts at once and one more each Every.
type Limit struct {
	Every time.Duration
	Burst int
}

// Count is a key under which an attempt counts, and its limit.
type Count struct {
	Key string
	Limit
}

// maxKeys is how many keys are remembered.
const maxKeys = 1 << 16

// Throttle counts attempts per key. For each it keeps one instant, that at which the last allowed attempt will have
// been paid for (GCRA, ITU-T I.371). The zero Throttle is ready, and safe for concurrent use.
type Throttle struct {
	mu   sync.Mutex
	paid map[string]time.Time
}

// Charge counts an attempt under every key, and returns what takes the count back from one that turned out right. Where
// a limit is reached it counts under none, and returns how long to wait.
func (t *Throttle) Charge(now time.Time, counts ...Count) (refund func(), wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, c := range counts {
		if wait := t.charge(c, now); wait > 0 {
			t.refund(counts[:i])
			return func() {}, wait
		}
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.refund(counts)
	}, 0
}

func (t *Throttle) charge(c Count, now time.Time) time.Duration {
	if t.paid == nil {
		t.paid = map[string]time.Time{}
	}
	paid := t.paid[c.Key]
	if paid.Before(now) {
		paid = now
	}
	if wait := paid.Sub(now) - time.Duration(c.Burst-1)*c.Every; wait > 0 {
		return wait
	}
	if len(t.paid) >= maxKeys {
		t.makeRoom(now)
	}
	t.paid[c.Key] = paid.Add(c.Every)
	return 0
}

func (t *Throttle) refund(counts []Count) {
	for _, c := range counts {
		if paid, ok := t.paid[c.Key]; ok {
			t.paid[c.Key] = paid.Add(-c.Every)
		}
	}
}

// Tidy forgets what is paid for.
func (t *Throttle) Tidy(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(now)
}

func (t *Throttle) forget(now time.Time) {
	for key, paid := range t.paid {
		if !paid.After(now) {
			delete(t.paid, key)
		}
	}
}

// makeRoom forgets what is paid for, and where that is not enough any eighth: under an attack from everywhere, memory
// is what must hold.
func (t *Throttle) makeRoom(now time.Time) {
	t.forget(now)
	for key := range t.paid {
		if len(t.paid) < maxKeys*7/8 {
			return
		}
		delete(t.paid, key)
	}
}

// Network is what counts as one sender, of an address with or without a port: all of IPv4, the first 64 bits of IPv6,
// which is what one subscriber has. The zero Addr stands for what is no IP address.
func Network(remote string) netip.Addr {
	addr, err := netip.ParseAddr(remote)
	if err != nil {
		at, err := netip.ParseAddrPort(remote)
		if err != nil {
			return netip.Addr{}
		}
		addr = at.Addr()
	}
	addr = addr.Unmap().WithZone("")
	if prefix, err := addr.Prefix(64); addr.Is6() && err == nil {
		return prefix.Addr()
	}
	return addr
}
