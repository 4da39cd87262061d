package vault

import (
	"sync"
	"time"
)

// watch knows how long writers have been waiting.
type watch struct {
	mu      sync.Mutex
	next    uint64
	waiting map[uint64]time.Time
	failing time.Time // since when nothing could be written; zero: it can
	pending error     // of an erasure that is being tried again
	laterAt time.Time // when the oldest NoteLater came; zero: none waits
}

// begin counts a waiting writer until the returned function is called.
func (w *watch) begin(now time.Time) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		w.waiting = map[uint64]time.Time{}
	}
	w.next++
	n := w.next
	w.waiting[n] = now
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting, n)
	}
}

func (w *watch) noted(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.laterAt.IsZero() {
		w.laterAt = now
	}
}

func (w *watch) wrote() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failing, w.laterAt = time.Time{}, time.Time{}
}

func (w *watch) failed(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing.IsZero() {
		w.failing = now
	}
}

// retry reports whether something is to be tried again.
func (w *watch) retry() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.failing.IsZero() || w.pending != nil
}

func (w *watch) erasing(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = err
}

// Healthy reports whether the ledger can be written. It is false once anything
// has waited for it for 5 seconds: the doors close then, because what cannot be
// recorded must not happen.
func (v *Vault) Healthy() bool {
	now := v.opt.Now()
	late := func(t time.Time) bool { return !t.IsZero() && now.Sub(t) >= stall }
	w := &v.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if late(w.failing) || late(w.laterAt) {
		return false
	}
	for _, t := range w.waiting {
		if late(t) {
			return false
		}
	}
	return true
}
