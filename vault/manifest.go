package vault

import (
	"crypto/cipher"
	"encoding/binary"
	"encoding/json"
	"time"

	"fovea/clinical"
)

// manifest is what makes stored bytes a blob: how many there are, what they
// hash to, and their key, wrapped under the keys of owner and slot.
// docs/formats/blob.md is its page.
type manifest struct {
	epoch   uint64
	owner   uint64 // number of the owner's key
	slot    uint64
	asset   clinical.AssetID // zero: belongs to the owner alone
	wrapped [nonceSize + keySize + tagSize]byte
	body    []byte // sealed under the blob's own key
}

const manifestHeader = 1 + 8 + 8 + 8 + 16

// facts are the sealed part of a manifest.
type facts struct {
	Size    int64    // plaintext bytes
	Sealed  int64    // stored bytes
	Chunks  int64    // packages of 64 KiB
	Content [32]byte // SHA-256 of the plaintext: evidence
	Stored  [32]byte // keyed BLAKE3 of the stored bytes: scrubbing
	PutAt   time.Time
}

func (m manifest) header() []byte {
	out := make([]byte, 1, manifestHeader)
	out[0] = valueVersion
	for _, n := range []uint64{m.epoch, m.owner, m.slot} {
		out = binary.BigEndian.AppendUint64(out, n)
	}
	return append(out, m.asset[:]...)
}

func (m manifest) encode() []byte {
	return append(append(m.header(), m.wrapped[:]...), m.body...)
}

func decodeManifest(value []byte) (manifest, error) {
	var m manifest
	if err := checkVersion("a manifest", value); err != nil {
		return m, err
	}
	if len(value) < manifestHeader+len(m.wrapped)+nonceSize+tagSize {
		return m, clinical.Errorf(clinical.Corrupt, "vault: manifest of %d bytes", len(value))
	}
	m.epoch = binary.BigEndian.Uint64(value[1:])
	m.owner = binary.BigEndian.Uint64(value[9:])
	m.slot = binary.BigEndian.Uint64(value[17:])
	copy(m.asset[:], value[25:])
	copy(m.wrapped[:], value[manifestHeader:])
	m.body = value[manifestHeader+len(m.wrapped):]
	return m, nil
}

// bound is what the wrap of a blob's key is tied to besides the header: whose
// it is and which blob's, by their full names.
func (m manifest) bound(owner string, blob clinical.BlobID) []byte {
	out := append([]byte("blob-key"), blob[:]...)
	return append(out, owner...)
}

// wrap seals the blob's key under the owner's key and the slot's.
func (v *Vault) wrap(m *manifest, owner string, blob clinical.BlobID, dek [keySize]byte) error {
	a, err := v.wrapper(m.slot, owner, &m.owner)
	if err != nil {
		return err
	}
	m.epoch = v.keys.epoch()
	sealed, err := seal(a, v.opt.Rand, nil, dek[:], append(m.header(), m.bound(owner, blob)...))
	if err != nil {
		return err
	}
	copy(m.wrapped[:], sealed)
	return nil
}

// unwrap is the inverse of wrap. NotFound: owner or slot were destroyed.
func (v *Vault) unwrap(m manifest, blob clinical.BlobID) ([keySize]byte, error) {
	_, owner, err := v.keys.ownerNumbered(m.owner)
	if err != nil {
		return [keySize]byte{}, err
	}
	number := m.owner
	a, err := v.wrapper(m.slot, owner, &number)
	if err != nil {
		return [keySize]byte{}, err
	}
	dek, err := unseal(a, m.wrapped[:], 0, append(m.header(), m.bound(owner, blob)...))
	if err != nil || len(dek) != keySize {
		return [keySize]byte{}, clinical.Errorf(clinical.Corrupt, "vault: key of blob %s does not authenticate", blob)
	}
	return [keySize]byte(dek), nil
}

func (v *Vault) wrapper(slot uint64, owner string, number *uint64) (cipher.AEAD, error) {
	o, err := v.keys.owner(owner)
	if err != nil {
		return nil, err
	}
	s, err := v.keys.slot(slot)
	if err != nil {
		return nil, err
	}
	*number = o.number
	return newAEAD(subkey(o.key[:], s[:], "wrap"))
}

func sealFacts(dek [keySize]byte, f facts, blob clinical.BlobID, v *Vault) ([]byte, error) {
	plain, err := json.Marshal(f)
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "vault: encode manifest: %w", err)
	}
	a, err := newAEAD(subkey(dek[:], nil, "manifest"))
	if err != nil {
		return nil, err
	}
	return seal(a, v.opt.Rand, nil, plain, blob[:])
}

func openFacts(dek [keySize]byte, m manifest, blob clinical.BlobID) (facts, error) {
	var f facts
	a, err := newAEAD(subkey(dek[:], nil, "manifest"))
	if err != nil {
		return f, err
	}
	plain, err := unseal(a, m.body, 0, blob[:])
	if err != nil {
		return f, clinical.Errorf(clinical.Corrupt, "vault: manifest of blob %s: %w", blob, err)
	}
	if err := json.Unmarshal(plain, &f); err != nil {
		return f, clinical.Errorf(clinical.Corrupt, "vault: manifest of blob %s: %w", blob, err)
	}
	return f, nil
}

func (v *Vault) readManifest(r Reader, blob clinical.BlobID) (manifest, error) {
	value, err := r.Get(manifestKey(blob))
	if isNotFound(err) {
		return manifest{}, clinical.Errorf(clinical.NotFound, "vault: no blob %s", blob)
	}
	if err != nil {
		return manifest{}, err
	}
	return decodeManifest(value)
}

// needManifest refuses a record whose bytes are not there.
func (v *Vault) needManifest(t Reader, p *plan, blob clinical.BlobID) error {
	if blob.IsZero() || (p.blob != nil && p.blob.id == blob) {
		return nil
	}
	if _, err := v.readManifest(t, blob); err != nil {
		if isNotFound(err) {
			return clinical.Errorf(clinical.Invalid, "vault: a record names blob %s, which was never put", blob)
		}
		return err
	}
	return nil
}

// planBlob writes the manifest of the bytes that come with the change.
func (v *Vault) planBlob(t Reader, p *plan) error {
	b := p.blob
	if b == nil {
		return nil
	}
	if _, err := v.readManifest(t, b.id); err == nil {
		return clinical.Errorf(clinical.Conflict, "vault: blob %s exists", b.id)
	} else if !isNotFound(err) {
		return err
	}
	m := manifest{asset: b.owner.Asset, body: b.body}
	owner := ownerName(b.owner.Patient, b.owner.Studio)
	if !m.asset.IsZero() {
		a, slot, err := v.assetIn(t, p, m.asset)
		if err != nil {
			return err
		}
		if a.State.Gone() {
			return clinical.Errorf(clinical.NotFound, "vault: asset %s is gone", a.ID)
		}
		if ownerName(a.Patient, a.Studio) != owner {
			return clinical.Refuse(clinical.Conflict, "owner-changed", "The picture was filed under another patient meanwhile. Read it again and repeat.")
		}
		m.slot = slot
	}
	if err := v.wrap(&m, owner, b.id, b.dek); err != nil {
		return err
	}
	p.set(manifestKey(b.id), m.encode())
	return nil
}
