package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"fovea/clinical"
)

// MaxPixels is the largest picture that is let in, in pixels.
const MaxPixels = 150_000_000

// Inspection is what a file is, judged by its content.
type Inspection struct {
	MIME   string // "" when unknown
	Width  int    // px as stored; 0 when the container does not say
	Height int
	Raw    bool // a camera's raw format
	Video  bool
	// End is where the container is complete. Bytes after it are kept and are
	// no fault; there are Size-End of them.
	End  int64
	Size int64
	// Reason is why the file is not fit; empty: it is. reasonTruncated may heal
	// as more bytes arrive.
	Reason clinical.Reason
}

// Ext returns the usual extension of what the file is, without a dot.
func (i Inspection) Ext() string {
	switch i.MIME {
	case "image/jpeg":
		return "jpg"
	case "image/tiff":
		return "tif"
	case "video/quicktime":
		return "mov"
	}
	sub := i.MIME[strings.LastIndexAny(i.MIME, "/-")+1:]
	if len(sub) > 4 {
		return ""
	}
	return sub
}

// Fit tells that the file may go on.
func (i Inspection) Fit() bool { return i.Reason == "" }

// Errors by which a container's walk ends.
var (
	errTruncated = errors.New("container is not complete")
	errMalformed = errors.New("container contradicts itself")
)

// container is what the walk through a file's structure found.
type container struct {
	width, height int
	end           int64
	raw           bool
	mime          string // refines what the first bytes said
}

// grow keeps the larger of the pictures a container holds.
func (c *container) grow(w, h int64) {
	if w > 0 && h > 0 && w < 1<<31 && h < 1<<31 && w*h > int64(c.width)*int64(c.height) {
		c.width, c.height = int(w), int(h)
	}
}

// Inspect walks the structure of the size bytes of r without decoding a pixel
// and without holding more than a few pages of it, whatever the file claims. The
// name serves for one thing: to find out that it lies. The error is only ever
// that of reading; what is wrong with the file is in Inspection.Reason.
func Inspect(r io.ReaderAt, size int64, name string) (Inspection, error) {
	in := Inspection{Size: size}
	if size <= 0 {
		in.Reason = reasonEmpty
		return in, nil
	}
	src := &octets{r: r, size: size}
	head := src.bytes(0, int(min(size, 32)))
	if src.err != nil {
		return Inspection{}, fmt.Errorf("ingest: inspect: %w", src.err)
	}
	kind := sniff(head)
	if kind == nil {
		in.Reason = reasonTypeOther
		return in, nil
	}
	in.MIME = kind.mime
	c, err := kind.walk(src)
	if src.err != nil {
		return Inspection{}, fmt.Errorf("ingest: inspect: %w", src.err)
	}
	if c.mime != "" {
		in.MIME = c.mime
	}
	in.Width, in.Height, in.Raw, in.End = c.width, c.height, c.raw, c.end
	in.Video = strings.HasPrefix(in.MIME, "video/")
	switch {
	case lies(name, in.MIME):
		in.Reason = reasonTypeLies
	case int64(in.Width)*int64(in.Height) > MaxPixels:
		in.Reason = reasonPixels
	case errors.Is(err, errTruncated):
		in.Reason = reasonTruncated
	case err != nil:
		in.Reason = reasonUnreadable
	case in.Width == 0 && !in.Video && !in.Raw:
		in.Reason = reasonPixels
	}
	return in, nil
}

// format is a type of file that is taken: how it begins and how to walk it.
type format struct {
	mime string
	walk func(*octets) (container, error)
}

