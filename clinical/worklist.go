package clinical

import "time"

// WorkItem is something about a patient's consent or record that somebody
// should look at, and by when. What a patient refused is never one.
type WorkItem struct {
	Kind    WorkKind
	Patient PatientID
	Grant   GrantID   `json:",omitzero"`
	Task    TaskID    `json:",omitzero"`
	Erasure ErasureID `json:",omitzero"`
	Session SessionID `json:",omitzero"`
	Due     time.Time // when it takes effect, or should be done; may be past
}

// WorkKind says what is to be looked at.
type WorkKind string

// The kinds of work.
const (
	WorkExpires   WorkKind = "consent-expires"  // ends, unless the patient renews it
	WorkReview    WorkKind = "consent-review"   // due for review
	WorkTurns16   WorkKind = "turns-16"         // from now on the young person is asked
	WorkTurns18   WorkKind = "turns-18"         // a parent's consent ends
	WorkRecovery  WorkKind = "ask-on-recovery"  // incapacity was temporary
	WorkFamily    WorkKind = "family-consult"   // a patient has died
	WorkErasure   WorkKind = "erasure-decision" // asked for, not decided
	WorkRetention WorkKind = "retention-review" // the schedule no longer says keep
	// WorkPhotography is a sitting of which nobody has noted whether the patient
	// agreed to be photographed. It is shown, and keeps nothing from anybody.
	WorkPhotography WorkKind = "photography-consent"
)
