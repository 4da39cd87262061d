package epr

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"fovea/clinical"
)

const (
	marker = ".sent"

	// cancelled follows the number of a delivery in the names of what cancels it,
	// so that an answer to the one is none to the other.
	cancelled = ".cancel"

	// The names of files on their way in or out.
	begins     = ".fovea-"
	unfinished = ".tmp"
	taken      = ".taken"

	maxList  = 100_000 // entries of the folder that are looked at
	maxReply = 4 << 10 // bytes of an answer that are read
	maxFiles = 10_000  // pictures whose names are cleaned away
)

// folder is the delivery folder while one round lasts. Every name is taken
// inside it: a link that leads out is not followed.
type folder struct {
	root *os.Root
	mode fs.FileMode
}

func (f *Follower) open() (*folder, error) {
	root, err := os.OpenRoot(f.opt.Folder)
	if err != nil {
		return nil, away()
	}
	if f.opt.Sign != "" {
		if _, err := root.Lstat(f.opt.Sign); err != nil {
			_ = root.Close()
			return nil, away()
		}
	}
	return &folder{root: root, mode: fs.FileMode(f.opt.Mode).Perm()}, nil
}

// away says that the folder is not there. What the system says would name a
// path, and is left out.
func away() error {
	return &clinical.Error{Kind: clinical.Unavailable, Reason: FaultAway, Err: errors.New("epr: the folder is not there")}
}

// fault names what the folder answered, without a path.
func fault(what string, err error) error {
	var number syscall.Errno
	reason, kind := FaultFolder, "failed"
	if errors.As(err, &number) {
		kind = number.Error()
		switch {
		case number == syscall.ENOSPC || number == syscall.EDQUOT:
			reason = FaultFull
		case number == syscall.ESTALE || number == syscall.ENODEV || number == syscall.EIO || number == syscall.ENOTCONN || number == syscall.EHOSTDOWN:
			reason = FaultAway
		}
	}
	return &clinical.Error{Kind: clinical.Unavailable, Reason: reason, Err: fmt.Errorf("epr: %s: %s", what, kind)}
}

func (d *folder) close() { _ = d.root.Close() }

// put writes a file whole: under a name of its own first, to the disk, then in
// its place. fill's own error is returned as it is.
func (d *folder) put(name string, fill func(io.Writer) error) error {
	tmp := begins + name + unfinished
	_ = d.root.Remove(tmp) // of an earlier attempt, or planted: never followed
	file, err := d.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, d.mode)
	if err != nil {
		return fault("create", err)
	}
	w := &sink{w: file}
	err = fill(w)
	if w.err != nil {
		err = fault("write", w.err)
	}
	if err == nil {
		if e := file.Sync(); e != nil {
			err = fault("sync", e)
		}
	}
	if e := file.Close(); e != nil && err == nil {
		err = fault("close", e)
	}
	if err == nil {
		if e := d.root.Rename(tmp, name); e != nil {
			err = fault("rename", e)
		}
	}
	if err != nil {
		_ = d.root.Remove(tmp)
		return err
	}
	return nil
}

// sink remembers what the file failed with, so that it is told from a fault of
// whoever fills it.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

// sync makes the names durable, where the file system knows how.
func (d *folder) sync() error {
	dir, err := d.root.Open(".")
	if err != nil {
		return fault("open", err)
	}
	defer dir.Close() //nolint:errcheck // read-only
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return fault("sync", err)
	}
	return nil
}

// mark notes in the folder that a delivery was written.
func (d *folder) mark(id clinical.ReleaseID) error {
	return d.put("."+id.String()+marker, func(io.Writer) error { return nil })
}

// touch begins a new wait for an answer, where the marker is gone or cannot be
// changed with a new one.
func (d *folder) touch(id clinical.ReleaseID, now time.Time) error {
	name := "." + id.String() + marker
	if d.root.Chtimes(name, now, now) == nil {
		return nil
	}
	if err := d.mark(id); err != nil {
		return err
	}
	if err := d.root.Chtimes(name, now, now); err != nil {
		return fault("touch", err)
	}
	return nil
}

