package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

// client speaks /api/v1 over the admin socket: to the daemon when it holds
// DATA, else to a system that this very command opened for its own time.
type client struct {
	http *http.Client
	as   string
	stop func() error
}

// connect takes the DATA lock first and dials the daemon only if it is held.
func (e *env) connect() (*client, error) {
	cfg, err := e.cli.load()
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", cfg.socket())
	}
	c := &client{http: &http.Client{Transport: &http.Transport{DialContext: dial}}, as: e.cli.As, stop: func() error { return nil }}
	sys, err := openSystem(e.ctx, cfg, quiet(e.stderr), false)
	if clinical.ReasonOf(err) == "data-locked" {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(e.ctx)
	done := make(chan error, 1)
	go func() { done <- runStages(ctx, sys.commanding()) }()
	c.stop = func() error {
		c.http.CloseIdleConnections()
		cancel()
		return errors.Join(<-done, sys.close())
	}
	if err := c.ready(e.ctx, done); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// ready waits until the socket answers.
func (c *client) ready(ctx context.Context, failed chan error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://fovea/readyz", http.NoBody)
		if err != nil {
			return err
		}
		if res, err := c.http.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-failed:
			failed <- err
			return fmt.Errorf("start: %w", err)
		case <-ctx.Done():
			return clinical.Refuse(clinical.Unavailable, "not-ready", "The server does not answer on its admin socket. See its log, then try again.")
		case <-tick.C:
		}
	}
}

// request sends in (nil: nothing) and reads the answer into out (nil: ignored).
func (c *client) request(ctx context.Context, method, path string, in, out any, header ...string) error {
	res, err := c.raw(ctx, method, path, in, header...)
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

// raw sends a request and turns a problem into an error of its kind.
func (c *client) raw(ctx context.Context, method, path string, in any, header ...string) (*http.Response, error) {
	var body io.Reader = http.NoBody
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://fovea"+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if c.as != "" {
		req.Header.Set("Fovea-As", c.as)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, clinical.Refuse(clinical.Unavailable, "no-server", "Another process holds DATA but does not answer on its admin socket. Is it stopping? Try again in a moment.")
	}
	if res.StatusCode >= http.StatusBadRequest {
		defer func() { _ = res.Body.Close() }()
		return nil, asProblem(res)
	}
	return res, nil
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
	out := []T{}
	cursor := ""
	for {
		u, err := url.Parse(path)
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
		if err := c.request(ctx, http.MethodGet, u.String(), nil, &l); err != nil {
			return nil, err
		}
		out = append(out, l.Items...)
		if l.Next == "" {
			return out, nil
		}
		cursor = l.Next
	}
}

// with connects, runs f and lets go.
func (e *env) with(f func(c *client) error) error {
	c, err := e.connect()
	if err != nil {
		return err
	}
	return errors.Join(f(c), c.stop())
}
