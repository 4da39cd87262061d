package vault

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"fovea/clinical"
)

// intent is the promise, written in the same transaction as the act, that the
// key of a slot or of an owner will be destroyed, and the slot's blobs deleted.
// It is carried out right after, again by the next transaction if that failed,
// and at open after a crash; then it is taken back.
type intent struct {
	Slot   uint64 `json:",omitempty"`
	Owner  uint64 `json:",omitempty"` // in place of a slot: a patient's key
	Asset  clinical.AssetID
	Blobs  []clinical.BlobID
	Rotate bool // the root key too: an erasure, not only a discarded frame
}

// ownerBit tells the keys of owners' intents from those of slots.
const ownerBit = 1 << 63

func (in intent) key() []byte {
	if in.Owner != 0 {
		return numberKey(prefixIntent, in.Owner|ownerBit)
	}
	return numberKey(prefixIntent, in.Slot)
}

// destroyed is the reason a rendition without bytes carries.
const destroyed clinical.Reason = "destroyed"

func (v *Vault) planGone(t Reader, p *plan, a *clinical.Asset, slot uint64) error {
	in := intent{Slot: slot, Asset: a.ID, Rotate: a.State == clinical.Erased}
	blobs, err := v.blobsOf(t, a)
	if err != nil {
		return err
	}
	in.Blobs = blobs
	for _, b := range blobs {
		p.del(manifestKey(b))
	}
	return v.promise(p, in)
}

// promise adds an intent to the change.
func (v *Vault) promise(p *plan, in intent) error {
	plain, err := json.Marshal(in)
	if err != nil {
		return clinical.Errorf(clinical.Internal, "vault: encode intent: %w", err)
	}
	value, err := v.boxes.meta.seal(in.key(), plain)
	if err != nil {
		return err
	}
	p.set(in.key(), value)
	p.doomed = append(p.doomed, in)
	return nil
}

// blobsOf returns the blobs sealed under an asset's slot, as stored.
func (v *Vault) blobsOf(t Reader, a *clinical.Asset) ([]clinical.BlobID, error) {
	var out []clinical.BlobID
	if !a.Original.ID.IsZero() {
		out = append(out, a.Original.ID)
	}
	list, err := v.renditionsIn(t, a.ID)
	for _, x := range list {
		if !x.Blob.ID.IsZero() {
			out = append(out, x.Blob.ID)
		}
	}
	return out, err
}

// planRewrap moves the keys of an asset's blobs under its new owner. The bytes
// stay as they are.
func (v *Vault) planRewrap(t Reader, p *plan, a *clinical.Asset, slot uint64) error {
	blobs, err := v.blobsOf(t, a)
	if err != nil {
		return err
	}
	for _, id := range blobs {
		m, err := v.readManifest(t, id)
		if isNotFound(err) {
			continue // fsck tells; a refile must not depend on it
		}
		if err != nil {
			return err
		}
		dek, err := v.unwrap(m, id)
		if err != nil {
			return err
		}
		m.slot = slot
		if err := v.wrap(&m, ownerName(a.Patient, a.Studio), id, dek); err != nil {
			return err
		}
		p.set(manifestKey(id), m.encode())
	}
	return nil
}

// widen adds the renditions of assets that change owner or lose their bytes:
// their records are sealed and their bytes wrapped with the asset's.
func (v *Vault) widen(t Reader, p *plan) error {
	named := map[clinical.RenditionID]bool{}
	for _, x := range p.change.Renditions {
		named[x.ID] = true
	}
	for i := range p.change.Delta.Assets {
		a := &p.change.Delta.Assets[i]
		old, err := v.readRecord(t, kindAsset, a.ID)
		if err != nil {
			return err
		}
		was, ok := old.rec.body.(*clinical.Asset)
		if !ok || a.State == clinical.Erased || was.State.Gone() || (!a.State.Gone() && ownerName(a.Patient, a.Studio) == old.rec.owner) {
			continue
		}
		if err := errors.Join(v.widenEdits(t, p, a), v.widenQuality(t, p, a)); err != nil {
			return err
		}
		list, err := v.renditionsIn(t, a.ID)
		if err != nil {
			return err
		}
		for _, x := range list {
			if named[x.ID] {
				continue
			}
			if a.State.Gone() {
				x.Blob = clinical.Blob{}
				x.Failed = destroyed
			}
			p.change.Renditions = append(p.change.Renditions, x)
		}
	}
	return nil
}

