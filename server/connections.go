package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"fovea/clinical"
	"fovea/server/guard"
	"fovea/server/webdav"
)

// holder is whom a connection counts for: the device or session that was authenticated on it first; until then it is a
// stranger's, and counts for the address that it comes from.
type holder struct {
	address netip.Addr
	person  clinical.PersonID
	device  string // empty: a stranger's
}

// connections are those that are open. Each device, and each address for its strangers, has places of its own, so that
// nobody's connections stand in the way of others behind the same address. Where one's places are taken, one of its own
// connections makes room.
type connections struct {
	limits Limits
	began  time.Time

	mu   sync.Mutex
	open int
	by   map[holder]map[*connection]bool
}

func newConnections(l Limits) *connections {
	return &connections{limits: l, began: time.Now(), by: map[holder]map[*connection]bool{}}
}

// connection is one that has a place until it is closed.
type connection struct {
	net.Conn
	all    *connections
	opened time.Time
	silent *time.Timer // ends a stranger's that idles
	// rested is since when, in nanoseconds from all.began, nothing is under way on it; 0 while something is.
	rested atomic.Int64
	known  atomic.Bool // it is a device's

	// Under all.mu:
	holder holder
	left   bool     // it has no place any more
	outer  net.Conn // what net/http has of it, which says goodbye when it closes
}

type connectionKey struct{}

// guarded is a listener that gives places to connections, and bounds what the kernel holds of each.
type guarded struct {
	net.Listener
	all *connections
}

// Accept waits for the next connection that has a place. The others are closed unheard.
func (g *guarded) Accept() (net.Conn, error) {
	for {
		nc, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := g.all.take(nc)
		if c == nil {
			hangUp(nc)
			continue
		}
		if tcp, ok := nc.(*net.TCPConn); ok {
			// Without it more of a withdrawn picture would be under way; a kernel that refuses serves all the same.
			_ = tcp.SetWriteBuffer(webdav.WriteBuffer)
		}
		return c, nil
	}
}

// watch has a server tell the connections of a guarded listener what becomes of them.
func watch(s *http.Server) {
	s.ConnContext = func(ctx context.Context, outer net.Conn) context.Context {
		c := beneath(outer)
		if c == nil {
			return ctx
		}
		c.all.mu.Lock()
		defer c.all.mu.Unlock()
		c.outer = outer
		return context.WithValue(ctx, connectionKey{}, c)
	}
	s.ConnState = func(outer net.Conn, state http.ConnState) {
		if c := beneath(outer); c != nil {
			c.turn(state)
		}
	}
}

// beneath returns the connection that TLS is spoken on, nil where it has no place.
func beneath(outer net.Conn) *connection {
	spoken, ok := outer.(*tls.Conn)
	if !ok {
		return nil
	}
	c, _ := spoken.NetConn().(*connection)
	return c
}

// connectionOf returns the connection that a request came on, nil where it has no place.
func connectionOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}

// take gives a connection a place among the strangers of its address, and returns nil where there is none. The one that
// has been a stranger for longest makes room, whatever it does: who is known is known within a moment.
func (a *connections) take(nc net.Conn) *connection {
	c := &connection{Conn: nc, all: a, opened: time.Now(), holder: holder{address: guard.Network(nc.RemoteAddr().String())}}
	c.outer = c
	c.rest()
	a.mu.Lock()
	defer a.mu.Unlock()
	var old *connection
	switch {
	case len(a.by[c.holder]) >= a.limits.Strangers:
		old = oldest(nil, a.by[c.holder])
	case a.open >= a.limits.Connections:
		for who, theirs := range a.by {
			if who.device == "" {
				old = oldest(old, theirs)
			}
		}
		if old == nil {
			return nil
		}
	}
	a.dismiss(old)
	a.open++
	a.place(c)
	c.silent = time.AfterFunc(a.limits.Silent, c.expire)
	return c
}

// oldest returns the connection that was opened first, of one and some others.
func oldest(one *connection, others map[*connection]bool) *connection {
	for c := range others {
		if one == nil || c.opened.Before(one.opened) {
			one = c
		}
	}
	return one
}

// longestIdle returns the connection on which nothing has been under way for longest, nil where something is on each.
func longestIdle(of map[*connection]bool) (found *connection) {
	var since int64
	for c := range of {
		if rested := c.rested.Load(); rested > 0 && (found == nil || rested < since) {
			found, since = c, rested
		}
	}
	return found
}

// place counts a connection for its holder. The caller holds mu.
func (a *connections) place(c *connection) {
	if a.by[c.holder] == nil {
		a.by[c.holder] = map[*connection]bool{}
	}
	a.by[c.holder][c] = true
}

// displace undoes place. The caller holds mu.
func (a *connections) displace(c *connection) {
	if delete(a.by[c.holder], c); len(a.by[c.holder]) == 0 {
		delete(a.by, c.holder)
	}
}

// leave gives a connection's place back. The caller holds mu.
func (a *connections) leave(c *connection) {
	if !c.left {
		c.left = true
		a.open--
		a.displace(c)
	}
}

// dismiss closes a connection, if there is one, so that another has its place. The caller holds mu, and does not wait for
// the goodbye.
func (a *connections) dismiss(c *connection) {
	if c != nil {
		a.leave(c)
		go hangUp(c.outer)
	}
}

// hangUp says goodbye and closes. The other end may have gone.
func hangUp(c net.Conn) { _ = c.Close() }

// authenticated counts a stranger's connection for the device that is known on it now. Where the device has all its
// places, the one of its connections that has idled longest makes room; where none idles this one stays a stranger's,
// and is the first to go.
func (c *connection) authenticated(caller clinical.Caller) {
	if c == nil || caller.Device == "" || c.known.Load() {
		return
	}
	a, who := c.all, holder{person: caller.Person, device: caller.Device}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.left || c.known.Load() {
		return
	}
	if theirs := a.by[who]; len(theirs) >= a.limits.PerDevice {
		old := longestIdle(theirs)
		if old == nil {
			return
		}
		a.dismiss(old)
	}
	a.displace(c)
	c.holder = who
	a.place(c)
	c.known.Store(true)
	c.silent.Stop()
}

func (c *connection) rest() { c.rested.Store(max(1, int64(time.Since(c.all.began)))) }

// turn hears when something comes to be under way on the connection, and when nothing is any more.
func (c *connection) turn(state http.ConnState) {
	switch state {
	case http.StateActive:
		c.rested.Store(0)
		if !c.known.Load() {
			c.silent.Stop()
		}
	case http.StateIdle:
		c.rest()
		if !c.known.Load() {
			c.silent.Reset(c.all.limits.Silent)
		}
	default:
	}
}

// expire closes a stranger's connection on which nothing was asked for too long.
func (c *connection) expire() {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if !c.left && !c.known.Load() && c.rested.Load() > 0 {
		c.all.dismiss(c)
	}
}

// Close closes the connection and gives its place back.
func (c *connection) Close() error {
	c.silent.Stop()
	c.all.mu.Lock()
	c.all.leave(c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}
