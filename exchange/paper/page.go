package paper

import (
	"bytes"
	"image"
	_ "image/jpeg" // the one kind of picture on paper
	"image/png"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"fovea/clinical"
)

// The page, in millimetres: A4 upright.
const (
	left   = 20.0
	width  = 170.0
	right  = left + width
	top    = 18.0
	bottom = 272.0 // where text ends; the foot is below
)

// maxPicture bounds one picture on paper: bytes.
const maxPicture = 64 << 20

// doc is a PDF being drawn.
type doc struct {
	*fpdf.Fpdf
	lang   Language
	zone   *time.Location
	pics   int
	glyphs *sfnt.Font // what can be printed: the three fonts have the same letters
	buffer sfnt.Buffer
	lossy  bool // something could not be
}

// open begins a document. The foot is on every page, with its number.
func open(lang Language, zone *time.Location, title, foot string) *doc {
	if zone == nil {
		zone = time.UTC
	}
	d := &doc{Fpdf: fpdf.New("P", "mm", "A4", ""), lang: lang, zone: zone}
	var err error
	if d.glyphs, err = sfnt.Parse(goregular.TTF); err != nil {
		d.SetError(err)
	}
	d.SetTitle(clean(title), true)
	d.SetProducer("Fovea", true)
	d.SetLang(lang.tag())
	// The same input is the same file: the dates that matter are in the text.
	d.SetCreationDate(time.Unix(0, 0).UTC())
	d.SetModificationDate(time.Unix(0, 0).UTC())
	d.SetCatalogSort(true)
	// fpdf writes into what it is given: two papers at once would share it.
	d.AddUTF8FontFromBytes("go", "", bytes.Clone(goregular.TTF))
	d.AddUTF8FontFromBytes("go", "B", bytes.Clone(gobold.TTF))
	d.AddUTF8FontFromBytes("mono", "", bytes.Clone(gomono.TTF))
	d.SetMargins(left, top, left)
	d.SetAutoPageBreak(true, 297-bottom)
	d.SetCellMargin(0)
	d.AliasNbPages("{pages}")
	d.SetFooterFunc(func() {
		d.rule(277)
		d.font("go", "", 8, 90)
		d.SetXY(left, 279)
		d.CellFormat(width-20, 5, d.fit(foot, width-22), "", 0, "L", false, 0, "")
		d.CellFormat(20, 5, strconv.Itoa(d.PageNo())+" / {pages}", "", 0, "R", false, 0, "")
	})
	d.AddPage()
	return d
}

// finish writes the document, with files attached to it.
func (d *doc) finish(w io.Writer, attached []fpdf.Attachment) error {
	d.unprinted()
	if len(attached) > 0 {
		d.SetAttachments(attached)
	}
	if err := d.Output(w); err != nil {
		return clinical.Errorf(clinical.Internal, "paper: %w", err)
	}
	return nil
}

// unprinted says what stands where a letter is missing.
func (d *doc) unprinted() {
	if !d.lossy {
		return
	}
	d.need(12)
	d.SetX(left)
	d.note(d.lang.pick("\uFFFD stands for a letter or an accent that this paper cannot print. The record has the text as it was entered; complete a name by hand.",
		"\uFFFD remplace une lettre ou un accent que ce document ne peut imprimer. Le dossier contient le texte tel qu’il a été saisi ; complétez un nom à la main.",
		"\uFFFD sustituye una letra o un acento que este documento no puede imprimir. La historia contiene el texto tal como se introdujo; complete un nombre a mano."))
}

// clean makes a text ready for a page: composed accents, no control characters.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
			return -1 // directional marks could make a line read as another
		default:
			return r
		}
	}, norm.NFC.String(s))
}

// clean is a clean text in the letters that the fonts have. An accent that they
// lack above a letter that they have leaves the letter; a mark stands for it, as
// for any other letter, and the paper says at its end what the mark means.
func (d *doc) clean(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		if r == '\n' || d.prints(r) {
			b.WriteRune(r)
			continue
		}
		d.lossy = true
		b.WriteString(d.nearest(r))
	}
	return b.String()
}

// prints reports whether the fonts have a letter. fpdf takes none beyond the
// first plane.
func (d *doc) prints(r rune) bool {
	if r > 0xFFFF || d.glyphs == nil {
		return false
	}
	glyph, err := d.glyphs.GlyphIndex(&d.buffer, r)
	return err == nil && glyph != 0
}

