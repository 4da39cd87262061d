package policy

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fits says, in words of its own, what a name on a drive may not be: of the file systems and clients that show one,
// Windows is the strictest (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
func fits(name string) bool {
	bad := func(r rune) bool {
		return strings.ContainsRune(`<>:"/\|?*%#`, r) || !unicode.IsPrint(r) || (unicode.IsSpace(r) && r != ' ')
	}
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	for _, device := range []string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} {
		if strings.TrimSpace(stem) == device {
			return false
		}
	}
	for _, port := range []string{"COM", "LPT"} {
		if n, ok := strings.CutPrefix(strings.TrimSpace(stem), port); ok && utf8.RuneCountInString(n) == 1 && strings.ContainsAny(n, "0123456789¹²³") {
			return false
		}
	}
	return name != "" && len(name) <= 120 && utf8.ValidString(name) && norm.NFC.IsNormalString(name) && !strings.ContainsFunc(name, bad) &&
		strings.TrimSpace(name) == name && !strings.HasSuffix(name, ".") && !strings.HasPrefix(name, ".")
}

// nasty makes text of what has broken file names before.
func nasty(rnd *rand.Rand) string {
	pieces := []string{
		"ulcer", "É", "E\u0301", "\u1100\u1161", "\uAC00", "漢", "🩹", "👩\u200d⚕\ufe0f", " ", "  ", ".", "..", "-", "/", `\`, ":", "*", "?", `"`, "<", ">", "|", "%", "%2F", "#",
		"\x00", "\x7f", "\n", "\t", "\u00a0", "\u2028", "\u202e", "\ufeff", "\u00ad", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\ufffe", "CON", "con", "nul.txt", "LPT1", "COM¹", "aux ", "Thumbs.db",
		"desktop.ini", "~$", "$DATA", "::$DATA", "a" + strings.Repeat("\u0301", 40), strings.Repeat("x", 59), strings.Repeat("é", 30), "\U0001F600",
	}
	var b strings.Builder
	for range 1 + rnd.IntN(5) {
		b.WriteString(pieces[rnd.IntN(len(pieces))])
	}
	return b.String()
}

// Whatever a label or a title is, either it is refused or it makes a name that every drive can show, and that is the
// same when a client writes it decomposed.
func TestNamesFitEveryDrive(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	taken, cleaned := 0, 0
	for range 50_000 {
		s := nasty(rnd)
		if nameFault(s, maxLabel) == "" {
			taken++
			if name := FileName(rnd.IntN(2_000_000), s); !fits(name) || !fits(s) || norm.NFC.String(norm.NFD.String(name)) != name {
				t.Fatalf("label %q makes the file name %q", s, name)
			}
		}
		switch name := cleanName(s, maxSetName); {
		case name == "" || nameFault(name, maxSetName) == "Windows keeps this name for itself":
		case nameFault(name, maxSetName) != "":
			t.Fatalf("title %q makes %q, and then %s", s, name, nameFault(name, maxSetName))
		case !fits(name):
			t.Fatalf("title %q makes the folder %q", s, name)
		default:
			cleaned++
		}
	}
	if taken < 1000 || cleaned < 1000 {
		t.Errorf("%d labels and %d titles made a name: too few to say anything", taken, cleaned)
	}
	for _, good := range []string{"Ulcer, medial", "Été 2026 – week 3", "創傷", "a.b", "COM10", "console"} {
		if f := nameFault(good, maxLabel); f != "" {
			t.Errorf("%q: %s", good, f)
		}
	}
}
