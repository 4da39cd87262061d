package wire

import (
	"cmp"
	"slices"
	"time"

	"fovea/clinical"
)

// Impact is what an act would do to the sets that people read, before anybody
// does it.
type Impact struct {
	Words    string      `json:"words" doc:"the whole in one or two sentences"`
	Pictures int         `json:"pictures" doc:"that the act itself changes"`
	Adds     int         `json:"adds"`
	Removes  int         `json:"removes"`
	Sets     []SetImpact `json:"sets"`
}

// SetImpact is how many pictures the readers of one set would lose and gain.
type SetImpact struct {
	Set     clinical.SetID `json:"set,omitzero" doc:"absent where the caller does not know of the set"`
	Name    string         `json:"name,omitempty"`
	Loses   int            `json:"loses"`
	Gains   int            `json:"gains"`
	Cohorts []CohortImpact `json:"cohorts,omitempty"`
}

// CohortImpact is how many pictures one group of readers would lose and gain.
type CohortImpact struct {
	Name   string `json:"name" doc:"empty: the roster"`
	People int    `json:"people" doc:"to whom it happens"`
	Loses  int    `json:"loses"`
	Gains  int    `json:"gains"`

	Channel clinical.Channel `json:"channel,omitzero" doc:"the way alone that is lost or gained; absent: the pictures themselves"`
}

// ToImpact converts for the wire.
func ToImpact(i clinical.Impact) Impact {
	out := Impact{Words: i.Words, Pictures: i.Pictures, Adds: i.Adds, Removes: i.Removes, Sets: []SetImpact{}}
	for _, s := range i.Sets {
		one := SetImpact{Set: s.Set, Name: s.Name, Loses: s.Loses, Gains: s.Gains}
		for _, c := range s.Cohorts {
			one.Cohorts = append(one.Cohorts, CohortImpact(c))
		}
		out.Sets = append(out.Sets, one)
	}
	return out
}

// Reason is an act for which a person says why.
type Reason struct {
	Reason string `json:"reason" minLength:"1" maxLength:"4000"`
}

// PaperConsent is a consent on a paper form with levels. The level says
// purposes, audience and channels; all else is as it was written and ticked.
type PaperConsent struct {
	Level           int                      `json:"level" minimum:"1" maximum:"3" doc:"1 record, 2 teaching, 3 publication"`
	Status          clinical.GrantStatus     `json:"status,omitempty" enum:"given,refused,requested,pending" doc:"absent: given"`
	Mode            clinical.Mode            `json:"mode,omitempty" enum:"written,electronic,verbal,implied" doc:"absent: written"`
	Identifiability clinical.Identifiability `json:"identifiability,omitzero" doc:"as ticked: I0, I1 or I2; absent: I1"`
	Written
}

// Clinical converts from the wire for patient: each of the consents that the
// level stands for, with all that is written on the form. A refusal of more
// than the record is none of the record.
func (p PaperConsent) Clinical(patient clinical.PatientID, levels []clinical.Grant) []clinical.Grant {
	out := make([]clinical.Grant, 0, len(levels))
	for _, g := range levels {
		p.onto(&g)
		g.Patient = patient
		g.Status, g.Mode, g.Level = cmp.Or(p.Status, g.Status), cmp.Or(p.Mode, g.Mode), cmp.Or(p.Identifiability, g.Level)
		if g.Status == clinical.GrantRefused && len(g.Purposes) > 1 {
			g.Purposes = slices.DeleteFunc(slices.Clone(g.Purposes), func(of clinical.Purpose) bool { return of == clinical.P0 })
		}
		out = append(out, g)
	}
	out[0].Supersedes = p.Supersedes
	return out
}

// IssueCode asks for a code with which the patient can withdraw.
type IssueCode struct {
	Grants []clinical.GrantID `json:"grants,omitempty" maxItems:"100" doc:"absent: everything beyond care"`
}

// IssuedCode is a new code; the secret is in no other answer.
type IssuedCode struct {
	Secret string `json:"secret" doc:"shown once; only its hash is kept"`
}

// Code is a patient's code as listed. It opens nothing.
type Code struct {
	ID       clinical.CodeID    `json:"id"`
	Grants   []clinical.GrantID `json:"grants,omitempty"`
	IssuedBy clinical.PersonID  `json:"issuedBy"`
	IssuedAt time.Time          `json:"issuedAt"`
	UsedAt   time.Time          `json:"usedAt,omitzero"`
	Revoked  time.Time          `json:"revoked,omitzero"`
}

// ToCode converts for the wire.
func ToCode(c clinical.PatientCode) Code {
	return Code{ID: c.ID, Grants: c.Grants, IssuedBy: c.IssuedBy, IssuedAt: c.IssuedAt, UsedAt: c.UsedAt, Revoked: c.Revoked}
}

// Recall is what an act that took pictures back set in motion.
type Recall struct {
	ID        clinical.RecallID    `json:"id"`
	Cause     clinical.RecallCause `json:"cause"`
	Seq       uint64               `json:"seq,omitempty" doc:"journal number of the act, once settled"`
	Patient   clinical.PatientID   `json:"patient"`
	Grants    []clinical.GrantID   `json:"grants,omitempty"`
	Assets    []clinical.AssetID   `json:"assets,omitempty"`
	At        time.Time            `json:"at"`
	Since     time.Time            `json:"since,omitzero" doc:"what was read from here on counts"`
	By        clinical.PersonID    `json:"by,omitzero"`
	ByCode    bool                 `json:"byCode,omitempty" doc:"the patient did it, by the code"`
	Erasure   clinical.ErasureID   `json:"erasure,omitzero"`
	Settled   time.Time            `json:"settled,omitzero" doc:"absent: who had the pictures is still being found"`
	Reach     []Reach              `json:"reach"`
	Published []clinical.ReleaseID `json:"cannotBeRecalled,omitempty"`
}

