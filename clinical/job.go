package clinical

import "time"

// JobStatus is how far a request has come. The zero status is invalid.
type JobStatus string

// The statuses of a job, in order; refused and did-not-attend end it.
const (
	JobRequested JobStatus = "requested"
	JobBooked    JobStatus = "booked"
	JobArrived   JobStatus = "arrived"
	JobTaken     JobStatus = "taken"
	JobFiled     JobStatus = "filed"
	JobDelivered JobStatus = "delivered"
	JobRefused   JobStatus = "refused"
	JobAbsent    JobStatus = "did-not-attend"
)

// Open reports whether photography for the job may still happen or be filed.
func (s JobStatus) Open() bool {
	switch s {
	case JobRequested, JobBooked, JobArrived, JobTaken:
		return true
	default:
		return false
	}
}

// Job is a request for pictures from a ward or clinic.
type Job struct {
	ID           JobID
	Rev          uint64
	Number       string // the site's job number, printed on the sheet; unique
	Patient      PatientID
	Encounter    EncounterID `json:",omitzero"`
	Requester    PersonID    `json:",omitzero"`
	Photographer PersonID    `json:",omitzero"` // assigned; zero: any of the studio
	Specialty    Specialty
	Wanted       []View `json:",omitempty"`
	Frames       int    `json:",omitempty"` // expected number of frames; 0: not stated
	Urgent       bool   `json:",omitempty"`
	Ward         string `json:",omitempty"`
	Due          time.Time
	Status       JobStatus
	FiledAt      time.Time `json:",omitzero"`
}

// PhotographyConsent is the consent to make the picture, which belongs to the
// session and never blocks care.
type PhotographyConsent string

// What was said about being photographed, or why nobody could be asked.
const (
	PhotographyNotAsked     PhotographyConsent = ""
	PhotographyAgreed       PhotographyConsent = "agreed"
	PhotographyEmergency    PhotographyConsent = "emergency"
	PhotographyBestInterest PhotographyConsent = "best-interest"
)

// Session is one sitting of one patient: its frames belong together.
type Session struct {
	ID           SessionID
	Rev          uint64
	Patient      PatientID
	Job          JobID       `json:",omitzero"`
	Encounter    EncounterID `json:",omitzero"`
	Studio       StudioID
	Photographer PersonID `json:",omitzero"`
	Specialty    Specialty
	Began        time.Time // earliest capture
	Consent      PhotographyConsent
	Chaperone    Chaperone `json:",omitzero"`
}

// Chaperone records whether a chaperone was offered, what the patient said,
// and who came.
type Chaperone struct {
	Offered  bool   `json:",omitempty"`
	Accepted bool   `json:",omitempty"` // false with Offered: declined
	Name     string `json:",omitempty"`
	Role     string `json:",omitempty"` // such as "nurse"
}

// StudioID is the short configured name of a studio, such as "studio-a":
// lower-case letters, digits and dashes, at most 40.
type StudioID string

// Run is a stretch of frames of one camera that rests on ID shots, waiting for
// agreement before it is filed.
type Run struct {
	ID       RunID
	Rev      uint64
	Studio   StudioID
	Camera   string // serial number as the camera states it
	Patient  PatientID
	Job      JobID `json:",omitzero"`
	Session  SessionID
	From, To time.Time // capture times of first and last frame, the ID shot included
	Frames   int       // ID shots excluded
	State    RunState
	Evidence []string // codes: "end-label", "job-count", "label-only", ...
}

// RunState says whether a run waits, is filed, or was given up.
type RunState string

// The states of a run. The zero state is invalid.
const (
	RunProvisional RunState = "provisional"
	RunFiled       RunState = "filed"
	RunDiscarded   RunState = "discarded"
)

// Outcome is what became of one landed file.
type Outcome string

// The outcomes; a receipt's counts of them add up to what was found.
const (
	OutcomeKept        Outcome = "kept"
	OutcomeDuplicate   Outcome = "duplicate"
	OutcomeQuarantined Outcome = "quarantined"
	OutcomeIgnored     Outcome = "ignored"
)

// Landing is the receipt for one file that landed: what it was and what became
// of it. Source is a keyed hash of where it lay, never a path.
type Landing struct {
	ID      LandingID
	Rev     uint64
	Studio  StudioID
	Source  string // keyed hash of studio, path, size, mtime and content
	At      time.Time
	Size    int64
	Outcome Outcome
	Reason  Reason  `json:",omitempty"`
	Asset   AssetID `json:",omitzero"`
	// Done is set once the source was disposed of as the studio asks.
	Done bool
}
