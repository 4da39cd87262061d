package server_test

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
	"sync/atomic"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/server"
	"fovea/server/login"
)

// line is one connection and who speaks on it.
type line struct {
	client  *http.Client
	address string
	opened  atomic.Int32
	ended   chan struct{} // closed when the connection has ended
}

// lined is the connection of a line. Whoever speaks on it closes it when the other end has said goodbye.
type lined struct {
	net.Conn
	over func()
}

func (l *lined) Close() error {
	l.over()
	return l.Conn.Close()
}

// line opens nothing yet: the first question does.
func (r *running) line(t *testing.T, h2 bool) *line {
	t.Helper()
	l := &line{address: r.address, ended: make(chan struct{})}
	over := sync.OnceFunc(func() { close(l.ended) })
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!h2)
	protocols.SetHTTP2(h2)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots(t, r.certs)}, Protocols: protocols,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			l.opened.Add(1)
			return &lined{Conn: c, over: over}, nil
		},
	}
	l.client = &http.Client{Transport: transport, Timeout: time.Minute}
	t.Cleanup(transport.CloseIdleConnections)
	return l
}

// ask asks for a page in somebody's name, a stranger's where it is empty.
func (l *line) ask(path, who string) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://"+l.address+path, nil)
	if err != nil {
		return err
	}
	if who != "" {
		req.Header.Set("Authorization", who)
	}
	response, err := l.client.Do(req)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "you are "+who {
		return fmt.Errorf("%s %q: %w", response.Status, body, err)
	}
	return nil
}

// must asks, on the connection that the line has or has yet to open.
func (l *line) must(t *testing.T, who string) {
	t.Helper()
	if err := l.ask("/", who); err != nil {
		t.Fatalf("%s: %v", who, err)
	}
	if n := l.opened.Load(); n != 1 {
		t.Errorf("%s needed %d connections", who, n)
	}
}

// over waits until the line was cut.
func (l *line) over(t *testing.T) {
	t.Helper()
	select {
	case <-l.ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the connection is still open")
	}
}

// hall answers who somebody is, and at /wait only once it may.
type hall struct{ came, leave chan struct{} }

func newHall() hall { return hall{make(chan struct{}, 100), make(chan struct{})} }

func (h hall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who := r.Header.Get("Authorization")
	if who != "" {
		login.Saw(r.Context(), clinical.Caller{Person: clinical.PersonID{1}, Device: who})
	}
	if r.URL.Path == "/wait" {
		h.came <- struct{}{}
		<-h.leave
	}
	fmt.Fprintf(w, "you are %s", who)
}

// both runs a test over HTTP/1.1 and over HTTP/2.
func both(t *testing.T, l server.Limits, f func(t *testing.T, r *running, h hall, h2 bool)) {
	t.Helper()
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("h2=%t", h2), func(t *testing.T) {
			h := newHall()
			f(t, start(t, server.Options{Pages: h, Limits: l}), h, h2)
		})
	}
}

func TestADeviceBeyondItsPlacesGivesUpAnIdleOneOfItsOwn(t *testing.T) {
	both(t, server.Limits{PerDevice: 3}, func(t *testing.T, r *running, _ hall, h2 bool) {
		bea := r.line(t, h2)
		bea.must(t, "bea")
		var ada []*line
		for range 4 {
			l := r.line(t, h2)
			l.must(t, "ada")
			ada = append(ada, l)
		}
		var cut *line
		select {
		case <-ada[0].ended:
			cut = ada[0]
		case <-ada[1].ended: // the server may learn a little late that nothing is under way any more
			cut = ada[1]
		case <-ada[2].ended:
			cut = ada[2]
		case <-time.After(20 * time.Second):
			t.Fatal("a fourth connection of a device that may have three closed none of them")
		}
		for _, l := range ada {
			if l != cut {
				l.must(t, "ada")
			}
		}
		bea.must(t, "bea")
	})
}

