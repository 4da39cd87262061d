package ingest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"fovea/clinical"
)

// maxTicket is the largest job ticket that is read, in bytes.
const maxTicket = 1 << 20

// ticketFormat is the version a JSON ticket states; docs/formats/ticket.md.
const ticketFormat = "ticket/1"

// Names under which a folder's ticket is found.
const (
	ticketJSON = "ticket.json"
	ticketCSV  = "ticket.csv"
)

// ticket says whose pictures the files of a folder, or one file, are.
type ticket struct {
	Format       string          `json:"fovea"`
	Photographer string          `json:"photographer"`
	Files        map[string]note `json:"files"`
	note
}

// note is what a ticket says of one file, or of all that it does not name.
type note struct {
	Job      string     `json:"job"`
	Patient  ticketID   `json:"patient"`
	View     ticketView `json:"view"`
	Keywords []string   `json:"keywords"`
	Caption  string     `json:"caption"`
	Lesion   string     `json:"lesion"`
}

type ticketID struct {
	System string `json:"system"`
	Number string `json:"number"`
}

type ticketView struct {
	Code         string `json:"code"`
	Site         string `json:"site"`
	Laterality   string `json:"laterality"`
	Ratio        string `json:"ratio"`
	DistanceMM   int    `json:"distance_mm"`
	Position     string `json:"position"`
	Phase        string `json:"phase"`
	ScaleInFrame bool   `json:"scale_in_frame"`
}

func (v ticketView) clinical() clinical.View {
	return clinical.View{
		Code: v.Code, Site: v.Site, Laterality: clinical.Laterality(v.Laterality), Ratio: v.Ratio,
		DistanceMM: v.DistanceMM, Position: v.Position, Phase: clinical.Phase(v.Phase), ScaleInFrame: v.ScaleInFrame,
	}
}

// names reports whether the note says who it is about.
func (n note) names() bool { return n.Job != "" || n.Patient.Number != "" }

// over returns n with what it leaves open taken from general. Who it is about
// is taken whole or not at all: a job of one and a number of the other are
// never mixed.
func (n note) over(general note) note {
	if !n.names() {
		n.Job, n.Patient = general.Job, general.Patient
	}
	if n.View == (ticketView{}) {
		n.View = general.View
	}
	if n.Keywords == nil {
		n.Keywords = general.Keywords
	}
	if n.Caption == "" {
		n.Caption = general.Caption
	}
	if n.Lesion == "" {
		n.Lesion = general.Lesion
	}
	return n
}

// about returns what the ticket says of the file called name.
func (t ticket) about(name string) note {
	if n, ok := t.Files[norm.NFC.String(name)]; ok {
		return n.over(t.note)
	}
	return t.note
}

// parseTicket reads a JSON ticket, or a CSV one where csv is said. Every error
// is clinical.Invalid with the reason; none repeats the ticket.
func parseTicket(b []byte, isCSV bool) (ticket, error) {
	if len(b) > maxTicket {
		return ticket{}, clinical.Refuse(clinical.Invalid, reasonTicketTooLarge, Words(reasonTicketTooLarge))
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	read := readTicketJSON
	if isCSV {
		read = readTicketCSV
	}
	if !utf8.Valid(b) {
		return ticket{}, invalidTicket("it is not UTF-8")
	}
	t, err := read(b)
	if err != nil {
		return ticket{}, err
	}
	return t, t.check()
}

func invalidTicket(why string) error {
	return &clinical.Error{
		Kind: clinical.Invalid, Reason: reasonTicketInvalid, Public: Words(reasonTicketInvalid),
		Err: errors.New("ingest: ticket: " + why),
	}
}

func readTicketJSON(b []byte) (ticket, error) {
	var t ticket
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return ticket{}, invalidTicket("it is not JSON of this format")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ticket{}, invalidTicket("something follows the ticket")
	}
	if t.Format != ticketFormat {
		return ticket{}, invalidTicket("its version is not " + ticketFormat)
	}
	files := make(map[string]note, len(t.Files))
	for name, n := range t.Files {
		files[norm.NFC.String(name)] = n
	}
	if len(files) != len(t.Files) {
		return ticket{}, invalidTicket("it names a file twice")
	}
	t.Files = files
	return t, nil
}

