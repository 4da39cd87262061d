package sheet

import (
	"image/color"

	"github.com/boombuler/barcode/qr"

	"fovea/clinical"
)

// Modules returns the modules of a QR code, row by row from the top, true where
// dark. A page draws them itself; the light margin is not among them.
func Modules(text string) ([][]bool, error) {
	c, err := qr.Encode(text, qr.Q, qr.Auto)
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "sheet: code: %w", err)
	}
	side := c.Bounds()
	rows := make([][]bool, side.Dy())
	for y := range rows {
		rows[y] = make([]bool, side.Dx())
		for x := range rows[y] {
			grey, _ := color.GrayModel.Convert(c.At(side.Min.X+x, side.Min.Y+y)).(color.Gray)
			rows[y][x] = grey.Y < 128
		}
	}
	return rows, nil
}
