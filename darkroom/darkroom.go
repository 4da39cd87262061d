// Package darkroom turns originals into the pictures that are shown: a 256 px
// thumbnail of everything kept, an upright sRGB JPEG of at most 2048 px of
// everything in a teaching set, and one of 1024 px or of every pixel when it is
// asked for.
//
// A rendition is made once, from the original and a numbered recipe, sealed
// under the original's owner, and remade when its bytes are missing. It is
// re-encoded from pixels: nothing of the original but its pixels goes into it,
// and a rendition that still carries any other segment is refused rather than
// stored. Decoding happens in confined children (internal/sandbox); where they
// are not installed, in Go.
//
// An edited picture is the original and a clinical.Recipe. What a mask covers is
// filled at the original's full size before any other step, so that no later one
// can see it, and every step is computed in the same bits on every machine.
//
// The package never decides who sees what, never writes to an original, and
// never sends metadata along.
//
// Start reading at [Renderer.Render], one picture as it is, [Renderer.Edit], one
// picture by a recipe, and [Follower.Run], all of them.
package darkroom

import (
	"errors"

	"fovea/clinical"
)

// ReasonUndecodable is why there is no rendition: no decoder makes a picture of
// the original.
const ReasonUndecodable clinical.Reason = "undecodable"

// MaxPixels is the largest picture that is decoded, in pixels.
const MaxPixels = 150_000_000

// maxSource is the largest original that is held in memory, in bytes. Larger
// videos and pictures are kept without a rendition.
const maxSource = 512 << 20

// errUndecodable is the cause inside an error of ReasonUndecodable.
var errUndecodable = errors.New("original cannot be decoded")

// undecodable blames the original, with what the decoder's end told.
func undecodable(cause error) error {
	return &clinical.Error{Kind: clinical.Invalid, Reason: ReasonUndecodable, Err: errors.Join(errUndecodable, cause)}
}

// Size is how large a picture is shown: its longer side in pixels.
type Size int

// The sizes in use.
const (
	ThumbnailSize Size = 256
	ScreenSize    Size = 1024
	TeachingSize  Size = 2048
	// FullSize is as large as the picture is.
	FullSize Size = maxSide
)

// SizeOf returns the size of a kind of rendition that Render makes, 0 for all
// others: what needs a recipe is Edit's ([EditOf]), and is never made without.
func SizeOf(k clinical.RenditionKind) Size {
	switch k {
	case clinical.Thumbnail:
		return ThumbnailSize
	case clinical.Screen:
		return ScreenSize
	case clinical.Teaching:
		return TeachingSize
	case clinical.Full:
		return FullSize
	default:
		return 0
	}
}
