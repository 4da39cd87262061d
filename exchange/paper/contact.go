package paper

import (
	"bytes"
	"encoding/csv"
	"io"
	"iter"
	"strconv"
	"strings"

	"fovea/clinical"
)

// maxPictures bounds one document: its pictures are in memory until it is
// written.
const maxPictures = 2000

// Contact is a teaching set as one reader may see it: entries and, beside each,
// its thumbnail. Pictures are drawn in the order given; one whose Content is
// nil leaves its name and caption.
type Contact struct {
	Set      clinical.TeachingSet
	Pictures iter.Seq2[Picture, error]
}

// The grid of a contact sheet.
const (
	columns    = 4
	cellWidth  = width / columns
	cellHeight = 50.0
	thumb      = 30.0 // height of a picture
)

// ContactSheet writes pictures in a grid, each with its file name and caption.
// The first error of the pictures ends it, and nothing is written.
func ContactSheet(w io.Writer, c Contact, by Issuer) error {
	l := by.Language
	title := firstText(c.Set.Title, c.Set.Name)
	foot := l.pick("For the readers of this set alone. Do not copy or forward.",
		"Réservé aux lecteurs de cette série. Ne pas copier ni transmettre.",
		"Solo para los lectores de esta serie. No copiar ni reenviar.")
	d := open(l, by.Zone, title, foot)
	d.head(by.Site, title)
	d.para(strings.Join(some(l.purpose(c.Set.Purpose), l.audience(c.Set.Audience), l.until(c.Set.Until), l.instant(by.Now, d.zone)), " · "))
	n := 0
	y := d.GetY() + 2
	for p, err := range c.Pictures {
		if err != nil {
			return err
		}
		if n == maxPictures {
			return tooMany()
		}
		col := n % columns
		if col == 0 && n > 0 {
			y += cellHeight
		}
		if col == 0 && y+cellHeight > bottom {
			d.AddPage()
			y = top
		}
		if err := d.cell(p, left+float64(col)*cellWidth, y); err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		d.para(l.pick("No pictures.", "Aucune image.", "Ninguna imagen."))
	}
	if n > 0 {
		d.SetY(y + cellHeight)
	}
	return d.finish(w, nil)
}

func (d *doc) cell(p Picture, x, y float64) error {
	const inner = cellWidth - 3
	if p.Content != nil {
		if err := d.picture(p, box{x, y, inner, thumb}); err != nil {
			return err
		}
	}
	d.SetXY(x, y+thumb+1)
	d.font("mono", "", 6.5, 0)
	d.CellFormat(inner, 3.6, d.fit(p.Name, inner), "", 0, "L", false, 0, "")
	d.font("go", "", 7, 60)
	lines := d.SplitText(d.oneLine(p.Caption), inner)
	if len(lines) > 3 { // the whole is in captions.csv
		lines = append(lines[:2:2], lines[2]+" …")
	}
	for i, line := range lines {
		d.SetXY(x, y+thumb+4.8+float64(i)*3.3)
		d.CellFormat(inner, 3.3, d.fit(line, inner), "", 0, "L", false, 0, "")
	}
	return nil
}

func (l Language) until(d clinical.Date) string {
	if d.IsZero() {
		return ""
	}
	return l.pick("until ", "jusqu’au ", "hasta el ") + l.day(d)
}

func tooMany() error {
	return clinical.Refuse(clinical.Invalid, "too-many",
		"More than "+strconv.Itoa(maxPictures)+" pictures do not fit one document. Divide them.")
}

func firstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Captions writes captions.csv: one row for each entry, its file name and its
// caption, as RFC 4180 with a UTF-8 byte order mark, by which spreadsheets tell
// the encoding. A cell that a spreadsheet would take for a formula begins with
// an apostrophe instead.
func Captions(w io.Writer, entries []clinical.Entry) error {
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	c := csv.NewWriter(&b)
	c.UseCRLF = true
	rows := [][]string{{"file", "caption"}}
	for _, e := range entries {
		rows = append(rows, []string{Cell(e.Name), Cell(e.Caption)})
	}
	if err := c.WriteAll(rows); err != nil {
		return clinical.Errorf(clinical.Internal, "paper: captions: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Cell makes a text safe in a table that a spreadsheet opens (CWE-1236): what
// would begin a formula there gets an apostrophe in front.
func Cell(s string) string {
	t := strings.TrimLeft(s, " \u00a0\ufeff")
	if t != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(t)[0]) {
		return "'" + s
	}
	return s
}
