package vault_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
)

const object = 8 << 20

// The peer of every benchmark here: encrypted plain files, 1 MiB chunks of
// AES-256-GCM under a key of each file's own, SHA-256 of the plaintext, fsync
// of file and folder, rename.
type plainFiles struct{ dir string }

func (p plainFiles) aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return a
}

func (p plainFiles) put(name string, r io.Reader) (err error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	a, sum := p.aead(key), sha256.New()
	f, err := os.Create(filepath.Join(p.dir, name+".tmp"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buf, sealed := make([]byte, 1<<20), make([]byte, 0, 1<<20+16)
	if _, err := f.Write(key); err != nil {
		return err
	}
	for i := uint32(0); ; i++ {
		n, err := io.ReadFull(r, buf)
		if n == 0 {
			break
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		sum.Write(buf[:n])
		if _, err := f.Write(a.Seal(sealed[:0], chunkNonce(i), buf[:n], nil)); err != nil {
			return err
		}
	}
	if _, err := f.Write(sum.Sum(nil)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(p.dir, name)); err != nil {
		return err
	}
	d, err := os.Open(p.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func chunkNonce(i uint32) []byte {
	return []byte{0, 0, 0, 0, 0, 0, 0, 0, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}
}

func (p plainFiles) read(name string) (int64, error) {
	f, err := os.Open(filepath.Join(p.dir, name))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	key := make([]byte, 32)
	if _, err := io.ReadFull(f, key); err != nil {
		return 0, err
	}
	a, buf, total := p.aead(key), make([]byte, 1<<20+16), int64(0)
	for i := uint32(0); total < object; i++ {
		if _, err := io.ReadFull(f, buf); err != nil {
			return total, err
		}
		plain, err := a.Open(buf[:0], chunkNonce(i), buf, nil)
		if err != nil {
			return total, err
		}
		total += int64(len(plain))
	}
	return total, nil
}

// numbered is a picture that differs from every other by its number.
func numbered(base []byte, n int64) io.Reader {
	head := fmt.Appendf(nil, "%016d", n)
	return io.MultiReader(bytes.NewReader(head), bytes.NewReader(base[len(head):]))
}

// sized says how long it is, as an open file does.
type sized struct {
	io.Reader
	left int
}

func (s *sized) Len() int { return s.left }

// beside runs ours, timed, and the peer's, in turns on the same machine, and
// reports how many times as fast ours is.
func beside(b *testing.B, turn int, ours, peer func(from, to int64) error) {
	b.Helper()
	b.SetBytes(object)
	b.ReportAllocs()
	var us, them time.Duration
	b.ResetTimer()
	for done := int64(0); done < int64(b.N); done += int64(turn) {
		to := min(done+int64(turn), int64(b.N))
		start := time.Now()
		if err := ours(done, to); err != nil {
			b.Fatal(err)
		}
		us += time.Since(start)
		b.StopTimer()
		start = time.Now()
		if err := peer(done, to); err != nil {
			b.Fatal(err)
		}
		them += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(them)/float64(us), "x/files")
}

func BenchmarkDurableIngest(b *testing.B) {
	base := picture(object, 1)
	for _, writers := range []int{1, 4} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			v, _ := onDisk(b)
			p := v.patient(b, "1000")
			files := plainFiles{b.TempDir()}
			beside(b, 4*writers, func(from, to int64) error {
				return spread(writers, from, to, func(n int64) error {
					_, err := v.keep(b.Context(), v.owner(p.ID), &sized{numbered(base, n), object})
					return err
				})
			}, func(from, to int64) error {
				return spread(writers, from, to, func(n int64) error { return files.put(fmt.Sprint(n), numbered(base, n)) })
			})
		})
	}
}

// spread calls put for every number from from to below to, on so many writers.
func spread(writers int, from, to int64, put func(n int64) error) error {
	var next atomic.Int64
	next.Store(from)
	var group errgroup.Group
	for range writers {
		group.Go(func() error {
			for {
				n := next.Add(1) - 1
				if n >= to {
					return nil
				}
				if err := put(n); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

func BenchmarkSequentialRead(b *testing.B) {
	const objects = 8
	base := picture(object, 1)
	v, _ := onDisk(b)
	ids := fill(b, v, base, objects)
	files := plainFiles{b.TempDir()}
	for i := range int64(objects) {
		if err := files.put(fmt.Sprint(i), numbered(base, i)); err != nil {
			b.Fatal(err)
		}
	}
	buf := make([]byte, 1<<20)
	ours := func(n int64) error {
		c, err := v.Vault.Open(b.Context(), ids[n%objects])
		if err != nil {
			return err
		}
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, buf)
		return err
	}
	peer := func(n int64) error {
		_, err := files.read(fmt.Sprint(n % objects))
		return err
	}
	beside(b, objects,
		func(from, to int64) error { return spread(1, from, to, ours) },
		func(from, to int64) error { return spread(1, from, to, peer) })
}

func fill(b *testing.B, v *bench, base []byte, n int) []clinical.BlobID {
	b.Helper()
	p := v.patient(b, "1000")
	var ids []clinical.BlobID
	for i := range n {
		a, err := v.keep(b.Context(), v.owner(p.ID), numbered(base, int64(i)))
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, a.Original.ID)
	}
	return ids
}

func BenchmarkRandomRead64K(b *testing.B) {
	v, _ := onDisk(b)
	ids := fill(b, v, picture(object, 1), 8)
	rng := mathrand.New(mathrand.NewPCG(1, 2))
	buf := make([]byte, 64<<10)
	b.SetBytes(int64(len(buf)))
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		c, err := v.Vault.Open(b.Context(), ids[rng.IntN(len(ids))])
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.ReadAt(buf, rng.Int64N(object-int64(len(buf)))); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func BenchmarkCommit(b *testing.B) {
	v, _ := onDisk(b)
	p := v.patient(b, "1000")
	b.ResetTimer()
	for range b.N {
		c, err := v.Commit(b.Context(), clinical.Change{Event: v.event(clinical.ActPatientChanged), Delta: clinical.Delta{Patients: []clinical.Patient{p}}})
		if err != nil {
			b.Fatal(err)
		}
		p = c.Patients[0]
	}
}
