// Package identifiers finds what is written in a frame and names somebody: the
// text and the codes of a label, a wristband, a screen, a date that a camera
// burnt in.
//
// Codes are read by internal/barcode. Text is read by tesseract in a confined
// child, at each of four turns, because labels lie as the patient does. Neither
// is trusted to find everything, and none releases anything: what they find is
// suggested, and what they do not find is for the person who looks. Where there
// is no engine for text, [Result.Unread] says so; no answer ever means that
// nobody looked.
//
// What was read is not kept, returned or logged. Of a word only its place, the
// engine's confidence and the number of its letters and digits are known outside
// the function that parses the engine's answer, and of a code only its place.
//
// docs/identifiers.md has the figures and what is missed. Start reading at
// [Finder.Find].
package identifiers

import (
	"cmp"
	"context"
	"image"
	"slices"

	"fovea/clinical"
	"fovea/internal/barcode"
	"fovea/internal/sandbox"
)

// Kind is what was found.
type Kind string

// The kinds.
const (
	Code  Kind = "code"  // bars or squares for a machine
	Text  Kind = "text"  // letters, or figures that are no scale
	Scale Kind = "scale" // figures as on a ruler, which name nobody
)

// Found is one block of text or one code.
type Found struct {
	Box   image.Rectangle // in pixels of the picture that was given, within its bounds
	Kind  Kind
	Score float64           // 0 to 1
	Level clinical.Sureness // a scale is never ToMask
	Turn  int               // degrees by which to turn the picture clockwise for text to be upright: 0, 90, 180, 270
}

// Why no text was looked for.
const (
	ReasonNoEngine     clinical.Reason = "no-text-engine"     // tesseract is not installed
	ReasonEngineFailed clinical.Reason = "text-engine-failed" // it ended badly or took too long, and was killed
)

// Result is what a look at a picture gave.
type Result struct {
	Found []Found // codes before text before scales, the surest of each first
	// Unread is why text was not, or not everywhere, looked for; empty: it was.
	Unread clinical.Reason
}

const (
	// maxPixels is the largest picture that is looked at. A rendition for teaching
	// has a quarter.
	maxPixels = 16 << 20
	// most bounds what is suggested for one picture: a page of print has more
	// words than a recipe masks.
	most = 40
)

// Finder finds identifiers. It may be used by many goroutines; each look takes
// one processor.
type Finder struct {
	box     *sandbox.Sandbox
	program string
}

// New returns a Finder that reads text in children of box; with a nil box it
// reads none.
func New(box *sandbox.Sandbox) *Finder { return &Finder{box, tesseract} }

// Find looks at a picture that is upright and only reads it. A picture without
// pixels, or with too many, is clinical.Invalid. It ends early, with the
// context's error, when ctx does.
func (f *Finder) Find(ctx context.Context, upright image.Image) (Result, error) {
	b := upright.Bounds()
	if b.Empty() || b.Dx() > maxPixels/b.Dy() {
		return Result{}, clinical.Errorf(clinical.Invalid, "identifiers: picture of %d × %d pixels", b.Dx(), b.Dy())
	}
	found, err := codes(ctx, greyOf(upright))
	if err != nil {
		return Result{}, err
	}
	ink, factor := inkOf(upright)
	blocks, unread, err := f.text(ctx, ink)
	if err != nil {
		return Result{}, err
	}
	for _, t := range blocks {
		t.Box = image.Rect(t.Box.Min.X/factor, t.Box.Min.Y/factor, (t.Box.Max.X+factor-1)/factor, (t.Box.Max.Y+factor-1)/factor)
		if !slices.ContainsFunc(found, func(c Found) bool { return share(c.Box, t.Box) > .5 }) {
			found = append(found, t)
		}
	}
	for i := range found {
		found[i].Box = found[i].Box.Add(b.Min).Intersect(b)
	}
	slices.SortStableFunc(found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(rank(a.Kind), rank(b.Kind)), cmp.Compare(b.Score, a.Score))
	})
	return Result{Found: found[:min(len(found), most)], Unread: unread}, nil
}

func rank(k Kind) int { return slices.Index([]Kind{Code, Text, Scale}, k) }

// share is how much of the smaller rectangle lies in both.
func share(a, b image.Rectangle) float64 {
	both := a.Intersect(b)
	least := min(a.Dx()*a.Dy(), b.Dx()*b.Dy())
	if both.Empty() || least == 0 {
		return 0
	}
	return float64(both.Dx()*both.Dy()) / float64(least)
}

// codes finds what machines read. Squares correct errors and are certain; bars
// have one check character or none, and are certain when they were read again at
// another size or in another part of the picture. Corners of a QR code that nobody
// could read are suggested.
func codes(ctx context.Context, img *image.Gray) ([]Found, error) {
	read, err := barcode.Find(ctx, img, barcode.Search{
		Symbologies: []barcode.Symbology{barcode.QR, barcode.DataMatrix, barcode.Aztec, barcode.Code128, barcode.Code39}, Askew: true, Close: true, Unread: true,
	})
	if err != nil {
		return nil, err
	}
	var out []Found
	for _, c := range read {
		one := Found{Box: c.Box, Kind: Code, Score: .99, Level: clinical.ToMask}
		switch {
		case c.Times == 0:
			one.Score, one.Level = .6, clinical.ToConfirm // seen and not read
		case !c.Symbology.Bars() || c.Times > 1:
		case c.Symbology == barcode.Code39 || len(c.Text) < 4:
			continue // no check at all: noise reads like it
		default:
			one.Score, one.Level = .5, clinical.ToConfirm
		}
		out = append(out, one)
	}
	return out, nil
}

// text reads at each turn. A child that fails costs its turn and is told; the next
// turn has a new one, for as long as patience lasts.
func (f *Finder) text(ctx context.Context, img *image.Gray) ([]Found, clinical.Reason, error) {
	if f.box == nil || !f.box.Has(f.program) {
		return nil, ReasonNoEngine, nil
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var all []block
	unread := clinical.Reason("")
	for turn := range 4 {
		turned, back := quarters(img, turn)
		words, err := f.read(limited, turned)
		if err := ctx.Err(); err != nil {
			return nil, "", clinical.Errorf(clinical.Unavailable, "identifiers: read: %w", err)
		}
		if err != nil {
			unread = ReasonEngineFailed
		}
		for _, b := range blocksOf(words) {
			b.box, b.turn = back(b.box), 90*turn
			all = append(all, b)
		}
	}
	return distinct(all), unread, nil
}
