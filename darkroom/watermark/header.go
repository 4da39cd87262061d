package watermark

import (
	"bytes"
	"encoding/binary"
)

// Markers of a JPEG (ITU-T T.81, table B.1).
const (
	markSOF0  = 0xc0
	markDHT   = 0xc4
	markRST0  = 0xd0
	markRST7  = 0xd7
	markSOI   = 0xd8
	markEOI   = 0xd9
	markSOS   = 0xda
	markDQT   = 0xdb
	markDRI   = 0xdd
	markAPP0  = 0xe0
	markAPP14 = 0xee
	markAPP15 = 0xef
	markCOM   = 0xfe
)

// What is accepted. A rendition is of 2048 pixels at most, and of one megabyte.
const (
	maxBytes  = 16 << 20
	maxPixels = 24_000_000
)

// component is one plane of a JPEG.
type component struct {
	id, h, v     int // h and v: sampling factors
	quantiser    int // slot of its quantisation table
	dcTab, acTab int // slots of its Huffman tables
}

// header is what stands before the coefficients of a baseline JPEG.
type header struct {
	width, height int
	comps         []component
	step          [4]int // the DC step of each quantisation table, 0 where there is none
	tables        [2][4]*huffman
	restart       int      // MCUs between restart markers, 0 for none
	keep          [][]byte // whole segments that the marked picture carries as they are
	sof, sos      []byte   // bodies
}

// parse reads a JPEG's header. scan is what follows it: the entropy-coded
// segment and all after it.
func parse(b []byte) (h *header, scan []byte, err error) {
	if len(b) > maxBytes {
		return nil, nil, unmarkable("too many bytes")
	}
	if len(b) < 4 || b[0] != 0xff || b[1] != markSOI {
		return nil, nil, unmarkable("not a JPEG")
	}
	h = new(header)
	for b = b[2:]; ; {
		for len(b) > 1 && b[0] == 0xff && b[1] == 0xff { // fill
			b = b[1:]
		}
		if len(b) < 4 || b[0] != 0xff {
			return nil, nil, unmarkable("header ends early")
		}
		marker, size := b[1], int(binary.BigEndian.Uint16(b[2:]))
		if size < 2 || len(b) < 2+size {
			return nil, nil, unmarkable("segment ends early")
		}
		whole, body := b[:2+size], b[4:2+size]
		b = b[2+size:]
		if err := h.segment(marker, whole, body); err != nil {
			return nil, nil, err
		}
		if marker == markSOS {
			return h, b, h.check()
		}
	}
}

func (h *header) segment(marker byte, whole, body []byte) error {
	switch {
	case marker == markSOF0 && h.sof == nil:
		return h.frame(body)
	case marker == markDHT:
		return h.huffman(body)
	case marker == markDQT:
		h.keep = append(h.keep, whole)
		return h.quantisers(body)
	case marker == markSOS:
		return h.scan(body)
	case marker == markDRI && len(body) == 2:
		h.restart = int(binary.BigEndian.Uint16(body))
	case marker == markAPP0 && len(body) == 14 && bytes.HasPrefix(body, []byte("JFIF\x00")),
		marker == markAPP14 && len(body) == 12 && bytes.HasPrefix(body, []byte("Adobe")):
		h.keep = append(h.keep, whole)
	case marker >= markAPP0 && marker <= markAPP15, marker == markCOM: // metadata is never passed on
	default:
		return unmarkable("not a baseline JPEG")
	}
	return nil
}

func (h *header) frame(body []byte) error {
	if len(body) < 6 || body[0] != 8 || len(body) != 6+3*int(body[5]) {
		return unmarkable("malformed frame")
	}
	h.sof = body
	h.height, h.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	for c := body[6:]; len(c) > 0; c = c[3:] {
		h.comps = append(h.comps, component{id: int(c[0]), h: int(c[1] >> 4), v: int(c[1] & 15), quantiser: int(c[2])})
	}
	return nil
}

func (h *header) quantisers(body []byte) error {
	for len(body) > 0 {
		if len(body) < 65 || body[0] > 3 {
			return unmarkable("malformed quantiser")
		}
		h.step[body[0]] = int(body[1])
		body = body[65:]
	}
	return nil
}