// readTicketCSV reads a table: a header, then one row per file; a row without a
// file name is about all others.
func readTicketCSV(b []byte) (ticket, error) {
	r := csv.NewReader(bytes.NewReader(b))
	first, _, _ := bytes.Cut(b, []byte("\n"))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';'
	}
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		return ticket{}, invalidTicket("it is not a table with a header and rows")
	}
	t := ticket{Format: ticketFormat, Files: map[string]note{}}
	general := false
	for _, row := range rows[1:] {
		name, n, err := csvRow(rows[0], row, &t.Photographer)
		if err != nil {
			return ticket{}, err
		}
		_, twice := t.Files[name]
		if twice || (name == "" && general) {
			return ticket{}, invalidTicket("it names a file twice")
		}
		if name == "" {
			t.note, general = n, true
		} else {
			t.Files[name] = n
		}
	}
	return t, nil
}

func csvRow(header, row []string, photographer *string) (name string, n note, err error) {
	for i, column := range header {
		cell := strings.TrimSpace(row[i])
		switch strings.ToLower(strings.TrimSpace(column)) {
		case "file":
			name = norm.NFC.String(cell)
		case "photographer":
			if cell != "" && *photographer != "" && cell != *photographer {
				return "", note{}, invalidTicket("it names two photographers")
			}
			if cell != "" {
				*photographer = cell
			}
		case "keywords":
			if cell != "" {
				n.Keywords = strings.Split(cell, "|")
			}
		case "distance_mm":
			if n.View.DistanceMM, err = strconv.Atoi("0" + cell); err != nil {
				return "", note{}, invalidTicket("a distance is not a whole number")
			}
		case "scale_in_frame":
			n.View.ScaleInFrame = cell == "yes" || cell == "true" || cell == "1"
		default:
			to := n.cell(strings.ToLower(strings.TrimSpace(column)))
			if to == nil {
				return "", note{}, invalidTicket("it has a column that no ticket has")
			}
			*to = cell
		}
	}
	return name, n, nil
}

// cell returns where the text of a column goes, nil for an unknown column.
func (n *note) cell(column string) *string {
	return map[string]*string{
		"job": &n.Job, "patient": &n.Patient.Number, "system": &n.Patient.System,
		"view": &n.View.Code, "site": &n.View.Site, "laterality": &n.View.Laterality,
		"ratio": &n.View.Ratio, "position": &n.View.Position, "phase": &n.View.Phase,
		"caption": &n.Caption, "lesion": &n.Lesion,
	}[column]
}

// check refuses what no ticket says: sides and phases that do not exist, texts
// without end.
func (t ticket) check() error {
	if len(t.Files) > 10_000 {
		return invalidTicket("it names more than 10000 files")
	}
	if err := t.note.check(); err != nil {
		return err
	}
	for _, n := range t.Files {
		if err := n.check(); err != nil {
			return err
		}
	}
	return nil
}

func (n note) check() error {
	switch clinical.Laterality(n.View.Laterality) {
	case clinical.LateralityUnknown, clinical.Right, clinical.Left, clinical.BothSides, clinical.Unpaired:
	default:
		return invalidTicket("a laterality is none of R, L, B, U")
	}
	switch clinical.Phase(n.View.Phase) {
	case clinical.PhaseUnknown, clinical.PreOp, clinical.IntraOp, clinical.PostOp:
	default:
		return invalidTicket("a phase is none of pre, intra, post")
	}
	long := len(n.Caption) > 4096 || len(n.Keywords) > 100 || n.View.DistanceMM < 0
	for _, s := range append([]string{n.Job, n.Patient.Number, n.Patient.System, n.Lesion, n.View.Code, n.View.Site, n.View.Ratio, n.View.Position}, n.Keywords...) {
		long = long || len(s) > 200
	}
	if long {
		return invalidTicket("a text in it is too long")
	}
	return nil
}