func sniff(head []byte) *format {
	at := func(i int, s string) bool {
		return len(head) >= i+len(s) && string(head[i:i+len(s)]) == s
	}
	switch {
	case at(0, "\xff\xd8\xff"):
		return &format{"image/jpeg", walkJPEG}
	case at(0, "\x89PNG\r\n\x1a\n"):
		return &format{"image/png", walkPNG}
	case at(0, "II*\x00"), at(0, "MM\x00*"):
		return &format{"image/tiff", walkTIFF}
	case at(0, "IIRO"), at(0, "IIRS"):
		return &format{"image/x-olympus-orf", walkTIFF}
	case at(0, "IIU\x00"):
		return &format{"image/x-panasonic-rw2", walkTIFF}
	case at(4, "ftyp"):
		return &format{brandMIME(head[8:min(len(head), 12)]), walkBoxes}
	case at(4, "moov"), at(4, "mdat"), at(4, "wide"):
		return &format{"video/quicktime", walkBoxes} // from before there were brands
	}
	return nil
}

// names lists, for every extension we know, what its content may be.
func names() map[string][]string {
	heif := []string{"image/heic", "image/avif"}
	jpeg := []string{"image/jpeg"}
	video := []string{"video/mp4", "video/quicktime"}
	return map[string][]string{
		".jpg": jpeg, ".jpeg": jpeg, ".jpe": jpeg, ".jfif": jpeg, ".thm": jpeg,
		".png": {"image/png"},
		".tif": {"image/tiff"}, ".tiff": {"image/tiff"},
		".heic": heif, ".heif": heif, ".hif": heif, ".avif": heif,
		".mp4": video, ".m4v": video, ".mov": video, ".qt": video,
		".dng": {"image/x-adobe-dng"},
		".nef": {"image/x-nikon-nef"}, ".nrw": {"image/x-nikon-nef"},
		".cr2": {"image/x-canon-cr2"}, ".cr3": {"image/x-canon-cr3"},
		".arw": {"image/x-sony-arw"}, ".sr2": {"image/x-sony-arw"},
		".pef": {"image/x-pentax-pef"}, ".orf": {"image/x-olympus-orf"}, ".rw2": {"image/x-panasonic-rw2"},
	}
}

// lies tells that the name's extension promises something else. A name without
// an extension, or with one that means nothing to us, promises nothing.
func lies(name, mime string) bool {
	may, known := names()[strings.ToLower(filepath.Ext(name))]
	return known && !slices.Contains(may, mime)
}

// octets reads a file at places that the file itself names. It never fails for
// a place outside, it returns less; err is kept for real faults of reading.
type octets struct {
	r    io.ReaderAt
	size int64
	err  error
	page []byte // the page last read
	at   int64  // and where it begins
}

const pageSize = 64 << 10

// bytes returns n bytes at off, or nil when they are not all there. They are
// valid until the next call. n is at most pageSize.
func (s *octets) bytes(off int64, n int) []byte {
	if off < 0 || n < 0 || n > pageSize || off > s.size-int64(n) || s.err != nil {
		return nil
	}
	if off < s.at || off+int64(n) > s.at+int64(len(s.page)) {
		if !s.load(off) {
			return nil
		}
	}
	i := int(off - s.at)
	if i+n > len(s.page) {
		return nil
	}
	return s.page[i : i+n]
}

func (s *octets) load(off int64) bool {
	if s.page == nil {
		s.page = make([]byte, 0, pageSize)
	}
	want := int(min(pageSize, s.size-off))
	n, err := s.r.ReadAt(s.page[:want], off)
	s.page, s.at = s.page[:n], off
	if n < want {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // the file shrank under our hands
		}
		s.err = err
		return false
	}
	return true
}

// rest returns what is in memory from off on, at least one byte, nil at the end.
func (s *octets) rest(off int64) []byte {
	if s.bytes(off, 1) == nil {
		return nil
	}
	return s.page[off-s.at:]
}

// find returns the place of the first b at or after off, -1 when there is none.
func (s *octets) find(off int64, b byte) int64 {
	for {
		p := s.rest(off)
		if p == nil {
			return -1
		}
		if i := bytes.IndexByte(p, b); i >= 0 {
			return off + int64(i)
		}
		off += int64(len(p))
	}
}

// u32 reads four bytes, big-endian.
func (s *octets) u32(off int64) (uint32, bool) {
	b := s.bytes(off, 4)
	if b == nil {
		return 0, false
	}
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]), true
}
