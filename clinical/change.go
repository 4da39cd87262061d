package clinical

import "time"

// Act names what was done. The list is append-only: the codes are in the
// journal and the ledger for ever.
type Act string

// The acts that change something.
const (
	ActInit             Act = "vault.init"
	ActPersonAdded      Act = "person.added"
	ActPersonChanged    Act = "person.changed"
	ActPatientAdded     Act = "patient.added"
	ActPatientChanged   Act = "patient.changed"
	ActEncounterOpened  Act = "encounter.opened"
	ActJobAdded         Act = "job.added"
	ActJobChanged       Act = "job.changed"
	ActAssetKept        Act = "asset.kept"
	ActAssetQuarantined Act = "asset.quarantined"
	ActLanding          Act = "landing.recorded"
	ActRunConfirmed     Act = "run.confirmed"
	ActRunResolved      Act = "run.resolved"
	ActQuarantineFiled  Act = "quarantine.filed"
	ActQuarantineReject Act = "quarantine.rejected"
	ActClassified       Act = "asset.classified"
	ActReviewed         Act = "asset.reviewed"
	ActDescribed        Act = "asset.described"
	ActRefiled          Act = "asset.refiled"
	ActDiscarded        Act = "asset.discarded"
	ActRendered         Act = "rendition.made"
	ActConsentRecorded  Act = "consent.recorded"
	ActConsentWithdrawn Act = "consent.withdrawn"
	ActConsentMistaken  Act = "consent.entered-in-error"
	ActHoldPlaced       Act = "hold.placed"
	ActHoldLifted       Act = "hold.lifted"
	ActSetCreated       Act = "set.created"
	ActSetChanged       Act = "set.changed"
	ActSetItemsAdded    Act = "set.items-added"
	ActSetItemsRemoved  Act = "set.items-removed"
	ActSetSubmitted     Act = "set.submitted"
	ActSetPublished     Act = "set.published"
	ActSetClosed        Act = "set.closed"
	ActSessionChanged   Act = "session.changed"
	ActFormKept         Act = "consent.form-kept"
	ActPatientsMerged   Act = "patient.merged"
	ActPatientsUnmerged Act = "patient.unmerged"
	ActCodeIssued       Act = "consent.code-issued"
	ActCodeRevoked      Act = "consent.code-revoked"
	ActRecallSettled    Act = "recall.settled"
	ActTaskRaised       Act = "task.raised"
	ActTaskDone         Act = "task.done"
	ActGlassBroken      Act = "break-glass.opened"
	ActGlassReviewed    Act = "break-glass.reviewed"
	ActReleaseMade      Act = "release.made"
	ActReleaseDelivered Act = "release.delivered"
	ActReleaseFailed    Act = "release.failed"
	ActReleaseEnded     Act = "release.ended"
	ActErasureAsked     Act = "erasure.requested"
	ActErasureDecided   Act = "erasure.decided"
	ActErasureDone      Act = "erasure.done"
	ActRetentionDecided Act = "retention.decided"
	ActSubjectsNamed    Act = "asset.subjects-named"
	ActLesionOpened     Act = "lesion.opened"
	ActLesionChanged    Act = "lesion.changed"
	ActEdited           Act = "asset.edited"
	ActAttested         Act = "asset.attested"
	ActMeasured         Act = "asset.measured"

	ActRenditionsDropped Act = "renditions.dropped" // Count of them; they are made again
)

// The acts that only look, or are about the doors.
const (
	ActViewed        Act = "asset.viewed"
	ActServed        Act = "asset.served" // bytes to a mount, download, print or export
	ActListed        Act = "set.listed"
	ActSearched      Act = "search"
	ActPatientSeen   Act = "patient.seen"
	ActDenied        Act = "denied"
	ActStreamCut     Act = "stream.cut"
	ActSignedIn      Act = "login.in"
	ActSignInFailed  Act = "login.failed"
	ActSignedOut     Act = "login.out"
	ActPasswordSet   Act = "login.password-set"
	ActAppIssued     Act = "app-password.issued"
	ActAppRevoked    Act = "app-password.revoked"
	ActAuditExported Act = "audit.exported"
	ActAuditRead     Act = "audit.read"
	ActExplained     Act = "explained"
	ActSimulated     Act = "simulated"
	ActGapDeclared   Act = "ledger.gap"
	ActPaperIssued   Act = "paper.issued"    // a certificate, or a list of exhibits; SHA256 is of its bytes
	ActUploaded      Act = "upload.received" // into a studio's inbox; Count is its bytes
	ActUploadRead    Act = "upload.read"     // while it waited there
	ActUploadRemoved Act = "upload.removed"  // by whoever may, before it was taken
)

