package pack

import (
	"io"

	"fovea/clinical"
)

// PasswordBits is how much a password of this package leaves to guess.
const PasswordBits = 100

// Password returns a new password of 20 characters in four groups, such as
// k7m2q-9xw4d-…: lower case, without letters that look alike, to be read over a
// telephone. Each character holds 5 bits of r, which is crypto/rand.Reader.
func Password(r io.Reader) (string, error) {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	var random [PasswordBits / 5]byte
	if _, err := io.ReadFull(r, random[:]); err != nil {
		return "", clinical.Errorf(clinical.Unavailable, "pack: no random bits: %w", err)
	}
	out := make([]byte, 0, len(random)+3)
	for i, b := range random {
		if i > 0 && i%5 == 0 {
			out = append(out, '-')
		}
		out = append(out, alphabet[b&31])
	}
	return string(out), nil
}
