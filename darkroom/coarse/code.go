package coarse

// A Huffman table of T.81 annex C is looked up by its next bits, quick of them
// for DC values and wide for what follows those; longer codes, which are rare by
// their nature, are searched by length.
const (
	quick = 9
	wide  = 13
)

// code is a Huffman table.
type code struct {
	symbols []byte
	lookup  [1 << quick]uint16 // length<<8 | symbol; 0: a longer code, or none
	last    [17]int32          // the greatest code of each length, -1 where there is none
	offset  [17]int32          // from a code to its symbol's index
}

func newCode(from spelling) (*code, error) {
	c := &code{symbols: from.symbols}
	next, index := int32(0), int32(0)
	for n := 1; n <= 16; n++ {
		c.last[n] = -1
		c.offset[n] = index - next
		for range from.counts[n-1] {
			if next >= 1<<n {
				return nil, not("malformed Huffman table")
			}
			if n <= quick {
				first := next << (quick - n)
				for i := range int32(1) << (quick - n) {
					c.lookup[first+i] = uint16(n)<<8 | uint16(c.symbols[index])
				}
			}
			c.last[n] = next
			next++
			index++
		}
		next <<= 1
	}
	return c, nil
}

// symbol reads one symbol from the top of window. n is the length of its code, 0
// when it is none.
func (c *code) symbol(window uint64) (symbol byte, n uint) {
	if e := c.lookup[window>>(64-quick)]; e != 0 {
		return byte(e), uint(e >> 8)
	}
	for n := uint(1); n <= 16; n++ {
		if v := int32(window >> (64 - n)); v <= c.last[n] {
			return c.symbols[v+c.offset[n]], n
		}
	}
	return 0, 0
}

// runs passes over coefficients without reading them. Of each beginning of wide
// bits it knows how far the first coefficient goes, and how far all of those go
// that lie in it whole.
type runs struct {
	code *code
	one  [1 << wide]leap
	many [1 << wide]leap
}

// leap is some bits of the stream and how many coefficients they are. The end of
// a block counts as one more.
type leap struct {
	bits, over uint8
	end        bool
}

func newRuns(c *code) *runs {
	r := &runs{code: c}
	for v := range r.one {
		window := uint64(v) << (64 - wide)
		if l, ok := c.leap(window); ok && l.code <= wide {
			r.one[v] = l.leap
		}
	}
	for v := range r.many {
		r.many[v] = r.whole(v)
	}
	return r
}

// whole adds up the coefficients that lie in wide bits whole, or takes the first.
func (r *runs) whole(v int) leap {
	sum := r.one[v]
	for !sum.end && sum.bits > 0 && sum.bits < wide {
		// The bits after v are not known: what follows must not reach them.
		next := r.one[v<<sum.bits&(1<<wide-1)]
		if next.bits == 0 || sum.bits+next.bits > wide {
			break
		}
		sum = leap{sum.bits + next.bits, sum.over + next.over, next.end}
	}
	return sum
}

// next passes over one coefficient.
func (r *runs) next(window uint64) (leap, bool) {
	if l := r.one[window>>(64-wide)]; l.bits > 0 {
		return l, true
	}
	l, ok := r.code.leap(window)
	return l.leap, ok
}

// known is a leap and how many of its bits are the code.
type known struct {
	leap
	code uint
}

// leap reads the code at the top of window. A coefficient is a run of zeros and a
// value of so many bits (T.81 F.2.2.2); not ok is no code of baseline.
func (c *code) leap(window uint64) (known, bool) {
	symbol, n := c.symbol(window)
	run, size := symbol>>4, symbol&15
	switch {
	case n == 0 || size > 10 || size == 0 && run != 0 && run != 15:
		return known{}, false
	case symbol == 0:
		return known{leap{uint8(n), 1, true}, n}, true
	}
	return known{leap{uint8(n) + size, run + 1, false}, n}, true
}
