package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"fovea/internal/demo"
)

func TestMain(m *testing.M) {
	if child, err := beEditChild(context.Background(), os.Args[1:], os.Stdin, os.Stdout); child {
		os.Exit(status(os.Stderr, err))
	}
	testscript.Main(m, map[string]func(){"fovea": main})
}

// TestScripts runs testdata/script, which reads as a manual of the command line.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"picture": picture,
			"id":      captureID,
			"field":   captureField,
			"flip":    flip,
			"status":  exits,
			"ready":   ready,
			"busy":    busy,

			"eventually": eventually,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("FOVEA_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("TMPDIR", filepath.Join(e.WorkDir, "tmp"))
			e.Setenv("TZ", "UTC")
			e.Setenv("GORACE", "atexit_sleep_ms=0") // a second for each command otherwise
			return os.MkdirAll(filepath.Join(e.WorkDir, "tmp"), 0o700)
		},
	})
}

// picture draws a small picture: picture FILE SEED [LABEL]. With a label it is an
// ID shot that says so.
func picture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: picture FILE SEED [LABEL]")
	}
	seed, err := strconv.ParseUint(args[1], 10, 32)
	ts.Check(err)
	kind, opt := demo.LegUlcer, demo.Options{
		Taken: time.Date(2026, 3, 9, 10, 0, int(seed), 0, time.UTC), Height: 240,
		Camera: demo.Camera{Make: "Canon", Model: "EOS", Serial: "100200300"},
	}
	if len(args) == 3 {
		kind, opt.Payload, opt.Height = demo.Label, args[2], 480
	}
	b, err := demo.Picture(kind, seed, opt)
	ts.Check(err)
	path := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
	ts.Check(os.WriteFile(path, b, 0o600))
}

// captureID sets a variable to the first ID of the last answer in JSON, or with
// --hit of its first item: id [--hit] NAME.
func captureID(ts *testscript.TestScript, neg bool, args []string) {
	hit := len(args) == 2 && args[0] == "--hit"
	if neg || (len(args) != 1 && !hit) {
		ts.Fatalf("usage: id [--hit] NAME")
	}
	type item struct {
		ID string `json:"id"`
	}
	var result struct {
		IDs   []string `json:"ids"`
		Items []item   `json:"items"`
		item
	}
	answer := []byte(ts.ReadFile("stdout"))
	if hit && answer[0] == '[' {
		ts.Check(json.Unmarshal(answer, &result.Items))
	} else {
		ts.Check(json.Unmarshal(answer, &result))
	}
	var found string
	switch {
	case hit && len(result.Items) > 0:
		found = result.Items[0].ID
	case !hit && len(result.IDs) > 0:
		found = result.IDs[0]
	case !hit:
		found = result.ID
	}
	if found == "" {
		ts.Fatalf("the last answer holds no ID")
	}
	ts.Setenv(args[len(args)-1], found)
}

// captureField sets a variable to a field of the last answer in JSON: field
// FIELD NAME.
func captureField(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: field FIELD NAME")
	}
	var answer map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &answer))
	value, ok := answer[args[0]].(string)
	if !ok {
		ts.Fatalf("the last answer has no text %q", args[0])
	}
	ts.Setenv(args[1], value)
}

// flip inverts one bit in the middle of what a file holds, zeros at its end left
// aside: flip FILE.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: flip FILE")
	}
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	b[len(bytes.TrimRight(b, "\x00"))/2] ^= 1
	ts.Check(os.WriteFile(path, b, 0o600))
}

// status runs a command that has to fail with an exit code: status CODE COMMAND ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != want {
		ts.Fatalf("got %v, want exit status %d", err, want)
	}
}

// ready waits until the server of this DATA answers on its admin socket.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: ready")
	}
	cfg := config{Data: ts.Getenv("FOVEA_DATA"), Runtime: filepath.Join(ts.Getenv("TMPDIR"), fmt.Sprintf("fovea-%d", os.Getuid()))}
	c := client{http: socketClient(cfg.socket())}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !c.answers(ctx) {
		select {
		case <-ctx.Done():
			ts.Fatalf("the server does not answer")
		case <-tick.C:
		}
	}
}

// busy takes a port for the time of the script: busy NAME.
func busy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: busy NAME")
	}
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

// eventually runs a command until it succeeds, for what goes on by itself after
// an act: eventually COMMAND ARG...
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: eventually COMMAND ARG...")
	}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ts.Exec(args[0], args[1:]...)
		if err == nil {
			return
		}
		select {
		case <-limit.C:
			ts.Fatalf("not within %s: %v", patience, err)
		case <-tick.C:
		}
	}
}
