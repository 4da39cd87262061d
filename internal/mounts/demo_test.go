//go:build mounts

package mounts_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// demo is the program on its demo, and demo.json.
type demo struct {
	URL    string `json:"url"`
	CAFile string `json:"ca_file"`
	People []struct {
		Login       string `json:"login"`
		Password    string `json:"password"`
		AppPassword string `json:"app_password"`
	} `json:"people"`
	Patients []struct {
		ID     string `json:"id"`
		Key    string `json:"key"`
		System string `json:"system"`
	} `json:"patients"`

	ca   []byte
	http *http.Client
	log  string // the file
}

// device is an app password.
type device struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
	Login  string `json:"-"`
}

var (
	started  *demo
	startErr error
)

// TestMain starts the program once; the tests are about the drive, not about the start.
func TestMain(m *testing.M) {
	program := flag.String("fovea", "../../bin/fovea", "the program to try")
	flag.Parse()
	stop := func() error { return nil }
	dir, err := os.MkdirTemp("", "fovea-mounts-demo-")
	if startErr = err; err == nil {
		started, stop, startErr = start(*program, dir)
	}
	m.Run()
	if err := errors.Join(stop(), os.RemoveAll(dir)); err != nil {
		panic(err)
	}
}

// demoOf returns the demo, or fails and says what is missing.
func demoOf(t *testing.T) *demo {
	t.Helper()
	if startErr != nil {
		t.Fatal(startErr)
	}
	return started
}

// start runs the program's demo in dir until it is ready. What it returns to stop it is never nil.
func start(program, dir string) (*demo, func() error, error) {
	idle := func() error { return nil }
	if os.Geteuid() != 0 {
		return nil, idle, errors.New("mounting needs root: run make test-mounts as root")
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return nil, idle, fmt.Errorf("mounting needs FUSE: load its module, or give the container /dev/fuse: %w", err)
	}
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, idle, err
	}
	if _, err := os.Stat(program); err != nil {
		return nil, idle, fmt.Errorf("there is no program to try: run make build first: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, idle, err
	}
	address := listener.Addr().String()
	_ = listener.Close()
	cmd := exec.Command(program, "serve", "--demo", "--data", filepath.Join(dir, "var"), "--listen", address)
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, idle, err
	}
	if err := cmd.Start(); err != nil {
		return nil, idle, err
	}
	ready, printed := make(chan bool, 1), make(chan struct{})
	go func() {
		defer close(printed)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if lines.Text() == "ready https://"+address {
				ready <- true
			}
		}
	}()
	stop := func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		force := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		defer force.Stop()
		<-printed
		return cmd.Wait()
	}
	select {
	case <-ready:
		d, err := read(dir)
		return d, stop, err
	case <-printed:
		return nil, idle, fmt.Errorf("the demo does not start: %w: %s", cmd.Wait(), said.String())
	case <-time.After(6 * time.Minute):
		return nil, stop, errors.New("the demo is not ready after six minutes")
	}
}

func read(dir string) (*demo, error) {
	b, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if err != nil {
		return nil, err
	}
	d := &demo{log: filepath.Join(dir, "var.log")}
	if err := json.Unmarshal(b, d); err != nil {
		return nil, err
	}
	if d.ca, err = os.ReadFile(d.CAFile); err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(d.ca) {
		return nil, errors.New("the CA file holds no certificate")
	}
	d.http = &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}}
	return d, d.rendered()
}

// rendered waits until both sets are whole on the drive: until their number of pictures stays the same for a while.
func (d *demo) rendered() error {
	deadline, same, last := time.Now().Add(2*time.Minute), 0, -1
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		a, err := d.listing(set)
		b, otherErr := d.listing(otherSet)
		if err = errors.Join(err, otherErr); err != nil {
			return err
		}
		if n := len(a) + len(b); n == last && len(a) > 0 && len(b) > 1 {
			same++
		} else {
			same, last = 0, n
		}
		if same == 20 {
			return nil
		}
		<-tick.C
	}
	return errors.New("the demo's sets do not come to rest on the drive")
}

// ask sends a request with somebody's app password and returns status and body.
func (d *demo) ask(login, method, at string, in any, header ...string) (int, []byte, error) {
	return d.askOver(d.http, login, method+" "+at, in, header...)
}

// askOver makes a request such as "GET /api/v1/me" over a client of its own. Where that has signed in, its cookie says who
// asks.
func (d *demo) askOver(over *http.Client, login, what string, in any, header ...string) (int, []byte, error) {
	method, at, _ := strings.Cut(what, " ")
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return 0, nil, err
		}
		header = append(header, "Content-Type", "application/json")
	}
	r, err := http.NewRequestWithContext(context.Background(), method, d.URL+at, &body)
	if err != nil {
		return 0, nil, err
	}
	for _, p := range d.People {
		if p.Login == login && over.Jar == nil {
			r.SetBasicAuth(login, p.AppPassword)
		}
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := over.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, b, err
}

