package vault

import (
	"context"

	"fovea/clinical"
)

// read returns one record as it is now.
func read[T any](ctx context.Context, v *Vault, k kind, id [16]byte) (T, error) {
	var out T
	err := v.opt.Store.View(ctx, func(r Reader) error {
		s, err := v.readRecord(r, k, id)
		if err != nil {
			return err
		}
		x, ok := s.rec.body.(*T)
		if !ok {
			return clinical.Errorf(clinical.NotFound, "vault: no %c record %s", k, clinical.AssetID(id))
		}
		out = *x
		return nil
	})
	return out, err
}

// Asset returns an asset, NotFound when there is none.
func (v *Vault) Asset(ctx context.Context, id clinical.AssetID) (clinical.Asset, error) {
	return read[clinical.Asset](ctx, v, kindAsset, id)
}

// Patient returns a patient, NotFound when there is none.
func (v *Vault) Patient(ctx context.Context, id clinical.PatientID) (clinical.Patient, error) {
	return read[clinical.Patient](ctx, v, kindPatient, id)
}

// Person returns a person, NotFound when there is none.
func (v *Vault) Person(ctx context.Context, id clinical.PersonID) (clinical.Person, error) {
	return read[clinical.Person](ctx, v, kindPerson, id)
}

// Session returns a session, NotFound when there is none.
func (v *Vault) Session(ctx context.Context, id clinical.SessionID) (clinical.Session, error) {
	return read[clinical.Session](ctx, v, kindSession, id)
}

// Job returns a job, NotFound when there is none.
func (v *Vault) Job(ctx context.Context, id clinical.JobID) (clinical.Job, error) {
	return read[clinical.Job](ctx, v, kindJob, id)
}

// FindRun returns a run of frames, NotFound when there is none. (Run is the
// vault's own loop.)
func (v *Vault) FindRun(ctx context.Context, id clinical.RunID) (clinical.Run, error) {
	return read[clinical.Run](ctx, v, kindRun, id)
}

// Landing returns the receipt of a landed file, NotFound when there is none.
func (v *Vault) Landing(ctx context.Context, id clinical.LandingID) (clinical.Landing, error) {
	return read[clinical.Landing](ctx, v, kindLanding, id)
}

// Edits returns the versions of an asset; one that was never edited has none.
func (v *Vault) Edits(ctx context.Context, asset clinical.AssetID) (clinical.Edits, error) {
	x, err := read[clinical.Edits](ctx, v, kindEdits, asset)
	if clinical.KindOf(err) == clinical.NotFound && clinical.ReasonOf(err) == "" {
		return clinical.Edits{Asset: asset}, nil
	}
	return x, err
}

// Quality returns what was measured of an asset's picture; of one that nobody
// measured yet it is empty.
func (v *Vault) Quality(ctx context.Context, asset clinical.AssetID) (clinical.Quality, error) {
	x, err := read[clinical.Quality](ctx, v, kindQuality, asset)
	if clinical.KindOf(err) == clinical.NotFound && clinical.ReasonOf(err) == "" {
		return clinical.Quality{Asset: asset}, nil
	}
	return x, err
}

// Rendition returns a rendition, NotFound when there is none.
func (v *Vault) Rendition(ctx context.Context, id clinical.RenditionID) (clinical.Rendition, error) {
	return read[clinical.Rendition](ctx, v, kindRendition, id)
}

// Recall returns what an act that takes pictures back set in motion, NotFound
// when there is none.
func (v *Vault) Recall(ctx context.Context, id clinical.RecallID) (clinical.Recall, error) {
	return read[clinical.Recall](ctx, v, kindRecall, id)
}

// Renditions returns the renditions of an asset, in order of making; none is
// an empty list.
func (v *Vault) Renditions(ctx context.Context, asset clinical.AssetID) ([]clinical.Rendition, error) {
	var out []clinical.Rendition
	err := v.opt.Store.View(ctx, func(r Reader) error {
		var err error
		out, err = v.renditionsIn(r, asset)
		return err
	})
	return out, err
}

func (v *Vault) renditionsIn(r Reader, asset clinical.AssetID) ([]clinical.Rendition, error) {
	var ids []clinical.RenditionID
	prefix := renditionKey(asset, clinical.RenditionID{})[:1+16]
	err := r.Scan(prefix, nil, func(key, _ []byte) (bool, error) {
		if len(key) != len(prefix)+16 {
			return false, clinical.Errorf(clinical.Corrupt, "vault: rendition key of %d bytes", len(key))
		}
		ids = append(ids, clinical.RenditionID(key[len(prefix):]))
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	var out []clinical.Rendition
	for _, id := range ids {
		s, err := v.readRecord(r, kindRendition, id)
		if err != nil {
			return nil, err
		}
		x, ok := s.rec.body.(*clinical.Rendition)
		if !ok {
			return nil, clinical.Errorf(clinical.Corrupt, "vault: rendition %s is missing", id)
		}
		out = append(out, *x)
	}
	return out, nil
}

// find returns who holds a unique value, NotFound when nobody does.
func (v *Vault) find(ctx context.Context, key []byte) ([16]byte, error) {
	var id [16]byte
	err := v.opt.Store.View(ctx, func(r Reader) error {
		var err error
		id, err = v.holder(r, key)
		return err
	})
	if err == nil && id == [16]byte{} {
		err = &clinical.Error{Kind: clinical.NotFound}
	}
	return id, err
}

// FindPatient returns the patient with a number, NotFound when nobody has it.
func (v *Vault) FindPatient(ctx context.Context, i clinical.Identifier) (clinical.Patient, error) {
	id, err := v.find(ctx, v.uniqueKey(spaceIdentifier, i.System, i.Value))
	if err != nil {
		return clinical.Patient{}, err
	}
	return v.Patient(ctx, id)
}

// FindJob returns the job with a number, NotFound when there is none.
func (v *Vault) FindJob(ctx context.Context, number string) (clinical.Job, error) {
	id, err := v.find(ctx, v.uniqueKey(spaceJob, number))
	if err != nil {
		return clinical.Job{}, err
	}
	return v.Job(ctx, id)
}

// FindPerson returns the person with a login, NotFound when there is none.
func (v *Vault) FindPerson(ctx context.Context, login string) (clinical.Person, error) {
	id, err := v.find(ctx, v.uniqueKey(spaceLogin, login))
	if err != nil {
		return clinical.Person{}, err
	}
	return v.Person(ctx, id)
}

// FindLanding returns the receipt of a source, NotFound when it never landed.
func (v *Vault) FindLanding(ctx context.Context, source string) (clinical.Landing, error) {
	id, err := v.find(ctx, v.uniqueKey(spaceLanding, source))
	if err != nil {
		return clinical.Landing{}, err
	}
	return v.Landing(ctx, id)
}

// FindDigest returns the asset whose original has these bytes under the same
// patient, or studio in quarantine; NotFound when there is none. Owner.Asset
// does not matter.
func (v *Vault) FindDigest(ctx context.Context, owner clinical.Owner, sha256 [32]byte) (clinical.AssetID, error) {
	o, err := v.keys.owner(ownerName(owner.Patient, owner.Studio))
	if err != nil {
		return clinical.AssetID{}, err
	}
	return v.find(ctx, digestKey(o, sha256))
}
