package webdav

import "sync"

// buffers keeps memory between requests, so that a busy drive does not ask for it anew each time.
type buffers struct {
	size int
	pool sync.Pool
}

// get returns an empty slice with room for size bytes.
func (b *buffers) get() *[]byte {
	if buf, ok := b.pool.Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, 0, b.size)
	return &buf
}

func (b *buffers) put(buf *[]byte) {
	*buf = (*buf)[:0]
	b.pool.Put(buf)
}
