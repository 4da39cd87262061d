package paper_test

import (
	"bytes"
	"io"
	"testing"

	"fovea/exchange/paper"
)

// Whatever a picture's bytes and a caption are, they are drawn or refused.
func FuzzPlate(f *testing.F) {
	f.Add([]byte{0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0, 0xff, 0xd9}, "Œdème", uint8(6))
	f.Add([]byte{0xff, 0xd8, 0xff, 0xc0, 0, 20, 8, 0xff, 0xff, 0xff, 0xff, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0, 0xff, 0xd9}, "\xff\u202e", uint8(5))
	f.Fuzz(func(_ *testing.T, jpg []byte, caption string, orientation uint8) {
		p := paper.Picture{Name: caption, Caption: caption, Orientation: int(orientation), Content: bytes.NewReader(jpg)}
		_ = paper.Print(io.Discard, paper.Album{Title: caption, Recipient: caption, Pictures: all(p)}, issuer(paper.French))
	})
}
