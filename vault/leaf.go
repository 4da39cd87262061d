package vault

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
)

// leafOf returns the ledger's entry for an event: people, patients, pictures,
// sets and grants have keyed pseudonyms, a person's words a keyed hash.
func (v *Vault) leafOf(e clinical.Event, seq, n uint64) (line, error) {
	l := ledger.Leaf{
		N: int64(n), Seq: seq, Time: e.At, Act: valid(string(e.Act)),
		By: v.nameOf("person", e.Caller.Person), Op: valid(e.Caller.Operator), Door: valid(string(e.Caller.Door)),
		Device: v.hashed("device", e.Caller.Device), Remote: valid(e.Caller.Remote), Agent: product(e.Caller.Agent), Use: useText(e.Use),
		Patient: v.nameOf("patient", e.Patient), Set: v.nameOf("set", e.Set), Grant: v.nameOf("grant", e.Grant),
		Denied: e.Denied, Rule: valid(e.Rule), Count: int64(e.Count), Note: v.hashed("note", e.Note), SHA256: e.SHA256,
	}
	for _, a := range e.Assets {
		l.Assets = append(l.Assets, v.nameOf("asset", a))
	}
	text, err := l.Encode()
	if err != nil {
		return line{}, clinical.Errorf(clinical.Invalid, "vault: %w", err)
	}
	return line{leaf: l, text: text}, nil
}

// subject is somebody or something that has a pseudonym.
type subject struct {
	what string
	id   [16]byte
}

// nameOf is Pseudonym for the sequencer, which meets the same few again and
// again.
func (v *Vault) nameOf(what string, id [16]byte) string {
	s := subject{what, id}
	if name, known := v.recent[s]; known {
		return name
	}
	if len(v.recent) >= laterMax {
		clear(v.recent)
	}
	name := v.Pseudonym(what, id)
	v.recent[s] = name
	return name
}

// valid makes text of what came from outside: one odd byte in a device's name
// must not keep an act from being recorded.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// maxProduct is the length of the longest name of a program that is kept, in bytes.
const maxProduct = 64

// product is what is kept of a user agent: the first product with its version
// (RFC 9110, 10.1.5). What follows is whatever somebody chose to write, and an
// entry is for ever.
func product(agent string) string {
	first, _, _ := strings.Cut(agent, " ")
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/._-+", r)
	}
	if len(first) > maxProduct || strings.ContainsFunc(first, odd) {
		return "other"
	}
	return first
}

func useText(u clinical.Use) string {
	if u == (clinical.Use{}) {
		return ""
	}
	return u.Purpose.String() + "/" + u.Audience.String() + "/" + u.Channel.String()
}

func (v *Vault) hashed(what, text string) string {
	if text == "" {
		return ""
	}
	sum := keyed(v.secrets.pseudonym, []byte("text/"+what), []byte(text))
	return hex.EncodeToString(sum[:])
}

// appendLeaf writes the next entry of the ledger, the keys under which it is
// found, and the nodes of the tree that it completes.
func (v *Vault) appendLeaf(t Txn, h *head, l line) error {
	first, hashes, err := ledger.Append(int64(h.leaves), l.text, hashReader(t))
	if err != nil {
		return err
	}
	for i, hash := range hashes {
		if err := t.Set(numberKey(prefixHash, uint64(first)+uint64(i)), append([]byte{valueVersion}, hash[:]...)); err != nil {
			return err
		}
	}
	for _, key := range eventKeys(l.leaf) {
		if err := t.Set(key, []byte{valueVersion}); err != nil {
			return err
		}
	}
	key := numberKey(prefixLeaf, h.leaves)
	value, err := v.boxes.leaf.seal(key, l.text)
	if err != nil {
		return err
	}
	h.leaves++
	return t.Set(key, value)
}

// hashReader reads nodes of the tree. They are not sealed: each checkpoint
// vouches for all of them.
func hashReader(r Reader) ledger.Reader {
	return func(indexes []int64) ([]ledger.Hash, error) {
		out := make([]ledger.Hash, len(indexes))
		for i, n := range indexes {
			value, err := r.Get(numberKey(prefixHash, uint64(n)))
			if err != nil {
				return nil, err
			}
			if err := checkVersion("a node of the ledger", value); err != nil {
				return nil, err
			}
			if len(value) != 1+len(out[i]) {
				return nil, clinical.Errorf(clinical.Corrupt, "vault: node %d of the ledger has %d bytes", n, len(value))
			}
			copy(out[i][:], value[1:])
		}
		return out, nil
	}
}

// appendEvent writes the entry of an event that is no part of a change. One
// that cannot be written as it is leaves a gap entry in its place, so that it
// never holds up the others.
func (v *Vault) appendEvent(t Txn, h *head, e clinical.Event) error {
	l, err := v.leafOf(e, 0, h.leaves)
	if err != nil {
		if l, err = v.leafOf(gap(v.opt.Now(), "unwritable", 1), 0, h.leaves); err != nil {
			return err
		}
	}
	return v.appendLeaf(t, h, l)
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
