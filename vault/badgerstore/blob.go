package badgerstore

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/dgraph-io/badger/v4"

	"fovea/clinical"
	"fovea/vault"
)

const (
	chunkSize  = 1 << 20 // bytes of a blob under one key
	groupSize  = 16      // chunks in one transaction of PutBlob
	cutSize    = 10_000  // chunks forgotten in one transaction of DeleteBlob
	headFormat = 1
	headLen    = 1 + 8 + 8
)

// head is what is known of a blob besides its bytes.
type head struct {
	put  time.Time
	size int64
}

func (h head) encode() []byte {
	b := make([]byte, 1, headLen)
	b[0] = headFormat
	b = binary.BigEndian.AppendUint64(b, uint64(h.put.UnixMilli()))
	return binary.BigEndian.AppendUint64(b, uint64(h.size))
}

func decodeHead(b []byte) (head, error) {
	if len(b) != headLen || b[0] != headFormat {
		return head{}, clinical.Errorf(clinical.Corrupt, "badgerstore: head of a blob does not decode")
	}
	h := head{put: time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:]))), size: int64(binary.BigEndian.Uint64(b[9:]))}
	if h.size < 0 {
		return head{}, clinical.Errorf(clinical.Corrupt, "badgerstore: size of a blob does not decode")
	}
	return h, nil
}

func (h head) chunks() int64 { return (h.size + chunkSize - 1) / chunkSize }

func headKey(id clinical.BlobID) []byte { return append([]byte(headPrefix), id[:]...) }
func openKey(id clinical.BlobID) []byte { return append([]byte(openPrefix), id[:]...) }

func chunkKey(id clinical.BlobID, n int64) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(chunkPrefix), id[:]...), uint32(n))
}

func conflict(id clinical.BlobID) error {
	return clinical.Errorf(clinical.Conflict, "badgerstore: blob %s exists", id)
}

// MaxFused is the size of the largest blob that FuseBlob takes.
func (s *Store) MaxFused() int64 { return maxFused }

// FuseBlob adds a blob to the open transaction t of this Store. It keeps
// sealed, which must not change before Update has returned.
func (s *Store) FuseBlob(t vault.Txn, id clinical.BlobID, sealed []byte) error {
	mine, ok := t.(*txn)
	switch {
	case !ok || mine.store != s:
		return clinical.Errorf(clinical.Internal, "badgerstore: transaction of another store")
	case mine.done:
		return errDone()
	case int64(len(sealed)) > maxFused:
		return clinical.Errorf(clinical.Invalid, "badgerstore: blob %s has %d bytes, more than can be fused", id, len(sealed))
	}
	if s.isPutting(id) {
		return conflict(id)
	}
	if err := s.absent(mine.badger, id); err != nil {
		return err
	}
	h := head{put: s.options.Now(), size: int64(len(sealed))}
	for n := int64(0); n < h.chunks(); n++ {
		chunk := sealed[n*chunkSize : min((n+1)*chunkSize, h.size)]
		if err := mine.badger.Set(chunkKey(id, n), chunk); err != nil {
			return kinded(err)
		}
	}
	return kinded(mine.badger.Set(headKey(id), h.encode()))
}

// absent is Conflict when t knows the blob, whole or not.
func (s *Store) absent(t *badger.Txn, id clinical.BlobID) error {
	for _, key := range [][]byte{headKey(id), openKey(id)} {
		err := s.guard(func() error {
			_, err := t.Get(key)
			return err
		})
		if err == nil {
			return conflict(id)
		}
		if clinical.KindOf(err) != clinical.NotFound {
			return err
		}
	}
	return nil
}

// begin reserves id for one PutBlob or DeleteBlob.
func (s *Store) begin(id clinical.BlobID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, busy := s.putting[id]; busy {
		return conflict(id)
	}
	s.putting[id] = struct{}{}
	return nil
}

func (s *Store) end(id clinical.BlobID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.putting, id)
}

func (s *Store) isPutting(id clinical.BlobID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, busy := s.putting[id]
	return busy
}

