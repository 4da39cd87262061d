package vault

import (
	"encoding/binary"
	"encoding/json"
	"slices"

	"fovea/clinical"
)

// kind is the byte that stands for a kind of record in keys and in the
// journal. Append-only.
type kind byte

const (
	kindPerson     kind = 'P'
	kindPatient    kind = 'p'
	kindEncounter  kind = 'e'
	kindLesion     kind = 'l'
	kindJob        kind = 'j'
	kindSession    kind = 's'
	kindRun        kind = 'r'
	kindLanding    kind = 'd'
	kindAsset      kind = 'a'
	kindRendition  kind = 'x'
	kindGrant      kind = 'g'
	kindHold       kind = 'h'
	kindSet        kind = 't'
	kindItem       kind = 'i'
	kindRelease    kind = 'o'
	kindBreakGlass kind = 'b'
	kindTask       kind = 'k'
	kindRecall     kind = 'c'
	kindCode       kind = 'w'
	kindErasure    kind = 'f'
	kindRetention  kind = 'v'
	kindEdits      kind = 'y'
	kindQuality    kind = 'q'
)

// kinds returns every kind in the order in which Load gives them: whoever
// follows finds what a record points at before the record.
func kinds() []kind {
	return []kind{
		kindPerson, kindPatient, kindEncounter, kindLesion, kindJob, kindSession, kindRun, kindLanding,
		kindAsset, kindEdits, kindRendition, kindQuality, kindGrant, kindHold, kindSet, kindItem, kindRelease,
		kindBreakGlass, kindTask, kindRecall, kindCode, kindErasure, kindRetention,
	}
}

// record is one record of a Delta, seen alike for every kind.
type record struct {
	kind  kind
	id    [16]byte
	rev   *uint64
	owner string // names the key that seals it; empty: the store's own
	body  any    // points into the Delta
}

// flatten returns the records of d; they point into it.
func flatten(d *clinical.Delta) []record {
	var out []record
	gather(&out, d.People, func(x *clinical.Person) record { return record{kindPerson, x.ID, &x.Rev, "", x} })
	gather(&out, d.Patients, func(x *clinical.Patient) record { return record{kindPatient, x.ID, &x.Rev, patientOwner(x), x} })
	gather(&out, d.Encounters, func(x *clinical.Encounter) record {
		return record{kindEncounter, x.ID, &x.Rev, ownerName(x.Patient, ""), x}
	})
	gather(&out, d.Lesions, func(x *clinical.Lesion) record { return record{kindLesion, x.ID, &x.Rev, ownerName(x.Patient, ""), x} })
	gather(&out, d.Jobs, func(x *clinical.Job) record { return record{kindJob, x.ID, &x.Rev, ownerName(x.Patient, ""), x} })
	gather(&out, d.Sessions, func(x *clinical.Session) record {
		return record{kindSession, x.ID, &x.Rev, ownerName(x.Patient, ""), x}
	})
	gather(&out, d.Runs, func(x *clinical.Run) record { return record{kindRun, x.ID, &x.Rev, ownerName(x.Patient, ""), x} })
	gather(&out, d.Landings, func(x *clinical.Landing) record { return record{kindLanding, x.ID, &x.Rev, "", x} })
	gather(&out, d.Assets, func(x *clinical.Asset) record {
		return record{kindAsset, x.ID, &x.Rev, assetOwner(x), x}
	})
	// Edits, renditions and what was measured are sealed like their asset; the owner is filled in from there.
	gather(&out, d.Edits, func(x *clinical.Edits) record { return record{kindEdits, x.Asset, &x.Rev, "", x} })
	gather(&out, d.Renditions, func(x *clinical.Rendition) record { return record{kindRendition, x.ID, &x.Rev, "", x} })
	gather(&out, d.Qualities, func(x *clinical.Quality) record { return record{kindQuality, x.Asset, &x.Rev, "", x} })
	gather(&out, d.Grants, func(x *clinical.Grant) record { return record{kindGrant, x.ID, &x.Rev, ownerName(x.Patient, ""), x} })
	gather(&out, d.Holds, func(x *clinical.Hold) record { return record{kindHold, x.ID, &x.Rev, ownerName(x.Patient, ""), x} })
	gather(&out, d.Sets, func(x *clinical.TeachingSet) record { return record{kindSet, x.ID, &x.Rev, "", x} })
	gather(&out, d.Items, func(x *clinical.SetItem) record { return record{kindItem, x.ID, &x.Rev, "", x} })
	gather(&out, d.Releases, func(x *clinical.Release) record { return record{kindRelease, x.ID, &x.Rev, "", x} })
	// What was promised to a patient outlives the patient's key, and so do the
	// records that prove it; they name nobody.
	gather(&out, d.Glasses, func(x *clinical.BreakGlass) record {
		return record{kindBreakGlass, x.ID, &x.Rev, ownerName(x.Patient, ""), x}
	})
	gather(&out, d.Tasks, func(x *clinical.Task) record { return record{kindTask, x.ID, &x.Rev, "", x} })
	gather(&out, d.Recalls, func(x *clinical.Recall) record { return record{kindRecall, x.ID, &x.Rev, "", x} })
	gather(&out, d.Codes, func(x *clinical.PatientCode) record { return record{kindCode, x.ID, &x.Rev, "", x} })
	gather(&out, d.Erasures, func(x *clinical.Erasure) record { return record{kindErasure, x.ID, &x.Rev, "", x} })
	gather(&out, d.Retentions, func(x *clinical.Retention) record { return record{kindRetention, x.ID, &x.Rev, "", x} })
	return out
}

