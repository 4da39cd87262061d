package server

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"fovea/server/guard"
)

// Limits bound what clients may cost. A zero limit is its default.
type Limits struct {
	Connections int           // open at once; 1,024
	PerDevice   int           // of them on which the same device or session was authenticated; 64
	Strangers   int           // of them from one address, on which nobody was yet; 64
	Silent      time.Duration // for which nothing is under way on a stranger's; 15 s
	Header      time.Duration // until a request's header has come; 10 s
	Idle        time.Duration // between two requests; 2 min
	Progress    time.Duration // until the next 32 KiB have gone or something has come; 60 s
	Body        int64         // bytes of a request; 16 MiB
	Rate        float64       // requests a second from one address; 2,000
	Burst       int           // at once before the rate counts; 4,000
}

func (l Limits) withDefaults() Limits {
	or := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	or(&l.Header, 10*time.Second)
	or(&l.Idle, 2*time.Minute)
	or(&l.Progress, time.Minute)
	or(&l.Silent, 15*time.Second)
	if l.Connections == 0 {
		l.Connections = 1024
	}
	if l.PerDevice == 0 {
		l.PerDevice = 64 // the drive lets a device have as many requests under way
	}
	if l.Strangers == 0 {
		l.Strangers = 64
	}
	if l.Body == 0 {
		l.Body = 16 << 20
	}
	if l.Rate == 0 {
		l.Rate = 2000
	}
	if l.Burst == 0 {
		l.Burst = 4000
	}
	return l
}

// rates limits how many requests each sender may send: an address, or whoever carries some credentials.
type rates[K comparable] struct {
	limit rate.Limit
	burst int
	mu    sync.Mutex
	by    map[K]*rate.Limiter
}

// maxRates is how many senders are remembered.
const maxRates = 1 << 14

func newRates[K comparable](l Limits) *rates[K] {
	return &rates[K]{limit: rate.Limit(l.Rate), burst: l.Burst, by: map[K]*rate.Limiter{}}
}

// wait counts a request and returns how long its sender is to wait; 0 lets it pass.
func (r *rates[K]) wait(from K, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.by[from]
	if l == nil {
		r.makeRoom(now)
		l = rate.NewLimiter(r.limit, r.burst)
		r.by[from] = l
	}
	if l.AllowN(now, 1) {
		return 0
	}
	return time.Second
}

// makeRoom forgets senders that have been quiet, and where there are none any eighth of all.
func (r *rates[K]) makeRoom(now time.Time) {
	if len(r.by) < maxRates {
		return
	}
	for from, l := range r.by {
		if l.TokensAt(now) >= float64(r.burst) {
			delete(r.by, from)
		}
	}
	for from := range r.by {
		if len(r.by) < maxRates*7/8 {
			return
		}
		delete(r.by, from)
	}
}

// within counts a request and reports whether it may pass. One whose address is beyond its rate passes where it carries
// credentials that are good, at a rate of their own: nobody behind the same address can use it up for others.
func (s *Server) within(r *http.Request) bool {
	now := time.Now()
	if s.rates.wait(guard.Network(r.RemoteAddr), now) == 0 {
		return true
	}
	if s.o.Known == nil {
		return false
	}
	who := s.o.Known(r)
	return who != "" && s.known.wait(who, now) == 0
}

// tooMany answers an address that is beyond its rate.
func tooMany(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, "Too many requests. Wait a moment, then try again.", http.StatusTooManyRequests)
}
