// Package sandbox runs a decoder as a child process that can hurt nobody.
//
// Pictures come from cameras, cards and strangers, and the programs that decode
// them (libvips, libheif, ffmpeg, exiftool) are large and old. Each run gets a
// child of its own under bubblewrap: no network, no files but a read-only /usr,
// no capabilities, no other processes to see, no time beyond its deadline, no
// memory beyond its limit. A bug in a decoder then costs one picture, never the
// process that holds the keys.
//
// Plaintext reaches a child through memory alone: its standard input, or a file
// ([DataPath]) that lives in the child's private memory. Nothing is written to a
// disk, and what a child prints on its error stream is thrown away, because it
// may quote the picture.
//
// The package refuses to run anything unconfined unless
// [Options.AllowUnconfined] says so in as many words, and it never falls back
// in silence: [Sandbox.Confined] tells what is the case.
//
// Start reading at [Open], then [Sandbox.Run].
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// DataPath is where a child finds [Command.Data].
const DataPath = "/run/fovea-input"

// Errors of this package. None carries a byte of the input or of the child's
// output.
var (
	// ErrUnavailable: children cannot be confined here (no bubblewrap, no user
	// namespaces) and running them unconfined was not allowed.
	ErrUnavailable = errors.New("child processes cannot be confined here")
	// ErrDeadline: the child was killed because its context ended.
	ErrDeadline = errors.New("child ran past its deadline")
	// ErrOutput: the child was killed because it wrote more than its limit, or
	// than Command.Output took.
	ErrOutput = errors.New("child wrote more than its limit")
	// ErrInput: the input could not be read, or was larger than its limit.
	ErrInput = errors.New("input could not be read whole")
	// ErrMissing: the program is not installed.
	ErrMissing = errors.New("program not installed")
)

// ExitError tells that the child ended by itself, but not well.
type ExitError struct {
	Program string // as given in Command.Path
	Code    int    // exit status, or -1 when a signal ended it
	Signal  string // name of that signal, "" otherwise
}

func (e *ExitError) Error() string {
	if e.Signal != "" {
		return fmt.Sprintf("%s ended by signal: %s", e.Program, e.Signal)
	}
	return fmt.Sprintf("%s ended with status %d", e.Program, e.Code)
}

// Options say how strict to be. The zero value refuses to run unconfined.
type Options struct {
	// Bwrap is bubblewrap's absolute path. Empty means /usr/bin/bwrap.
	Bwrap string
	// AllowUnconfined lets children run with resource limits only where
	// bubblewrap cannot work. The caller warns its operator.
	AllowUnconfined bool
}

// Sandbox starts confined children. It has no state but what [Open] found out,
// and may be used by many goroutines.
type Sandbox struct {
	bwrap string
	level level
}

// level is how much of the confinement this machine grants.
type level int

const (
	unconfined level = iota
	// confinedNoUser: all namespaces but the user's. Where user namespaces are
	// switched off and we are root, the mount, network and process namespaces
	// can still be had; capabilities are dropped all the same.
	confinedNoUser
	// confined: every namespace, the child being an unprivileged stranger in it.
	confined
)

// Open finds out, by running a child, how well children can be confined here.
// It returns ErrUnavailable where they cannot and opt does not allow otherwise.
func Open(ctx context.Context, opt Options) (*Sandbox, error) {
	s := &Sandbox{bwrap: opt.Bwrap}
	if s.bwrap == "" {
		s.bwrap = "/usr/bin/bwrap"
	}
	for _, l := range []level{confined, confinedNoUser} {
		s.level = l
		if s.probe(ctx) == nil {
			return s, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("sandbox: probe: %w", err)
		}
	}
	if !opt.AllowUnconfined {
		return nil, fmt.Errorf("sandbox: %w; install bubblewrap and allow user namespaces", ErrUnavailable)
	}
	s.level = unconfined
	return s, nil
}

// Confined tells whether children run under bubblewrap. False is possible only
// with Options.AllowUnconfined.
func (s *Sandbox) Confined() bool { return s.level != unconfined }

// Has tells whether the program at the absolute path is installed.
func (s *Sandbox) Has(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// probe runs the smallest possible child at the present level.
func (s *Sandbox) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := exec.LookPath(s.bwrap); err != nil {
		return fmt.Errorf("%w: bwrap", ErrMissing)
	}
	_, err := s.Run(ctx, Command{Path: "/usr/bin/true"})
	return err
}
