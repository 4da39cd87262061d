package pack

import (
	"io"
	"iter"

	"fovea/clinical"
	"fovea/exchange/paper"
)

// Print writes a release as a PDF, one picture a page with its side, its
// caption, the recipient and the last day of use. Pictures are JPEGs; an
// original is set upright by what its camera said. The first error of a picture
// ends it with nothing written.
func Print(w io.Writer, r clinical.Release, title string, pictures []Picture, by paper.Issuer) error {
	return paper.Print(w, paper.Album{Title: title, Recipient: r.Recipient, UseBy: r.UseBy, Pictures: Plates(pictures, "picture")}, by)
}

// Plates turns pictures into those of a paper, named by stem and number. What
// is not a JPEG is named and not drawn.
func Plates(pictures []Picture, stem string) iter.Seq2[paper.Picture, error] {
	return func(yield func(paper.Picture, error) bool) {
		for i, p := range pictures {
			out := paper.Picture{Name: name(stem, i+1, p.MIME), Caption: p.Asset.Caption, Side: p.Asset.View.Laterality}
			if p.MIME == "image/jpeg" {
				out.Content = p.Content
				if p.Rendition == clinical.Original {
					out.Orientation = p.Asset.Capture.Orientation
				}
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}
