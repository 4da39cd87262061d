package vault

import (
	"bytes"

	"fovea/clinical"
)

// write is one key to set, or to delete where value is nil.
type write struct{ key, value []byte }

// plan is what one change does to the store, worked out against the state the
// earlier changes of the transaction left behind.
type plan struct {
	change clinical.Change
	head   head // after the change
	blob   *sealedBlob
	writes []write
	leaf   line     // without text: none
	doomed []intent // slots to destroy once all this is durable
	refs   []ref
	given  []claim // unique values that the change gives up
	wanted []claim // and those it takes
}

func (p *plan) set(key, value []byte) { p.writes = append(p.writes, write{key, value}) }
func (p *plan) del(key []byte)        { p.writes = append(p.writes, write{key: key}) }

// write puts the plan into the transaction.
func (p *plan) write(t Txn, v *Vault) error {
	if err := p.blob.fuse(t, v.fuser); err != nil {
		return err
	}
	for _, w := range p.writes {
		var err error
		if w.value == nil {
			err = t.Delete(w.key)
		} else {
			err = t.Set(w.key, w.value)
		}
		if err != nil {
			return err
		}
	}
	if p.leaf.text == nil {
		return nil
	}
	return v.appendLeaf(t, &p.head, p.leaf)
}

// stored is a record as the store has it before the change.
type stored struct {
	found bool
	env   envelope
	rec   record
}

// plan checks a request and works out its writes. It writes nothing itself.
func (v *Vault) plan(t Reader, h head, r *request) (*plan, error) {
	p := &plan{change: r.change, head: h, blob: r.blob}
	if r.flush {
		return p, nil
	}
	if r.shelf != nil {
		p.writes = []write{*r.shelf}
		return p, nil
	}
	if r.journal {
		p.head.seq++
		p.change.Seq = p.head.seq
		p.change.Delta = cloneDelta(r.change.Delta)
		if err := v.planRecords(t, p); err != nil {
			return nil, err
		}
		if err := v.planBlob(t, p); err != nil {
			return nil, err
		}
		if err := v.planJournal(p); err != nil {
			return nil, err
		}
	}
	var err error
	p.leaf, err = v.leafOf(p.change.Event, p.change.Seq, p.head.leaves)
	return p, err
}

func (v *Vault) planRecords(t Reader, p *plan) error {
	if err := v.shred(t, p); err != nil {
		return err
	}
	if err := v.widen(t, p); err != nil {
		return err
	}
	seen := map[string]bool{}
	// Renditions are sealed like their assets and come after them in the list.
	for _, rec := range flatten(&p.change.Delta) {
		key := string(recordKey(rec.kind, rec.id))
		if rec.id == [16]byte{} || seen[key] {
			return clinical.Errorf(clinical.Invalid, "vault: a %c record without ID, or twice in one change", rec.kind)
		}
		seen[key] = true
		if err := v.planRecord(t, p, rec); err != nil {
			return err
		}
	}
	return v.settleClaims(t, p)
}

func (v *Vault) planRecord(t Reader, p *plan, rec record) error {
	old, err := v.readRecord(t, rec.kind, rec.id)
	if err != nil {
		return err
	}
	if old.env.rev != *rec.rev {
		return clinical.Refuse(clinical.Conflict, "stale", "Somebody changed this first. Read it again and repeat your change.")
	}
	*rec.rev = p.head.seq
	slot := old.env.slot
	switch x := rec.body.(type) {
	case *clinical.Asset:
		slot, err = v.planAsset(t, p, x, old)
	case *clinical.Erasure:
		err = v.planErasure(t, x, old)
	default:
		rec.owner, err = v.planOwner(t, p, rec, old)
	}
	if err != nil {
		return err
	}
	if err := v.planClaims(p, rec, old); err != nil {
		return err
	}
	if err := v.notCondemned(t, rec.owner); err != nil {
		return err
	}
	value, err := v.sealRecord(rec, slot)
	if err != nil {
		return err
	}
	p.set(recordKey(rec.kind, rec.id), value)
	if !old.found && rec.kind.subject() != "" {
		w, err := v.nameWrite(rec.kind, rec.id)
		if err != nil {
			return err
		}
		p.set(w.key, w.value)
	}
	p.refs = append(p.refs, ref{rec.kind, rec.id})
	return nil
}

