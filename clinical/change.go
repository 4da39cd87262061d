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
	ActHoldPlaced       Act = "hold.placed"
	ActHoldLifted       Act = "hold.lifted"
	ActSetCreated       Act = "set.created"
	ActSetChanged       Act = "set.changed"
	ActSetItemsAdded    Act = "set.items-added"
	ActSetItemsRemoved  Act = "set.items-removed"
	ActSetSubmitted     Act = "set.submitted"
	ActSetPublished     Act = "set.published"
	ActSetClosed        Act = "set.closed"
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
	ActGapDeclared   Act = "ledger.gap"
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
	Renditions []Rendition   `json:",omitempty"`
	Grants     []Grant       `json:",omitempty"`
	Holds      []Hold        `json:",omitempty"`
	Sets       []TeachingSet `json:",omitempty"`
	Items      []SetItem     `json:",omitempty"`
	Releases   []Release     `json:",omitempty"`
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
