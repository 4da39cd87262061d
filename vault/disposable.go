package vault

import (
	"context"
	"fmt"
	"strings"

	"fovea/clinical"
)

// A disposable key seals what can be made again from the vault, such as the
// search index. It lies in the keyring like a patient's key and not among those
// that Derive gives, so that it can be destroyed: whoever holds a copy of what
// was sealed under it holds noise from then on.

// disposableName is the name in the keyring of a purpose's n-th key. Patients'
// names begin with p, studios' with s.
func disposableName(purpose string, n int) string { return fmt.Sprintf("k%s/%d", purpose, n) }

// disposables returns the numbers in the ring of a purpose's living keys, oldest
// first, and how many it ever had.
func (k *keyring) disposables(purpose string) (living []uint64, all int) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	prefix := strings.TrimSuffix(disposableName(purpose, 0), "0")
	for i, o := range k.ring.owners {
		if !strings.HasPrefix(o.name, prefix) {
			continue
		}
		all++
		if !o.gone {
			living = append(living, uint64(i+1))
		}
	}
	return living, all
}

func (k *keyring) newestDisposable(purpose string) ([keySize]byte, bool, error) {
	living, _ := k.disposables(purpose)
	if len(living) == 0 {
		return [keySize]byte{}, false, nil
	}
	o, _, err := k.ownerNumbered(living[len(living)-1])
	if err != nil {
		return [keySize]byte{}, false, err
	}
	return subkey(o.key[:], nil, "disposable"), true, nil
}

// DisposableKey returns the newest key of a purpose, and makes the first.
func (v *Vault) DisposableKey(ctx context.Context, purpose string) ([32]byte, error) {
	key, found, err := v.keys.newestDisposable(purpose)
	if err != nil || found {
		return key, err
	}
	return v.NewDisposableKey(ctx, purpose)
}

// NewDisposableKey makes a new key for a purpose and returns it once it is
// durable. The ones before stay until DestroyOldKeys.
func (v *Vault) NewDisposableKey(ctx context.Context, purpose string) ([32]byte, error) {
	if purpose == "" || strings.Contains(purpose, "/") {
		return [32]byte{}, clinical.Errorf(clinical.Invalid, "vault: a key for %q", purpose)
	}
	err := v.work(ctx, func(ctx context.Context) error {
		_, all := v.keys.disposables(purpose)
		return v.keys.ensure(ctx, []string{disposableName(purpose, all+1)}, 0, 0)
	})
	if err != nil {
		return [32]byte{}, err
	}
	key, _, err := v.keys.newestDisposable(purpose)
	return key, err
}

// DestroyOldKeys destroys every key of a purpose but the newest, as an erasure
// destroys a patient's: the root key and its recovery copies are new afterwards.
func (v *Vault) DestroyOldKeys(ctx context.Context, purpose string) error {
	if living, _ := v.keys.disposables(purpose); len(living) < 2 {
		return nil
	}
	return v.work(ctx, func(ctx context.Context) error {
		living, _ := v.keys.disposables(purpose)
		if len(living) < 2 {
			return nil
		}
		return v.keys.destroy(ctx, condemned{owners: living[:len(living)-1], rotate: true})
	})
}

// work has the sequencer, who alone changes the keyring, run f, and notes the
// keyring's new epoch in the store.
func (v *Vault) work(ctx context.Context, f func(context.Context) error) error {
	_, err := v.submit(ctx, &request{work: func(ctx context.Context) error {
		if err := f(ctx); err != nil {
			return err
		}
		return v.opt.Store.Update(ctx, func(t Txn) error {
			h, err := v.readHead(t)
			if err != nil {
				return err
			}
			return v.writeHead(t, h)
		})
	}})
	return err
}

// doWork runs what in the batch is no change, and returns the changes.
func (v *Vault) doWork(ctx context.Context, batch []*request) []*request {
	var changes []*request
	for _, r := range batch {
		if r.work == nil {
			changes = append(changes, r)
			continue
		}
		r.answer(clinical.Change{}, r.work(ctx))
	}
	return changes
}
