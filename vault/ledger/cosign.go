package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A cosignature is a witness's word that a checkpoint extends every one of that
// log's which it cosigned before: c2sp.org/tlog-cosignature, Ed25519.

// cosignatureAlg is the byte that tells a cosigner's key from a log's.
const cosignatureAlg = 4

// Cosigner signs for a witness. It prints as [redacted].
type Cosigner struct {
	name string
	key  ed25519.PrivateKey
}

// String hides the key.
func (c *Cosigner) String() string { return "[redacted]" }

// GoString hides the key.
func (c *Cosigner) GoString() string { return "[redacted]" }

// NewCosignerKey makes a witness's key from random, for NewCosigner. name names
// the witness for ever, such as witness.example.org/w1.
func NewCosignerKey(random io.Reader, name string) (secret string, err error) {
	public, private, err := ed25519.GenerateKey(random)
	if err != nil {
		return "", fmt.Errorf("ledger: make a key: %w", err)
	}
	raw := append([]byte{cosignatureAlg}, private.Seed()...)
	secret = fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, cosignerHash(name, public), base64.StdEncoding.EncodeToString(raw))
	_, err = NewCosigner(secret)
	return secret, err
}

// NewCosigner returns the cosigner for a key that NewCosignerKey made. Errors
// hold nothing of the key.
func NewCosigner(secret string) (*Cosigner, error) {
	bad := errors.New("ledger: this is not the key of a witness")
	parts := strings.SplitN(secret, "+", 5)
	if len(parts) != 5 || parts[0] != "PRIVATE" || parts[1] != "KEY" || !nameable(parts[2]) {
		return nil, bad
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != cosignatureAlg {
		return nil, bad
	}
	c := &Cosigner{name: parts[2], key: ed25519.NewKeyFromSeed(raw[1:])}
	if fmt.Sprintf("%08x", cosignerHash(c.name, c.public())) != parts[3] {
		return nil, bad
	}
	return c, nil
}

func nameable(name string) bool { return name != "" && !strings.ContainsAny(name, " +\t\r\n") }

func (c *Cosigner) public() ed25519.PublicKey { return ed25519.PublicKey(c.key[ed25519.SeedSize:]) }

// Key is the witness's public key, as text: what a log is configured with.
func (c *Cosigner) Key() string {
	raw := append([]byte{cosignatureAlg}, c.public()...)
	return fmt.Sprintf("%s+%08x+%s", c.name, cosignerHash(c.name, c.public()), base64.StdEncoding.EncodeToString(raw))
}

func cosignerHash(name string, public ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), append([]byte{cosignatureAlg}, public...)...))
	return binary.BigEndian.Uint32(sum[:])
}

// Cosign returns the signature line for a checkpoint. That the checkpoint is
// signed by its log, and extends what was cosigned before, is the caller's to
// have checked.
func (c *Cosigner) Cosign(checkpoint []byte, at time.Time) ([]byte, error) {
	body, _, found := bytes.Cut(checkpoint, []byte("\n\n"))
	if !found || at.Unix() < 0 {
		return nil, errors.New("ledger: this is no checkpoint to cosign")
	}
	stamp := binary.BigEndian.AppendUint64(nil, uint64(at.Unix()))
	raw := binary.BigEndian.AppendUint32(nil, cosignerHash(c.name, c.public()))
	raw = append(append(raw, stamp...), ed25519.Sign(c.key, cosigned(at.Unix(), append(body, '\n')))...)
	return fmt.Appendf(nil, "— %s %s\n", c.name, base64.StdEncoding.EncodeToString(raw)), nil
}

func cosigned(at int64, body []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatInt(at, 10)+"\n"), body...)
}

// witnessKey verifies the cosignatures of one witness, and remembers the time of
// the one it verified.
type witnessKey struct {
	name   string
	hash   uint32
	public ed25519.PublicKey
	at     time.Time
}

func (w *witnessKey) Name() string    { return w.name }
func (w *witnessKey) KeyHash() uint32 { return w.hash }

