package vault

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"

	"fovea/clinical"
	"fovea/vault/ledger"
)

// Three indexes stand beside the ledger and are written with it. One leads from
// the pseudonym of a person, patient, picture or set, and from the hash of a
// paper, to the entries that name it, one from a pseudonym back to the ID, one
// from the number of a journal entry to the entry of the ledger. None is
// believed: an entry is opened and compared before it is given out, and fsck
// finds a missing key.

const pseudonymSize = 16

// line is an entry of the ledger and its text.
type line struct {
	leaf ledger.Leaf
	text []byte
}

// eventKeys returns the keys under which an entry is found.
func eventKeys(l ledger.Leaf) [][]byte {
	subjects := append([]string{l.By, l.Patient, l.Set}, l.Assets...)
	out := make([][]byte, 0, len(subjects)+1)
	if l.Seq != 0 {
		out = append(out, binary.BigEndian.AppendUint64(numberKey(prefixProof, l.Seq), uint64(l.N)))
	}
	for _, s := range subjects {
		if key, ok := eventKey(s); ok {
			out = append(out, binary.BigEndian.AppendUint64(key, uint64(l.N)))
		}
	}
	if key, ok := paperKey(l.SHA256); ok {
		out = append(out, binary.BigEndian.AppendUint64(key, uint64(l.N)))
	}
	return out
}

// paperKey returns what all keys of one paper begin with: the hash that it has
// is shortened to the length of a pseudonym.
func paperKey(sum string) ([]byte, bool) {
	b, err := hex.DecodeString(sum)
	if err != nil || len(b) < pseudonymSize {
		return nil, false
	}
	return append(append(make([]byte, 0, 1+pseudonymSize+8), prefixEvent), b[:pseudonymSize]...), true
}

// eventKey returns what all keys of one subject begin with.
func eventKey(pseudonym string) ([]byte, bool) {
	id, ok := pseudonymBytes(pseudonym)
	if !ok {
		return nil, false
	}
	return append(append(make([]byte, 0, 1+pseudonymSize+8), prefixEvent), id[:]...), true
}

// pseudonymBytes is the inverse of Pseudonym's text.
func pseudonymBytes(text string) (id [pseudonymSize]byte, ok bool) {
	plain := base32.StdEncoding.WithPadding(base32.NoPadding)
	if len(text) != plain.EncodedLen(pseudonymSize) {
		return id, false
	}
	n, err := plain.Decode(id[:], bytes.ToUpper([]byte(text)))
	return id, err == nil && n == pseudonymSize
}

// subject says under which word a kind of record has a pseudonym; empty: it has
// none.
func (k kind) subject() string {
	switch k {
	case kindPerson:
		return "person"
	case kindPatient:
		return "patient"
	case kindAsset:
		return "asset"
	case kindSet:
		return "set"
	case kindGrant:
		return "grant"
	default:
		return ""
	}
}

// nameWrite returns the key that leads from the pseudonym of a record to its ID.
func (v *Vault) nameWrite(k kind, id [16]byte) (write, error) {
	sum := v.pseudonym(k.subject(), id)
	key := append([]byte{prefixName}, sum[:]...)
	value, err := v.boxes.name.seal(key, id[:])
	return write{key, value}, err
}

// named returns the ID behind a pseudonym; zero where no record has it.
func (v *Vault) named(r Reader, pseudonym string) ([16]byte, error) {
	sum, ok := pseudonymBytes(pseudonym)
	if !ok {
		return [16]byte{}, nil
	}
	key := append([]byte{prefixName}, sum[:]...)
	value, err := r.Get(key)
	if isNotFound(err) {
		return [16]byte{}, nil
	}
	if err != nil {
		return [16]byte{}, err
	}
	plain, err := v.boxes.name.open(key, value)
	if err != nil {
		return [16]byte{}, err
	}
	if len(plain) != 16 {
		return [16]byte{}, clinical.Errorf(clinical.Corrupt, "vault: name of %d bytes", len(plain))
	}
	return [16]byte(plain), nil
}

// eventsBatch is how many entries or records are indexed in one transaction.
const eventsBatch = 2000

// eventsKeys bounds the keys of that transaction: one entry can name very many
// pictures, and a store takes only so much at once.
const eventsKeys = 20_000

