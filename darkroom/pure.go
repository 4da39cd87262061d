package darkroom

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"io"

	"github.com/bep/imagemeta"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff" // decoder
	_ "golang.org/x/image/webp" // decoder

	"fovea/clinical"
)

// renderGo does in this process what libvips does in a child.
func renderGo(src Source, size Size) (out []byte, err error) {
	defer func() {
		if recover() != nil { // a decoder's fault is the picture's fault
			out, err = nil, undecodable(errors.New("decoder failed"))
		}
	}()
	data, err := readAll(src)
	if err != nil {
		return nil, err
	}
	if suits(data, size) {
		got, err := instruction{Coarse: true, Size: size}.coarse(bytes.NewReader(data))
		if err == nil && got.status == statusDone {
			return got.jpeg, nil
		}
	}
	img, o, err := open(data)
	if err != nil {
		return nil, err
	}
	return encode(orient(shrink(img, int(size)), o), size)
}

// decodeGo is the whole picture, upright.
func decodeGo(src Source) (*raster, error) {
	data, err := readAll(src)
	if err != nil {
		return nil, err
	}
	img, o, err := open(data)
	if err != nil {
		return nil, err
	}
	return rasterOf(img).upright(o), nil
}

// readAll holds an original in memory.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSource))
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "darkroom: read original: %w", err)
	}
	return data, nil
}

// open decodes an original and reads its EXIF orientation.
func open(data []byte) (image.Image, int, error) {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, 0, undecodable(errors.New("no decoder for it"))
	}
	if int64(cfg.Width)*int64(cfg.Height) > MaxPixels || cfg.Width <= 0 || cfg.Height <= 0 {
		return nil, 0, undecodable(errors.New("too many pixels"))
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, 0, undecodable(errors.New("decoder gave up"))
	}
	formats := map[string]imagemeta.ImageFormat{"jpeg": imagemeta.JPEG, "png": imagemeta.PNG, "tiff": imagemeta.TIFF}
	return img, orientation(data, formats[format]), nil
}

// shrink makes img fit a square of side n, on white, never enlarging it.
func shrink(img image.Image, n int) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > n {
		w, h = max(1, (w*n+long/2)/long), max(1, (h*n+long/2)/long)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(dst, dst.Bounds(), img, b, draw.Over, nil)
	return dst
}

// orientation reads the EXIF orientation of a whole file, 1 when it states none.
func orientation(data []byte, format imagemeta.ImageFormat) int {
	found := 1
	_, err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(data), ImageFormat: format, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool { return t.Tag == "Orientation" && t.Namespace == "IFD0" },
		HandleTag: func(t imagemeta.TagInfo) error {
			if v, ok := t.Value.(uint16); ok && v >= 1 && v <= 8 {
				found = int(v)
			}
			return imagemeta.ErrStopWalking
		},
	})
	if err != nil {
		return 1
	}
	return found
}

// orient turns img upright by its EXIF orientation (CIPA DC-008, tag 0x0112).
func orient(img image.Image, o int) image.Image {
	if o <= 1 || o > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	ow, oh := w, h
	if o >= 5 {
		ow, oh = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, ow, oh))
	for y := range oh {
		for x := range ow {
			sx, sy := origin(o, x, y, w, h)
			dst.Set(x, y, img.At(b.Min.X+sx, b.Min.Y+sy))
		}
	}
	return dst
}

// origin returns which stored pixel of a w × h picture is shown at x, y.
func origin(o, x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	default: // 8
		return w - 1 - y, x
	}
}
