package ingest

import (
	"encoding/binary"
	"strings"
)

const (
	maxDirectories = 64   // in one TIFF; cameras write fewer than ten
	maxTags        = 4096 // in one directory
)

// tiff walks the directories of a TIFF or a raw format built like one (TIFF 6.0;
// Adobe DNG), and notes how far the file must reach for everything they point to.
type tiff struct {
	s     *octets
	order binary.ByteOrder
	c     container
	queue []uint32
	seen  map[uint32]bool
	maker string
	cfa   bool // sensor data: a raw format
	dng   bool
}

func walkTIFF(s *octets) (container, error) {
	t := &tiff{s: s, order: binary.LittleEndian, seen: map[uint32]bool{}}
	head := s.bytes(0, 8)
	if head == nil {
		return t.c, errTruncated
	}
	if head[0] == 'M' {
		t.order = binary.BigEndian
	}
	special := string(head[2:4]) != "*\x00" && string(head[2:4]) != "\x00*"
	cr2 := false
	if b := s.bytes(8, 2); b != nil {
		cr2 = string(b) == "CR"
	}
	t.c.end = 8
	t.queue = append(t.queue, t.order.Uint32(head[4:]))
	for len(t.queue) > 0 {
		at := t.queue[0]
		t.queue = t.queue[1:]
		if at == 0 || t.seen[at] {
			continue
		}
		if len(t.seen) == maxDirectories {
			return t.c, errMalformed
		}
		t.seen[at] = true
		if err := t.directory(int64(at)); err != nil {
			return t.c, err
		}
	}
	t.c.raw = special || cr2 || t.cfa || t.dng
	t.c.mime = t.rawMIME(special, cr2)
	if t.c.end > s.size {
		return t.c, errTruncated
	}
	return t.c, nil
}

func (t *tiff) rawMIME(special, cr2 bool) string {
	m := strings.ToUpper(t.maker)
	switch {
	case special:
		return "" // the first bytes said it
	case t.dng:
		return "image/x-adobe-dng"
	case cr2:
		return "image/x-canon-cr2"
	case !t.cfa:
		return ""
	case strings.HasPrefix(m, "NIKON"):
		return "image/x-nikon-nef"
	case strings.HasPrefix(m, "SONY"):
		return "image/x-sony-arw"
	case strings.HasPrefix(m, "PENTAX"), strings.HasPrefix(m, "RICOH"):
		return "image/x-pentax-pef"
	}
	return "image/x-raw"
}

// field is one entry of a directory.
type field struct {
	tag, kind uint16
	count     uint32
	at        int64 // where its values are
}

// typeSize is how many bytes a value of each type takes; 0: no such type.
func typeSize(kind uint16) int64 {
	sizes := [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4}
	if int(kind) < len(sizes) {
		return sizes[kind]
	}
	return 0
}

func (t *tiff) reach(end int64) { t.c.end = max(t.c.end, end) }

func (t *tiff) directory(at int64) error {
	b := t.s.bytes(at, 2)
	if b == nil {
		return errTruncated
	}
	n := int64(t.order.Uint16(b))
	if n == 0 || n > maxTags {
		return errMalformed
	}
	var d directory
	for i := range n {
		e := t.s.bytes(at+2+12*i, 12)
		if e == nil {
			return errTruncated
		}
		f := field{tag: t.order.Uint16(e), kind: t.order.Uint16(e[2:]), count: t.order.Uint32(e[4:]), at: at + 2 + 12*i + 8}
		size := typeSize(f.kind) * int64(f.count)
		if size > 4 {
			f.at = int64(t.order.Uint32(e[8:]))
			t.reach(f.at + size)
		}
		if size > 0 {
			t.entry(&d, f)
		}
	}
	t.reach(at + 2 + 12*n)
	if next := t.s.bytes(at+2+12*n, 4); next != nil {
		t.queue = append(t.queue, t.order.Uint32(next))
		t.reach(at + 2 + 12*n + 4)
	}
	t.c.grow(d.width, d.height)
	for _, p := range [][2]field{{d.strips, d.stripSizes}, {d.tiles, d.tileSizes}, {d.jpeg, d.jpegSize}} {
		t.extents(p[0], p[1])
	}
	return nil
}

// directory collects what one directory says of its picture.
type directory struct {
	width, height      int64
	strips, stripSizes field
	tiles, tileSizes   field
	jpeg, jpegSize     field
}

func (t *tiff) entry(d *directory, f field) {
	switch f.tag {
	case 256:
		d.width = t.value(f, 0)
	case 257:
		d.height = t.value(f, 0)
	case 262:
		t.cfa = t.cfa || t.value(f, 0) == 32803 || t.value(f, 0) == 34892
	case 271:
		if b := t.s.bytes(f.at, int(min(f.count, 32))); b != nil && t.maker == "" {
			t.maker = strings.TrimRight(string(b), "\x00 ")
		}
	case 273:
		d.strips = f
	case 279:
		d.stripSizes = f
	case 324:
		d.tiles = f
	case 325:
		d.tileSizes = f
	case 513:
		d.jpeg = f
	case 514:
		d.jpegSize = f
	case 330, 34665: // further directories
		for i := range min(f.count, maxDirectories) {
			t.queue = append(t.queue, uint32(max(0, t.value(f, i))))
		}
	case 50706:
		t.dng = true
	}
}

// value reads the i-th value of f as a whole number, -1 when it is none.
func (t *tiff) value(f field, i uint32) int64 {
	if i >= f.count {
		return -1
	}
	switch f.kind {
	case 1, 7:
		if b := t.s.bytes(f.at+int64(i), 1); b != nil {
			return int64(b[0])
		}
	case 3:
		if b := t.s.bytes(f.at+2*int64(i), 2); b != nil {
			return int64(t.order.Uint16(b))
		}
	case 4, 13:
		if b := t.s.bytes(f.at+4*int64(i), 4); b != nil {
			return int64(t.order.Uint32(b))
		}
	}
	return -1
}

// extents notes where the picture's parts end. Both lists lie within the file,
// so their length costs no more than reading the file once.
func (t *tiff) extents(offsets, sizes field) {
	for i := range min(offsets.count, sizes.count) {
		off, n := t.value(offsets, i), t.value(sizes, i)
		if off < 0 || n < 0 {
			return // the lists themselves reach past the end: that was noted
		}
		t.reach(off + n)
	}
}
