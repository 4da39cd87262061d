// Package memstore keeps a vault in memory: records, and blobs that can be
// fused into a record's transaction. It is the driver of tests everywhere and
// passes the suite that every driver passes; it has no other use, for nothing
// of it outlives the process.
//
// It refuses to lend its memory: what is stored and what is read are copies.
// Start reading at Store.Update.
package memstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"fovea/clinical"
	"fovea/vault"
)

// Options are what a test may want to decide; the zero Options are fine.
type Options struct {
	Now      func() time.Time // when a blob was put; nil: time.Now
	Capacity uint64           // bytes of keys, values and blobs; 0: 1 TiB
	MaxFused int64            // bytes of one fused blob; 0: 64 MiB
}

// Store is a vault.Store and a vault.Fuser at once. Use New.
type Store struct {
	now      func() time.Time
	capacity uint64
	maxFused int64

	turn chan struct{} // holds the one token of Update

	mu     sync.RWMutex // guards what follows, for moments only
	medium *medium
	closed bool
}

// medium is what outlives a Store and is found by the next one.
type medium struct {
	records tree[[]byte]
	blobs   tree[blob]
	used    uint64
}

type blob struct {
	bytes []byte
	put   time.Time
}

var (
	_ vault.Store = (*Store)(nil)
	_ vault.Fuser = (*Store)(nil)
)

var errClosed = &clinical.Error{Kind: clinical.Unavailable, Reason: "closed", Err: errors.New("memstore: closed")}

// New returns an empty Store.
func New(o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Capacity == 0 {
		o.Capacity = 1 << 40
	}
	if o.MaxFused == 0 {
		o.MaxFused = 64 << 20
	}
	return &Store{
		now: o.Now, capacity: o.Capacity, maxFused: o.MaxFused, turn: make(chan struct{}, 1),
		medium: &medium{records: newTree[[]byte](), blobs: newTree[blob]()},
	}
}

// Reopen closes s, as a dying process would, and returns a Store with what
// was durable in s. An Update that still runs in s commits nothing.
func (s *Store) Reopen() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	survivor := *s.medium
	return &Store{
		now: s.now, capacity: s.capacity, maxFused: s.maxFused, turn: make(chan struct{}, 1), medium: &survivor,
	}
}

// View runs f on the records as they were when it began.
func (s *Store) View(ctx context.Context, f func(vault.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	records, err := s.records()
	if err != nil {
		return err
	}
	return f(&reader{records: records})
}

func (s *Store) records() (tree[[]byte], error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return tree[[]byte]{}, errClosed
	}
	return s.medium.records, nil
}

// Update runs f on a working copy and makes it the truth when f returns nil.
func (s *Store) Update(ctx context.Context, f func(vault.Txn) error) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	records, err := s.records()
	if err != nil {
		return err
	}
	t := &txn{reader: reader{records: records}, store: s}
	defer func() { t.done = true }()
	if err := f(t); err != nil {
		return err
	}
	return s.commit(t)
}

func (s *Store) commit(t *txn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	grown := t.grown
	for _, b := range t.fused {
		if _, taken := s.medium.blobs.get(b.id[:]); taken {
			return conflict(b.id)
		}
		grown += int64(len(b.bytes))
	}
	if err := s.fits(grown); err != nil {
		return err
	}
	for _, b := range t.fused {
		s.medium.blobs = s.medium.blobs.put(b.id[:], blob{bytes: b.bytes, put: s.now()})
	}
	s.medium.records = t.records
	s.medium.used = uint64(int64(s.medium.used) + grown)
	return nil
}

func (s *Store) fits(grown int64) error {
	if grown > 0 && s.medium.used+uint64(grown) > s.capacity {
		return &clinical.Error{Kind: clinical.Unavailable, Reason: "disk-full", Err: errors.New("memstore: capacity reached")}
	}
	return nil
}

// Free reports the capacity that is left.
func (s *Store) Free() (vault.Space, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return vault.Space{}, errClosed
	}
	return vault.Space{Free: s.capacity - s.medium.used, Total: s.capacity}, nil
}

// Close refuses all later work; closing again is no error.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// reader is one consistent view.
type reader struct{ records tree[[]byte] }

// Get returns a copy of the value.
func (r *reader) Get(key []byte) ([]byte, error) {
	value, ok := r.records.get(key)
	if !ok {
		return nil, clinical.Errorf(clinical.NotFound, "memstore: no such key")
	}
	return append([]byte{}, value...), nil
}

