package watermark

import "math/bits"

// quick is how many bits of a code are looked up at once.
const quick = 9

// huffman is a table of T.81 annex C, for reading and for writing.
type huffman struct {
	counts  [16]byte
	symbols []byte
	lookup  [1 << quick]uint16 // length<<8 | symbol; 0: a longer code
	last    [17]int32          // the greatest code of each length, -1 where there is none
	offset  [17]int32          // from a code to its symbol's index
	code    [12]uint32         // of the symbols 0 to 11: what DC values need
	length  [12]uint8
}

func newHuffman(counts [16]byte, symbols []byte) (*huffman, error) {
	h := &huffman{counts: counts, symbols: symbols}
	code, index := int32(0), int32(0)
	for n := 1; n <= 16; n++ {
		h.last[n] = -1
		h.offset[n] = index - code
		for range counts[n-1] {
			if code >= 1<<n {
				return nil, unmarkable("malformed Huffman table")
			}
			h.enter(symbols[index], uint32(code), n)
			h.last[n] = code
			code++
			index++
		}
		code <<= 1
	}
	return h, nil
}

func (h *huffman) enter(symbol byte, code uint32, n int) {
	if int(symbol) < len(h.code) {
		h.code[symbol], h.length[symbol] = code, uint8(n)
	}
	if n > quick {
		return
	}
	first := code << (quick - n)
	for i := range uint32(1) << (quick - n) {
		h.lookup[first+i] = uint16(n)<<8 | uint16(symbol)
	}
}

// symbol reads one symbol from the top of window. n is the length of its code, 0
// when it is none.
func (h *huffman) symbol(window uint64) (symbol byte, n uint) {
	if e := h.lookup[window>>(64-quick)]; e != 0 {
		return byte(e), uint(e >> 8)
	}
	for n := uint(quick + 1); n <= 16; n++ {
		if code := int32(window >> (64 - n)); code <= h.last[n] {
			return h.symbols[code+h.offset[n]], n
		}
	}
	return 0, 0
}

// maxCategory is the greatest category of a DC difference in a baseline JPEG.
const maxCategory = 11

// standardDC is the table of T.81 K.3.1, which has a code for every category.
// The length of a code with the bits that follow it grows with the category:
// that is what the bound on a marked picture's length rests on.
func standardDC() *huffman {
	h, err := newHuffman([16]byte{0, 1, 5, 1, 1, 1, 1, 1, 1}, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	if err != nil {
		panic(err) // a constant
	}
	return h
}

// category is the number of bits that a DC difference takes after its code.
func category(diff int) int {
	if diff < 0 {
		diff = -diff
	}
	return bits.Len(uint(diff))
}

// cost is how many bits a DC difference of a category takes, code and all.
func (h *huffman) cost(category int) int { return int(h.length[category]) + category }
