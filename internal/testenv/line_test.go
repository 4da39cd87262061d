package testenv_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server"
)

const lineFolder = "/dav/teaching/line/"

// newLine serves a set with one large picture.
func newLine(t *testing.T, size int, limits server.Limits) (*drivehouse, string) {
	t.Helper()
	h := testenv.NewHouse(t)
	h.Commit(clinical.Delta{Sets: []clinical.TeachingSet{clinicaltest.Set("line")}})
	keepSlide(t, h, exhibit{"line", "large", 1, make([]byte, size)})
	h.Settle()
	return serveHouse(t, h, limits), lineFolder + "000001-wound.jpg"
}

// A picture of 24 MB on a line of 1 Mbit/s comes whole, though it takes more than three times as long as a client may
// stand still; here everything is thirty times as fast. One that stands still is cut.
func TestASlowLineIsServedAndAStilledOneIsCut(t *testing.T) {
	const size, stand, rate = 24 << 20, 2 * time.Second, 30 * 125_000 // bytes a second
	d, file := newLine(t, size, server.Limits{Progress: stand})
	for _, h2 := range []bool{false, true} {
		slow, still := d.client("stella", fmt.Sprint("slow", h2), h2), d.client("stella", fmt.Sprint("still", h2), h2)
		t.Run(fmt.Sprintf("h2=%t", h2), func(t *testing.T) {
			t.Parallel()
			stilled := open(t, still, file)
			began := time.Now()
			body := open(t, slow, file).Body
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			got := int64(0)
			for {
				<-tick.C
				due := int64(time.Since(began).Seconds()*rate) - got
				n, err := io.CopyN(io.Discard, body, max(due, 1))
				if got += n; err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("cut after %d bytes and %s: %v", got, time.Since(began), err)
				}
			}
			if took := time.Since(began); got != size || took < 3*stand {
				t.Errorf("%d bytes in %s", got, took)
			}
			// It had stood still for all that time.
			if n, err := io.Copy(io.Discard, stilled.Body); err == nil {
				t.Errorf("a client that stood still got all %d bytes", n)
			}
		})
	}
}

func open(t *testing.T, c *client, at string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.house.base+at, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(c.secret.Login, c.secret.Secret)
	response, err := c.Do(r)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", response, err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// Whatever clients do with their connections, nothing of them stays: no goroutine, no descriptor, no open stream.
func TestCutConnectionsLeaveNothing(t *testing.T) {
	d, file := newLine(t, 4<<20, server.Limits{Rate: 1e6, Burst: 1e6})
	c := d.client("stella", "before", false)
	if _, err := c.ask(t.Context(), http.MethodGet, file, ""); err != nil {
		t.Fatal(err)
	}
	c.CloseIdleConnections()
	goroutines, descriptors := atRest(t)
	secret := c.secret
	head := func(method, at string) string {
		r, _ := http.NewRequest(method, "https://fovea.test"+at, nil)
		r.SetBasicAuth(secret.Login, secret.Secret)
		return method + " " + at + " HTTP/1.1\r\nHost: fovea.test\r\nDepth: 1\r\nAuthorization: " + r.Header.Get("Authorization") + "\r\n"
	}
	cuts := []func(net.Conn){
		func(raw net.Conn) {}, // nothing was said
		func(raw net.Conn) { _, _ = raw.Write([]byte{0x16, 3, 1, 2}) },                        // half a hello
		func(raw net.Conn) { _ = d.secure(raw).Handshake() },                                  // nothing was asked
		func(raw net.Conn) { _, _ = io.WriteString(d.secure(raw), head("GET", file)) },        // half a head
		func(raw net.Conn) { _, _ = io.WriteString(d.secure(raw), head("GET", file)+"\r\n") }, // no answer was awaited
		func(raw net.Conn) {
			_, _ = io.WriteString(d.secure(raw), head("PROPFIND", lineFolder)+"Content-Length: 100\r\n\r\n<D:prop")
		}, // half a body
		func(raw net.Conn) { // half an answer
			s := d.secure(raw)
			_, _ = io.WriteString(s, head("GET", file)+"\r\n")
			_, _ = io.CopyN(io.Discard, s, 1<<20)
		},
	}
	clients := []*client{c}
	var cutting sync.WaitGroup
	for worker := range 8 {
		cutting.Go(func() {
			for i := range 20 {
				raw, err := net.Dial("tcp", d.base[len("https://"):])
				if err != nil {
					t.Errorf("dial: %v", err)
					return
				}
				cuts[(worker+i)%len(cuts)](raw)
				_ = raw.(*net.TCPConn).SetLinger(i % 2 * -1) // 0: reset, without a farewell
				_ = raw.Close()
			}
		})
	}
	for i := range 4 { // and streams of HTTP/2 that are given up one by one
		h2 := d.client("stella", fmt.Sprint("streams ", i), true)
		clients = append(clients, h2)
		cutting.Go(func() {
			for range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				r, _ := http.NewRequestWithContext(ctx, http.MethodGet, d.base+file, nil)
				r.SetBasicAuth(h2.secret.Login, h2.secret.Secret)
				if response, err := h2.Do(r); err == nil {
					_, _ = io.CopyN(io.Discard, response.Body, 100_000)
					cancel()
					_ = response.Body.Close()
				}
				cancel()
			}
		})
	}
	cutting.Wait()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, c := range clients {
			c.CloseIdleConnections() // a stream that was given up leaves its connection to the client
		}
		g, f := runtime.NumGoroutine(), openDescriptors(t)
		if g <= goroutines && f <= descriptors {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, were %d; %d descriptors, were %d\n%s", g, goroutines, f, descriptors, stacks[:runtime.Stack(stacks, true)])
		}
	}
	if a, err := c.ask(t.Context(), http.MethodGet, file, ""); err != nil || a.cut != nil || len(a.body) != 4<<20 {
		t.Errorf("after the storm: %d bytes, %v, %v", len(a.body), a.cut, err)
	}
}

// secure begins TLS on a connection that will not be closed in order.
func (d *drivehouse) secure(raw net.Conn) *tls.Conn {
	return tls.Client(raw, &tls.Config{RootCAs: d.roots, ServerName: "127.0.0.1"})
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// atRest waits until goroutines and descriptors have become no fewer for a while, and counts them.
func atRest(t *testing.T) (goroutines, descriptors int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for same := 0; same < 25; same++ {
		<-tick.C
		if g, f := runtime.NumGoroutine(), openDescriptors(t); g != goroutines || f != descriptors {
			goroutines, descriptors, same = g, f, 0
		}
	}
	return goroutines, descriptors
}
