package vault

import (
	"hash"
	"io"
	"runtime"
	"sync/atomic"
)

// besidePiece is how many bytes are hashed at a time beside the sealing: few
// enough to be in the cache for both.
const besidePiece = 256 << 10

// idle counts who seals, to know whether there is a processor left to hash on.
type idle struct{ sealing atomic.Int32 }

// enter counts one more and reports whether there are two processors for each.
func (i *idle) enter() bool { return 2*int(i.sealing.Add(1)) <= runtime.GOMAXPROCS(0) }
func (i *idle) leave()      { i.sealing.Add(-1) }

// beside is a reader that hashes what passes on another processor, while the
// reader's user works on the same bytes. Who reads from it calls join before
// the hash is asked for its sum, and before anything is given up.
type beside struct {
	source io.Reader
	sum    hash.Hash
	pieces [2][]byte
	turn   int           // of the pieces: the one that rest is part of
	rest   []byte        // read from the source, not yet from here
	err    error         // what comes behind rest
	done   chan struct{} // closed when the piece given last is hashed; nil: none was
}

func newBeside(source io.Reader, sum hash.Hash) *beside {
	return &beside{source: source, sum: sum, pieces: [2][]byte{make([]byte, besidePiece), make([]byte, besidePiece)}}
}

func (b *beside) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.next()
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	if n == 0 && len(p) > 0 {
		return 0, b.err
	}
	return n, nil
}

// next reads a piece, while the one before is still being hashed, and has it
// hashed in its turn.
func (b *beside) next() {
	b.turn = 1 - b.turn
	piece := b.pieces[b.turn]
	n := 0
	for n < len(piece) && b.err == nil {
		var more int
		more, b.err = b.source.Read(piece[n:])
		n += more
	}
	b.rest = piece[:n]
	b.join()
	if n == 0 {
		return
	}
	done := make(chan struct{})
	b.done = done
	go func() {
		defer close(done)
		b.sum.Write(piece[:n])
	}()
}

// join waits until every byte that was read is hashed.
func (b *beside) join() {
	if b.done != nil {
		<-b.done
		b.done = nil
	}
}
