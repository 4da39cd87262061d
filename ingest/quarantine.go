package ingest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"fovea/clinical"
)

const (
	reasonSuffix = ".reason.txt"
	// referenceMark precedes the asset's ID in a reason file.
	referenceMark = "Reference: "
	// provisionalMark begins the names of files that are being written.
	provisionalMark = ".fovea-"
	// maxReason bounds how much of a reason file is read back.
	maxReason = 4 << 10
)

// explain writes <name>.reason.txt into the studio's _quarantine folder: what
// happened to the file and what to do. ref is the asset's ID, empty for a file
// that was left where it is. A file that says the same already is left alone.
// While an import explains, the studio's own watch may sweep the folder and take
// a half-written name for one that a stop left: then it is written again.
func (s *station) explain(name string, r clinical.Reason, ref string) error {
	if s.told {
		return nil
	}
	var err error
	for range 5 {
		if err = s.writeReason(name, r, ref); !errors.Is(err, unix.ENOENT) {
			break
		}
	}
	return err
}

func (s *station) writeReason(name string, r clinical.Reason, ref string) error {
	dir, err := makeFolder(s.studio.Folder, quarantineFolder)
	if err != nil {
		return err
	}
	defer unix.Close(dir) //nolint:errcheck // a folder
	text := fmt.Sprintf("%s\n\nReason: %s\n%s%s\n", Words(r), r, referenceMark, ref)
	for n := 1; n < 10_000; n++ {
		file := reasonName(name, n)
		err := writeFile(dir, file, []byte(text), false)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EEXIST) {
			return notWritable("write reason", err)
		}
		if old, err := readReason(dir, file); err == nil && old == ref {
			return nil
		}
	}
	return clinical.Errorf(clinical.Unavailable, "ingest: write reason: no free name")
}

func reasonName(name string, n int) string {
	tail := reasonSuffix
	if n > 1 {
		tail = fmt.Sprintf(" (%d)%s", n, reasonSuffix)
	}
	return clip(printable(name), 255-len(tail)) + tail
}

// readReason returns the reference in a reason file.
func readReason(dir int, name string) (string, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	f := os.NewFile(uintptr(fd), "reason")
	defer f.Close() //nolint:errcheck // nothing was written
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", fs.ErrInvalid
	}
	b, err := io.ReadAll(io.LimitReader(f, maxReason))
	if err != nil {
		return "", err
	}
	_, ref, ok := strings.Cut(string(b), "\n"+referenceMark)
	if !ok {
		return "", fs.ErrInvalid
	}
	return strings.TrimSpace(ref), nil
}

// sweep removes the reason files of assets that have left quarantine, and of
// left files that are gone. What it cannot read it leaves alone.
func (s *station) sweep() {
	if s.once {
		return
	}
	fd, err := unix.Open(s.studio.Folder+"/"+quarantineFolder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	dir := os.NewFile(uintptr(fd), ".")
	defer dir.Close() //nolint:errcheck // nothing was written
	names, err := dir.Readdirnames(maxEntries)
	if err != nil {
		return
	}
	known := map[string]string{}
	for _, name := range names {
		if strings.HasPrefix(name, provisionalMark) && s.reasons == nil {
			_ = unix.Unlinkat(fd, name, 0) // a stop left it half written
		}
		if !strings.HasSuffix(name, reasonSuffix) {
			continue
		}
		ref, ok := s.reasons[name]
		if !ok {
			if ref, err = readReason(fd, name); err != nil {
				continue
			}
		}
		if !s.stands(name, ref) && unix.Unlinkat(fd, name, 0) == nil {
			continue
		}
		known[name] = ref
	}
	s.reasons = known
}

// stands reports whether the file that a reason file is about still waits.
func (s *station) stands(name, ref string) bool {
	if ref != "" {
		id, err := clinical.ParseID[clinical.Asset](ref)
		return err != nil || s.in.memory.quarantined(id)
	}
	for _, k := range s.tracker.tracks {
		if k.phase == finished && k.strange == "" && k.outcome == clinical.OutcomeIgnored && strings.HasPrefix(name, strings.TrimSuffix(reasonName(k.name(), 1), reasonSuffix)) {
			return true
		}
	}
	return false
}

// writeFile writes a whole file into an open folder: under a provisional name,
// synced, renamed. It fails with EEXIST when the name is taken, unless replace.
func writeFile(dir int, name string, b []byte, replace bool) error {
	provisional := provisionalMark + rand.Text() + ".tmp"
	fd, err := unix.Openat(dir, provisional, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o660)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "provisional")
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = unix.Unlinkat(dir, provisional, 0)
		return err
	}
	if replace {
		err = unix.Renameat(dir, provisional, dir, name)
	} else {
		err = renameNew(dir, provisional, dir, name)
	}
	if err != nil {
		_ = unix.Unlinkat(dir, provisional, 0)
		return err
	}
	return unix.Fsync(dir)
}

// renameNew renames without ever replacing: EEXIST when the new name is taken.
func renameNew(from int, name string, to int, target string) error {
	err := unix.Renameat2(from, name, to, target, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// The share knows no such rename: a hard link refuses a taken name as well.
		if err = unix.Linkat(from, name, to, target, 0); err == nil {
			err = unix.Unlinkat(from, name, 0)
		}
	}
	return err
}
