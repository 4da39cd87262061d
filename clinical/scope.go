package clinical

import (
	"math/bits"
	"time"
)

// Scope is what one person may see for one Use, as a bitmap over asset
// ordinals, good until Until. Search and listings filter with it inside, so
// that counts and facets never tell of a denied picture.
// The zero Scope allows nothing.
//
// The bitmap lies in pages that a Clone shares until it writes to them: bringing a scope up to date costs what changed, not what there is.
type Scope struct {
	Version uint64    // journal number it was made at
	Until   time.Time // the next time-driven change; zero: none in sight
	pages   []*scopePage
	by      *scopeWriter // who may write to a page in place
	count   int
}

const (
	pageWords    = 64
	pageOrdinals = 64 * pageWords
)

type scopePage struct {
	by    *scopeWriter
	words [pageWords]uint64
}

// scopeWriter must not be of size zero: two of them have two addresses.
type scopeWriter struct{ _ byte }

// NewScope returns an empty Scope with room for ordinals below n.
func NewScope(version uint64, until time.Time, n uint32) Scope {
	return Scope{Version: version, Until: until, pages: make([]*scopePage, (int(n)+pageOrdinals-1)/pageOrdinals), by: new(scopeWriter)}
}

// Allow adds an ordinal; it grows the bitmap as needed.
func (s *Scope) Allow(ordinal uint32) {
	if s.Allows(ordinal) {
		return
	}
	if s.by == nil {
		s.by = new(scopeWriter)
	}
	n := int(ordinal / pageOrdinals)
	for n >= len(s.pages) {
		s.pages = append(s.pages, nil)
	}
	s.own(n).words[ordinal/64%pageWords] |= 1 << (ordinal % 64)
	s.count++
}

// Deny takes an ordinal out.
func (s *Scope) Deny(ordinal uint32) {
	if !s.Allows(ordinal) {
		return
	}
	s.own(int(ordinal / pageOrdinals)).words[ordinal/64%pageWords] &^= 1 << (ordinal % 64)
	s.count--
}

// own returns a page to write to.
func (s *Scope) own(n int) *scopePage {
	switch p := s.pages[n]; {
	case p == nil:
		s.pages[n] = &scopePage{by: s.by}
	case p.by != s.by:
		c := *p
		c.by = s.by
		s.pages[n] = &c
	}
	return s.pages[n]
}

// Allows reports whether the ordinal is in the Scope.
func (s Scope) Allows(ordinal uint32) bool {
	n := int(ordinal / pageOrdinals)
	return n < len(s.pages) && s.pages[n] != nil && s.pages[n].words[ordinal/64%pageWords]&(1<<(ordinal%64)) != 0
}

// Len returns how many ordinals are allowed.
func (s Scope) Len() int { return s.count }

// Each calls f for every allowed ordinal in ascending order until f says stop.
func (s Scope) Each(f func(ordinal uint32) bool) {
	for n, p := range s.pages {
		if p == nil {
			continue
		}
		for i, w := range p.words {
			for w != 0 {
				if !f(uint32(n*pageOrdinals + i*64 + bits.TrailingZeros64(w))) {
					return
				}
				w &= w - 1
			}
		}
	}
}

// Clone returns a Scope to be written to, at the cost of what is written; s is
// only read from then on.
func (s Scope) Clone() Scope {
	s.pages = append([]*scopePage(nil), s.pages...)
	s.by = new(scopeWriter)
	return s
}
