package clinical

import "time"

// Command is an act that a person asks for and policy.Gate.Do decides.
// The concrete types below are all there are.
type Command interface{ command() }

// AddPerson makes somebody known. The password is the login door's concern.
type AddPerson struct{ Person Person }

// ChangePerson replaces what is known of somebody; Person.Rev is the one read.
type ChangePerson struct{ Person Person }

// AddPatient registers a patient.
type AddPatient struct{ Patient Patient }

// ChangePatient replaces what is known of a patient; Patient.Rev is the one read.
type ChangePatient struct{ Patient Patient }

// OpenEncounter records who treats a patient, from when.
type OpenEncounter struct{ Encounter Encounter }

// AddJobs records requests for pictures.
type AddJobs struct{ Jobs []Job }

// ChangeJob replaces a job; Job.Rev is the one read.
type ChangeJob struct{ Job Job }

// ConfirmRun files a provisional run under its patient. Rev is that of the run
// whose contact sheet was looked at; 0: whatever is there now.
type ConfirmRun struct {
	Run RunID
	Rev uint64
}

// FileQuarantined files quarantined pictures under a patient a person chose.
type FileQuarantined struct {
	Assets  []AssetID
	Patient PatientID
	Job     JobID // optional
	Reason  string
}

// RejectQuarantined destroys quarantined pictures that belong to nobody.
type RejectQuarantined struct {
	Assets []AssetID
	Reason string
}

// DiscardAssets destroys frames before their session is filed.
type DiscardAssets struct {
	Assets []AssetID
	Reason string
}

// ClassifyAssets says what is in the pictures: of Session, or the Assets named.
type ClassifyAssets struct {
	Session              SessionID
	Assets               []AssetID
	Sensitivity          Sensitivity // must have Known
	NoIdentifyingFeature bool
	Reason               string
}

// ReviewAssets records a second person's confirmation of "no identifying feature".
type ReviewAssets struct {
	Assets []AssetID
	Reason string
}

// DescribeAsset edits the catalogue entry of one picture; Rev is the one read.
// Nil fields are kept.
type DescribeAsset struct {
	Asset    AssetID
	Rev      uint64
	Caption  *string
	Keywords *[]string
	View     *View
	Lesion   *LesionID
}

// SaveEdit adds a version to a picture's edits, and shows the picture in it from
// now on. Base is the version it was made from, 0 the original; another version
// that was saved meanwhile stays beside it.
type SaveEdit struct {
	Asset  AssetID
	Base   int
	Recipe Recipe
	Note   string
}

// PasteEdit adds a version to a picture's edits that takes parts of another
// picture's: see [Recipe.Paste] for what never leaves a patient. Version is
// From's; the picture is Asset, and begins from the version it is shown in.
type PasteEdit struct {
	Asset   AssetID
	From    AssetID
	Version int
	Parts   []Section
}

// AttestEdit is a second person's word on the flattened copy of the version in
// which a picture is shown: looked at pixel by pixel, it identifies nobody (I1),
// or no more than any other (I2). SHA256 is of the copy that was looked at. Found
// says of each feature what was found; only I0, that it is still recognisable, is
// said without.
type AttestEdit struct {
	Asset   AssetID
	Version int
	SHA256  [32]byte
	Level   Identifiability // I0, I1 or I2
	Found   Checklist
	Words   string
}

// NameSubjects says who else can be recognised in pictures: each needs a
// consent of their own, and the strictest wins. Subjects are added; those of
// Away are taken away, which widens and needs a reason.
type NameSubjects struct {
	Assets   []AssetID
	Subjects []PatientID
	Away     []PatientID
	Reason   string
}

// OpenLesion begins a finding that is followed over time.
type OpenLesion struct{ Lesion Lesion }

// ChangeLesion replaces what is known of a lesion, or closes it; Lesion.Rev is
// the one read. It stays the same patient's.
type ChangeLesion struct{ Lesion Lesion }

// RefileAssets corrects a wrong patient.
type RefileAssets struct {
	Assets []AssetID
	To     PatientID
	Reason string
}

// RecordConsent appends a grant: given, refused, requested or pending. Further
// are those of the same form: all are recorded, or none.
type RecordConsent struct {
	Grant   Grant
	Further []Grant
}

// WithdrawConsent withdraws one grant, or every active grant of a patient for
// purposes beyond care when Grant is zero.
type WithdrawConsent struct {
	Patient PatientID
	Grant   GrantID
	Reason  string
}

// MarkInError says that a consent was recorded by mistake: another patient's,
// or one that nobody gave. It stays in the list and permits nothing.
type MarkInError struct {
	Grant  GrantID
	Reason string
}

// PlaceHold forbids acts on pictures.
type PlaceHold struct{ Hold Hold }

// LiftHold ends a hold.
type LiftHold struct {
	Hold   HoldID
	Reason string
}

// CreateSet begins a teaching set owned by the caller.
type CreateSet struct{ Set TeachingSet }

// ChangeSet replaces title, audience, roster, dates or whether copies are
// marked; Set.Rev is the one read.
type ChangeSet struct{ Set TeachingSet }

// AddToSet adds pictures in the given order; Labels (optional) go beside them.
type AddToSet struct {
	Set    SetID
	Assets []AssetID
	Labels []string
}

// RemoveFromSet takes items out; their numbers are never used again.
type RemoveFromSet struct {
	Set   SetID
	Items []ItemID
}

