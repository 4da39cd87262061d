package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"fovea/clinical"
)

// A decision to shred is one Erasure record whose outcome becomes EraseShred.
// The change that holds it becomes the whole act: the pictures' and the
// patient's records turn into tombstones, which belong to nobody and say
// nothing but the IDs, and the keys under which all the rest was sealed are
// promised to be destroyed.

// patientOwner and assetOwner name the key that seals a record. A tombstone's
// is the store's own: it has to be read when the owner's key is gone.
func patientOwner(p *clinical.Patient) string {
	if !p.Erased.IsZero() {
		return ""
	}
	return ownerName(p.ID, "")
}

func assetOwner(a *clinical.Asset) string {
	if a.State == clinical.Erased {
		return ""
	}
	return ownerName(a.Patient, a.Studio)
}

// entomb leaves of an erased picture what tells that it is gone, and nothing
// of what it showed.
func entomb(a, was *clinical.Asset) {
	if a.State != clinical.Erased {
		return
	}
	*a = clinical.Asset{
		ID: a.ID, Rev: a.Rev, Ordinal: was.Ordinal, State: clinical.Erased, Reason: "erased", Patient: was.Patient, Studio: was.Studio,
		Original: clinical.Blob{ID: was.Original.ID},
	}
}

// shred makes of a decision all that follows from it in the store.
func (v *Vault) shred(t Reader, p *plan) error {
	for i := range p.change.Erasures {
		x := &p.change.Erasures[i]
		old, err := v.readRecord(t, kindErasure, x.ID)
		if err != nil {
			return err
		}
		if was, ok := old.rec.body.(*clinical.Erasure); x.Outcome != clinical.EraseShred || (ok && was.Outcome == clinical.EraseShred) {
			continue
		}
		if err := v.shredOne(t, p, x); err != nil {
			return err
		}
	}
	return v.entombRenditions(t, p)
}

func (v *Vault) shredOne(t Reader, p *plan, x *clinical.Erasure) error {
	if x.Patient.IsZero() {
		return clinical.Errorf(clinical.Invalid, "vault: erasure %s names no patient", x.ID)
	}
	assets := x.Assets
	if len(assets) == 0 {
		patients, err := v.withMerged(t, x.Patient)
		if err != nil {
			return err
		}
		if assets, err = v.shredPatients(t, p, patients); err != nil {
			return err
		}
	}
	x.Pictures = 0
	for _, id := range assets {
		alive, err := v.entombAsset(t, p, id, x)
		if err != nil {
			return err
		}
		if alive {
			x.Pictures++
		}
	}
	return nil
}

// entombAsset puts the tombstone of a picture into the change, and reports
// whether its bytes were there until now.
func (v *Vault) entombAsset(t Reader, p *plan, id clinical.AssetID, x *clinical.Erasure) (bool, error) {
	old, err := v.readRecord(t, kindAsset, id)
	if err != nil {
		return false, err
	}
	was, ok := old.rec.body.(*clinical.Asset)
	if !ok {
		return false, clinical.Errorf(clinical.NotFound, "vault: no asset %s to erase", id)
	}
	if len(x.Assets) > 0 && was.Patient != x.Patient {
		return false, clinical.Refuse(clinical.Conflict, "owner-changed", "The picture was filed under another patient meanwhile. Read it again and repeat.")
	}
	tomb := *was
	tomb.State = clinical.Erased
	at := slices.IndexFunc(p.change.Delta.Assets, func(a clinical.Asset) bool { return a.ID == id })
	if at < 0 {
		p.change.Delta.Assets = append(p.change.Delta.Assets, tomb)
	} else {
		tomb.Rev = p.change.Delta.Assets[at].Rev // stale is for planRecord to find
		p.change.Delta.Assets[at] = tomb
	}
	return !was.State.Gone(), nil
}

// entombRenditions puts the tombstones of every erased picture's renditions and
// edits into the change.
func (v *Vault) entombRenditions(t Reader, p *plan) error {
	for _, a := range p.change.Delta.Assets {
		if a.State != clinical.Erased {
			continue
		}
		if err := errors.Join(v.widenEdits(t, p, &a), v.widenQuality(t, p, &a)); err != nil {
			return err
		}
		list, err := v.renditionsIn(t, a.ID)
		if err != nil {
			return err
		}
		for _, x := range list {
			tomb := clinical.Rendition{ID: x.ID, Rev: x.Rev, Asset: x.Asset, Patient: x.Patient, Kind: x.Kind, Failed: destroyed}
			at := slices.IndexFunc(p.change.Renditions, func(y clinical.Rendition) bool { return y.ID == x.ID })
			if at < 0 {
				p.change.Renditions = append(p.change.Renditions, tomb)
			} else {
				tomb.Rev = p.change.Renditions[at].Rev
				p.change.Renditions[at] = tomb
			}
		}
	}
	return nil
}

