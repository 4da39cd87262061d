// Package watermark hides in a teaching rendition who was given it, and reads
// from a leaked picture which of the known readers that was.
//
// A mark is a pattern of brightness, about one grey level deep, spread over
// every 32×32 block of the luma: the sixteen DC values of the block's 8×8
// transform blocks form a 4×4 grid, and eight low frequencies of that grid are
// added with signs that only the holder of the key can compute for a mark and an
// asset. The marked picture is the rendition's own bit stream with other DC
// values: every other coefficient is copied bit for bit, so that nothing is
// compressed twice, the pattern's energy is known exactly before a pixel is
// seen, and the longest stream that any mark can give is a sum. That sum is the
// length that a rendition declares ([Measure]); what a mark leaves of it is one
// COM segment of zeros.
//
// Reading is informed: the leak is laid over the unmarked rendition
// (registration by correlation over scales, then a least-squares affine fit that
// knows no mark), the difference is projected on the eight frequencies, and each
// candidate's signs are counted against it. For signs that are independent of
// the picture the count obeys Hoeffding's bound whatever the picture's noise, so
// the chance of naming an innocent mark is stated, not estimated.
//
// The package keeps no state but buffers, knows no reader and no door, and never
// says that a picture is unmarked: it says that none of the candidates was found.
// What a mark does not survive is in docs/watermark.md.
//
// Start reading at [Marker.Embed] and [Marker.Trace].
package watermark

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"math/rand/v2"
	"slices"
	"sync"

	"fovea/clinical"
)

// Reasons of refusals.
const (
	// ReasonUnmarkable: the bytes are not a picture that can be marked: no
	// baseline JPEG in grey or YCbCr with one scan, or too large.
	ReasonUnmarkable clinical.Reason = "unmarkable"
	// ReasonUnreadable: nothing can be read in the leak.
	ReasonUnreadable clinical.Reason = "unreadable"
)

// minKey is the shortest key, in bytes.
const minKey = 32

// Mark names whom a picture was given to, for the key's holder alone. It is not
// in the picture: only signs derived from it are.
type Mark [16]byte

// Marker embeds and finds marks under one key. It may be used by many
// goroutines.
type Marker struct {
	key   []byte
	works sync.Pool // of *work
}

// New returns a Marker for a key of at least 32 secret bytes. The key must be
// kept as long as leaks are to be traced: with another one every mark is lost.
func New(key []byte) (*Marker, error) {
	if len(key) < minKey {
		return nil, clinical.Errorf(clinical.Invalid, "watermark: key of %d bytes, want at least %d", len(key), minKey)
	}
	return &Marker{key: slices.Clone(key)}, nil
}

// signer computes the signs of marks on one asset, one after another.
type signer struct {
	mac    hash.Hash
	asset  clinical.AssetID
	seed   [sha256.Size]byte
	stream rand.ChaCha8
}

func (m *Marker) signer(asset clinical.AssetID) *signer {
	return &signer{mac: hmac.New(sha256.New, m.key), asset: asset}
}

// signs fills dst with one byte per 32×32 block, in raster order: bit k is the
// sign of the k-th frequency. They come from ChaCha8 (C2SP chacha8rand) under
// HMAC-SHA-256 of mark and asset, so that many pictures of one reader share
// nothing that could be averaged out of them.
func (s *signer) signs(dst []byte, mark Mark) {
	s.mac.Reset()
	s.mac.Write([]byte("fovea watermark 1\x00"))
	s.mac.Write(mark[:])
	s.mac.Write(s.asset[:])
	s.mac.Sum(s.seed[:0])
	s.stream.Seed(s.seed)
	_, _ = s.stream.Read(dst) // never fails
}

func unmarkable(why string) error {
	return &clinical.Error{
		Kind: clinical.Invalid, Reason: ReasonUnmarkable,
		Err: clinical.Errorf(clinical.Invalid, "watermark: rendition cannot be marked: %s", why),
	}
}
