package clinical

import "time"

// Erasure is a request to erase from the record, and what became of it. It
// takes two people: one who takes the request, another who decides.
type Erasure struct {
	ID          ErasureID
	Rev         uint64
	Patient     PatientID
	Assets      []AssetID `json:",omitempty"` // empty: everything of the patient
	OnBehalf    string    // who asked: patient, parent, court, ...
	Reason      string
	RequestedBy PersonID
	RequestedAt time.Time

	Outcome   ErasureOutcome `json:",omitempty"` // zero: not decided
	DecidedBy PersonID       `json:",omitzero"`
	DecidedAt time.Time      `json:",omitzero"`
	Words     string         `json:",omitempty"` // the reason of the decision
	Recall    RecallID       `json:",omitzero"`
	// Seq is the journal number of the decision, from when a shredding is
	// carried out; until then, and of every other outcome, Rev is.
	Seq uint64 `json:",omitempty"`

	// Done is when it was carried out, a shredding when the keys were destroyed;
	// Pictures how many it concerned.
	// Bytes in copies of the store are unreadable once every copy of the
	// keyring and of the recovery keys older than Epoch is destroyed.
	Done     time.Time `json:",omitzero"`
	Pictures int       `json:",omitempty"`
	Epoch    time.Time `json:",omitzero"`
}

// DecidedSeq returns the journal number of the decision; 0: there is none yet.
func (e Erasure) DecidedSeq() uint64 {
	switch {
	case e.Outcome == "":
		return 0
	case e.Seq != 0:
		return e.Seq
	default:
		return e.Rev
	}
}

// ErasureOutcome is what was decided.
type ErasureOutcome string

// The outcomes. The zero outcome is "not decided".
const (
	EraseRestrict ErasureOutcome = "restrict"     // care only, named team: nothing is destroyed
	EraseCopies   ErasureOutcome = "erase-copies" // sets, releases and renditions: the record stays
	EraseShred    ErasureOutcome = "shred"        // keys destroyed
	EraseRefuse   ErasureOutcome = "refuse"       // with a reason the patient is told
)

// Retention is a reviewed decision on how long a patient's pictures are kept
// beyond what the schedule says.
type Retention struct {
	ID        RetentionID
	Rev       uint64
	Patient   PatientID
	KeepUntil Date // the next review
	Reason    string
	By        PersonID
	At        time.Time
}
