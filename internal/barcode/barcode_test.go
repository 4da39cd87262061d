package barcode_test

import (
	"context"
	"fmt"
	"image"
	"math"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"

	"fovea/clinical"
	"fovea/internal/barcode"
)

// code is a drawn one, without its quiet zone.
func code(t *testing.T, s barcode.Symbology, text string, n int) *gozxing.BitMatrix {
	t.Helper()
	var m *gozxing.BitMatrix
	var err error
	switch s {
	case barcode.QR:
		m, err = qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, n, n, map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_MARGIN: 0})
	case barcode.DataMatrix:
		m, err = datamatrix.NewDataMatrixWriter().Encode(text, gozxing.BarcodeFormat_DATA_MATRIX, n, n, nil)
	case barcode.Code128:
		m, err = oned.NewCode128Writer().Encode(text, gozxing.BarcodeFormat_CODE_128, n, n/4, map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_MARGIN: 0})
	case barcode.Code39:
		m, err = oned.NewCode39Writer().Encode(text, gozxing.BarcodeFormat_CODE_39, n, n/4, map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_MARGIN: 0})
	default:
		t.Fatalf("no writer for %s", s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// stick puts a code on a grey picture, turned around a middle, with a white
// margin, and returns the upright rectangle around its black and white.
func stick(img *image.Gray, m *gozxing.BitMatrix, cx, cy int, degrees float64) image.Rectangle {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(m.GetWidth()), float64(m.GetHeight())
	margin := w / 8
	truth := image.Rectangle{}
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			dx, dy := float64(x-cx), float64(y-cy)
			u, v := dx*cos+dy*sin+w/2, -dx*sin+dy*cos+h/2
			if u < -margin || v < -margin || u >= w+margin || v >= h+margin {
				continue
			}
			level := uint8(235)
			if u >= 0 && v >= 0 && u < w && v < h {
				truth = truth.Union(image.Rect(x, y, x+1, y+1))
				if m.Get(int(u), int(v)) {
					level = 20
				}
			}
			img.Pix[y*img.Stride+x] = level
		}
	}
	return truth
}

func plain(w, h int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = 150
	}
	return img
}

func all() barcode.Search {
	return barcode.Search{Symbologies: []barcode.Symbology{barcode.QR, barcode.DataMatrix, barcode.Aztec, barcode.Code128, barcode.Code39}, Askew: true}
}

func TestTheBoxHoldsTheCode(t *testing.T) {
	angles := map[barcode.Symbology][]float64{
		barcode.QR: {0, 30, 90, 180, 225, 270}, barcode.DataMatrix: {0, 90, 180, 270},
		barcode.Code128: {0, 30, 45, 90, 120, 180, 270}, barcode.Code39: {0, 90, 180, 270},
	}
	for s, turns := range angles {
		for _, degrees := range turns {
			t.Run(fmt.Sprint(s, degrees), func(t *testing.T) {
				img := plain(1600, 1200)
				truth := stick(img, code(t, s, "H1000001", 420), 700, 500, degrees)
				found, err := barcode.Find(t.Context(), img, all())
				if err != nil || len(found) != 1 || found[0].Text != "H1000001" || found[0].Symbology != s {
					t.Fatalf("found %+v, %v", found, err)
				}
				got := found[0].Box
				in := got.Intersect(truth)
				area := func(r image.Rectangle) float64 { return float64(r.Dx() * r.Dy()) }
				if area(in) < .93*area(truth) || area(got) > 3*area(truth) {
					t.Errorf("box %v of a code at %v", got, truth)
				}
			})
		}
	}
}

func TestSeveralRowsOfBarsAreAllRead(t *testing.T) {
	img := plain(1600, 1200)
	for i := range 3 {
		stick(img, code(t, barcode.Code128, fmt.Sprint("SAMPLE", i), 500), 500, 200+150*i, 0)
	}
	found, err := barcode.Find(t.Context(), img, all())
	if err != nil || len(found) != 3 {
		t.Fatalf("found %+v, %v", found, err)
	}
	for i, c := range found {
		if c.Text != fmt.Sprint("SAMPLE", i) || c.Times < 2 {
			t.Errorf("%d. from the top: %+v", i, c)
		}
	}
}

func TestBarsOnlyWhereTheyAreWanted(t *testing.T) {
	img := plain(1600, 1200)
	stick(img, code(t, barcode.Code128, "H1000001", 420), 700, 500, 0)
	found, err := barcode.Find(t.Context(), img, barcode.Search{Symbologies: []barcode.Symbology{barcode.QR}})
	if err != nil || len(found) != 0 {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestTheSearchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := barcode.Find(ctx, plain(640, 480), all()); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("%v", err)
	}
}

// A picture of a code that leans so far back that the reader gives up is still
// one that somebody else may read.
func TestACodeThatLeansTooFarIsToldUnread(t *testing.T) {
	m := code(t, barcode.QR, "H1000001", 420)
	img := plain(1600, 1200)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			w := 1 - .0007*float64(y-500) // the lower edge is nearer
			u, v := (float64(x)-800)*w+210, (float64(y)-500)*w+210
			if u < -60 || v < -60 || u >= 480 || v >= 480 {
				continue
			}
			img.Pix[y*img.Stride+x] = 235
			if u >= 0 && v >= 0 && u < 420 && v < 420 && m.Get(int(u), int(v)) {
				img.Pix[y*img.Stride+x] = 20
			}
		}
	}
	what := barcode.Search{Symbologies: []barcode.Symbology{barcode.QR}}
	found, err := barcode.Find(t.Context(), img, what)
	if err != nil || len(found) != 0 {
		t.Fatalf("read after all: %+v, %v", found, err)
	}
	what.Unread = true
	found, err = barcode.Find(t.Context(), img, what)
	if err != nil || len(found) != 1 || found[0].Text != "" || found[0].Times != 0 || !image.Rect(640, 330, 960, 680).In(found[0].Box) {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestADataMatrixAsideAndAskewIsFoundFromCloseBy(t *testing.T) {
	img := plain(1600, 1200)
	truth := stick(img, code(t, barcode.DataMatrix, "H1000001", 200), 330, 910, 12)
	what := barcode.Search{Symbologies: []barcode.Symbology{barcode.DataMatrix}, Close: true}
	found, err := barcode.Find(t.Context(), img, what)
	if err != nil || len(found) != 1 || found[0].Text != "H1000001" {
		t.Fatalf("found %+v, %v", found, err)
	}
	if in := found[0].Box.Intersect(truth); 10*in.Dx()*in.Dy() < 9*truth.Dx()*truth.Dy() {
		t.Errorf("box %v of a code at %v", found[0].Box, truth)
	}
}
