package webdav_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"fovea/server/webdav"
)

// counted counts what the server hands to the kernel.
type counted struct {
	net.Listener
	written atomic.Int64
	last    atomic.Pointer[net.TCPConn] // the newest connection
}

type countedConn struct {
	net.Conn
	l *counted
}

func (l *counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		err = tcp.SetWriteBuffer(webdav.WriteBuffer)
		l.last.Store(tcp)
	}
	return &countedConn{Conn: c, l: l}, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.l.written.Add(int64(n))
	return n, err
}

// serve puts a drive on a real listener. done receives once per finished request.
func serve(t *testing.T, d *drive, transport string) (*httptest.Server, *counted, <-chan struct{}) {
	t.Helper()
	done := make(chan struct{}, 16)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { done <- struct{}{} }()
		d.ServeHTTP(w, r)
	}))
	l := &counted{Listener: server.Listener}
	server.Listener = l
	server.EnableHTTP2 = transport == "h2"
	if transport == "plain" {
		server.Start()
	} else {
		server.StartTLS()
	}
	t.Cleanup(server.Close)
	return server, l, done
}

func open(t *testing.T, server *httptest.Server, path string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("student", "x")
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

const large = 40 << 20

func largeDrive() (*drive, func()) {
	d := newDrive()
	set := d.gate.addSet("Wounds")
	d.gate.change(func(w *world) { w.find(set).add(0, "000013-Ulcer.jpg", &picture{size: large}) })
	return d, func() { d.gate.withdraw(set, "000013-Ulcer.jpg") }
}

// A withdrawal while the client reads: what leaves the server afterwards is less than a mebibyte.
func TestWithdrawalCutsARunningDownload(t *testing.T) {
	for _, transport := range []string{"plain", "tls", "h2"} {
		t.Run(transport, func(t *testing.T) {
			d, withdraw := largeDrive()
			server, l, done := serve(t, d, transport)
			response := open(t, server, "/dav/teaching/Wounds/000013-Ulcer.jpg")
			if _, err := io.CopyN(io.Discard, response.Body, 1<<20); err != nil {
				t.Fatal(err)
			}
			withdraw()
			before := l.written.Load()
			got, err := io.Copy(io.Discard, response.Body)
			if err == nil {
				t.Errorf("the download ended as if it were complete, after %d more bytes", got)
			}
			<-done
			if after := l.written.Load() - before; after > 1<<20 {
				t.Errorf("%d bytes were written after the withdrawal", after)
			} else {
				t.Logf("%d bytes written after the withdrawal", after)
			}
		})
	}
}

// A client that does not read holds a write back. The withdrawal ends it; it does not wait for the client.
func TestWithdrawalCutsAStalledDownload(t *testing.T) {
	for _, transport := range []string{"plain", "tls", "h2"} {
		t.Run(transport, func(t *testing.T) {
			d, withdraw := largeDrive()
			server, l, done := serve(t, d, transport)
			response := open(t, server, "/dav/teaching/Wounds/000013-Ulcer.jpg")
			stalled(t, l)
			withdraw()
			before := l.written.Load()
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Fatal("the request still waits for its client")
			}
			if after := l.written.Load() - before; after > 1<<20 {
				t.Errorf("%d bytes were written after the withdrawal", after)
			}
			if _, err := io.Copy(io.Discard, response.Body); err == nil {
				t.Error("the download ended as if it were complete")
			}
		})
	}
}

// stalled waits until the server has not written for a while: the pipe is full.
func stalled(t *testing.T, l *counted) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for last, same := int64(-1), 0; same < 10; {
		select {
		case <-t.Context().Done():
			t.Fatal("never stalled")
		case <-tick.C:
		}
		if now := l.written.Load(); now == last && now > 0 {
			same++
		} else {
			last, same = now, 0
		}
	}
}
