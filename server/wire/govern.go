package wire

import (
	"time"

	"fovea/clinical"
)

// BreakGlass asks for a ticket to one patient's pictures.
type BreakGlass struct {
	Patient  clinical.PatientID   `json:"patient"`
	Why      clinical.GlassReason `json:"why" enum:"emergency,cover,referral,patient-present,other"`
	Words    string               `json:"words" minLength:"1" maxLength:"4000"`
	Password string               `json:"password" minLength:"1" maxLength:"1024" doc:"the caller's own, once more"`
}

// Glass is a ticket to see one patient's pictures for care.
type Glass struct {
	ID         clinical.BreakGlassID `json:"id"`
	Person     clinical.PersonID     `json:"person"`
	Patient    clinical.PatientID    `json:"patient"`
	Why        clinical.GlassReason  `json:"why"`
	Words      string                `json:"words"`
	At         time.Time             `json:"at"`
	Until      time.Time             `json:"until"`
	ReviewedBy clinical.PersonID     `json:"reviewedBy,omitzero"`
	ReviewedAt time.Time             `json:"reviewedAt,omitzero"`
	Verdict    clinical.GlassVerdict `json:"verdict,omitempty"`
	Review     string                `json:"review,omitempty"`
}

// ToGlass converts for the wire.
func ToGlass(b clinical.BreakGlass) Glass {
	return Glass{
		ID: b.ID, Person: b.Person, Patient: b.Patient, Why: b.Why, Words: b.Words, At: b.At, Until: b.Until,
		ReviewedBy: b.ReviewedBy, ReviewedAt: b.ReviewedAt, Verdict: b.Verdict, Review: b.Review,
	}
}

// ReviewGlass is the judgement on a ticket.
type ReviewGlass struct {
	Verdict clinical.GlassVerdict `json:"verdict" enum:"justified,follow-up,misuse"`
	Words   string                `json:"words" minLength:"1" maxLength:"4000"`
}

// Merge says that a patient's record is another's.
type Merge struct {
	Into   clinical.PatientID `json:"into"`
	Reason string             `json:"reason" minLength:"1" maxLength:"4000"`
}

// Sitting is what belongs to a session and is no picture.
type Sitting struct {
	Photographer clinical.PersonID           `json:"photographer,omitzero"`
	Consent      clinical.PhotographyConsent `json:"photographyConsent,omitempty" enum:"agreed,emergency,best-interest" doc:"consent to make the pictures, or why nobody could be asked"`
	Chaperone    Chaperone                   `json:"chaperone,omitzero"`
}

// Erase asks for an erasure from the record.
type Erase struct {
	Assets   []clinical.AssetID `json:"assets,omitempty" maxItems:"2000" doc:"absent: everything of the patient"`
	OnBehalf string             `json:"onBehalf" minLength:"1" maxLength:"200" doc:"who asks: the patient, a parent, court"`
	Reason   string             `json:"reason" minLength:"1" maxLength:"4000"`
}

// DecideErasure is the decision on a request.
type DecideErasure struct {
	Outcome clinical.ErasureOutcome `json:"outcome" enum:"restrict,erase-copies,shred,refuse"`
	Reason  string                  `json:"reason" minLength:"1" maxLength:"4000"`
}

// Erasure is a request to erase, and what became of it.
type Erasure struct {
	ID          clinical.ErasureID      `json:"id"`
	Patient     clinical.PatientID      `json:"patient"`
	Assets      []clinical.AssetID      `json:"assets,omitempty"`
	OnBehalf    string                  `json:"onBehalf"`
	Reason      string                  `json:"reason"`
	RequestedBy clinical.PersonID       `json:"requestedBy"`
	RequestedAt time.Time               `json:"requestedAt"`
	Outcome     clinical.ErasureOutcome `json:"outcome,omitempty"`
	DecidedBy   clinical.PersonID       `json:"decidedBy,omitzero"`
	DecidedAt   time.Time               `json:"decidedAt,omitzero"`
	Words       string                  `json:"words,omitempty"`
	Recall      clinical.RecallID       `json:"recall,omitzero"`
	Done        time.Time               `json:"done,omitzero" doc:"when the keys were destroyed"`
	Pictures    int                     `json:"pictures,omitempty"`
	Epoch       time.Time               `json:"epoch,omitzero" doc:"copies of the store are unreadable once every key copy older than this is destroyed"`
}

// ToErasure converts for the wire.
func ToErasure(e clinical.Erasure) Erasure {
	return Erasure{
		ID: e.ID, Patient: e.Patient, Assets: e.Assets, OnBehalf: e.OnBehalf, Reason: e.Reason, RequestedBy: e.RequestedBy,
		RequestedAt: e.RequestedAt, Outcome: e.Outcome, DecidedBy: e.DecidedBy, DecidedAt: e.DecidedAt, Words: e.Words, Recall: e.Recall,
		Done: e.Done, Pictures: e.Pictures, Epoch: e.Epoch,
	}
}

// Keep is the outcome of a retention review.
type Keep struct {
	Until  clinical.Date `json:"until" doc:"the day of the next review"`
	Reason string        `json:"reason" minLength:"1" maxLength:"4000"`
}

// WorkItem is something that somebody should look at, and by when.
type WorkItem struct {
	Kind    clinical.WorkKind  `json:"kind"`
	Patient clinical.PatientID `json:"patient"`
	Grant   clinical.GrantID   `json:"grant,omitzero"`
	Task    clinical.TaskID    `json:"task,omitzero"`
	Erasure clinical.ErasureID `json:"erasure,omitzero"`
	Due     time.Time          `json:"due"`
}

