package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// grace is how long the pipes of a killed child may take to drain.
const grace = 2 * time.Second

type inputKind int

const (
	noInput inputKind = iota
	streamInput
	fileInput
)

// Input is what a child is given to read. The zero value is an empty standard
// input.
type Input struct {
	kind inputKind
	r    io.Reader
}

// Stream gives r to the child as its standard input.
func Stream(r io.Reader) Input { return Input{kind: streamInput, r: r} }

// File gives the bytes of r to the child as a file at DataPath, which it can
// seek in. They are held in memory for as long as the child lives.
func File(r io.Reader) Input { return Input{kind: fileInput, r: r} }

// Run runs c and returns what it wrote on its standard output, unless c.Output
// took it. The child and whatever it started are gone when Run returns. Reading
// c.Input must not block for ever. Errors: ErrDeadline, ErrOutput, ErrInput, ErrMissing, *ExitError.
func (s *Sandbox) Run(ctx context.Context, c Command) ([]byte, error) {
	argv, err := s.argv(c)
	if err != nil {
		return nil, err
	}
	if !s.Has(c.Path) {
		return nil, fmt.Errorf("sandbox: %s: %w", c.Path, ErrMissing)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sandbox: %s: %w", c.Path, errors.Join(ErrDeadline, err))
	}
	lim := c.Limits.withDefaults()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	in := &boundedReader{r: c.Input.r, left: lim.Input}
	out := &boundedBuffer{left: lim.Output, stop: cancel, to: c.Output}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.Stdout = out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = grace

	fed, err := s.feed(cmd, c.Input.kind, in)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %s: %w", c.Path, err)
	}
	if err := cmd.Start(); err != nil {
		fed()
		return nil, fmt.Errorf("sandbox: %s: %w", c.Path, err)
	}
	err = cmd.Wait()
	fed()
	return out.buf.Bytes(), s.verdict(ctx, c.Path, err, in, out)
}

// feed gives in to cmd, which is not started yet. The returned function, for when
// cmd has ended, joins what still copies.
func (s *Sandbox) feed(cmd *exec.Cmd, kind inputKind, in io.Reader) (func(), error) {
	if kind == noInput {
		return func() {}, nil
	}
	give := s.attach
	if kind == streamInput {
		give = pipe
	}
	f, join, err := give(in)
	if err != nil {
		return nil, err
	}
	if kind == streamInput {
		cmd.Stdin = f
	} else {
		cmd.ExtraFiles = []*os.File{f}
	}
	return func() {
		_ = f.Close() // a pipe or memory: nothing is lost by a failed close
		join()
	}, nil
}

// attach turns in into the file descriptor that the child will read as a file.
// Bubblewrap copies a pipe into its own memory file; without it the copy is
// made here. The returned function joins the copying.
func (s *Sandbox) attach(in io.Reader) (*os.File, func(), error) {
	if s.level == unconfined {
		fd, err := unix.MemfdCreate("input", unix.MFD_CLOEXEC)
		if err != nil {
			return nil, nil, fmt.Errorf("memory file: %w", err)
		}
		f := os.NewFile(uintptr(fd), "input")
		if _, err := io.Copy(f, in); err != nil {
			_ = f.Close()
			return nil, nil, ErrInput
		}
		return f, func() {}, nil
	}
	return pipe(in)
}

// pipe passes in on through a pipe as wide as the kernel grants: each time one
// side waits for the other costs a turn of the processor's queue, and a picture
// has hundreds of narrow ones. The returned function joins the copying.
func pipe(in io.Reader) (*os.File, func(), error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	if raw, err := w.SyscallConn(); err == nil { // a narrow one works too
		_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(w, in) // a failed read is told by in, a failed write by the child's end
		_ = w.Close()
	}()
	return r, func() { _ = w.Close(); <-done }, nil
}

// verdict names the one cause of a child's end, the most telling first.
func (s *Sandbox) verdict(ctx context.Context, program string, err error, in *boundedReader, out *boundedBuffer) error {
	switch {
	case in.failed.Load():
		return fmt.Errorf("sandbox: %s: %w", program, ErrInput)
	case out.full.Load():
		return fmt.Errorf("sandbox: %s: %w", program, ErrOutput)
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("sandbox: %s: %w", program, errors.Join(ErrDeadline, ctx.Err()))
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("sandbox: %s: %w", program, err)
	}
	e := &ExitError{Program: program, Code: exit.ExitCode()}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok {
		switch code := ws.ExitStatus(); {
		case ws.Signaled():
			e.Signal = ws.Signal().String()
		case code > 128 && code < 160: // bubblewrap passes a signal on as a shell does
			e.Code, e.Signal = -1, syscall.Signal(code-128).String()
		}
	}
	return e
}

// boundedReader fails, and remembers it, when the input cannot be read or is
// larger than allowed.
type boundedReader struct {
	r      io.Reader
	left   int64
	failed atomic.Bool
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.r == nil {
		return 0, io.EOF
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		b.failed.Store(true)
		return 0, ErrInput
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed.Store(true)
		return n, ErrInput
	}
	return n, err
}

// boundedBuffer refuses a write past its limit, which ends the child. It passes
// on to to, where that is set, and keeps otherwise.
type boundedBuffer struct {
	buf  bytes.Buffer
	to   io.Writer
	left int64
	stop context.CancelFunc
	full atomic.Bool
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		b.full.Store(true)
		b.stop()
		return 0, ErrOutput
	}
	b.left -= int64(len(p))
	if b.to == nil {
		return b.buf.Write(p)
	}
	n, err := b.to.Write(p)
	if err != nil {
		b.full.Store(true)
		b.stop()
	}
	return n, err
}
