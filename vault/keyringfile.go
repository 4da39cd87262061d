package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"

	"fovea/clinical"
)

// The keyring file; docs/formats/keyring.md is its page.
const (
	keyringName    = "keyring"
	keyringMagic   = "FVKR"
	keyringVersion = 1
	keyringMax     = 4 << 30 // bytes; a larger file is not ours
)

// makeRing returns the ring of a new vault.
func makeRing(ctx context.Context, w KeyWrapper, recipients []string, signer string, random io.Reader) (ring, error) {
	r := ring{epoch: 1, signer: signer}
	for _, secret := range [][]byte{r.root[:], r.anchor[:]} {
		if _, err := io.ReadFull(random, secret); err != nil {
			return ring{}, clinical.Errorf(clinical.Unavailable, "vault: no random bits: %v", err)
		}
	}
	var err error
	r.copies, err = wrapRoot(ctx, w, r.root, recipients)
	return r, err
}

func wrapRoot(ctx context.Context, w KeyWrapper, root [keySize]byte, recipients []string) (rootCopies, error) {
	wrapped, err := w.Wrap(ctx, root[:])
	if err != nil {
		return rootCopies{}, err
	}
	c := rootCopies{method: w.Name(), wrapped: wrapped, recipients: recipients}
	for _, text := range recipients {
		to, err := age.ParseX25519Recipient(text)
		if err != nil {
			return rootCopies{}, clinical.Errorf(clinical.Invalid, "vault: recovery recipient: %w", err)
		}
		sealed, err := ageSeal(root[:], to)
		if err != nil {
			return rootCopies{}, err
		}
		c.escrow = append(c.escrow, sealed)
	}
	return c, nil
}

// encodeKeyring seals r under a new key of its epoch.
func encodeKeyring(r ring, random io.Reader) ([]byte, error) {
	out := append([]byte(keyringMagic), keyringVersion)
	out = binary.BigEndian.AppendUint64(out, r.epoch)
	out = appendBytes(out, []byte(r.copies.method))
	out = appendBytes(out, r.copies.wrapped)
	out = append(out, byte(len(r.copies.recipients)))
	for i, to := range r.copies.recipients {
		out = appendBytes(out, []byte(to))
		out = appendBytes(out, r.copies.escrow[i])
	}
	var epochKey [keySize]byte
	if _, err := io.ReadFull(random, epochKey[:]); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: no random bits: %v", err)
	}
	defer clear(epochKey[:])
	rootAEAD, err := newAEAD(subkey(r.root[:], nil, "epoch"))
	if err != nil {
		return nil, err
	}
	wrapped, err := seal(rootAEAD, random, nil, epochKey[:], out)
	if err != nil {
		return nil, err
	}
	out = appendBytes(out, wrapped)
	epochAEAD, err := newAEAD(epochKey)
	if err != nil {
		return nil, err
	}
	body := encodeRing(r)
	defer clear(body)
	bound := sha256.Sum256(out)
	sealed, err := seal(epochAEAD, random, nil, body, bound[:])
	if err != nil {
		return nil, err
	}
	return append(out, sealed...), nil
}

// decodeKeyring opens a file with what unwrap finds among the root's copies.
func decodeKeyring(file []byte, unwrap func(rootCopies) ([]byte, error)) (ring, error) {
	head, c, err := readKeyringHead(file)
	if err != nil {
		return ring{}, err
	}
	root, err := unwrap(c.copies)
	if err != nil {
		return ring{}, err
	}
	if len(root) != keySize {
		return ring{}, clinical.Errorf(clinical.Corrupt, "vault: keyring: root key of %d bytes", len(root))
	}
	r := ring{epoch: c.epoch, copies: c.copies}
	copy(r.root[:], root)
	clear(root)
	rootAEAD, err := newAEAD(subkey(r.root[:], nil, "epoch"))
	if err != nil {
		return ring{}, err
	}
	key, err := unseal(rootAEAD, c.epochKey, 0, file[:c.bound])
	if err != nil || len(key) != keySize {
		return ring{}, clinical.Errorf(clinical.Corrupt, "vault: keyring: the epoch's key does not authenticate")
	}
	epochAEAD, err := newAEAD([keySize]byte(key))
	if err != nil {
		return ring{}, err
	}
	clear(key)
	bound := sha256.Sum256(file[:head])
	body, err := unseal(epochAEAD, file[head:], 0, bound[:])
	if err != nil {
		return ring{}, clinical.Errorf(clinical.Corrupt, "vault: keyring does not authenticate")
	}
	defer clear(body)
	return r, decodeRing(body, &r)
}

type keyringHead struct {
	epoch    uint64
	copies   rootCopies
	bound    int // where the wrapped key of the epoch begins
	epochKey []byte
}

func readKeyringHead(file []byte) (int, keyringHead, error) {
	var h keyringHead
	r := reading{rest: file}
	if string(r.take(len(keyringMagic))) != keyringMagic {
		return 0, h, clinical.Errorf(clinical.Corrupt, "vault: this is no keyring")
	}
	if v := r.byte(); v > keyringVersion {
		return 0, h, errNewer("the keyring", v)
	} else if v == 0 {
		return 0, h, clinical.Errorf(clinical.Corrupt, "vault: keyring without version")
	}
	h.epoch = r.uint64()
	h.copies.method = string(r.bytes())
	h.copies.wrapped = r.bytes()
	for range r.byte() {
		h.copies.recipients = append(h.copies.recipients, string(r.bytes()))
		h.copies.escrow = append(h.copies.escrow, r.bytes())
	}
	h.bound = len(file) - len(r.rest)
	h.epochKey = r.bytes()
	if r.short {
		return 0, h, clinical.Errorf(clinical.Corrupt, "vault: keyring ends early")
	}
	return len(file) - len(r.rest), h, nil
}

