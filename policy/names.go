package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"fovea/clinical"
)

// Names that a mounted drive shows: NFC, safe on Windows, macOS and Linux.

const (
	maxLabel   = 60  // bytes
	maxSetName = 100 // bytes, so that a name with a suffix stays below 120
)

// FileName is the stable name of an item on a drive.
func FileName(number int, label string) string {
	if label == "" {
		return fmt.Sprintf("%06d.jpg", number)
	}
	return fmt.Sprintf("%06d-%s.jpg", number, label)
}

// cleanName returns s in NFC with what a drive cannot show replaced by a dash,
// runs of space made one, and at most limit bytes; empty when nothing is left.
func cleanName(s string, limit int) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, ""))
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`<>:"/\|?*%#`, r):
			return '-'
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r): // control and format characters, direction marks
			return -1
		default:
			return r
		}
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	for len(s) > limit {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.Trim(s, " .-")
}

// nameFault says what makes s unfit as a name on a drive; empty: nothing does.
func nameFault(s string, limit int) string {
	switch {
	case s == "":
		return "it is empty"
	case !utf8.ValidString(s) || norm.NFC.String(s) != s || cleanName(s, max(limit, len(s))) != s:
		return `it has a character that a drive cannot show, such as / \ : * ? " < > | % #, or ends in a space or a dot`
	case len(s) > limit:
		return fmt.Sprintf("it is longer than %d bytes", limit)
	case reserved(s):
		return "Windows keeps this name for itself"
	default:
		return ""
	}
}

// reserved reports whether Windows keeps the name, whatever its extension, or
// a file system uses it for its own litter.
func reserved(s string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(s), ".")
	switch stem = strings.TrimSpace(stem); stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "DESKTOP", "THUMBS":
		return true
	}
	if r := []rune(stem); len(r) == 4 && (string(r[:3]) == "COM" || string(r[:3]) == "LPT") {
		return strings.ContainsRune("0123456789¹²³", r[3])
	}
	return strings.HasPrefix(s, ".") || strings.HasPrefix(s, "~$")
}

// names reports whether a text holds a name or number of a patient, however it
// is written: accents, case, and what stands between letters and digits do not
// count. A name of one or two letters counts where it is a whole name and a
// whole word; particles do not count.
func names(p *clinical.Patient, text string) bool {
	words := bareWords(text)
	run := strings.Join(words, "")
	for _, name := range []string{p.Family, p.Given} {
		parts := bareWords(name)
		for _, part := range parts {
			in := func(word string) bool { return strings.Contains(word, part) }
			switch n := utf8.RuneCountInString(part); {
			case n >= 5 && in(run), n >= 3 && slices.ContainsFunc(words, in), len(parts) == 1 && slices.Contains(words, part):
				return true
			}
		}
	}
	for _, i := range p.Identifiers {
		if number := strings.Join(bareWords(i.Value), ""); len(number) >= 3 && strings.Contains(run, number) {
			return true
		}
	}
	return false
}

// bareWords splits a text into its words, in lower case and without accents.
func bareWords(s string) []string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}
