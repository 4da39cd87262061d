package darkroom

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"

	"github.com/bep/imagemeta"

	"fovea/clinical"
)

// Errors of the walk through a JPEG.
var (
	errNotJPEG = errors.New("not a whole JPEG")
	errCarries = errors.New("rendition carries more than pixels")
)

// checked is the last thing that happens to a picture before it may be stored:
// two independent readers agree that it holds pixels and nothing else. Failing
// it is a fault of this program, and no picture comes out.
func checked(b []byte, size Size) (Picture, error) {
	if err := Bare(b); err != nil {
		return Picture{}, clinical.Errorf(clinical.Internal, "darkroom: check rendition: %w", err)
	}
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return Picture{}, clinical.Errorf(clinical.Internal, "darkroom: check rendition: %w", errNotJPEG)
	}
	if max(cfg.Width, cfg.Height) > int(size) {
		return Picture{}, clinical.Errorf(clinical.Internal, "darkroom: check rendition: larger than asked")
	}
	return Picture{JPEG: b, Width: cfg.Width, Height: cfg.Height}, nil
}

// Bare tells whether b is one JPEG that carries nothing but pixels: no
// application segment but a plain JFIF or Adobe header, no comment, no byte
// after its end, and nothing that a metadata reader finds.
func Bare(b []byte) error {
	end := 0
	err := segments(b, func(marker byte, body []byte) error {
		switch {
		case marker == 0xe0 && len(body) == 14 && bytes.HasPrefix(body, []byte("JFIF\x00")) && body[12] == 0 && body[13] == 0:
		case marker == 0xee && len(body) == 12 && bytes.HasPrefix(body, []byte("Adobe")):
		case marker >= 0xe0 && marker <= 0xef, marker == 0xfe:
			return fmt.Errorf("%w: segment %X", errCarries, marker)
		}
		return nil
	}, &end)
	if err != nil {
		return err
	}
	if end != len(b) {
		return fmt.Errorf("%w: bytes after the end", errCarries)
	}
	found := false
	_, err = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(b), ImageFormat: imagemeta.JPEG,
		Sources:         imagemeta.EXIF | imagemeta.IPTC | imagemeta.XMP,
		ShouldHandleTag: func(imagemeta.TagInfo) bool { found = true; return false },
		HandleXMP:       nil,
	})
	if found || err != nil && !imagemeta.IsInvalidFormat(err) {
		return fmt.Errorf("%w: a tag", errCarries)
	}
	return nil
}

// segments walks the JPEG at the start of b (ITU-T T.81, annex B), shows visit
// every segment that has a body, and stores where the picture ends.
func segments(b []byte, visit func(marker byte, body []byte) error, end *int) error {
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 {
		return errNotJPEG
	}
	scanned := false
	for at := 2; ; {
		i := bytes.IndexByte(b[at:], 0xff)
		if i < 0 || at+i+1 >= len(b) || i > 0 && !scanned {
			return errNotJPEG
		}
		at += i
		m := b[at+1]
		switch {
		case m == 0xff:
			at++
			continue
		case m == 0x00 && scanned, m == 0x01, m >= 0xd0 && m <= 0xd7:
			at += 2
			continue
		case m == 0xd9 && scanned:
			*end = at + 2
			return nil
		case m == 0x00, m == 0xd8, m == 0xd9, at+4 > len(b):
			return errNotJPEG
		}
		n := int(b[at+2])<<8 | int(b[at+3])
		if n < 2 || at+2+n > len(b) {
			return errNotJPEG
		}
		if err := visit(m, b[at+4:at+2+n]); err != nil {
			return err
		}
		scanned = scanned || m == 0xda
		at += 2 + n
	}
}
