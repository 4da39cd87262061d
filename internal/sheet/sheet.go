// Package sheet draws the paper that goes to the studio with a job: who, what,
// where, and two codes. The first is the ID shot that begins the run, the
// second ends it.
//
// It prints what it is given and decides nothing about who may print it.
// Start reading at Job.
package sheet

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"

	"fovea/clinical"
)

// Codes are the texts of the two codes on the sheet.
type Codes struct {
	Begin string // the ID shot
	End   string // closes the run
}

// The page, in millimetres: A4 with a margin, and the two halves of its foot.
const (
	left  = 18.0
	width = 174.0
	right = left + width
	foot  = 150.0 // where the codes begin
	begin = 82.0  // side of the ID shot
	end   = 52.0  // side of the end code
	label = 32.0  // column of the facts' names
)

// paper is a sheet being drawn.
type paper struct {
	*fpdf.Fpdf
	zone *time.Location
}

// Job returns the sheet of a job as a PDF of one A4 page (210 × 297 mm).
// Times are shown in zone.
func Job(j clinical.Job, p clinical.Patient, codes Codes, zone *time.Location) ([]byte, error) {
	d := paper{fpdf.New("P", "mm", "A4", ""), zone}
	d.SetTitle("Job sheet", true)
	d.SetLang("en")
	d.SetCreationDate(time.Unix(0, 0).UTC())
	d.SetModificationDate(time.Unix(0, 0).UTC())
	// fpdf writes into what it is given: two papers at once would share it.
	d.AddUTF8FontFromBytes("go", "", bytes.Clone(goregular.TTF))
	d.AddUTF8FontFromBytes("go", "B", bytes.Clone(gobold.TTF))
	d.AddUTF8FontFromBytes("mono", "", bytes.Clone(gomono.TTF))
	d.SetMargins(left, 14, left)
	d.SetAutoPageBreak(false, 0)
	d.SetCellMargin(0)
	d.AddPage()

	d.head(j, p)
	d.facts(j, p)
	d.rule(foot - 14)
	if err := d.codes(codes); err != nil {
		return nil, err
	}
	d.rule(273)
	d.text("go", "", 8, 90)
	d.SetXY(left, 275)
	d.CellFormat(width, 5, "Confidential. Destroy this sheet when the job is filed.", "", 0, "L", false, 0, "")
	d.SetXY(left, 275)
	d.CellFormat(width, 5, clip(j.Number, 40), "", 0, "R", false, 0, "")

	var out bytes.Buffer
	if err := d.Output(&out); err != nil {
		return nil, clinical.Errorf(clinical.Internal, "sheet: %w", err)
	}
	return out.Bytes(), nil
}

// text sets font, size in points and grey, 0 being black.
func (d paper) text(family, style string, size float64, grey int) {
	d.SetFont(family, style, size)
	d.SetTextColor(grey, grey, grey)
}

func (d paper) rule(y float64) {
	d.SetDrawColor(190, 190, 190)
	d.SetLineWidth(.2)
	d.Line(left, y, right, y)
}

// head says what this is, whose job, and what must not be overlooked.
func (d paper) head(j clinical.Job, p clinical.Patient) {
	d.text("go", "", 10, 90)
	d.CellFormat(width/2, 6, "Medical photography, job sheet", "", 0, "L", false, 0, "")
	if !j.Due.IsZero() {
		d.CellFormat(width/2, 6, "Due "+j.Due.In(d.zone).Format("Mon 2 Jan 2006, 15:04"), "", 0, "R", false, 0, "")
	}
	d.rule(22)
	d.SetXY(left, 26)
	d.text("go", "B", 22, 0)
	d.CellFormat(width, 11, d.fit(p.DisplayName(), width), "", 1, "L", false, 0, "")
	if j.Urgent {
		d.flag("Urgent")
	}
	if p.PhotographyRefused {
		d.flag("Photography refused: take no picture before the requester has been asked.")
	}
	d.Ln(2)
}

// flag is a line in a frame: seen in grey print too.
func (d paper) flag(text string) {
	d.text("go", "B", 11, 0)
	d.SetDrawColor(0, 0, 0)
	d.SetLineWidth(.5)
	d.CellFormat(d.GetStringWidth(text)+10, 8, text, "1", 1, "C", false, 0, "")
	d.Ln(1.5)
}

