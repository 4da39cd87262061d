package vaulttest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/vault"
)

const (
	objectSize = 8_000_000 // bytes of one camera file
	objects    = 12        // in a round of ingest
	packet     = 64 << 10  // bytes sealed at a time
)

// Bench runs the benchmarks that every driver runs alike:
//
//	ingest/N/fused    objects of 8 MB, sealed and put with their record, by N writers
//	ingest/N/unfused  the same, the blob durable first and then the record
//	random64K         64 KiB read anywhere in blobs that were just put
//
// Ingest writes the same objects, sealed the same way, to plain files in turn:
// temporary file, sync, rename, sync of the folder. x-files is the ratio of
// the speeds, the driver's over the files'; above 1 the driver is faster.
func Bench(b *testing.B, d Driver) {
	b.Helper()
	for _, writers := range []int{1, 4} {
		b.Run(fmt.Sprintf("ingest/%d/fused", writers), func(b *testing.B) { benchIngest(b, d, writers) })
		b.Run(fmt.Sprintf("ingest/%d/unfused", writers), func(b *testing.B) { benchIngest(b, UnfusedDriver(d), writers) })
	}
	b.Run("random64K", func(b *testing.B) { benchRandom(b, d) })
}

func benchIngest(b *testing.B, d Driver, writers int) {
	s, blobs := open(b, d(b))
	keep := keeper(b, s, blobs)
	folder := b.TempDir()
	object := Bytes(1, objectSize)
	var driver, files time.Duration
	round := 0
	for b.Loop() {
		driver += spread(b, writers, round, func(id clinical.BlobID) error { return keep(id, object) })
		files += spread(b, writers, round, func(id clinical.BlobID) error { return writeFile(folder, id, object) })
		round++
	}
	bytesPut := float64(round) * objects * objectSize
	b.ReportMetric(bytesPut/1e6/driver.Seconds(), "MB/s")
	b.ReportMetric(bytesPut/1e6/files.Seconds(), "files-MB/s")
	b.ReportMetric(files.Seconds()/driver.Seconds(), "x-files")
	b.ReportMetric(0, "ns/op")
}

// keeper seals an object and makes it exist, fused if the driver can.
func keeper(b *testing.B, s vault.Store, blobs vault.Blobs) func(clinical.BlobID, []byte) error {
	fuser, fuses := blobs.(vault.Fuser)
	record := Bytes(3, 1500)
	return func(id clinical.BlobID, object []byte) error {
		ctx := b.Context()
		if !fuses {
			pipe := &sealer{from: bytes.NewReader(object), gcm: newGCM()}
			if _, err := blobs.PutBlob(ctx, id, pipe); err != nil {
				return err
			}
			return s.Update(ctx, func(t vault.Txn) error { return t.Set(id[:], record) })
		}
		var sealed bytes.Buffer
		sealed.Grow(len(object) + len(object)/1024 + bytes.MinRead)
		if _, err := sealed.ReadFrom(&sealer{from: bytes.NewReader(object), gcm: newGCM()}); err != nil {
			return err
		}
		return s.Update(ctx, func(t vault.Txn) error {
			if err := t.Set(id[:], record); err != nil {
				return err
			}
			return fuser.FuseBlob(t, id, sealed.Bytes())
		})
	}
}

// spread does one round of objects with so many writers and returns how long
// it took.
func spread(b *testing.B, writers, round int, write func(clinical.BlobID) error) time.Duration {
	b.Helper()
	work := make(chan int)
	var all sync.WaitGroup
	began := time.Now()
	for range writers {
		all.Go(func() {
			for n := range work {
				if err := write(ID(round*objects + n)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for n := range objects {
		work <- n
	}
	close(work)
	all.Wait()
	return time.Since(began)
}

// sealer encrypts what it reads, packet by packet.
type sealer struct {
	from io.Reader
	gcm  cipher.AEAD
	n    uint64
	out  []byte
	end  bool
	buf  []byte
	seal []byte
}

func newGCM() cipher.AEAD {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // a key of 32 bytes is one
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

func (s *sealer) Read(p []byte) (int, error) {
	if len(s.out) == 0 {
		if s.end {
			return 0, io.EOF
		}
		if s.buf == nil {
			s.buf = make([]byte, packet)
		}
		n, err := io.ReadFull(s.from, s.buf)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
		s.end = err != nil
		nonce := binary.BigEndian.AppendUint64(make([]byte, 4, 12), s.n)
		s.n++
		s.seal = s.gcm.Seal(s.seal[:0], nonce, s.buf[:n], nil)
		s.out = s.seal
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// writeFile is the peer: one sealed file, durable under its name.
func writeFile(folder string, id clinical.BlobID, object []byte) error {
	f, err := os.CreateTemp(folder, "put-*")
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(f, struct{ io.Reader }{&sealer{from: bytes.NewReader(object), gcm: newGCM()}}, make([]byte, 1<<20))
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(folder, id.String())); err != nil {
		return err
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func benchRandom(b *testing.B, d Driver) {
	_, blobs := open(b, d(b))
	for n := range objects {
		put(b, blobs, ID(n), Bytes(uint64(n), objectSize))
	}
	r := mathrand.New(mathrand.NewPCG(1, 2))
	p := make([]byte, 64<<10)
	var took []time.Duration
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		began := time.Now()
		if _, err := blobs.ReadBlobAt(b.Context(), ID(r.IntN(objects)), p, r.Int64N(objectSize-int64(len(p)))); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
