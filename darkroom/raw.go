package darkroom

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"strings"

	"github.com/bep/imagemeta"
)

// maxPreviews bounds how many embedded pictures of a raw file are looked at.
const maxPreviews = 64

// isRaw tells a camera's raw format by its type. Raw files never go to libvips,
// which answers with whatever small picture comes first.
func isRaw(mime string) bool {
	switch mime {
	case "image/x-adobe-dng", "image/x-nikon-nef", "image/x-canon-cr2", "image/x-canon-cr3", "image/x-sony-arw",
		"image/x-pentax-pef", "image/x-olympus-orf", "image/x-panasonic-rw2", "image/x-raw":
		return true
	}
	return false
}

// preview finds a raw file's preview, in a child where there is one: the whole
// file has to be looked through.
func (r *Renderer) preview(ctx context.Context, src Source, background bool) (Source, int, error) {
	var found []byte
	var turn int
	var err error
	if r.child == "" {
		found, turn, err = rawPreview(src)
	} else {
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		var got outcome
		got, err = r.ask(limited, instruction{Raw: src.MIME}, src, background)
		if err == nil && got.status != statusDone {
			err = undecodable(errors.New("raw file without a preview"))
		}
		found, turn = got.jpeg, got.w
	}
	if err != nil {
		return Source{}, 0, err
	}
	return Source{Reader: bytes.NewReader(found), Size: int64(len(found)), MIME: "image/jpeg"}, turn, nil
}

// rawPreview returns the largest whole JPEG inside a raw file, and the
// orientation to turn it by where the preview does not state one itself. Raw
// files hold lossless JPEGs too; those are sensor data and do not count.
func rawPreview(src Source) ([]byte, int, error) {
	data, err := readAll(src)
	if err != nil {
		return nil, 0, err
	}
	var best []byte
	area, seen := 0, 0
	for at := 0; seen < maxPreviews; {
		i := bytes.Index(data[at:], []byte("\xff\xd8\xff"))
		if i < 0 {
			break
		}
		seen++
		one := data[at+i:]
		at += i + 3
		n := jpegLength(one)
		if n == 0 {
			continue
		}
		cfg, err := jpeg.DecodeConfig(bytes.NewReader(one[:n]))
		if err == nil && cfg.Width*cfg.Height > area && cfg.Width*cfg.Height <= MaxPixels {
			best, area = one[:n], cfg.Width*cfg.Height
		}
		if err == nil {
			at += n - 3
		}
	}
	if best == nil {
		return nil, 0, undecodable(errors.New("raw file without a preview"))
	}
	if orientation(best, imagemeta.JPEG) > 1 {
		return best, 1, nil
	}
	return best, rawOrientation(data, src.MIME), nil
}

func rawOrientation(data []byte, mime string) int {
	formats := map[string]imagemeta.ImageFormat{
		"dng": imagemeta.DNG, "nef": imagemeta.NEF, "cr2": imagemeta.CR2, "arw": imagemeta.ARW, "pef": imagemeta.PEF,
	}
	if f, ok := formats[mime[strings.LastIndexByte(mime, '-')+1:]]; ok {
		return orientation(data, f)
	}
	return 1
}

// jpegLength returns how many bytes the JPEG that b begins with takes, 0 when it
// is not whole.
func jpegLength(b []byte) int {
	n := 0
	err := segments(b, func(_ byte, _ []byte) error { return nil }, &n)
	if err != nil {
		return 0
	}
	return n
}