// withMerged returns a patient and all who were found to be the same one.
func (v *Vault) withMerged(t Reader, id clinical.PatientID) ([]clinical.Patient, error) {
	var all []clinical.Patient
	err := t.Scan([]byte{prefixRecord, byte(kindPatient)}, nil, func(key, value []byte) (bool, error) {
		_, plain, err := v.openRecord(key, value)
		if isNotFound(err) {
			return true, nil
		}
		// Few of very many records were merged: the others need no decoding.
		if err != nil || (!bytes.Equal(key[2:], id[:]) && !bytes.Contains(plain, []byte(`"MergedInto"`))) {
			return true, err
		}
		var d clinical.Delta
		err = appendRecord(&d, kindPatient, plain)
		all = append(all, d.Patients...)
		return true, err
	})
	if err != nil {
		return nil, err
	}
	ids := map[clinical.PatientID]bool{id: true}
	for n := 0; n < len(ids); {
		n = len(ids)
		for _, p := range all {
			if ids[p.MergedInto] {
				ids[p.ID] = true
			}
		}
	}
	all = slices.DeleteFunc(all, func(p clinical.Patient) bool { return !ids[p.ID] })
	if !slices.ContainsFunc(all, func(p clinical.Patient) bool { return p.ID == id }) {
		return nil, clinical.Errorf(clinical.NotFound, "vault: no patient %s to erase", id)
	}
	return all, nil
}

// shredPatients puts the tombstones of patients into the change, condemns
// their keys, and gives up the numbers under which they and their jobs were
// found. It returns all their pictures, those that are gone already too.
func (v *Vault) shredPatients(t Reader, p *plan, patients []clinical.Patient) ([]clinical.AssetID, error) {
	owners := map[uint64]bool{}
	for _, was := range patients {
		if !was.Erased.IsZero() {
			continue
		}
		o, err := v.keys.owner(ownerName(was.ID, ""))
		if err != nil {
			return nil, err
		}
		owners[o.number] = true
		if err := v.promise(p, intent{Owner: o.number, Rotate: true}); err != nil {
			return nil, err
		}
		tomb := clinical.Patient{ID: was.ID, Rev: was.Rev, MergedInto: was.MergedInto, Erased: p.change.At}
		if tomb.Erased.IsZero() {
			tomb.Erased = v.opt.Now()
		}
		at := slices.IndexFunc(p.change.Delta.Patients, func(x clinical.Patient) bool { return x.ID == was.ID })
		if at < 0 {
			p.change.Delta.Patients = append(p.change.Delta.Patients, tomb)
		} else {
			tomb.Rev = p.change.Delta.Patients[at].Rev
			p.change.Delta.Patients[at] = tomb
		}
	}
	if err := v.giveUpJobs(t, p, owners); err != nil {
		return nil, err
	}
	if err := v.keepHolds(t, p, owners); err != nil {
		return nil, err
	}
	return v.assetsOf(t, owners)
}

// notCondemned refuses a record under a key that is about to be destroyed: an
// earlier change of the transaction, or one whose keys are still there because
// the disk was not, promised it.
func (v *Vault) notCondemned(t Reader, owner string) error {
	if owner == "" {
		return nil
	}
	o, err := v.keys.owner(owner)
	if err != nil {
		return err
	}
	switch _, err := t.Get(intent{Owner: o.number}.key()); {
	case err == nil:
		return &clinical.Error{Kind: clinical.NotFound, Reason: "erased"}
	case isNotFound(err):
		return nil
	default:
		return err
	}
}

// owned goes through the records of a kind that are sealed under one of the
// owners, without opening them.
func (v *Vault) owned(t Reader, k kind, owners map[uint64]bool, f func(id [16]byte) error) error {
	return t.Scan([]byte{prefixRecord, byte(k)}, nil, func(key, value []byte) (bool, error) {
		e, err := decodeEnvelope(value)
		if err != nil || !owners[e.owner] {
			return true, err
		}
		return true, f([16]byte(key[2:]))
	})
}

