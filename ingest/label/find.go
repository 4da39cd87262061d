package label

import (
	"context"
	"image"

	"fovea/clinical"
	"fovea/internal/barcode"
)

// shortest is the least a one-dimensional code must say: fewer characters turn
// up in noise.
const shortest = 4

// Find returns every code in img, each once, from top to bottom.
func Find(ctx context.Context, img image.Image) ([]Code, error) {
	all, err := barcode.Find(ctx, img, barcode.Search{Symbologies: []barcode.Symbology{barcode.QR, barcode.DataMatrix, barcode.Code128}})
	if err != nil {
		return nil, clinical.Errorf(clinical.KindOf(err), "label: %w", err)
	}
	b := img.Bounds()
	var out []Code
	for _, c := range all {
		if confirmed(c) {
			middle := c.Box.Min.Add(c.Box.Max).Div(2).Sub(b.Min)
			out = append(out, Code{
				Text: c.Text, Symbology: string(c.Symbology), X: float64(middle.X) / float64(b.Dx()), Y: float64(middle.Y) / float64(b.Dy()),
			})
		}
	}
	return out, nil
}

// confirmed tells what is certain. QR and Data Matrix correct and detect errors
// by Reed-Solomon; Code 128 has one check character in 103, so it takes a second
// reading, unless the text carries our own check.
func confirmed(c barcode.Code) bool {
	if !c.Symbology.Bars() {
		return true
	}
	_, err := Parse(c.Text)
	return err == nil || c.Times >= 2 && len(c.Text) >= shortest
}
