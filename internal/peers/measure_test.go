//go:build peers

package peers_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A metric is measured once in every round at every server that has it. Smaller is faster.
type metric struct {
	name string
	take func(t *testing.T, p *peer) time.Duration
	ours bool // no peer is asked
}

// The names of metrics, as the table uses them.
const (
	list1000  = "PROPFIND of 1,000"
	list10000 = "PROPFIND of 10,000"
	getLarge  = "GET of 24 MB"
	getTLS    = "GET of 24 MB over TLS 1.3"
	getMany   = "32 connections, 300 kB each"
	getRange  = "random 64 KiB, p50"
)

func metrics() []metric {
	return []metric{
		{name: list1000, take: func(t *testing.T, p *peer) time.Duration { return p.list(t, "Thousand").took }},
		{name: list10000, take: func(t *testing.T, p *peer) time.Duration { return p.list(t, "Ten").took }},
		{name: getLarge, take: func(t *testing.T, p *peer) time.Duration { return p.large(t, p.url) }},
		{name: getTLS, take: func(t *testing.T, p *peer) time.Duration { return p.large(t, p.tls) }, ours: true},
		{name: getMany, take: many},
		{name: getRange, take: ranges},
	}
}

// listing is what came of listing a set.
type listing struct {
	took    time.Duration
	entries int
	bytes   int64
}

// list lists a set: all its folders with us, the one folder of a peer's. All properties are asked for.
func (p *peer) list(t *testing.T, set string) (l listing) {
	t.Helper()
	c := p.client(1)
	defer c.CloseIdleConnections()
	_ = read(t, p.ask(t, c, http.StatusMultiStatus, "PROPFIND "+p.url+"/", "Depth", "0")) // it is connected
	began := time.Now()
	for part := 1; part == 1 || (p.secret != "" && (part-1)*1000 < sets()[set]); part++ {
		at := p.url + "/" + set + "/"
		if part > 1 {
			at += fmt.Sprintf("part-%03d/", part)
		}
		res := p.ask(t, c, http.StatusMultiStatus, "PROPFIND "+at, "Depth", "1")
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		l.bytes += int64(len(b))
		l.entries += bytes.Count(b, []byte("-wound.jpg</D:href>")) + bytes.Count(b, []byte("-wound.jpg</href>"))
	}
	l.took = time.Since(began)
	if l.entries != sets()[set] {
		t.Fatalf("%s lists %d entries of %s", p.name, l.entries, set)
	}
	return l
}

// large reads the large picture.
func (p *peer) large(t *testing.T, at string) time.Duration {
	t.Helper()
	c := p.client(1)
	defer c.CloseIdleConnections()
	_ = read(t, p.ask(t, c, http.StatusOK, "GET "+at+"/Thousand/"+file(100))) // it is connected
	began := time.Now()
	if n := read(t, p.ask(t, c, http.StatusOK, "GET "+at+"/Thousand/"+file(0))); n != largeSize {
		t.Fatalf("%s serves %d bytes", p.name, n)
	}
	return time.Since(began)
}

// many lets 32 connections read eight pictures of 300 kB each.
func many(t *testing.T, p *peer) time.Duration {
	t.Helper()
	const times = 8
	c := p.client(connections)
	defer c.CloseIdleConnections()
	var all sync.WaitGroup
	began := time.Now()
	for n := range connections {
		all.Go(func() {
			for k := range times {
				at := p.url + "/Thousand/" + file(1+(n+k)%connections)
				if got := read(t, p.ask(t, c, http.StatusOK, "GET "+at)); got != mediumSize {
					t.Errorf("%s serves %d bytes", p.name, got)
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// ranges reads 64 KiB at random places of the large picture, a hundred times, and returns the median.
func ranges(t *testing.T, p *peer) time.Duration {
	t.Helper()
	const size, times = 64 << 10, 100
	c := p.client(1)
	defer c.CloseIdleConnections()
	r := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for range times {
		from := r.Int64N(largeSize - size)
		began := time.Now()
		res := p.ask(t, c, http.StatusPartialContent, "GET "+p.url+"/Thousand/"+file(0), "Range", fmt.Sprintf("bytes=%d-%d", from, from+size-1))
		if n := read(t, res); n != size {
			t.Fatalf("%s serves %d bytes of a range", p.name, n)
		}
		took = append(took, time.Since(began))
	}
	return median(took)
}

func median[N time.Duration | float64](of []N) N {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// withdrawn withdraws the large picture while it is read, and returns how many bytes came after that. All later requests
// have to be answered as if it had never been there.
func withdrawn(t *testing.T, p *peer) (after int64) {
	t.Helper()
	c := p.client(1)
	transport := c.Transport.(*http.Transport)
	transport.DialContext = (&net.Dialer{Control: smallBuffer}).DialContext
	defer c.CloseIdleConnections()
	res := p.ask(t, c, http.StatusOK, "GET "+p.tls+"/Thousand/"+file(0))
	if _, err := io.CopyN(io.Discard, res.Body, 64<<10); err != nil {
		t.Fatal(err)
	}
	p.say(t, "withdraw")
	after, err := io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if err == nil {
		t.Fatal("a download of what was withdrawn came to its end")
	}
	for range 100 {
		_ = read(t, p.ask(t, c, http.StatusNotFound, "GET "+p.tls+"/Thousand/"+file(0)))
	}
	b, err := io.ReadAll(p.ask(t, c, http.StatusMultiStatus, "PROPFIND "+p.tls+"/Thousand/", "Depth", "1").Body)
	if err != nil || bytes.Contains(b, []byte(file(0))) {
		t.Fatalf("what was withdrawn is listed: %v", err)
	}
	p.say(t, "allow")
	_ = read(t, p.ask(t, c, http.StatusOK, "GET "+p.tls+"/Thousand/"+file(0)))
	return after
}

// smallBuffer makes the kernel's buffer of what has come small, so that what is in flight is not hidden in it.
func smallBuffer(_, _ string, c syscall.RawConn) error {
	var set error
	if err := c.Control(func(fd uintptr) { set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 32<<10) }); err != nil {
		return err
	}
	return set
}