func (v *Vault) assetsOf(t Reader, owners map[uint64]bool) ([]clinical.AssetID, error) {
	var out []clinical.AssetID
	err := v.owned(t, kindAsset, owners, func(id [16]byte) error {
		out = append(out, id)
		return nil
	})
	return out, err
}

// giveUpJobs frees the numbers of the patients' jobs: nobody can read the
// records any more to do it later.
func (v *Vault) giveUpJobs(t Reader, p *plan, owners map[uint64]bool) error {
	var ids [][16]byte
	err := v.owned(t, kindJob, owners, func(id [16]byte) error {
		ids = append(ids, id)
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		s, err := v.readRecord(t, kindJob, id)
		if err != nil {
			return err
		}
		given, err := v.claims(s.rec)
		if err != nil {
			return err
		}
		p.given = append(p.given, given...)
	}
	return nil
}

// keepHolds takes along the holds that name pictures: one may keep another
// patient's picture closed because this one is seen in it.
func (v *Vault) keepHolds(t Reader, p *plan, owners map[uint64]bool) error {
	return v.owned(t, kindHold, owners, func(id [16]byte) error {
		s, err := v.readRecord(t, kindHold, id)
		if err != nil {
			return err
		}
		h, ok := s.rec.body.(*clinical.Hold)
		named := slices.ContainsFunc(p.change.Holds, func(x clinical.Hold) bool { return x.ID == id })
		if ok && !named && len(h.Assets) > 0 {
			p.change.Holds = append(p.change.Holds, *h)
		}
		return nil
	})
}

// holdOwner names the key that seals a hold: the store's, where its patient's is
// gone or going.
func (v *Vault) holdOwner(t Reader, p *plan, owner string) (string, error) {
	err := v.notCondemned(t, owner)
	if clinical.ReasonOf(err) == "erased" {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if owner == "" {
		return "", nil
	}
	o, err := v.keys.owner(owner)
	if err == nil && slices.ContainsFunc(p.doomed, func(in intent) bool { return in.Owner == o.number }) {
		owner = ""
	}
	return owner, err
}

// planErasure lets nobody say that an erasure is done before it is, and fills
// in what only the vault knows of it.
func (v *Vault) planErasure(t Reader, x *clinical.Erasure, old stored) error {
	was, _ := old.rec.body.(*clinical.Erasure)
	if was != nil && was.Outcome == clinical.EraseShred {
		if x.Outcome != clinical.EraseShred {
			return clinical.Errorf(clinical.Conflict, "vault: erasure %s was decided and cannot be taken back", x.ID)
		}
		x.Pictures = was.Pictures
	}
	x.Epoch = time.Time{}
	if x.Done.IsZero() || x.Outcome != clinical.EraseShred {
		return nil
	}
	pending := was == nil || was.Outcome != clinical.EraseShred
	err := t.Scan([]byte{prefixIntent}, nil, func(_, _ []byte) (bool, error) {
		pending = true
		return false, nil
	})
	if err != nil {
		return err
	}
	if pending {
		return clinical.Refuse(clinical.Unavailable, "erasure-pending", "The keys are not destroyed yet. The server goes on trying; look at its disk.")
	}
	x.Epoch, err = v.readDestroyed(t)
	return err
}

// writeDestroyed notes when an erasure last destroyed keys.
func (v *Vault) writeDestroyed(t Txn) error {
	key := metaKey("destroyed")
	value, err := v.boxes.meta.seal(key, binary.BigEndian.AppendUint64(nil, uint64(v.opt.Now().UnixNano())))
	if err != nil {
		return err
	}
	return t.Set(key, value)
}

func (v *Vault) readDestroyed(r Reader) (time.Time, error) {
	key := metaKey("destroyed")
	value, err := r.Get(key)
	if isNotFound(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	plain, err := v.boxes.meta.open(key, value)
	if err != nil {
		return time.Time{}, err
	}
	if len(plain) != 8 {
		return time.Time{}, clinical.Errorf(clinical.Corrupt, "vault: time of the last erasure has %d bytes", len(plain))
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(plain))).UTC(), nil
}

// Epoch returns when an erasure last destroyed keys; zero: never. Copies of the
// store, however old, cannot show what was erased until then once every copy of
// the keyring and of the recovery keys from before that instant is destroyed:
// the date that belongs on a certificate.
func (v *Vault) Epoch(ctx context.Context) (time.Time, error) {
	var at time.Time
	err := v.opt.Store.View(ctx, func(r Reader) error {
		var err error
		at, err = v.readDestroyed(r)
		return err
	})
	return at, err
}