func gather[T any](out *[]record, list []T, as func(*T) record) {
	for i := range list {
		*out = append(*out, as(&list[i]))
	}
}

// cloneDelta copies the lists, so that setting Rev does not write to what the
// caller holds.
func cloneDelta(d clinical.Delta) clinical.Delta {
	return clinical.Delta{
		People: slices.Clone(d.People), Patients: slices.Clone(d.Patients), Encounters: slices.Clone(d.Encounters),
		Lesions: slices.Clone(d.Lesions), Jobs: slices.Clone(d.Jobs), Sessions: slices.Clone(d.Sessions),
		Runs: slices.Clone(d.Runs), Landings: slices.Clone(d.Landings), Assets: slices.Clone(d.Assets),
		Edits: slices.Clone(d.Edits), Renditions: slices.Clone(d.Renditions), Qualities: slices.Clone(d.Qualities), Grants: slices.Clone(d.Grants), Holds: slices.Clone(d.Holds),
		Sets: slices.Clone(d.Sets), Items: slices.Clone(d.Items), Releases: slices.Clone(d.Releases),
		Glasses: slices.Clone(d.Glasses), Tasks: slices.Clone(d.Tasks), Recalls: slices.Clone(d.Recalls), Codes: slices.Clone(d.Codes), Erasures: slices.Clone(d.Erasures), Retentions: slices.Clone(d.Retentions),
	}
}

// appendRecord decodes one record of kind k into the list of d it belongs to.
func appendRecord(d *clinical.Delta, k kind, plain []byte) error {
	switch k {
	case kindPerson:
		return decodeInto(&d.People, plain)
	case kindPatient:
		return decodeInto(&d.Patients, plain)
	case kindEncounter:
		return decodeInto(&d.Encounters, plain)
	case kindLesion:
		return decodeInto(&d.Lesions, plain)
	case kindJob:
		return decodeInto(&d.Jobs, plain)
	case kindSession:
		return decodeInto(&d.Sessions, plain)
	case kindRun:
		return decodeInto(&d.Runs, plain)
	case kindLanding:
		return decodeInto(&d.Landings, plain)
	case kindAsset:
		return decodeInto(&d.Assets, plain)
	case kindEdits:
		return decodeInto(&d.Edits, plain)
	case kindRendition:
		return decodeInto(&d.Renditions, plain)
	case kindQuality:
		return decodeInto(&d.Qualities, plain)
	case kindGrant:
		return decodeInto(&d.Grants, plain)
	case kindHold:
		return decodeInto(&d.Holds, plain)
	case kindSet:
		return decodeInto(&d.Sets, plain)
	case kindItem:
		return decodeInto(&d.Items, plain)
	default:
		return appendConsequence(d, k, plain)
	}
}

