package vault

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"strings"
	"time"

	"fovea/clinical"
)

// leaf is an entry of the ledger: an event in which people, patients, pictures,
// sets and grants have keyed pseudonyms, and a person's words a keyed hash.
// The order of the fields is the order in the canonical JSON.
type leaf struct {
	Version  int      `json:"v"`
	Seq      uint64   `json:"seq,omitempty"` // of the journal entry; none: a look, not a change
	At       string   `json:"at"`            // RFC 3339, UTC
	Act      string   `json:"act"`
	Who      string   `json:"who,omitempty"`
	Operator string   `json:"operator,omitempty"`
	Door     string   `json:"door,omitempty"`
	Device   string   `json:"device,omitempty"`
	Remote   string   `json:"remote,omitempty"`
	Agent    string   `json:"agent,omitempty"`
	Purpose  string   `json:"purpose,omitempty"`
	Audience string   `json:"audience,omitempty"`
	Channel  string   `json:"channel,omitempty"`
	Patient  string   `json:"patient,omitempty"`
	Assets   []string `json:"assets,omitempty"`
	Set      string   `json:"set,omitempty"`
	Grant    string   `json:"grant,omitempty"`
	Denied   bool     `json:"denied,omitempty"`
	Rule     string   `json:"rule,omitempty"`
	Count    int      `json:"count,omitempty"`
	Note     string   `json:"note,omitempty"` // keyed hash
}

// leafOf returns the canonical JSON of an event.
func (v *Vault) leafOf(e clinical.Event, seq uint64) []byte {
	l := leaf{
		Version: 1, Seq: seq, At: e.At.UTC().Format(time.RFC3339Nano), Act: string(e.Act),
		Who: v.Pseudonym("person", e.Caller.Person), Operator: e.Caller.Operator, Door: string(e.Caller.Door),
		Device: v.hashed("device", e.Caller.Device), Remote: e.Caller.Remote, Agent: v.hashed("agent", e.Caller.Agent),
		Purpose: e.Use.Purpose.String(), Audience: e.Use.Audience.String(), Channel: e.Use.Channel.String(),
		Patient: v.Pseudonym("patient", e.Patient), Set: v.Pseudonym("set", e.Set), Grant: v.Pseudonym("grant", e.Grant),
		Denied: e.Denied, Rule: e.Rule, Count: e.Count, Note: v.hashed("note", e.Note),
	}
	for _, a := range e.Assets {
		l.Assets = append(l.Assets, v.Pseudonym("asset", a))
	}
	// A struct of strings, numbers and booleans always encodes.
	out, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	return out
}

func (v *Vault) hashed(what, text string) string {
	if text == "" {
		return ""
	}
	sum := keyed(v.secrets.pseudonym, []byte("text/"+what), []byte(text))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
}

// appendLeaf writes the next entry of the ledger.
func (v *Vault) appendLeaf(t Txn, h *head, text []byte) error {
	key := numberKey(prefixLeaf, h.leaves)
	value, err := v.boxes.leaf.seal(key, text)
	if err != nil {
		return err
	}
	h.leaves++
	return t.Set(key, value)
}

// gap is the entry that says entries are missing: count of them, 0 for an
// unknown number of at most a second's.
func gap(at time.Time, rule string, count int) clinical.Event {
	return clinical.Event{At: at, Act: clinical.ActGapDeclared, Rule: rule, Count: count}
}

// Note writes one line into the ledger and nothing else. It is durable when
// Note returns: only then may what it records happen.
func (v *Vault) Note(ctx context.Context, e clinical.Event) error {
	if err := v.allow(0, true); err != nil {
		return err
	}
	_, err := v.submit(ctx, &request{change: clinical.Change{Event: e}})
	return err
}

// NoteLater writes a line into the ledger with the next transaction, within a
// second. It never blocks. Lines that a crash or a full queue loses are
// declared as a gap.
func (v *Vault) NoteLater(e clinical.Event) {
	v.watch.noted(v.opt.Now())
	select {
	case v.later <- e:
	default:
		v.dropped.Add(1)
	}
}

// hold keeps a line for the next transaction.
func (v *Vault) hold(e clinical.Event) {
	if len(v.held) >= laterMax {
		v.dropped.Add(1)
		return
	}
	v.held = append(v.held, e)
}

// takeLater collects the lines that wait.
func (v *Vault) takeLater() {
	for {
		select {
		case e := <-v.later:
			v.hold(e)
		default:
			return
		}
	}
}
