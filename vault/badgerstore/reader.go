package badgerstore

import (
	"bytes"
	"context"
	"fmt"
	"runtime/debug"

	"github.com/dgraph-io/badger/v4"

	"fovea/clinical"
	"fovea/vault"
)

// Every key begins with one of these, so that the log check can find its way
// back after damage by looking for them.
const (
	recordPrefix = "r|" // + the vault's key → the vault's value
	chunkPrefix  = "b|" // + blob ID + number of the chunk, 4 bytes → its bytes
	headPrefix   = "h|" // + blob ID → size and time
	openPrefix   = "o|" // + blob ID → time; the blob is not whole
)

// View runs f on the records as they were when it began.
func (s *Store) View(ctx context.Context, f func(vault.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	db, leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	t := db.NewTransaction(false)
	defer t.Discard()
	return f(&reader{store: s, badger: t})
}

// reader is one consistent view of the records.
type reader struct {
	store  *Store
	badger *badger.Txn
}

// Get returns a copy of the value.
func (r *reader) Get(key []byte) ([]byte, error) {
	var value []byte
	err := r.store.guard(func() error {
		item, err := r.badger.Get(record(key))
		if err != nil {
			return err
		}
		value, err = read(item, nil)
		return err
	})
	return value, err
}

// record returns the key under which a record lies.
func record(key []byte) []byte { return append([]byte(recordPrefix), key...) }

// slack is how much Badger's estimate of a value's size may exceed it: the
// header of an entry in the log has a varying size.
const slack = 32

// read copies an item's value to buffer. A value that comes back shorter than
// its entry says is Corrupt: Badger gives no error for it.
func read(item *badger.Item, buffer []byte) ([]byte, error) {
	value, err := item.ValueCopy(buffer)
	if err != nil {
		return nil, err
	}
	if int64(len(value)) < item.ValueSize()-slack || (len(value) == 0 && item.ValueSize() > 0) {
		return nil, clinical.Errorf(clinical.Corrupt, "badgerstore: value of %d bytes cannot be read", item.ValueSize())
	}
	if value == nil {
		value = []byte{}
	}
	return value, nil
}

// Scan goes through the keys that start with prefix.
func (r *reader) Scan(prefix, from []byte, f func(key, value []byte) (bool, error)) error {
	within := record(prefix)
	it := r.badger.NewIterator(badger.IteratorOptions{Prefix: within})
	defer it.Close()
	var value []byte
	step := func() { it.Seek(append(bytes.Clone(within), from...)) }
	for ; ; step = it.Next {
		valid := false
		err := r.store.guard(func() error {
			step()
			if valid = it.ValidForPrefix(within); !valid {
				return nil
			}
			var err error
			value, err = read(it.Item(), value)
			return err
		})
		if err != nil || !valid {
			return err
		}
		more, err := f(it.Item().Key()[len(recordPrefix):], value)
		if err != nil || !more {
			return err
		}
	}
}

// guard runs f, which touches memory that the database has mapped from files.
// A fault there is Corrupt and counted; so is any other panic of Badger's over
// what it read. f must not call code of the vault's.
func (s *Store) guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			s.faults.Add(1)
			err = clinical.Errorf(clinical.Corrupt, "badgerstore: fault while reading: %v", cause(p))
		}
	}()
	return kinded(f())
}

// cause describes a panic without its values, which could hold a key.
func cause(p any) string {
	if fault, ok := p.(interface{ Addr() uintptr }); ok {
		return fmt.Sprintf("memory at %#x", fault.Addr())
	}
	return fmt.Sprintf("%T", p)
}
