package ingest

import "bytes"

const (
	boxDepth = 8      // of boxes in boxes
	maxBoxes = 100000 // in one file
)

// brandMIME names what a file's major brand promises (ISO/IEC 14496-12, 23008-12).
func brandMIME(brand []byte) string {
	switch string(brand) {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
		return "image/heic"
	case "avif", "avis":
		return "image/avif"
	case "crx ":
		return "image/x-canon-cr3"
	case "qt  ":
		return "video/quicktime"
	}
	return "video/mp4"
}

// boxes walks a file made of boxes: HEIC, CR3, MP4, MOV.
type boxes struct {
	s     *octets
	c     container
	count int
	image bool
	have  map[string]bool
	reach int64 // how far item data reaches
}

func walkBoxes(s *octets) (container, error) {
	w := &boxes{s: s, have: map[string]bool{}}
	if b := s.bytes(8, 4); b != nil {
		m := brandMIME(b)
		w.image = m == "image/heic" || m == "image/avif"
		w.c.raw = m == "image/x-canon-cr3"
	}
	if err := w.top(); err != nil {
		return w.c, err
	}
	switch {
	case w.reach > s.size:
		return w.c, errTruncated
	case w.image && !w.have["meta"], !w.image && (!w.have["moov"] || !w.have["mdat"]):
		return w.c, errTruncated
	}
	return w.c, nil
}

// top walks the outermost boxes. Once the needed ones are there, bytes that form
// no box are a tail, not a fault.
func (w *boxes) top() error {
	for off := int64(0); off < w.s.size; {
		b, err := w.box(off, w.s.size)
		complete := w.image && w.have["meta"] || w.have["moov"] && w.have["mdat"]
		if err != nil {
			if complete && err != errTruncated { //nolint:errorlint // box returns these two values bare
				return nil
			}
			return err
		}
		w.have[b.name] = true
		if err := w.inside(b, 1); err != nil {
			return err
		}
		off = b.end
		w.c.end = off
	}
	return nil
}

type box struct {
	name      string
	body, end int64
}

// box reads the header of the box at off, which must end at or before limit.
func (w *boxes) box(off, limit int64) (box, error) {
	w.count++
	if w.count > maxBoxes {
		return box{}, errMalformed
	}
	h := w.s.bytes(off, 8)
	if h == nil {
		return box{}, errMalformed
	}
	b := box{name: string(h[4:8]), body: off + 8}
	for _, ch := range h[4:8] {
		if (ch < 0x20 || ch > 0x7e) && ch != 0xa9 {
			return box{}, errMalformed
		}
	}
	n := int64(h[0])<<24 | int64(h[1])<<16 | int64(h[2])<<8 | int64(h[3])
	switch n {
	case 0: // to the end
		n = limit - off
	case 1:
		hi, ok1 := w.s.u32(off + 8)
		lo, ok2 := w.s.u32(off + 12)
		if !ok1 || !ok2 {
			return box{}, errTruncated
		}
		if hi > 1<<30 {
			return box{}, errMalformed
		}
		n = int64(hi)<<32 | int64(lo)
		b.body = off + 16
	}
	b.end = off + n
	if b.end < b.body {
		return box{}, errMalformed
	}
	if b.end > limit {
		if limit < w.s.size {
			return box{}, errMalformed // larger than the box around it
		}
		return box{}, errTruncated
	}
	return b, nil
}

// inside follows the boxes that lead to dimensions and item extents.
func (w *boxes) inside(b box, depth int) error {
	body := b.body
	switch b.name {
	case "moov", "trak", "iprp", "ipco":
	case "meta":
		if !w.image {
			return nil
		}
		body += 4 // version and flags
	case "ispe":
		if width, ok := w.s.u32(b.body + 4); ok && b.end-b.body >= 12 {
			height, _ := w.s.u32(b.body + 8)
			w.c.grow(int64(width), int64(height))
		}
		return nil
	case "tkhd":
		// Width and height are the last eight bytes, in 16.16 fixed point.
		if width, ok := w.s.u32(b.end - 8); ok && b.end-b.body >= 80 {
			height, _ := w.s.u32(b.end - 4)
			w.c.grow(int64(width>>16), int64(height>>16))
		}
		return nil
	case "iloc":
		return w.items(b)
	default:
		return nil
	}
	if depth > boxDepth {
		return errMalformed
	}
	for off := body; off+8 <= b.end; {
		child, err := w.box(off, b.end)
		if err != nil {
			return errMalformed
		}
		if err := w.inside(child, depth+1); err != nil {
			return err
		}
		off = child.end
	}
	return nil
}

// items notes how far the data of the items reaches (ISO/IEC 14496-12, 8.11.3).
// The walk is bounded by the box, which is bounded by the file.
func (w *boxes) items(b box) error {
	r := &cursor{s: w.s, at: b.body, end: b.end}
	version := r.uint(1)
	r.uint(3)
	sizes, more := r.uint(1), r.uint(1)
	offsetSize, lengthSize := int(sizes>>4), int(sizes&15)
	baseSize, indexSize := int(more>>4), int(more&15)
	wide := 2
	if version == 2 {
		wide = 4
	}
	if version < 1 {
		indexSize = 0
	}
	for range r.uint(wide) {
		r.uint(wide)
		method := int64(0)
		if version > 0 {
			method = r.uint(2) & 15
		}
		r.uint(2)
		base := r.uint(baseSize)
		for range r.uint(2) {
			r.uint(indexSize)
			off, n := r.uint(offsetSize), r.uint(lengthSize)
			if r.bad {
				return errMalformed
			}
			if method == 0 {
				w.reach = max(w.reach, base+off+n)
			}
		}
		if r.bad {
			return errMalformed
		}
	}
	return nil
}

// cursor reads numbers one after another within a box.
type cursor struct {
	s       *octets
	at, end int64
	bad     bool
}

// uint reads an n-byte number, n at most 8; what exceeds 2^56 is no place in a
// file and makes the cursor bad.
func (c *cursor) uint(n int) int64 {
	if n == 0 || c.bad {
		return 0
	}
	b := c.s.bytes(c.at, n)
	if b == nil || c.at+int64(n) > c.end || n > 8 {
		c.bad = true
		return 0
	}
	c.at += int64(n)
	if n == 8 && !bytes.Equal(b[:1], []byte{0}) {
		c.bad = true
		return 0
	}
	var v int64
	for _, x := range b {
		v = v<<8 | int64(x)
	}
	return v
}
