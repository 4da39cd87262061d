// Package exif reads what a camera wrote into a picture: when it was taken,
// with which camera, which way up. exiftool is the authority (right means: what
// exiftool run by hand says), driven through go-exiftool, whose only importer
// this package is.
//
// That library cannot be used bare. It writes file names into exiftool's
// argument stream, where a newline ends a name and begins an option that may run
// a program; it waits for ever if exiftool dies in mid-request; an answer larger
// than its buffer breaks it for good. So here:
//
//   - exiftool only ever sees names this package made, in one private folder in
//     memory that holds one file at a time; no caller's text reaches it;
//   - it runs confined (internal/sandbox) and sees nothing but that folder;
//   - every request has a deadline; a child that dies, hangs or answers nonsense
//     is killed and replaced, and no goroutine, process or descriptor is left;
//   - what it answers is data: values with control characters are dropped, and
//     no error repeats any of it.
//
// The package never writes metadata. Start reading at [Open] and [Reader.Read];
// instance.go holds the supervision.
package exif

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"fovea/clinical"
	"fovea/internal/sandbox"
)

// Errors of this package. None carries anything of a file.
var (
	// ErrUnreadable: exiftool could not make sense of the file, or crashed on
	// it twice.
	ErrUnreadable = errors.New("metadata cannot be read")
	// ErrTimeout: exiftool did not answer in time and was killed.
	ErrTimeout = errors.New("metadata reader did not answer in time")
	// ErrTooLarge: the file is larger than Options.MaxFile or than the memory
	// folder has room for.
	ErrTooLarge = errors.New("file too large to read metadata from")
	// ErrNotMemory: the spool folder is on a disk; pictures must not be.
	ErrNotMemory = errors.New("spool folder is not in memory")
	// ErrClosed: the Reader was closed.
	ErrClosed = errors.New("metadata reader is closed")
)

// Options of a Reader. Sandbox is required; other zero fields take the defaults
// named.
type Options struct {
	Sandbox *sandbox.Sandbox
	// Program is exiftool's absolute path; default /usr/bin/exiftool. Where it
	// is outside /usr, Binds names the folders it needs.
	Program string
	Binds   []sandbox.Bind
	// Spool is a folder in memory (tmpfs); default /dev/shm.
	Spool string
	// Instances run side by side; default 2.
	Instances int
	// Timeout for one file; default 20 s.
	Timeout time.Duration
	// MaxFile in bytes; default 512 MiB.
	MaxFile int64
	// Renew replaces an instance after so many files; default 1000. It bounds
	// what a decoder can leak.
	Renew int
}

func (o Options) withDefaults() Options {
	if o.Program == "" {
		o.Program = "/usr/bin/exiftool"
	}
	if o.Spool == "" {
		o.Spool = "/dev/shm"
	}
	if o.Instances <= 0 {
		o.Instances = 2
	}
	if o.Timeout <= 0 {
		o.Timeout = 20 * time.Second
	}
	if o.MaxFile <= 0 {
		o.MaxFile = 512 << 20
	}
	if o.Renew <= 0 {
		o.Renew = 1000
	}
	return o
}

// Reader reads metadata with a few exiftool instances. It may be used by many
// goroutines; Close it to end the instances.
type Reader struct {
	opt   Options
	slots chan *slot    // free places for work
	done  chan struct{} // closed by Close
	once  sync.Once
}

// slot is a place for one instance; the instance in it comes and goes.
type slot struct {
	live *instance
}

