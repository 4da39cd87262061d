package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"github.com/minio/sio"
	"github.com/zeebo/blake3"

	"fovea/clinical"
)

const (
	packageSize = 64 << 10                         // plaintext bytes sealed at a time
	packageMore = 32                               // what sealing adds to each
	putMemory   = 96 << 20                         // sealed bytes held by all Puts together
	fuseLimit   = 64 << 20                         // largest blob held in memory for one transaction
	minimumRoom = 1 << 20                          // the least memory asked for
	firstGuess  = 16 << 20                         // memory taken at first
	sealStep    = 16 * (packageSize + packageMore) // sealed at a time, while it is in the cache
)

// sealedBlob is bytes on their way into the vault: sealed, hashed, and either
// in memory to be fused with the change or durable already.
type sealedBlob struct {
	id    clinical.BlobID
	owner clinical.Owner
	dek   [keySize]byte
	facts facts
	body  []byte // of the manifest
	fused []byte // nil: already put
}

func (b *sealedBlob) fusedSize() int64 {
	if b == nil {
		return 0
	}
	return int64(len(b.fused))
}

func (b *sealedBlob) fuse(t Txn, f Fuser) error {
	if b == nil || b.fused == nil {
		return nil
	}
	return f.FuseBlob(t, b.id, b.fused)
}

// Put seals all of r as one blob of owner and commits it together with the
// change that build makes of it. build is called once, after the last byte was
// read, with the blob's ID, size and SHA-256; the MIME type is the caller's to
// add. The change comes back as Commit gives it.
//
// The asset of owner is either in the change or in the vault already, and
// belongs to the same patient or studio (Conflict otherwise). Bytes that the
// owner has already as an original are a *clinical.Duplicate. A full disk is
// Unavailable with reason "disk-full". Nothing is written in any of these
// cases.
func (v *Vault) Put(ctx context.Context, owner clinical.Owner, r io.Reader, build func(clinical.Blob) (clinical.Change, error)) (clinical.Change, error) {
	if ownerName(owner.Patient, owner.Studio) == "" {
		return clinical.Change{}, clinical.Errorf(clinical.Invalid, "vault: put: bytes without an owner")
	}
	room, err := v.reserve(ctx, r)
	if err != nil {
		return clinical.Change{}, err
	}
	defer v.memory.Release(room.bytes)
	b, err := v.sealBlob(ctx, owner, r, room)
	if err != nil {
		return clinical.Change{}, err
	}
	defer clear(b.dek[:])
	c, err := build(clinical.Blob{ID: b.id, Size: b.facts.Size, SHA256: b.facts.Content})
	tried := err == nil
	if tried {
		c, err = v.submit(ctx, &request{change: c, journal: true, blob: b})
	}
	if tried && err != nil && !refused(err) {
		// The transaction may be on the disk all the same: its bytes stay, and so
		// does the mark that keeps the sweeper from them.
		return c, err
	}
	v.scratch.put(b.fused)
	if err != nil && b.fused == nil {
		// The sweeper would find it too, a day later.
		err = errors.Join(err, v.opt.Blobs.DeleteBlob(context.WithoutCancel(ctx), b.id))
	}
	v.flying.Delete(b.id)
	return c, err
}

// refused reports whether an error of submit says that nothing was written.
func refused(err error) bool {
	if _, same := errors.AsType[*clinical.Duplicate](err); same {
		return true
	}
	switch clinical.KindOf(err) {
	case clinical.Unavailable, clinical.Internal, clinical.Corrupt:
		reason := clinical.ReasonOf(err)
		return reason == "busy" || reason == DiskFull
	default:
		return true
	}
}

// room is the memory that one Put may use.
type room struct {
	bytes int64
	fuse  bool // all sealed bytes may be held in it
}