// SubmitSet asks a second person to publish.
type SubmitSet struct{ Set SetID }

// PublishSet puts a set on its roster's drives. Rev is that of the set that was
// looked at; 0: as it was submitted, or for its owner whatever is there now.
type PublishSet struct {
	Set SetID
	Rev uint64
}

// CloseSet takes a set off every drive but its owner's pages.
type CloseSet struct{ Set SetID }

// ChangeSession records what belongs to a sitting: photographer, chaperone,
// consent to photograph; Session.Rev is the one read.
type ChangeSession struct{ Session Session }

// MergePatients says that From and Into are one person. From becomes an alias;
// its pictures keep owner and keys.
type MergePatients struct {
	From, Into PatientID
	Reason     string
}

// UnmergePatients takes a merge back and freezes what both have seen since
// under a hold, until governance has looked.
type UnmergePatients struct {
	Patient PatientID // the one that was merged into another
	Reason  string
}

// RevokeCode makes a patient's code useless.
type RevokeCode struct{ Code CodeID }

// FinishTask confirms that a task is done.
type FinishTask struct {
	Task   TaskID
	Answer Answer
	Words  string
}

// BreakTheGlass asks for a ticket to one patient's pictures. The door has made
// the asker sign in again just before: Confirmed says when.
type BreakTheGlass struct {
	Patient   PatientID
	Why       GlassReason
	Words     string
	Confirmed time.Time
}

// ReviewGlass records the judgement on a broken glass.
type ReviewGlass struct {
	Ticket  BreakGlassID
	Verdict GlassVerdict
	Words   string
}

// MakeRelease puts pictures into the register of releases. Nothing leaves yet.
type MakeRelease struct{ Release Release }

// DeliverRelease records that a release was handed over.
type DeliverRelease struct {
	Release ReleaseID
	Receipt string
}

// FailRelease records that handing a release over to another system did not
// work; it is tried again later.
type FailRelease struct {
	Release ReleaseID
	Fault   Reason
}

// EndRelease ends a release before its use-by.
type EndRelease struct {
	Release ReleaseID
	Reason  string
}

// RequestErasure takes a request to erase from the record.
type RequestErasure struct {
	Patient  PatientID
	Assets   []AssetID // empty: everything of the patient
	OnBehalf string
	Reason   string
}

// DecideErasure decides on a request; the decider is not who took it.
type DecideErasure struct {
	Erasure ErasureID
	Outcome ErasureOutcome
	Reason  string
}

// KeepUntil records the outcome of a retention review: keep until a day.
type KeepUntil struct {
	Patient PatientID
	Until   Date
	Reason  string
}

func (AddPerson) command()         {}
func (ChangePerson) command()      {}
func (AddPatient) command()        {}
func (ChangePatient) command()     {}
func (OpenEncounter) command()     {}
func (AddJobs) command()           {}
func (ChangeJob) command()         {}
func (ConfirmRun) command()        {}
func (FileQuarantined) command()   {}
func (RejectQuarantined) command() {}
func (DiscardAssets) command()     {}
func (ClassifyAssets) command()    {}
func (ReviewAssets) command()      {}
func (DescribeAsset) command()     {}
func (SaveEdit) command()          {}
func (PasteEdit) command()         {}
func (AttestEdit) command()        {}
func (NameSubjects) command()      {}
func (OpenLesion) command()        {}
func (ChangeLesion) command()      {}
func (RefileAssets) command()      {}
func (RecordConsent) command()     {}
func (WithdrawConsent) command()   {}
func (MarkInError) command()       {}
func (PlaceHold) command()         {}
func (LiftHold) command()          {}
func (CreateSet) command()         {}
func (ChangeSet) command()         {}
func (AddToSet) command()          {}
func (RemoveFromSet) command()     {}
func (SubmitSet) command()         {}
func (PublishSet) command()        {}
func (CloseSet) command()          {}
func (ChangeSession) command()     {}
func (MergePatients) command()     {}
func (UnmergePatients) command()   {}
func (RevokeCode) command()        {}
func (FinishTask) command()        {}
func (BreakTheGlass) command()     {}
func (ReviewGlass) command()       {}
func (MakeRelease) command()       {}
func (DeliverRelease) command()    {}
func (FailRelease) command()       {}
func (EndRelease) command()        {}
func (RequestErasure) command()    {}
func (DecideErasure) command()     {}
func (KeepUntil) command()         {}

// Query is a search. Text is what a person typed; the rest narrows.
type Query struct {
	Text    string
	Patient PatientID
	Session SessionID
	Studio  StudioID
	Taken   struct{ From, To time.Time } // half open; zero: no bound
	Terms   map[string][]string          // facet name → wanted values, any of them
	Facets  []string                     // facets to count: keyword, view, site, specialty, studio, year
	Sort    string                       // "" by relevance, then newest; "newest"; "oldest"
	Offset  int
	Limit   int // at most 500; 0: 50
}

// Found is what the index answers: ordinals, best first, all inside the Scope
// that was given, and counts over that Scope alone.
type Found struct {
	Total    int
	Ordinals []uint32
	Facets   []Facet
}

// Facet counts the values of one field among what was found.
type Facet struct {
	Name   string
	Values []FacetValue
	Other  int // hits with values not listed
}

// FacetValue is one value and how many hits have it.
type FacetValue struct {
	Value string
	Count int
}