// nearest is what the fonts have of a letter, and the mark.
func (d *doc) nearest(r rune) string {
	parts := []rune(norm.NFD.String(string(r)))
	for n := len(parts) - 1; n > 0; n-- {
		if base := []rune(norm.NFC.String(string(parts[:n]))); len(base) == 1 && d.prints(base[0]) {
			return string(base) + "\uFFFD"
		}
	}
	return "\uFFFD"
}

// oneLine is clean without line breaks.
func (d *doc) oneLine(s string) string { return strings.Join(strings.Fields(d.clean(s)), " ") }

// font sets font, style, size in points and grey, 0 being black.
func (d *doc) font(family, style string, size float64, grey int) {
	d.SetFont(family, style, size)
	d.SetTextColor(grey, grey, grey)
}

func (d *doc) rule(y float64) {
	d.SetDrawColor(190, 190, 190)
	d.SetLineWidth(.2)
	d.Line(left, y, right, y)
}

// head is the top of a first page: who issues it, and what it is.
func (d *doc) head(issuer, title string) {
	d.font("go", "", 10, 90)
	d.CellFormat(width, 6, d.fit(issuer, width), "", 1, "L", false, 0, "")
	d.rule(d.GetY() + 1)
	d.Ln(5)
	d.font("go", "B", 20, 0)
	d.MultiCell(width, 9, d.clean(title), "", "L", false)
	d.Ln(3)
}

// tied is a clean text whose punctuation stays on the line of its word, as
// French sets it after a space.
func (d *doc) tied(text string) string {
	text = d.clean(text)
	if d.lang == French {
		text = strings.NewReplacer(" :", "\u00a0:", " ;", "\u00a0;", " ?", "\u00a0?", " !", "\u00a0!", "« ", "«\u00a0", " »", "\u00a0»").Replace(text)
	}
	return text
}

// heading begins a part; it never stands alone at the foot of a page.
func (d *doc) heading(text string) {
	d.need(22)
	d.Ln(4)
	d.font("go", "B", 12, 0)
	d.MultiCell(width, 6, d.clean(text), "", "L", false)
	d.Ln(1)
}

// para is running text.
func (d *doc) para(text string) {
	if text == "" {
		return
	}
	d.font("go", "", 10.5, 30)
	d.MultiCell(width, 5.3, d.tied(text), "", "L", false)
	d.Ln(1.5)
}

// note is running text, smaller.
func (d *doc) note(text string) {
	d.font("go", "", 8.5, 80)
	d.MultiCell(width, 4.2, d.tied(text), "", "L", false)
	d.Ln(1)
}

// mono is text that is copied letter by letter.
func (d *doc) mono(text string) {
	d.font("mono", "", 7.5, 30)
	d.MultiCell(width, 3.8, d.clean(text), "", "L", false)
	d.Ln(1)
}

// fact prints a name and its value; nothing where there is no value.
func (d *doc) fact(name, value string) {
	const column = 62.0
	value = d.clean(value)
	if value == "" {
		return
	}
	d.font("go", "", 10, 30)
	lines := d.SplitText(value, width-column-2)
	d.need(float64(len(lines))*5.3 + 1)
	y := d.GetY()
	d.font("go", "", 10, 90)
	d.CellFormat(column, 5.3, d.fit(name, column-2), "", 0, "L", false, 0, "")
	d.font("go", "", 10, 0)
	for _, l := range lines {
		d.SetX(left + column)
		d.CellFormat(width-column, 5.3, l, "", 1, "L", false, 0, "")
	}
	d.SetY(max(d.GetY(), y+5.3) + .8)
}

// table prints rows under a head that is repeated on every page. Widths are in
// millimetres; a cell that needs more than a line gets more, so that no name is
// cut that a record can hold.
func (d *doc) table(widths []float64, head []string, rows [][]string) {
	d.need(18)
	d.row(widths, head, "B", 60)
	for _, r := range rows {
		if d.rowHeight(widths, r)+d.GetY() > bottom {
			d.AddPage()
			d.row(widths, head, "B", 60)
		}
		d.row(widths, r, "", 0)
	}
	d.Ln(2)
}

const (
	cellLine = 4.0 // between two lines of one cell
	cellPad  = 1.6
	cellMost = 20 // lines of one cell
)

