package paper

import (
	"io"

	"fovea/clinical"
)

// Picture is one picture on paper. Content is read once, when it is drawn, and
// must be a JPEG; it is the caller who has opened it through the gate.
type Picture struct {
	Name        string // as a file is called; no patient in it
	Caption     string
	Side        clinical.Laterality
	Orientation int // EXIF 1..8; 0: as it is
	Content     io.Reader
}
