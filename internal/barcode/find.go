package barcode

import (
	"context"
	"image"
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/aztec"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/multi/qrcode"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode/detector"
)

// looks says what to look for besides Data Matrix. One look over the whole finds
// every QR code; bars need the largest picture.
type looks struct{ all, bars bool }

// most bounds the rows of bars that are read in one part of a picture.
const most = 8

// look tries every reader on one part of a picture, which lies at a point of it.
// The libraries panic on some patterns; such a pattern is no code.
func (h *hunt) look(part *image.Gray, at image.Point, what looks) {
	bitmap := bitmapOf(part)
	if bitmap == nil {
		return
	}
	wants := func(s Symbology) bool { return slices.Contains(h.Symbologies, s) }
	if what.all && wants(QR) {
		hard := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
		read := safely(func() ([]*gozxing.Result, error) {
			return qrcode.NewQRCodeMultiReader().DecodeMultiple(bitmap, hard)
		})
		for _, r := range read {
			h.note(QR, r, square(r).Add(at))
		}
		if len(read) == 0 && h.Unread {
			h.corners(bitmap, at)
		}
	}
	if wants(DataMatrix) {
		for _, r := range one(datamatrix.NewDataMatrixReader(), bitmap, nil) {
			h.note(DataMatrix, r, square(r).Add(at))
		}
	}
	if wants(Aztec) {
		for _, r := range one(aztec.NewAztecReader(), bitmap, nil) {
			h.note(Aztec, r, square(r).Add(at))
		}
	}
	if what.bars {
		h.bars(part, 1./8, func(x, y float64) (float64, float64) { return x + float64(at.X), y + float64(at.Y) })
	}
}

