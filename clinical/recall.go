package clinical

import "time"

// Recall is what an act that takes pictures back set in motion: who had them,
// and what each was asked to do. It names no patient in words and outlives the
// erasure of one: certificates are made from it.
type Recall struct {
	ID      RecallID
	Rev     uint64
	Cause   RecallCause
	Seq     uint64 // journal number of the act, from when it begins to be settled
	Patient PatientID
	Grants  []GrantID `json:",omitempty"`
	Assets  []AssetID `json:",omitempty"`
	At      time.Time
	Since   time.Time // what was read from here on counts
	By      PersonID  `json:",omitzero"`
	Code    CodeID    `json:",omitzero"` // the patient's own code, where they did it themselves
	Erasure ErasureID `json:",omitzero"`

	Settled   time.Time   `json:",omitzero"` // when Reach was found and tasks raised; zero: on its way
	Reach     []Reach     `json:",omitempty"`
	Published []ReleaseID `json:",omitempty"` // uses that cannot be taken back
}

// RecallCause is the act behind a recall.
type RecallCause string

// The causes.
const (
	RecallWithdrawal RecallCause = "withdrawal"
	RecallRefile     RecallCause = "refile"
	RecallErasure    RecallCause = "erasure"
)

// Reach is how somebody came to have pictures for one purpose: through one set,
// or one release, or neither, which is care only where the purpose is.
type Reach struct {
	Person  PersonID  `json:",omitzero"`
	Role    Role      `json:",omitempty"` // what the person was then; all that the patient's copy says
	Set     SetID     `json:",omitzero"`
	Release ReleaseID `json:",omitzero"`
	Purpose Purpose   `json:",omitzero"` // zero: several, added up
	Channel Channel
	Assets  int // how many of the pictures
	Times   int
	First   time.Time
	Last    time.Time
	Task    TaskID `json:",omitzero"` // what they were asked to do
}

// Certified is a recall as the patient's copy of its certificate is made from
// it. Nobody of staff is named in it: each is a stand-in with a role, whose ID
// says nothing but that two rows are one person's.
type Certified struct {
	Recall   Recall
	Tasks    []Task // those of this recall
	People   []Person
	Sets     []TeachingSet // through which pictures went: ID, purpose and audience alone
	Releases []Release     // that cannot be taken back: ID, kind, recipient and dates alone
	Again    time.Time     // since when another consent allows what a withdrawal took back; zero: none does
}

// Task is something one person, or anybody of a role, has to do and to
// confirm. A task is never skipped: it is done, or it stays.
type Task struct {
	ID         TaskID
	Rev        uint64
	Kind       TaskKind
	For        PersonID     `json:",omitzero"` // zero: anybody of Role, or who has Lead
	Role       Role         `json:",omitempty"`
	Lead       Lead         `json:",omitempty"`
	Patient    PatientID    `json:",omitzero"`
	Assets     []AssetID    `json:",omitempty"`
	Set        SetID        `json:",omitzero"`
	Grant      GrantID      `json:",omitzero"`
	Recall     RecallID     `json:",omitzero"`
	Release    ReleaseID    `json:",omitzero"`
	BreakGlass BreakGlassID `json:",omitzero"`
	Raised     time.Time
	Due        time.Time `json:",omitzero"`
	DoneBy     PersonID  `json:",omitzero"`
	DoneAt     time.Time `json:",omitzero"`
	Answer     Answer    `json:",omitempty"`
	Words      string    `json:",omitempty"`
}

// Done reports whether somebody confirmed it.
func (t Task) Done() bool { return !t.DoneAt.IsZero() }

// TaskKind says what is to be done.
type TaskKind string

// The kinds of task.
const (
	DestroyCopy      TaskKind = "destroy-copy"       // a reader: destroy what was downloaded or cached
	CorrectionNotice TaskKind = "correction-notice"  // tell where a wrongly filed picture was delivered
	AskOnRecovery    TaskKind = "ask-on-recovery"    // incapacity was temporary
	FamilyConsult    TaskKind = "family-consult"     // before P4, P5 or identifiable use of a deceased patient's
	GlassNotice      TaskKind = "break-glass-notice" // the leads: somebody broke the glass
	GlassReview      TaskKind = "break-glass-review" // governance: judge it
	GlassAlert       TaskKind = "break-glass-alert"  // one person, too often in a week
	VerifyWithdrawal TaskKind = "verify-withdrawal"  // withdrawn on the patient's word: confirm with the patient
)

// Answer is how a task was closed.
type Answer string

// The answers; which fit depends on the kind.
const (
	AnswerDone     Answer = "done"     // destroyed, told, asked, read
	AnswerNoCopy   Answer = "no-copy"  // there was nothing to destroy
	AnswerCannot   Answer = "cannot"   // with words that say why
	AnswerAgreed   Answer = "agreed"   // family: no objection
	AnswerObjected Answer = "objected" // family: objects
	AnswerMistaken Answer = "mistaken" // the withdrawal was not what the patient wanted; record a new consent
)

// PatientCode lets a patient, or who speaks for them, withdraw without an
// account: a secret of 160 random bits on the patient's copy, of which only
// the hash is kept. It can only ever tighten.
type PatientCode struct {
	ID       CodeID
	Rev      uint64
	Patient  PatientID
	Grants   []GrantID `json:",omitempty"` // empty: everything beyond care
	Hash     [32]byte  // SHA-256 of the secret
	IssuedBy PersonID
	IssuedAt time.Time
	UsedAt   time.Time `json:",omitzero"`
	Revoked  time.Time `json:",omitzero"`
}

// CodeView is what a patient's code would withdraw, in words and without a
// name, a number or an ID.
type CodeView struct {
	IssuedAt time.Time
	Consents []CodeConsent // empty: nothing stands any more
}

// CodeConsent is one consent as its giver may read it.
type CodeConsent struct {
	Purposes []Purpose
	Audience Audience
	NamedUse string    `json:",omitempty"`
	Given    time.Time // when it began, which may be before it was recorded
	Expires  Date      `json:",omitzero"`
	Place    *Place    `json:",omitempty"` // where on the body, of one lesion alone; nil: not of one alone
}

// Place is where on the body something is, in the department's words. It says
// nothing of what it is.
type Place struct {
	Site string // empty: not noted
	Side Laterality
}
