package exif

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/barasher/go-exiftool"
	"golang.org/x/sys/unix"

	"fovea/clinical"
	"fovea/internal/sandbox"
)

const (
	// maxAnswer is the largest answer to one file. Beyond it the library's
	// instance is broken and is replaced.
	maxAnswer = 64 << 20
	// startWait bounds the hand-over with a new child.
	startWait = 10 * time.Second
	prefix    = "fovea-exif-"
)

// errDied: the child ended, or answered something that is no answer.
var errDied = errors.New("exiftool ended unexpectedly")

// instance is one exiftool child, its private folder in memory, and what is
// needed to end it whatever state it is in.
//
// The library hides its child and blocks while it waits for an answer, so the
// child's ends of both pipes are held open here too: when the child is gone, the
// end-of-answer mark is written in its place, the library's call returns, and
// its Close finds a pipe it can write to and a child it can reap.
type instance struct {
	tool    *exiftool.Exiftool
	proc    *os.Process // the child, by pidfd: never the wrong process
	in, out *os.File    // the child's standard input and output, held open
	hand    *handover
	dir     string
	claim   *os.File // the folder, locked for as long as we live
	timeout time.Duration
	served  int
	died    chan struct{} // closed once the child has ended
}

// start makes the folder, the launcher and the child, in this order.
func start(ctx context.Context, opt Options) (_ *instance, err error) {
	i := &instance{timeout: opt.Timeout, died: make(chan struct{})}
	if i.dir, i.claim, err = folder(opt.Spool); err != nil {
		return nil, err
	}
	dir := i.dir
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
			_ = i.claim.Close()
		}
	}()
	h, err := newHandover(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			h.close() // a launcher that still waits gives up
		}
	}()
	i.hand = h
	argv, err := opt.Sandbox.Argv(sandbox.Command{
		Path:  opt.Program,
		Binds: append([]sandbox.Bind{sandbox.Bind(dir)}, opt.Binds...),
		Limits: sandbox.Limits{
			CPU: 30 * time.Minute, Memory: 2 << 30, File: 64 << 20,
		},
	})
	if err != nil {
		return nil, err
	}
	launcher, err := newLauncher(h, argv)
	if err != nil {
		return nil, err
	}
	defer launcher.Close() //nolint:errcheck // a memory file
	path := "/proc/self/fd/" + strconv.Itoa(int(launcher.Fd()))
	i.tool, err = exiftool.NewExiftool(
		exiftool.SetExiftoolBinaryPath(path),
		exiftool.NoPrintConversion(),
		exiftool.Buffer(make([]byte, 64<<10), maxAnswer),
	)
	if err != nil {
		return nil, errors.New("launcher did not start")
	}
	if err := i.adopt(ctx, h); err != nil {
		h.close()
		_ = os.RemoveAll(dir)
		_ = i.tool.Close()
		return nil, err
	}
	return i, nil
}

// adopt learns the child's process number, takes hold of its pipes, and lets it
// go on to become exiftool.
func (i *instance) adopt(ctx context.Context, h *handover) error {
	end := time.Now().Add(startWait)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	pid, err := h.pid(end)
	if err != nil {
		return err
	}
	i.proc, err = os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("child: %w", err)
	}
	base := "/proc/" + strconv.Itoa(pid) + "/fd/"
	if i.in, err = os.OpenFile(base+"0", os.O_RDONLY, 0); err == nil {
		i.out, err = os.OpenFile(base+"2", os.O_WRONLY, 0)
	}
	if err != nil {
		_ = i.proc.Kill()
		return errors.New("child's pipes cannot be held")
	}
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		_ = i.proc.Kill()
		return fmt.Errorf("child: %w", err)
	}
	go i.watch(os.NewFile(uintptr(pidfd), "pidfd"))
	return h.release()
}

