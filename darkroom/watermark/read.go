package watermark

import (
	"bytes"
	"image"
	_ "image/jpeg" // decoder
	_ "image/png"  // decoder

	_ "golang.org/x/image/webp" // decoder

	"fovea/clinical"
	"fovea/darkroom/plane"
)

// What is read of a leak.
const (
	maxLeak   = 64 << 20   // bytes
	maxPhoto  = 50_000_000 // pixels
	planeSide = 4096       // larger ones are averaged down while they are read
)

// read decodes a leak: JPEG, PNG or WebP.
func read(leak []byte) (p *plane.Plane, err error) {
	defer func() {
		if recover() != nil { // a decoder's fault is the picture's fault
			p, err = nil, unreadable()
		}
	}()
	cfg, _, err := image.DecodeConfig(bytes.NewReader(leak))
	if err != nil || len(leak) > maxLeak || cfg.Width < blockSize/2 || cfg.Height < blockSize/2 ||
		cfg.Width > maxPhoto/cfg.Height {
		return nil, unreadable()
	}
	img, _, err := image.Decode(bytes.NewReader(leak))
	if err != nil {
		return nil, unreadable()
	}
	return plane.Of(img, planeSide), nil
}

func unreadable() error {
	return &clinical.Error{
		Kind: clinical.Invalid, Reason: ReasonUnreadable,
		Public: "This is no picture that can be read. Save it as JPEG, PNG or WebP, at least 16 pixels wide, and try again.",
	}
}