// reserve takes memory for the sealed bytes: as many as r says it has, else as
// many as may be fused. What cannot be fused needs little.
func (v *Vault) reserve(ctx context.Context, r io.Reader) (room, error) {
	want := room{bytes: v.fuseMax, fuse: v.fuser != nil}
	disk := v.fuseMax
	if size, known := sizeOf(r); known {
		disk = sealedSize(size)
		want.bytes = min(disk, v.fuseMax)
		want.fuse = want.fuse && disk <= v.fuseMax
	}
	if !want.fuse {
		want.bytes = 0
	}
	want.bytes = max(want.bytes, minimumRoom)
	if err := v.allow(disk, false); err != nil {
		return room{}, err
	}
	if err := v.memory.Acquire(ctx, want.bytes); err != nil {
		return room{}, busy(ctx)
	}
	return want, nil
}

// sizeOf asks the reader how much is left in it.
func sizeOf(r io.Reader) (int64, bool) {
	switch x := r.(type) {
	case interface{ Len() int }:
		return int64(x.Len()), true
	case io.Seeker:
		at, err := x.Seek(0, io.SeekCurrent)
		if err != nil {
			return 0, false
		}
		end, err := x.Seek(0, io.SeekEnd)
		if err != nil {
			return 0, false
		}
		_, err = x.Seek(at, io.SeekStart)
		return end - at, err == nil
	default:
		return 0, false
	}
}

// sealedSize is what sio makes of so many plaintext bytes.
func sealedSize(plain int64) int64 {
	return plain + (plain+packageSize-1)/packageSize*packageMore
}

// sealBlob reads, hashes and seals r: into memory as long as that fits the
// room, else into the blob store. The sweeper leaves the bytes alone until
// their ID is taken out of v.flying.
func (v *Vault) sealBlob(ctx context.Context, owner clinical.Owner, r io.Reader, in room) (_ *sealedBlob, err error) {
	b := &sealedBlob{id: clinical.Mint[clinical.Blob](v.mint), owner: owner}
	v.flying.Store(b.id, nil)
	defer func() {
		if err != nil {
			v.flying.Delete(b.id)
		}
	}()
	if _, err := io.ReadFull(v.opt.Rand, b.dek[:]); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: no random bits: %v", err)
	}
	s, err := v.newSealing(ctx, r, b.dek)
	if err != nil {
		return nil, err
	}
	large := in.bytes > minimumRoom || !in.fuse
	if v.idle.enter() && large {
		s.beside = newBeside(r, s.content)
		defer s.beside.join()
	}
	defer v.idle.leave()
	if err := v.store(ctx, b, s, in); err != nil {
		return nil, err
	}
	b.facts = s.facts(v)
	if b.facts.Size == 0 {
		return nil, clinical.Refuse(clinical.Invalid, "empty", "This file is empty. Copy it again from the camera.")
	}
	b.body, err = sealFacts(b.dek, b.facts, b.id, v)
	return b, err
}

func (v *Vault) store(ctx context.Context, b *sealedBlob, s *sealing, in room) error {
	var head []byte
	if in.fuse {
		buf, err := v.readSealed(s, min(in.bytes, v.fuseMax))
		if errors.Is(err, io.EOF) {
			b.fused = buf
			return nil
		}
		if err != nil {
			return putError(err)
		}
		head = buf
	} else {
		// An empty file must not become a stored blob.
		head = make([]byte, 1)
		if _, err := io.ReadFull(s, head); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return putError(err)
		}
	}
	body := &rationed{in: io.MultiReader(bytes.NewReader(head), s), allow: v.allow}
	_, err := v.opt.Blobs.PutBlob(ctx, b.id, body)
	if err != nil {
		// What is there of it would fill the disk for a day.
		err = errors.Join(putError(err), v.opt.Blobs.DeleteBlob(context.WithoutCancel(ctx), b.id))
	}
	return err
}

// ration is how many bytes of a stream may be written before the guard is
// asked again: nobody knows how long it is, or what else fills the disk
// meanwhile.
const ration = 16 << 20

// rationed is a reader that asks before it gives.
type rationed struct {
	in    io.Reader
	left  int64
	allow func(size int64, reserve bool) error
}

