package watermark

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
)

// bitWriter appends bits to a buffer.
type bitWriter struct {
	out  []byte
	acc  uint64 // the last bits, from the bottom
	held uint   // how many of them, fewer than 8 between calls
}

// put appends the lowest n bits of v, n at most 56; the others must be zero.
func (b *bitWriter) put(v uint64, n uint) {
	b.acc = b.acc<<n | v
	b.held += n
	for b.held >= 8 {
		b.held -= 8
		b.out = append(b.out, byte(b.acc>>b.held))
	}
}

// copy appends the bits from to to of raw, which is readable 8 bytes beyond.
func (b *bitWriter) copy(raw []byte, from, to uint32) {
	const each = 48
	for ; to-from >= each; from += each {
		v := binary.BigEndian.Uint64(raw[from>>3:]) << (from & 7) >> (64 - each)
		b.acc = b.acc<<each | v
		// Six whole bytes leave at once.
		b.out = binary.BigEndian.AppendUint64(b.out, b.acc<<(64-each-b.held))
		b.out = b.out[:len(b.out)-2]
	}
	if n := uint(to - from); n > 0 {
		b.put(binary.BigEndian.Uint64(raw[from>>3:])<<(from&7)>>(64-n), n)
	}
}

// align fills the last byte with ones, as T.81 F.1.2.3 asks.
func (b *bitWriter) align() {
	if n := 8 - b.held%8; n < 8 {
		b.put(1<<n-1, n)
	}
}

// emit writes the marked stream to w.out, without stuffing: the cells of every
// block that thin lets through changed by p as chosen, all other bits as they
// were.
func (w *work) emit(p *pattern, thin int) {
	table := standardDC()
	b := bitWriter{out: slices.Grow(w.out[:0], len(w.raw)+len(w.raw)/8)}
	w.ends = w.ends[:0]
	first := 0
	for i, in := range w.intervals {
		var before [4]int
		start := uint32(0)
		if i > 0 {
			start = w.intervals[i-1].bits
		}
		for n := first; n < in.cells; n++ {
			c := &w.cells[n]
			b.copy(w.raw, start, c.dc)
			value := int(c.value) + w.change(c, p, thin)
			b.difference(table, value-before[c.comp])
			before[c.comp] = value
			start = c.ac
		}
		b.copy(w.raw, start, in.tail)
		b.align()
		w.ends = append(w.ends, len(b.out))
		first = in.cells
	}
	w.out = b.out
}

// change is by how many steps a cell is changed.
func (w *work) change(c *cell, p *pattern, thin int) int {
	if c.limit == 0 || !carries(c.block, thin) {
		return 0
	}
	return int(min(max(p[w.chosen[c.block]][c.place], -c.limit), c.limit))
}

// carries tells whether a block is marked when marks are thinned: all are at 0,
// every second at 1, every fourth at 2; none at unmarked.
func carries(block int32, thin int) bool {
	return block >= 0 && thin < unmarked && block&(1<<thin-1) == 0
}

// unmarked is the thinning that leaves no block.
const unmarked = 8

// difference writes a DC difference: its category's code and its bits.
func (b *bitWriter) difference(table *huffman, diff int) {
	n := uint(category(diff))
	if diff < 0 {
		diff += 1<<n - 1
	}
	b.put(uint64(table.code[n])<<n|uint64(diff), uint(table.length[n])+n)
}

// length is how many bytes w.out takes once stuffed, with its restart markers.
func (w *work) length() int {
	return len(w.out) + bytes.Count(w.out, []byte{0xff}) + 2*(len(w.ends)-1)
}

// write writes w.out with stuffing, restart markers and the picture's end.
func (w *work) write(dst io.Writer) error {
	start := 0
	for i, end := range w.ends {
		if i > 0 {
			if _, err := dst.Write([]byte{0xff, markRST0 + byte((i-1)%8)}); err != nil {
				return err
			}
		}
		if err := stuff(dst, w.out[start:end]); err != nil {
			return err
		}
		start = end
	}
	_, err := dst.Write([]byte{0xff, markEOI})
	return err
}

func stuff(dst io.Writer, b []byte) error {
	for len(b) > 0 {
		n := bytes.IndexByte(b, 0xff) + 1
		if n == 0 {
			_, err := dst.Write(b)
			return err
		}
		if _, err := dst.Write(b[:n]); err != nil {
			return err
		}
		if _, err := dst.Write([]byte{0}); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
