package guard

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// Wait is an error after which something may be tried again.
type Wait struct {
	after time.Duration
	err   error
}

// Later returns err with how long to wait after it.
func Later(after time.Duration, err error) *Wait { return &Wait{after, err} }

func (w *Wait) Error() string { return w.err.Error() }

// Unwrap returns the error that says why.
func (w *Wait) Unwrap() error { return w.err }

// RetryAfter is how long to wait.
func (w *Wait) RetryAfter() time.Duration { return w.after }

// Seconds is a wait in whole seconds, at least one, as the header Retry-After has it (RFC 9110, 10.2.3).
func Seconds(wait time.Duration) int { return max(1, int(math.Ceil(wait.Seconds()))) }

// SetRetryAfter says in a header when to come back.
func SetRetryAfter(h http.Header, wait time.Duration) {
	h.Set("Retry-After", strconv.Itoa(Seconds(wait)))
}
