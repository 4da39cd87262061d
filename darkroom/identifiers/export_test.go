package identifiers

import (
	"image"

	"fovea/internal/sandbox"
)

// With returns a Finder that runs another program for the engine.
func With(box *sandbox.Sandbox, program string) *Finder { return &Finder{box, program} }

// Blocks are the boxes that the engine's table gives, and whether each is of
// nothing but a scale.
func Blocks(table string) map[image.Rectangle]bool {
	out := map[image.Rectangle]bool{}
	for _, b := range blocksOf(parse([]byte(table))) {
		out[b.box] = b.measures
	}
	return out
}

// Turned is a picture turned clockwise by quarters, and the way back.
func Turned(img *image.Gray, quarter int) (*image.Gray, func(image.Rectangle) image.Rectangle) {
	return quarters(img, quarter)
}
