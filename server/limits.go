package server

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"fovea/server/guard"
	"fovea/server/webdav"
)

// Limits bound what clients may cost. A zero limit is its default.
type Limits struct {
	Connections int           // open at once; 1,024
	PerAddress  int           // of them from one address; 256
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
	if l.Connections == 0 {
		l.Connections = 1024
	}
	if l.PerAddress == 0 {
		l.PerAddress = 256
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

// addresses counts open connections.
type addresses struct {
	total, each int
	mu          sync.Mutex
	open        int
	by          map[netip.Addr]int
}

func newAddresses(total, each int) *addresses {
	return &addresses{total: total, each: each, by: map[netip.Addr]int{}}
}

// take counts a connection from an address, or refuses it.
func (a *addresses) take(from netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open >= a.total || a.by[from] >= a.each {
		return false
	}
	a.open++
	a.by[from]++
	return true
}

func (a *addresses) give(from netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open--
	if a.by[from]--; a.by[from] == 0 {
		delete(a.by, from)
	}
}

// guarded is a listener that closes connections beyond the caps unheard, and bounds what the kernel holds of the rest.
type guarded struct {
	net.Listener
	addresses *addresses
}

// countedConn gives its place back when it is closed.
type countedConn struct {
	net.Conn
	closed func()
}

// Accept waits for the next connection within the caps.
func (g *guarded) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := guard.Network(c.RemoteAddr().String())
		if !g.addresses.take(from) {
			_ = c.Close() // nothing was said on it
			continue
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			// Without it more of a withdrawn picture would be under way; a kernel that refuses serves all the same.
			_ = tcp.SetWriteBuffer(webdav.WriteBuffer)
		}
		return &countedConn{Conn: c, closed: sync.OnceFunc(func() { g.addresses.give(from) })}, nil
	}
}

// Close closes the connection.
func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
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
