package label

import (
	"context"
	"image"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/multi/qrcode"
	"github.com/makiuchi-d/gozxing/oned"

	"fovea/clinical"
)

const (
	// shortest is the least a one-dimensional code must say: fewer characters
	// turn up in noise.
	shortest = 4
	longest  = 512
)

// Find returns every code in img, each once, from top to bottom. It looks at
// several sizes, because blur hides in a smaller picture and small labels show
// in a larger one, and at parts of the picture, because most detectors see one
// code at a time.
func Find(ctx context.Context, img image.Image) ([]Code, error) {
	h := &hunt{seen: map[string]*sighting{}}
	full := grey(img, work)
	for _, n := range []int{work, 1100, 650} {
		level := full
		if n < work {
			level = grey(full, n)
		}
		all := parts(level.Bounds())
		if n == 650 {
			all = all[:1] // parts of the smallest hold nothing that larger ones did not
		}
		for i, part := range all {
			if err := ctx.Err(); err != nil {
				return nil, clinical.Errorf(clinical.Unavailable, "label: find: %w", err)
			}
			h.look(level, part, search{qr: i == 0, bars: i == 0 || n == work})
		}
	}
	return h.found(), nil
}

// search says what to look for besides Data Matrix. One look over the whole
// finds every QR code; bars need the largest picture.
type search struct{ qr, bars bool }

// parts are the whole of a picture and then its overlapping quarters.
func parts(b image.Rectangle) []image.Rectangle {
	out := []image.Rectangle{b}
	w, h := b.Dx()/2, b.Dy()/2
	for _, y := range []int{0, h / 2, h} {
		for _, x := range []int{0, w / 2, w} {
			out = append(out, image.Rect(x, y, x+w, y+h))
		}
	}
	return out
}

// hunt collects what was seen, and how often.
type hunt struct {
	seen map[string]*sighting
}

type sighting struct {
	Code
	times int
}

// look tries every reader on one part of a picture. The libraries panic on some
// patterns; such a pattern is no code.
func (h *hunt) look(img *image.Gray, part image.Rectangle, what search) {
	if part.Dx() < 20 || part.Dy() < 20 {
		return
	}
	sub := make([]byte, part.Dx()*part.Dy())
	for y := range part.Dy() {
		copy(sub[y*part.Dx():], img.Pix[img.PixOffset(part.Min.X, part.Min.Y+y):][:part.Dx()])
	}
	size := img.Bounds().Size()
	note := func(symbology string, results []*gozxing.Result) {
		for _, r := range results {
			h.note(symbology, r, part.Min, size)
		}
	}
	bitmap, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(luminanceOf(sub, part.Dx(), part.Dy())))
	if err != nil {
		return
	}
	hard := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	if what.qr {
		note("qr", safely(func() ([]*gozxing.Result, error) {
			return qrcode.NewQRCodeMultiReader().DecodeMultiple(bitmap, hard)
		}))
	}
	note("datamatrix", safely(func() ([]*gozxing.Result, error) {
		r, err := datamatrix.NewDataMatrixReader().Decode(bitmap, nil)
		return []*gozxing.Result{r}, err
	}))
	if what.bars {
		note("code128", safely(func() ([]*gozxing.Result, error) {
			r, err := oned.NewCode128Reader().Decode(bitmap, hard)
			return []*gozxing.Result{r}, err
		}))
	}
}

func safely(read func() ([]*gozxing.Result, error)) (results []*gozxing.Result) {
	defer func() {
		if recover() != nil {
			results = nil
		}
	}()
	results, err := read()
	if err != nil {
		return nil
	}
	return results
}

// note counts a reading, unless it cannot be a label's text.
func (h *hunt) note(symbology string, r *gozxing.Result, at, size image.Point) {
	if r == nil {
		return
	}
	text := strings.TrimSpace(r.GetText())
	if text == "" || len(text) > longest || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return
	}
	key := symbology + "\x00" + text
	if s := h.seen[key]; s != nil {
		s.times++
		return
	}
	var x, y float64
	points := r.GetResultPoints()
	for _, p := range points {
		x += p.GetX() / float64(len(points))
		y += p.GetY() / float64(len(points))
	}
	h.seen[key] = &sighting{times: 1, Code: Code{
		Text: text, Symbology: symbology,
		X: (x + float64(at.X)) / float64(size.X), Y: (y + float64(at.Y)) / float64(size.Y),
	}}
}

// found returns what was confirmed. QR and Data Matrix correct and detect errors
// by Reed-Solomon; Code 128 has one check character in 103, so it takes a second
// reading, unless the text carries our own check.
func (h *hunt) found() []Code {
	var out []Code
	for _, s := range h.seen {
		if s.Symbology == "code128" {
			_, err := Parse(s.Text)
			if err != nil && (s.times < 2 || len(s.Text) < shortest) {
				continue
			}
		}
		out = append(out, s.Code)
	}
	slices.SortFunc(out, func(a, b Code) int {
		switch {
		case a.Y < b.Y:
			return -1
		case a.Y > b.Y:
			return 1
		}
		return strings.Compare(a.Text, b.Text)
	})
	return out
}
