package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// descriptors counts the files that the program holds open.
func (h *hospital) descriptors() (int, error) {
	entries, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(h.cmd.Process.Pid), "fd"))
	return len(entries), err
}

// slack is how many descriptors more are no leak: connections of ours, a table that the store opened, a feed.
const slack = 16

// unharmed reports an error unless the program runs, answers, has no dead children, and holds about as many files open
// as before. It may take a moment to let go.
func (h *hospital) unharmed(ctx context.Context, fds int) error {
	if !h.alive() {
		return fmt.Errorf("the program has ended: %w: %s", h.failed, h.stderr.String())
	}
	return until(ctx, 30*time.Second, "the program is healthy", func(ctx context.Context) (bool, error) {
		if err := h.healthy(ctx); err != nil {
			return false, err
		}
		if n, err := zombies(h.cmd.Process.Pid); err != nil || n > 0 {
			return false, fmt.Errorf("%d dead children are not reaped: %w", n, err)
		}
		n, err := h.descriptors()
		if err != nil || (fds > 0 && n > fds+slack) {
			return false, fmt.Errorf("%d files are open, %d were: %w", n, fds, err)
		}
		return true, nil
	})
}

// zombies counts children that have ended and that nobody waited for.
func zombies(pid int) (int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	dead := 0
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil { // it has gone meanwhile
			continue
		}
		// pid (name) state parent …; the name may hold anything but ends at the last bracket
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(fields) > 1 && fields[0] == "Z" && fields[1] == strconv.Itoa(pid) {
			dead++
		}
	}
	return dead, nil
}
