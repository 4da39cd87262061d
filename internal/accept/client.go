package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// client is a person's way in: HTTPS with the app password of demo.json. All its requests use one connection.
type client struct {
	h    *hospital
	who  demoPerson
	http *http.Client
}

// as returns the client of the person with this login, with the connection that it has.
func (h *hospital) as(login string) *client {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.clients[login] == nil {
		h.clients[login] = h.alone(login)
	}
	return h.clients[login]
}

// alone returns a further client, with a connection of its own. Its user closes it.
func (h *hospital) alone(login string) *client {
	c := &client{h: h}
	for _, p := range h.demo.People {
		if p.Login == login {
			c.who = p
		}
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(32 << 10) // what is in flight is not hidden in our own kernel's buffer
		}
		return conn, err
	}
	c.http = &http.Client{
		Timeout: 2 * time.Minute,
		Transport: &http.Transport{
			DialContext: dial, MaxConnsPerHost: 1, DisableCompression: true,
			TLSClientConfig: &tls.Config{RootCAs: h.ca, MinVersion: tls.VersionTLS13},
			TLSNextProto:    map[string]func(string, *tls.Conn) http.RoundTripper{}, // one connection, one request at a time
		},
	}
	return c
}

func (c *client) close() { c.http.CloseIdleConnections() }

// answer is a whole reply.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// same reports whether two replies cannot be told apart. The date is when, not what.
func (a answer) same(b answer) bool {
	x, y := a.header.Clone(), b.header.Clone()
	x.Del("Date")
	y.Del("Date")
	return a.status == b.status && bytes.Equal(a.body, b.body) &&
		slices.Equal(headerLines(x), headerLines(y))
}

func headerLines(h http.Header) []string {
	var lines []string
	for name, values := range h {
		lines = append(lines, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(lines)
	return lines
}

func (a answer) String() string {
	return fmt.Sprintf("%d %v %d bytes %.200q", a.status, headerLines(a.header), len(a.body), a.body)
}

// request makes one; header alternates names and values.
func (c *client) request(ctx context.Context, method, path string, body io.Reader, header ...string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.h.url+path, body)
	if err != nil {
		return nil, err
	}
	if c.who.Login != "" {
		r.SetBasicAuth(c.who.Login, c.who.AppPassword)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r, nil
}

// ask sends a request without a body and reads the whole reply.
func (c *client) ask(ctx context.Context, method, path string, header ...string) (answer, error) {
	r, err := c.request(ctx, method, path, http.NoBody, header...)
	if err != nil {
		return answer{}, err
	}
	return c.send(r)
}

func (c *client) send(r *http.Request) (answer, error) {
	res, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, b}, err
}

// refused is an answer of the API that is not a success.
type refused struct {
	method, path string
	answer       answer
}

func (e *refused) Error() string {
	return fmt.Sprintf("%s %s: %d %.300s", e.method, e.path, e.answer.status, e.answer.body)
}

// call speaks JSON: in and out may be nil. Everything but a success is an error of type *refused.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader = http.NoBody
	header := []string{}
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body, header = bytes.NewReader(b), []string{"Content-Type", "application/json"}
	}
	r, err := c.request(ctx, method, path, body, header...)
	if err != nil {
		return err
	}
	a, err := c.send(r)
	if err != nil {
		return err
	}
	if a.status >= http.StatusBadRequest {
		return &refused{method, path, a}
	}
	if out == nil || len(a.body) == 0 {
		return nil
	}
	return json.Unmarshal(a.body, out)
}

// made is what an act answers.
type made struct {
	IDs []string `json:"ids"`
}

// act posts and returns the IDs of what was made or changed.
func (c *client) act(ctx context.Context, path string, in any) ([]string, error) {
	var m made
	err := c.call(ctx, http.MethodPost, path, in, &m)
	return m.IDs, err
}

