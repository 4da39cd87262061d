package vault

import (
	"context"
	"encoding/binary"
	"encoding/json"

	"fovea/clinical"
)

// ref names a record that a change touched.
type ref struct {
	kind kind
	id   [16]byte
}

// entry is a journal entry as stored: who did what, to which records. A
// person's free text is sealed once more, under the patient's key.
type entry struct {
	Event clinical.Event // without Note
	Refs  []byte         // 17 bytes each: kind, ID
	Note  []byte         `json:",omitempty"`
	Owner uint64         `json:",omitempty"` // number of the key that seals Note; 0: the store's
}

const refSize = 17

// loadBatch is how many records Load gives at a time.
const loadBatch = 512

func isNotFound(err error) bool { return err != nil && clinical.KindOf(err) == clinical.NotFound }

func (v *Vault) planJournal(p *plan) error {
	key := numberKey(prefixJournal, p.head.seq)
	e := entry{Event: p.change.Event}
	e.Event.Note = ""
	for _, r := range p.refs {
		e.Refs = append(append(e.Refs, byte(r.kind)), r.id[:]...)
	}
	if note := p.change.Note; note != "" {
		a := v.boxes.record.aead
		if name := ownerName(p.change.Patient, ""); name != "" {
			o, err := v.keys.owner(name)
			switch {
			case clinical.ReasonOf(err) == "erased": // what is said of an erasure after it
			case err != nil:
				return clinical.Errorf(clinical.Invalid, "vault: the event names a patient without key: %w", err)
			default:
				e.Owner, a = o.number, o.records
			}
		}
		var err error
		if e.Note, err = seal(a, v.opt.Rand, nil, []byte(note), append([]byte("note"), key...)); err != nil {
			return err
		}
	}
	plain, err := json.Marshal(e)
	if err != nil {
		return clinical.Errorf(clinical.Internal, "vault: encode entry: %w", err)
	}
	value, err := v.boxes.journal.seal(key, plain)
	p.set(key, value)
	return err
}

func (v *Vault) openEntry(key, value []byte) (clinical.Change, []ref, error) {
	plain, err := v.boxes.journal.open(key, value)
	if err != nil {
		return clinical.Change{}, nil, err
	}
	var e entry
	if err := json.Unmarshal(plain, &e); err != nil || len(e.Refs)%refSize != 0 || len(key) != 9 {
		return clinical.Change{}, nil, clinical.Errorf(clinical.Corrupt, "vault: journal entry does not decode")
	}
	c := clinical.Change{Seq: binary.BigEndian.Uint64(key[1:]), Event: e.Event}
	if c.Note, err = v.openNote(key, e); err != nil {
		return clinical.Change{}, nil, err
	}
	var refs []ref
	for i := 0; i < len(e.Refs); i += refSize {
		refs = append(refs, ref{kind(e.Refs[i]), [16]byte(e.Refs[i+1:])})
	}
	return c, refs, nil
}

// openNote returns a person's free text, empty once the patient was erased.
func (v *Vault) openNote(key []byte, e entry) (string, error) {
	if len(e.Note) == 0 {
		return "", nil
	}
	a := v.boxes.record.aead
	if e.Owner != 0 {
		o, _, err := v.keys.ownerNumbered(e.Owner)
		if isNotFound(err) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		a = o.records
	}
	plain, err := unseal(a, e.Note, 0, append([]byte("note"), key...))
	return string(plain), err
}

// Changes returns the journal entries after the number given, at most limit,
// with their records as they are now. It waits until there is one, or until
// ctx ends, which is its error then.
func (v *Vault) Changes(ctx context.Context, after uint64, limit int) ([]clinical.Change, error) {
	for {
		v.mu.Lock()
		last, moved := v.head.seq, v.moved
		v.mu.Unlock()
		if last > after {
			return v.readChanges(ctx, after, limit)
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-v.stopped:
			return nil, errStopped()
		}
	}
}

func (v *Vault) readChanges(ctx context.Context, after uint64, limit int) ([]clinical.Change, error) {
	var out []clinical.Change
	err := v.opt.Store.View(ctx, func(r Reader) error {
		from := numberKey(prefixJournal, after+1)[1:]
		return r.Scan([]byte{prefixJournal}, from, func(key, value []byte) (bool, error) {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			c, refs, err := v.openEntry(key, value)
			if err != nil {
				return false, err
			}
			if c.Seq != after+1+uint64(len(out)) {
				return false, clinical.Errorf(clinical.Corrupt, "vault: journal entry %d is missing", after+1+uint64(len(out)))
			}
			if err := v.readRefs(r, &c.Delta, refs); err != nil {
				return false, err
			}
			out = append(out, c)
			return len(out) < max(limit, 1), nil
		})
	})
	return out, err
}

// readRefs reads records as they are now; one whose key was destroyed is left
// out.
func (v *Vault) readRefs(r Reader, d *clinical.Delta, refs []ref) error {
	for _, f := range refs {
		key := recordKey(f.kind, f.id)
		value, err := r.Get(key)
		if err != nil {
			if isNotFound(err) {
				return clinical.Errorf(clinical.Corrupt, "vault: a record of the journal is missing")
			}
			return err
		}
		if err := v.decodeStored(d, f.kind, key, value); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vault) decodeStored(d *clinical.Delta, k kind, key, value []byte) error {
	_, plain, err := v.openRecord(key, value)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return appendRecord(d, k, plain)
}

// Load gives every record as it is at one point of the journal, in batches,
// kind by kind, and returns that point: follow on from there with Changes.
// f must not change the vault.
func (v *Vault) Load(ctx context.Context, f func(clinical.Delta) error) (uint64, error) {
	var seq uint64
	err := v.opt.Store.View(ctx, func(r Reader) error {
		h, err := v.readHead(r)
		if err != nil {
			return err
		}
		seq = h.seq
		for _, k := range kinds() {
			if err := v.loadKind(ctx, r, k, f); err != nil {
				return err
			}
		}
		return nil
	})
	return seq, err
}

func (v *Vault) loadKind(ctx context.Context, r Reader, k kind, f func(clinical.Delta) error) error {
	var d clinical.Delta
	n := 0
	err := r.Scan([]byte{prefixRecord, byte(k)}, nil, func(key, value []byte) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if err := v.decodeStored(&d, k, key, value); err != nil {
			return false, err
		}
		if n++; n%loadBatch != 0 {
			return true, nil
		}
		full := d
		d = clinical.Delta{}
		return true, f(full)
	})
	if err != nil || n%loadBatch == 0 {
		return err
	}
	return f(d)
}

// Head returns the number of the last journal entry.
func (v *Vault) Head() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.head.seq
}
