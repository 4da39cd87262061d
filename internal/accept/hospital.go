package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// hospital is a demo: its folder, and the program while it runs.
type hospital struct {
	tr   *trial
	dir  string
	from string // the folder that this one was copied from

	config string // a configuration to serve with in place of the demo's own
	demo   demoFile
	url    string
	ca     *x509.CertPool

	cmd    *exec.Cmd
	exited chan struct{} // closed once the program has ended; failed says how
	failed error
	stderr bytes.Buffer
	work   sync.WaitGroup
	said   <-chan struct{} // closed once it is ready
	drops  int

	mu      sync.Mutex
	clients map[string]*client // by login, since the last start
}

// demoFile is demo.json as docs/formats/demo.md has it.
type demoFile struct {
	Format   string        `json:"fovea"`
	URL      string        `json:"url"`
	CAFile   string        `json:"ca_file"`
	Data     string        `json:"data"`
	Walk     string        `json:"walk"`
	People   []demoPerson  `json:"people"`
	Studios  []demoStudio  `json:"studios"`
	Patients []demoPatient `json:"patients"`
	Jobs     []demoJob     `json:"jobs"`
	Grants   []demoGrant   `json:"grants"`
	Sets     []demoSet     `json:"sets"`
}

type demoPerson struct {
	ID          string `json:"id"`
	Login       string `json:"login"`
	Role        string `json:"role"`
	Password    string `json:"password"`
	AppPassword string `json:"app_password"`
}

type demoStudio struct {
	ID     string          `json:"id"`
	Folder string          `json:"folder"`
	Rules  []string        `json:"rules"`
	Ticket json.RawMessage `json:"ticket_example"`
}

type demoPatient struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Family string `json:"family"`
	Given  string `json:"given"`
	System string `json:"system"`
	Number string `json:"number"`
}

type demoJob struct {
	ID      string `json:"id"`
	Number  string `json:"number"`
	Patient string `json:"patient"`
	Studio  string `json:"studio"`
	Filed   bool   `json:"filed"`
}

type demoGrant struct {
	ID      string `json:"id"`
	Patient string `json:"patient"`
	Status  string `json:"status"`
}

type demoSet struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Owner string `json:"owner"`
	Path  string `json:"path"`
}

func (h *hospital) data() string { return filepath.Join(h.dir, "var") }

// log is the file that the program logs to.
func (h *hospital) log() string { return h.data() + ".log" }

// startWithin bounds a start; the first one draws the demo's pictures.
const startWithin = 6 * time.Minute

// start runs the program until it says ready.
func (h *hospital) start(ctx context.Context) error {
	if err := h.launch(ctx); err != nil {
		return err
	}
	return h.ready(ctx)
}

// launch starts the program and does not wait for it to be ready.
func (h *hospital) launch(ctx context.Context) error {
	listen, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	h.url = "https://" + listen
	h.stderr.Reset()
	// Not CommandContext: the program is to be told to stop, not to be killed, when the trial is interrupted.
	args := []string{"serve", "--demo", "--data", h.data(), "--listen", listen}
	if h.config != "" {
		args = []string{"--config", h.config, "serve", "--data", h.data(), "--listen", listen}
	}
	h.cmd = exec.Command(h.tr.fovea, args...) //nolint:gosec,noctx // the program under trial
	h.cmd.Stderr = &h.stderr
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, w, err := os.Pipe()
	if err != nil {
		return err
	}
	h.cmd.Stdout = w
	err = h.cmd.Start()
	_ = w.Close()
	if err != nil {
		_ = out.Close()
		return err
	}
	h.exited = make(chan struct{})
	said := make(chan struct{})
	h.work.Go(func() { h.listen(out, said) })
	h.work.Go(func() { h.watch(h.cmd.Process.Pid, h.exited) })
	h.work.Go(func() {
		h.failed = h.cmd.Wait()
		close(h.exited)
	})
	h.said = said
	return nil
}

// listen reads what the program prints and closes said at the line that says ready.
func (h *hospital) listen(out io.ReadCloser, said chan struct{}) {
	defer func() { _ = out.Close() }()
	lines := bufio.NewScanner(out)
	for told := false; lines.Scan(); {
		if lines.Text() == "ready "+h.url && !told {
			told = true
			close(said)
		}
	}
}

// watch notes the program's anonymous memory until it ends.
func (h *hospital) watch(pid int, exited <-chan struct{}) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-exited:
			return
		case <-tick.C:
			if kb, err := statusNumber(pid, "RssAnon"); err == nil {
				h.tr.saw(kb << 10)
			}
		}
	}
}

// ready waits until the program says that it is, and reads demo.json.
func (h *hospital) ready(ctx context.Context) error {
	timer := time.NewTimer(startWithin)
	defer timer.Stop()
	select {
	case <-h.said:
	case <-h.exited:
		return fmt.Errorf("the program ended before it was ready: %w: %s", h.failed, h.stderr.String())
	case <-timer.C:
		return fmt.Errorf("the program was not ready within %s", startWithin)
	case <-ctx.Done():
		return ctx.Err()
	}
	b, err := os.ReadFile(filepath.Join(h.dir, "demo.json"))
	if err != nil {
		return err
	}
	if h.from != "" { // a copy speaks of the folder that it was copied from, or of the one that that was copied from
		b = bytes.ReplaceAll(b, []byte(h.from+"/"), []byte(h.dir+"/"))
		b = bytes.ReplaceAll(b, []byte(h.tr.seeded.dir+"/"), []byte(h.dir+"/"))
	}
	h.demo = demoFile{}
	if err := json.Unmarshal(b, &h.demo); err != nil {
		return fmt.Errorf("demo.json: %w", err)
	}
	pem, err := os.ReadFile(h.demo.CAFile)
	if err != nil {
		return err
	}
	h.ca = x509.NewCertPool()
	if !h.ca.AppendCertsFromPEM(pem) {
		return errors.New("the CA file holds no certificate")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.clients { // of the program that was
		c.close()
	}
	h.clients = map[string]*client{}
	return nil
}

// alive reports whether the program runs.
func (h *hospital) alive() bool {
	if h.exited == nil {
		return false
	}
	select {
	case <-h.exited:
		return false
	default:
		return true
	}
}

// stop tells the program to stop, and says so when it does not, or not well.
func (h *hospital) stop() error {
	if !h.alive() {
		return nil
	}
	if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.NewTimer(45 * time.Second)
	defer timer.Stop()
	select {
	case <-h.exited:
	case <-timer.C:
		return errors.Join(errors.New("the program did not stop within 45 s of SIGTERM"), h.kill())
	}
	h.work.Wait()
	if h.failed != nil {
		return fmt.Errorf("the program stopped badly: %w: %s", h.failed, h.stderr.String())
	}
	return nil
}

// kill ends the program at this instant.
func (h *hospital) kill() error {
	if !h.alive() {
		return errors.New("the program ended by itself: " + h.stderr.String())
	}
	if err := h.cmd.Process.Kill(); err != nil {
		return err
	}
	<-h.exited
	h.work.Wait()
	return nil
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// statusNumber reads a number of /proc/PID/status.
func statusNumber(pid int, name string) (int64, error) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s is not in the status of %d", name, pid)
}