// facts prints what is known, name left, value right.
func (d paper) facts(j clinical.Job, p clinical.Patient) {
	d.fact("Born", strings.Join(some(day(p.Born), sex(p.Sex)), ", "), "go")
	for i, id := range p.Identifiers {
		if i < 3 {
			d.fact(id.System, id.Value, "mono")
		}
	}
	d.fact("Job", j.Number, "mono")
	d.fact("Department", string(j.Specialty), "go")
	d.fact("Ward or clinic", j.Ward, "go")
	if j.Frames > 0 {
		d.fact("Frames", fmt.Sprintf("%d, the code not counted", j.Frames), "go")
	}
	d.wanted(j.Wanted)
}

func (d paper) fact(name, value, font string) {
	if value == "" {
		return
	}
	d.text("go", "", 10, 90)
	d.CellFormat(label, 7, d.fit(name, label-2), "", 0, "L", false, 0, "")
	d.text(font, "", 12, 0)
	d.CellFormat(width-label, 7, d.fit(value, width-label), "", 1, "L", false, 0, "")
}

// wanted lists the views, each with a box to tick; what does not fit is counted.
func (d paper) wanted(views []clinical.View) {
	if len(views) == 0 {
		return
	}
	const column, height = 46.0, 7.0
	d.text("go", "", 10, 90)
	d.CellFormat(label, height, "Views", "", 0, "L", false, 0, "")
	x, y := left+label, d.GetY()
	d.SetDrawColor(0, 0, 0)
	d.SetLineWidth(.3)
	for i, v := range views {
		if x+column > right+1 {
			x, y = left+label, y+height
		}
		if y+height > foot-15 {
			d.text("go", "", 10, 90)
			d.Text(left, y+5, fmt.Sprintf("and %d more", len(views)-i))
			break
		}
		d.Rect(x, y+1.7, 3.6, 3.6, "D")
		d.text("go", "", 11, 0)
		d.Text(x+5.2, y+4.9, d.fit(v.Code, column-6))
		x += column
	}
	d.SetY(y + height)
}

// codes prints what is photographed first and last.
func (d paper) codes(c Codes) error {
	const second = right - end
	d.text("go", "B", 13, 0)
	d.Text(left, foot-5, "1  Photograph this first: the ID shot")
	d.Text(second, foot-5, "2  And this last")
	if err := d.code("begin", c.Begin, left, foot, begin); err != nil {
		return err
	}
	if err := d.code("end", c.End, second, foot, end); err != nil {
		return err
	}
	d.text("go", "", 9, 60)
	d.SetXY(second, foot+end+13)
	d.MultiCell(end, 4.6, "It closes the run. Without it a photographer confirms the contact sheet by hand.", "", "L", false)
	d.SetXY(left, foot+begin+13)
	d.MultiCell(width, 4.8, "Fill the frame with the code, flat and without glare, then take the pictures with the same camera. "+
		"Pictures of these codes stay with the session and are never released.", "", "L", false)
	return nil
}

// code prints a QR code of side mm at x, y with its text below.
func (d paper) code(name, text string, x, y, side float64) error {
	c, err := qr.Encode(text, qr.Q, qr.Auto)
	if err != nil {
		return clinical.Errorf(clinical.Internal, "sheet: code: %w", err)
	}
	c, err = barcode.Scale(c, 600, 600)
	if err != nil {
		return clinical.Errorf(clinical.Internal, "sheet: code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, c); err != nil {
		return clinical.Errorf(clinical.Internal, "sheet: code: %w", err)
	}
	d.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: "PNG"}, &b)
	d.ImageOptions(name, x, y, side, side, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	d.text("mono", "", 8, 60)
	d.Text(x, y+side+8, text) // beyond the quiet zone
	return nil
}

// fit keeps a text within mm at the font that is set.
func (d paper) fit(s string, mm float64) string {
	for n := len([]rune(s)); d.GetStringWidth(s) > mm && n > 1; n-- {
		s = clip(s, n-1)
	}
	return s
}

// clip keeps a text to so many runes.
func clip(s string, runes int) string {
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:max(runes-1, 0)]) + "…"
}

func day(d clinical.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.Start(time.UTC).Format("2 January 2006")
}

func sex(s clinical.Sex) string {
	switch s {
	case clinical.Female:
		return "female"
	case clinical.Male:
		return "male"
	default:
		return ""
	}
}

// some leaves out what is empty.
func some(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}
