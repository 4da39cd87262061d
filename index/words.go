package index

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxWord bounds one word in bytes; what is longer is cut, alike in the index and in a query.
const maxWord = 64

// fold takes a text to the form in which words are compared: compatibility decomposed, marks off, lower case, and the
// letters that carry no mark but that a keyboard elsewhere lacks spelled out.
func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(s) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		r = unicode.ToLower(r)
		switch r {
		case 'ß':
			b.WriteString("ss")
		case 'æ':
			b.WriteString("ae")
		case 'œ':
			b.WriteString("oe")
		case 'ø':
			b.WriteByte('o')
		case 'ł':
			b.WriteByte('l')
		case 'đ', 'ð':
			b.WriteByte('d')
		case 'ı':
			b.WriteByte('i')
		case '’', 'ʼ', '‘', '′':
			b.WriteByte('\'')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// word is one word of a text. Step is how far it stands behind the one before: 0 for a second reading of the same
// place.
type word struct {
	text string
	step int
}

// words splits a text. Letters and digits part (IMG0012 is "img", "0012"), so that numbered names do not make a
// dictionary entry each; French articles are dropped before an apostrophe (l'ulcère), and what an apostrophe joined
// is read both ways (O'Brien: "o", "brien" and "obrien").
func words(s string) []word {
	var out []word
	for _, chunk := range strings.FieldsFunc(fold(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	}) {
		pieces := strings.FieldsFunc(chunk, func(r rune) bool { return r == '\'' })
		joined := strings.Join(pieces, "")
		if len(pieces) > 1 && elided(pieces[0]) {
			pieces = pieces[1:]
		}
		for i, p := range pieces {
			out = appendRuns(out, p)
			if i == len(pieces)-1 && joined != p {
				out = append(out, word{text: clip(joined), step: 0})
			}
		}
	}
	return out
}

// appendRuns cuts p where letters and digits meet.
func appendRuns(out []word, p string) []word {
	start, digit := 0, false
	for i, r := range p {
		d := unicode.IsDigit(r)
		if i > start && d != digit {
			out = append(out, word{text: clip(p[start:i]), step: 1})
			start = i
		}
		digit = d
	}
	if start < len(p) {
		out = append(out, word{text: clip(p[start:]), step: 1})
	}
	return out
}

func clip(s string) string {
	if len(s) <= maxWord {
		return s
	}
	return strings.ToValidUTF8(s[:maxWord], "")
}

// elided reports whether w is an article or conjunction that French writes before an apostrophe.
func elided(w string) bool {
	switch w {
	case "l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu":
		return true
	default:
		return false
	}
}

// stop reports whether w is too common in one of the three languages to be worth asking for.
func stop(w string) bool {
	switch w {
	case "a", "an", "the", "of", "and", "in", "on", "at", "to", "for", "with", "by", // English
		"le", "la", "les", "de", "du", "des", "un", "une", "et", "en", "au", "aux", "sur", "par", "dans", "avec", "pour", // French
		"el", "los", "las", "una", "y", "con", "del", "al", "por", "para": // Spanish
		return true
	default:
		return false
	}
}

// number is the form in which identifiers and job numbers are compared: letters and digits alone, upper case.
func number(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsDigit(r) || unicode.IsLetter(r)) {
			return unicode.ToUpper(r)
		}
		return -1
	}, s)
}
