package coarse

import (
	"bytes"
	"encoding/binary"
	"image"
)

// Markers of a JPEG (ITU-T T.81, table B.1).
const (
	markSOF0  = 0xc0
	markSOF1  = 0xc1
	markDHT   = 0xc4
	markRST0  = 0xd0
	markSOI   = 0xd8
	markSOS   = 0xda
	markDQT   = 0xdb
	markDRI   = 0xdd
	markAPP0  = 0xe0
	markAPP2  = 0xe2
	markAPP14 = 0xee
	markAPP15 = 0xef
	markCOM   = 0xfe
)

// component is one plane of a JPEG.
type component struct {
	id, h, v  int // h and v: sampling factors
	quantiser int
	dc, ac    int // slots of its Huffman tables
}

// frame is what stands before the coefficients.
type frame struct {
	width, height int
	comps         []component
	ratio         image.YCbCrSubsampleRatio
	step          [4]int32       // the DC step of each quantisation table, 0 where there is none
	codes         [2][4]spelling // of DC values, and of the others
	restart       int            // MCUs between restart markers, 0 for none
}

// parse reads a header. scan is what follows it.
func parse(b []byte) (f *frame, scan []byte, err error) {
	if len(b) < 4 || b[0] != 0xff || b[1] != markSOI {
		return nil, nil, not("no start")
	}
	f = new(frame)
	for b = b[2:]; ; {
		for len(b) > 1 && b[0] == 0xff && b[1] == 0xff { // fill
			b = b[1:]
		}
		if len(b) < 4 || b[0] != 0xff {
			return nil, nil, not("header ends early")
		}
		marker, size := b[1], int(binary.BigEndian.Uint16(b[2:]))
		if size < 2 || len(b) < 2+size {
			return nil, nil, not("segment ends early")
		}
		body := b[4 : 2+size]
		b = b[2+size:]
		if err := f.segment(marker, body); err != nil {
			return nil, nil, err
		}
		if marker == markSOS {
			return f, b, f.check()
		}
	}
}

func (f *frame) segment(marker byte, body []byte) error {
	switch {
	case (marker == markSOF0 || marker == markSOF1) && f.comps == nil:
		return f.sizes(body)
	case marker == markDHT:
		return f.spellings(body)
	case marker == markDQT:
		return f.quantisers(body)
	case marker == markSOS:
		return f.order(body)
	case marker == markDRI && len(body) == 2:
		f.restart = int(binary.BigEndian.Uint16(body))
	case marker == markAPP2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")):
		return not("colours of its own")
	case marker == markAPP14 && bytes.HasPrefix(body, []byte("Adobe")) && (len(body) < 12 || body[11] != 1):
		return not("neither grey nor YCbCr")
	case marker >= markAPP0 && marker <= markAPP15, marker == markCOM:
	default:
		return not("not baseline")
	}
	return nil
}

func (f *frame) sizes(body []byte) error {
	if len(body) < 6 || body[0] != 8 || len(body) != 6+3*int(body[5]) {
		return not("malformed frame")
	}
	f.height, f.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	for c := body[6:]; len(c) > 0; c = c[3:] {
		f.comps = append(f.comps, component{id: int(c[0]), h: int(c[1] >> 4), v: int(c[1] & 15), quantiser: int(c[2])})
	}
	return nil
}

// quantisers reads how large a step of each table's DC values is: the first of
// its 64 entries of one byte, or two.
func (f *frame) quantisers(body []byte) error {
	for len(body) > 0 {
		wide, slot := int(body[0]>>4), body[0]&15
		size := 1 + 64*(1+wide)
		if wide > 1 || slot > 3 || len(body) < size {
			return not("malformed quantiser")
		}
		f.step[slot] = int32(body[1])
		if wide == 1 {
			f.step[slot] = int32(binary.BigEndian.Uint16(body[1:]))
		}
		body = body[size:]
	}
	return nil
}

// spelling is a Huffman table as a file spells it. It is worked out when the scan
// is read: a header may hold very many.
type spelling struct {
	counts  [16]byte
	symbols []byte
}

func (f *frame) spellings(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 || body[0]>>4 > 1 || body[0]&15 > 3 {
			return not("malformed Huffman table")
		}
		n := 0
		for _, c := range body[1:17] {
			n += int(c)
		}
		if n == 0 || len(body) < 17+n {
			return not("malformed Huffman table")
		}
		f.codes[body[0]>>4][body[0]&15] = spelling{[16]byte(body[1:17]), body[17 : 17+n]}
		body = body[17+n:]
	}
	return nil
}

// order reads the header of the only scan: all components, in the frame's order.
func (f *frame) order(body []byte) error {
	n := len(f.comps)
	if n == 0 || len(body) != 4+2*n || int(body[0]) != n {
		return not("more than one scan")
	}
	for i := range f.comps {
		c := &f.comps[i]
		if int(body[1+2*i]) != c.id || body[2+2*i]>>4 > 3 || body[2+2*i]&15 > 3 {
			return not("malformed scan")
		}
		c.dc, c.ac = int(body[2+2*i]>>4), int(body[2+2*i]&15)
	}
	if tail := body[1+2*n:]; tail[0] != 0 || tail[1] != 63 || tail[2] != 0 {
		return not("not baseline")
	}
	return nil
}

// check refuses what the scan does not expect.
func (f *frame) check() error {
	switch {
	case f.width == 0 || f.height == 0:
		return not("dimensions")
	case len(f.comps) == 1:
		f.comps[0].h, f.comps[0].v = 1, 1 // T.81 A.2.2: sampling means nothing in a scan of one component
	case len(f.comps) != 3, f.comps[0].id == 'R' && f.comps[1].id == 'G':
		return not("neither grey nor YCbCr")
	default:
		if err := f.sampling(); err != nil {
			return err
		}
	}
	for _, c := range f.comps {
		if c.quantiser > 3 || f.step[c.quantiser] == 0 || f.codes[0][c.dc].symbols == nil || f.codes[1][c.ac].symbols == nil {
			return not("a table is missing")
		}
	}
	return nil
}

func (f *frame) sampling() error {
	luma := f.comps[0]
	ratio, ok := map[[2]int]image.YCbCrSubsampleRatio{
		{1, 1}: image.YCbCrSubsampleRatio444, {2, 1}: image.YCbCrSubsampleRatio422, {2, 2}: image.YCbCrSubsampleRatio420,
		{1, 2}: image.YCbCrSubsampleRatio440, {4, 1}: image.YCbCrSubsampleRatio411, {4, 2}: image.YCbCrSubsampleRatio410,
	}[[2]int{luma.h, luma.v}]
	for _, c := range f.comps[1:] {
		ok = ok && c.h == 1 && c.v == 1
	}
	if !ok {
		return not("sampling")
	}
	f.ratio = ratio
	return nil
}
