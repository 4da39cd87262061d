package demo

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/f64"
	"golang.org/x/image/math/fixed"

	"fovea/clinical"
)

// write sets s with the left end of its base line at at, in a face of size px.
func write(dst draw.Image, ttf []byte, size float64, at image.Point, s string) error {
	parsed, err := opentype.Parse(ttf)
	if err != nil {
		return clinical.Errorf(clinical.Internal, "demo: font: %w", err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return clinical.Errorf(clinical.Internal, "demo: font: %w", err)
	}
	d := font.Drawer{Dst: dst, Src: image.NewUniform(color.RGBA{24, 26, 30, 255}), Face: face, Dot: fixed.P(at.X, at.Y)}
	d.DrawString(s)
	return nil
}

func fill(dst draw.Image, r image.Rectangle, c color.Color) {
	draw.Draw(dst, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// lay puts a flat thing on the picture, turned by angle about its middle, with a soft shadow under it.
func lay(img *image.RGBA, thing image.Image, at image.Point, angle float64) {
	sin, cos := math.Sincos(angle)
	w, h := float64(thing.Bounds().Dx()), float64(thing.Bounds().Dy())
	place := func(dx, dy float64) f64.Aff3 {
		cx, cy := float64(at.X)+dx, float64(at.Y)+dy
		return f64.Aff3{cos, -sin, cx - cos*w/2 + sin*h/2, sin, cos, cy - sin*w/2 - cos*h/2}
	}
	for i := 1; i <= 5; i++ {
		shadow := image.NewUniform(color.RGBA{0, 0, 0, 20})
		draw.ApproxBiLinear.Transform(img, place(float64(i)*1.5, float64(i)*2), solid{shadow, thing.Bounds()}, thing.Bounds(), draw.Over, nil)
	}
	draw.BiLinear.Transform(img, place(0, 0), thing, thing.Bounds(), draw.Over, nil)
}

// solid is one colour within bounds.
type solid struct {
	*image.Uniform
	bounds image.Rectangle
}

func (s solid) Bounds() image.Rectangle { return s.bounds }

// ruler lays a paper ruler of 10 cm with four colour patches in the lower part of the picture, as large as things are
// that near.
func ruler(img *image.RGBA, r *rand.Rand, near float64) {
	h := img.Bounds().Dy()
	unit := int(float64(h) / 16 * near) // a centimetre
	strip := image.NewRGBA(image.Rect(0, 0, unit*145/10, unit*5/3))
	draw.Draw(strip, strip.Bounds(), image.NewUniform(color.RGBA{244, 243, 238, 255}), image.Point{}, draw.Src)
	ink := color.RGBA{20, 20, 24, 255}
	left := unit / 2
	for mm := range 101 {
		x := left + mm*unit/10
		length := unit / 4
		switch {
		case mm%10 == 0:
			length = unit / 2
			_ = write(strip, gobold.TTF, float64(unit)*0.42, image.Pt(x-unit/8, unit*19/20), fmt.Sprint(mm/10)) // the fonts are our own
		case mm%5 == 0:
			length = unit * 3 / 8
		}
		fill(strip, image.Rect(x, 0, x+max(1, unit/30), length), ink)
	}
	_ = write(strip, goregular.TTF, float64(unit)*0.30, image.Pt(left, unit*3/2), "cm    matt paper scale, discard after use")
	for i, c := range []color.RGBA{{28, 28, 30, 255}, {128, 128, 128, 255}, {190, 40, 44, 255}, {232, 196, 60, 255}} {
		x := left + unit*109/10 + i*unit*3/4
		fill(strip, image.Rect(x, unit/4, x+unit*2/3, unit*5/4), c)
	}
	at := max(img.Bounds().Dx()*(46+r.IntN(8))/100, strip.Bounds().Dx()/2+unit/2) // its zero stays in the frame
	lay(img, strip, image.Pt(at, h*85/100), (r.Float64()-0.5)*0.10)
}

// paperLabel draws a job sheet on a desk, as photographed for an ID shot.
func paperLabel(r *rand.Rand, w int, o Options) (*image.RGBA, error) {
	if len(o.Lines) > maxLines || len(o.Payload) > maxPayload || o.Payload == "" {
		return nil, clinical.Errorf(clinical.Invalid, "demo: a label has a payload of at most %d bytes and at most %d lines", maxPayload, maxLines)
	}
	img := desk(noise(r.Uint32()), w, o.Height)
	paper, err := sheet(w*8/10, o.Height*8/10, o)
	if err != nil {
		return nil, err
	}
	lay(img, paper, image.Pt(w/2+r.IntN(w/20), o.Height/2+r.IntN(w/20)), (r.Float64()-0.5)*0.12)
	return img, nil
}

// desk is a grey laminated table top.
func desk(n noise, w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p := point{float64(x) / float64(h), float64(y) / float64(h)}
			v := 0.42 + 0.10*n.cloud(p.x*2, p.y*40, 3) + 0.10*n.cloud(p.x, p.y, 2)
			put(img, x, y, colour{v * 1.04, v, v * 0.94})
		}
	}
	return img
}

// sheet is the paper itself.
func sheet(w, h int, o Options) (image.Image, error) {
	paper := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(paper, paper.Bounds(), image.NewUniform(color.RGBA{247, 246, 241, 255}), image.Point{}, draw.Src)
	code, err := qr.Encode(o.Payload, qr.M, qr.Unicode)
	if err != nil {
		return nil, clinical.Errorf(clinical.Invalid, "demo: this payload makes no code: %w", err)
	}
	side := h / 2
	scaled, err := barcode.Scale(code, side, side)
	if err != nil {
		return nil, clinical.Errorf(clinical.Invalid, "demo: this payload makes too fine a code: %w", err)
	}
	margin := h / 12
	draw.Draw(paper, image.Rect(w-side-margin, h-side-margin, w-margin, h-margin), scaled, image.Point{}, draw.Src)
	em := float64(h) / 15
	if err := write(paper, goregular.TTF, em*0.62, image.Pt(margin, margin), "Medical photography"); err != nil {
		return nil, err
	}
	fill(paper, image.Rect(margin, margin*5/4, w-margin, margin*5/4+max(2, h/240)), color.RGBA{24, 26, 30, 255})
	for i, line := range o.Lines {
		if utf8.RuneCountInString(line) > maxLineRune || strings.ContainsAny(line, "\n\r\t") {
			return nil, clinical.Errorf(clinical.Invalid, "demo: a label's line has at most %d characters and no break", maxLineRune)
		}
		ttf, size := goregular.TTF, em*0.60
		if i == 0 {
			ttf, size = gobold.TTF, em*1.05
		}
		if err := write(paper, ttf, size, image.Pt(margin, margin*5/4+int(em*1.5)+int(float64(i)*em*1.05)), line); err != nil {
			return nil, err
		}
	}
	return paper, nil
}
