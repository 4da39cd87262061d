package vault

import (
	"context"
	"crypto/cipher"
	"io"
	"sync"

	"fovea/clinical"
)

// slotBatch is how many slots are made at a time, and slotReserve how few are
// left when the next are made.
const (
	slotBatch   = 1024
	slotReserve = 128
)

// keyring holds one key for every owner (a patient, or a studio while in
// quarantine) and one for every slot (an asset, or one not yet used). A key
// that was destroyed leaves its number behind, so that it never comes back.
//
// Only the sequencer changes a keyring; anybody may read it.
type keyring struct {
	path    string
	wrapper KeyWrapper
	random  io.Reader

	mu   sync.RWMutex // guards ring and caps
	ring ring
	caps map[string]*ownerKeys
}

// ring is what the keyring file holds.
type ring struct {
	epoch  uint64
	root   [keySize]byte // wraps the epoch's key, which seals the rest
	copies rootCopies
	anchor [keySize]byte // secret of everything that rotation must not change
	signer string        // signs checkpoints of the ledger
	owners []ownerEntry  // by number, from 1
	slots  []slotEntry   // by number, from 1
}

// rootCopies are the root key, wrapped for the running program and for each
// recovery recipient.
type rootCopies struct {
	method     string
	wrapped    []byte
	recipients []string
	escrow     [][]byte
}

type ownerEntry struct {
	name string // see ownerName
	gone bool
	key  [keySize]byte
}

type slotEntry struct {
	gone bool
	key  [keySize]byte
}

// ownerKeys are what is derived from an owner's key.
type ownerKeys struct {
	number  uint64
	gone    bool
	key     [keySize]byte
	records cipher.AEAD   // seals the owner's records
	digest  [keySize]byte // of the index that finds duplicates
}

// ownerName names a key of the ring: the patient's, else the studio's, else none.
func ownerName(p clinical.PatientID, s clinical.StudioID) string {
	switch {
	case !p.IsZero():
		return "p" + string(p[:])
	case s != "":
		return "s" + string(s)
	default:
		return ""
	}
}

func newKeyring(path string, w KeyWrapper, random io.Reader, r ring) (*keyring, error) {
	k := &keyring{path: path, wrapper: w, random: random, ring: r, caps: make(map[string]*ownerKeys, len(r.owners))}
	for i, o := range r.owners {
		c, err := deriveOwner(uint64(i+1), o)
		if err != nil {
			return nil, err
		}
		k.caps[o.name] = c
	}
	return k, nil
}

func deriveOwner(number uint64, o ownerEntry) (*ownerKeys, error) {
	c := &ownerKeys{number: number, gone: o.gone}
	if o.gone {
		return c, nil
	}
	c.key = o.key
	var err error
	if c.records, err = newAEAD(subkey(o.key[:], nil, "record")); err != nil {
		return nil, err
	}
	c.digest = subkey(o.key[:], nil, "digest")
	return c, nil
}

// owner returns the keys of a named owner: NotFound where there are none, or
// where they were destroyed.
func (k *keyring) owner(name string) (*ownerKeys, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return live(k.caps[name])
}

// ownerNumbered is owner by the number that values carry.
func (k *keyring) ownerNumbered(n uint64) (*ownerKeys, string, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if n == 0 || n > uint64(len(k.ring.owners)) {
		return nil, "", clinical.Errorf(clinical.Corrupt, "vault: keyring has no owner %d", n)
	}
	name := k.ring.owners[n-1].name
	c, err := live(k.caps[name])
	return c, name, err
}

func live(c *ownerKeys) (*ownerKeys, error) {
	switch {
	case c == nil:
		return nil, clinical.Errorf(clinical.NotFound, "vault: keyring has no such owner")
	case c.gone:
		return nil, &clinical.Error{Kind: clinical.NotFound, Reason: "erased"}
	}
	return c, nil
}

// slot returns the key of a slot, NotFound once it was destroyed. Slot 0 is
// "no slot": bytes that belong to an owner but to no asset.
func (k *keyring) slot(n uint64) ([keySize]byte, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	switch {
	case n == 0:
		return [keySize]byte{}, nil
	case n > uint64(len(k.ring.slots)):
		return [keySize]byte{}, clinical.Errorf(clinical.Corrupt, "vault: keyring has no slot %d", n)
	case k.ring.slots[n-1].gone:
		return [keySize]byte{}, &clinical.Error{Kind: clinical.NotFound, Reason: "erased"}
	}
	return k.ring.slots[n-1].key, nil
}

func (k *keyring) epoch() uint64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.ring.epoch
}

// slots returns how many slots were ever made.
func (k *keyring) slots() uint64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return uint64(len(k.ring.slots))
}

// destroyed returns how many slots' keys are gone.
func (k *keyring) destroyed() int64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	n := int64(0)
	for _, s := range k.ring.slots {
		if s.gone {
			n++
		}
	}
	return n
}