func (w *witnessKey) Verify(body, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := int64(binary.BigEndian.Uint64(sig))
	if at < 0 || !ed25519.Verify(w.public, cosigned(at, body), sig[8:]) {
		return false
	}
	w.at = time.Unix(at, 0).UTC()
	return true
}

func parseWitnessKey(key string) (*witnessKey, error) {
	bad := errors.New("ledger: this is not the public key of a witness")
	parts := strings.SplitN(key, "+", 3)
	if len(parts) != 3 || !nameable(parts[0]) {
		return nil, bad
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != cosignatureAlg {
		return nil, bad
	}
	w := &witnessKey{name: parts[0], public: raw[1:]}
	if w.hash = cosignerHash(w.name, w.public); fmt.Sprintf("%08x", w.hash) != parts[1] {
		return nil, bad
	}
	return w, nil
}

// CheckWitnessKey reports, by a nil error, that key is the public key of a
// witness.
func CheckWitnessKey(key string) error {
	_, err := parseWitnessKey(key)
	return err
}

// CheckCosignature reports when the witness whose public key is key cosigned a
// checkpoint, which has the cosignature's line behind its own; an error: it did
// not. What the log itself signed is OpenCheckpoint's to check.
func CheckCosignature(checkpoint []byte, key string) (time.Time, error) {
	w, err := parseWitnessKey(key)
	if err != nil {
		return time.Time{}, err
	}
	if len(checkpoint) > maxCheckpoint {
		return time.Time{}, fmt.Errorf("ledger: checkpoint of %d bytes", len(checkpoint))
	}
	if _, err := note.Open(checkpoint, note.VerifierList(w)); err != nil {
		return time.Time{}, errors.New("ledger: the checkpoint is not cosigned by this witness")
	}
	return w.at, nil
}

// Submission is what a log sends to a witness: a checkpoint, and the proof that
// it extends the one of Old leaves (the body of c2sp.org/tlog-witness's
// add-checkpoint).
type Submission struct {
	Old        int64
	Proof      []Hash
	Checkpoint []byte
}

// MaxSubmission is the length of the longest submission, in bytes.
const MaxSubmission = maxCheckpoint + 64*(hashLen+1)

// Encode returns the body of the request.
func (s Submission) Encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", s.Old)
	for _, h := range s.Proof {
		fmt.Fprintln(&b, h)
	}
	fmt.Fprintln(&b)
	b.Write(s.Checkpoint)
	return b.Bytes()
}

// DecodeSubmission reads the body of a request. It checks the form, not the
// claim.
func DecodeSubmission(text []byte) (Submission, error) {
	bad := errors.New("ledger: submission does not read")
	head, checkpoint, found := bytes.Cut(text, []byte("\n\n"))
	if !found || len(text) > MaxSubmission {
		return Submission{}, bad
	}
	s := Submission{Checkpoint: bytes.Clone(checkpoint)}
	lines := strings.Split(string(head), "\n")
	old, ok := strings.CutPrefix(lines[0], "old ")
	var err error
	if s.Old, err = strconv.ParseInt(old, 10, 64); !ok || err != nil || s.Old < 0 || len(lines)-1 > maxPath {
		return Submission{}, bad
	}
	for _, l := range lines[1:] {
		h, err := tlog.ParseHash(l)
		if err != nil {
			return Submission{}, bad
		}
		s.Proof = append(s.Proof, h)
	}
	if !bytes.Equal(s.Encode(), text) {
		return Submission{}, bad
	}
	return s, nil
}

// Publication is a checkpoint on its way off the machine.
type Publication struct {
	Text []byte // signed
	Size int64
	// Prove returns the proof that the checkpoint extends the log's first old
	// leaves. More than there are is an error.
	Prove func(old int64) ([]Hash, error)
}

// OriginOf returns the log that a checkpoint says it is of, before any signature
// was looked at.
func OriginOf(checkpoint []byte) string {
	origin, _, _ := bytes.Cut(checkpoint, []byte("\n"))
	return string(origin)
}

// KeyOrigin returns the log whose public key is key.
func KeyOrigin(key string) (string, error) {
	v, err := parseKey(key)
	if err != nil {
		return "", err
	}
	return v.Name(), nil
}
