package guard

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fovea/clinical"
)

func clock() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }

func TestALimitGivesItsBurstAndThenOneAtATime(t *testing.T) {
	now := clock()
	var guesses Throttle
	few := Count{"one", Limit{10 * time.Second, 3}}
	for n := range 3 {
		if _, wait := guesses.Charge(now, few); wait != 0 {
			t.Fatalf("attempt %d waits %v", n, wait)
		}
	}
	if _, wait := guesses.Charge(now, few); wait != 10*time.Second {
		t.Errorf("the fourth waits %v", wait)
	}
	if _, wait := guesses.Charge(now, Count{"other", few.Limit}); wait != 0 {
		t.Errorf("another key waits %v", wait)
	}
	refund, wait := guesses.Charge(now.Add(10*time.Second), few)
	if wait != 0 {
		t.Fatalf("ten seconds later: %v", wait)
	}
	refund()
	if _, wait := guesses.Charge(now.Add(10*time.Second), few); wait != 0 {
		t.Errorf("after one that was right: %v", wait)
	}
}

func TestAnAttemptCountsUnderEveryKeyOrUnderNone(t *testing.T) {
	now := clock()
	var guesses Throttle
	wide, narrow := Count{"wide", Limit{time.Second, 2}}, Count{"narrow", Limit{time.Second, 1}}
	if _, wait := guesses.Charge(now, wide, narrow); wait != 0 {
		t.Fatal(wait)
	}
	for range 5 {
		if _, wait := guesses.Charge(now, wide, narrow); wait == 0 {
			t.Fatal("the narrow limit does not hold")
		}
	}
	if _, wait := guesses.Charge(now, wide); wait != 0 {
		t.Errorf("attempts that were refused counted under the wide key: %v", wait)
	}
}

func TestMemoryHoldsUnderAnAttackFromEverywhere(t *testing.T) {
	now := clock()
	var guesses Throttle
	for i := range 3 * maxKeys {
		guesses.Charge(now, Count{string([]byte{byte(i), byte(i >> 8), byte(i >> 16)}), Limit{time.Minute, 5}})
	}
	if len(guesses.paid) > maxKeys {
		t.Errorf("%d keys are remembered", len(guesses.paid))
	}
	guesses.Tidy(now.Add(time.Hour))
	if len(guesses.paid) != 0 {
		t.Errorf("%d keys are remembered that are paid for", len(guesses.paid))
	}
}

func TestOneSubscriberIsOneAddress(t *testing.T) {
	for _, tt := range [][3]string{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "same"},
		{"[2001:db8:1:2::1]:443", "2001:db8:1:2:ffff::9", "same"},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", "other"},
		{"192.0.2.1:5", "::ffff:192.0.2.1", "same"},
		{"192.0.2.1", "192.0.2.2", "other"},
		{"fe80::1%eth0", "fe80::1%eth1", "same"},
		{"@", "", "same"},
	} {
		if same := Network(tt[0]) == Network(tt[1]); same != (tt[2] == "same") {
			t.Errorf("%v: %s, %s", tt, Network(tt[0]), Network(tt[1]))
		}
	}
}

func TestATicketIsGoodOnceAndForItsTime(t *testing.T) {
	now := clock()
	var all Tickets[int]
	one, two := all.Issue(1, now.Add(time.Minute), now), all.Issue(2, now.Add(time.Hour), now)
	if v, ok := all.Find(one, now); v != 1 || !ok {
		t.Errorf("found %d, %t", v, ok)
	}
	if v, ok := all.Find(one, now.Add(time.Minute)); v != 0 || ok {
		t.Errorf("past its time: %d, %t", v, ok)
	}
	if v, ok := all.Take(two, now); v != 2 || !ok {
		t.Errorf("taken %d, %t", v, ok)
	}
	for _, gone := range []string{one, two, "", "ANYTHING"} {
		if v, ok := all.Take(gone, now); v != 0 || ok {
			t.Errorf("%q leads to %d", gone, v)
		}
	}
	if all.order.Len() != 0 || len(all.by) != 0 {
		t.Errorf("%d are kept in order, %d by hash", all.order.Len(), len(all.by))
	}
}

func TestWhereThereAreTooManyTicketsTheOldestGo(t *testing.T) {
	now := clock()
	var all Tickets[int]
	var secrets []string
	for n := range maxTickets + 10 {
		secrets = append(secrets, all.Issue(n, now.Add(time.Hour), now))
	}
	if all.order.Len() != maxTickets || len(all.by) != maxTickets {
		t.Fatalf("%d are kept in order, %d by hash", all.order.Len(), len(all.by))
	}
	for n, secret := range secrets {
		if v, ok := all.Find(secret, now); ok != (n >= 10) || ok && v != n {
			t.Fatalf("ticket %d leads to %d, %t", n, v, ok)
		}
	}
	all.Issue(0, now.Add(2*time.Hour), now.Add(time.Hour))
	if all.order.Len() != 1 {
		t.Errorf("%d tickets are kept, all but one of them expired", all.order.Len())
	}
}

func TestOfManyWhoTakeOneTicketOneHasIt(t *testing.T) {
	now := clock()
	var all Tickets[int]
	var had atomic.Int32
	secret := all.Issue(7, now.Add(time.Minute), now)
	var many sync.WaitGroup
	for range 50 {
		many.Go(func() {
			if v, ok := all.Take(secret, now); ok && v == 7 {
				had.Add(1)
			}
		})
	}
	many.Wait()
	if had.Load() != 1 {
		t.Errorf("%d had it", had.Load())
	}
}

func TestAWaitSaysHowLongAndWhy(t *testing.T) {
	why := clinical.Refuse(clinical.Unavailable, "busy", "Busy.")
	err := fmt.Errorf("drawn: %w", Later(1500*time.Millisecond, why))
	if clinical.ReasonOf(err) != "busy" || clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("it is %v, %s", clinical.KindOf(err), clinical.ReasonOf(err))
	}
	h := http.Header{}
	SetRetryAfter(h, 1500*time.Millisecond)
	if h.Get("Retry-After") != "2" || Seconds(0) != 1 {
		t.Errorf("Retry-After: %v; 0 is %d", h, Seconds(0))
	}
}