// planOwner says whose key seals a record: for what is about a picture, the
// picture's.
func (v *Vault) planOwner(t Reader, p *plan, rec record, old stored) (string, error) {
	switch x := rec.body.(type) {
	case *clinical.Hold:
		return v.holdOwner(t, p, rec.owner)
	case *clinical.Edits:
		return v.planEdits(t, p, x)
	case *clinical.Quality:
		return v.planQuality(t, p, x)
	case *clinical.Rendition:
		return v.planRendition(t, p, x, old)
	default:
		return rec.owner, nil
	}
}

// planClaims notes which unique values a record gives up and which it takes.
func (v *Vault) planClaims(p *plan, rec record, old stored) error {
	var before []claim
	var err error
	if old.found {
		if before, err = v.claims(old.rec); err != nil {
			return err
		}
	}
	after, err := v.claims(rec)
	if err != nil {
		return err
	}
	for _, c := range before {
		if !claimed(after, c.key) {
			p.given = append(p.given, c)
		}
	}
	for _, c := range after {
		if !claimed(before, c.key) {
			p.wanted = append(p.wanted, c)
		}
	}
	return nil
}

// planAsset gives a new asset its ordinal and slot, keeps those of an old one,
// and follows what the change means for its bytes.
func (v *Vault) planAsset(t Reader, p *plan, a *clinical.Asset, old stored) (uint64, error) {
	if !old.found {
		if a.State == "" || a.State.Gone() {
			return 0, clinical.Errorf(clinical.Invalid, "vault: asset %s begins in state %q", a.ID, a.State)
		}
		p.head.ordinal++
		p.head.slot++
		a.Ordinal = p.head.ordinal
		return p.head.slot, v.needManifest(t, p, a.Original.ID)
	}
	was, ok := old.rec.body.(*clinical.Asset)
	if !ok {
		return 0, clinical.Errorf(clinical.Internal, "vault: asset %s is stored as %T", a.ID, old.rec.body)
	}
	if was.State.Gone() && !a.State.Gone() {
		return 0, clinical.Errorf(clinical.Conflict, "vault: asset %s is gone and cannot come back", a.ID)
	}
	if was.Original.ID != a.Original.ID || (was.Original.SHA256 != a.Original.SHA256 && a.State != clinical.Erased) {
		return 0, clinical.Errorf(clinical.Invalid, "vault: the original of asset %s cannot change", a.ID)
	}
	a.Ordinal = was.Ordinal
	switch {
	case a.State.Gone() && !was.State.Gone(), a.State == clinical.Erased && was.State != clinical.Erased:
		// Of a frame that was discarded before, the key is gone; since when is
		// what the certificate of its erasure has to say.
		err := v.planGone(t, p, a, old.env.slot)
		entomb(a, was)
		return old.env.slot, err
	case a.State.Gone():
		if was.State == clinical.Erased {
			a.State = clinical.Erased
		}
		entomb(a, was)
	case !a.State.Gone() && ownerName(a.Patient, a.Studio) != old.rec.owner:
		return old.env.slot, v.planRewrap(t, p, a, old.env.slot)
	}
	return old.env.slot, nil
}

// planEdits finds the asset whose key seals its edits.
func (v *Vault) planEdits(t Reader, p *plan, x *clinical.Edits) (string, error) {
	a, _, err := v.assetIn(t, p, x.Asset)
	if err != nil {
		return "", err
	}
	if a.State.Gone() && len(x.Versions) > 0 {
		return "", clinical.Errorf(clinical.NotFound, "vault: asset %s of the edits is gone", a.ID)
	}
	x.Patient = a.Patient
	return assetOwner(&a), nil
}

