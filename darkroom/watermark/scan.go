package watermark

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// cell is one transform block whose DC value is written anew: every one of the
// luma, and those of the chroma that share its Huffman table.
type cell struct {
	dc, ac uint32 // the bits of the stream where its DC value begins, and where it ends
	value  int16  // the DC value, in steps
	busy   uint16 // bits of its other coefficients
	block  int32  // the 32×32 block it lies in, -1 outside of all and for chroma
	place  uint8  // where in the block
	limit  int8   // how many steps it may be changed
	comp   uint8
}

// interval is what lies between two restart markers.
type interval struct {
	cells int    // the end of its cells
	tail  uint32 // the bit after its last coefficient
	bits  uint32 // the bit where its first whole byte ends
}

// work holds the buffers of one embedding: about three times the rendition.
type work struct {
	raw       []byte // the entropy-coded segment without stuffing and restart markers
	cells     []cell
	intervals []interval
	out       []byte // raw, marked
	ends      []int  // the ends of the intervals in out
	chosen    []byte // signs by block
}

// slack is read beyond the end of raw by blocks that end too late, before that is
// noticed: the 16 of a component, 64 codes of 26 bits each.
const slack = 4096

// unstuff copies the entropy-coded segment of scan into raw. What follows it
// must be the picture's end.
func (w *work) unstuff(scan []byte) error {
	w.raw, w.intervals = w.raw[:0], w.intervals[:0]
	w.raw = slices.Grow(w.raw, len(scan)+slack)
	for restarts := 0; ; {
		i := bytes.IndexByte(scan, 0xff)
		if i < 0 || i+1 == len(scan) {
			return unmarkable("coefficients end early")
		}
		w.raw = append(w.raw, scan[:i]...)
		marker := scan[i+1]
		scan = scan[i+2:]
		switch {
		case marker == 0:
			w.raw = append(w.raw, 0xff)
		case marker == markRST0+byte(restarts%8):
			restarts++
			w.intervals = append(w.intervals, interval{bits: uint32(8 * len(w.raw))})
		case marker == markEOI:
			w.intervals = append(w.intervals, interval{bits: uint32(8 * len(w.raw))})
			w.raw = append(w.raw, make([]byte, slack)...)
			return nil
		default:
			return unmarkable("more than one scan")
		}
	}
}

// reader walks the blocks of a scan.
type reader struct {
	*header
	w              *work
	pos            uint32
	across, blocks int // MCUs across; 32×32 blocks across
	down           int // 32×32 blocks down
}

// index finds every cell of the scan.
func (w *work) index(h *header, scan []byte) error {
	if err := w.unstuff(scan); err != nil {
		return err
	}
	across, down := h.mcus()
	mcus, each := across*down, h.restart
	if each == 0 {
		each = mcus
	}
	if len(w.intervals) != (mcus+each-1)/each || mcus > 8*len(w.raw) {
		return unmarkable("coefficients end early")
	}
	r := reader{header: h, w: w, across: across}
	r.blocks, r.down = h.grid()
	w.cells = w.cells[:0]
	for i := range w.intervals {
		if err := r.interval(&w.intervals[i], i*each, min((i+1)*each, mcus)); err != nil {
			return err
		}
		r.pos = w.intervals[i].bits
	}
	return nil
}

func (r *reader) interval(in *interval, from, to int) error {
	var before [4]int
	for mcu := from; mcu < to; mcu++ {
		for i := range r.comps {
			if err := r.unit(mcu, i, &before[i]); err != nil {
				return err
			}
			if r.pos > in.bits {
				return unmarkable("coefficients end early")
			}
		}
	}
	in.cells, in.tail = len(r.w.cells), r.pos
	return nil
}

// unit reads past the blocks of one component in one MCU.
func (r *reader) unit(mcu, comp int, before *int) error {
	c := r.comps[comp]
	for n := range c.h * c.v {
		at := cell{comp: uint8(comp), block: -1}
		if comp == 0 {
			at.place, at.block = r.where(mcu%r.across*c.h+n%c.h, mcu/r.across*c.v+n/c.h)
		}
		if err := r.block(&at, before); err != nil {
			return err
		}
		if c.dcTab == r.comps[0].dcTab {
			r.w.cells = append(r.w.cells, at)
		}
	}
	return nil
}

// where is the place of the transform block at x and y.
func (r *reader) where(x, y int) (place uint8, block int32) {
	place = uint8(y%blockCells*blockCells + x%blockCells)
	if x/blockCells >= r.blocks || y/blockCells >= r.down {
		return place, -1
	}
	return place, int32(y/blockCells*r.blocks + x/blockCells)
}

// block reads past one transform block.
func (r *reader) block(at *cell, before *int) error {
	c := r.comps[at.comp]
	at.dc = r.pos
	window := r.peek()
	size, n := r.tables[0][c.dcTab].symbol(window)
	if n == 0 || size > maxCategory {
		return unmarkable("malformed coefficients")
	}
	*before += extend(window<<n, uint(size))
	// Beyond what eight bits of pixel can give, and a step for rounding, there is no picture.
	if step := r.step[c.quantiser]; *before*step > 128*cellSize+step || *before*step < -128*cellSize-step {
		return unmarkable("malformed coefficients")
	}
	r.pos += uint32(n) + uint32(size)
	at.value, at.ac = int16(*before), r.pos
	if err := r.rest(r.tables[1][c.acTab]); err != nil {
		return err
	}
	at.busy = uint16(r.pos - at.ac)
	if at.block >= 0 {
		at.limit = limit(*before, r.step[c.quantiser], int(at.busy))
	}
	return nil
}

// rest reads past the other 63 coefficients of a block.
func (r *reader) rest(table *huffman) error {
	for k := 1; k < cellSize*cellSize; k++ {
		symbol, n := table.symbol(r.peek())
		run, size := int(symbol>>4), symbol&15
		switch {
		case n == 0 || size > 10 || size == 0 && run != 0 && run != 15:
			return unmarkable("malformed coefficients")
		case symbol == 0:
			r.pos += uint32(n)
			return nil
		}
		r.pos += uint32(n) + uint32(size)
		if k += run; k >= cellSize*cellSize {
			return unmarkable("malformed coefficients")
		}
	}
	return nil
}

// peek returns the next bits of the stream, at least 57 of them, from the top.
func (r *reader) peek() uint64 {
	return binary.BigEndian.Uint64(r.w.raw[r.pos>>3:]) << (r.pos & 7)
}

// extend reads the bits of a DC difference from the top of window (T.81 F.2.2.1).
func extend(window uint64, size uint) int {
	if size == 0 {
		return 0
	}
	v := int(window >> (64 - size))
	if v < 1<<(size-1) {
		v += -1<<size + 1
	}
	return v
}
