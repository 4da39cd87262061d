package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"fovea/clinical"
)

// The bounds on what a person may type.
const (
	maxQueryRunes = 512
	maxQueryItems = 16
	// minPrefix is how many letters begin a word before it stands for what it begins; numbers need one more, and a
	// patient's number four.
	minPrefix       = 2
	minDigitPrefix  = 3
	minNumberPrefix = 4
	// minFuzzy is how many letters a word needs before one of them may be wrong.
	minFuzzy = 5
)

// item is one thing asked for; all of them must be found.
type item struct {
	phrase []string // quoted words, in this order
	word   string   // or one word
	number string   // or what may be a whole number, with its pieces as written
	pieces []string
}

// parse reads what a person typed. Quotes make a phrase; every other sign parts words and means nothing. A number
// written in groups is read both ways. Too long a text is Invalid.
func parse(text string) ([]item, error) {
	if utf8.RuneCountInString(text) > maxQueryRunes {
		return nil, clinical.Refuse(clinical.Invalid, "query-long", "This search is longer than 512 characters. Shorten it.")
	}
	text = strings.NewReplacer("“", `"`, "”", `"`, "«", `"`, "»", `"`).Replace(text)
	var items []item
	for i, part := range strings.Split(text, `"`) {
		if i%2 == 0 {
			items = append(items, loose(part)...)
			continue
		}
		if p := plain(part); len(p) > 0 {
			items = append(items, item{phrase: p})
		}
	}
	items = withoutStops(items)
	if len(items) > maxQueryItems {
		return nil, clinical.Refuse(clinical.Invalid, "query-words", "This search has more than 16 words. Leave some out.")
	}
	return items, nil
}

// loose reads unquoted text.
func loose(text string) []item {
	var items []item
	fields := strings.Fields(text)
	for i := 0; i < len(fields); {
		n := 0
		for i+n < len(fields) && grouped(fields[i+n]) {
			n++
		}
		if n > 0 {
			joined := strings.Join(fields[i:i+n], "")
			items = append(items, item{number: number(joined), pieces: plain(strings.Join(fields[i:i+n], " "))})
			i += n
			continue
		}
		items = append(items, single(fields[i])...)
		i++
	}
	return items
}

// single reads one field that is not a group of digits. One with a digit may be a whole number as well (2A-1187).
func single(f string) []item {
	p := plain(f)
	if strings.ContainsFunc(f, unicode.IsDigit) && len(p) > 0 {
		return []item{{number: number(f), pieces: p}}
	}
	var items []item
	for _, w := range p {
		items = append(items, item{word: w})
	}
	return items
}

// grouped reports whether f is digits as numbers are grouped, with the A or B of a Corsican INS number.
func grouped(f string) bool {
	digits := 0
	for _, r := range f {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '-' || r == '.' || r == '/':
		case (r == 'A' || r == 'B' || r == 'a' || r == 'b') && digits > 0:
		default:
			return false
		}
	}
	return digits > 0
}

// plain are the words of a text without second readings.
func plain(text string) []string {
	var out []string
	for _, w := range words(text) {
		if w.step > 0 && w.text != "" {
			out = append(out, w.text)
		}
	}
	return out
}

// withoutStops leaves out words too common to ask for, unless nothing else was typed.
func withoutStops(items []item) []item {
	var kept []item
	for _, it := range items {
		if it.word == "" || !stop(it.word) {
			kept = append(kept, it)
		}
	}
	if len(kept) == 0 {
		return items
	}
	return kept
}
