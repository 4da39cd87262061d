package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"fovea/internal/demo"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fovea": main})
}

// TestScripts runs testdata/script, which reads as a manual of the command line.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"picture": picture,
			"id":      captureID,
			"flip":    flip,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("FOVEA_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("TMPDIR", filepath.Join(e.WorkDir, "tmp"))
			e.Setenv("TZ", "UTC")
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
		Taken: time.Date(2026, 3, 9, 10, 0, int(seed), 0, time.UTC), Height: 240, //nolint:gosec // seconds
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

// flip inverts one bit in the middle of a file: flip FILE.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: flip FILE")
	}
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	b[len(b)/2] ^= 1
	ts.Check(os.WriteFile(path, b, 0o600))
}
