package index

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"sync/atomic"

	"fovea/clinical"
)

// A sealed file names its key in an id of three parts, such as
//
//	f1.3b4c55aa.00112233445566778899aabbccddeeff
//
// the version of the seal, the fingerprint of the index key, and the file's own salt. docs/formats/index.md has the
// whole layout and its vectors.
const (
	sealVersion    = "f1"
	keyNameLen     = 8 // hex digits
	saltLen        = 16
	nonceLen       = 12
	tagLen         = 16
	sealOverhead   = nonceLen + tagLen
	sealInfoFile   = "fovea index file v1"
	sealInfoKeyTag = "fovea index key name v1"
	sealInfoRoot   = "fovea index root.bolt v1"
)

// keyName is the fingerprint that tells which key sealed a file. It says nothing about the key.
func keyName(key [32]byte) string {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(sealInfoKeyTag))
	return hex.EncodeToString(mac.Sum(nil)[:keyNameLen/2])
}

// newSealID names key and a fresh salt.
func newSealID(key [32]byte) string {
	var salt [saltLen]byte
	_, _ = rand.Read(salt[:]) // never fails, as documented
	return sealVersion + "." + keyName(key) + "." + hex.EncodeToString(salt[:])
}

// rootFile is where Bleve keeps its snapshots.
const rootFile = "root.bolt"

// rootSealID is the one id of everything in a root.bolt under key.
func rootSealID(key [32]byte) string {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(sealInfoRoot))
	return sealVersion + "." + keyName(key) + "." + hex.EncodeToString(mac.Sum(nil)[:saltLen])
}

// fileSeal returns the cipher of the file that carries id. A version, key or form that is not ours is Corrupt.
func fileSeal(id string, key [32]byte) (cipher.AEAD, error) {
	part := strings.Split(id, ".")
	if len(part) != 3 || part[0] != sealVersion {
		return nil, clinical.Errorf(clinical.Corrupt, "index: a file without a seal of ours")
	}
	if part[1] != keyName(key) {
		return nil, clinical.Errorf(clinical.Corrupt, "index: a file is sealed under another key")
	}
	salt, err := hex.DecodeString(part[2])
	if err != nil || len(salt) != saltLen {
		return nil, clinical.Errorf(clinical.Corrupt, "index: a seal has a malformed salt")
	}
	sub, err := hkdf.Key(sha256.New, key[:], salt, sealInfoFile, 32)
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "index: derive a file key: %w", err)
	}
	block, err := aes.NewCipher(sub)
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "index: make a cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

// sealer returns the function that seals each piece of one file: nonce, then ciphertext, then tag. The key is the
// file's own, so a counter is a nonce that never repeats. A piece of no bytes stays one: the format marks absence
// so.
func sealer(aead cipher.AEAD, id string) func([]byte) []byte {
	var counter atomic.Uint64
	aad := []byte(id)
	return func(plain []byte) []byte {
		if len(plain) == 0 {
			return plain
		}
		out := make([]byte, nonceLen, len(plain)+sealOverhead)
		binary.BigEndian.PutUint64(out[nonceLen-8:], counter.Add(1))
		return aead.Seal(out, out, plain, aad) //nolint:gosec // G407: the line above makes the nonce
	}
}

// sharedSealer seals as sealer does where several writers have one key: nonces are random. A root.bolt sees a few pieces
// a second at most, far from the 2^32 that random nonces of 96 bits allow (NIST SP 800-38D, 8.3).
func sharedSealer(aead cipher.AEAD, id string) func([]byte) []byte {
	aad := []byte(id)
	return func(plain []byte) []byte {
		if len(plain) == 0 {
			return plain
		}
		out := make([]byte, nonceLen, len(plain)+sealOverhead)
		_, _ = rand.Read(out) // never fails, as documented
		return aead.Seal(out, out, plain, aad)
	}
}

// opener returns the inverse of sealer. A piece that does not verify is Corrupt.
func opener(aead cipher.AEAD, id string) func([]byte) ([]byte, error) {
	aad := []byte(id)
	return func(sealed []byte) ([]byte, error) {
		if len(sealed) == 0 {
			return sealed, nil
		}
		if len(sealed) < sealOverhead {
			return nil, clinical.Errorf(clinical.Corrupt, "index: a sealed piece is too short")
		}
		plain, err := aead.Open(nil, sealed[:nonceLen], sealed[nonceLen:], aad)
		if err != nil {
			return nil, clinical.Errorf(clinical.Corrupt, "index: a sealed piece does not verify")
		}
		return plain, nil
	}
}
