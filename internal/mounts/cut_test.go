//go:build mounts

package mounts_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// line is a bad line to a server: it resets its first connections once so many bytes have gone up each, and carries the
// others to their end.
type line struct {
	url  string // of the server as it is reached over the line
	cuts atomic.Int32
}

// badLine leads to a server and is cut so many times, each time after so many bytes.
func badLine(t *testing.T, server string, times int32, after int64) *line {
	t.Helper()
	at, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	near, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, far := &line{}, at.Host
	var ends sync.WaitGroup
	var open sync.Map
	ends.Go(func() {
		for {
			up, err := near.Accept()
			if err != nil {
				return
			}
			open.Store(up, nil)
			ends.Go(func() {
				defer open.Delete(up)
				l.carry(up.(*net.TCPConn), far, times, after)
			})
		}
	})
	t.Cleanup(func() {
		_ = near.Close()
		open.Range(func(c, _ any) bool { return c.(net.Conn).Close() == nil || true })
		ends.Wait()
	})
	at.Host = near.Addr().String()
	l.url = at.String()
	return l
}

func (l *line) carry(up *net.TCPConn, to string, times int32, after int64) {
	defer up.Close()
	c, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	down := c.(*net.TCPConn)
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(up, down)
		_ = up.CloseWrite()
	})
	if n, _ := io.CopyN(down, up, after); n == after && l.cuts.Add(1) <= times {
		_, _ = up.SetLinger(0), down.SetLinger(0) // both ends see a reset, not an end
		_, _ = up.Close(), down.Close()
	} else {
		_, _ = io.Copy(down, up)
		_ = down.CloseWrite()
	}
	back.Wait()
	_ = down.Close()
}

// cut is how often it was.
func (l *line) cut(times int32) int32 { return min(l.cuts.Load(), times) }