// written is when a delivery was written; zero: no marker.
func (d *folder) written(id clinical.ReleaseID) time.Time {
	info, err := d.root.Lstat("." + id.String() + marker)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// left is what an earlier process left in the folder.
type left struct {
	handed map[clinical.ReleaseID]bool     // written and not answered
	begun  map[clinical.ReleaseID]bool     // there are pictures, or a document
	halves map[clinical.ReleaseID][]string // names of files that were never finished
}

// state looks what an earlier process left.
func (d *folder) state() (left, error) {
	dir, err := d.root.Open(".")
	if err != nil {
		return left{}, fault("open", err)
	}
	defer dir.Close() //nolint:errcheck // read-only
	names, err := dir.Readdirnames(maxList)
	if err != nil && !errors.Is(err, io.EOF) {
		return left{}, fault("list", err)
	}
	l := left{handed: map[clinical.ReleaseID]bool{}, begun: map[clinical.ReleaseID]bool{}, halves: map[clinical.ReleaseID][]string{}}
	for _, name := range names {
		text, hidden := strings.CutPrefix(name, ".")
		number, marked := strings.CutSuffix(text, marker)
		if hidden && marked {
			add(l.handed, number)
		}
		if of, ok := written(name); ok {
			add(l.begun, of)
		}
		if id, ok := half(name); ok {
			l.halves[id] = append(l.halves[id], name)
		}
	}
	return l, nil
}

// written returns the number of the delivery whose picture or document has the
// name.
func written(name string) (string, bool) {
	number, ext, _ := strings.Cut(name, ".")
	switch ext {
	case "pdf", cancelled[1:] + ".pdf":
		return number, true
	case "jpg":
		number, _, numbered := strings.Cut(number, "-")
		return number, numbered
	default:
		return "", false
	}
}

// half returns the delivery of which a file was begun under a name of its own,
// and never got its place or never was removed.
func half(name string) (clinical.ReleaseID, bool) {
	text, ours := strings.CutPrefix(name, begins)
	if !ours || !strings.HasSuffix(name, unfinished) && !strings.HasSuffix(name, taken) {
		return clinical.ReleaseID{}, false
	}
	text = strings.TrimPrefix(text, ".") // of a marker
	return numbered(text[:strings.IndexAny(text+".", "-.")])
}

// add adds the ID that a name holds, if it does.
func add(to map[clinical.ReleaseID]bool, text string) {
	if id, ok := numbered(text); ok {
		to[id] = true
	}
}

func numbered(text string) (clinical.ReleaseID, bool) {
	id, err := clinical.ParseID[clinical.Release](text)
	return id, err == nil && id.String() == text
}

// there reports whether something has the name.
func (d *folder) there(name string) bool {
	_, err := d.root.Lstat(name)
	return err == nil
}

// answer reads the file of that name: the first line, printable, at most 200
// characters. Anything but a small plain file is no answer.
func (d *folder) answer(name string) (string, bool) {
	before, err := d.root.Lstat(name)
	if err != nil || !before.Mode().IsRegular() {
		return "", false
	}
	file, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", false
	}
	defer file.Close() //nolint:errcheck // read-only
	now, err := file.Stat()
	if err != nil || !now.Mode().IsRegular() || !os.SameFile(before, now) {
		return "", false
	}
	text, err := io.ReadAll(io.LimitReader(file, maxReply))
	if err != nil {
		return "", false
	}
	line, _, _ := strings.Cut(strings.TrimPrefix(string(text), "\uFEFF"), "\n")
	return printable(line, 200), true
}

// clean removes what was written for a delivery of at least so many pictures,
// the index row first, and what the record answered.
func (d *folder) clean(id clinical.ReleaseID, pictures int) {
	name := id.String()
	for _, s := range []string{".csv", ".pdf", ".ack", ".err"} {
		_ = d.root.Remove(name + s) // what is gone already was collected
		_ = d.root.Remove(name + cancelled + s)
	}
	for i := range maxFiles {
		if d.root.Remove(picture(id, i)) != nil && i >= pictures && !d.there(picture(id, i+1)) {
			break
		}
	}
	_ = d.root.Remove("." + name + marker)
}

// lies reports whether anything of a delivery is in the folder that shows or
// names a patient.
func (d *folder) lies(id clinical.ReleaseID, pictures int) bool {
	for _, s := range []string{".csv", ".pdf", cancelled + ".csv", cancelled + ".pdf"} {
		if d.there(id.String() + s) {
			return true
		}
	}
	for i := range pictures + 1 {
		if d.there(picture(id, i)) {
			return true
		}
	}
	return false
}

func (d *folder) remove(names []string) {
	for _, name := range names {
		_ = d.root.Remove(name) // what stays is tried again at the next start
	}
}

// picture is the file name of the nth picture of a delivery, from 0.
func picture(id clinical.ReleaseID, n int) string { return fmt.Sprintf("%s-%03d.jpg", id, n+1) }
