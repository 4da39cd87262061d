package label

import (
	"crypto/sha256"
	"errors"
	"strings"
	"unicode"

	"fovea/clinical"
)

// Kind is what one of our own labels is about. The zero Kind is no label.
type Kind byte

// The kinds, by their letter in the text.
const (
	Job     Kind = 'J' // opens a run: the frames that follow belong to this job
	End     Kind = 'E' // closes the run of this job
	Patient Kind = 'P' // opens a run: the frames that follow show this patient
)

// Payload is what one of our own labels says. Its text is
//
//	FOVEA1:J:<job number>:<check>
//	FOVEA1:E:<job number>:<check>
//	FOVEA1:P:<system>:<number>:<check>
//
// where the fields are 1 to 64 printable ASCII characters other than the colon
// and the space, and the check is four characters of Crockford's base 32: the
// first 20 bits of the SHA-256 of everything before the last colon. A text that
// was misread passes once in a million times at most, on top of the code's own
// error correction. FOVEA1 is the version.
type Payload struct {
	Kind   Kind
	System string // numbering system of a patient's number; empty for jobs
	Number string
}

// Why a text is no label of ours.
var (
	// ErrForeign: the text does not begin like ours. It may be a hospital's
	// own label, for the identification rule to judge.
	ErrForeign = errors.New("label of somebody else's")
	// ErrDamaged: the text begins like ours and is wrong. It identifies nobody,
	// and nobody may try it as anything else.
	ErrDamaged = errors.New("label misread or forged")
)

const (
	family  = "FOVEA"
	version = "FOVEA1"
	base32  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// Text returns the label's text, for the job sheet. A field that no label can
// hold is Invalid.
func (p Payload) Text() (string, error) {
	parts := []string{version, string(rune(p.Kind)), p.Number}
	switch p.Kind {
	case Job, End:
		if p.System != "" {
			return "", clinical.Errorf(clinical.Invalid, "label: a job has no numbering system")
		}
	case Patient:
		if !plain(p.System) {
			return "", clinical.Errorf(clinical.Invalid, "label: numbering system cannot be printed")
		}
		parts = []string{version, "P", p.System, p.Number}
	default:
		return "", clinical.Errorf(clinical.Invalid, "label: no such kind")
	}
	if !plain(p.Number) {
		return "", clinical.Errorf(clinical.Invalid, "label: number cannot be printed")
	}
	body := strings.Join(parts, ":")
	return body + ":" + check(body), nil
}

// Parse reads the text of one of our labels. It takes exactly what Text writes:
// no other case, no space around it. Errors: ErrForeign, ErrDamaged.
func Parse(text string) (Payload, error) {
	if !ours(text) {
		return Payload{}, ErrForeign
	}
	parts := strings.Split(text, ":")
	var p Payload
	switch {
	case len(parts) == 4 && (parts[1] == "J" || parts[1] == "E"):
		p = Payload{Kind: Kind(parts[1][0]), Number: parts[2]}
	case len(parts) == 5 && parts[1] == "P":
		p = Payload{Kind: Patient, System: parts[2], Number: parts[3]}
	default:
		return Payload{}, ErrDamaged
	}
	if want, err := p.Text(); err != nil || want != text {
		return Payload{}, ErrDamaged
	}
	return p, nil
}

// ours reports whether a text begins like one of our labels, whatever cannot be
// seen or is no letter before it: a control code of the symbology, a space.
func ours(text string) bool {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	return len(text) >= len(family) && strings.EqualFold(text[:len(family)], family)
}

func check(body string) string {
	h := sha256.Sum256([]byte(body))
	n := uint32(h[0])<<12 | uint32(h[1])<<4 | uint32(h[2])>>4
	return string([]byte{base32[n>>15&31], base32[n>>10&31], base32[n>>5&31], base32[n&31]})
}

// plain tells whether a field can stand between colons.
func plain(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || c == ':' {
			return false
		}
	}
	return true
}
