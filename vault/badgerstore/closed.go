package badgerstore

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// closedName is a file that lists the value logs that are complete, with their
// sizes, so that opening need not walk them. Losing it costs time alone.
const closedName = "closed-logs"

const closedHead = "fovea closed logs 1"

// markClosed lists the value logs that nothing is appended to any more.
func markClosed(dir string, which choice) error {
	logs, err := listLogs(dir)
	if err != nil {
		return err
	}
	known, err := readClosed(dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintln(&b, closedHead)
	changed, listed := false, 0
	for _, l := range logs {
		if l.memory || (which == allButNewest && l.newest) {
			continue
		}
		fmt.Fprintf(&b, "%s %d\n", l.name, l.size)
		listed++
		if size, ok := known[l.name]; !ok || size != l.size {
			changed = true
		}
	}
	if !changed && listed == len(known) {
		return nil
	}
	return replace(filepath.Join(dir, closedName), b.String())
}

// readClosed returns the sizes of the logs that are marked closed. A file that
// does not read marks none.
func readClosed(dir string) (map[string]int64, error) {
	closed := map[string]int64{}
	f, err := os.Open(filepath.Join(dir, closedName))
	if errors.Is(err, fs.ErrNotExist) {
		return closed, nil
	}
	if err != nil {
		return nil, fmt.Errorf("badgerstore: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	lines := bufio.NewScanner(f)
	if !lines.Scan() || lines.Text() != closedHead {
		return closed, nil
	}
	for lines.Scan() {
		var name string
		var size int64
		if _, err := fmt.Sscanf(lines.Text(), "%s %d", &name, &size); err != nil {
			return map[string]int64{}, nil
		}
		closed[name] = size
	}
	return closed, lines.Err()
}

// replace writes a file whole or not at all.
func replace(path, content string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("badgerstore: %w", err)
	}
	_, err = f.WriteString(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("badgerstore: %w", err), os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}