// PutBlob keeps what r holds under id, 16 MiB to a transaction. The blob
// exists once the last is durable; of one that was cut short, EachBlob tells
// and DeleteBlob frees the remains.
func (s *Store) PutBlob(ctx context.Context, id clinical.BlobID, r io.Reader) (int64, error) {
	if err := s.begin(id); err != nil {
		return 0, err
	}
	defer s.end(id)
	if err := s.known(id); err != nil {
		return 0, err
	}
	h := head{put: s.options.Now()}
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		chunks, last, err := s.group(r)
		if err != nil {
			return 0, err
		}
		if err := s.putGroup(ctx, id, &h, part{chunks, first, last}); err != nil {
			return 0, err
		}
		if last {
			return h.size, nil
		}
	}
}

// part is what one transaction adds to a blob.
type part struct {
	chunks      [][]byte
	first, last bool
}

// putGroup commits p behind what h says there is, and lets h say so.
func (s *Store) putGroup(ctx context.Context, id clinical.BlobID, h *head, p part) error {
	from := h.size / chunkSize
	for _, c := range p.chunks {
		h.size += int64(len(c))
	}
	err := s.write(ctx, func(t *badger.Txn) error {
		for i, c := range p.chunks {
			if err := t.Set(chunkKey(id, from+int64(i)), c); err != nil {
				return err
			}
		}
		return mark(t, id, *h, p)
	})
	if err != nil {
		return err
	}
	for _, c := range p.chunks {
		s.spare.Put((*[chunkSize]byte)(c[:chunkSize]))
	}
	return nil
}

// mark says in the transaction whether the blob is whole.
func mark(t *badger.Txn, id clinical.BlobID, h head, p part) error {
	if !p.last {
		return t.Set(openKey(id), h.encode())
	}
	if !p.first {
		if err := t.Delete(openKey(id)); err != nil {
			return err
		}
	}
	return t.Set(headKey(id), h.encode())
}

// group reads the chunks of one transaction; last reports that r ended.
func (s *Store) group(r io.Reader) (chunks [][]byte, last bool, err error) {
	for len(chunks) < groupSize {
		c, ok := s.spare.Get().(*[chunkSize]byte)
		if !ok {
			c = new([chunkSize]byte)
		}
		n, err := io.ReadFull(r, c[:])
		if n > 0 {
			chunks = append(chunks, c[:n])
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return chunks, true, nil
		case err != nil:
			return nil, false, err
		}
	}
	return chunks, false, nil
}

func (s *Store) known(id clinical.BlobID) error {
	db, leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	t := db.NewTransaction(false)
	defer t.Discard()
	return s.absent(t, id)
}

// ReadBlobAt is io.ReaderAt on the stored bytes. It copies only what was asked
// for out of the mapped log.
func (s *Store) ReadBlobAt(ctx context.Context, id clinical.BlobID, p []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, clinical.Errorf(clinical.Invalid, "badgerstore: blob %s: offset %d", id, off)
	}
	db, leave, err := s.enter()
	if err != nil {
		return 0, err
	}
	defer leave()
	t := db.NewTransaction(false)
	defer t.Discard()
	h, err := s.head(t, id)
	if err != nil {
		return 0, err
	}
	if off >= h.size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), h.size-off)]
	for n := 0; n < len(want); {
		at := off + int64(n)
		got, err := s.copyChunk(t, id, h, want[n:], at)
		if err != nil {
			return n, err
		}
		n += got
	}
	if len(want) < len(p) {
		return len(want), io.EOF
	}
	return len(want), nil
}

func (s *Store) head(t *badger.Txn, id clinical.BlobID) (head, error) {
	var h head
	err := s.guard(func() error {
		item, err := t.Get(headKey(id))
		if err != nil {
			return err
		}
		return item.Value(func(b []byte) error {
			h, err = decodeHead(b)
			return err
		})
	})
	if clinical.KindOf(err) == clinical.NotFound {
		return h, clinical.Errorf(clinical.NotFound, "badgerstore: no blob %s", id)
	}
	return h, err
}

