package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is what a log commits to: its first Size leaves have root Root.
type Checkpoint struct {
	Origin string // the log's name
	Size   int64
	Root   Hash
}

// body is the text that is signed: c2sp.org/tlog-checkpoint without extension
// lines.
func (c Checkpoint) body() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// rooted reports whether a checkpoint of no leaves has the one root that no
// leaves have, the hash of nothing (RFC 6962): any other would be a second
// history that every later checkpoint seems to extend.
func (c Checkpoint) rooted() bool { return c.Size > 0 || c.Root == sha256.Sum256(nil) }

// Signer signs the checkpoints of one log. It prints as [redacted].
type Signer struct {
	origin string
	public string
	sign   note.Signer
}

// String hides the key.
func (s *Signer) String() string { return "[redacted]" }

// GoString hides the key.
func (s *Signer) GoString() string { return "[redacted]" }

// NewKey makes a log's Ed25519 key from random, for NewSigner. origin names the
// log for ever, such as vault.hospital.example/ledger; it has no spaces and no
// plus sign.
func NewKey(random io.Reader, origin string) (secret string, err error) {
	secret, _, err = note.GenerateKey(random, origin)
	if err != nil {
		return "", fmt.Errorf("ledger: make a key: %w", err)
	}
	if _, err := NewSigner(secret); err != nil {
		return "", err
	}
	return secret, nil
}

// NewSigner returns the signer for a key that NewKey made. Errors hold nothing
// of the key.
func NewSigner(secret string) (*Signer, error) {
	bad := errors.New("ledger: this is not the key of a log")
	sign, err := note.NewSigner(secret)
	if err != nil {
		return nil, bad
	}
	// PRIVATE+KEY+<name>+<hash>+<base64 of algorithm and seed>
	parts := strings.SplitN(secret, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, bad
	}
	public, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return nil, bad
	}
	verifier, err := note.NewEd25519VerifierKey(sign.Name(), public)
	if err != nil {
		return nil, bad
	}
	return &Signer{origin: sign.Name(), public: verifier, sign: sign}, nil
}

// Origin is the log's name.
func (s *Signer) Origin() string { return s.origin }

// Key is the public key, as text: what an auditor keeps.
func (s *Signer) Key() string { return s.public }

// Checkpoint signs that the first size leaves have root. The log must never
// sign two that disagree.
func (s *Signer) Checkpoint(size int64, root Hash) ([]byte, error) {
	c := Checkpoint{Origin: s.origin, Size: size, Root: root}
	if size < 0 || !c.rooted() {
		return nil, fmt.Errorf("ledger: checkpoint at size %d", size)
	}
	text, err := note.Sign(&note.Note{Text: c.body()}, s.sign)
	if err != nil {
		return nil, fmt.Errorf("ledger: sign checkpoint at %d: %w", size, err)
	}
	return text, nil
}

// maxCheckpoint is the length of the longest checkpoint, in bytes.
const maxCheckpoint = 16 << 10

// OpenCheckpoint reads a checkpoint that at least one of the trusted keys has
// signed. Signatures by other keys are passed over, as the standard wants; all
// that verify must be in their one encoding.
func OpenCheckpoint(text []byte, trusted ...string) (Checkpoint, error) {
	c, _, err := openNote(text, trusted)
	return c, err
}

func openNote(text []byte, trusted []string) (Checkpoint, *note.Note, error) {
	if len(text) > maxCheckpoint {
		return Checkpoint{}, nil, fmt.Errorf("ledger: checkpoint of %d bytes", len(text))
	}
	verifiers := make([]note.Verifier, 0, len(trusted))
	for _, key := range trusted {
		v, err := parseKey(key)
		if err != nil {
			return Checkpoint{}, nil, err
		}
		verifiers = append(verifiers, v)
	}
	n, err := note.Open(text, note.VerifierList(verifiers...))
	if err != nil {
		return Checkpoint{}, nil, errors.New("ledger: checkpoint is not signed by a key that is trusted")
	}
	for _, sig := range n.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return Checkpoint{}, nil, errors.New("ledger: signature of a checkpoint is not in its one encoding")
		}
	}
	c, err := parseBody(n.Text)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	if n.Sigs[0].Name != c.Origin {
		return Checkpoint{}, nil, errors.New("ledger: checkpoint is signed by the key of another log")
	}
	return c, n, nil
}

func parseBody(text string) (Checkpoint, error) {
	bad := errors.New("ledger: checkpoint does not read")
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, bad
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, bad
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, bad
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	if c.body() != text || !c.rooted() {
		return Checkpoint{}, bad
	}
	return c, nil
}

// parseKey reads a public key that is in its one encoding.
func parseKey(key string) (note.Verifier, error) {
	bad := errors.New("ledger: this is not the public key of a log")
	v, err := note.NewVerifier(key)
	if err != nil {
		return nil, bad
	}
	// <name>+<hash>+<base64 of algorithm and key>
	parts := strings.SplitN(key, "+", 3)
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return nil, bad
	}
	again, err := note.NewEd25519VerifierKey(v.Name(), raw[1:])
	if err != nil || !bytes.Equal([]byte(again), []byte(key)) {
		return nil, bad
	}
	return v, nil
}
