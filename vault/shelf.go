package vault

import (
	"context"
	"encoding/binary"

	"fovea/clinical"
)

// Shelf is a small sealed key and value store for what is not a record: the
// doors' sessions and locks, a follower's cursor. It is outside journal and
// ledger. Names and keys leave no trace on the disk.
type Shelf struct {
	v      *Vault
	name   string
	prefix []byte
}

// Shelf returns the shelf of a name. Values of at most 1 MiB are meant.
func (v *Vault) Shelf(name string) *Shelf {
	sum := keyed(v.secrets.shelf, []byte("shelf"), []byte(name))
	return &Shelf{v: v, name: name, prefix: append([]byte{prefixShelf}, sum[:8]...)}
}

const shelfValueMax = 1 << 20

func (s *Shelf) key(key string) []byte {
	sum := keyed(s.v.secrets.shelf, []byte("key"), []byte(s.name), []byte(key))
	return append(append([]byte(nil), s.prefix...), sum[:16]...)
}

// Get returns the value of key, NotFound when there is none.
func (s *Shelf) Get(ctx context.Context, key string) ([]byte, error) {
	var out []byte
	err := s.v.opt.Store.View(ctx, func(r Reader) error {
		at := s.key(key)
		value, err := r.Get(at)
		if err != nil {
			return err
		}
		name, plain, err := s.open(at, value)
		if err == nil && name != key {
			err = clinical.Errorf(clinical.Corrupt, "vault: a shelf value lies under another key")
		}
		out = plain
		return err
	})
	return out, err
}

// open splits a stored value into key and value.
func (s *Shelf) open(at, value []byte) (string, []byte, error) {
	plain, err := s.v.boxes.shelf.open(at, value)
	if err != nil {
		return "", nil, err
	}
	if len(plain) < 4 || uint64(len(plain)-4) < uint64(binary.BigEndian.Uint32(plain)) {
		return "", nil, clinical.Errorf(clinical.Corrupt, "vault: a shelf value is too short")
	}
	n := binary.BigEndian.Uint32(plain)
	return string(plain[4 : 4+n]), plain[4+n:], nil
}

// Put sets the value of key; it is durable when Put returns.
func (s *Shelf) Put(ctx context.Context, key string, value []byte) error {
	if len(value) > shelfValueMax {
		return clinical.Errorf(clinical.Invalid, "vault: shelf value of %d bytes", len(value))
	}
	at := s.key(key)
	sealed, err := s.v.boxes.shelf.seal(at, append(appendBytes(nil, []byte(key)), value...))
	if err != nil {
		return err
	}
	return s.v.shelve(ctx, write{key: at, value: sealed})
}

// Delete forgets key; a missing one is no error.
func (s *Shelf) Delete(ctx context.Context, key string) error {
	return s.v.shelve(ctx, write{key: s.key(key)})
}

// Each calls f for every key, in no particular order, until f returns an
// error. f must not change the vault.
func (s *Shelf) Each(ctx context.Context, f func(key string, value []byte) error) error {
	return s.v.opt.Store.View(ctx, func(r Reader) error {
		return r.Scan(s.prefix, nil, func(at, value []byte) (bool, error) {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			key, plain, err := s.open(at, value)
			if err != nil {
				return false, err
			}
			return true, f(key, plain)
		})
	})
}

// shelve gives a write to the sequencer, which puts it into its next
// transaction. On a full disk it may use the reserve: whoever has to withdraw a
// consent has to sign in first.
func (v *Vault) shelve(ctx context.Context, w write) error {
	if err := v.allow(int64(len(w.key)+len(w.value)), true); err != nil {
		return err
	}
	_, err := v.submit(ctx, &request{shelf: &w})
	return err
}
