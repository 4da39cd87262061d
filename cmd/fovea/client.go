package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"fovea/clinical"
	"fovea/server/login"
	"fovea/server/wire"
)

// client speaks /api/v1: over the admin socket to the server that holds DATA,
// else within this process to a system opened for the command's own time.
type client struct {
	http *http.Client
	as   string
	try  bool          // acts are asked about and not done
	own  *system       // nil when a server holds DATA
	over chan struct{} // closed when own has ended
	stop func() error
}

// patience is how long a command waits for another that holds DATA for its own
// time, or for a server that is starting.
const patience = 15 * time.Second

// connect takes the DATA lock first and dials the server only if it is held.
func (e *env) connect() (*client, error) {
	cfg, err := e.cli.settings()
	if err != nil {
		return nil, err
	}
	cfg.outlets = nil // a server publishes; a command is over before a witness answers
	ctx, cancel := context.WithTimeout(e.ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		sys, err := openSystem(e.ctx, cfg, quiet(e.stderr))
		if err == nil {
			e.zone = cfg.zone
			return e.alone(sys), nil
		}
		if clinical.ReasonOf(err) != "data-locked" {
			return nil, err
		}
		if c := (&client{http: socketClient(cfg.socket()), as: e.cli.As, try: e.cli.Simulate, stop: func() error { return nil }}); c.answers(ctx) {
			served, err := cfg.asServed()
			e.zone = served.zone
			return c, err
		}
		select {
		case <-ctx.Done():
			return nil, held(cfg)
		case <-tick.C:
		}
	}
}

// socketClient speaks to the server behind the admin socket.
func socketClient(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}
}

// answers reports whether a server is there and ready.
func (c *client) answers(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://fovea/readyz", http.NoBody)
	if err != nil {
		return false
	}
	res, err := c.http.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// alone runs a system for the time of one command. Nothing listens: requests go
// through memory, by the same handler that a server shows.
func (e *env) alone(sys *system) *client {
	ctx, cancel := context.WithCancel(e.ctx)
	over := make(chan struct{})
	var end error
	go func() {
		end = runStages(ctx, sys.keeping())
		close(over)
	}()
	door := openLocal(sys.api)
	stop := func() error {
		err := door.close()
		cancel()
		<-over
		return errors.Join(err, end, sys.close())
	}
	return &client{http: door.client(), as: e.cli.As, try: e.cli.Simulate, own: sys, over: over, stop: stop}
}

// caughtUp waits until a search finds what was committed before this command.
func (c *client) caughtUp(ctx context.Context) error {
	if c.own == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-c.over:
			cancel()
		case <-ctx.Done():
		}
	}()
	return c.own.index.WaitFor(ctx, c.own.vault.Head())
}

// asOperator is the same client without a person behind it.
func (c *client) asOperator() *client {
	o := *c
	o.as = ""
	return &o
}

// call is one request.
type call struct {
	method, path string
	in           any // nil: nothing is sent, but for body
	body         io.Reader
	kind         string // of body
	match        uint64 // revision that the thing must still have; 0: any
}

// get reads an answer into out.
func (c *client) get(ctx context.Context, path string, out any) error {
	return c.send(ctx, call{method: http.MethodGet, path: path}, out)
}

// post sends in and reads the answer into out.
func (c *client) post(ctx context.Context, path string, in, out any) error {
	return c.send(ctx, call{method: http.MethodPost, path: path, in: in}, out)
}

// send makes a call and reads its answer into out: bytes into an io.Writer, JSON
// into anything else, nothing when it is nil.
func (c *client) send(ctx context.Context, r call, out any) error {
	res, err := c.raw(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if out == nil {
		return nil
	}
	if w, ok := out.(io.Writer); ok {
		_, err = io.Copy(w, res.Body)
		return err
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// raw makes a call and turns a problem into an error of its kind.
func (c *client) raw(ctx context.Context, r call) (*http.Response, error) {
	if c.try && r.method != http.MethodGet {
		return nil, c.simulate(ctx, r)
	}
	return c.really(ctx, r)
}

// really makes a call.
func (c *client) really(ctx context.Context, r call) (*http.Response, error) {
	var body io.Reader = http.NoBody
	if r.body != nil {
		body = r.body
	}
	if r.in != nil {
		b, err := json.Marshal(r.in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "http://fovea"+r.path, body)
	if err != nil {
		return nil, err
	}
	switch {
	case r.in != nil:
		req.Header.Set("Content-Type", "application/json")
	case r.body != nil:
		req.Header.Set("Content-Type", r.kind)
	}
	if r.match > 0 {
		req.Header.Set("If-Match", `"`+strconv.FormatUint(r.match, 10)+`"`)
	}
	if c.as != "" {
		req.Header.Set(login.As, c.as)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, clinical.Refuse(clinical.Unavailable, "no-server", "The server that holds DATA does not answer on its admin socket. Is it stopping? Try again in a moment.")
	}
	if res.StatusCode < http.StatusBadRequest {
		return res, nil
	}
	defer func() { _ = res.Body.Close() }()
	return nil, asProblem(res)
}

// asProblem reads problem+json back into an error.
func asProblem(res *http.Response) error {
	var p struct {
		Detail string          `json:"detail"`
		Reason clinical.Reason `json:"reason"`
		Errors []struct {
			Message  string `json:"message"`
			Location string `json:"location"`
		} `json:"errors"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&p); err != nil || p.Detail == "" {
		p.Detail = http.StatusText(res.StatusCode)
	}
	for _, d := range p.Errors {
		p.Detail += "\n  " + d.Location + ": " + d.Message
	}
	kind := clinical.Internal
	switch res.StatusCode {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusPreconditionRequired, http.StatusRequestEntityTooLarge:
		kind = clinical.Invalid
	case http.StatusNotFound:
		kind = clinical.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		kind = clinical.Conflict
	case http.StatusForbidden, http.StatusUnauthorized:
		kind = clinical.Forbidden
	case http.StatusServiceUnavailable, http.StatusInsufficientStorage, http.StatusTooManyRequests:
		kind = clinical.Unavailable
	}
	return clinical.Refuse(kind, p.Reason, p.Detail)
}

// everyPage reads every page of a listing.
func everyPage[T any](ctx context.Context, c *client, path string) ([]T, error) {
	return everyPageOf[T](ctx, c, call{method: http.MethodGet, path: path})
}

// everyPageOf reads a listing that is asked for in another way.
func everyPageOf[T any](ctx context.Context, c *client, ask call) ([]T, error) {
	out := []T{}
	cursor := ""
	for {
		u, err := url.Parse(ask.path)
		if err != nil {
			return nil, err
		}
		q := u.Query()
		q.Set("limit", "1000")
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		u.RawQuery = q.Encode()
		var l wire.List[T]
		ask.path = u.String()
		if err := c.send(ctx, ask, &l); err != nil {
			return nil, err
		}
		out = append(out, l.Items...)
		if l.Next == "" {
			return out, nil
		}
		cursor = l.Next
	}
}

// with connects, runs f and lets go. Where a part of the system ended by itself,
// that is the cause, and is said first.
func (e *env) with(f func(c *client) error) error {
	c, err := e.connect()
	if err != nil {
		return err
	}
	err = f(c)
	if tried, ok := errors.AsType[*simulated](err); ok {
		err = e.answer(tried.Impact, func(w io.Writer) { writeImpact(w, tried.Impact) })
	}
	return errors.Join(c.stop(), err)
}