// row prints the cells of a table's line beside each other.
func (d *doc) row(widths []float64, cells []string, style string, grey int) {
	height := d.rowHeight(widths, cells)
	d.font("go", style, 8.5, grey)
	x, y := left, d.GetY()
	for i, c := range cells {
		for n, text := range d.lines(c, widths[i]) {
			d.SetXY(x, y+cellPad/2+float64(n)*cellLine)
			d.CellFormat(widths[i], cellLine, text, "", 0, "L", false, 0, "")
		}
		x += widths[i]
	}
	d.SetXY(left, y+height)
	d.rule(d.GetY())
}

// rowHeight is what the tallest cell needs: millimetres.
func (d *doc) rowHeight(widths []float64, cells []string) float64 {
	d.font("go", "B", 8.5, 0) // the wider one: heads and rows are measured alike
	most := 1
	for i, c := range cells {
		most = max(most, len(d.lines(c, widths[i])))
	}
	return float64(most)*cellLine + cellPad
}

// lines breaks a cell into lines of its column, at the font that is set.
func (d *doc) lines(cell string, column float64) []string {
	out := d.SplitText(d.oneLine(cell), column-2)
	if len(out) > cellMost {
		out = append(out[:cellMost-1], d.fit(strings.Join(out[cellMost-1:], " "), column-2))
	}
	return out
}

// need begins a new page unless mm of this one are left.
func (d *doc) need(mm float64) {
	if d.GetY()+mm > bottom {
		d.AddPage()
	}
}

// fit keeps a text on one line of mm at the font that is set.
func (d *doc) fit(s string, mm float64) string {
	s = d.oneLine(s)
	if d.GetStringWidth(s) <= mm {
		return s
	}
	r := []rune(s)
	lo, hi := 0, len(r)
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if d.GetStringWidth(string(r[:mid])+"…") <= mm {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return string(r[:lo]) + "…"
}

// code draws a QR code of side mm at x, y.
func (d *doc) code(text string, x, y, side float64) error {
	c, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return clinical.Errorf(clinical.Invalid, "paper: code: %w", err)
	}
	if c, err = barcode.Scale(c, 600, 600); err != nil {
		return clinical.Errorf(clinical.Internal, "paper: code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, c); err != nil {
		return clinical.Errorf(clinical.Internal, "paper: code: %w", err)
	}
	name := d.name()
	d.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: "PNG"}, &b)
	d.ImageOptions(name, x, y, side, side, false, fpdf.ImageOptions{}, 0, "")
	return nil
}

func (d *doc) name() string {
	d.pics++
	return "p" + strconv.Itoa(d.pics)
}

// box is a place on the page, in millimetres.
type box struct{ x, y, w, h float64 }

// picture draws a JPEG whole, as large as fits, in the middle of the
// box, upright by its EXIF orientation. The bytes go into the file as they are:
// nothing is decoded but the head.
func (d *doc) picture(p Picture, in box) error {
	b, err := io.ReadAll(io.LimitReader(p.Content, maxPicture+1))
	if err != nil {
		return err
	}
	if len(b) > maxPicture {
		return clinical.Refuse(clinical.Invalid, "too-large", "A picture is too large to print. Release the teaching size instead.")
	}
	config, kind, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || kind != "jpeg" || config.Width <= 0 || config.Height <= 0 {
		return clinical.Refuse(clinical.Invalid, "undrawable", "A picture cannot be put on paper. Release the teaching size instead.")
	}
	name := d.name()
	d.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: "JPG"}, bytes.NewReader(b))
	turned := p.Orientation >= 5 && p.Orientation <= 8
	w, h := float64(config.Width), float64(config.Height)
	if turned {
		w, h = h, w
	}
	scale := min(in.w/w, in.h/h)
	w, h = w*scale, h*scale
	cx, cy := in.x+in.w/2, in.y+in.h/2
	d.TransformBegin()
	d.upright(p.Orientation, cx, cy)
	if turned {
		w, h = h, w
	}
	d.ImageOptions(name, cx-w/2, cy-h/2, w, h, false, fpdf.ImageOptions{}, 0, "")
	d.TransformEnd()
	return nil
}

// upright turns what is drawn next about a point, as EXIF 2.32 tag 0x0112 says.
// fpdf turns anticlockwise.
func (d *doc) upright(orientation int, x, y float64) {
	switch orientation {
	case 3, 4:
		d.TransformRotate(180, x, y)
	case 6, 7:
		d.TransformRotate(-90, x, y)
	case 5, 8:
		d.TransformRotate(90, x, y)
	}
	switch orientation {
	case 2, 4, 5, 7:
		d.TransformMirrorHorizontal(x)
	}
}