// corners looks for the three squares in the corners of a QR code.
func (h *hunt) corners(bitmap *gozxing.BinaryBitmap, at image.Point) {
	for _, r := range safely(func() ([]*gozxing.Result, error) {
		matrix, err := bitmap.GetBlackMatrix()
		if err != nil {
			return nil, err
		}
		three, err := detector.NewFinderPatternFinder(matrix, nil).Find(map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
		if err != nil || !cornered(three) {
			return nil, err
		}
		points := []gozxing.ResultPoint{three.GetBottomLeft(), three.GetTopLeft(), three.GetTopRight()}
		return []*gozxing.Result{gozxing.NewResult("", nil, points, gozxing.BarcodeFormat_QR_CODE)}, nil
	}) {
		h.suspect(square(r).Add(at))
	}
}

// cornered reports whether three squares can be the corners of one code: equal in
// size, about as far from each other across as down, at about a right angle, and
// as many modules apart as a code has (14 in the smallest, 170 in the largest).
func cornered(three *detector.FinderPatternInfo) bool {
	a, b, c := three.GetBottomLeft(), three.GetTopLeft(), three.GetTopRight()
	ux, uy, vx, vy := a.GetX()-b.GetX(), a.GetY()-b.GetY(), c.GetX()-b.GetX(), c.GetY()-b.GetY()
	u, v := math.Hypot(ux, uy), math.Hypot(vx, vy)
	sizes := []float64{a.GetEstimatedModuleSize(), b.GetEstimatedModuleSize(), c.GetEstimatedModuleSize()}
	module := (sizes[0] + sizes[1] + sizes[2]) / 3
	return a.GetCount() > 1 && b.GetCount() > 1 && c.GetCount() > 1 && slices.Max(sizes) < 1.4*slices.Min(sizes) &&
		max(u, v) < 1.4*min(u, v) && math.Abs(ux*vx+uy*vy) < .35*u*v && min(u, v) > 10*module && max(u, v) < 200*module
}

// bars reads one row of bars after the other: each is painted over, for the
// reader sees the first alone. least is that of [row]; place maps to the level.
func (h *hunt) bars(part *image.Gray, least float64, place func(x, y float64) (float64, float64)) {
	readers := map[Symbology]gozxing.Reader{Code128: oned.NewCode128Reader(), Code39: oned.NewCode39Reader()}
	hard := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	for _, s := range []Symbology{Code128, Code39} {
		if !slices.Contains(h.Symbologies, s) {
			continue
		}
		told := map[string]bool{} // the same bars once more are no second reading
		for range most {
			bitmap := bitmapOf(part)
			if bitmap == nil {
				return
			}
			read := one(readers[s], bitmap, hard)
			if len(read) == 0 || len(read[0].GetResultPoints()) < 2 || told[read[0].GetText()] {
				break
			}
			told[read[0].GetText()] = true
			corners := row(part, read[0].GetResultPoints(), least)
			h.note(s, read[0], around(corners[:], place))
			paint(part, around(corners[:], func(x, y float64) (float64, float64) { return x, y }))
		}
	}
}

// askew looks for bars in a level turned by a third and by two thirds of a right
// angle: a line of sight crosses all bars of a row that leans less than half of
// that.
func (h *hunt) askew(ctx context.Context, level *image.Gray) error {
	for _, degrees := range []float64{30, 60} {
		if err := ctx.Err(); err != nil {
			return stopped(err)
		}
		turned, back := leaned(level, degrees)
		h.bars(turned, 1./4, back)
	}
	return nil
}

// close looks for Data Matrix around the busiest spots of a level.
func (h *hunt) close(ctx context.Context, level *image.Gray) error {
	if !slices.Contains(h.Symbologies, DataMatrix) {
		return nil
	}
	for _, at := range spots(level) {
		if err := ctx.Err(); err != nil {
			return stopped(err)
		}
		for _, reach := range []int{4 * cell, 9 * cell} {
			part := image.Rectangle{Min: at, Max: at}.Inset(-reach).Intersect(level.Rect)
			h.matrix(cut(level, part), part.Min)
		}
	}
	return nil
}

// matrix reads the Data Matrix around the middle of a part: as it lies, and turned
// by an eighth of a right angle to either side, for the reader wants it about
// level.
func (h *hunt) matrix(part *image.Gray, at image.Point) {
	for _, degrees := range []float64{0, 11, 79} { // 79 to one side is 11 to the other, and a quarter
		turned, back := part, func(x, y float64) (float64, float64) { return x, y }
		if degrees > 0 {
			turned, back = leaned(part, degrees)
		}
		bitmap := bitmapOf(turned)
		if bitmap == nil {
			return
		}
		for _, r := range one(datamatrix.NewDataMatrixReader(), bitmap, nil) {
			box := square(r)
			corners := [][2]float64{
				{float64(box.Min.X), float64(box.Min.Y)},
				{float64(box.Max.X), float64(box.Min.Y)},
				{float64(box.Max.X), float64(box.Max.Y)},
				{float64(box.Min.X), float64(box.Max.Y)},
			}
			h.note(DataMatrix, r, around(corners, back).Add(at))
			return
		}
	}
}

// one asks a reader that sees one code at a time.
func one(r gozxing.Reader, bitmap *gozxing.BinaryBitmap, hints map[gozxing.DecodeHintType]any) []*gozxing.Result {
	return safely(func() ([]*gozxing.Result, error) {
		read, err := r.Decode(bitmap, hints)
		return []*gozxing.Result{read}, err
	})
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
	return slices.DeleteFunc(results, func(r *gozxing.Result) bool { return r == nil })
}

func bitmapOf(part *image.Gray) *gozxing.BinaryBitmap {
	if part.Rect.Dx() < 20 || part.Rect.Dy() < 20 {
		return nil
	}
	bitmap, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(luminanceOf(part.Pix, part.Rect.Dx(), part.Rect.Dy())))
	if err != nil {
		return nil
	}
	return bitmap
}

// square is what a code with corners covers. A QR code tells the middles of its
// finders, which lie seven modules apart less than its sides: two thirds of them
// in the smallest code, nearly all in the largest.
func square(r *gozxing.Result) image.Rectangle {
	var all [][2]float64
	for _, p := range r.GetResultPoints() {
		all = append(all, [2]float64{p.GetX(), p.GetY()})
	}
	if r.GetBarcodeFormat() == gozxing.BarcodeFormat_QR_CODE && len(all) >= 3 { // bottom left, top left, top right
		all = append(all[:3], [2]float64{all[0][0] + all[2][0] - all[1][0], all[0][1] + all[2][1] - all[1][1]})
	}
	box := around(all, func(x, y float64) (float64, float64) { return x, y })
	room := max(box.Dx(), box.Dy()) / 8
	if r.GetBarcodeFormat() == gozxing.BarcodeFormat_QR_CODE {
		room *= 2
	}
	return box.Inset(-room)
}

// around is the upright rectangle around points that are mapped.
func around(points [][2]float64, place func(x, y float64) (float64, float64)) image.Rectangle {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range points {
		x, y := place(p[0], p[1])
		x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
	}
	if len(points) == 0 {
		return image.Rectangle{}
	}
	return image.Rect(int(math.Floor(x0)), int(math.Floor(y0)), int(math.Ceil(x1)), int(math.Ceil(y1)))
}
