package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
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
		},
		Setup: func(e *testscript.Env) error {
			data := e.WorkDir + "/data"
			e.Setenv("FOVEA_DATA", data)
			e.Setenv("TMPDIR", e.WorkDir+"/tmp")
			return os.MkdirAll(e.WorkDir+"/tmp", 0o700)
		},
	})
}
