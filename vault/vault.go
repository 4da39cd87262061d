// Package vault is the one durable thing: sealed pictures, the records about
// them, the journal of every change, the ledger that proves it, and the
// keyring without which the rest is noise.
//
// A writer proposes a clinical.Change. One goroutine, the sequencer, checks
// that the records are still the ones that were read, numbers the change, and
// writes records, indexes, journal entry, ledger leaf and, where the drivers
// allow, the picture itself in one transaction. Nobody is told "kept" before
// that transaction is durable. Followers (search, renditions, policy) read the
// journal and nothing else, so a crash between any two of them heals by
// following on.
//
// Erasure is the destruction of keys. Every blob has a random key, wrapped
// under two others: its patient's (a studio's while in quarantine) and its
// asset's slot. Both live in the keyring, a small file that is rewritten whole
// and never part of a backup of the store.
//
// The vault refuses to decide who may see what: that is package policy's.
// It refuses to trust its own disk: every value is authenticated where it is
// read, and a short one is an error. It knows no driver: Store and Blobs in
// store.go are the ones it needs, badgerstore and memstore provide them.
//
// Start reading at Options (options.go) and Init below, then put.go (a picture comes in),
// sequencer.go and plan.go (a change is written), open.go (a picture goes out),
// erase.go (its key is destroyed).
package vault

import (
	"context"
	"encoding/base32"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"fovea/clinical"
	"fovea/vault/ledger"
)

// Vault is an open vault. Its methods may be called by any number of
// goroutines.
type Vault struct {
	opt     Options
	keys    *keyring
	boxes   boxes
	secrets secrets
	mint    *clinical.Minter
	fuser   Fuser // nil: blobs are put before the transaction
	fuseMax int64
	memory  *semaphore.Weighted
	scratch scratch
	idle    idle
	flying  sync.Map  // clinical.BlobID of bytes whose change may yet be committed
	ahead   sync.Pool // of *bufio.Reader that streams of blobs have done with
	guard   *Guard
	signer  *ledger.Signer
	watch   watch

	queue   chan *request
	later   chan clinical.Event
	dropped atomic.Int64
	stop    chan struct{}
	stopped chan struct{} // closed when the sequencer has ended
	ended   error         // how it ended
	closing sync.Once

	// Only the sequencer touches these.
	carry  *request
	held   []clinical.Event
	doomed []intent
	recent map[subject]string // pseudonyms

	due chan struct{} // a checkpoint is

	mu           sync.Mutex // guards what follows
	head         head
	moved        chan struct{} // closed when the journal grows
	checkpointed uint64        // leaves under the last checkpoint
}

// boxes seal what belongs to no patient, one key for each kind of value.
type boxes struct{ record, journal, leaf, unique, meta, shelf, name box }

// secrets are derived from the keyring's anchor, which rotation never changes.
type secrets struct{ anchor, unique, pseudonym, shelf, scrub [keySize]byte }

// Init makes a vault in a directory that has none and a store that is empty,
// writes its first entry, and returns it open. Keep what Recovery says off the
// machine: the identities in it are stored nowhere. A directory that has a
// keyring already is a Conflict.
func Init(ctx context.Context, o Options) (*Vault, Recovery, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, Recovery{}, err
	}
	recovery, err := completeRecovery(o.Recovery)
	if err != nil {
		return nil, Recovery{}, err
	}
	path := filepath.Join(o.Dir, keyringName)
	if err := fresh(ctx, o, path); err != nil {
		return nil, Recovery{}, err
	}
	secret, err := ledger.NewKey(o.Rand, o.Origin)
	if err != nil {
		return nil, Recovery{}, clinical.Errorf(clinical.Invalid, "vault: %w", err)
	}
	r, err := makeRing(ctx, o.Keys, recovery.Recipients, secret, o.Rand)
	if err != nil {
		return nil, Recovery{}, err
	}
	k, err := newKeyring(path, o.Keys, o.Rand, r)
	if err != nil {
		return nil, Recovery{}, err
	}
	r.slots, err = k.freshSlots()
	if err != nil {
		return nil, Recovery{}, err
	}
	if err := k.replace(ctx, r); err != nil {
		return nil, Recovery{}, err
	}
	v, err := assemble(o, k)
	if err != nil {
		return nil, Recovery{}, err
	}
	if err := v.firstHead(ctx); err != nil {
		return nil, Recovery{}, err
	}
	if err := v.start(ctx); err != nil {
		return nil, Recovery{}, err
	}
	first := clinical.Change{Event: clinical.Event{At: o.Now(), Act: clinical.ActInit, Caller: clinical.Caller{Door: clinical.DoorCLI}}}
	if _, err := v.Commit(ctx, first); err != nil {
		return nil, Recovery{}, errors.Join(err, v.Close())
	}
	return v, recovery, nil
}

