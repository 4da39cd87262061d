package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// gotest runs tests or benchmarks of the tree that the program was built from, and returns what they print.
func (tr *trial) gotest(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-count=1"}, args...)...) //nolint:gosec // our own tests
	cmd.Dir = tr.source
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("go test %s: %w: %s", strings.Join(args, " "), err, said.Bytes())
	}
	return out, err
}

// bench runs the benchmark of one package and returns what each of its parts measured: value by unit. A benchmark
// without parts is its own part, "".
func (tr *trial) bench(ctx context.Context, pkg, name, size string) (map[string]map[string]float64, error) {
	out, err := tr.gotest(ctx, "-run=^$", "-bench=^Benchmark"+name+"$", "-benchtime="+size, "-timeout=10m", pkg)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return measured(name, out), nil
}

// measured reads the lines of a benchmark as https://go.dev/design/14313-benchmark-format has them: part, number of
// runs, then values with their units. The number of processors behind the part is left out.
func measured(name string, out []byte) map[string]map[string]float64 {
	parts := map[string]map[string]float64{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		whole := fields[0]
		if i := strings.LastIndexByte(whole, '-'); i > 0 {
			whole = whole[:i]
		}
		part, ok := strings.CutPrefix(whole, "Benchmark"+name+"/")
		if !ok && whole != "Benchmark"+name {
			continue
		}
		if !ok {
			part = ""
		}
		values := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				values[fields[i+1]] = v
			}
		}
		parts[part] = values
	}
	return parts
}

// testEvent is a line of go test -json, as `go doc test2json` has it.
type testEvent struct {
	Action string
	Test   string
	Output string
	Key    string // of an attribute that the test stated
	Value  string
}

// verdicts are how tests ended, by name, and the attributes that they stated, by name and key.
type verdicts struct {
	passed map[string]bool
	stated map[string]map[string]string
	output map[string]string
}

// verdictsOf reads what go test -json printed.
func verdictsOf(out []byte) (verdicts, error) {
	v := verdicts{map[string]bool{}, map[string]map[string]string{}, map[string]string{}}
	var err error
	for line := range bytes.Lines(out) {
		var e testEvent
		if jsonErr := json.Unmarshal(line, &e); jsonErr != nil {
			err = errors.Join(err, fmt.Errorf("go test -json: %w", jsonErr))
			continue
		}
		switch e.Action {
		case "pass", "fail", "skip":
			v.passed[e.Test] = e.Action == "pass"
		case "attr":
			if v.stated[e.Test] == nil {
				v.stated[e.Test] = map[string]string{}
			}
			v.stated[e.Test][e.Key] = e.Value
		case "output":
			v.output[e.Test] += e.Output
		}
	}
	return v, err
}
