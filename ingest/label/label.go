// Package label reads the codes in a picture: the QR, Data Matrix or Code 128
// label that a photographer takes a picture of before (and after) the frames of
// a patient, and the text that our own labels carry.
//
// It is made to miss rather than to err. Everything it returns was confirmed by
// the code's own check, one-dimensional codes by two independent readings; our
// own texts carry a check on top. What is not read with certainty is not
// returned, and every code in the frame is, because two labels in one frame
// identify nobody.
//
// It does not know what a number means: payload.go is our format, foreign labels
// are for the caller's identification rule. It touches no file and runs no
// program; a decoder for large pictures is handed to it. Start at [Reader.Read].
package label

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/jpeg" // decoder
	_ "image/png"  // decoder
	"io"
	"strings"

	_ "golang.org/x/image/tiff" // decoder

	"fovea/clinical"
	"fovea/internal/barcode"
)

const (
	// maxPixels is the largest picture that is decoded here.
	maxPixels = 150_000_000
	maxSource = 512 << 20
)

// Code is one code found in a picture.
type Code struct {
	Text string
	// Symbology is "qr", "datamatrix" or "code128".
	Symbology string
	// X and Y are the code's middle, from 0 (left, top) to 1, in the picture as
	// it was searched.
	X, Y float64
}

// Shrink returns src as a JPEG or PNG that fits size × size pixels.
type Shrink func(ctx context.Context, src io.Reader, length int64, mime string, size int) ([]byte, error)

// Reader finds codes in pictures. It may be used by many goroutines.
type Reader struct {
	shrink Shrink
}

// NewReader returns a Reader. With a nil shrink, JPEG, PNG and TIFF are decoded
// in this process.
func NewReader(shrink Shrink) *Reader { return &Reader{shrink: shrink} }

// Read returns every code in the picture src of length bytes, each once. None is
// no error. A picture that cannot be decoded is Invalid; a video has no labels.
func (r *Reader) Read(ctx context.Context, src io.Reader, length int64, mime string) ([]Code, error) {
	if strings.HasPrefix(mime, "video/") {
		return nil, nil
	}
	if length > maxSource {
		return nil, clinical.Errorf(clinical.Invalid, "label: read: picture too large")
	}
	if r.shrink != nil {
		small, err := r.shrink(ctx, src, length, mime, barcode.Work)
		if err != nil {
			return nil, clinical.Errorf(clinical.KindOf(err), "label: read: %w", err)
		}
		src = bytes.NewReader(small)
	}
	img, err := decode(src)
	if err != nil {
		return nil, clinical.Errorf(clinical.Invalid, "label: read: %w", err)
	}
	return Find(ctx, img)
}

// decode reads the dimensions before it decodes a pixel.
func decode(src io.Reader) (img image.Image, err error) {
	defer func() {
		if recover() != nil {
			img, err = nil, errors.New("decoder failed")
		}
	}()
	data, err := io.ReadAll(io.LimitReader(src, maxSource))
	if err != nil {
		return nil, errors.New("picture cannot be read whole")
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, errors.New("picture cannot be decoded")
	}
	if int64(cfg.Width)*int64(cfg.Height) > maxPixels {
		return nil, errors.New("picture has too many pixels")
	}
	img, _, err = image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, errors.New("picture cannot be decoded")
	}
	return img, nil
}