// fresh refuses to make a vault over one that is there.
func fresh(ctx context.Context, o Options, path string) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return clinical.Refuse(clinical.Conflict, "exists", "There is a vault here already. Open it, or choose another folder.")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return clinical.Errorf(clinical.Unavailable, "vault: make folder: %w", err)
	}
	return o.Store.View(ctx, func(r Reader) error {
		_, err := r.Get(metaKey("head"))
		if isNotFound(err) {
			return nil
		}
		if err == nil {
			return clinical.Errorf(clinical.Conflict, "vault: the store holds a vault whose keyring is not here")
		}
		return err
	})
}

func (v *Vault) firstHead(ctx context.Context) error {
	return v.opt.Store.Update(ctx, func(t Txn) error {
		return errors.Join(v.writeHead(t, head{}), v.writeIndexed(t, indexed{leaves: eventsWhole}))
	})
}

// Open opens the vault of a directory and its store. It carries out what a
// crash interrupted, and declares the gap that a crash may have left in the
// ledger. A keyring older than the store, or a store older than its last
// checkpoint, is Corrupt: somebody put back an old copy of one of the two.
func Open(ctx context.Context, o Options) (*Vault, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	k, err := openKeyring(ctx, o.Dir, o.Keys, o.Rand)
	if err != nil {
		return nil, err
	}
	v, err := assemble(o, k)
	if err != nil {
		return nil, err
	}
	if err := v.resume(ctx); err != nil {
		return nil, err
	}
	if err := v.start(ctx); err != nil {
		return nil, err
	}
	return v, nil
}

// assemble makes a vault that nobody runs yet.
func assemble(o Options, k *keyring) (*Vault, error) {
	v, err := assembleKeys(o, k)
	if err != nil {
		return nil, err
	}
	if v.signer, err = ledger.NewSigner(k.ring.signer); err != nil {
		return nil, clinical.Errorf(clinical.Corrupt, "vault: %w", err)
	}
	v.memory = semaphore.NewWeighted(putMemory)
	v.guard = NewGuard(o.Store.Free, o.Space)
	v.queue = make(chan *request, batchMax)
	v.later = make(chan clinical.Event, laterMax)
	v.stop, v.stopped = make(chan struct{}), make(chan struct{})
	v.moved = make(chan struct{})
	v.due = make(chan struct{}, 1)
	v.recent = map[subject]string{}
	v.fuseMax = fuseLimit
	if f, ok := o.Blobs.(Fuser); ok && f.MaxFused() > 0 {
		v.fuser = f
		v.fuseMax = min(fuseLimit, f.MaxFused())
	}
	return v, nil
}