// widenEdits adds the edits of an asset that changes owner or is gone: none is
// left of one that is gone.
func (v *Vault) widenEdits(t Reader, p *plan, a *clinical.Asset) error {
	s, err := v.readRecord(t, kindEdits, a.ID)
	if err != nil {
		return err
	}
	x, ok := s.rec.body.(*clinical.Edits)
	if !ok {
		return nil
	}
	at := slices.IndexFunc(p.change.Edits, func(y clinical.Edits) bool { return y.Asset == a.ID })
	if at < 0 {
		p.change.Edits = append(p.change.Edits, *x)
		at = len(p.change.Edits) - 1
	}
	if a.State.Gone() {
		p.change.Edits[at].Versions = nil
	}
	return nil
}

// widenQuality adds what was measured of an asset that changes owner or is gone:
// nothing is left of one that is gone, and nothing leads from one patient's
// picture to another's.
func (v *Vault) widenQuality(t Reader, p *plan, a *clinical.Asset) error {
	s, err := v.readRecord(t, kindQuality, a.ID)
	if err != nil {
		return err
	}
	x, ok := s.rec.body.(*clinical.Quality)
	if !ok {
		return nil
	}
	at := slices.IndexFunc(p.change.Qualities, func(y clinical.Quality) bool { return y.Asset == a.ID })
	if at < 0 {
		p.change.Qualities = append(p.change.Qualities, *x)
		at = len(p.change.Qualities) - 1
	}
	y := &p.change.Qualities[at]
	if a.State.Gone() {
		*y = clinical.Quality{Asset: y.Asset, Rev: y.Rev}
	}
	y.Like, y.Likeness = clinical.AssetID{}, 0
	return nil
}

// erase carries out the intents of what was just written, and those that an
// earlier try left behind. The acts are durable and stay so whatever happens
// here; a failure is tried again and shows in Healthy.
func (v *Vault) erase(ctx context.Context, outcomes []outcome) {
	for _, o := range outcomes {
		if o.plan != nil {
			v.doomed = append(v.doomed, o.plan.doomed...)
		}
	}
	if len(v.doomed) == 0 {
		return
	}
	err := v.carryOut(ctx, v.doomed)
	v.watch.erasing(err)
	if err != nil {
		v.opt.Log.Error("vault: erasure is pending", "error", err, "keys", len(v.doomed))
		return
	}
	v.doomed = nil
}

func (v *Vault) carryOut(ctx context.Context, list []intent) error {
	keys := keysOf(list)
	if err := v.keys.destroy(ctx, keys); err != nil {
		return err
	}
	var failed error
	for _, in := range list {
		for _, b := range in.Blobs {
			failed = errors.Join(failed, v.opt.Blobs.DeleteBlob(ctx, b))
		}
	}
	if failed != nil {
		return failed
	}
	return v.opt.Store.Update(ctx, func(t Txn) error { return v.takeBack(t, list, keys.rotate) })
}

func keysOf(list []intent) condemned {
	var keys condemned
	for _, in := range list {
		if in.Owner != 0 {
			keys.owners = append(keys.owners, in.Owner)
		} else {
			keys.slots = append(keys.slots, in.Slot)
		}
		keys.rotate = keys.rotate || in.Rotate
	}
	return keys
}

// takeBack removes promises that were kept, and notes when if they were an
// erasure's.
func (v *Vault) takeBack(t Txn, list []intent, erased bool) error {
	h, err := v.readHead(t)
	if err != nil {
		return err
	}
	for _, in := range list {
		if err := t.Delete(in.key()); err != nil {
			return err
		}
	}
	if erased {
		if err := v.writeDestroyed(t); err != nil {
			return err
		}
	}
	return v.writeHead(t, h)
}

// intents returns the promises that were not yet carried out.
func (v *Vault) intents(ctx context.Context) ([]intent, error) {
	var out []intent
	err := v.opt.Store.View(ctx, func(r Reader) error {
		return r.Scan([]byte{prefixIntent}, nil, func(key, value []byte) (bool, error) {
			plain, err := v.boxes.meta.open(key, value)
			if err != nil {
				return false, err
			}
			var in intent
			if err := json.Unmarshal(plain, &in); err != nil {
				return false, clinical.Errorf(clinical.Corrupt, "vault: intent: %w", err)
			}
			out = append(out, in)
			return true, nil
		})
	})
	return out, err
}
