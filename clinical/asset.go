package clinical

import "time"

// AssetState says how far an asset has come. The zero state is invalid, and
// nobody sees an invalid asset.
type AssetState string

// The states of an asset.
const (
	Quarantined AssetState = "quarantined" // no patient yet; that studio's photographers only
	Provisional AssetState = "provisional" // in a run that waits; that studio's photographers only
	Filed       AssetState = "filed"       // record
	Discarded   AssetState = "discarded"   // bytes destroyed before filing
	Erased      AssetState = "erased"      // bytes destroyed by erasure; the ID is never used again
)

// Gone reports whether the bytes were destroyed.
func (s AssetState) Gone() bool { return s == Discarded || s == Erased }

// Sensitivity is a set of flags. The zero Sensitivity is "not yet known",
// which is the strictest; a classified picture without any flag is Plain.
type Sensitivity uint8

// The flags. Known is set by classification; raising means adding a flag.
const (
	Known        Sensitivity = 1 << iota // a person has classified the picture
	Face                                 // a face or part of one
	Intimate                             // intimate body part
	Safeguarding                         // suspected abuse or neglect
	VIP                                  // named people only
)

// Plain is a classified picture without flags.
const Plain = Known

// Has reports whether every flag of f is set.
func (s Sensitivity) Has(f Sensitivity) bool { return s&f == f }

// Names returns the set flags in fixed order, "unclassified" when unknown.
func (s Sensitivity) Names() []string {
	if !s.Has(Known) {
		return []string{"unclassified"}
	}
	out := []string{}
	for _, f := range []struct {
		bit  Sensitivity
		name string
	}{{Face, "face"}, {Intimate, "intimate"}, {Safeguarding, "safeguarding"}, {VIP, "vip"}} {
		if s.Has(f.bit) {
			out = append(out, f.name)
		}
	}
	return out
}

// ParseSensitivity reads flag names; an empty list is Plain. Unknown names are
// Invalid.
func ParseSensitivity(names []string) (Sensitivity, error) {
	s := Known
	for _, n := range names {
		switch n {
		case "face":
			s |= Face
		case "intimate":
			s |= Intimate
		case "safeguarding":
			s |= Safeguarding
		case "vip":
			s |= VIP
		case "plain", "none":
		default:
			return 0, Refuse(Invalid, "sensitivity", "The flags are face, intimate, safeguarding and vip, or plain for none. Choose among these.")
		}
	}
	return s, nil
}

// Blob names sealed bytes and what they are.
type Blob struct {
	ID     BlobID
	Size   int64    // plaintext bytes
	SHA256 [32]byte // of the plaintext
	MIME   string   // sniffed from content
}

// Capture is what the camera says of a picture.
type Capture struct {
	// Local is the camera's wall clock, in UTC fields; At is the instant it
	// stands for (with the stated offset, else the site's zone).
	Local     time.Time `json:",omitzero"`
	At        time.Time `json:",omitzero"`
	HasOffset bool      `json:",omitempty"`
	// Estimated is set where no capture time was stated and the file's own
	// modification time stands in.
	Estimated   bool   `json:",omitempty"`
	Make        string `json:",omitempty"`
	Model       string `json:",omitempty"`
	Serial      string `json:",omitempty"`
	FileNumber  string `json:",omitempty"`
	Orientation int    `json:",omitempty"` // EXIF 1..8; 0: not stated
	Width       int    `json:",omitempty"` // stored pixels, before orientation
	Height      int    `json:",omitempty"`
}

