package exif

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// handover is how a new child says who it is and waits until it is held: two
// named pipes in the instance's folder.
type handover struct {
	hello, start *os.File
}

func newHandover(dir string) (*handover, error) {
	h := &handover{}
	for name, f := range map[string]**os.File{"hello": &h.hello, "go": &h.start} {
		p := filepath.Join(dir, name)
		if err := unix.Mkfifo(p, 0o600); err != nil {
			h.close()
			return nil, fmt.Errorf("hand-over: %w", err)
		}
		// Reading and writing at once never blocks on opening a named pipe.
		file, err := os.OpenFile(p, os.O_RDWR|unix.O_NONBLOCK, 0)
		if err != nil {
			h.close()
			return nil, fmt.Errorf("hand-over: %w", err)
		}
		*f = file
	}
	return h, nil
}

// pid waits for the child to say its process number.
func (h *handover) pid(end time.Time) (int, error) {
	if err := h.hello.SetReadDeadline(end); err != nil {
		return 0, fmt.Errorf("hand-over: %w", err)
	}
	line, err := bufio.NewReader(h.hello).ReadString('\n')
	if err != nil {
		return 0, errors.New("child did not start")
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid <= 1 {
		return 0, errors.New("child did not say who it is")
	}
	return pid, nil
}

// release lets the child go on. The pipe stays open until close, so that a child
// that comes late to it still finds the word.
func (h *handover) release() error {
	if _, err := h.start.WriteString("go\n"); err != nil {
		return fmt.Errorf("hand-over: %w", err)
	}
	return nil
}

func (h *handover) close() {
	for _, f := range []*os.File{h.hello, h.start} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// newLauncher writes the program that the library starts in exiftool's place, as
// a file in memory: no folder need allow execution. The kernel ends it when we
// end (exiftool itself goes on for ever at the end of its input). It says its
// number, waits, and becomes the confined exiftool. A shell redirects its own
// descriptors even for another program's sake, so while it waits only its error
// stream, which is the same pipe as its output, is sure to be where it was. Errors of exiftool go nowhere, for the library mixes them
// into the answer. The tags asked for come last, as arguments common to all files.
func newLauncher(h *handover, argv []string) (*os.File, error) {
	// Not close-on-exec: the interpreter opens it again by number.
	fd, err := unix.MemfdCreate("exiftool-launcher", 0)
	if err != nil {
		return nil, fmt.Errorf("launcher: %w", err)
	}
	f := os.NewFile(uintptr(fd), "launcher")
	const wait = "/usr/bin/timeout 20 " // should we be gone
	inner := "echo $$ >" + quote(h.hello.Name()) + " || exit 1\n" +
		wait + "/usr/bin/head -c 1 " + quote(h.start.Name()) + " >/dev/null || exit 1\n" +
		`exec "$@" 2>/dev/null`
	words := append([]string{"/usr/bin/setpriv", "--pdeathsig", "KILL", "/bin/sh", "-c", inner, "fovea-exif"}, argv...)
	var b strings.Builder
	b.WriteString("#!/bin/sh\nexec")
	for _, w := range words {
		b.WriteString(" " + quote(w))
	}
	b.WriteString(` "$@"`)
	for _, t := range tags() {
		b.WriteString(" -" + t)
	}
	b.WriteString("\n")
	if _, err := f.WriteString(b.String()); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("launcher: %w", err)
	}
	return f, nil
}

// quote makes s one word of the shell's.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
