package pages

import (
	"fmt"
	"testing"
	"time"
)

func TestTriesOfManyAddressesAreForgottenBeforeTheyFillTheMemory(t *testing.T) {
	var tried tries
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for n := range maxTriers + 100 {
		if wait := tried.take(fmt.Sprintf("[2001:db8:%x:%x::1]:443", n>>8, n&0xff), now); wait != 0 {
			t.Fatalf("address %d waits %v", n, wait)
		}
		if len(tried.by) > maxTriers {
			t.Fatalf("%d addresses are remembered", len(tried.by))
		}
	}
	const one = "192.0.2.7:443"
	for range maxTries {
		tried.take(one, now)
	}
	if tried.take(one, now) == 0 {
		t.Error("one address tries on and on")
	}
}