// appendConsequence is appendRecord for what follows from care and consent.
func appendConsequence(d *clinical.Delta, k kind, plain []byte) error {
	switch k {
	case kindRelease:
		return decodeInto(&d.Releases, plain)
	case kindBreakGlass:
		return decodeInto(&d.Glasses, plain)
	case kindTask:
		return decodeInto(&d.Tasks, plain)
	case kindRecall:
		return decodeInto(&d.Recalls, plain)
	case kindCode:
		return decodeInto(&d.Codes, plain)
	case kindErasure:
		return decodeInto(&d.Erasures, plain)
	case kindRetention:
		return decodeInto(&d.Retentions, plain)
	default:
		return clinical.Errorf(clinical.Corrupt, "vault: record of unknown kind %q", byte(k))
	}
}

func decodeInto[T any](list *[]T, plain []byte) error {
	var x T
	if err := json.Unmarshal(plain, &x); err != nil {
		return clinical.Errorf(clinical.Corrupt, "vault: decode record: %w", err)
	}
	*list = append(*list, x)
	return nil
}

// recordHeader is version(1) owner(8) slot(8) rev(8).
const recordHeader = 25

// envelope is what a stored record says of itself outside its seal.
type envelope struct {
	owner uint64 // number of the owner's key; 0: the store's own
	slot  uint64 // assets only
	rev   uint64
}

func (e envelope) encode() []byte {
	out := make([]byte, 1, recordHeader)
	out[0] = valueVersion
	out = binary.BigEndian.AppendUint64(out, e.owner)
	out = binary.BigEndian.AppendUint64(out, e.slot)
	return binary.BigEndian.AppendUint64(out, e.rev)
}

func decodeEnvelope(value []byte) (envelope, error) {
	if err := checkVersion("a record", value); err != nil {
		return envelope{}, err
	}
	if len(value) < recordHeader {
		return envelope{}, clinical.Errorf(clinical.Corrupt, "vault: record of %d bytes", len(value))
	}
	return envelope{
		owner: binary.BigEndian.Uint64(value[1:]),
		slot:  binary.BigEndian.Uint64(value[9:]),
		rev:   binary.BigEndian.Uint64(value[17:]),
	}, nil
}

// sealRecord returns the stored form of a record.
func (v *Vault) sealRecord(r record, slot uint64) ([]byte, error) {
	plain, err := json.Marshal(r.body)
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "vault: encode record: %w", err)
	}
	e := envelope{slot: slot, rev: *r.rev}
	a := v.boxes.record.aead
	if r.owner != "" {
		o, err := v.keys.owner(r.owner)
		if err != nil {
			return nil, err
		}
		e.owner, a = o.number, o.records
	}
	return seal(a, v.opt.Rand, e.encode(), plain, recordKey(r.kind, r.id))
}

// openRecord returns the JSON of a stored record. A record whose owner's key
// was destroyed is NotFound with reason "erased".
func (v *Vault) openRecord(key, value []byte) (envelope, []byte, error) {
	e, err := decodeEnvelope(value)
	if err != nil {
		return e, nil, err
	}
	a := v.boxes.record.aead
	if e.owner != 0 {
		o, _, err := v.keys.ownerNumbered(e.owner)
		if err != nil {
			return e, nil, err
		}
		a = o.records
	}
	plain, err := unseal(a, value, recordHeader, key)
	return e, plain, err
}

// The keys of the store: a byte for what it is, then IDs, numbers or keyed
// hashes, never a name. docs/formats/record.md lists them.
const (
	prefixRecord     = 'r'
	prefixJournal    = 'j'
	prefixLeaf       = 'l'
	prefixHash       = 'h'
	prefixManifest   = 'b'
	prefixUnique     = 'u'
	prefixRendition  = 'x'
	prefixIntent     = 'i'
	prefixShelf      = 's'
	prefixMeta       = 'm'
	prefixCheckpoint = 'k'
	prefixEvent      = 'e'
	prefixName       = 'n'
	prefixProof      = 'p'
)

func recordKey(k kind, id [16]byte) []byte {
	return append([]byte{prefixRecord, byte(k)}, id[:]...)
}

func numberKey(prefix byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefix}, n)
}

func manifestKey(id clinical.BlobID) []byte { return append([]byte{prefixManifest}, id[:]...) }

func renditionKey(a clinical.AssetID, r clinical.RenditionID) []byte {
	return append(append([]byte{prefixRendition}, a[:]...), r[:]...)
}

func metaKey(name string) []byte { return append([]byte{prefixMeta}, name...) }
