package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"
	"golang.org/x/sys/unix"

	"fovea/clinical"
)

// sealedStage keeps uploads as age files under DATA/stage until the pipeline has them. Their file keys are wrapped under
// a key of the vault's keyring, bound to the file's name, so that no file passes for another.
type sealedStage struct {
	dir     string
	aead    cipher.AEAD
	minFree int64 // bytes that must stay free on the disk
}

// stageFree is how much of the disk uploads leave free where the configuration says nothing: the vault's own rule
// stops earlier or later, and what it takes is what counts.
const stageFree = 1 << 30

func newSealedStage(dir string, key [32]byte, minFree int64) (*sealedStage, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "make the stage of uploads: %w", err)
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "seal of the stage: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "seal of the stage: %w", err)
	}
	if minFree == 0 {
		minFree = stageFree
	}
	return &sealedStage{dir: dir, aead: aead, minFree: minFree}, nil
}

// Seal keeps all of r under a name that was never used before, durable when it returns.
func (s *sealedStage) Seal(_ context.Context, name string, r io.Reader) (int64, error) {
	if err := s.space(); err != nil {
		return 0, err
	}
	path := filepath.Join(s.dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, stageError(err)
	}
	n, err := s.seal(f, name, r)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = syncFolder(s.dir)
	}
	if err != nil {
		return 0, stageError(errors.Join(err, os.Remove(path)))
	}
	return n, nil
}

func (s *sealedStage) seal(f *os.File, name string, r io.Reader) (int64, error) {
	w, err := age.Encrypt(f, fileSeal{s, name})
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(w, r)
	if err != nil {
		return 0, err
	}
	return n, errors.Join(w.Close(), f.Sync())
}

// stageError keeps what a reader or the caller said, and says of a full disk that it is one.
func stageError(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return clinical.Refuse(clinical.Unavailable, "disk-full", "The disk is full.")
	}
	return err
}

// space refuses an upload while the disk is nearly full.
func (s *sealedStage) space() error {
	var at unix.Statfs_t
	if err := unix.Statfs(s.dir, &at); err != nil {
		return clinical.Errorf(clinical.Unavailable, "space for uploads: %w", err)
	}
	if free := int64(at.Bavail) * at.Bsize; free < s.minFree {
		return clinical.Refuse(clinical.Unavailable, "disk-full", "The disk is nearly full.")
	}
	return nil
}

// staged is an upload being read.
type staged struct {
	*io.SectionReader
	file *os.File
}

// Close closes the sealed file.
func (c *staged) Close() error { return c.file.Close() }

// Open opens what is kept under a name. Every piece is authenticated before it is given; what does not verify is
// Corrupt.
func (s *sealedStage) Open(_ context.Context, name string) (clinical.Content, error) {
	f, err := os.Open(filepath.Join(s.dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, clinical.ErrNotFound
	}
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "open an upload: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(clinical.Errorf(clinical.Unavailable, "open an upload: %w", err), f.Close())
	}
	plain, size, err := age.DecryptReaderAt(f, info.Size(), fileSeal{s, name})
	if err != nil {
		return nil, errors.Join(clinical.Errorf(clinical.Corrupt, "open upload %s: %w", name, err), f.Close())
	}
	return &staged{SectionReader: io.NewSectionReader(plain, 0, size), file: f}, nil
}

// Keep lists what is kept, and then removes what is under a name that is not alive.
func (s *sealedStage) Keep(ctx context.Context, alive func(name string) bool) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "list uploads: %w", err)
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if alive(e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return clinical.Errorf(clinical.Unavailable, "remove an upload: %w", err)
		}
	}
	return nil
}

// fileSeal wraps the key of one file. It is both sides of age: who may write it may read it.
type fileSeal struct {
	stage *sealedStage
	name  string
}

// sealType is the type of the stanza in the head of a file.
const sealType = "fovea-stage-1"

func (f fileSeal) bound() []byte { return []byte(sealType + "/" + f.name) }

// Wrap seals a file's key.
func (f fileSeal) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	nonce := make([]byte, f.stage.aead.NonceSize())
	_, _ = rand.Read(nonce) // it never fails: crypto/rand
	return []*age.Stanza{{Type: sealType, Body: f.stage.aead.Seal(nonce, nonce, fileKey, f.bound())}}, nil
}

// Unwrap opens a file's key.
func (f fileSeal) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	n := f.stage.aead.NonceSize()
	if len(stanzas) != 1 || stanzas[0].Type != sealType || len(stanzas[0].Body) < n {
		return nil, age.ErrIncorrectIdentity
	}
	body := stanzas[0].Body
	return f.stage.aead.Open(nil, body[:n], body[n:], f.bound())
}

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
