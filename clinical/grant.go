package clinical

import (
	"slices"
	"time"
)

// GrantStatus is how far a consent has come. Only Given permits anything.
type GrantStatus string

// The statuses.
const (
	GrantRequested      GrantStatus = "requested"
	GrantPending        GrantStatus = "pending"
	GrantGiven          GrantStatus = "given"
	GrantRefused        GrantStatus = "refused"
	GrantWithdrawn      GrantStatus = "withdrawn"
	GrantSuperseded     GrantStatus = "superseded"
	GrantEnteredInError GrantStatus = "entered-in-error"
)

// Mode is how consent was expressed.
type Mode string

// The modes. Verbal is dated with a named witness and never covers P4 or P5.
const (
	Written    Mode = "written"
	Electronic Mode = "electronic"
	Verbal     Mode = "verbal"
	Implied    Mode = "implied"
)

// Capacity is in which capacity consent was given.
type Capacity string

// The capacities.
const (
	AdultCapacity    Capacity = "adult"
	Parental         Capacity = "parental"
	MatureMinor      Capacity = "mature-minor"
	BestInterest     Capacity = "best-interest"
	DeceasedCapacity Capacity = "deceased"
)

// Assent is what a child said. Dissent wins for P2 and above.
type Assent string

// The answers.
const (
	AssentNotAsked Assent = ""
	Assented       Assent = "assent"
	Dissented      Assent = "dissent"
)

// Cover is which pictures a grant speaks of. The zero Cover covers nothing.
type Cover struct {
	Session SessionID `json:",omitzero"` // the default
	// Course covers what is captured from From until Until; Until is required.
	CourseFrom  time.Time `json:",omitzero"`
	CourseUntil time.Time `json:",omitzero"`
	Lesion      LesionID  `json:",omitzero"`
	Assets      []AssetID `json:",omitempty"`
	All         bool      `json:",omitempty"` // legacy import only
}

// IsZero reports whether the cover covers nothing.
func (c Cover) IsZero() bool {
	return c.Session.IsZero() && c.CourseUntil.IsZero() && c.Lesion.IsZero() && len(c.Assets) == 0 && !c.All
}

// Includes reports whether a is among the pictures spoken of. The patient is
// the grant's concern, not the cover's.
func (c Cover) Includes(a Asset) bool {
	switch {
	case c.All:
		return true
	case slices.Contains(c.Assets, a.ID):
		return true
	case !c.Session.IsZero() && c.Session == a.Session:
		return true
	case !c.Lesion.IsZero() && c.Lesion == a.Lesion:
		return true
	case !c.CourseUntil.IsZero():
		return !a.Capture.At.Before(c.CourseFrom) && a.Capture.At.Before(c.CourseUntil)
	default:
		return false
	}
}

// Grant is one entry in the append-only list of what a patient allowed or
// refused. It is never edited, only superseded or withdrawn. On screen it is
// called Consent. The zero Grant permits nothing.
type Grant struct {
	ID       GrantID
	Rev      uint64
	Patient  PatientID
	Status   GrantStatus
	Mode     Mode
	Covers   Cover
	Purposes []Purpose
	Audience Audience        // ceiling
	Level    Identifiability // ceiling
	Channels Channel
	// IntimateBeyondA2 is the patient's own tick.
	IntimateBeyondA2 bool   `json:",omitempty"`
	NamedUse         string `json:",omitempty"` // P4: the one use
	Study            string `json:",omitempty"` // P3: the study's ID
	Ethics           string `json:",omitempty"` // P3: the ethics committee's reference

	ValidFrom time.Time
	Expires   Date `json:",omitzero"` // ends with that day in the site's zone
	ReviewAt  Date `json:",omitzero"`

	Capacity Capacity
	// Temporary incapacity (best interest) raises a task to ask on recovery.
	Temporary    bool   `json:",omitempty"`
	Giver        string `json:",omitempty"`
	Relationship string `json:",omitempty"`
	SecondGiver  string `json:",omitempty"` // the other holder of parental responsibility
	Assent       Assent `json:",omitempty"`
	Witness      string `json:",omitempty"`
	Interpreter  string `json:",omitempty"`
	Language     string `json:",omitempty"` // BCP 47
	FormVersion  string `json:",omitempty"`
	FormBlob     BlobID `json:",omitzero"` // the sealed scan of the paper form

	TakenBeforePhoto bool `json:",omitempty"`
	ImagesShown      bool `json:",omitempty"`
	CopyGiven        bool `json:",omitempty"`

	RecordedBy PersonID
	RecordedAt time.Time

	Supersedes       GrantID   `json:",omitzero"`
	WithdrawnAt      time.Time `json:",omitzero"`
	WithdrawnBy      PersonID  `json:",omitzero"`
	WithdrawalReason string    `json:",omitempty"`
}

