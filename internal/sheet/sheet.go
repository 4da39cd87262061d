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

// Job returns the sheet of a job as a PDF of one A4 page (210 × 297 mm).
// Times are shown in zone.
func Job(j clinical.Job, p clinical.Patient, codes Codes, zone *time.Location) ([]byte, error) {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetTitle("Job sheet", true)
	pdf.SetCreationDate(time.Unix(0, 0).UTC())
	pdf.SetModificationDate(time.Unix(0, 0).UTC())
	pdf.AddUTF8FontFromBytes("go", "", goregular.TTF)
	pdf.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	pdf.AddUTF8FontFromBytes("mono", "", gomono.TTF)
	pdf.SetMargins(18, 16, 18)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddPage()

	pdf.SetFont("go", "", 10)
	pdf.CellFormat(0, 6, "Medical photography · job sheet", "", 1, "L", false, 0, "")
	pdf.SetFont("go", "B", 20)
	pdf.CellFormat(0, 11, clip(p.DisplayName(), 60), "", 1, "L", false, 0, "")
	lines(pdf, j, p, zone)

	if err := code(pdf, "begin", codes.Begin, 18, 128, 78); err != nil {
		return nil, err
	}
	if err := code(pdf, "end", codes.End, 132, 146, 60); err != nil {
		return nil, err
	}
	pdf.SetFont("go", "B", 13)
	pdf.Text(18, 122, "1  Photograph this first: the ID shot")
	pdf.Text(132, 140, "2  and this last")
	pdf.SetFont("go", "", 9)
	pdf.SetXY(18, 214)
	pdf.MultiCell(174, 5, "Fill the frame with the code, flat and without glare. Then take the pictures with the same camera. "+
		"The second code closes the run: without it a photographer confirms the contact sheet by hand. "+
		"Pictures of these codes stay with the session and are never released.", "", "L", false)
	pdf.SetY(280)
	pdf.SetFont("go", "", 8)
	pdf.CellFormat(0, 5, "Confidential. Destroy this sheet when the job is filed.", "", 0, "L", false, 0, "")

	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, clinical.Errorf(clinical.Internal, "sheet: %w", err)
	}
	return out.Bytes(), nil
}

// lines prints the facts, label left, value right.
func lines(pdf *fpdf.Fpdf, j clinical.Job, p clinical.Patient, zone *time.Location) {
	row := func(label, value, font string) {
		if value == "" {
			return
		}
		pdf.SetFont("go", "", 10)
		pdf.CellFormat(34, 7, label, "", 0, "L", false, 0, "")
		pdf.SetFont(font, "", 12)
		pdf.CellFormat(0, 7, clip(value, 80), "", 1, "L", false, 0, "")
	}
	row("Born", strings.TrimSpace(p.Born.String()+" "+string(p.Sex)), "go")
	for i, id := range p.Identifiers {
		if i < 3 {
			row(id.System, id.Value, "mono")
		}
	}
	row("Job", j.Number, "mono")
	row("Department", string(j.Specialty), "go")
	row("Ward", j.Ward, "go")
	if !j.Due.IsZero() {
		row("Due", j.Due.In(zone).Format("Mon 2 Jan 2006 15:04"), "go")
	}
	views := make([]string, 0, len(j.Wanted))
	for _, v := range j.Wanted {
		views = append(views, v.Code)
	}
	row("Views", strings.Join(views, " · "), "go")
	if j.Frames > 0 {
		row("Frames", fmt.Sprint(j.Frames), "go")
	}
	if p.PhotographyRefused {
		row("Note", "Photography refused: ask before taking any picture.", "go")
	}
}

// code prints a QR code of side mm at x, y with its text below.
func code(pdf *fpdf.Fpdf, name, text string, x, y, side float64) error {
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
	pdf.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: "PNG"}, &b)
	pdf.ImageOptions(name, x, y, side, side, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	pdf.SetFont("mono", "", 8)
	pdf.Text(x, y+side+4, text)
	return nil
}

// clip keeps a line on the paper.
func clip(s string, runes int) string {
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:runes-1]) + "…"
}