func (r *rationed) Read(p []byte) (int, error) {
	if r.left == 0 {
		if err := r.allow(ration, false); err != nil {
			return 0, err
		}
		r.left = ration
	}
	n, err := r.in.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// readSealed reads up to limit bytes; the error is io.EOF when that was all.
func (v *Vault) readSealed(s *sealing, limit int64) ([]byte, error) {
	buf := v.scratch.get(min(limit, firstGuess))
	for {
		if len(buf) == cap(buf) {
			if int64(len(buf)) >= limit {
				return v.oneMore(s, buf)
			}
			grown := v.scratch.get(min(limit, 4*int64(cap(buf))))
			grown = append(grown, buf...)
			v.scratch.put(buf)
			buf = grown
		}
		n, err := s.Read(buf[len(buf):min(cap(buf), len(buf)+sealStep)])
		buf = buf[:len(buf)+n]
		if err != nil {
			return buf, err
		}
	}
}

// oneMore tells a stream that just fits from one that goes on.
func (v *Vault) oneMore(s *sealing, buf []byte) ([]byte, error) {
	last := make([]byte, 1)
	n, err := io.ReadFull(s, last)
	if n == 0 {
		return buf, err
	}
	return append(buf, last...), nil
}

// putError gives the kind Unavailable to what has none: a source or a disk
// that failed, which may go better next time.
func putError(err error) error {
	if err == nil {
		return nil
	}
	if _, has := errors.AsType[*clinical.Error](err); has {
		return err
	}
	return clinical.Errorf(clinical.Unavailable, "vault: put: %w", err)
}

// sealing is a reader of sealed bytes that counts and hashes what passes.
type sealing struct {
	in      io.Reader // sealed
	source  io.Reader
	ctx     func() error
	content hash.Hash
	beside  *beside // nil: content is written to here
	stored  *blake3.Hasher
	plain   int64
	sealed  int64
}

func (v *Vault) newSealing(ctx context.Context, r io.Reader, dek [keySize]byte) (*sealing, error) {
	stored, err := blake3.NewKeyed(v.secrets.scrub[:])
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "vault: hash: %w", err)
	}
	s := &sealing{source: r, ctx: ctx.Err, content: sha256.New(), stored: stored}
	s.in, err = sio.EncryptReader(sourceFunc(s.readPlain), v.sioConfig(dek))
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "vault: seal: %w", err)
	}
	return s, nil
}

func (v *Vault) sioConfig(dek [keySize]byte) sio.Config {
	return sio.Config{
		MinVersion: sio.Version20, MaxVersion: sio.Version20,
		CipherSuites: []byte{sio.AES_256_GCM}, Key: dek[:], Rand: v.opt.Rand,
	}
}

type sourceFunc func([]byte) (int, error)

func (f sourceFunc) Read(p []byte) (int, error) { return f(p) }

func (s *sealing) readPlain(p []byte) (int, error) {
	if err := s.ctx(); err != nil {
		return 0, clinical.Errorf(clinical.Unavailable, "vault: put: %w", err)
	}
	var n int
	var err error
	if s.beside != nil {
		n, err = s.beside.Read(p)
	} else {
		n, err = s.source.Read(p)
		s.content.Write(p[:n])
	}
	s.plain += int64(n)
	return n, err
}

// Read gives sealed bytes.
func (s *sealing) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	s.sealed += int64(n)
	if _, werr := s.stored.Write(p[:n]); werr != nil {
		return n, werr
	}
	return n, err
}

func (s *sealing) facts(v *Vault) facts {
	f := facts{Size: s.plain, Sealed: s.sealed, Chunks: (s.plain + packageSize - 1) / packageSize, PutAt: v.opt.Now().UTC()}
	if s.beside != nil {
		s.beside.join()
	}
	s.content.Sum(f.Content[:0])
	s.stored.Sum(f.Stored[:0])
	return f
}