// picture is an asset as the API shows it.
type picture struct {
	ID          string `json:"id"`
	State       string `json:"state"`
	Reason      string `json:"reason"`
	Patient     string `json:"patient"`
	Session     string `json:"session"`
	Job         string `json:"job"`
	Name        string `json:"name"`
	SHA256      string `json:"sha256"`
	IDShot      bool   `json:"idShot"`
	TakenAt     string `json:"takenAt"`
	TakenLocal  string `json:"takenLocal"`
	Estimated   bool   `json:"takenEstimated"`
	Make        string `json:"make"`
	Orientation int    `json:"orientation"`
	Thumb       bool   `json:"thumb"`
}

type hits struct {
	Total  int       `json:"total"`
	Items  []picture `json:"items"`
	Next   string    `json:"next"`
	Facets map[string][]struct {
		Value string `json:"value"`
		Count int    `json:"count"`
	} `json:"facets"`
}

// search asks for one page.
func (c *client) search(ctx context.Context, q url.Values) (hits, error) {
	var h hits
	rest := maps.Clone(q)
	rest.Del("q")
	err := c.call(ctx, http.MethodPost, "/api/v1/search?"+rest.Encode(), map[string]string{"q": q.Get("q")}, &h)
	return h, err
}

// pictures are all that the person finds of a patient.
func (c *client) pictures(ctx context.Context, patient string) ([]picture, error) {
	var all []picture
	q := url.Values{"patient": {patient}, "limit": {"500"}}
	for {
		page, err := c.search(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, nil
		}
		q.Set("cursor", page.Next)
	}
}

// arrivals is what lies in a photographer's studios.
type arrivals struct {
	Runs []struct {
		ID      string `json:"id"`
		Patient struct {
			ID string `json:"id"`
		} `json:"patient"`
		Assets []picture `json:"assets"`
	} `json:"runs"`
	Quarantine []picture         `json:"quarantine"`
	Counts     map[string]counts `json:"counts"`
}

// counts of what landed.
type counts struct {
	Found       int `json:"found"`
	Kept        int `json:"kept"`
	Duplicate   int `json:"duplicate"`
	Quarantined int `json:"quarantined"`
	Ignored     int `json:"ignored"`
}

func (c counts) String() string {
	return fmt.Sprintf("%d found = %d kept + %d duplicate + %d quarantined + %d ignored", c.Found, c.Kept, c.Duplicate, c.Quarantined, c.Ignored)
}

// adds reports whether the counts add up.
func (c counts) adds() bool { return c.Found == c.Kept+c.Duplicate+c.Quarantined+c.Ignored }

func (c counts) plus(d counts) counts {
	return counts{c.Found + d.Found, c.Kept + d.Kept, c.Duplicate + d.Duplicate, c.Quarantined + d.Quarantined, c.Ignored + d.Ignored}
}

func (c *client) arrivals(ctx context.Context) (arrivals, error) {
	var a arrivals
	err := c.call(ctx, http.MethodGet, "/api/v1/arrivals", nil, &a)
	return a, err
}

// healthy reports an error where the program does not answer that it can serve.
func (h *hospital) healthy(ctx context.Context) error {
	a, err := h.as("lea").ask(ctx, http.MethodGet, "/readyz")
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("readyz: %s", a)
	}
	return err
}

// cli runs a command of the program on this hospital's DATA and returns what it printed and its exit code.
func (h *hospital) cli(ctx context.Context, args ...string) (stdout, stderr string, code int) {
	cmd := exec.CommandContext(ctx, h.tr.fovea, append([]string{"--data", h.data()}, args...)...) //nolint:gosec // the program under trial
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		return "", err.Error(), -1
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed.
func (h *hospital) must(ctx context.Context, args ...string) (string, error) {
	out, errs, code := h.cli(ctx, args...)
	if code != 0 {
		return out, fmt.Errorf("fovea %s: exit code %s: %s", strings.Join(args, " "), strconv.Itoa(code), errs)
	}
	return out, nil
}
