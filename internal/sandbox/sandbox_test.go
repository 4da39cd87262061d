package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fovea/internal/sandbox"
)

// open gives the sandbox of this machine, in both forms where both exist.
func open(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Open(t.Context(), sandbox.Options{AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unconfined(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Open(t.Context(), sandbox.Options{Bwrap: "/nonexistent/bwrap", AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	if s.Confined() {
		t.Fatal("confined without bubblewrap")
	}
	return s
}

func TestRefusesToRunUnconfinedUnlessAllowed(t *testing.T) {
	_, err := sandbox.Open(t.Context(), sandbox.Options{Bwrap: "/nonexistent/bwrap"})
	if !errors.Is(err, sandbox.ErrUnavailable) {
		t.Fatalf("Open without bubblewrap = %v, want ErrUnavailable", err)
	}
}

func TestInputReachesTheChildBothWays(t *testing.T) {
	for name, s := range map[string]*sandbox.Sandbox{"confined": open(t), "unconfined": unconfined(t)} {
		want := bytes.Repeat([]byte("pixel"), 300_000) // larger than any pipe
		for _, c := range []sandbox.Command{
			{Path: "/usr/bin/cat", Input: sandbox.Stream(bytes.NewReader(want))},
			{Path: "/usr/bin/cat", Args: []string{sandbox.DataPath}, Input: sandbox.File(bytes.NewReader(want))},
		} {
			got, err := s.Run(t.Context(), c)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: cat %v = %d bytes, %v; want %d bytes", name, c.Args, len(got), err, len(want))
			}
		}
	}
}

func TestChildSeesNeitherFilesNorNetworkNorEnvironment(t *testing.T) {
	s := open(t)
	if !s.Confined() {
		t.Log("no user namespaces on this machine: only the refusal is tested")
		return
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	t.Setenv("FOVEA_SECRET", "1")
	script := strings.Join([]string{
		"test ! -e " + secret, "test ! -e /etc/passwd", "test ! -e /root", "test ! -e /home",
		"! touch /usr/x 2>/dev/null", "test -z \"$FOVEA_SECRET\"",
		"! (exec 3<>/dev/tcp/127.0.0.1/" + port + ") 2>/dev/null",
		"test $(ls -d /proc/[0-9]* | wc -l) -lt 12",
		"test $(id -u) = 65534",
	}, " && ")
	if out, err := s.Run(t.Context(), sandbox.Command{Path: "/usr/bin/bash", Args: []string{"-c", script}}); err != nil {
		t.Fatalf("a child saw what it must not: %v %s", err, out)
	}
}

// As root, a child that could write /proc/sys/kernel/core_pattern would choose a
// program that the kernel runs outside of every namespace. The test asks for
// what may be written and writes nothing there.
func TestChildWritesNowhereButToItsOwnSmallFolder(t *testing.T) {
	s := open(t)
	if !s.Confined() {
		t.Log("no namespaces on this machine: only the refusal is tested")
		return
	}
	script := `for d in / /dev /dev/shm /run /etc /var /proc; do [ -w $d ] && echo $d; done
		for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/drop_caches /proc/sysrq-trigger; do
			[ -w $f ] && echo $f; done
		echo small >/tmp/own && cat /tmp/own; echo x >/dev/null && head -c 1 /dev/urandom >/dev/null || echo devices
		head -c 2000000 /dev/zero >/tmp/large 2>/dev/null && echo large; true`
	out, err := s.Run(t.Context(), sandbox.Command{
		Path: "/usr/bin/sh", Args: []string{"-c", script}, Limits: sandbox.Limits{File: 1 << 20},
		Input: sandbox.File(strings.NewReader("x")),
	})
	if err != nil || string(out) != "small\n" {
		t.Errorf("the child could write: %q, %v; want its /tmp alone", out, err)
	}
}

func TestDeadlineKillsTheChildAndItsChildren(t *testing.T) {
	for name, s := range map[string]*sandbox.Sandbox{"confined": open(t), "unconfined": unconfined(t)} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		mark := "31415." + name[:1] // a duration that names this test's sleepers in the process list
		mark = strings.NewReplacer("c", "1", "u", "2").Replace(mark)
		start := time.Now()
		_, err := s.Run(ctx, sandbox.Command{
			Path: "/usr/bin/sh", Args: []string{"-c", "sleep " + mark + " & sleep " + mark + " & wait"},
		})
		cancel()
		if !errors.Is(err, sandbox.ErrDeadline) {
			t.Errorf("%s: err = %v, want ErrDeadline", name, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		waitGone(t, mark)
	}
}

// waitGone fails unless every process with mark on its command line ends soon.
func waitGone(t *testing.T, mark string) {
	t.Helper()
	end := time.After(5 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for running(mark) {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("a child with %q outlived its sandbox", mark)
		}
	}
}

func running(mark string) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte(mark)) {
			return true
		}
	}
	return false
}

func TestLimitsHold(t *testing.T) {
	s := open(t)
	tests := map[string]struct {
		c    sandbox.Command
		want error // nil means any ExitError
	}{
		"output": {sandbox.Command{Path: "/usr/bin/yes", Limits: sandbox.Limits{Output: 1 << 16}}, sandbox.ErrOutput},
		"input": {sandbox.Command{
			Path: "/usr/bin/cat", Limits: sandbox.Limits{Input: 1 << 10},
			Input: sandbox.Stream(bytes.NewReader(make([]byte, 1<<16))),
		}, sandbox.ErrInput},
		"refused output": {sandbox.Command{Path: "/usr/bin/yes", Output: refusing{}}, sandbox.ErrOutput},
		"streamed output": {sandbox.Command{
			Path: "/usr/bin/yes", Output: io.Discard, Limits: sandbox.Limits{Output: 1 << 16},
		}, sandbox.ErrOutput},
		"failing input": {sandbox.Command{
			Path: "/usr/bin/cat", Args: []string{sandbox.DataPath}, Input: sandbox.File(failing{}),
		}, sandbox.ErrInput},
		"processor": {sandbox.Command{
			Path: "/usr/bin/sh", Args: []string{"-c", "while :; do :; done"}, Limits: sandbox.Limits{CPU: time.Second},
		}, nil},
		"memory": {sandbox.Command{
			Path: "/usr/bin/perl", Args: []string{"-e", `my $x = "x" x 500000000`}, Limits: sandbox.Limits{Memory: 100 << 20},
		}, nil},
		"file": {sandbox.Command{
			Path: "/usr/bin/dd", Args: []string{"if=/dev/zero", "of=/tmp/f", "bs=1M", "count=10"}, Limits: sandbox.Limits{File: 1 << 20},
		}, nil},
		"missing": {sandbox.Command{Path: "/usr/bin/no-such-program"}, sandbox.ErrMissing},
	}
	for name, tt := range tests {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := s.Run(ctx, tt.c)
		cancel()
		var exit *sandbox.ExitError
		if tt.want == nil && !errors.As(err, &exit) || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: err = %v, want %v", name, err, tt.want)
		}
	}
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errors.New("nobody reads") }

func TestOutputIsPassedOnAsItComes(t *testing.T) {
	for name, s := range map[string]*sandbox.Sandbox{"confined": open(t), "unconfined": unconfined(t)} {
		want := bytes.Repeat([]byte("pixel"), 300_000)
		var got bytes.Buffer
		kept, err := s.Run(t.Context(), sandbox.Command{Path: "/usr/bin/cat", Input: sandbox.Stream(bytes.NewReader(want)), Output: &got})
		if err != nil || len(kept) != 0 || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: %d bytes passed on, %d kept, %v", name, got.Len(), len(kept), err)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("patient name in a reader's error") }

func TestErrorsCarryNothingTheChildOrTheInputSaid(t *testing.T) {
	s := open(t)
	for _, c := range []sandbox.Command{
		{Path: "/usr/bin/sh", Args: []string{"-c", "echo DUPONT; echo DUPONT >&2; exit 3"}},
		{Path: "/usr/bin/cat", Input: sandbox.Stream(io.MultiReader(strings.NewReader("DUPONT"), failing{}))},
	} {
		_, err := s.Run(t.Context(), c)
		if err == nil || strings.Contains(err.Error(), "DUPONT") || strings.Contains(err.Error(), "patient") {
			t.Errorf("err = %v", err)
		}
	}
}

func TestRunLeavesNoDescriptorOpen(t *testing.T) {
	s := open(t)
	count := func() int {
		d, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(d)
	}
	run := func() {
		for _, in := range []sandbox.Input{sandbox.Stream(strings.NewReader("x")), sandbox.File(strings.NewReader("x")), {}} {
			if _, err := s.Run(t.Context(), sandbox.Command{Path: "/usr/bin/true", Input: in}); err != nil {
				t.Fatal(err)
			}
		}
	}
	run()
	before := count()
	for range 5 {
		run()
	}
	if after := count(); after > before {
		t.Errorf("descriptors grew from %d to %d", before, after)
	}
}

func BenchmarkConfinedTrue(b *testing.B) {
	s, err := sandbox.Open(b.Context(), sandbox.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Run(b.Context(), sandbox.Command{Path: "/usr/bin/true"}); err != nil {
			b.Fatal(err)
		}
	}
}
