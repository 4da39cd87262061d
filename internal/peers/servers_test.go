//go:build peers

package peers_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// peer is a server that runs.
type peer struct {
	name   string
	url    string // of the folder above the sets, without a slash at its end
	tls    string // the same over TLS; empty: it has none
	secret string // of the app password that it wants
	roots  *x509.CertPool
	pid    int
	say    func(*testing.T, string) // tells our own server to do something
}

// fovea starts our own server.
func fovea(t *testing.T, w world) *peer {
	t.Helper()
	p, at := child(t, "fovea", w.vault())
	p.url, p.tls, p.secret = at.Plain+"/dav/teaching", at.TLS+"/dav/teaching", w.Secret
	pem, err := os.ReadFile(at.CA)
	if err != nil {
		t.Fatal(err)
	}
	p.roots = x509.NewCertPool()
	p.roots.AppendCertsFromPEM(pem)
	return p
}

func xnet(t *testing.T, w world) *peer {
	t.Helper()
	p, at := child(t, "xnet", w.files())
	p.url = at.Plain
	return p
}

// child starts this program once more, as a server.
func child(t *testing.T, what, dir string) (*peer, told) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-serve", what, "-in", dir)
	var said bytes.Buffer
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v: %s", what, err, said.String())
		}
	})
	answers := bufio.NewReader(out)
	answer := func(t *testing.T) string {
		t.Helper()
		line, err := answers.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v: %s", what, err, said.String())
		}
		return line
	}
	var at told
	if err := json.Unmarshal([]byte(answer(t)), &at); err != nil {
		t.Fatal(err)
	}
	return &peer{name: what, pid: cmd.Process.Pid, say: func(t *testing.T, line string) {
		t.Helper()
		if _, err := fmt.Fprintln(in, line); err != nil {
			t.Fatal(err)
		}
		answer(t)
	}}, at
}

func apache(t *testing.T, w world) *peer {
	t.Helper()
	dir, at := place(t, w, "apache2"), freeAddress(t)
	conf := filepath.Join(dir, "apache2.conf")
	modules := ""
	for _, m := range []string{"mpm_event", "authz_core", "mime", "dav", "dav_fs"} {
		modules += fmt.Sprintf("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n", m, m)
	}
	write(t, conf, modules+fmt.Sprintf(`ServerRoot %[1]q
ServerName localhost
Listen %[2]s
User www-data
Group www-data
PidFile %[1]s/pid
DefaultRuntimeDir %[1]s
ErrorLog %[1]s/error.log
TypesConfig /etc/mime.types
MaxKeepAliveRequests 0
DavLockDB %[1]s/locks
DocumentRoot %[3]q
<Directory %[3]q>
  Dav On
  Require all granted
</Directory>
`, dir, at, w.files()))
	return daemon(t, at, "apache2", "-f", conf, "-DFOREGROUND")
}

func nginx(t *testing.T, w world) *peer {
	t.Helper()
	dir, at := place(t, w, "nginx"), freeAddress(t)
	conf := filepath.Join(dir, "nginx.conf")
	write(t, conf, fmt.Sprintf(`load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
daemon off;
user www-data;
worker_processes auto;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 512; }
http {
  include /etc/nginx/mime.types;
  access_log off;
  sendfile on;
  keepalive_requests 1000000;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  server {
    listen %[2]s;
    root %[3]s;
    dav_ext_methods PROPFIND OPTIONS;
  }
}
`, dir, at, w.files()))
	return daemon(t, at, "nginx", "-c", conf, "-p", dir)
}

func rclone(t *testing.T, w world) *peer {
	t.Helper()
	dir, at := place(t, w, "rclone"), freeAddress(t)
	return daemon(t, at, "rclone", "serve", "webdav", w.files(), "--addr", at, "--read-only", "--config", filepath.Join(dir, "none.conf"))
}

// place is a folder of a server's own.
func place(t *testing.T, w world, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp(w.dir, name) //nolint:usetesting // the server's own user writes into it, and may not enter what t.TempDir makes
	if err == nil {
		err = os.Chmod(dir, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// daemon starts a server and waits until it answers.
func daemon(t *testing.T, at, program string, args ...string) *peer {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v; run scripts/setup bench", program, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			t.Errorf("%s did not end", program)
		}
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		if c, err := net.Dial("tcp", at); err == nil {
			_ = c.Close()
			return &peer{name: program, url: "http://" + at, pid: cmd.Process.Pid}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %s", program, said.String())
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// client has as many connections to the server as are asked for, and keeps them.
func (p *peer) client(n int) *http.Client {
	return &http.Client{Transport: &http.Transport{
		MaxConnsPerHost: n, MaxIdleConnsPerHost: n, DisableCompression: true,
		TLSClientConfig: &tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS13},
		TLSNextProto:    map[string]func(string, *tls.Conn) http.RoundTripper{},
	}}
}

// ask sends a request, its method and address, and returns the answer, which has to have this status.
func (p *peer) ask(t *testing.T, c *http.Client, status int, what string, header ...string) *http.Response {
	t.Helper()
	method, url, _ := strings.Cut(what, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if p.secret != "" {
		r.SetBasicAuth("stella", p.secret)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	if res.StatusCode != status {
		_ = res.Body.Close()
		t.Fatalf("%s: %s: %s", p.name, what, res.Status)
	}
	return res
}

// read reads an answer to its end and returns its length.
func read(t *testing.T, res *http.Response) int64 {
	t.Helper()
	n, err := io.Copy(io.Discard, res.Body)
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// peak is the most memory that the processes of a server have had, in bytes: the sum of VmHWM, or with another field of it.
func (p *peer) peak(t *testing.T, field string) int64 {
	t.Helper()
	var sum int64
	for _, pid := range family(t, p.pid) {
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, field+":"); ok {
				kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				sum += kb << 10
			}
		}
	}
	return sum
}

// family is a process and all that it started.
func family(t *testing.T, pid int) []int {
	t.Helper()
	all := []int{pid}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(b)) {
		child, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, family(t, child)...)
	}
	return all
}