// ToWorkItem converts for the wire.
func ToWorkItem(i clinical.WorkItem) WorkItem {
	return WorkItem{Kind: i.Kind, Patient: i.Patient, Grant: i.Grant, Task: i.Task, Erasure: i.Erasure, Due: i.Due}
}

// Explanation says rule by rule why somebody may, or may not, see a picture.
type Explanation struct {
	Permit bool            `json:"permit"`
	Rule   string          `json:"rule" doc:"the rule that decided"`
	Reason clinical.Reason `json:"reason,omitempty"`
	Words  string          `json:"words"`
	At     time.Time       `json:"at"`
	Until  time.Time       `json:"until,omitzero" doc:"when time alone may change the answer"`
	Rules  []RuleAnswer    `json:"rules"`
}

// RuleAnswer is what one rule says.
type RuleAnswer struct {
	Rule    string          `json:"rule"`
	Title   string          `json:"title"`
	Reason  clinical.Reason `json:"reason,omitempty" doc:"absent: it does not object"`
	Words   string          `json:"words,omitempty"`
	Decided bool            `json:"decided,omitempty"`
}

// ToExplanation converts for the wire.
func ToExplanation(x clinical.Explanation) Explanation {
	out := Explanation{
		Permit: x.Decision.Permit, Rule: x.Decision.Rule, Reason: x.Decision.Reason, Words: x.Words, At: x.At, Until: x.Decision.Until,
		Rules: []RuleAnswer{},
	}
	for _, r := range x.Rules {
		out.Rules = append(out.Rules, RuleAnswer(r))
	}
	return out
}

// Recorded is an entry of the ledger.
type Recorded struct {
	Leaf     uint64             `json:"entry"`
	Seq      uint64             `json:"seq,omitempty" doc:"journal number of the change; absent where nothing was changed"`
	At       time.Time          `json:"at"`
	Act      clinical.Act       `json:"act"`
	Person   clinical.PersonID  `json:"person,omitzero"`
	Name     string             `json:"name,omitempty" doc:"of the person, where the account is still there"`
	Operator string             `json:"operator,omitempty"`
	Door     clinical.Door      `json:"door"`
	Device   string             `json:"device,omitempty" doc:"as the ledger names it: the same for the same device, or for the same session of a browser"`
	Called   string             `json:"deviceName,omitempty" doc:"what the person calls the device, where its app password is still there"`
	Agent    string             `json:"agent,omitempty" doc:"the program and its version, as it calls itself"`
	Remote   string             `json:"remote,omitempty"`
	Use      string             `json:"use,omitempty" doc:"purpose, audience and channel"`
	Patient  clinical.PatientID `json:"patient,omitzero"`
	Assets   []clinical.AssetID `json:"assets,omitempty"`
	Set      clinical.SetID     `json:"set,omitzero"`
	Grant    clinical.GrantID   `json:"grant,omitzero"`
	Denied   bool               `json:"denied,omitempty"`
	Rule     string             `json:"rule,omitempty"`
	Count    int                `json:"count,omitempty"`
	SHA256   string             `json:"sha256,omitempty" doc:"of a paper that was issued"`
}

// ToRecorded converts for the wire; the names of the person and of the device are the door's to add.
func ToRecorded(r clinical.Recorded) Recorded {
	out := Recorded{
		Leaf: r.Leaf, Seq: r.Seq, At: r.At, Act: r.Act, Person: r.Caller.Person, Operator: r.Caller.Operator, Door: r.Caller.Door,
		Device: r.Caller.Device, Agent: r.Caller.Agent, Remote: r.Caller.Remote, Patient: r.Patient, Assets: r.Assets, Set: r.Set, Grant: r.Grant,
		Denied: r.Denied, Rule: r.Rule, Count: r.Count, SHA256: r.SHA256,
	}
	if r.Use.Valid() {
		out.Use = r.Use.Purpose.String() + " " + r.Use.Audience.String() + " " + r.Use.Channel.String()
	}
	return out
}

// Numbered is whose number it is: no more than staff need to act for a patient.
type Numbered struct {
	ID     clinical.PatientID `json:"id"`
	Record clinical.PatientID `json:"record" doc:"which holds the number itself; another than id where it was merged into that"`
}

// Launch asks to be led to a patient without a number in any address.
type Launch struct {
	Patient Identifier `json:"patient"`
	Job     string     `json:"job,omitempty" maxLength:"40" doc:"the job's number; it has to be the patient's"`
}

// Launched is a ticket, good once and for a minute.
type Launched struct {
	Path    string    `json:"path" doc:"to open in the browser of whoever is signed in"`
	Expires time.Time `json:"expires"`
}

// Rules are limits, and ways for the roles, that a site thinks of having.
type Rules struct {
	Limits Limits     `json:"limits,omitzero"`
	Roles  []RoleRule `json:"roles,omitempty" maxItems:"200"`
}

// Limits are what a site may set; 0 is the built-in value.
type Limits struct {
	JobDays           int  `json:"photographerDays,omitempty"`
	VerbalTeaching    bool `json:"verbalTeaching,omitempty"`
	SmallGroup        int  `json:"smallGroup,omitempty"`
	Cohort            int  `json:"cohort,omitempty"`
	EndingDays        int  `json:"endingDays,omitempty"`
	GlassPerWeek      int  `json:"glassPerWeek,omitempty"`
	TaskDays          int  `json:"taskDays,omitempty"`
	BothParents       bool `json:"bothParents,omitempty"`
	QuietSafeguarding bool `json:"quietSafeguarding,omitempty"`
}

// RoleRule is how a role may use pictures for a purpose.
type RoleRule struct {
	Role     clinical.Role    `json:"role"`
	Purpose  clinical.Purpose `json:"purpose"`
	Channels clinical.Channel `json:"channels" doc:"empty: not at all"`
}