func TestNoConnectionIsClosedOnWhichADeviceIsBusy(t *testing.T) {
	both(t, server.Limits{PerDevice: 2, Silent: 200 * time.Millisecond}, func(t *testing.T, r *running, h hall, h2 bool) {
		answers := make(chan error, 2)
		for range 2 {
			l := r.line(t, h2)
			go func() { answers <- l.ask("/wait", "ada") }()
			<-h.came
		}
		third := r.line(t, h2)
		third.must(t, "ada")
		third.over(t) // it has no place, so that it goes as a stranger's does
		close(h.leave)
		for range 2 {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
	})
}

// However many connections a device keeps, somebody else behind the same address gets in.
func TestWhatOneDeviceKeepsKeepsNobodyOut(t *testing.T) {
	both(t, server.Limits{Strangers: 2, PerDevice: 10}, func(t *testing.T, r *running, _ hall, h2 bool) {
		var ada []*line
		for range 10 {
			l := r.line(t, h2)
			l.must(t, "ada")
			ada = append(ada, l)
		}
		r.line(t, h2).must(t, "bea")
		for _, l := range ada {
			l.must(t, "ada")
		}
	})
}

func TestAStrangerTooManyTakesThePlaceOfAnother(t *testing.T) {
	both(t, server.Limits{Strangers: 2}, func(t *testing.T, r *running, h hall, h2 bool) {
		ada, first, second, third := r.line(t, h2), r.line(t, h2), r.line(t, h2), r.line(t, h2)
		ada.must(t, "ada")
		ended := make(chan error, 1)
		go func() { ended <- first.ask("/wait", "") }() // not even by being busy is a place kept
		<-h.came
		second.must(t, "")
		third.must(t, "")
		first.over(t)
		close(h.leave)
		<-ended
		for l, who := range map[*line]string{ada: "ada", second: "", third: "bea"} {
			l.must(t, who)
		}
	})
}

func TestAStrangerIsNotWaitedForAsADeviceIs(t *testing.T) {
	both(t, server.Limits{Silent: 300 * time.Millisecond}, func(t *testing.T, r *running, _ hall, h2 bool) {
		ada, nobody := r.line(t, h2), r.line(t, h2)
		ada.must(t, "ada")
		nobody.must(t, "")
		nobody.over(t)
		ada.must(t, "ada")

		// Neither is one who says nothing at all, or not even which cipher.
		mute := r.dial(t)
		plain, err := new(net.Dialer).DialContext(t.Context(), "tcp", r.address)
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		if err := plain.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]net.Conn{"after the handshake": mute, "before it": plain} {
			began := time.Now()
			if _, err := c.Read(make([]byte, 1)); err == nil || time.Since(began) > 8*time.Second {
				t.Errorf("silence %s was kept for %v", name, time.Since(began))
			}
		}
	})
}

func TestInAFullHouseStrangersMakeRoomAndDevicesDoNot(t *testing.T) {
	both(t, server.Limits{Connections: 3}, func(t *testing.T, r *running, _ hall, h2 bool) {
		ada, bea, nobody, third := r.line(t, h2), r.line(t, h2), r.line(t, h2), r.line(t, h2)
		ada.must(t, "ada")
		bea.must(t, "bea")
		nobody.must(t, "")
		third.must(t, "cleo")
		nobody.over(t)
		if err := r.line(t, h2).ask("/", "dora"); err == nil {
			t.Error("a fourth connection was served")
		}
		for l, who := range map[*line]string{ada: "ada", bea: "bea", third: "cleo"} {
			l.must(t, who)
		}
		// One that ends makes room.
		ada.client.CloseIdleConnections()
		dora := r.line(t, h2)
		for deadline := time.Now().Add(20 * time.Second); dora.ask("/", "dora") != nil; {
			if time.Now().After(deadline) {
				t.Fatal("no room was made")
			}
		}
	})
}

// Whatever was closed to make room leaves neither a goroutine nor a descriptor behind.
func TestNothingStaysOfConnectionsThatMadeRoom(t *testing.T) {
	both(t, server.Limits{PerDevice: 3, Strangers: 3, Silent: time.Minute}, func(t *testing.T, r *running, _ hall, h2 bool) {
		keep := r.line(t, h2)
		keep.must(t, "bea")
		routines, files := runtime.NumGoroutine(), descriptors(t)
		for i := range 60 {
			// Most of them end in the middle of a question of theirs, or before they ask.
			_ = r.line(t, h2).ask("/", []string{"ada", ""}[i%2])
			r.dial(t)
		}
		// Three of each are left, at either end; each is a few goroutines.
		const most = 6 * 5
		for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
			more, open := runtime.NumGoroutine()-routines, descriptors(t)-files
			if more <= most && open <= 60+12 { // this end of those that were dialled is not closed yet
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d goroutines and %d descriptors more than before", more, open)
			}
		}
		keep.must(t, "bea")
	})
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