// indexed says how far the indexes of a vault that had none are built: so many
// entries of the ledger, and records up to this key. A vault that was made with
// them has them whole, which is eventsWhole entries.
type indexed struct {
	leaves uint64
	record []byte
}

const eventsWhole = 1<<64 - 1

func (v *Vault) readIndexed(r Reader) (indexed, error) {
	key := metaKey("events")
	value, err := r.Get(key)
	if isNotFound(err) {
		return indexed{record: []byte{}}, nil
	}
	if err != nil {
		return indexed{}, err
	}
	plain, err := v.boxes.meta.open(key, value)
	if err != nil {
		return indexed{}, err
	}
	if len(plain) < 8 {
		return indexed{}, clinical.Errorf(clinical.Corrupt, "vault: state of the ledger's index has %d bytes", len(plain))
	}
	return indexed{leaves: binary.BigEndian.Uint64(plain), record: plain[8:]}, nil
}

func (v *Vault) writeIndexed(t Txn, x indexed) error {
	key := metaKey("events")
	value, err := v.boxes.meta.seal(key, append(binary.BigEndian.AppendUint64(nil, x.leaves), x.record...))
	if err != nil {
		return err
	}
	return t.Set(key, value)
}

// buildIndexes gives a vault from before the indexes both of them. It goes on
// where a crash interrupted it. Nobody writes meanwhile.
func (v *Vault) buildIndexes(ctx context.Context) error {
	for done := false; !done; {
		err := v.opt.Store.Update(ctx, func(t Txn) error {
			x, err := v.readIndexed(t)
			if err != nil || x.leaves == eventsWhole {
				done = err == nil
				return err
			}
			more, err := v.nameRecords(t, &x)
			if err == nil && !more {
				more, err = v.indexLeaves(t, &x)
			}
			if err != nil {
				return err
			}
			if !more {
				x = indexed{leaves: eventsWhole}
			}
			return v.writeIndexed(t, x)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nameRecords names the records that follow x.record, which it moves on.
func (v *Vault) nameRecords(t Txn, x *indexed) (more bool, err error) {
	var writes []write
	last := x.record
	err = t.Scan([]byte{prefixRecord}, x.record, func(key, _ []byte) (bool, error) {
		last = append(append([]byte{}, key[1:]...), 0)
		if len(key) != 2+16 || kind(key[1]).subject() == "" {
			return true, nil
		}
		w, err := v.nameWrite(kind(key[1]), [16]byte(key[2:]))
		writes = append(writes, w)
		return len(writes) < eventsBatch, err
	})
	if err != nil {
		return false, err
	}
	x.record = last
	return len(writes) == eventsBatch, setAll(t, writes)
}

// indexLeaves indexes the entries from x.leaves on, which it moves on.
func (v *Vault) indexLeaves(t Txn, x *indexed) (more bool, err error) {
	var writes []write
	n := 0
	err = t.Scan([]byte{prefixLeaf}, numberKey(prefixLeaf, x.leaves)[1:], func(key, value []byte) (bool, error) {
		l, err := v.openLeaf(key, value)
		if err != nil {
			return false, err
		}
		for _, k := range eventKeys(l.leaf) {
			writes = append(writes, write{k, []byte{valueVersion}})
		}
		n++
		more = n == eventsBatch || len(writes) >= eventsKeys
		return !more, nil
	})
	x.leaves += uint64(n)
	if err != nil {
		return false, err
	}
	return more, setAll(t, writes)
}

func setAll(t Txn, writes []write) error {
	for _, w := range writes {
		if err := t.Set(w.key, w.value); err != nil {
			return err
		}
	}
	return nil
}

// openLeaf returns a stored entry of the ledger.
func (v *Vault) openLeaf(key, value []byte) (line, error) {
	text, err := v.boxes.leaf.open(key, value)
	if err != nil {
		return line{}, err
	}
	l, err := ledger.DecodeLeaf(text)
	if err != nil || len(key) != 9 || uint64(l.N) != binary.BigEndian.Uint64(key[1:]) {
		return line{}, clinical.Errorf(clinical.Corrupt, "vault: an entry of the ledger does not decode")
	}
	return line{leaf: l, text: text}, nil
}
