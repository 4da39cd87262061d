package vault

import (
	"context"
	"io"
	"time"

	"fovea/clinical"
)

// Reader is one consistent view of ordered keys.
type Reader interface {
	// Get returns a copy of the value; a missing key is clinical.NotFound.
	Get(key []byte) ([]byte, error)
	// Scan calls f for each key that starts with prefix and is not below
	// prefix+from, ascending, until f returns false or an error. The slices
	// are valid during the call only.
	Scan(prefix, from []byte, f func(key, value []byte) (more bool, err error)) error
}

// Txn is a Reader that also writes. What it wrote it reads.
type Txn interface {
	Reader
	Set(key, value []byte) error
	Delete(key []byte) error
}

// Store keeps small values under ordered keys. Once Update returns nil its
// writes are durable: they survive a power cut. Exactly one Update runs at a
// time (the sequencer's); any number of Views run beside it.
type Store interface {
	View(ctx context.Context, f func(Reader) error) error
	Update(ctx context.Context, f func(Txn) error) error
	// Free returns the bytes that may still be written, for the space guard.
	Free() (Space, error)
	Close() error
}

// Space is what a driver knows of its medium.
type Space struct {
	Free, Total uint64 // bytes
	// Headroom is what the driver itself needs free at any time to go on.
	Headroom uint64
}

// Blobs keeps sealed bytes: put once, read at random, deleted whole.
type Blobs interface {
	// PutBlob stores r under id and is durable when it returns. An id that
	// exists already is Conflict.
	PutBlob(ctx context.Context, id clinical.BlobID, r io.Reader) (size int64, err error)
	// ReadBlobAt is io.ReaderAt on the stored bytes. A missing blob, or a
	// missing piece of one, is NotFound, never a short read without an error.
	ReadBlobAt(ctx context.Context, id clinical.BlobID, p []byte, off int64) (int, error)
	// DeleteBlob forgets the bytes; a missing blob is no error.
	DeleteBlob(ctx context.Context, id clinical.BlobID) error
	// EachBlob calls f for every stored blob with the time it was put.
	EachBlob(ctx context.Context, f func(id clinical.BlobID, put time.Time) error) error
}

// Fuser is a Blobs that shares its database with a Store and so can put a blob
// inside the Store's own transaction: one sync in place of two.
type Fuser interface {
	Blobs
	// FuseBlob adds the blob, at most MaxFused bytes, to an open transaction of
	// the Store it shares the database with.
	FuseBlob(t Txn, id clinical.BlobID, sealed []byte) error
	MaxFused() int64
}