func (h *header) huffman(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 || body[0]>>4 > 1 || body[0]&15 > 3 {
			return unmarkable("malformed Huffman table")
		}
		n := 0
		for _, c := range body[1:17] {
			n += int(c)
		}
		if len(body) < 17+n {
			return unmarkable("malformed Huffman table")
		}
		table, err := newHuffman([16]byte(body[1:17]), body[17:17+n])
		if err != nil {
			return err
		}
		h.tables[body[0]>>4][body[0]&15] = table
		body = body[17+n:]
	}
	return nil
}

// scan reads the header of the only scan: all components, in the frame's order.
func (h *header) scan(body []byte) error {
	n := len(h.comps)
	if n == 0 || len(body) != 4+2*n || int(body[0]) != n {
		return unmarkable("more than one scan")
	}
	for i := range h.comps {
		c := &h.comps[i]
		if int(body[1+2*i]) != c.id || body[2+2*i]>>4 > 3 || body[2+2*i]&15 > 3 {
			return unmarkable("malformed scan")
		}
		c.dcTab, c.acTab = int(body[2+2*i]>>4), int(body[2+2*i]&15)
	}
	if tail := body[1+2*n:]; tail[0] != 0 || tail[1] != 63 || tail[2] != 0 {
		return unmarkable("not a baseline JPEG")
	}
	h.sos = body
	return nil
}

// check refuses what later steps do not expect.
func (h *header) check() error {
	switch {
	case h.width == 0 || h.height == 0 || h.width*h.height > maxPixels:
		return unmarkable("dimensions")
	case len(h.comps) == 1:
		h.comps[0].h, h.comps[0].v = 1, 1 // T.81 A.2.2: sampling means nothing in a scan of one component
	case len(h.comps) != 3, h.comps[0].id == 'R' && h.comps[1].id == 'G':
		return unmarkable("neither grey nor YCbCr")
	}
	luma := h.comps[0]
	for _, c := range h.comps {
		if c.h < 1 || c.v < 1 || c.h > 4 || c.v > 4 || c.h > luma.h || c.v > luma.v {
			return unmarkable("sampling")
		}
		if h.tables[0][c.dcTab] == nil || h.tables[1][c.acTab] == nil || c.quantiser > 3 || h.step[c.quantiser] == 0 {
			return unmarkable("a table is missing")
		}
	}
	return nil
}

// mcus returns how many MCUs lie across and down.
func (h *header) mcus() (across, down int) {
	w, v := cellSize*h.comps[0].h, cellSize*h.comps[0].v
	return (h.width + w - 1) / w, (h.height + v - 1) / v
}

// grid returns how many whole 32×32 blocks lie across and down.
func (h *header) grid() (across, down int) { return h.width / blockSize, h.height / blockSize }

// size is how many bytes the marked picture has beside its coefficients and its
// comment.
func (h *header) size() int { return len(h.bytes(0)) + len([]byte{0xff, markEOI}) }

// bytes makes the header of the marked picture: the old one without metadata,
// with the standard table for the luma's DC values, and pad bytes of comment
// segment, which are 0 or minPad to maxPad.
func (h *header) bytes(pad int) []byte {
	var b bytes.Buffer
	b.Write([]byte{0xff, markSOI})
	for _, s := range h.keep {
		b.Write(s)
	}
	segment(&b, markSOF0, h.sof)
	for class := range h.tables {
		for slot, t := range h.tables[class] {
			if t == nil {
				continue
			}
			if class == 0 && slot == h.comps[0].dcTab {
				t = standardDC()
			}
			segment(&b, markDHT, []byte{byte(class<<4 | slot)}, t.counts[:], t.symbols)
		}
	}
	if h.restart > 0 {
		segment(&b, markDRI, binary.BigEndian.AppendUint16(nil, uint16(h.restart)))
	}
	if pad > 0 {
		segment(&b, markCOM, make([]byte, pad-4))
	}
	segment(&b, markSOS, h.sos)
	return b.Bytes()
}

// maxPad is the longest comment segment, with its marker.
const maxPad = 2 + 0xffff

func segment(b *bytes.Buffer, marker byte, parts ...[]byte) {
	size := 2
	for _, p := range parts {
		size += len(p)
	}
	b.Write([]byte{0xff, marker, byte(size >> 8), byte(size)})
	for _, p := range parts {
		b.Write(p)
	}
}