// watch waits for the child's end and then stands in for it: it completes the
// answer that the library may be waiting for. It ends with the child, which
// stop makes sure of.
func (i *instance) watch(pidfd *os.File) {
	defer close(i.died)
	defer pidfd.Close() //nolint:errcheck // nothing was written
	fds := []unix.PollFd{{Fd: int32(pidfd.Fd()), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	_, _ = io.WriteString(i.out, "\n{ready}\n")
}

// ask puts the bytes of src where the child sees them and asks about them.
func (i *instance) ask(ctx context.Context, src *io.SectionReader, ext string) (map[string]any, error) {
	name := filepath.Join(i.dir, hex.EncodeToString(binaryName())+ext)
	defer os.Remove(name) //nolint:errcheck // the folder goes with the instance
	if err := spool(name, src); err != nil {
		return nil, err
	}
	i.served++
	ctx, cancel := context.WithTimeout(ctx, i.timeout)
	defer cancel()
	type answer struct {
		fields map[string]any
		err    error
	}
	got := make(chan answer, 1)
	go func() {
		defer func() {
			if recover() != nil { // the library indexes an empty answer
				got <- answer{err: errDied}
			}
		}()
		fm := i.tool.ExtractMetadata(name)
		if len(fm) != 1 || fm[0].Err != nil { // its text may quote the file
			got <- answer{err: errDied}
			return
		}
		got <- answer{fields: fm[0].Fields}
	}()
	select {
	case a := <-got:
		return a.fields, a.err
	case <-ctx.Done():
		_ = i.proc.Kill()
		<-got // the child's end completes the answer
		return nil, ErrTimeout
	}
}

// stop ends the child, reaps it and removes the folder.
func (i *instance) stop() {
	_ = i.proc.Kill()
	<-i.died
	_ = i.out.Close()  // the library's own copying sees the end now
	_ = i.tool.Close() // always complains: its child was killed
	_ = i.in.Close()
	i.hand.close()
	_ = i.proc.Release()
	_ = os.RemoveAll(i.dir)
	_ = i.claim.Close()
}

// spool writes src to a new file in memory that only we may read.
func spool(name string, src io.Reader) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return errDied // the folder is gone: the next instance has another
	}
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "memory folder cannot be written")
	}
	_, err = io.Copy(f, src)
	err = errors.Join(err, f.Close())
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return ErrTooLarge
	case err != nil:
		return clinical.Errorf(clinical.Unavailable, "file cannot be read whole")
	}
	return nil
}

// binaryName gives eight bytes for a file name: unlike any before, meaning nothing.
func binaryName() []byte {
	n := rand.Uint64() //nolint:gosec // a name in a private folder, no secret
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	return b
}

// extension returns ".ext", or "" unless ext is 1 to 5 ASCII letters or digits.
func extension(ext string) string {
	ext = strings.ToLower(strings.TrimPrefix(ext, "."))
	if len(ext) < 1 || len(ext) > 5 {
		return ""
	}
	for _, c := range []byte(ext) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return ""
		}
	}
	return "." + ext
}

// folder makes a folder of our own. Another process that looks for left-overs
// may take it for one before it is claimed: then the next is made.
func folder(spool string) (dir string, held *os.File, err error) {
	for range 5 {
		if dir, err = os.MkdirTemp(spool, prefix); err != nil {
			return "", nil, fmt.Errorf("memory folder: %w", err)
		}
		if held, err = claim(dir); err == nil {
			if _, err = os.Stat(dir); err == nil {
				return dir, held, nil
			}
			_ = held.Close()
		}
		_ = os.RemoveAll(dir)
	}
	return "", nil, fmt.Errorf("memory folder: %w", err)
}

// claim marks a folder as in use by this process, until it is closed or the
// process ends, however it ends. A process number in the name would not do:
// in a container the next process has the same one. A folder that somebody
// uses is Conflict.
func claim(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("memory folder: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(clinical.Errorf(clinical.Conflict, "memory folder: %w", err), f.Close())
	}
	return f, nil
}

// sweep removes the folder e if it is ours and nobody uses it.
func sweep(spool string, e fs.DirEntry) error {
	if !strings.HasPrefix(e.Name(), prefix) || !e.IsDir() {
		return nil
	}
	dir := filepath.Join(spool, e.Name())
	f, err := claim(dir)
	if clinical.KindOf(err) == clinical.Conflict || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(dir), f.Close())
}