// get reads a path of the drive as the reader.
func (d *demo) get(t *testing.T, at string) (status int, body []byte) {
	t.Helper()
	status, body, err := d.ask(readerName, http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	return status, body
}

// list is what the server lists of a set, names and paths.
func (d *demo) list(t *testing.T, name string) map[string]string {
	t.Helper()
	files, err := d.listing(name)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (d *demo) listing(name string) (map[string]string, error) {
	status, b, err := d.ask(readerName, "PROPFIND", "/dav/teaching/"+url.PathEscape(name)+"/", nil, "Depth", "1")
	if err != nil || status != http.StatusMultiStatus {
		return nil, fmt.Errorf("PROPFIND: status %d: %w", status, err)
	}
	var m struct {
		Hrefs []string `xml:"response>href"`
	}
	if err := xml.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, href := range m.Hrefs {
		if !strings.HasSuffix(href, ".jpg") {
			continue
		}
		plain, err := url.PathUnescape(href)
		if err != nil {
			return nil, err
		}
		files[path.Base(plain)] = href
	}
	return files, nil
}

// withdraw takes all consent of a patient back, as who treats them, and returns what gives it again. When the test is
// over it is given again in any case.
func (d *demo) withdraw(t *testing.T, key string) (allow func()) {
	t.Helper()
	patient := ""
	for _, p := range d.Patients {
		if p.Key == key {
			patient = "/api/v1/patients/" + p.ID
		}
	}
	var page struct {
		Grants []map[string]any `json:"grants"`
	}
	d.call(t, "henri", "GET "+patient, nil, &page)
	d.call(t, "henri", "POST "+patient+"/withdrawals", map[string]string{"reason": "the patient said so"}, nil)
	allow = sync.OnceFunc(func() {
		for _, g := range page.Grants {
			if g["status"] != "given" {
				continue
			}
			for _, of := range []string{"id", "recordedAt", "withdrawnAt"} {
				delete(g, of)
			}
			d.call(t, "lea", "POST "+patient+"/consents", g, nil)
		}
	})
	t.Cleanup(allow)
	return allow
}

// call makes a request such as "GET /api/v1/me", speaks JSON and has to succeed; in and out may be nil.
func (d *demo) call(t *testing.T, login, what string, in, out any) {
	t.Helper()
	method, at, _ := strings.Cut(what, " ")
	status, b, err := d.ask(login, method, at, in)
	if err == nil && status < http.StatusBadRequest && out != nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil || status >= http.StatusBadRequest {
		t.Fatalf("%s %s: status %d, %v: %s", method, at, status, err, b)
	}
}

// complains shows what the program warned of, where the test failed.
func (d *demo) complains(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile(d.log)
	if !t.Failed() || err != nil {
		return
	}
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, `"level":"WARN"`) || strings.Contains(line, `"level":"ERROR"`) {
			t.Log(strings.TrimSpace(line))
		}
	}
}

// device makes an app password of somebody's for one mount.
func (d *demo) device(t *testing.T, login string) (dev device) {
	t.Helper()
	b := d.themselves(t, login, "POST /api/v1/app-passwords", map[string]string{"device": "a mount of the tests"})
	if err := json.Unmarshal(b, &dev); err != nil {
		t.Fatal(err)
	}
	dev.Login = login
	return dev
}

func (d *demo) revoke(t *testing.T, dev device) {
	t.Helper()
	d.themselves(t, dev.Login, "DELETE /api/v1/app-passwords/"+dev.ID, nil)
}

// themselves makes a request as somebody who has signed in with their own password: no device makes or ends devices.
func (d *demo) themselves(t *testing.T, login, what string, in any) []byte {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	over := &http.Client{Timeout: time.Minute, Transport: d.http.Transport, Jar: jar}
	signIn := map[string]string{"login": login}
	for _, p := range d.People {
		if p.Login == login {
			signIn["password"] = p.Password
		}
	}
	if status, b, err := d.askOver(over, login, "POST /api/v1/session", signIn); err != nil || status != http.StatusOK {
		t.Fatalf("sign in: status %d, %v: %s", status, err, b)
	}
	status, b, err := d.askOver(over, login, what, in)
	if err != nil || status >= http.StatusBadRequest {
		t.Fatalf("%s: status %d, %v: %s", what, status, err, b)
	}
	return b
}

func checksum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// until waits for something that has to come about within half a minute.
func until(t *testing.T, what string, come func() bool) {
	t.Helper()
	within(t, 30*time.Second, what, come)
}

func within(t *testing.T, limit time.Duration, what string, come func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !come(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("within %s not so: %s", limit, what)
		}
	}
}