// assembleKeys derives every key that is not in the keyring itself.
func assembleKeys(o Options, k *keyring) (*Vault, error) {
	anchor := k.ring.anchor
	v := &Vault{
		opt: o, keys: k, mint: clinical.NewMinter(o.Now, o.Rand),
		secrets: secrets{
			anchor: anchor,
			unique: subkey(anchor[:], nil, "unique"), pseudonym: subkey(anchor[:], nil, "pseudonym"),
			shelf: subkey(anchor[:], nil, "shelf"), scrub: subkey(anchor[:], nil, "scrub"),
		},
	}
	var err error
	for _, b := range []struct {
		into *box
		what string
	}{
		{&v.boxes.record, "record"},
		{&v.boxes.journal, "journal"},
		{&v.boxes.leaf, "leaf"},
		{&v.boxes.unique, "unique"},
		{&v.boxes.meta, "meta"},
		{&v.boxes.shelf, "shelf"},
		{&v.boxes.name, "name"},
	} {
		if *b.into, err = newBox(anchor, b.what, o.Rand); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// resume checks that keyring and store belong together and finishes what was
// begun before.
func (v *Vault) resume(ctx context.Context) error {
	err := v.opt.Store.View(ctx, func(r Reader) error {
		h, err := v.readHead(r)
		if isNotFound(err) {
			return clinical.Errorf(clinical.NotFound, "vault: the store is empty")
		}
		v.head = h
		return err
	})
	if err != nil {
		return err
	}
	if v.head.epoch > v.keys.epoch() || v.head.slot > v.keys.slots() {
		return clinical.Refuse(clinical.Corrupt, "old-keyring",
			"The keyring is older than the store. Put back the newest keyring, or what was erased since would be readable again.")
	}
	if err := v.checkLatest(ctx); err != nil {
		return err
	}
	list, err := v.intents(ctx)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		if err := v.carryOut(ctx, list); err != nil {
			return err
		}
	}
	if err := v.buildIndexes(ctx); err != nil {
		return err
	}
	return v.signOn(ctx)
}

// start makes the sequencer run. It outlives ctx and ends with Close.
func (v *Vault) start(ctx context.Context) error {
	err := v.opt.Store.View(ctx, func(r Reader) error {
		h, err := v.readHead(r)
		v.head = h
		return err
	})
	if err != nil {
		return err
	}
	go v.sequence(context.WithoutCancel(ctx), v.stop)
	return nil
}

// Close writes what waits, marks the ledger as complete, and ends the vault.
// Store and Blobs stay open: they are the caller's.
func (v *Vault) Close() error {
	v.closing.Do(func() { close(v.stop) })
	<-v.stopped
	return v.ended
}

// Commit writes one change, all of it or nothing, and returns it as written:
// numbered, with the records' new Rev and new assets' ordinals. Where a record
// is no longer the one that was read, a unique value is taken, or an asset is
// gone, it is a Conflict; *clinical.Duplicate where the owner has the bytes of
// a new asset already. The change is durable when Commit returns.
func (v *Vault) Commit(ctx context.Context, c clinical.Change) (clinical.Change, error) {
	if err := v.allow(commitSize, urgent(c.Act)); err != nil {
		return clinical.Change{}, err
	}
	return v.submit(ctx, &request{change: c, journal: true})
}

// commitSize is what the space guard reckons a change to take without blobs.
const commitSize = 64 << 10

// urgent reports whether an act protects somebody and may use the reserve of a
// full disk.
func urgent(a clinical.Act) bool {
	switch a {
	case clinical.ActConsentWithdrawn, clinical.ActHoldPlaced, clinical.ActDiscarded, clinical.ActQuarantineReject,
		clinical.ActRefiled, clinical.ActSetClosed, clinical.ActSetItemsRemoved, clinical.ActPersonChanged:
		return true
	default:
		return false
	}
}

func (v *Vault) allow(size int64, reserve bool) error { return v.guard.Allow(size, reserve) }

// Derive returns a key for one purpose of another package, the same for the
// life of the vault.
func (v *Vault) Derive(purpose string) [32]byte {
	return subkey(v.secrets.anchor[:], nil, "derive/"+purpose)
}

// Pseudonym returns the name that stands in the ledger for a thing of a kind
// ("person", "patient", "asset", "set", "grant"): the same each time, and
// without the vault's key nothing.
func (v *Vault) Pseudonym(what string, id [16]byte) string {
	if id == [16]byte{} {
		return ""
	}
	sum := v.pseudonym(what, id)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
}

// Device returns what stands in the ledger for a device, and as Caller.Device in
// what Events returns of it.
func (v *Vault) Device(id string) string { return v.hashed("device", id) }

func (v *Vault) pseudonym(what string, id [16]byte) [pseudonymSize]byte {
	sum := keyed(v.secrets.pseudonym, []byte(what), id[:])
	return [pseudonymSize]byte(sum[:])
}
