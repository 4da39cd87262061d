package faces_test

import (
	"image"
	"image/color"
	"os"
	"testing"

	pigo "github.com/esimov/pigo/core"
)

// pigoFinder is the peer: the detector that a Go program would otherwise take,
// with the settings and the threshold of its own examples, on pictures of at
// most a thousand pixels.
func pigoFinder(tb testing.TB, cascade string) func(image.Image) []image.Rectangle {
	tb.Helper()
	data, err := os.ReadFile(cascade)
	if err != nil {
		tb.Fatal(err)
	}
	finder, err := pigo.NewPigo().Unpack(data)
	if err != nil {
		tb.Fatal(err)
	}
	return func(img image.Image) []image.Rectangle {
		b := img.Bounds()
		scale := (max(b.Dx(), b.Dy()) + 999) / 1000
		grey := image.NewGray(image.Rect(0, 0, b.Dx()/scale, b.Dy()/scale))
		for i := range grey.Pix {
			total := 0
			for k := range scale * scale {
				x, y := i%grey.Stride*scale+k%scale, i/grey.Stride*scale+k/scale
				c, _ := color.GrayModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.Gray)
				total += int(c.Y)
			}
			grey.Pix[i] = uint8(total / (scale * scale))
		}
		size := grey.Bounds().Size()
		found := finder.RunCascade(pigo.CascadeParams{
			MinSize: 20, MaxSize: max(size.X, size.Y), ShiftFactor: 0.1, ScaleFactor: 1.1,
			ImageParams: pigo.ImageParams{Pixels: grey.Pix, Rows: size.Y, Cols: size.X, Dim: grey.Stride},
		}, 0)
		var all []image.Rectangle
		for _, f := range finder.ClusterDetections(found, 0.2) {
			if f.Q < 5 {
				continue
			}
			x, y, half := f.Col*scale, f.Row*scale, f.Scale*scale/2
			all = append(all, image.Rect(x-half, y-half, x+half, y+half).Add(b.Min))
		}
		return all
	}
}
