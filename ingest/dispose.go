package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"fovea/clinical"
)

// dispose takes the source out of the studio's folder as the studio asks. It is
// called only after the asset was read back, and touches the name only while it
// still is the file that was read.
func (s *station) dispose(src *source) error {
	if s.once || s.studio.Dispose == disposeLeave {
		return nil
	}
	dir, name, err := descend(s.studio.Folder, src.rel)
	if err != nil {
		return err
	}
	defer dir.Close() //nolint:errcheck // nothing was written
	var st unix.Stat_t
	if err := unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		if errors.Is(err, unix.ENOENT) {
			return nil // somebody took it away
		}
		return fileError("look at file", err)
	}
	if now := entryOf(src.rel, &st); !now.same(src.entry) {
		return errChanged
	}
	if s.studio.Dispose == DisposeDelete {
		if err := unix.Unlinkat(int(dir.Fd()), name, 0); err != nil && !errors.Is(err, unix.ENOENT) {
			return fileError("delete file", err)
		}
		return nil
	}
	day := s.in.opt.Now().In(s.in.opt.Zone).Format(time.DateOnly)
	return moveInto(s.studio.Folder, int(dir.Fd()), name, path.Join(doneFolder, day, path.Dir(src.rel)))
}

// moveInto moves a name from an open folder to the folder to below root, made
// where it is missing, and never over anything: a taken name gets a number.
func moveInto(root string, from int, name, to string) error {
	fd, err := makeFolder(root, to)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // a folder
	for n := 1; n < 10_000; n++ {
		err := renameNew(from, name, fd, numbered(name, n))
		switch {
		case err == nil, errors.Is(err, unix.ENOENT):
			return nil
		case !errors.Is(err, unix.EEXIST):
			return fileError("move file to done", err)
		}
	}
	return clinical.Errorf(clinical.Unavailable, "ingest: move file to done: no free name")
}

// makeFolder opens the folder rel below root, making what is missing of it. No
// component may be a link.
func makeFolder(root, rel string) (int, error) {
	fd, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, folderError("open folder", err)
	}
	for p := range strings.SplitSeq(path.Clean(rel), "/") {
		if err := unix.Mkdirat(fd, p, 0o770); err != nil && !errors.Is(err, unix.EEXIST) {
			_ = unix.Close(fd)
			return -1, notWritable("make folder", err)
		}
		next, err := unix.Openat(fd, p, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		_ = unix.Close(fd)
		if err != nil {
			return -1, folderError("open folder", err)
		}
		fd = next
	}
	return fd, nil
}

// numbered returns name for 1, and "stem (n).ext" for more, within 255 bytes.
func numbered(name string, n int) string {
	if n == 1 {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 16 || ext == name {
		ext = ""
	}
	stem, tag := strings.TrimSuffix(name, ext), fmt.Sprintf(" (%d)", n)
	return clip(stem, 255-len(tag)-len(ext)) + tag + ext
}

// clip cuts s to at most n bytes, between runes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

// expireHourly expires now and then.
func (s *station) expireHourly(now time.Time) error {
	if s.once || now.Sub(s.expired) < time.Hour {
		return nil
	}
	s.expired = now
	return s.expire(now)
}

// expire removes the days of done/, and the receipts, that are older than the
// studio retains.
func (s *station) expire(now time.Time) error {
	root, err := os.OpenRoot(s.studio.Folder)
	if err != nil {
		return folderError("open folder", err)
	}
	defer root.Close() //nolint:errcheck // a folder
	oldest := now.Add(-s.studio.Retain).In(s.in.opt.Zone).Format(time.DateOnly)
	days, err := fs.ReadDir(root.FS(), doneFolder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return folderError("list done", err)
	}
	for _, d := range days {
		if _, err := time.Parse(time.DateOnly, d.Name()); err != nil || !d.IsDir() || d.Name() >= oldest {
			continue
		}
		if err := root.RemoveAll(path.Join(doneFolder, d.Name())); err != nil {
			return folderError("empty done", err)
		}
	}
	return nil
}

// tidy removes the folders that became empty in this batch, deepest first.
func (s *station) tidy(folders []string) {
	if s.once {
		return // nothing was
	}
	for _, rel := range slices.Backward(folders) {
		if !s.batch.emptied[rel] {
			continue
		}
		dir, name, err := descend(s.studio.Folder, rel)
		if err != nil {
			continue
		}
		if unix.Unlinkat(int(dir.Fd()), name, unix.AT_REMOVEDIR) == nil {
			s.batch.emptied[path.Dir(rel)] = true
		}
		_ = dir.Close()
	}
}