// planQuality finds the asset whose key seals what was measured of it.
func (v *Vault) planQuality(t Reader, p *plan, x *clinical.Quality) (string, error) {
	a, _, err := v.assetIn(t, p, x.Asset)
	if err != nil {
		return "", err
	}
	if a.State.Gone() && x.Program != 0 {
		return "", clinical.Errorf(clinical.NotFound, "vault: asset %s that was measured is gone", a.ID)
	}
	x.Patient = a.Patient
	return assetOwner(&a), nil
}

// planRendition finds the asset whose key seals the rendition, and forgets the
// bytes that it replaces.
func (v *Vault) planRendition(t Reader, p *plan, x *clinical.Rendition, old stored) (string, error) {
	a, _, err := v.assetIn(t, p, x.Asset)
	if err != nil {
		return "", err
	}
	if a.State.Gone() && !x.Blob.ID.IsZero() {
		return "", clinical.Errorf(clinical.NotFound, "vault: asset %s of rendition %s is gone", a.ID, x.ID)
	}
	x.Patient = a.Patient
	if err := v.needManifest(t, p, x.Blob.ID); err != nil {
		return "", err
	}
	if !old.found {
		p.set(renditionKey(x.Asset, x.ID), []byte{valueVersion})
		return assetOwner(&a), nil
	}
	was, ok := old.rec.body.(*clinical.Rendition)
	if !ok || was.Asset != x.Asset {
		return "", clinical.Errorf(clinical.Invalid, "vault: rendition %s belongs to another asset", x.ID)
	}
	if !was.Blob.ID.IsZero() && was.Blob.ID != x.Blob.ID {
		// The sweeper deletes the bytes; a reader may be in the middle of them.
		p.del(manifestKey(was.Blob.ID))
	}
	return assetOwner(&a), nil
}

// assetIn returns an asset as the change leaves it, and its slot.
func (v *Vault) assetIn(t Reader, p *plan, id clinical.AssetID) (clinical.Asset, uint64, error) {
	s, err := v.readRecord(t, kindAsset, id)
	if err != nil {
		return clinical.Asset{}, 0, err
	}
	for _, a := range p.change.Delta.Assets {
		if a.ID != id {
			continue
		}
		slot := s.env.slot
		if !s.found {
			slot = p.newSlot(id)
		}
		return a, slot, nil
	}
	was, ok := s.rec.body.(*clinical.Asset)
	if !s.found || !ok {
		return clinical.Asset{}, 0, clinical.Errorf(clinical.NotFound, "vault: no asset %s", id)
	}
	return *was, s.env.slot, nil
}

// newSlot returns the slot that a new asset of this change was given: they are
// handed out in the order of the list.
func (p *plan) newSlot(id clinical.AssetID) uint64 {
	for _, w := range p.writes {
		if bytes.Equal(w.key, recordKey(kindAsset, id)) {
			e, err := decodeEnvelope(w.value)
			if err == nil {
				return e.slot
			}
		}
	}
	return 0
}

// readRecord returns the stored record of a kind; a missing one has rev 0.
func (v *Vault) readRecord(t Reader, k kind, id [16]byte) (stored, error) {
	key := recordKey(k, id)
	value, err := t.Get(key)
	if isNotFound(err) {
		return stored{}, nil
	}
	if err != nil {
		return stored{}, err
	}
	e, plain, err := v.openRecord(key, value)
	if err != nil {
		return stored{}, err
	}
	var d clinical.Delta
	if err := appendRecord(&d, k, plain); err != nil {
		return stored{}, err
	}
	rec := flatten(&d)[0]
	if rec.id != id || *rec.rev != e.rev {
		return stored{}, clinical.Errorf(clinical.Corrupt, "vault: record %c %s says it is another", k, clinical.AssetID(id))
	}
	return stored{found: true, env: e, rec: rec}, nil
}
