package main

import (
	"context"
	"io"

	"fovea/darkroom"
)

// editChild is the one argument that makes this program an editing child of
// itself: confined, without configuration, DATA, keys or a door, reading pixels
// and writing a picture. People have no use for it, so it is no command.
const editChild = "darkroom-child"

// beEditChild says whether this is an editing child, and if so does its work.
func beEditChild(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) (bool, error) {
	if len(args) != 1 || args[0] != editChild {
		return false, nil
	}
	return true, darkroom.Child(ctx, stdin, stdout)
}
