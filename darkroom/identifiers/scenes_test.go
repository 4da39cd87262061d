package identifiers_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	ximage "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"fovea/internal/testenv"
)

// longSide is that of the renditions that are looked at.
const longSide = 2048

// scene is a real picture with a label printed into it, and where its lines and
// codes lie.
type scene struct {
	name  string
	img   *image.RGBA
	lines []image.Rectangle
	codes []image.Rectangle
}

// print is one printed thing: a flat picture and the rectangles of what
// identifies on it.
type print struct {
	img   *image.RGBA
	lines []image.Rectangle
	codes []image.Rectangle
}

// face returns a typeface whose capitals are about height pixels high.
func face(tb testing.TB, which int, height float64) font.Face {
	tb.Helper()
	ttf := [][]byte{goregular.TTF, gobold.TTF, gomono.TTF}[which%3]
	f, err := opentype.Parse(ttf)
	if err != nil {
		tb.Fatal(err)
	}
	out, err := opentype.NewFace(f, &opentype.FaceOptions{Size: height / 0.72, DPI: 72})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// printed draws lines of text with a margin.
func printed(tb testing.TB, f font.Face, paper, ink color.Color, lines ...string) print {
	tb.Helper()
	m := f.Metrics()
	high := (m.Ascent + m.Descent).Ceil()
	wide := 0
	for _, l := range lines {
		wide = max(wide, font.MeasureString(f, l).Ceil())
	}
	p := print{img: image.NewRGBA(image.Rect(0, 0, wide+2*high, high*(len(lines)+1)))}
	draw.Draw(p.img, p.img.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	for i, l := range lines {
		at := fixed.P(high, high/2+i*high+m.Ascent.Ceil())
		d := font.Drawer{Dst: p.img, Src: image.NewUniform(ink), Face: f, Dot: at}
		b, _ := d.BoundString(l)
		p.lines = append(p.lines, image.Rect(b.Min.X.Floor(), b.Min.Y.Floor(), b.Max.X.Ceil(), b.Max.Y.Ceil()))
		d.DrawString(l)
	}
	return p
}

// beside puts a code to the right of a print.
func (p print) beside(code print) print {
	a, b := p.img.Rect, code.img.Rect
	out := print{img: image.NewRGBA(image.Rect(0, 0, a.Dx()+b.Dx(), max(a.Dy(), b.Dy()))), lines: p.lines}
	draw.Draw(out.img, out.img.Rect, image.NewUniform(p.img.At(0, 0)), image.Point{}, draw.Src)
	draw.Draw(out.img, a, p.img, image.Point{}, draw.Src)
	draw.Draw(out.img, b.Add(image.Pt(a.Dx(), 0)), code.img, image.Point{}, draw.Src)
	for _, c := range code.codes {
		out.codes = append(out.codes, c.Add(image.Pt(a.Dx(), 0)))
	}
	return out
}

// coded draws a code so many pixels wide, with its quiet zone around it.
func coded(tb testing.TB, symbology, text string, n int) print {
	tb.Helper()
	var m *gozxing.BitMatrix
	var err error
	switch symbology {
	case "qr":
		m, err = qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, n, n, map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_MARGIN: 0})
	case "datamatrix":
		m, err = datamatrix.NewDataMatrixWriter().Encode(text, gozxing.BarcodeFormat_DATA_MATRIX, n, n, nil)
	case "code128":
		m, err = oned.NewCode128Writer().Encode(text, gozxing.BarcodeFormat_CODE_128, n, n/4, nil)
	case "code39":
		m, err = oned.NewCode39Writer().Encode(text, gozxing.BarcodeFormat_CODE_39, n, n/4, nil)
	}
	if err != nil {
		tb.Fatal(err)
	}
	quiet := n / 8
	p := print{img: image.NewRGBA(image.Rect(0, 0, m.GetWidth()+2*quiet, m.GetHeight()+2*quiet))}
	draw.Draw(p.img, p.img.Rect, image.White, image.Point{}, draw.Src)
	var ink image.Rectangle
	for y := range m.GetHeight() {
		for x := range m.GetWidth() {
			if m.Get(x, y) {
				p.img.Set(quiet+x, quiet+y, color.Black)
				ink = ink.Union(image.Rect(quiet+x, quiet+y, quiet+x+1, quiet+y+1))
			}
		}
	}
	p.codes = []image.Rectangle{ink}
	return p
}

// pose is how a print lies in a picture: where its middle is, turned by degrees,
// leaning back by tilt, 0 being flat, and enlarged.
type pose struct{ x, y, degrees, tilt, scale float64 }

// warp maps from a print to the picture, and back.
type warp struct{ to, from [9]float64 }

func (p pose) warp(b image.Rectangle) warp {
	sin, cos := math.Sincos(p.degrees * math.Pi / 180)
	w, h := float64(b.Dx())/2, float64(b.Dy())/2
	k := p.tilt / max(h, w) // how fast what lies further back becomes smaller
	s := p.scale
	// centre, shrink with distance, turn, place
	to := mul([9]float64{1, 0, p.x, 0, 1, p.y, 0, 0, 1}, mul([9]float64{s * cos, -s * sin, 0, s * sin, s * cos, 0, 0, 0, 1},
		mul([9]float64{1, 0, 0, 0, 1, 0, 0, -k, 1}, [9]float64{1, 0, -w, 0, 1, -h, 0, 0, 1})))
	return warp{to, inverse(to)}
}

func mul(a, b [9]float64) (out [9]float64) {
	for r := range 3 {
		for c := range 3 {
			for i := range 3 {
				out[3*r+c] += a[3*r+i] * b[3*i+c]
			}
		}
	}
	return out
}

