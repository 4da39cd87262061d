package exif

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxText bounds any one text taken from a file, in bytes.
const maxText = 4096

// Metadata is what a file says of itself. Every field is zero where the file
// does not say. Nothing in it is trusted: dates may be absurd, texts may be lies.
type Metadata struct {
	// Captured is when the picture was taken: DateTimeOriginal; failing that
	// CreateDate (when it was digitised, or the QuickTime creation date). A
	// modification date is never a capture time.
	Captured Moment
	Make     string
	Model    string
	Lens     string
	// Serial is the body's serial number, or the maker's internal one. A
	// serial of zeros only is no serial.
	Serial string
	// FileNumber is the camera's own running number (digits, perhaps with a
	// folder as in "412-0954").
	FileNumber  string
	Orientation int // EXIF 1..8; 0: not stated
	Width       int // px as stored
	Height      int // px as stored
	MIME        string
	Duration    time.Duration // of video
	Caption     string
	Keywords    []string
}

// Moment is a camera's wall clock.
type Moment struct {
	Wall      time.Time     // the fields of the clock face, held in UTC; zero: not stated
	HasOffset bool          // the camera also said its distance from UTC
	Offset    time.Duration // east of UTC, where HasOffset
	Tag       string        // the tag it came from
}

// IsZero tells that no moment was stated.
func (m Moment) IsZero() bool { return m.Wall.IsZero() }

// At is the instant the moment stands for: by its own offset, else in zone.
func (m Moment) At(zone *time.Location) time.Time {
	if m.HasOffset {
		zone = time.FixedZone("", int(m.Offset/time.Second))
	}
	w := m.Wall
	return time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), zone)
}

// tags are asked for by name: fewer bytes to answer, and nothing we do not use.
func tags() []string {
	return []string{
		"DateTimeOriginal", "SubSecTimeOriginal", "OffsetTimeOriginal",
		"CreationDate", "CreateDate", "SubSecTimeDigitized", "OffsetTimeDigitized",
		"Make", "Model", "LensModel", "LensID",
		"SerialNumber", "InternalSerialNumber", "FileNumber", "ImageNumber",
		"Orientation", "ImageWidth", "ImageHeight", "MIMEType", "Duration",
		"Caption-Abstract", "ImageDescription", "Description", "Keywords", "Subject",
	}
}

// fields reads exiftool's answer with suspicion.
type fields map[string]any

func parse(answer map[string]any) Metadata {
	f := fields(answer)
	m := Metadata{
		Captured:   f.captured(),
		Make:       f.text("Make"),
		Model:      f.text("Model"),
		Lens:       f.text("LensModel"),
		Serial:     f.serial(),
		FileNumber: f.text("FileNumber", "ImageNumber"),
		Width:      f.count("ImageWidth"),
		Height:     f.count("ImageHeight"),
		MIME:       f.text("MIMEType"),
		Caption:    f.text("Caption-Abstract", "ImageDescription", "Description"),
		Keywords:   f.list("Keywords", "Subject"),
	}
	if o := f.count("Orientation"); o >= 1 && o <= 8 {
		m.Orientation = o
	}
	if d, ok := f["Duration"].(float64); ok && d > 0 && d < 1e6 {
		m.Duration = time.Duration(math.Round(d * float64(time.Second)))
	}
	return m
}

// captured takes the first tag that holds a possible moment.
func (f fields) captured() Moment {
	for _, c := range []struct{ tag, subsec, offset string }{
		{"DateTimeOriginal", "SubSecTimeOriginal", "OffsetTimeOriginal"},
		{"CreationDate", "", ""},
		{"CreateDate", "SubSecTimeDigitized", "OffsetTimeDigitized"},
	} {
		m, ok := moment(f.text(c.tag))
		if !ok {
			continue
		}
		m.Tag = c.tag
		if d := digits(f.text(c.subsec)); d != "" && m.Wall.Nanosecond() == 0 {
			ns, err := strconv.Atoi((d + "000000000")[:9])
			if err == nil {
				m.Wall = m.Wall.Add(time.Duration(ns))
			}
		}
		if !m.HasOffset {
			m.Offset, m.HasOffset = offset(f.text(c.offset))
		}
		return m
	}
	return Moment{}
}

// moment reads "2006:01:02 15:04:05", with or without a fraction and an offset.
// A clock that was never set (zeros), and years that no camera has lived in, are
// no moment.
func moment(s string) (Moment, bool) {
	const face = "2006:01:02 15:04:05"
	if len(s) < len(face) {
		return Moment{}, false
	}
	wall, err := time.Parse(face, s[:len(face)])
	if err != nil || wall.Year() < 1900 || wall.Year() > 2199 {
		return Moment{}, false
	}
	m := Moment{Wall: wall}
	rest := s[len(face):]
	if frac, ok := strings.CutPrefix(rest, "."); ok {
		d := digits(frac)
		rest = frac[len(d):]
		if ns, err := strconv.Atoi((d + "000000000")[:9]); err == nil {
			m.Wall = wall.Add(time.Duration(ns))
		}
	}
	m.Offset, m.HasOffset = offset(rest)
	return m, true
}

// offset reads "Z", "+02:00" or "-0930".
func offset(s string) (time.Duration, bool) {
	if s == "Z" {
		return 0, true
	}
	s = strings.Replace(s, ":", "", 1)
	if len(s) != 5 || (s[0] != '+' && s[0] != '-') || digits(s[1:]) != s[1:] {
		return 0, false
	}
	h, _ := strconv.Atoi(s[1:3])
	min, _ := strconv.Atoi(s[3:])
	d := time.Duration(h)*time.Hour + time.Duration(min)*time.Minute
	if d > 14*time.Hour || min > 59 {
		return 0, false
	}
	if s[0] == '-' {
		d = -d
	}
	return d, true
}

// digits returns the ASCII digits that s begins with.
func digits(s string) string {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return s[:i]
		}
	}
	return s
}

func (f fields) serial() string {
	for _, tag := range []string{"SerialNumber", "InternalSerialNumber"} {
		if s := f.text(tag); strings.Trim(s, "0 ") != "" {
			return s
		}
	}
	return ""
}

// text returns the first of the tags with a clean, non-blank value.
func (f fields) text(names ...string) string {
	for _, n := range names {
		var s string
		switch v := f[n].(type) {
		case string:
			s = v
		case float64:
			s = strconv.FormatFloat(v, 'f', -1, 64)
		}
		if s, ok := clean(s); ok && s != "" {
			return s
		}
	}
	return ""
}

// clean trims s and refuses what could be mistaken for something else further
// on: line ends, other control characters, broken UTF-8, excess.
func clean(s string) (string, bool) {
	s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == 0 })
	if len(s) > maxText || !utf8.ValidString(s) {
		return "", false
	}
	return s, strings.IndexFunc(s, unicode.IsControl) < 0
}

func (f fields) list(names ...string) []string {
	for _, n := range names {
		var out []string
		switch v := f[n].(type) {
		case []any:
			for _, e := range v {
				if s := (fields{"": e}).text(""); s != "" && len(out) < 256 {
					out = append(out, s)
				}
			}
		default:
			if s := f.text(n); s != "" {
				out = []string{s}
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// count reads a whole number that a picture can have.
func (f fields) count(name string) int {
	var v float64
	switch x := f[name].(type) {
	case float64:
		v = x
	case string:
		p, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		if err != nil {
			return 0
		}
		v = p
	}
	if v < 0 || v > 1<<20 || v != math.Trunc(v) {
		return 0
	}
	return int(v)
}