// HasPurpose reports whether p is ticked. A child purpose is not implied by
// its parent.
func (g Grant) HasPurpose(p Purpose) bool { return slices.Contains(g.Purposes, p) }

// ActiveAt reports whether the grant permits anything at t: given, begun, not
// expired. A date-only expiry ends with that day in zone.
func (g Grant) ActiveAt(t time.Time, zone *time.Location) bool {
	if g.Status != GrantGiven || t.Before(g.ValidFrom) {
		return false
	}
	return g.Expires.IsZero() || t.Before(g.Expires.End(zone))
}

// Lapses returns the instant at which a consent that was given stops by itself,
// of a patient born on born: after its last day, on the day of its review, and a
// parent's on the 18th birthday, whichever is first. The zero time: never.
func (g Grant) Lapses(born Date, zone *time.Location) time.Time {
	var first time.Time
	sooner := func(t time.Time) {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	if !g.Expires.IsZero() {
		sooner(g.Expires.End(zone))
	}
	if !g.ReviewAt.IsZero() && g.Capacity != DeceasedCapacity {
		sooner(g.ReviewAt.Start(zone))
	}
	if g.Capacity == Parental && !born.IsZero() {
		sooner(born.Anniversary(18).Start(zone))
	}
	return first
}

// LastDay returns the day before a consent lapses; the zero date: it does not.
func (g Grant) LastDay(born Date, zone *time.Location) Date {
	end := g.Lapses(born, zone)
	if end.IsZero() {
		return Date{}
	}
	return DateOf(end.Add(-1).In(zone))
}

// StandsAt reports whether the grant, of a patient born on born, is active at t
// and has not lapsed.
func (g Grant) StandsAt(t time.Time, born Date, zone *time.Location) bool {
	end := g.Lapses(born, zone)
	return g.ActiveAt(t, zone) && (end.IsZero() || t.Before(end))
}

// Hold forbids acts on what it covers.
type Hold struct {
	ID       HoldID
	Rev      uint64
	Kind     HoldKind
	Patient  PatientID `json:",omitzero"`
	Assets   []AssetID `json:",omitempty"` // empty: everything of the patient
	Reason   string
	PlacedBy PersonID
	PlacedAt time.Time
	LiftedBy PersonID  `json:",omitzero"`
	LiftedAt time.Time `json:",omitzero"`
	// Since is when the records were merged whose parting an unmerge freeze
	// watches: what either has seen from here on is held.
	Since time.Time `json:",omitzero"`
}

// HoldKind says what a hold is for. The zero kind is treated as the strictest.
type HoldKind string

// The holds: legal blocks edit, erasure and release, never P0 viewing; the
// others narrow P0 to the named team as well.
const (
	LegalHold       HoldKind = "legal"
	IdentityDispute HoldKind = "identity-dispute"
	UnmergeFreeze   HoldKind = "unmerge"
	Restriction     HoldKind = "restriction" // the outcome of a request to erase (GDPR art. 18)
)

// Lifted reports whether the hold no longer holds.
func (h Hold) Lifted() bool { return !h.LiftedAt.IsZero() }

// Over reports whether the hold covers a.
func (h Hold) Over(a Asset) bool {
	if h.Lifted() {
		return false
	}
	if len(h.Assets) > 0 {
		return slices.Contains(h.Assets, a.ID)
	}
	return !h.Patient.IsZero() && (h.Patient == a.Patient || slices.Contains(a.Subjects, h.Patient))
}
