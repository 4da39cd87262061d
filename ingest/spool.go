package ingest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"fovea/clinical"
)

// errChanged: the file is not what it was a moment ago; it is looked at again.
var errChanged = errors.New("source changed while it was read")

// source is one file, open. It is never copied: whoever needs its bytes reads
// them from the one opening, bounded by the size it was opened with.
type source struct {
	entry
	file content
	sum  [32]byte // SHA-256 of the content, once digest was called
	// still fails with errChanged once the file is not what it was; nil: it
	// cannot change.
	still func() error
}

// content is what is read of a file.
type content interface {
	io.ReaderAt
	io.Closer
}

// open opens a file if it is still the regular one that e says. No part of the
// path may be a link, and nothing that could block is opened.
func (at folder) open(_ context.Context, e entry) (*source, error) {
	dir, name, err := descend(string(at), e.rel)
	if err != nil {
		return nil, err
	}
	defer dir.Close() //nolint:errcheck // nothing was written
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ELOOP) {
			return nil, errChanged
		}
		return nil, fileError("open file", err)
	}
	file := os.NewFile(uintptr(fd), "source")
	s := &source{entry: e, file: file, still: func() error { return e.still(file) }}
	if err := s.unchanged(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *source) close() error { return s.file.Close() }

// unchanged fails unless the open file is what it was.
func (s *source) unchanged() error {
	if s.still == nil {
		return nil
	}
	return s.still()
}

// still fails unless the open file has the size, time and identity that e says.
func (e entry) still(file *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return fileError("look at file", err)
	}
	if now := entryOf(e.rel, &st); !now.same(e) || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return errChanged
	}
	return nil
}

// reader returns the file from its start, never more than its size.
func (s *source) reader() *io.SectionReader { return io.NewSectionReader(s.file, 0, s.size) }

// digest reads the file once and remembers its SHA-256.
func (s *source) digest(ctx context.Context) error {
	h := sha256.New()
	n, err := io.Copy(h, contextReader{ctx, s.reader()})
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("ingest: read file: %w", ctx.Err())
	case err != nil:
		return fileError("read file", err)
	case n != s.size:
		return errChanged
	}
	h.Sum(s.sum[:0])
	return s.unchanged()
}

// landingSource is the keyed hash under which a landing of this file is found
// again. again counts how often the very same file was dropped and disposed of
// before; see docs/formats/landing.md.
func (s *source) landingSource(key [32]byte, studio clinical.StudioID, again int) string {
	h := hmac.New(sha256.New, key[:])
	field := func(b []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	var numbers [24]byte
	binary.BigEndian.PutUint64(numbers[:], uint64(s.size))
	binary.BigEndian.PutUint64(numbers[8:], uint64(s.mtime.UnixNano()))
	binary.BigEndian.PutUint64(numbers[16:], uint64(again))
	field([]byte("landing/1"))
	field([]byte(studio))
	field([]byte(s.rel))
	field(numbers[:])
	field(s.sum[:])
	return hex.EncodeToString(h.Sum(nil))
}

// contextReader stops a long read when ctx ends.
type contextReader struct {
	ctx context.Context //nolint:containedctx // lives for one read only
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
