package clinical

import "time"

// BreakGlass is a ticket to see one patient's pictures for care without a
// need to know on record: bound to one person and one patient, short, told to
// those who lead governance, and reviewed without exception.
type BreakGlass struct {
	ID      BreakGlassID
	Rev     uint64
	Person  PersonID
	Patient PatientID
	Why     GlassReason
	Words   string
	At      time.Time
	Until   time.Time

	ReviewedBy PersonID     `json:",omitzero"`
	ReviewedAt time.Time    `json:",omitzero"`
	Verdict    GlassVerdict `json:",omitempty"`
	Review     string       `json:",omitempty"` // the reviewer's words
}

// OpenAt reports whether the ticket opens anything at t.
func (b BreakGlass) OpenAt(t time.Time) bool { return !t.Before(b.At) && t.Before(b.Until) }

// GlassReason is why somebody broke the glass. The zero reason is invalid.
type GlassReason string

// The reasons offered.
const (
	GlassEmergency GlassReason = "emergency"
	GlassCover     GlassReason = "cover"           // covering for the treating team
	GlassReferral  GlassReason = "referral"        // asked for an opinion
	GlassPatient   GlassReason = "patient-present" // the patient asks for it
	GlassOther     GlassReason = "other"
)

// GlassReasons returns every reason in the order in which they are offered.
func GlassReasons() []GlassReason {
	return []GlassReason{GlassEmergency, GlassCover, GlassReferral, GlassPatient, GlassOther}
}

// GlassVerdict is what a review found.
type GlassVerdict string

// The verdicts; the zero verdict is "not reviewed yet".
const (
	GlassJustified GlassVerdict = "justified"
	GlassFollowUp  GlassVerdict = "follow-up"
	GlassMisuse    GlassVerdict = "misuse"
)
