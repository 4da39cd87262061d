package clinical

import "time"

// Bounds of one picture's edits.
const (
	MaxVersions  = 200     // of one picture
	MaxEditBytes = 4 << 20 // of all of them together, as JSON
)

// Edits are the versions of one picture, oldest first: version n is at n−1. A
// version is never changed and never merged with another; which one is shown is
// Asset.Edit.
type Edits struct {
	Asset    AssetID
	Rev      uint64
	Patient  PatientID `json:",omitzero"` // the picture's owner, for the key
	Versions []Version `json:",omitempty"`
}

// Version is one way in which a picture was edited.
type Version struct {
	Base     int          // number of the version it was made from; 0: the original
	Recipe   Recipe       // from the original, not from Base
	By       PersonID     `json:",omitzero"`
	At       time.Time    `json:",omitzero"`
	Note     string       `json:",omitempty"`
	Attested *Attestation `json:",omitempty"` // nil: nobody has
}

// Attestation is a second person's word that the flattened copy of a version
// identifies nobody.
type Attestation struct {
	By     PersonID
	At     time.Time
	SHA256 [32]byte        // of the MaskedFull rendition that was looked at
	Level  Identifiability // I1 or I2; I0: it is still recognisable
	Found  Checklist       `json:",omitempty"` // what was found of each feature; empty before it was asked for
	Words  string          `json:",omitempty"`
}

// Version returns a version by its number; false: there is none.
func (e Edits) Version(number int) (Version, bool) {
	if number < 1 || number > len(e.Versions) {
		return Version{}, false
	}
	return e.Versions[number-1], true
}

// Heads returns the numbers of the versions that no other was made from, in
// order. Two heads are two people's answers; a person chooses.
func (e Edits) Heads() []int {
	base := make(map[int]bool, len(e.Versions))
	for _, v := range e.Versions {
		base[v.Base] = true
	}
	var out []int
	for n := range e.Versions {
		if !base[n+1] {
			out = append(out, n+1)
		}
	}
	return out
}

// Unseen is a picture whose flattened copy waits for a second person.
type Unseen struct {
	Asset   AssetID
	Patient PatientID
	Version int // that it is shown in
	By      PersonID
	At      time.Time
	Masks   int
	Note    string
}