// Asset is one original picture and what is known of it.
type Asset struct {
	ID      AssetID
	Rev     uint64
	Ordinal uint32 // dense, given at commit, never reused; what a Scope counts by
	State   AssetState
	Reason  Reason `json:",omitempty"` // why quarantined or discarded

	Patient   PatientID   `json:",omitzero"`  // the owner; zero in quarantine
	Subjects  []PatientID `json:",omitempty"` // further identifiable people in the frame
	Session   SessionID   `json:",omitzero"`
	Job       JobID       `json:",omitzero"`
	Encounter EncounterID `json:",omitzero"`
	Lesion    LesionID    `json:",omitzero"`
	Run       RunID       `json:",omitzero"`
	Studio    StudioID
	Specialty Specialty `json:",omitempty"`

	Original Blob
	Capture  Capture
	// Name is the file's name as it landed, made printable. It may say who the
	// patient is, and is sealed and guarded like a picture.
	Name     string   `json:",omitempty"`
	Caption  string   `json:",omitempty"`
	Keywords []string `json:",omitempty"`
	View     View     `json:",omitzero"`
	IDShot   bool     `json:",omitempty"` // shows a label; can never be released
	Form     bool     `json:",omitempty"` // the scan of a consent form: no picture, and no use shows it

	Sensitivity Sensitivity
	// NoIdentifyingFeature is the photographer's recorded judgement; it makes
	// I1 only where neither face nor intimate part is in the picture.
	NoIdentifyingFeature bool      `json:",omitempty"`
	ClassifiedBy         PersonID  `json:",omitzero"` // who said what is in the picture
	ReviewedBy           PersonID  `json:",omitzero"`
	ReviewedAt           time.Time `json:",omitzero"`

	// Edit is the number of the version in which the picture is shown (Edits);
	// 0: as it was taken. Masked says that this version masks something. Cleared is how far its flattened copy, masks filled in,
	// identifies, as a second person attested; zero: nobody did, and no such copy
	// is shown.
	Edit    int             `json:",omitempty"`
	Masked  bool            `json:",omitempty"`
	Cleared Identifiability `json:",omitzero"`

	KeptAt  time.Time
	FiledAt time.Time `json:",omitzero"`
}

// Identifiability returns the level of the asset's original pixels: I1 where
// the photographer recorded "no identifying feature" on a classified picture
// without face or intimate part, else I0.
func (a Asset) Identifiability() Identifiability {
	if a.Sensitivity.Has(Known) && a.Sensitivity&(Face|Intimate) == 0 && a.NoIdentifyingFeature && !a.IDShot {
		return I1
	}
	return I0
}

// RenditionKind names a derived picture by what it is for.
type RenditionKind string

// The renditions of a picture. Original is the untouched file and is not stored
// twice; the others show the version of Asset.Edit, without its masks. Thumbnail
// and Teaching are made beforehand where they are called for, Screen and Full
// when they are asked for.
const (
	Original  RenditionKind = "original"
	Thumbnail RenditionKind = "thumb-256"     // fits 256 × 256 px
	Screen    RenditionKind = "screen-1024"   // fits 1024 × 1024 px
	Teaching  RenditionKind = "teaching-2048" // fits 2048 × 2048 px
	Full      RenditionKind = "full"          // every pixel, in a form that any screen shows
)

// The flattened copies of an edited picture: what the version's masks hide is in
// none of them. MaskedFull has every pixel, for the second person to look at.
const (
	MaskedThumbnail RenditionKind = "masked-256"
	MaskedScreen    RenditionKind = "masked-1024"
	Masked          RenditionKind = "masked-2048"
	MaskedFull      RenditionKind = "masked-full"
)

// Rendition is a derived picture: remade from original and recipe whenever its
// bytes are missing. The record (size, hash) outlives the bytes: one whose blob
// has a hash and no ID had them, and gets the same ones again.
type Rendition struct {
	ID      RenditionID
	Rev     uint64
	Asset   AssetID
	Patient PatientID `json:",omitzero"` // the owner at the time of making, for the key
	Kind    RenditionKind
	Recipe  uint32 // version of the program that made it
	Edit    int    `json:",omitempty"` // number of the version it shows; 0: as taken
	Source  BlobID // the original it was made from
	Blob    Blob
	Width   int // px, upright
	Height  int // px, upright
	// Room is how many bytes each copy has that is marked with who received it,
	// whoever that is; 0: not measured, or it cannot be marked.
	Room   int    `json:",omitempty"`
	Failed Reason `json:",omitempty"` // why there are no bytes
	MadeAt time.Time
}
