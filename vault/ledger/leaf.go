package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// LeafVersion is the version of the encoding of a Leaf.
const LeafVersion = 1

// MaxLeaf is the length of the longest encoded leaf, in bytes.
const MaxLeaf = 1 << 20

// Leaf is one entry of the log. People, patients, assets, sets and grants are
// keyed pseudonyms. The zero value of a field is left out.
type Leaf struct {
	N       int64     // number of the leaf, from 0
	Seq     uint64    // number of the journal entry; 0: nothing was changed
	Time    time.Time // to the nanosecond, kept in UTC
	Act     string    // what was done, such as consent.withdrawn
	By      string    // who
	Op      string    // the machine's operator, acting for By
	Door    string    // where it came in
	Device  string    // app password or session, never its secret
	Remote  string    // network address, or its pseudonym
	Agent   string    // the program that asked, such as davfs2/1.7
	Use     string    // purpose/audience/channel
	Patient string
	Assets  []string
	Set     string
	Grant   string
	Denied  bool
	Rule    string // the rule that decided
	Count   int64  // bytes served, hits found
	Note    string // keyed hash of a free-text reason, in hexadecimal
	SHA256  string // of a paper that was issued, or a copy that was attested, in lower-case hexadecimal
}

// wire is the order and the names of the fields in a leaf's text.
type wire struct {
	V       int       `json:"v"`
	N       int64     `json:"n"`
	Seq     uint64    `json:"seq,omitempty"`
	Time    time.Time `json:"t"`
	Act     string    `json:"act"`
	By      string    `json:"by,omitempty"`
	Op      string    `json:"op,omitempty"`
	Door    string    `json:"door,omitempty"`
	Device  string    `json:"device,omitempty"`
	Remote  string    `json:"remote,omitempty"`
	Agent   string    `json:"agent,omitempty"`
	Use     string    `json:"use,omitempty"`
	Patient string    `json:"patient,omitempty"`
	Assets  []string  `json:"assets,omitempty"`
	Set     string    `json:"set,omitempty"`
	Grant   string    `json:"grant,omitempty"`
	Denied  bool      `json:"denied,omitempty"`
	Rule    string    `json:"rule,omitempty"`
	Count   int64     `json:"count,omitempty"`
	Note    string    `json:"note,omitempty"`
	SHA256  string    `json:"sha256,omitempty"`
}

// Encode returns the one text of the leaf: JSON on one line, fields in the
// order of docs/formats/ledger.md, no spaces, empty fields left out.
func (l Leaf) Encode() ([]byte, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	text, err := line(wire{
		V: LeafVersion, N: l.N, Seq: l.Seq, Time: l.Time.UTC(), Act: l.Act, By: l.By, Op: l.Op, Door: l.Door,
		Device: l.Device, Remote: l.Remote, Agent: l.Agent, Use: l.Use, Patient: l.Patient, Assets: l.Assets, Set: l.Set,
		Grant: l.Grant, Denied: l.Denied, Rule: l.Rule, Count: l.Count, Note: l.Note, SHA256: l.SHA256,
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: leaf %d: %w", l.N, err)
	}
	if len(text) > MaxLeaf {
		return nil, fmt.Errorf("ledger: leaf %d: %d bytes are too many", l.N, len(text))
	}
	return text, nil
}

func (l Leaf) check() error {
	if l.N < 0 {
		return fmt.Errorf("ledger: leaf %d: the first is 0", l.N)
	}
	if l.Act == "" {
		return fmt.Errorf("ledger: leaf %d: no act", l.N)
	}
	if sum, err := hex.DecodeString(l.SHA256); err != nil || (len(sum) != 0 && len(sum) != sha256.Size) || hex.EncodeToString(sum) != l.SHA256 {
		return fmt.Errorf("ledger: leaf %d: %d characters are no SHA-256", l.N, len(l.SHA256))
	}
	// A byte that is no text would be replaced by another in the encoding.
	for _, s := range append([]string{l.Act, l.By, l.Op, l.Door, l.Device, l.Remote, l.Agent, l.Use, l.Patient, l.Set, l.Grant, l.Rule, l.Note}, l.Assets...) {
		if !utf8.ValidString(s) {
			return fmt.Errorf("ledger: leaf %d: a field is not UTF-8", l.N)
		}
	}
	return nil
}

// DecodeLeaf reads what Encode wrote, and nothing else: any other text with
// the same meaning is an error.
func DecodeLeaf(text []byte) (Leaf, error) {
	if len(text) > MaxLeaf {
		return Leaf{}, fmt.Errorf("ledger: leaf of %d bytes is too long", len(text))
	}
	var w wire
	if err := strict(text, &w); err != nil {
		return Leaf{}, fmt.Errorf("ledger: leaf: %w", err)
	}
	if w.V != LeafVersion {
		return Leaf{}, fmt.Errorf("ledger: leaf of version %d, this program reads %d", w.V, LeafVersion)
	}
	l := Leaf{
		N: w.N, Seq: w.Seq, Time: w.Time, Act: w.Act, By: w.By, Op: w.Op, Door: w.Door, Device: w.Device,
		Remote: w.Remote, Agent: w.Agent, Use: w.Use, Patient: w.Patient, Assets: w.Assets, Set: w.Set, Grant: w.Grant,
		Denied: w.Denied, Rule: w.Rule, Count: w.Count, Note: w.Note, SHA256: w.SHA256,
	}
	again, err := l.Encode()
	if err != nil {
		return Leaf{}, err
	}
	if !bytes.Equal(again, text) {
		return Leaf{}, errors.New("ledger: leaf is not in its one encoding")
	}
	return l, nil
}

// line encodes v as JSON on one line, without the end of the line.
func line(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// strict decodes one JSON value with no field that v lacks and nothing behind.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New("not the JSON that belongs here")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