// ensure makes keys for owners that have none and refills the slots so that
// need of them follow after used. It writes the file at most once, and only if
// something is missing; the new keys count once the file is durable. That is a
// new epoch: without one, a copy of the file from before would pass for the
// newest, and give the number of a key that it lacks to another owner.
func (k *keyring) ensure(ctx context.Context, owners []string, used, need uint64) error {
	next := k.ring // only the sequencer changes it
	added := map[string]bool{}
	for _, name := range owners {
		if name == "" || k.caps[name] != nil || added[name] {
			continue
		}
		added[name] = true
		e := ownerEntry{name: name}
		if err := k.fill(e.key[:]); err != nil {
			return err
		}
		next.owners = append(next.owners, e)
	}
	for uint64(len(next.slots)) < used+need {
		fresh, err := k.freshSlots()
		if err != nil {
			return err
		}
		next.slots = append(next.slots, fresh...)
	}
	if len(next.owners) == len(k.ring.owners) && len(next.slots) == len(k.ring.slots) {
		return nil
	}
	next.epoch++
	return k.replace(ctx, next)
}

func (k *keyring) freshSlots() ([]slotEntry, error) {
	bits := make([]byte, slotBatch*keySize)
	if err := k.fill(bits); err != nil {
		return nil, err
	}
	out := make([]slotEntry, slotBatch)
	for i := range out {
		copy(out[i].key[:], bits[i*keySize:])
	}
	clear(bits)
	return out, nil
}

// condemned are the keys to destroy, by number.
type condemned struct {
	slots, owners []uint64
	rotate        bool // the root key too
}

// destroy forgets the keys of slots and owners and begins a new epoch, so that
// no earlier copy of the file opens with the epoch's key. With rotate the root
// key is new as well, for the running program and for the recovery recipients.
// Keys that are all destroyed already cost nothing; without any the rest is
// done.
func (k *keyring) destroy(ctx context.Context, d condemned) error {
	next := k.ring
	next.slots = append([]slotEntry(nil), k.ring.slots...)
	next.owners = append([]ownerEntry(nil), k.ring.owners...)
	alive := len(d.slots)+len(d.owners) == 0
	for _, n := range d.slots {
		if n == 0 || n > uint64(len(next.slots)) {
			return clinical.Errorf(clinical.Corrupt, "vault: keyring has no slot %d to destroy", n)
		}
		alive = alive || !next.slots[n-1].gone
		next.slots[n-1] = slotEntry{gone: true}
	}
	for _, n := range d.owners {
		if n == 0 || n > uint64(len(next.owners)) {
			return clinical.Errorf(clinical.Corrupt, "vault: keyring has no owner %d to destroy", n)
		}
		alive = alive || !next.owners[n-1].gone
		next.owners[n-1] = ownerEntry{name: next.owners[n-1].name, gone: true}
	}
	if !alive {
		return nil // done by an earlier try
	}
	next.epoch++
	if d.rotate {
		if err := k.newRoot(ctx, &next); err != nil {
			return err
		}
	}
	old := k.ring
	if err := k.replace(ctx, next); err != nil {
		return err
	}
	// Nobody reads the old lists any more: forget the keys in memory too.
	for _, n := range d.slots {
		clear(old.slots[n-1].key[:])
	}
	for _, n := range d.owners {
		clear(old.owners[n-1].key[:])
	}
	return nil
}

func (k *keyring) newRoot(ctx context.Context, r *ring) error {
	if err := k.fill(r.root[:]); err != nil {
		return err
	}
	copies, err := wrapRoot(ctx, k.wrapper, r.root, r.copies.recipients)
	r.copies = copies
	return err
}

// replace makes the file durable and only then lets anybody see the new keys.
func (k *keyring) replace(ctx context.Context, next ring) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	file, err := encodeKeyring(next, k.random)
	if err != nil {
		return err
	}
	if err := writeFile(k.path, file); err != nil {
		return clinical.Errorf(clinical.Unavailable, "vault: write keyring: %w", err)
	}
	fresh := make(map[string]*ownerKeys)
	for i := len(k.ring.owners); i < len(next.owners); i++ {
		c, err := deriveOwner(uint64(i+1), next.owners[i])
		if err != nil {
			return err
		}
		fresh[next.owners[i].name] = c
	}
	for i, was := range k.ring.owners {
		if now := next.owners[i]; now.gone && !was.gone {
			fresh[now.name] = &ownerKeys{number: uint64(i + 1), gone: true}
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, c := range fresh {
		k.caps[name] = c
	}
	k.ring = next
	return nil
}

func (k *keyring) fill(b []byte) error {
	if _, err := io.ReadFull(k.random, b); err != nil {
		return clinical.Errorf(clinical.Unavailable, "vault: no random bits: %v", err)
	}
	return nil
}
