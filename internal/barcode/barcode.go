// Package barcode finds the codes in a picture and reads them: QR, Data Matrix
// and Aztec squares, and the bars of Code 128 and Code 39.
//
// It is made to miss rather than to err. What it returns was confirmed by the
// code's own check, and [Code.Times] says how often it was read: bars of one
// reading alone turn up in noise. What a text means, and whether one reading is
// enough, is the caller's to say.
//
// It touches no file and runs no program. Start at [Find].
package barcode

import (
	"context"
	"image"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
)

// Symbology is how a code is printed.
type Symbology string

// The symbologies that are read.
const (
	QR         Symbology = "qr"
	DataMatrix Symbology = "datamatrix"
	Code128    Symbology = "code128"
	Aztec      Symbology = "aztec"
	Code39     Symbology = "code39"
)

// Bars reports whether a code is a row of bars. Bars correct no error, and their
// check is one character or none.
func (s Symbology) Bars() bool { return s == Code128 || s == Code39 }

// Work is the long side, in pixels, of what is searched at most. A code that
// fills a tenth of the frame still has more than two pixels a module.
const Work = 2000

// Code is one code found in a picture.
type Code struct {
	Text      string
	Symbology Symbology
	// Box is about where it lies, in pixels of the picture, with its quiet zone.
	Box image.Rectangle
	// Times is how often it was read: at several sizes and in several parts of
	// the picture.
	Times int
}

// Search says how hard to look.
type Search struct {
	Symbologies []Symbology
	// Askew looks for bars that lie at any angle, not only about level or
	// upright. Squares are found at any.
	Askew bool
	// Close looks for Data Matrix where a picture is busiest, too, from close by:
	// else it is found in the middle of the picture or of a part of it.
	Close bool
	// Unread also tells of QR codes of which the three corners were seen, at two
	// sizes at least, and nothing could be read: they lean too far, or something
	// covers them. Their Text is empty and their Times 0.
	Unread bool
}

const longest = 512 // bytes of a text

// Find returns every code in img, each once, from top to bottom. It looks at
// several sizes, because blur hides in a smaller picture and small codes show in
// a larger one, and at parts of the picture, because most readers see one code
// at a time. It ends early, with the context's error, when ctx does.
func Find(ctx context.Context, img image.Image, s Search) ([]Code, error) {
	h := &hunt{Search: s, seen: map[string]*Code{}}
	full := grey(img, Work)
	bounds := img.Bounds()
	for _, n := range []int{Work, 1100, 650} {
		level := full
		if n < Work {
			level = grey(full, n)
		}
		h.at, h.factor = bounds.Min, float64(bounds.Dx())/float64(level.Rect.Dx())
		if err := h.level(ctx, level, n); err != nil {
			return nil, err
		}
	}
	return h.found(bounds), nil
}

// level looks at a picture at one size.
func (h *hunt) level(ctx context.Context, level *image.Gray, n int) error {
	all := parts(level.Bounds())
	if n == 650 {
		all = all[:1] // parts of the smallest hold nothing that larger ones did not
	}
	for i, part := range all {
		if err := ctx.Err(); err != nil {
			return stopped(err)
		}
		h.look(cut(level, part), part.Min, looks{all: i == 0, bars: i == 0 || n == Work})
	}
	if h.Askew && n < Work {
		if err := h.askew(ctx, level); err != nil {
			return err
		}
	}
	if h.Close {
		return h.close(ctx, level)
	}
	return nil
}

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
	Search
	seen   map[string]*Code
	unread []Code      // squares with corners of QR; Times is at how many sizes
	at     image.Point // of the picture's first pixel
	factor float64     // by which the level that is searched was shrunk
}

// note counts a reading that lies at box in the level, unless it cannot be a
// label's text.
func (h *hunt) note(s Symbology, r *gozxing.Result, box image.Rectangle) {
	text := strings.TrimSpace(r.GetText())
	if text == "" || len(text) > longest || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return
	}
	key := string(s) + "\x00" + text
	if c := h.seen[key]; c != nil {
		c.Times++
		return
	}
	h.seen[key] = &Code{Text: text, Symbology: s, Times: 1, Box: h.place(box)}
}

// place maps a rectangle of the level to the picture.
func (h *hunt) place(box image.Rectangle) image.Rectangle {
	scale := func(v int) int { return int(float64(v)*h.factor + .5) }
	return image.Rect(scale(box.Min.X), scale(box.Min.Y), scale(box.Max.X), scale(box.Max.Y)).Add(h.at)
}

// suspect counts a square whose corners are those of a QR code.
func (h *hunt) suspect(box image.Rectangle) {
	box = h.place(box)
	for i := range h.unread {
		if same(h.unread[i].Box, box) {
			h.unread[i].Times++
			return
		}
	}
	h.unread = append(h.unread, Code{Symbology: QR, Box: box, Times: 1})
}

// same reports whether two rectangles are about the same thing.
func same(a, b image.Rectangle) bool {
	in := a.Intersect(b)
	return 2*in.Dx()*in.Dy() > max(a.Dx()*a.Dy(), b.Dx()*b.Dy())
}

func (h *hunt) found(bounds image.Rectangle) []Code {
	var out []Code
	for _, c := range h.seen {
		c.Box = c.Box.Intersect(bounds)
		out = append(out, *c)
	}
	for _, c := range h.unread {
		c.Box = c.Box.Intersect(bounds)
		if c.Times > 1 && !slices.ContainsFunc(out, func(o Code) bool { return o.Box.Overlaps(c.Box) }) {
			c.Times = 0
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Code) int {
		if d := a.Box.Min.Y + a.Box.Max.Y - b.Box.Min.Y - b.Box.Max.Y; d != 0 {
			return d
		}
		return strings.Compare(a.Text, b.Text)
	})
	return out
}
