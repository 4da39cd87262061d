package clinical

import (
	"log/slog"
	"regexp"
	"strconv"
	"strings"
)

// Identifier is a number under which a patient is known in one system.
type Identifier struct {
	System string // configured name, such as "nhs", "ins", "hospital"
	Value  string // normalised: see IdentifierRule.Normalise
}

// LogValue shows the system alone.
func (i Identifier) LogValue() slog.Value { return slog.StringValue(i.System + ":[redacted]") }

// String shows the system alone.
func (i Identifier) String() string { return i.System + ":[redacted]" }

// GoString shows the system alone.
func (i Identifier) GoString() string { return i.String() }

// Check is the arithmetic that guards a number against misreading.
type Check string

// The checks. NoCheck accepts whatever the pattern does.
const (
	NoCheck Check = "none"
	Mod11   Check = "nhs-mod11" // NHS number: weights 10…2, mod 11, 10 is invalid
	INSKey  Check = "ins"       // French NIR: key = 97 − (first 13 mod 97), 2A → 19, 2B → 18
	Luhn    Check = "luhn"      // ISO/IEC 7812-1 annex B
)

// IdentifierRule says how one system writes its numbers.
type IdentifierRule struct {
	System  string
	Label   string // as people call it, such as "NHS number"
	Pattern string // RE2, matched whole against the normalised number; empty: digits only
	Check   Check
}

// Normalise takes out spaces, dots and dashes and raises letters: the form in
// which numbers are stored and compared.
func (r IdentifierRule) Normalise(s string) string {
	return strings.ToUpper(strings.Map(func(c rune) rune {
		switch c {
		case ' ', '-', '.', '\u00a0', '\u202f', '\t':
			return -1
		}
		return c
	}, s))
}

// Parse normalises s and verifies pattern and check digit. The error never
// repeats the number.
func (r IdentifierRule) Parse(s string) (Identifier, error) {
	v := r.Normalise(s)
	pattern := r.Pattern
	if pattern == "" {
		pattern = `[0-9]{1,32}`
	}
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return Identifier{}, Errorf(Invalid, "clinical: pattern of identifier system %q: %w", r.System, err)
	}
	if v == "" || len(v) > 64 || !re.MatchString(v) {
		return Identifier{}, Refuse(Invalid, "identifier-form", "This does not look like a "+r.name()+". Read the number again and correct it.")
	}
	if !r.checks(v) {
		return Identifier{}, Refuse(Invalid, "check-digit", "The check digit of this "+r.name()+" is wrong. Read the number again and correct it.")
	}
	return Identifier{System: r.System, Value: v}, nil
}

func (r IdentifierRule) name() string {
	if r.Label != "" {
		return r.Label
	}
	return "number"
}

func (r IdentifierRule) checks(v string) bool {
	switch r.Check {
	case NoCheck, "":
		return true
	case Mod11:
		return nhsValid(v)
	case INSKey:
		return insValid(v)
	case Luhn:
		return luhnValid(v)
	default:
		return false
	}
}

// nhsValid: NHS Data Dictionary, "NHS NUMBER".
func nhsValid(v string) bool {
	if len(v) != 10 {
		return false
	}
	sum := 0
	for i := range 10 {
		if v[i] < '0' || v[i] > '9' {
			return false
		}
		if i < 9 {
			sum += int(v[i]-'0') * (10 - i)
		}
	}
	check := (11 - sum%11) % 11
	return check != 10 && check == int(v[9]-'0')
}

// insValid: 13 characters and a key of two digits (arrêté du 24 décembre 2019,
// référentiel INS); Corsica's 2A and 2B count as 19 and 18.
func insValid(v string) bool {
	if len(v) != 15 {
		return false
	}
	body := v[:13]
	switch body[5:7] {
	case "2A":
		body = body[:5] + "19" + body[7:]
	case "2B":
		body = body[:5] + "18" + body[7:]
	}
	n, err := strconv.ParseUint(body, 10, 64)
	if err != nil {
		return false
	}
	key, err := strconv.ParseUint(v[13:], 10, 8)
	return err == nil && key == 97-n%97
}

func luhnValid(v string) bool {
	if len(v) < 2 {
		return false
	}
	sum, double := 0, false
	for i := len(v) - 1; i >= 0; i-- {
		d := int(v[i] - '0')
		if d < 0 || d > 9 {
			return false
		}
		if double {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum%10 == 0
}
