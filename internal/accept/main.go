package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are how much is tried. The defaults end within ten minutes on two cores.
type options struct {
	fovea       string
	testdata    string
	source      string // the root of the tree, whose mount tests and benchmarks are run
	only        *regexp.Regexp
	keep        bool
	kills       int // how often an ingest is killed
	files       int // of how many files
	pictures    int // how many are in the set that withdrawals race
	withdrawals int
	bulk        int // files of 8 MB
	flips       int // bits flipped in an audit export
	shelf       int // how many pictures are in the set that is withdrawn from under load
}

const usage = `accept tries each promise on a freshly built program.

  accept [flags] [CAPABILITY...]

No capability named: all of them. There are spine and consent. The numbers of the full trial:
  accept -kills=50 -files=300 -pictures=1000 -withdrawals=500 -bulk=300 -shelf=1000

`

func parse(args []string, stderr io.Writer) (o options, capabilities []string, err error) {
	f := flag.NewFlagSet("accept", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		_, _ = io.WriteString(stderr, usage)
		f.PrintDefaults()
	}
	f.StringVar(&o.fovea, "fovea", "bin/fovea", "the program under trial")
	f.StringVar(&o.testdata, "testdata", testdata(), "folder of the test pictures (FOVEA_TESTDATA)")
	f.StringVar(&o.source, "source", ".", "the tree that the program was built from; its mount tests and benchmarks are run")
	only := f.String("only", "", "try only promises whose name matches this regular expression")
	f.BoolVar(&o.keep, "keep", false, "leave the folders of the trial behind and say where")
	f.IntVar(&o.kills, "kills", 8, "how often the program is killed during an ingest")
	f.IntVar(&o.files, "files", 60, "how many files that ingest has")
	f.IntVar(&o.pictures, "pictures", 120, "how many pictures are in the set that withdrawals race")
	f.IntVar(&o.withdrawals, "withdrawals", 120, "how many withdrawals race listings")
	f.IntVar(&o.bulk, "bulk", 60, "how many files of 8 MB are taken in for the throughput")
	f.IntVar(&o.flips, "flips", 200, "how many single bits are flipped in an audit export")
	f.IntVar(&o.shelf, "shelf", 120, "how many pictures are in the set that is withdrawn from under load")
	if err := f.Parse(args); err != nil {
		return o, nil, err
	}
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, nil, fmt.Errorf("-only: %w", err)
	}
	if o.fovea, err = filepath.Abs(o.fovea); err != nil {
		return o, nil, err
	}
	if o.testdata, err = filepath.Abs(o.testdata); err != nil {
		return o, nil, err
	}
	if o.source, err = filepath.Abs(o.source); err != nil {
		return o, nil, err
	}
	return o, f.Args(), nil
}

// testdata is where the test pictures lie: beside the repository unless the environment says otherwise.
func testdata() string {
	if dir := os.Getenv("FOVEA_TESTDATA"); dir != "" {
		return dir
	}
	return filepath.Join("..", "shared", "data")
}

// run tries the promises and returns the exit code: 0, 1 where one is broken, 2 where the command is wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, capabilities, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "accept:", err)
		return 2
	}
	promises, err := promised(capabilities)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "accept:", err)
		return 2
	}
	tr, err := newTrial(ctx, o)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "accept:", err)
		return 1
	}
	defer tr.remove(stderr)
	code := 0
	for _, p := range promises {
		if o.only.MatchString(p.name) && !report(ctx, tr, p, stdout, stderr) {
			code = 1
		}
	}
	return code
}

var (
	// errSlow marks a promise that is kept, but not as fast, or in as little memory, as it was said.
	errSlow = errors.New("short of the figure")
	// errUntried marks a promise that this machine gives no means to try. Nothing was shown, so it is never ok.
	errUntried = errors.New("cannot be tried here")
)

// report tries a promise, prints its line, and reports whether it is kept.
func report(ctx context.Context, tr *trial, p promise, stdout, stderr io.Writer) bool {
	began := time.Now()
	figure, err := tr.try(ctx, p)
	took := time.Since(began).Round(100 * time.Millisecond)
	verdict := "ok"
	if err != nil {
		verdict = "short"
		if figure == "" {
			figure = "see below"
		}
		_, _ = fmt.Fprintf(stderr, "accept: %s: %v\n", p.name, err)
	}
	figure = strings.Join(strings.Fields(figure), " ")
	_, _ = fmt.Fprintf(stdout, "%-14s %s (%s) %s\n", p.name, figure, took, verdict)
	return !breaks(err)
}

// breaks reports whether there is more in err than a figure that was not reached or a trial that this machine cannot make.
func breaks(err error) bool {
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) {
		return slices.ContainsFunc(several.Unwrap(), breaks)
	}
	return err != nil && !errors.Is(err, errSlow) && !errors.Is(err, errUntried)
}
