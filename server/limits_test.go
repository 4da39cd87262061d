package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"fovea/server"
)

const mebibyte = 1 << 20

// large answers with 8 MiB and says how that went.
func large(ended chan<- error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		block := make([]byte, mebibyte)
		for range 8 {
			if _, err := w.Write(block); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	})
}

// A client that takes ten times as long as the limit of progress, but never stops, gets everything.
func TestASlowClientIsServedToTheEnd(t *testing.T) {
	ended := make(chan error, 1)
	r := start(t, server.Options{Pages: large(ended), Limits: server.Limits{Progress: 200 * time.Millisecond}})
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("h2=%t", h2), func(t *testing.T) {
			body := r.download(t, h2)
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			total := int64(0)
			for {
				<-tick.C
				n, err := io.CopyN(io.Discard, body, 128<<10)
				if total += n; err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("cut after %d bytes: %v", total, err)
				}
			}
			if total != 8*mebibyte {
				t.Errorf("%d bytes", total)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAStalledClientIsCut(t *testing.T) {
	ended := make(chan error, 1)
	r := start(t, server.Options{Pages: large(ended), Limits: server.Limits{Progress: 200 * time.Millisecond}})
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("h2=%t", h2), func(t *testing.T) {
			r.download(t, h2)
			select {
			case err := <-ended:
				if err == nil {
					t.Error("8 MiB went to a client that reads nothing")
				}
			case <-time.After(20 * time.Second):
				t.Error("the server still waits")
			}
		})
	}
}

// download asks for the large page and returns its body unread.
func (r *running) download(t *testing.T, h2 bool) io.Reader {
	t.Helper()
	if !h2 {
		c := r.dial(t)
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response.Body
	}
	response, err := r.client.Get("https://" + r.address + "/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response.Body
}

// reading answers with how many bytes came.
func reading() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			http.Error(w, "cut", http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, n)
	})
}

func TestAnUploadMayBeSlowButNotStill(t *testing.T) {
	r := start(t, server.Options{API: reading(), Limits: server.Limits{Progress: time.Second}})
	c := r.dial(t)
	const header = "POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n"
	if _, err := io.WriteString(c, header); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 30 { // three times the limit of progress
		<-tick.C
		if _, err := io.WriteString(c, "x"); err != nil {
			t.Fatal(err)
		}
	}
	answers := bufio.NewReader(c)
	response, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(response.Body); string(body) != "30" {
		t.Errorf("slow: %s %q", response.Status, body)
	}
	if _, err := io.WriteString(c, header+"half of it"); err != nil {
		t.Fatal(err)
	}
	if response, err = http.ReadResponse(answers, nil); err != nil || response.StatusCode != http.StatusBadRequest {
		t.Errorf("still: %v, %v", response, err)
	}
}

// A body that a handler does not want, and that does not come, holds no connection.
func TestAnUploadThatNobodyReadsMayNotBeStillEither(t *testing.T) {
	r := start(t, server.Options{
		API: says("no"), Drive: says("no"), Limits: server.Limits{Progress: 2 * time.Second},
	})
	for _, path := range []string{"/api/x", "/dav/teaching/x"} {
		c := r.dial(t)
		if _, err := io.WriteString(c, "PUT "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nhalf"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", path, response, err)
		}
		if _, err := io.ReadAll(c); err != nil && strings.Contains(err.Error(), "i/o timeout") {
			t.Errorf("%s: the connection was kept open for a minute", path)
		}
	}
}

func TestAHeaderThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	r := start(t, server.Options{Pages: says("pages"), Limits: server.Limits{Header: 200 * time.Millisecond}})
	c := r.dial(t)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: "); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(c); err != nil && strings.Contains(err.Error(), "i/o timeout") {
		t.Error("the connection was kept open for a minute")
	}
}

func TestABodyIsNotEndless(t *testing.T) {
	r := start(t, server.Options{API: reading(), Limits: server.Limits{Body: 1000}})
	for size, want := range map[int]int{1000: http.StatusOK, 1001: http.StatusBadRequest} {
		response, err := r.client.Post("https://"+r.address+"/api/x", "", strings.NewReader(strings.Repeat("x", size)))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%d bytes: %s", size, response.Status)
		}
	}
}

func TestAnAddressHasARate(t *testing.T) {
	r := start(t, server.Options{Pages: says("pages"), Limits: server.Limits{Rate: 0.001, Burst: 3}})
	for i := range 5 {
		code, _, header := r.ask(t, "GET", "/")
		if want := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[i < 3]; code != want {
			t.Errorf("request %d: %d, want %d", i+1, code, want)
		}
		if code == http.StatusTooManyRequests && header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
}

// Whoever carries good credentials has a rate of their own, so that nobody at the same address uses it up for them.
func TestAStrangerUsesUpNobodysRate(t *testing.T) {
	known := func(r *http.Request) string { return r.Header.Get("Authorization") }
	r := start(t, server.Options{Pages: says("pages"), Known: known, Limits: server.Limits{Rate: 0.001, Burst: 3}})
	for range 10 {
		r.ask(t, "GET", "/")
	}
	if code, _, _ := r.ask(t, "GET", "/"); code != http.StatusTooManyRequests {
		t.Fatalf("a stranger beyond the rate: %d", code)
	}
	for i := range 5 {
		code, _, _ := r.ask(t, "GET", "/", "Authorization: ada")
		if want := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[i < 3]; code != want {
			t.Errorf("request %d of who is known: %d, want %d", i+1, code, want)
		}
	}
	if code, _, _ := r.ask(t, "GET", "/", "Authorization: bea"); code != http.StatusOK {
		t.Errorf("somebody else who is known: %d", code)
	}
}
