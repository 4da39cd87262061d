package coarse

import "encoding/binary"

// bits reads an entropy-coded segment. Beyond its end come zeros, which are
// counted.
type bits struct {
	data []byte
	at   int
	held uint64 // the next bits, from the top
	n    uint   // how many of them
	past uint   // how many of those are made up
}

// fill holds 56 bits or more.
func (b *bits) fill() {
	if b.at+8 <= len(b.data) {
		v := binary.BigEndian.Uint64(b.data[b.at:])
		if (^v-0x0101010101010101)&v&0x8080808080808080 == 0 { // no byte is 0xff
			b.held |= v >> b.n
			b.at += int((63 - b.n) >> 3)
			b.n |= 56
			return
		}
	}
	b.slowly()
}

// slowly takes byte by byte, and leaves the zeros out that follow a 0xff.
func (b *bits) slowly() {
	for b.n <= 56 {
		var next byte
		switch {
		case b.at >= len(b.data):
			b.past += 8
		case b.data[b.at] != 0xff:
			next = b.data[b.at]
			b.at++
		case b.at+1 < len(b.data) && b.data[b.at+1] == 0:
			next = 0xff
			b.at += 2
		default: // a marker
			b.past += 8
		}
		b.held |= uint64(next) << (56 - b.n)
		b.n += 8
	}
}

func (b *bits) drop(n uint) {
	b.held <<= n
	b.n -= n
}

// ended reports whether made-up bits were used.
func (b *bits) ended() bool { return b.past > b.n }

// restart goes on behind the marker of the given number, which must be next.
func (b *bits) restart(number int) error {
	for b.at+1 < len(b.data) && b.data[b.at] == 0xff && b.data[b.at+1] == 0xff { // fill
		b.at++
	}
	// Fewer than eight bits may be left, which fill the last byte.
	if b.n-b.past >= 8 || b.at+1 >= len(b.data) || b.data[b.at] != 0xff || b.data[b.at+1] != markRST0+byte(number%8) {
		return not("restart")
	}
	*b = bits{data: b.data, at: b.at + 2}
	return nil
}

// reader walks the blocks of a scan.
type reader struct {
	*frame
	bits
	dc           [4]*code
	ac           [4]*runs
	across, down int // MCUs
	to           [3]plane
	before       [3]int32 // DC values
}

// planes makes room for the means of every MCU, those beyond the edges too.
func (r *reader) planes() {
	luma := r.comps[0]
	r.across, r.down = (r.width+Step*luma.h-1)/(Step*luma.h), (r.height+Step*luma.v-1)/(Step*luma.v)
	for i, c := range r.comps {
		r.to[i] = plane{make([]byte, r.across*c.h*r.down*c.v), r.across * c.h}
	}
}

// tables works out the codes that the scan is in.
func (r *reader) tables() error {
	for _, c := range r.comps {
		if r.dc[c.dc] == nil {
			table, err := newCode(r.codes[0][c.dc])
			if err != nil {
				return err
			}
			r.dc[c.dc] = table
		}
		if r.ac[c.ac] == nil {
			table, err := newCode(r.codes[1][c.ac])
			if err != nil {
				return err
			}
			r.ac[c.ac] = newRuns(table)
		}
	}
	return nil
}

func (r *reader) scan() error {
	for mcu := range r.across * r.down {
		if r.frame.restart > 0 && mcu > 0 && mcu%r.frame.restart == 0 {
			if err := r.bits.restart(mcu/r.frame.restart - 1); err != nil {
				return err
			}
			r.before = [3]int32{}
		}
		x, y := mcu%r.across, mcu/r.across
		for i := range r.comps {
			if err := r.unit(i, x, y); err != nil {
				return err
			}
		}
		if r.ended() {
			return not("ends early")
		}
	}
	return nil
}

// unit reads the blocks of one component in the MCU at x and y.
func (r *reader) unit(i, x, y int) error {
	c := &r.comps[i]
	to, dc, ac, step := &r.to[i], r.dc[c.dc], r.ac[c.ac], r.step[c.quantiser]
	for v := range c.v {
		row := to.pix[(y*c.v+v)*to.stride+x*c.h:][:c.h]
		for h := range row {
			diff, ok := r.difference(dc)
			if !ok || !r.rest(ac) {
				return not("malformed coefficients")
			}
			r.before[i] += diff
			// Beyond what eight bits of pixel can give is no picture; saturating keeps the sum small.
			r.before[i] = min(max(r.before[i], -1<<15), 1<<15-1)
			row[h] = byte(min(max((r.before[i]*step+Step/2)>>3+128, 0), 255))
		}
	}
	return nil
}

// difference reads a DC difference (T.81 F.2.2.1).
func (r *reader) difference(table *code) (int32, bool) {
	if r.n < 32 {
		r.fill()
	}
	size, n := table.symbol(r.held)
	if n == 0 || size > 11 {
		return 0, false
	}
	r.drop(n)
	if size == 0 {
		return 0, true
	}
	v := int32(r.held >> (64 - size))
	if v < 1<<(size-1) {
		v += -1<<size + 1
	}
	r.drop(uint(size))
	return v, true
}

// rest passes over the other 63 coefficients of a block.
func (r *reader) rest(table *runs) bool {
	held, n := r.held, r.n
	for left := uint8(63); left > 0; {
		if n < 32 {
			r.held, r.n = held, n
			r.fill()
			held, n = r.held, r.n
		}
		l := table.many[held>>(64-wide)]
		if l.bits == 0 || l.over > left {
			var ok bool
			if l, ok = table.next(held); !ok || l.over > left {
				return false
			}
		}
		held <<= l.bits
		n -= uint(l.bits)
		if l.end {
			break
		}
		left -= l.over
	}
	r.held, r.n = held, n
	return true
}
