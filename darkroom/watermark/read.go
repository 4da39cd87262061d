package watermark

import (
	"image"

	"fovea/clinical"
	"fovea/darkroom/plane"
)

// What is read of a leak.
const (
	maxPhoto  = 50_000_000 // pixels
	planeSide = 4096       // larger ones are averaged down while they are read
)

// read takes the brightness of a leak.
func read(leak image.Image) (*plane.Plane, error) {
	b := leak.Bounds()
	if b.Dx() < blockSize/2 || b.Dy() < blockSize/2 || b.Dx() > maxPhoto/b.Dy() {
		return nil, &clinical.Error{
			Kind: clinical.Invalid, Reason: ReasonUnreadable,
			Public: "This picture is smaller than 16 pixels, or larger than 50 megapixels. Nothing can be read in it.",
		}
	}
	return plane.Of(leak, planeSide), nil
}
