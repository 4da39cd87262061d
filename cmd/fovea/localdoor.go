package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"

	"fovea/server/login"
)

// localDoor is a door that only this process can reach: HTTP over pipes in memory.
// Whoever runs the process may open DATA, and is therefore its operator.
type localDoor struct {
	server *http.Server
	pipes  chan net.Conn
	once   sync.Once
	closed chan struct{}
	served chan error
}

// openLocal serves h until close.
func openLocal(h http.Handler) *localDoor {
	w := &localDoor{pipes: make(chan net.Conn), closed: make(chan struct{}), served: make(chan error, 1)}
	who := "uid " + strconv.Itoa(os.Getuid())
	w.server = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: patience,
		ConnContext:       func(ctx context.Context, _ net.Conn) context.Context { return login.ByOperator(ctx, who) },
	}
	go func() { w.served <- w.server.Serve(w) }()
	return w
}

// client dials the door.
func (w *localDoor) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		select {
		case w.pipes <- far:
			return near, nil
		case <-w.closed:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}}
}

// close cuts what runs and waits until nothing is accepted any more.
func (w *localDoor) close() error {
	err := w.server.Close()
	if served := <-w.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Accept returns the next dialled pipe.
func (w *localDoor) Accept() (net.Conn, error) {
	select {
	case c := <-w.pipes:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

// Close ends accepting.
func (w *localDoor) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

// Addr has nothing to say: there is no address.
func (w *localDoor) Addr() net.Addr { return &net.UnixAddr{Net: "pipe"} }
