package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"io"

	"fovea/clinical"
)

// valueVersion is the first byte of every value that the vault stores.
const valueVersion = 1

const (
	keySize   = 32
	nonceSize = 12
	tagSize   = 16
)

// errNewer says that a value was written by a later version of the program.
func errNewer(what string, version byte) error {
	return &clinical.Error{
		Kind: clinical.Unavailable, Reason: "newer-format",
		Public: "This data was written by a newer Fovea. Install that version, or a later one, and start again.",
		Err:    clinical.Errorf(clinical.Unavailable, "vault: %s has format version %d, this program reads up to %d", what, version, valueVersion),
	}
}

// newAEAD returns AES-256-GCM under key, which is always keySize bytes long.
func newAEAD(key [keySize]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "vault: cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "vault: cipher: %w", err)
	}
	return aead, nil
}

// subkey derives a key for one purpose (RFC 5869, SHA-256).
func subkey(secret, salt []byte, purpose string) [keySize]byte {
	var out [keySize]byte
	// The only error is an output longer than 255 hashes.
	derived, err := hkdf.Key(sha256.New, secret, salt, "fovea/1/"+purpose, keySize)
	if err != nil {
		panic(err)
	}
	copy(out[:], derived)
	return out
}

// keyed is HMAC-SHA-256 over the parts, each with its length before it so that
// no two lists of parts give the same input.
func keyed(key [keySize]byte, parts ...[]byte) [keySize]byte {
	mac := hmac.New(sha256.New, key[:])
	for _, p := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		mac.Write(size[:])
		mac.Write(p)
	}
	var out [keySize]byte
	mac.Sum(out[:0])
	return out
}

// seal returns header ‖ nonce ‖ ciphertext. Header and bound are
// authenticated; bound, which says where the value lies, is not stored.
func seal(a cipher.AEAD, random io.Reader, header, plain, bound []byte) ([]byte, error) {
	out := make([]byte, len(header)+nonceSize, len(header)+nonceSize+len(plain)+tagSize)
	copy(out, header)
	nonce := out[len(header):]
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: no random bits: %v", err)
	}
	return a.Seal(out, nonce, plain, aad(header, bound)), nil
}

// unseal is the inverse of seal for a header of known length.
func unseal(a cipher.AEAD, value []byte, header int, bound []byte) ([]byte, error) {
	if len(value) < header+nonceSize+tagSize {
		return nil, clinical.Errorf(clinical.Corrupt, "vault: value of %d bytes is too short", len(value))
	}
	nonce := value[header : header+nonceSize]
	plain, err := a.Open(nil, nonce, value[header+nonceSize:], aad(value[:header], bound))
	if err != nil {
		return nil, clinical.Errorf(clinical.Corrupt, "vault: value does not authenticate")
	}
	return plain, nil
}

func aad(header, bound []byte) []byte {
	out := make([]byte, 0, len(header)+len(bound))
	return append(append(out, header...), bound...)
}

// box seals the values of one kind that belong to no patient: the version byte
// is the whole header.
type box struct {
	aead   cipher.AEAD
	random io.Reader
	what   string
}

func newBox(secret [keySize]byte, what string, random io.Reader) (box, error) {
	a, err := newAEAD(subkey(secret[:], nil, "store/"+what))
	return box{aead: a, random: random, what: what}, err
}

func (b box) seal(key, plain []byte) ([]byte, error) {
	return seal(b.aead, b.random, []byte{valueVersion}, plain, key)
}

func (b box) open(key, value []byte) ([]byte, error) {
	if err := checkVersion(b.what, value); err != nil {
		return nil, err
	}
	plain, err := unseal(b.aead, value, 1, key)
	if err != nil {
		return nil, clinical.Errorf(clinical.Corrupt, "vault: %s: %w", b.what, err)
	}
	return plain, nil
}

func checkVersion(what string, value []byte) error {
	switch {
	case len(value) == 0 || value[0] == 0:
		return clinical.Errorf(clinical.Corrupt, "vault: %s is empty", what)
	case value[0] > valueVersion:
		return errNewer(what, value[0])
	}
	return nil
}