// Event is one line of the ledger: who did, saw or was denied what, from
// where, for which use. The vault writes it with keyed pseudonyms in place of
// people and patients, and Note only as a hash.
type Event struct {
	At      time.Time
	Act     Act
	Caller  Caller
	Use     Use       `json:",omitzero"`
	Patient PatientID `json:",omitzero"`
	Assets  []AssetID `json:",omitempty"`
	Set     SetID     `json:",omitzero"`
	Grant   GrantID   `json:",omitzero"`
	Denied  bool      `json:",omitempty"`
	Rule    string    `json:",omitempty"` // the rule that decided
	Count   int       `json:",omitempty"` // bytes served, hits found
	Note    string    `json:",omitempty"` // a person's free-text reason; sealed
	SHA256  string    `json:",omitempty"` // of a paper that was issued, or a copy that was attested, in lower-case hexadecimal: in the ledger as it is
}

// Delta holds records as they are after a change. In a proposed change each
// record's Rev is the one it was read at (0: new), and a commit whose Rev is
// stale is a Conflict as a whole; the vault sets Rev to the new journal number.
type Delta struct {
	People     []Person      `json:",omitempty"`
	Patients   []Patient     `json:",omitempty"`
	Encounters []Encounter   `json:",omitempty"`
	Lesions    []Lesion      `json:",omitempty"`
	Jobs       []Job         `json:",omitempty"`
	Sessions   []Session     `json:",omitempty"`
	Runs       []Run         `json:",omitempty"`
	Landings   []Landing     `json:",omitempty"`
	Assets     []Asset       `json:",omitempty"`
	Edits      []Edits       `json:",omitempty"`
	Renditions []Rendition   `json:",omitempty"`
	Qualities  []Quality     `json:",omitempty"`
	Grants     []Grant       `json:",omitempty"`
	Holds      []Hold        `json:",omitempty"`
	Sets       []TeachingSet `json:",omitempty"`
	Items      []SetItem     `json:",omitempty"`
	Releases   []Release     `json:",omitempty"`
	Glasses    []BreakGlass  `json:",omitempty"`
	Tasks      []Task        `json:",omitempty"`
	Recalls    []Recall      `json:",omitempty"`
	Codes      []PatientCode `json:",omitempty"`
	Erasures   []Erasure     `json:",omitempty"`
	Retentions []Retention   `json:",omitempty"`
}

// Change is one journal entry: an event and the records it leaves behind.
// Seq is dense and starts at 1. Read back from the journal, the records are as
// they are NOW, which may be newer than Seq (compare Rev): followers are
// idempotent and keep the highest Rev they saw.
type Change struct {
	Seq uint64
	Event
	Delta
}

// EventQuery asks the ledger what was seen, changed or denied. Every field
// that is stated narrows; the zero query matches everything.
type EventQuery struct {
	Patient  PatientID
	Assets   []AssetID // any of them
	Person   PersonID
	Set      SetID
	SHA256   string    // of a paper
	Acts     []Act     // any of them
	From, To time.Time // half open; zero: no bound
	After    uint64    // number of the last entry already had, plus one; 0: from the first
	Limit    int       // at most 10,000; 0: 1,000
}

// Recorded is an entry of the ledger read back, its pseudonyms resolved. Note
// is not there: the ledger holds a hash of it alone. A person or patient whose
// record is gone has a zero ID.
type Recorded struct {
	Leaf uint64 // number of the entry, from 0
	Seq  uint64 // journal number of the change, which a proof is asked for by; 0: nothing was changed
	Event
}

// Owner says under whose key bytes are sealed: a patient's, or a studio's
// while in quarantine. Asset names the slot; destroying it destroys the bytes.
type Owner struct {
	Patient PatientID
	Studio  StudioID // only when Patient is zero
	Asset   AssetID
}

// Duplicate is the error of a Put or Commit whose bytes this owner has already.
type Duplicate struct{ Asset AssetID }

func (d *Duplicate) Error() string { return "duplicate of asset " + d.Asset.String() }
