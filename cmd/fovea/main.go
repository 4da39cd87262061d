// Command fovea is the server of clinical photographs and its administration.
//
// It joins what the other packages offer, in the order of a photo's path:
// ingest, vault, index, policy, darkroom, server. Nothing is decided here.
// Start reading at system.go (the wiring), then serve.go; every other file is
// one command, a client of the same /api/v1 that the screens use.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"fovea/clinical"
)

// version is set by the linker from git describe.
var version = "devel"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// cli is every command with its flags. Fields shared by all come first.
type cli struct {
	Config string `help:"Configuration file; its values are the defaults of the flags." placeholder:"FILE" env:"FOVEA_CONFIG"`
	Data   string `help:"Folder that holds everything Fovea keeps." placeholder:"DIR" env:"FOVEA_DATA"`
	As     string `help:"Act as this person (login): through the same rules, with both identities in the ledger." placeholder:"LOGIN" env:"FOVEA_AS"`
	JSON   bool   `help:"Answer in JSON, one value." name:"json"`

	Simulate bool `help:"Say what the act would do to the sets that people read, and do nothing."`

	Init        initCmd        `cmd:"" help:"Make a new DATA folder: keys, recovery, the first administrator."`
	Serve       serveCmd       `cmd:"" help:"Run the server: studios in, screens and drives out."`
	Job         jobCmd         `cmd:"" help:"Requests for pictures: make, list, import, print."`
	Import      importCmd      `cmd:"" help:"Take in files by hand, through the same checks as a watch folder."`
	Quarantine  quarantineCmd  `cmd:"" help:"What could not be filed: list, show, file, reject."`
	Run         runCmd         `cmd:"" help:"Runs that wait for a photographer: list, confirm."`
	Patient     patientCmd     `cmd:"" help:"Patients: add, list, show, encounter, merge, unmerge."`
	Session     sessionCmd     `cmd:"" help:"Sittings: list, change (photographer, chaperone, consent to be photographed)."`
	Asset       assetCmd       `cmd:"" help:"Pictures: show, get, classify, review, describe, subjects, discard, refile."`
	Edit        editCmd        `cmd:"" help:"Masks and other edits of a picture: list, suggest, save, diff, show, attest."`
	Align       alignCmd       `cmd:"" help:"How a follow-up lies over its predecessor, or why that is not known."`
	Lesion      lesionCmd      `cmd:"" help:"Findings that are followed: open, list, close."`
	Consent     consentCmd     `cmd:"" help:"Consent: record, list, withdraw, forms, codes, FHIR."`
	Recall      recallCmd      `cmd:"" help:"What was taken back, from whom, and its certificate."`
	Task        taskCmd        `cmd:"" help:"What this person has to do and to confirm."`
	Breakglass  breakglassCmd  `cmd:"" help:"Pictures without a need to know on record: open, list, review."`
	Hold        holdCmd        `cmd:"" help:"Holds: place, lift."`
	Set         setCmd         `cmd:"" help:"Teaching sets: create, add, show, change, roster, readers, submit, publish, close."`
	Release     releaseCmd     `cmd:"" help:"Every other way out: create, list, get, deliver, end."`
	Erasure     erasureCmd     `cmd:"" help:"Requests to erase from the record: request, decide, list, certificate, keep."`
	Worklist    worklistCmd    `cmd:"" help:"What comes up: consents that end, reviews, birthdays, erasures, records past their time."`
	Explain     explainCmd     `cmd:"" help:"Why may, or may not, somebody see a picture: rule by rule."`
	Rules       rulesCmd       `cmd:"" help:"What other rules would do to the sets that people read."`
	Search      searchCmd      `cmd:"" help:"Search what a person may see."`
	User        userCmd        `cmd:"" help:"People: add, list, password, disable."`
	AppPassword appPasswordCmd `cmd:"" name:"app-password" help:"Passwords for one device: issue, list, revoke."`
	Audit       auditCmd       `cmd:"" help:"The ledger: who saw what, export it, verify an export anywhere."`
	Trace       traceCmd       `cmd:"" help:"Whose copy of a marked set's picture was passed on."`
	Fsck        fsckCmd        `cmd:"" help:"Check that everything kept is whole."`
	Renditions  renditionsCmd  `cmd:"" help:"The pictures that are made of originals: drop (they are made again)."`
	Reindex     reindexCmd     `cmd:"" help:"Build the search index anew from the vault."`
	Version     versionCmd     `cmd:"" help:"Say which version this is."`
}

// env is what a command runs in.
type env struct {
	ctx            context.Context //nolint:containedctx // kong hands one value to each command's Run
	cli            *cli
	stdin          io.Reader
	stdout, stderr io.Writer
	dir            string         // where relative paths of the person begin
	zone           *time.Location // of the site that answers; nil until one is connected to
}

// errExit ends parsing early (after --help) without being a failure.
var errExit = errors.New("exit")

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	if child, err := beEditChild(ctx, args, stdin, stdout); child {
		return status(stderr, err)
	}
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("fovea"),
		kong.Description("Clinical photographs, each shown to exactly those whom its patient's consent allows.\n\nTry: fovea serve --demo --data ./var"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(n int) { exited = n; panic(errExit) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "fovea:", err)
		return exitInternal
	}
	defer func() {
		if r := recover(); r != nil {
			if r != any(errExit) {
				panic(r)
			}
			code = exited
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "fovea: %v\nTry: fovea --help\n", err)
		return exitInvalid
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		dir = "."
	}
	return status(stderr, k.Run(&env{ctx: ctx, cli: &c, stdin: stdin, stdout: stdout, stderr: stderr, dir: dir}))
}

// The exit codes, documented in docs/cli.md.
const (
	exitOK          = 0
	exitInternal    = 1
	exitInvalid     = 2
	exitNotFound    = 3
	exitConflict    = 4
	exitUnavailable = 5
	exitCorrupt     = 6
	exitForbidden   = 7
)

// status prints an error and maps its kind to the exit code.
func status(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	text := err.Error()
	if e, ok := errors.AsType[*clinical.Error](err); ok && e.Public != "" {
		text = e.Public
	}
	if r := clinical.ReasonOf(err); r != "" {
		text += " [" + string(r) + "]"
	}
	_, _ = fmt.Fprintln(stderr, "fovea:", text)
	switch clinical.KindOf(err) {
	case clinical.Invalid:
		return exitInvalid
	case clinical.NotFound:
		return exitNotFound
	case clinical.Conflict:
		return exitConflict
	case clinical.Unavailable:
		return exitUnavailable
	case clinical.Corrupt:
		return exitCorrupt
	case clinical.Forbidden:
		return exitForbidden
	case clinical.Internal:
	}
	return exitInternal
}