// copyChunk copies to p what the chunk at offset at holds from there on.
func (s *Store) copyChunk(t *badger.Txn, id clinical.BlobID, h head, p []byte, at int64) (int, error) {
	n, skip, copied := at/chunkSize, at%chunkSize, 0
	size := min(chunkSize, h.size-n*chunkSize)
	err := s.guard(func() error {
		item, err := t.Get(chunkKey(id, n))
		if err != nil {
			return err
		}
		return item.Value(func(b []byte) error {
			if int64(len(b)) != size {
				return clinical.Errorf(clinical.Corrupt, "badgerstore: blob %s: chunk %d has %d of %d bytes", id, n, len(b), size)
			}
			copied = copy(p, b[skip:])
			return nil
		})
	})
	if clinical.KindOf(err) == clinical.NotFound {
		return 0, clinical.Errorf(clinical.NotFound, "badgerstore: blob %s: chunk %d is missing", id, n)
	}
	return copied, err
}

// EachBlob goes through the blobs, and through what is left of those that were
// never completed or not wholly deleted: nobody refers to those, and
// DeleteBlob frees what they hold.
func (s *Store) EachBlob(ctx context.Context, f func(clinical.BlobID, time.Time) error) error {
	for _, prefix := range []string{headPrefix, openPrefix} {
		if err := s.eachHead(ctx, prefix, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) eachHead(ctx context.Context, prefix string, f func(clinical.BlobID, time.Time) error) error {
	db, leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	t := db.NewTransaction(false)
	defer t.Discard()
	it := t.NewIterator(badger.IteratorOptions{Prefix: []byte(prefix)})
	defer it.Close()
	step := it.Rewind
	for ; ; step = it.Next {
		var id clinical.BlobID
		var h head
		valid := false
		err := s.guard(func() error {
			step()
			if valid = it.Valid(); !valid {
				return nil
			}
			id = clinical.BlobID(it.Item().Key()[len(prefix):])
			return it.Item().Value(func(b []byte) (err error) {
				h, err = decodeHead(b)
				return err
			})
		})
		if err != nil || !valid {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(id, h.put); err != nil {
			return err
		}
	}
}

// DeleteBlob forgets the bytes of id, whole or not. The space comes back with
// the next Maintain. A blob that is being put is Conflict.
func (s *Store) DeleteBlob(ctx context.Context, id clinical.BlobID) error {
	if err := s.begin(id); err != nil {
		return err
	}
	defer s.end(id)
	for first := true; ; first = false {
		keys, err := s.chunkKeys(id)
		if err != nil {
			return err
		}
		more := len(keys) == cutSize
		if first && len(keys) == 0 {
			if err := s.known(id); err == nil || clinical.KindOf(err) != clinical.Conflict {
				return err
			}
		}
		if err := s.write(ctx, func(t *badger.Txn) error { return s.forget(t, id, keys, more) }); err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
}

// forget deletes keys; while there are more, the blob is one that is not whole.
func (s *Store) forget(t *badger.Txn, id clinical.BlobID, keys [][]byte, more bool) error {
	for _, k := range append(keys, headKey(id)) {
		if err := t.Delete(k); err != nil {
			return err
		}
	}
	if more {
		return t.Set(openKey(id), head{put: s.options.Now()}.encode())
	}
	return t.Delete(openKey(id))
}

// chunkKeys lists the chunks there are of id, up to cutSize of them.
func (s *Store) chunkKeys(id clinical.BlobID) ([][]byte, error) {
	db, leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	t := db.NewTransaction(false)
	defer t.Discard()
	var keys [][]byte
	err = s.guard(func() error {
		it := t.NewIterator(badger.IteratorOptions{Prefix: append([]byte(chunkPrefix), id[:]...)})
		defer it.Close()
		for it.Rewind(); it.Valid() && len(keys) < cutSize; it.Next() {
			keys = append(keys, it.Item().KeyCopy(nil))
		}
		return nil
	})
	return keys, err
}
