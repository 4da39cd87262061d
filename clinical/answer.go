package clinical

import (
	"io"
	"time"
)

// Decision is what policy says to one request, and why.
type Decision struct {
	Permit bool
	Rule   string // stable code of the rule that decided, such as "4-no-grant"
	Reason Reason // what a set's owner and governance may read
	Obligations
}

// Obligations tell the door what to serve and how.
type Obligations struct {
	Rendition      RenditionKind // what may leave
	NoStore        bool          // no cache may keep it
	LogBeforeBytes bool          // the ledger entry is durable before the first byte
	Watermark      bool          // it leaves as a marked copy, or not at all
	// Until is when time alone may change the decision; zero: none in sight.
	Until time.Time
}

// Content is decrypted, authenticated bytes at random access.
type Content interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64
}

// Served is a picture on its way out of the gate. Content rechecks the
// decision at every chunk and fails with NotFound once it no longer holds.
type Served struct {
	Content
	Asset    AssetID
	MIME     string
	ETag     string // strong, quoted, stable across restart and re-encryption
	Modified time.Time
	Width    int
	Height   int
	// Room is how many bytes the marked copy has where Watermark is owed.
	Room int64
	Obligations
	// Gone is closed when the picture is withdrawn from this reader.
	Gone <-chan struct{}
}

// Folder is a set as one reader may see it: an immutable snapshot.
type Folder struct {
	Set      TeachingSet
	Modified time.Time // moves whenever what this reader sees may have changed
	Entries  []Entry   // in the owner's order
	Hidden   int       // only for the owner; 0 for everybody else
	Gone     int       // tombstones, only for the owner
}

// Entry is one picture in a Folder.
type Entry struct {
	Item  ItemID
	Asset AssetID
	// Position is how many items were added to the set before this one, removed
	// and hidden ones included: it never changes, and says in which of a set's
	// folders of 1,000 the picture lies.
	Position int
	Name     string // NNNNNN-Label.jpg
	Caption  string
	Size     int64
	MIME     string
	ETag     string
	Modified time.Time
	Created  time.Time
}

// ItemReport tells a set's owner whether an item is admitted, and why not.
type ItemReport struct {
	Item      SetItem
	Decision  Decision
	Words     string // the reason in plain words
	Withdrawn bool   // once admitted, now a tombstone
}

// Badge is consent in words, never a dot.
type Badge struct {
	State string // care, teaching, publication, asked, ending, refused, withdrawn, unclassified
	Words string
}

// Shown is a picture as a page lists it: what the caller may know of it.
type Shown struct {
	Asset Asset
	Badge Badge
	Thumb bool // a 256 px rendition is there
	// Failed is why there will be none: the picture cannot be drawn. Empty while
	// it is still being made.
	Failed Reason
	// Width and Height are those of the upright picture, which recipes are measured
	// in, and Advice is what was measured of it that is worth a look: for care
	// alone. Zero where nobody knows yet.
	Width, Height int
	Advice        []Advice
}

// Impact is what an act would do, before anybody does it.
type Impact struct {
	Pictures int // that the act itself changes
	Sets     []SetImpact
	// Adds and Removes count the pictures that the sets show and no longer show
	// together, each once for every set.
	Adds, Removes int
	Words         string // the whole in one or two sentences
}

// SetImpact is how many pictures the readers of one published set would lose
// and gain. Set and Name are zero where the asker does not know of the set.
type SetImpact struct {
	Set          SetID
	Name         string
	Loses, Gains int
	Cohorts      []CohortImpact `json:",omitempty"`
}

// CohortImpact is how many pictures one group of readers would lose and gain,
// through dates and changes of the roster as well. The roster's Name is empty.
type CohortImpact struct {
	Name         string
	People       int // readers to whom it happens
	Loses, Gains int
	// Channel is the way alone that they lose or gain, the pictures being theirs
	// by another as before; 0: the pictures themselves.
	Channel Channel `json:",omitempty"`
}

// PatientPage is a patient's timeline as the caller may see it.
type PatientPage struct {
	Patient    Patient
	Sessions   []SessionPage
	Grants     []Grant
	Consent    string // one sentence
	Holds      []Hold
	Lesions    []Lesion // open ones first, then the newest
	Restricted bool     // pictures exist that this treating clinician may not see
}

// SessionPage is one session's contact sheet.
type SessionPage struct {
	Session Session
	Job     Job
	Shown   []Shown
}

// Arrivals is what lies in the caller's studios.
type Arrivals struct {
	Runs       []RunPage // provisional
	Quarantine []Shown
	Recent     []Landing // newest first, at most 200
	Counts     map[StudioID]LandingCounts
}

// RunPage is a run and its frames in order, ID shots included.
type RunPage struct {
	Run     Run
	Patient Patient
	Job     Job
	Shown   []Shown
}

// LandingCounts add up: Found = Kept + Duplicate + Quarantined + Ignored.
type LandingCounts struct {
	Found       int `json:"found"`
	Kept        int `json:"kept"`
	Duplicate   int `json:"duplicate"`
	Quarantined int `json:"quarantined"`
	Ignored     int `json:"ignored"`
}