func inverse(m [9]float64) [9]float64 {
	c := [9]float64{
		m[4]*m[8] - m[5]*m[7], m[2]*m[7] - m[1]*m[8], m[1]*m[5] - m[2]*m[4],
		m[5]*m[6] - m[3]*m[8], m[0]*m[8] - m[2]*m[6], m[2]*m[3] - m[0]*m[5],
		m[3]*m[7] - m[4]*m[6], m[1]*m[6] - m[0]*m[7], m[0]*m[4] - m[1]*m[3],
	}
	det := m[0]*c[0] + m[1]*c[3] + m[2]*c[6]
	for i := range c {
		c[i] /= det
	}
	return c
}

func apply(m [9]float64, x, y float64) (float64, float64) {
	w := m[6]*x + m[7]*y + m[8]
	return (m[0]*x + m[1]*y + m[2]) / w, (m[3]*x + m[4]*y + m[5]) / w
}

// bounds is the upright rectangle around a mapped one.
func (w warp) bounds(r image.Rectangle) image.Rectangle {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, c := range [4][2]int{{r.Min.X, r.Min.Y}, {r.Max.X, r.Min.Y}, {r.Max.X, r.Max.Y}, {r.Min.X, r.Max.Y}} {
		x, y := apply(w.to, float64(c[0]), float64(c[1]))
		x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
	}
	return image.Rect(int(x0), int(y0), int(math.Ceil(x1)), int(math.Ceil(y1)))
}

// lay prints p onto a picture, under its light.
func (s *scene) lay(p print, lie pose) {
	w := lie.warp(p.img.Rect)
	at := w.bounds(p.img.Rect).Intersect(s.img.Rect)
	n := 3 // looks per pixel and axis
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			var sum [3]float64
			seen := 0
			for j := range n * n {
				u, v := apply(w.from, float64(x)+(float64(j%n)+.5)/float64(n), float64(y)+(float64(j/n)+.5)/float64(n))
				if u < 0 || v < 0 || u >= float64(p.img.Rect.Dx()) || v >= float64(p.img.Rect.Dy()) {
					continue
				}
				c := p.img.RGBAAt(int(u), int(v))
				sum[0], sum[1], sum[2] = sum[0]+float64(c.R), sum[1]+float64(c.G), sum[2]+float64(c.B)
				seen++
			}
			if seen == 0 {
				continue
			}
			old := s.img.RGBAAt(x, y)
			part := float64(seen) / float64(n*n)
			light := 0.82 + 0.1*math.Sin(float64(x)/311)*math.Cos(float64(y)/257)
			blend := func(was uint8, v float64) uint8 {
				return uint8(min(255, float64(was)*(1-part)+light*v/float64(seen)*part))
			}
			s.img.SetRGBA(x, y, color.RGBA{blend(old.R, sum[0]), blend(old.G, sum[1]), blend(old.B, sum[2]), 255})
		}
	}
	for _, l := range p.lines {
		s.lines = append(s.lines, w.bounds(l))
	}
	for _, c := range p.codes {
		s.codes = append(s.codes, w.bounds(c))
	}
}

// photographed is the scene through a lens slightly out of focus, a sensor that
// rustles, and a JPEG.
func (s scene) photographed(tb testing.TB, sigma float64, r *rand.Rand) scene {
	tb.Helper()
	b := s.img.Rect
	if sigma > 0 {
		small := image.NewRGBA(image.Rect(0, 0, int(float64(b.Dx())/sigma), int(float64(b.Dy())/sigma)))
		ximage.ApproxBiLinear.Scale(small, small.Rect, s.img, b, draw.Src, nil)
		ximage.ApproxBiLinear.Scale(s.img, b, small, small.Rect, draw.Src, nil)
	}
	for i := range s.img.Pix {
		if i%4 != 3 {
			s.img.Pix[i] = uint8(max(0, min(255, float64(s.img.Pix[i])+4*r.NormFloat64())))
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, s.img, &jpeg.Options{Quality: 85}); err != nil {
		tb.Fatal(err)
	}
	img, err := jpeg.Decode(&out)
	if err != nil {
		tb.Fatal(err)
	}
	draw.Draw(s.img, b, img, image.Point{}, draw.Src)
	return s
}

// turned is the scene turned clockwise by quarters.
func (s scene) turned(quarters int) scene {
	for range quarters {
		b := s.img.Rect
		img := image.NewRGBA(image.Rect(0, 0, b.Dy(), b.Dx()))
		for y := range b.Dy() {
			for x := range b.Dx() {
				img.SetRGBA(b.Dy()-1-y, x, s.img.RGBAAt(x, y))
			}
		}
		turn := func(all []image.Rectangle) []image.Rectangle {
			var out []image.Rectangle
			for _, r := range all {
				out = append(out, image.Rect(b.Dy()-r.Max.Y, r.Min.X, b.Dy()-r.Min.Y, r.Max.X))
			}
			return out
		}
		s = scene{fmt.Sprintf("%s+90", s.name), img, turn(s.lines), turn(s.codes)}
	}
	return s
}

func photo(tb testing.TB, path string) image.Image {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, _, err := image.Decode(f)
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

// sized is a picture as a rendition of the long side at most; a smaller one is
// enlarged where grow says so.
func sized(img image.Image, grow bool) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > longSide || grow {
		w, h = w*longSide/long, h*longSide/long
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	ximage.CatmullRom.Scale(out, out.Rect, img, b, draw.Src, nil)
	return out
}

// wounds are pictures of feet without a word in them but what a ruler has.
func wounds(tb testing.TB) []string {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(testenv.Data(tb, "wounds"), "*", "*.jpg"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no pictures of wounds: %v", err)
	}
	return names
}
