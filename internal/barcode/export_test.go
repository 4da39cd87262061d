package barcode

import "image"

// Shrunk shrinks a grey picture as the levels that are searched are made.
func Shrunk(src *image.Gray, w, h int) *image.Gray { return shrunk(src, w, h) }
