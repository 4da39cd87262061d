package paper

import (
	"io"
	"iter"

	"fovea/clinical"
)

// Picture is one picture on paper. Content is read once, when it is drawn, and
// must be a JPEG; it is the caller who has opened it through the gate.
type Picture struct {
	Name        string // as a file is called; no patient in it
	Caption     string
	Side        clinical.Laterality
	Orientation int // EXIF 1..8; 0: as it is
	Content     io.Reader
}

// Album is pictures to print, a page each, with what must be read beside them.
// A picture whose Content is nil is named on its page and not drawn: its file
// accompanies the paper.
type Album struct {
	Title     string
	Facts     [][2]string // name and value, before the first picture
	Words     []string    // paragraphs before the first picture
	Recipient string
	UseBy     clinical.Date
	Pictures  iter.Seq2[Picture, error]
}

// Print writes an album as a PDF. The first error of the pictures ends it, and
// nothing is written.
func Print(w io.Writer, a Album, by Issuer) error {
	l := by.Language
	foot := l.pick("Confidential", "Confidentiel", "Confidencial")
	if a.Recipient != "" {
		foot += " · " + l.pick("for ", "pour ", "para ") + a.Recipient
	}
	if !a.UseBy.IsZero() {
		foot += " · " + l.pick("use by ", "à utiliser avant le ", "usar antes del ") + l.day(a.UseBy)
	}
	d := open(l, by.Zone, a.Title, foot)
	d.head(by.Site, a.Title)
	for _, f := range a.Facts {
		d.fact(f[0], f[1])
	}
	d.fact(l.pick("Recipient", "Destinataire", "Destinatario"), a.Recipient)
	d.fact(l.pick("Use by", "À utiliser avant le", "Usar antes del"), l.day(a.UseBy))
	for _, s := range a.Words {
		d.para(s)
	}
	n := 0
	for p, err := range a.Pictures {
		if err != nil {
			return err
		}
		if n == maxPictures {
			return tooMany()
		}
		if err := d.plate(p, n == 0 && d.GetY() < 90); err != nil {
			return err
		}
		n++
	}
	return d.finish(w, nil)
}

// plate draws one picture with its side and caption, on the page begun or on
// one of its own.
func (d *doc) plate(p Picture, here bool) error {
	if !here {
		d.AddPage()
	}
	y := d.GetY() + 3
	d.font("go", "", 10, 30)
	lines, rest := d.caption(p.Caption)
	below := 14 + float64(len(lines))*5
	in := box{left, y, width, bottom - y - below}
	if p.Content != nil {
		if err := d.picture(p, in); err != nil {
			return err
		}
	} else {
		d.SetXY(left, y+20)
		d.font("go", "", 10, 90)
		d.MultiCell(width, 5, d.clean(d.lang.pick("This picture is in the file ", "Cette image est dans le fichier ", "Esta imagen está en el archivo ")+p.Name), "", "C", false)
	}
	d.SetXY(left, bottom-below+2)
	d.font("go", "B", 13, 0)
	d.CellFormat(width/2, 6, d.lang.side(p.Side), "", 0, "L", false, 0, "")
	d.font("mono", "", 8, 90)
	d.CellFormat(width/2, 6, d.fit(p.Name, width/2), "", 1, "R", false, 0, "")
	d.font("go", "", 10, 30)
	for _, line := range lines {
		d.CellFormat(width, 5, line, "", 1, "L", false, 0, "")
	}
	if len(rest) > 0 {
		d.AddPage()
		for _, line := range rest {
			d.CellFormat(width, 5, line, "", 1, "L", false, 0, "")
		}
	}
	return nil
}

const (
	captionLines = 8   // below a picture
	captionMost  = 400 // of one caption, eight pages: more is not what a picture shows
)

// caption divides a caption into the lines below its picture and those on the
// pages after it. Where it is shortened, it says so.
func (d *doc) caption(text string) (below, after []string) {
	l := d.lang
	lines := d.SplitText(d.clean(text), width)
	if len(lines) <= captionLines {
		return lines, nil
	}
	if len(lines) > captionMost {
		lines = append(lines[:captionMost:captionMost], l.pick("… shortened here; the record has the whole caption.",
			"… abrégé ici ; le dossier contient la légende entière.", "… abreviado aquí; la historia contiene el texto completo."))
	}
	below = append(below, lines[:captionLines-1]...)
	below = append(below, l.pick("… continued on the next page", "… suite page suivante", "… continúa en la página siguiente"))
	return below, lines[captionLines-1:]
}
