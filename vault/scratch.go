package vault

import "sync"

// scratch lends the memory in which bytes are sealed: fresh memory costs as
// much as sealing does.
type scratch struct{ pool sync.Pool }

// scratchMax is the largest piece that is kept for the next one.
const scratchMax = 32 << 20

func (s *scratch) get(size int64) []byte {
	if p, ok := s.pool.Get().(*[]byte); ok && int64(cap(*p)) >= size {
		return (*p)[:0]
	}
	return make([]byte, 0, size)
}

func (s *scratch) put(b []byte) {
	if cap(b) > 0 && cap(b) <= scratchMax {
		s.pool.Put(&b)
	}
}