func encodeRing(r ring) []byte {
	out := make([]byte, 0, 256+len(r.owners)*(keySize+32)+len(r.slots)*(keySize+1))
	out = append(out, r.anchor[:]...)
	out = appendBytes(out, []byte(r.signer))
	out = binary.BigEndian.AppendUint64(out, uint64(len(r.owners)))
	for _, o := range r.owners {
		out = append(out, mark(o.gone))
		out = appendBytes(out, []byte(o.name))
		out = append(out, o.key[:]...)
	}
	out = binary.BigEndian.AppendUint64(out, uint64(len(r.slots)))
	for _, s := range r.slots {
		out = append(out, mark(s.gone))
		out = append(out, s.key[:]...)
	}
	return out
}

func decodeRing(body []byte, out *ring) error {
	r := reading{rest: body}
	copy(out.anchor[:], r.take(keySize))
	out.signer = string(r.bytes())
	for n := r.uint64(); n > 0 && !r.short; n-- {
		var o ownerEntry
		o.gone = r.byte() == 1
		o.name = string(r.bytes())
		copy(o.key[:], r.take(keySize))
		out.owners = append(out.owners, o)
	}
	n := r.uint64()
	if n > uint64(len(r.rest)/(keySize+1)) {
		return clinical.Errorf(clinical.Corrupt, "vault: keyring ends early")
	}
	out.slots = make([]slotEntry, n)
	for i := range out.slots {
		out.slots[i].gone = r.byte() == 1
		copy(out.slots[i].key[:], r.take(keySize))
	}
	if r.short || len(r.rest) != 0 {
		return clinical.Errorf(clinical.Corrupt, "vault: keyring has another length than it says")
	}
	return nil
}

// openKeyring reads the file in dir with the key wrapper.
func openKeyring(ctx context.Context, dir string, w KeyWrapper, random io.Reader) (*keyring, error) {
	path := filepath.Join(dir, keyringName)
	if err := dropStrays(dir); err != nil {
		return nil, err
	}
	file, err := readKeyringFile(path)
	if err != nil {
		return nil, err
	}
	r, err := decodeKeyring(file, func(c rootCopies) ([]byte, error) {
		if c.method != w.Name() {
			return nil, clinical.Errorf(clinical.Invalid, "vault: the root key is wrapped by %s, not by %s", c.method, w.Name())
		}
		return w.Unwrap(ctx, c.wrapped)
	})
	if err != nil {
		return nil, err
	}
	return newKeyring(path, w, random, r)
}

// dropStrays removes what a power cut left of a keyring half replaced: a copy
// that nobody looks after would outlive the keys destroyed later.
func dropStrays(dir string) error {
	strays, err := filepath.Glob(filepath.Join(dir, "."+keyringName+"-*"))
	for _, path := range strays {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "vault: keyring: %w", err)
	}
	return nil
}

func readKeyringFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, clinical.Errorf(clinical.NotFound, "vault: no keyring: %w", err)
	}
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: read keyring: %w", err)
	}
	if info.Size() > keyringMax {
		return nil, clinical.Errorf(clinical.Corrupt, "vault: keyring of %d bytes", info.Size())
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: read keyring: %w", err)
	}
	return file, nil
}

// Recover opens the keyring in dir with a recovery identity (the text of an
// age X25519 identity) and wraps a new root key with w from then on. It is for
// the day on which key file or passphrase are lost; the vault must be closed.
func Recover(ctx context.Context, o Options, identity string) error {
	o = o.withDefaults()
	id, err := age.ParseX25519Identity(identity)
	if err != nil {
		return clinical.Errorf(clinical.Invalid, "vault: recovery identity is not an age identity")
	}
	path := filepath.Join(o.Dir, keyringName)
	file, err := readKeyringFile(path)
	if err != nil {
		return err
	}
	r, err := decodeKeyring(file, func(c rootCopies) ([]byte, error) {
		for i, to := range c.recipients {
			if to == id.Recipient().String() {
				return ageOpen(c.escrow[i], id)
			}
		}
		return nil, clinical.Refuse(clinical.Forbidden, "wrong-key", "This recovery identity belongs to another vault. Use one that was printed when this vault was made.")
	})
	if err != nil {
		return err
	}
	k, err := newKeyring(path, o.Keys, o.Rand, r)
	if err != nil {
		return err
	}
	return k.destroy(ctx, condemned{rotate: true})
}

func appendBytes(out, b []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(b)))
	return append(out, b...)
}

func mark(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// reading takes values off the front of a slice and remembers whether it ever
// ran out.
type reading struct {
	rest  []byte
	short bool
}

func (r *reading) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.short, r.rest = true, nil
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reading) byte() byte {
	b := r.take(1)
	if r.short {
		return 0
	}
	return b[0]
}

func (r *reading) uint32() uint32 {
	b := r.take(4)
	if r.short {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func (r *reading) uint64() uint64 {
	b := r.take(8)
	if r.short {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func (r *reading) bytes() []byte { return bytes.Clone(r.take(int(r.uint32()))) }