// Reach is how somebody came to have pictures.
type Reach struct {
	Person  clinical.PersonID  `json:"person,omitzero" doc:"for governance alone"`
	Role    clinical.Role      `json:"role,omitempty"`
	Set     clinical.SetID     `json:"set,omitzero"`
	Release clinical.ReleaseID `json:"release,omitzero"`
	Purpose clinical.Purpose   `json:"purpose,omitzero" enum:"P0,P1,P2,P2b,P3,P4,P5,P6,P7" doc:"absent: several, added up"`
	Channel clinical.Channel   `json:"channel"`
	Assets  int                `json:"assets"`
	Times   int                `json:"times"`
	First   time.Time          `json:"first"`
	Last    time.Time          `json:"last"`
	Task    clinical.TaskID    `json:"task,omitzero"`
}

// ToReach converts for the wire.
func ToReach(r clinical.Reach) Reach {
	return Reach{
		Person: r.Person, Role: r.Role, Set: r.Set, Release: r.Release, Purpose: r.Purpose, Channel: r.Channel, Assets: r.Assets, Times: r.Times,
		First: r.First, Last: r.Last, Task: r.Task,
	}
}

// ToRecall converts for the wire.
func ToRecall(r clinical.Recall) Recall {
	out := Recall{
		ID: r.ID, Cause: r.Cause, Seq: r.Seq, Patient: r.Patient, Grants: r.Grants, Assets: r.Assets, At: r.At, Since: r.Since, By: r.By,
		ByCode: !r.Code.IsZero(), Erasure: r.Erasure, Settled: r.Settled, Reach: []Reach{}, Published: r.Published,
	}
	for _, one := range r.Reach {
		out.Reach = append(out.Reach, ToReach(one))
	}
	return out
}

// Task is something somebody has to do and to confirm.
type Task struct {
	ID         clinical.TaskID       `json:"id"`
	Kind       clinical.TaskKind     `json:"kind"`
	For        clinical.PersonID     `json:"for,omitzero" doc:"absent: anybody of the role, or who leads"`
	Role       clinical.Role         `json:"role,omitempty"`
	Lead       clinical.Lead         `json:"lead,omitempty"`
	Patient    clinical.PatientID    `json:"patient,omitzero"`
	Assets     []clinical.AssetID    `json:"assets,omitempty"`
	Set        clinical.SetID        `json:"set,omitzero"`
	Grant      clinical.GrantID      `json:"grant,omitzero"`
	Recall     clinical.RecallID     `json:"recall,omitzero"`
	Release    clinical.ReleaseID    `json:"release,omitzero"`
	BreakGlass clinical.BreakGlassID `json:"breakGlass,omitzero"`
	Raised     time.Time             `json:"raised"`
	Due        time.Time             `json:"due,omitzero"`
	DoneBy     clinical.PersonID     `json:"doneBy,omitzero"`
	DoneAt     time.Time             `json:"doneAt,omitzero"`
	Answer     clinical.Answer       `json:"answer,omitempty"`
	Words      string                `json:"words,omitempty"`
}

// ToTask converts for the wire.
func ToTask(t clinical.Task) Task {
	return Task{
		ID: t.ID, Kind: t.Kind, For: t.For, Role: t.Role, Lead: t.Lead, Patient: t.Patient, Assets: t.Assets, Set: t.Set, Grant: t.Grant,
		Recall: t.Recall, Release: t.Release, BreakGlass: t.BreakGlass, Raised: t.Raised, Due: t.Due, DoneBy: t.DoneBy, DoneAt: t.DoneAt,
		Answer: t.Answer, Words: t.Words,
	}
}

// FinishTask confirms that a task is done.
type FinishTask struct {
	Answer clinical.Answer `json:"answer" enum:"done,no-copy,cannot,agreed,objected,mistaken" doc:"which fit depends on the kind of task"`
	Words  string          `json:"words,omitempty" maxLength:"4000"`
}

// Paper says which edition of a document is wanted.
type Paper struct {
	Edition  string // patient (names nobody) or governance (names)
	Language string // BCP 47; other than English, French and Spanish is English
	JSON     bool   // instead of PDF
}

// PrintForm says which consent form is printed. With a Grant it is the patient's
// copy of what was decided, with a code the way to take it back.
type PrintForm struct {
	Patient  clinical.PatientID
	Grant    clinical.GrantID
	Code     string
	URL      string // where the code leads; empty: as the site is configured
	Language string
}

// Imported is what became of one consent of a Bundle.
type Imported struct {
	ID     clinical.GrantID     `json:"id"`
	Status clinical.GrantStatus `json:"status"`
	Done   bool                 `json:"recorded"`
	Reason clinical.Reason      `json:"reason,omitempty" doc:"why it was not recorded"`
	Words  string               `json:"words,omitempty"`
}
