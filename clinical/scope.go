package clinical

import (
	"math/bits"
	"time"
)

// Scope is what one person may see for one Use, as a bitmap over asset
// ordinals, good until Until. Search and listings filter with it inside, so
// that counts and facets never tell of a denied picture.
// The zero Scope allows nothing.
type Scope struct {
	Version uint64    // journal number it was made at
	Until   time.Time // the next time-driven change; zero: none in sight
	words   []uint64
	count   int
}

// NewScope returns an empty Scope for ordinals below n.
func NewScope(version uint64, until time.Time, n uint32) Scope {
	return Scope{Version: version, Until: until, words: make([]uint64, (int(n)+63)/64)}
}

// Allow adds an ordinal; it grows the bitmap as needed.
func (s *Scope) Allow(ordinal uint32) {
	w := int(ordinal / 64)
	for w >= len(s.words) {
		s.words = append(s.words, 0)
	}
	if s.words[w]&(1<<(ordinal%64)) == 0 {
		s.words[w] |= 1 << (ordinal % 64)
		s.count++
	}
}

// Deny takes an ordinal out.
func (s *Scope) Deny(ordinal uint32) {
	w := int(ordinal / 64)
	if w < len(s.words) && s.words[w]&(1<<(ordinal%64)) != 0 {
		s.words[w] &^= 1 << (ordinal % 64)
		s.count--
	}
}

// Allows reports whether the ordinal is in the Scope.
func (s Scope) Allows(ordinal uint32) bool {
	w := int(ordinal / 64)
	return w < len(s.words) && s.words[w]&(1<<(ordinal%64)) != 0
}

// Len returns how many ordinals are allowed.
func (s Scope) Len() int { return s.count }

// Words returns the bitmap, 64 ordinals a word, lowest first. It is shared:
// callers must not write to it.
func (s Scope) Words() []uint64 { return s.words }

// Each calls f for every allowed ordinal in ascending order until f says stop.
func (s Scope) Each(f func(ordinal uint32) bool) {
	for i, w := range s.words {
		for w != 0 {
			if !f(uint32(i*64 + bits.TrailingZeros64(w))) {
				return
			}
			w &= w - 1
		}
	}
}

// Clone returns a Scope that shares nothing with s.
func (s Scope) Clone() Scope {
	s.words = append([]uint64(nil), s.words...)
	return s
}
