package vault

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"sync"

	"github.com/minio/sio"

	"fovea/clinical"
)

// streamBuffer is how much sealed data a sequential reader fetches at a time.
const streamBuffer = 8 * (packageSize + packageMore)

// Open returns the plaintext of a blob at random access. Every byte that comes
// out was authenticated, and the length is the manifest's: changed, swapped,
// reordered or missing bytes are Corrupt, never wrong or short. ReadAt may be
// called by several goroutines at once, Read and Seek by one. Reading ends
// with ctx. An unknown blob, and one whose keys were destroyed, is NotFound.
func (v *Vault) Open(ctx context.Context, id clinical.BlobID) (clinical.Content, error) {
	f, dek, err := v.openManifest(ctx, id)
	if err != nil {
		return nil, err
	}
	return v.openContent(ctx, id, f, dek)
}

func (v *Vault) openContent(ctx context.Context, id clinical.BlobID, f facts, dek [keySize]byte) (*content, error) {
	c := &content{id: id, size: f.Size, sealed: f.Sealed, config: v.sioConfig(dek), at: v.sealedBytes(ctx, id, f.Sealed), ahead: &v.ahead}
	var err error
	if c.random, err = sio.DecryptReaderAt(c.at, c.config); err != nil {
		return nil, clinical.Errorf(clinical.Internal, "vault: open blob %s: %w", id, err)
	}
	return c, nil
}

// sealedBytes reads the stored bytes of a blob that has size of them.
func (v *Vault) sealedBytes(ctx context.Context, id clinical.BlobID, size int64) readAtFunc {
	return func(p []byte, off int64) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, clinical.Errorf(clinical.Unavailable, "vault: read blob %s: %w", id, err)
		}
		if off >= size {
			return 0, io.EOF
		}
		short := int64(len(p)) > size-off
		if short {
			p = p[:size-off]
		}
		n, err := v.opt.Blobs.ReadBlobAt(ctx, id, p, off)
		if n == len(p) && (err == nil || errors.Is(err, io.EOF)) {
			err = nil
			if short {
				err = io.EOF
			}
		}
		return n, err
	}
}

func (v *Vault) openManifest(ctx context.Context, id clinical.BlobID) (facts, [keySize]byte, error) {
	var f facts
	var dek [keySize]byte
	err := v.opt.Store.View(ctx, func(r Reader) error {
		m, err := v.readManifest(r, id)
		if err != nil {
			return err
		}
		if dek, err = v.unwrap(m, id); err != nil {
			return err
		}
		f, err = openFacts(dek, m, id)
		return err
	})
	if err == nil && f.Sealed != sealedSize(f.Size) {
		err = clinical.Errorf(clinical.Corrupt, "vault: manifest of blob %s does not add up", id)
	}
	return f, dek, err
}

type readAtFunc func([]byte, int64) (int, error)

func (f readAtFunc) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }

// content is an open blob.
type content struct {
	id     clinical.BlobID
	size   int64
	sealed int64
	config sio.Config
	at     readAtFunc // sealed bytes
	random io.ReaderAt
	pos    int64
	stream io.Reader // plaintext from pos on; nil: not begun
	closed bool

	ahead *sync.Pool    // of readers of streamBuffer, which hold sealed bytes alone
	in    *bufio.Reader // of stream, from ahead; nil: it is not
}

func (c *content) Size() int64 { return c.size }

// ReadAt implements io.ReaderAt.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, clinical.Errorf(clinical.Invalid, "vault: read at %d", off)
	}
	if off >= c.size {
		return 0, io.EOF
	}
	want := p
	if int64(len(want)) > c.size-off {
		want = want[:c.size-off]
	}
	n, err := io.ReadFull(io.NewSectionReader(c.random, off, int64(len(want))), want)
	if err != nil {
		clear(p)
		return 0, c.damaged(err)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Read gives the plaintext in order, sealed bytes fetched well ahead.
func (c *content) Read(p []byte) (int, error) {
	if c.closed {
		return 0, clinical.Errorf(clinical.Unavailable, "vault: blob %s is closed", c.id)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if c.pos >= c.size {
		return 0, io.EOF
	}
	if c.stream == nil {
		if err := c.begin(); err != nil {
			return 0, err
		}
	}
	if int64(len(p)) > c.size-c.pos {
		p = p[:c.size-c.pos]
	}
	n, err := c.stream.Read(p)
	if c.pos += int64(n); c.pos == c.size {
		c.giveBack()
	}
	if err == nil || (errors.Is(err, io.EOF) && c.pos == c.size) {
		return n, nil
	}
	return n, c.damaged(err)
}

// begin starts a stream at pos: at the package that holds it.
func (c *content) begin() error {
	first := c.pos / packageSize
	off := first * (packageSize + packageMore)
	config := c.config
	config.SequenceNumber = uint32(first)
	in := c.buffered(io.NewSectionReader(c.at, off, c.sealed-off))
	plain, err := sio.DecryptReader(in, config)
	if err != nil {
		return clinical.Errorf(clinical.Internal, "vault: read blob %s: %w", c.id, err)
	}
	if _, err := io.CopyN(io.Discard, plain, c.pos-first*packageSize); err != nil {
		return c.damaged(err)
	}
	c.stream = plain
	return nil
}

// buffered reads sealed bytes well ahead. A large buffer is one that another stream has done with, where there is one.
func (c *content) buffered(sealed *io.SectionReader) *bufio.Reader {
	if sealed.Size() <= packageSize {
		return bufio.NewReaderSize(sealed, int(sealed.Size()))
	}
	in, ok := c.ahead.Get().(*bufio.Reader)
	if !ok {
		in = bufio.NewReaderSize(nil, streamBuffer)
	}
	in.Reset(sealed)
	c.in = in
	return in
}

// giveBack lets another stream have the buffer of one that was read to its end. Only Read may say that it was: a buffer
// whose stream was left in the middle is never given away, because somebody may still be reading.
func (c *content) giveBack() {
	if c.in != nil {
		c.in.Reset(nil)
		c.ahead.Put(c.in)
		c.in, c.stream = nil, nil
	}
}

// Seek implements io.Seeker.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += c.pos
	case io.SeekEnd:
		offset += c.size
	default:
		return 0, clinical.Errorf(clinical.Invalid, "vault: seek from %d", whence)
	}
	if offset < 0 {
		return 0, clinical.Errorf(clinical.Invalid, "vault: seek to %d", offset)
	}
	if offset != c.pos {
		c.stream, c.in = nil, nil
	}
	c.pos = offset
	return offset, nil
}

// Close implements io.Closer.
func (c *content) Close() error {
	c.closed = true
	c.stream = nil
	return nil
}

// damaged is the error of bytes that are not what was put. Bytes that are
// missing where the manifest says they are count as such.
func (c *content) damaged(err error) error {
	if k := clinical.KindOf(err); k == clinical.Unavailable {
		return err
	}
	return clinical.Errorf(clinical.Corrupt, "vault: blob %s: %w", c.id, err)
}

// Verify reads a whole blob back from the store and compares its length and
// SHA-256 with the manifest: Corrupt when they differ.
func (v *Vault) Verify(ctx context.Context, id clinical.BlobID) error {
	f, dek, err := v.openManifest(ctx, id)
	if err != nil {
		return err
	}
	c, err := v.openContent(ctx, id, f, dek)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(h, c)
	if err != nil {
		return err
	}
	if n != f.Size || subtle.ConstantTimeCompare(h.Sum(nil), f.Content[:]) != 1 {
		return clinical.Errorf(clinical.Corrupt, "vault: blob %s reads back otherwise than it was put", id)
	}
	return nil
}