// Scan goes through the keys that start with prefix.
func (r *reader) Scan(prefix, from []byte, f func(key, value []byte) (bool, error)) error {
	start := append(bytes.Clone(prefix), from...)
	return r.records.ascend(start, func(key, value []byte) (bool, error) {
		if !bytes.HasPrefix(key, prefix) {
			return false, nil
		}
		return f(bytes.Clone(key), append([]byte{}, value...))
	})
}

// txn is the working copy of the one Update.
type txn struct {
	reader
	store *Store
	fused []fused
	grown int64 // bytes of keys and values, more than before
	done  bool
}

type fused struct {
	id    clinical.BlobID
	bytes []byte
}

var errDone = clinical.Errorf(clinical.Internal, "memstore: transaction used after its end")

// Set writes a copy of value under a copy of key.
func (t *txn) Set(key, value []byte) error {
	if t.done {
		return errDone
	}
	if len(key) == 0 {
		return clinical.Errorf(clinical.Invalid, "memstore: empty key")
	}
	if err := t.Delete(key); err != nil {
		return err
	}
	t.grown += int64(len(key) + len(value))
	t.records = t.records.put(bytes.Clone(key), append([]byte{}, value...))
	return nil
}

// Delete forgets key; a missing key is no error.
func (t *txn) Delete(key []byte) error {
	if t.done {
		return errDone
	}
	if value, ok := t.records.get(key); ok {
		t.grown -= int64(len(key) + len(value))
		t.records = t.records.cut(key)
	}
	return nil
}

func conflict(id clinical.BlobID) error {
	return clinical.Errorf(clinical.Conflict, "memstore: blob %s exists", id)
}

// MaxFused is the size of the largest blob that FuseBlob takes.
func (s *Store) MaxFused() int64 { return s.maxFused }

// FuseBlob adds a blob to the open transaction t of this Store.
func (s *Store) FuseBlob(t vault.Txn, id clinical.BlobID, sealed []byte) error {
	mine, ok := t.(*txn)
	if !ok || mine.store != s {
		return clinical.Errorf(clinical.Internal, "memstore: transaction of another store")
	}
	if mine.done {
		return errDone
	}
	if int64(len(sealed)) > s.maxFused {
		return clinical.Errorf(clinical.Invalid, "memstore: blob %s has %d bytes, more than can be fused", id, len(sealed))
	}
	if s.has(id) {
		return conflict(id)
	}
	for _, b := range mine.fused {
		if b.id == id {
			return conflict(id)
		}
	}
	mine.fused = append(mine.fused, fused{id: id, bytes: bytes.Clone(sealed)})
	return nil
}

func (s *Store) has(id clinical.BlobID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.medium.blobs.get(id[:])
	return ok
}

// PutBlob keeps what r holds under id.
func (s *Store) PutBlob(ctx context.Context, id clinical.BlobID, r io.Reader) (int64, error) {
	if s.has(id) {
		return 0, conflict(id)
	}
	var all bytes.Buffer
	if _, err := all.ReadFrom(io.LimitReader(r, int64(s.capacity)+1)); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errClosed
	}
	if _, taken := s.medium.blobs.get(id[:]); taken {
		return 0, conflict(id)
	}
	if err := s.fits(int64(all.Len())); err != nil {
		return 0, err
	}
	s.medium.used += uint64(all.Len())
	s.medium.blobs = s.medium.blobs.put(id[:], blob{bytes: all.Bytes(), put: s.now()})
	return int64(all.Len()), nil
}

// ReadBlobAt is io.ReaderAt on the stored bytes.
func (s *Store) ReadBlobAt(ctx context.Context, id clinical.BlobID, p []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, clinical.Errorf(clinical.Invalid, "memstore: blob %s: offset %d", id, off)
	}
	s.mu.RLock()
	b, ok := s.medium.blobs.get(id[:])
	closed := s.closed
	s.mu.RUnlock()
	if closed {
		return 0, errClosed
	}
	if !ok {
		return 0, clinical.Errorf(clinical.NotFound, "memstore: no blob %s", id)
	}
	if off > int64(len(b.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, b.bytes[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// DeleteBlob forgets the bytes.
func (s *Store) DeleteBlob(ctx context.Context, id clinical.BlobID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if b, ok := s.medium.blobs.get(id[:]); ok {
		s.medium.used -= uint64(len(b.bytes))
		s.medium.blobs = s.medium.blobs.cut(id[:])
	}
	return nil
}

// EachBlob goes through the blobs as they were when it began.
func (s *Store) EachBlob(ctx context.Context, f func(clinical.BlobID, time.Time) error) error {
	s.mu.RLock()
	blobs, closed := s.medium.blobs, s.closed
	s.mu.RUnlock()
	if closed {
		return errClosed
	}
	return blobs.ascend(nil, func(key []byte, b blob) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		return true, f(clinical.BlobID(key), b.put)
	})
}
