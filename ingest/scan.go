package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"fovea/clinical"
)

const (
	// maxDepth is how many folders deep a studio's folder is looked into.
	maxDepth = 20
	// maxEntries bounds one look at a folder; what is beyond waits its turn.
	maxEntries = 100_000
)

// Folders of ours inside a studio's folder.
const (
	quarantineFolder = "_quarantine"
	receiptsFolder   = "_receipts"
	doneFolder       = "done"
)

// entry is one name seen in a studio's folder.
type entry struct {
	rel    string // slash-separated, from the folder; any bytes
	size   int64
	mtime  time.Time
	inode  uint64
	device uint64
	// strange is why the entry is never opened: it is no regular file, or lies
	// too deep. Empty for files.
	strange clinical.Reason
}

func (e entry) name() string { return path.Base(e.rel) }

// same reports whether e and o are the same bytes as far as names and times tell.
func (e entry) same(o entry) bool {
	return e.size == o.size && e.mtime.Equal(o.mtime) && e.inode == o.inode && e.device == o.device && e.strange == o.strange
}

// seen is one look at a folder.
type seen struct {
	files   []entry
	folders []string // all but the root, parents first
}

// place is where a station finds its files.
type place interface {
	// scan lists everything that is there.
	scan(ctx context.Context) (seen, error)
	// open opens a file that scan listed, if it is still the same: else errChanged.
	open(ctx context.Context, e entry) (*source, error)
}

// folder is a place in the file system, by its path.
type folder string

// scan lists the folder and everything in it without following or opening
// anything but folders. It fails when the folder itself cannot be read; one
// inside that cannot be read or went away is left for the next look.
func (at folder) scan(ctx context.Context) (seen, error) {
	fd, err := unix.Open(string(at), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return seen{}, &clinical.Error{Kind: clinical.Unavailable, Reason: reasonNotReached, Err: folderError("open folder", err)}
	}
	var s seen
	w := walk{ctx: ctx, out: &s}
	if err := w.folder(os.NewFile(uintptr(fd), "."), "", 0); err != nil {
		return seen{}, err
	}
	return s, nil
}

// folderError is a failure of the studio's folder: the whole studio waits.
func folderError(doing string, err error) error {
	return clinical.Errorf(clinical.Unavailable, "ingest: %s: %w", doing, pathless(err))
}

// notWritable is a folderError of writing into the studio's folder.
func notWritable(doing string, err error) error {
	return &clinical.Error{Kind: clinical.Unavailable, Reason: reasonNotWritable, Err: folderError(doing, err)}
}

// fileError is a failure of one file, which is tried again while others go on.
func fileError(doing string, err error) error {
	return fmt.Errorf("ingest: %s: %w", doing, pathless(err))
}

// pathless drops the path, which may name a patient, and keeps the cause.
func pathless(err error) error {
	var errno unix.Errno
	switch {
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	default:
		return errors.New("cannot be read")
	}
}

type walk struct {
	ctx context.Context
	out *seen
}

// folder lists one open folder, which it closes.
func (w walk) folder(dir *os.File, rel string, depth int) error {
	names, err := dir.Readdirnames(-1)
	defer dir.Close() //nolint:errcheck // nothing was written
	if err != nil {
		return folderError("list folder", err)
	}
	for _, name := range names {
		if err := w.ctx.Err(); err != nil {
			return fmt.Errorf("ingest: list folder: %w", err)
		}
		if len(w.out.files) >= maxEntries {
			return nil
		}
		if err := w.entry(dir, path.Join(rel, name), name, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w walk) entry(dir *os.File, rel, name string, depth int) error {
	if depth == 0 && (name == quarantineFolder || name == receiptsFolder || name == doneFolder) {
		return nil
	}
	var st unix.Stat_t
	if err := unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return nil //nolint:nilerr // it went away: the next look sees
	}
	e := entryOf(rel, &st)
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		w.out.files = append(w.out.files, e)
		return nil
	}
	if depth+1 > maxDepth {
		e.strange = reasonTooDeep
		w.out.files = append(w.out.files, e)
		return nil
	}
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil //nolint:nilerr // not ours to read, or gone: the next look sees
	}
	w.out.folders = append(w.out.folders, rel)
	err = w.folder(os.NewFile(uintptr(fd), "."), rel, depth+1)
	if w.ctx.Err() != nil {
		return err
	}
	return nil
}

func entryOf(rel string, st *unix.Stat_t) entry {
	e := entry{
		rel: rel, size: st.Size, inode: st.Ino, device: uint64(st.Dev), //nolint:unconvert // its type differs between systems
		mtime: time.Unix(st.Mtim.Unix()).UTC(),
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR:
	case unix.S_IFLNK:
		e.strange = reasonLink
	default:
		e.strange = reasonNotFile
	}
	return e
}

// descend opens the folder of rel below root and returns it with rel's last
// name. No component may be a link.
func descend(root, rel string) (*os.File, string, error) {
	fd, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, "", folderError("open folder", err)
	}
	parts := strings.Split(rel, "/")
	for _, p := range parts[:len(parts)-1] {
		next, err := unix.Openat(fd, p, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		_ = unix.Close(fd)
		if err != nil {
			return nil, "", folderError("open folder", err)
		}
		fd = next
	}
	return os.NewFile(uintptr(fd), "."), parts[len(parts)-1], nil
}

// litter reports whether a name is what systems and programs leave about, or
// what somebody is still writing under a provisional name.
func litter(name string) bool {
	lower := strings.ToLower(name)
	switch lower {
	case "thumbs.db", "desktop.ini", "ehthumbs.db":
		return true
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || strings.HasSuffix(name, "~") {
		return true
	}
	for _, ext := range []string{".tmp", ".part", ".partial", ".crdownload", ".filepart", ".download"} {
		if strings.HasSuffix(lower, ext) {
			return true
		}
	}
	return false
}
