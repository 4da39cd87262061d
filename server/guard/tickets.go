package guard

import (
	"container/list"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// maxTickets is how many tickets of one kind are remembered.
const maxTickets = 4096

// Tickets are random words that lead to a value for a while. They are kept by their hash, and in memory alone: what a
// restart loses is asked for again. Where there are too many, those that were issued first go first. The zero Tickets
// are ready, and safe for concurrent use.
type Tickets[T any] struct {
	mu    sync.Mutex
	order list.List // of *ticket[T], those issued first in front
	by    map[[sha256.Size]byte]*list.Element
}

type ticket[T any] struct {
	sum   [sha256.Size]byte
	value T
	until time.Time
}

// Issue returns a new ticket that leads to value until then: 130 random bits in letters and digits. What has expired by
// now is forgotten.
func (t *Tickets[T]) Issue(value T, until, now time.Time) string {
	secret := rand.Text()
	t.Keep(secret, value, until, now)
	return secret
}

// Keep has a secret that somebody knows already lead to value until then, and to nothing else.
func (t *Tickets[T]) Keep(secret string, value T, until, now time.Time) {
	sum := sha256.Sum256([]byte(secret))
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, known := t.by[sum]; known {
		t.drop(e)
	}
	for e := t.order.Front(); e != nil; {
		next := e.Next()
		if one, ok := e.Value.(*ticket[T]); !ok || !now.Before(one.until) {
			t.drop(e)
		}
		e = next
	}
	for t.order.Len() >= maxTickets {
		t.drop(t.order.Front())
	}
	if t.by == nil {
		t.by = map[[sha256.Size]byte]*list.Element{}
	}
	t.by[sum] = t.order.PushBack(&ticket[T]{sum, value, until})
}

// Find returns what a ticket leads to, if it is still good.
func (t *Tickets[T]) Find(secret string, now time.Time) (T, bool) {
	return t.find(secret, now, false)
}

// Take returns what a ticket leads to, if it is still good, and forgets it: of several who come with it one alone has
// the value.
func (t *Tickets[T]) Take(secret string, now time.Time) (T, bool) {
	return t.find(secret, now, true)
}

func (t *Tickets[T]) find(secret string, now time.Time, once bool) (value T, good bool) {
	sum := sha256.Sum256([]byte(secret))
	t.mu.Lock()
	defer t.mu.Unlock()
	e, known := t.by[sum]
	if !known {
		return value, false
	}
	one, ok := e.Value.(*ticket[T])
	over := !ok || !now.Before(one.until)
	if once || over {
		t.drop(e)
	}
	if over {
		return value, false
	}
	return one.value, true
}

func (t *Tickets[T]) drop(e *list.Element) {
	if one, ok := t.order.Remove(e).(*ticket[T]); ok {
		delete(t.by, one.sum)
	}
}