// Open checks that the spool folder is in memory and that exiftool answers.
func Open(ctx context.Context, opt Options) (*Reader, error) {
	if opt.Sandbox == nil {
		return nil, errors.New("exif: open: a sandbox is required")
	}
	opt = opt.withDefaults()
	if !opt.Sandbox.Has(opt.Program) {
		return nil, fmt.Errorf("exif: open: %w: exiftool", sandbox.ErrMissing)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(opt.Spool, &fs); err != nil {
		return nil, fmt.Errorf("exif: open: spool folder: %w", err)
	}
	if fs.Type != unix.TMPFS_MAGIC && fs.Type != unix.RAMFS_MAGIC {
		return nil, fmt.Errorf("exif: open: %w", ErrNotMemory)
	}
	r := &Reader{opt: opt, slots: make(chan *slot, opt.Instances), done: make(chan struct{})}
	for range opt.Instances {
		r.slots <- &slot{}
	}
	first := <-r.slots
	err := r.ready(ctx, first)
	r.slots <- first
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Read returns what exiftool reads in the size bytes of src. ext is a hint such
// as "jpg"; anything but one to five letters or digits is ignored, for content
// decides. A file that says nothing gives a zero Metadata and no error.
// Errors: ErrUnreadable, ErrTimeout, ErrTooLarge, ErrClosed, or ctx's.
func (r *Reader) Read(ctx context.Context, src io.ReaderAt, size int64, ext string) (Metadata, error) {
	if size > r.opt.MaxFile {
		return Metadata{}, clinical.Errorf(clinical.Invalid, "exif: read: %w", ErrTooLarge)
	}
	select {
	case <-r.done:
		return Metadata{}, clinical.Errorf(clinical.Unavailable, "exif: read: %w", ErrClosed)
	default:
	}
	select {
	case <-r.done:
		return Metadata{}, clinical.Errorf(clinical.Unavailable, "exif: read: %w", ErrClosed)
	case <-ctx.Done():
		return Metadata{}, fmt.Errorf("exif: read: %w", ctx.Err())
	case s := <-r.slots:
		defer func() { r.slots <- s }()
		return r.readIn(ctx, s, io.NewSectionReader(src, 0, size), ext)
	}
}

// readIn tries twice: a child that died may have died of the file before.
func (r *Reader) readIn(ctx context.Context, s *slot, src *io.SectionReader, ext string) (Metadata, error) {
	for attempt := 0; ; attempt++ {
		if err := r.ready(ctx, s); err != nil {
			return Metadata{}, err
		}
		if _, err := src.Seek(0, io.SeekStart); err != nil {
			return Metadata{}, fmt.Errorf("exif: read: %w", err)
		}
		fields, err := s.live.ask(ctx, src, extension(ext))
		switch {
		case err == nil:
			return parse(fields), nil
		case errors.Is(err, errDied) && attempt == 0 && ctx.Err() == nil:
			s.retire()
		case errors.Is(err, errDied):
			s.retire()
			return Metadata{}, clinical.Errorf(clinical.Invalid, "exif: read: %w", ErrUnreadable)
		case errors.Is(err, ErrTimeout):
			s.retire()
			if ctx.Err() != nil {
				return Metadata{}, fmt.Errorf("exif: read: %w", ctx.Err())
			}
			return Metadata{}, clinical.Errorf(clinical.Invalid, "exif: read: %w", err)
		case errors.Is(err, ErrTooLarge):
			return Metadata{}, clinical.Errorf(clinical.Unavailable, "exif: read: %w", err)
		default: // nothing that the file is to blame for
			return Metadata{}, clinical.Errorf(clinical.Unavailable, "exif: read: %w", err)
		}
	}
}

// ready makes sure that the slot holds a living, not too old instance.
func (r *Reader) ready(ctx context.Context, s *slot) error {
	if s.live != nil && s.live.served < r.opt.Renew {
		return nil
	}
	s.retire()
	inst, err := start(ctx, r.opt)
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "exif: start exiftool: %w", err)
	}
	s.live = inst
	return nil
}

func (s *slot) retire() {
	if s.live != nil {
		s.live.stop()
		s.live = nil
	}
}

// Close waits for requests under way, ends every instance and removes the
// memory folders.
func (r *Reader) Close() error {
	r.once.Do(func() {
		close(r.done)
		for range r.opt.Instances {
			s := <-r.slots
			s.retire()
		}
	})
	return nil
}

// Stray removes memory folders that a killed process left behind in spool, and
// with them the picture it was reading. Folders that a living process uses are
// never touched.
func Stray(spool string) error {
	entries, err := os.ReadDir(spool)
	if err != nil {
		return fmt.Errorf("exif: stray folders: %w", err)
	}
	for _, e := range entries {
		if err := sweep(spool, e); err != nil {
			return fmt.Errorf("exif: stray folders: %w", err)
		}
	}
	return nil
}
