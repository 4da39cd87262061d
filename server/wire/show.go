package wire

import (
	"encoding/hex"
	"time"

	"fovea/clinical"
)

// Result says what an act came to.
type Result struct {
	Seq uint64   `json:"seq" doc:"journal number of the change"`
	IDs []string `json:"ids" doc:"what was made or changed, in the order asked for"`
	// Warning is a stable code of what was done and somebody should look at.
	Warning string `json:"warning,omitempty" doc:"such as roster-over-audience: more readers than the audience that was declared"`
	// Recall is what the act set in motion: certificates are made from it.
	Recall clinical.RecallID `json:"recall,omitzero"`
}

// List is one page of a listing.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; absent at the end"`
	Total int    `json:"total,omitempty"`
}

// Person is somebody who may sign in.
type Person struct {
	ID        clinical.PersonID   `json:"id,omitzero"`
	Rev       uint64              `json:"rev,omitempty"`
	Login     string              `json:"login" maxLength:"64"`
	Name      string              `json:"name" maxLength:"200"`
	Role      clinical.Role       `json:"role" enum:"photographer,clinician,educator,student,governance,nurse,studio,admin"`
	Specialty clinical.Specialty  `json:"specialty,omitempty"`
	Studios   []clinical.StudioID `json:"studios,omitempty"`
	Language  string              `json:"language,omitempty" maxLength:"35"`
	TermEnds  clinical.Date       `json:"termEnds,omitzero"`
	Disabled  bool                `json:"disabled,omitempty"`
	Shared    bool                `json:"shared,omitempty" doc:"an account that several people use: mounts nothing that identifies a patient"`
	Leads     []clinical.Lead     `json:"leads,omitempty" maxItems:"4" enum:"governance,safeguarding" doc:"what the person answers for in the whole hospital"`
}

// ToPerson converts for the wire.
func ToPerson(p clinical.Person) Person {
	return Person{
		ID: p.ID, Rev: p.Rev, Login: p.Login, Name: p.Name, Role: p.Role, Specialty: p.Specialty,
		Studios: p.Studios, Language: p.Language, TermEnds: p.TermEnds, Disabled: p.Disabled, Shared: p.Shared, Leads: p.Leads,
	}
}

// Clinical converts from the wire.
func (p Person) Clinical() clinical.Person {
	return clinical.Person{
		ID: p.ID, Rev: p.Rev, Login: p.Login, Name: p.Name, Role: p.Role, Specialty: p.Specialty,
		Studios: p.Studios, Language: p.Language, TermEnds: p.TermEnds, Disabled: p.Disabled, Shared: p.Shared, Leads: p.Leads,
	}
}

// Identifier is a patient's number in one system.
type Identifier struct {
	System string `json:"system" maxLength:"40"`
	Value  string `json:"value" maxLength:"64"`
}

// Patient is a patient as a list shows one.
type Patient struct {
	ID                 clinical.PatientID  `json:"id,omitzero"`
	Rev                uint64              `json:"rev,omitempty"`
	Family             string              `json:"family" maxLength:"200"`
	Given              string              `json:"given" maxLength:"200"`
	Born               clinical.Date       `json:"born,omitzero"`
	Sex                clinical.Sex        `json:"sex,omitempty" enum:"F,M,O"`
	Identifiers        []Identifier        `json:"identifiers,omitempty"`
	Deceased           bool                `json:"deceased,omitempty"`
	DeceasedOn         clinical.Date       `json:"deceasedOn,omitzero"`
	MergedInto         clinical.PatientID  `json:"mergedInto,omitzero" doc:"the record that stands for this one; changed by merging alone"`
	Erased             time.Time           `json:"erased,omitzero" doc:"when the record was erased: nothing but numbers is left of it; changed by erasing alone"`
	VIP                bool                `json:"vip,omitempty"`
	PhotographyRefused bool                `json:"photographyRefused,omitempty"`
	NamedTeam          []clinical.PersonID `json:"namedTeam,omitempty" doc:"people who may see a VIP patient or one on an identity hold"`
}

// ToPatient converts for the wire.
func ToPatient(p clinical.Patient) Patient {
	out := Patient{
		ID: p.ID, Rev: p.Rev, Family: p.Family, Given: p.Given, Born: p.Born, Sex: p.Sex,
		Deceased: p.Deceased, DeceasedOn: p.DeceasedOn, MergedInto: p.MergedInto, Erased: p.Erased, VIP: p.Vip, PhotographyRefused: p.PhotographyRefused,
		NamedTeam: p.NamedTeam,
	}
	for _, i := range p.Identifiers {
		out.Identifiers = append(out.Identifiers, Identifier{System: i.System, Value: i.Value})
	}
	return out
}

// Clinical converts from the wire; numbers are as typed, not yet checked.
func (p Patient) Clinical() clinical.Patient {
	out := clinical.Patient{
		ID: p.ID, Rev: p.Rev, Family: p.Family, Given: p.Given, Born: p.Born, Sex: p.Sex,
		Deceased: p.Deceased, DeceasedOn: p.DeceasedOn, MergedInto: p.MergedInto, Vip: p.VIP, PhotographyRefused: p.PhotographyRefused,
		NamedTeam: p.NamedTeam,
	}
	for _, i := range p.Identifiers {
		out.Identifiers = append(out.Identifiers, clinical.Identifier{System: i.System, Value: i.Value})
	}
	return out
}

// View is the standard view a picture shows.
type View struct {
	Code       string              `json:"code,omitempty" maxLength:"40"`
	Site       string              `json:"site,omitempty" maxLength:"80"`
	Laterality clinical.Laterality `json:"laterality,omitempty" enum:"R,L,B,U"`
	Ratio      string              `json:"ratio,omitempty" maxLength:"12" doc:"reproduction ratio such as 1:10"`
	DistanceMM int                 `json:"distanceMm,omitempty" minimum:"0" maximum:"100000"`
	Position   string              `json:"position,omitempty" maxLength:"40"`
	Phase      clinical.Phase      `json:"phase,omitempty" enum:"pre,intra,post"`
	Scale      bool                `json:"scaleInFrame,omitempty"`
}

// ToView converts for the wire.
func ToView(v clinical.View) View {
	return View{v.Code, v.Site, v.Laterality, v.Ratio, v.DistanceMM, v.Position, v.Phase, v.ScaleInFrame}
}

// Clinical converts from the wire.
func (v View) Clinical() clinical.View {
	return clinical.View{
		Code: v.Code, Site: v.Site, Laterality: v.Laterality, Ratio: v.Ratio, DistanceMM: v.DistanceMM,
		Position: v.Position, Phase: v.Phase, ScaleInFrame: v.Scale,
	}
}

// Asset is a picture as the caller may know of it.
type Asset struct {
	ID                   clinical.AssetID     `json:"id"`
	Rev                  uint64               `json:"rev"`
	State                clinical.AssetState  `json:"state"`
	Reason               clinical.Reason      `json:"reason,omitempty"`
	Patient              clinical.PatientID   `json:"patient,omitzero"`
	Subjects             []clinical.PatientID `json:"subjects,omitempty" doc:"who else can be recognised"`
	Session              clinical.SessionID   `json:"session,omitzero"`
	Lesion               clinical.LesionID    `json:"lesion,omitzero"`
	Job                  clinical.JobID       `json:"job,omitzero"`
	Run                  clinical.RunID       `json:"run,omitzero"`
	Studio               clinical.StudioID    `json:"studio"`
	Specialty            clinical.Specialty   `json:"specialty,omitempty"`
	Name                 string               `json:"name,omitempty"`
	Caption              string               `json:"caption,omitempty"`
	Keywords             []string             `json:"keywords,omitempty"`
	View                 View                 `json:"view,omitzero"`
	IDShot               bool                 `json:"idShot,omitempty"`
	Sensitivity          []string             `json:"sensitivity"`
	NoIdentifyingFeature bool                 `json:"noIdentifyingFeature,omitempty"`
	Identifiability      string               `json:"identifiability"`
	Size                 int64                `json:"size"`
	SHA256               string               `json:"sha256"`
	MIME                 string               `json:"mime"`
	TakenAt              time.Time            `json:"takenAt,omitzero"`
	TakenLocal           string               `json:"takenLocal,omitempty" doc:"the camera's wall clock"`
	TakenEstimated       bool                 `json:"takenEstimated,omitempty"`
	Make                 string               `json:"make,omitempty"`
	Model                string               `json:"model,omitempty"`
	Serial               string               `json:"serial,omitempty"`
	Orientation          int                  `json:"orientation,omitempty"`
	Width                int                  `json:"width,omitempty"`
	Height               int                  `json:"height,omitempty"`
	KeptAt               time.Time            `json:"keptAt"`
	Badge                string               `json:"badge,omitempty"`
	BadgeState           string               `json:"badgeState,omitempty"`
	Thumb                bool                 `json:"thumb"`
	UprightWidth         int                  `json:"uprightWidth,omitempty" doc:"in pixels, as it is looked at: what edits are measured in; not there until the picture was measured"`
	UprightHeight        int                  `json:"uprightHeight,omitempty"`
	Advice               []Advice             `json:"advice,omitempty" doc:"what was measured that is worth a look; nothing is refused for it"`
}

// ToAsset converts for the wire.
func ToAsset(s clinical.Shown) Asset {
	a := s.Asset
	out := Asset{
		ID: a.ID, Rev: a.Rev, State: a.State, Reason: a.Reason, Patient: a.Patient, Subjects: a.Subjects,
		Session: a.Session, Lesion: a.Lesion,
		Job: a.Job, Run: a.Run, Studio: a.Studio, Specialty: a.Specialty, Name: a.Name, Caption: a.Caption,
		Keywords: a.Keywords, View: ToView(a.View), IDShot: a.IDShot, Sensitivity: a.Sensitivity.Names(),
		NoIdentifyingFeature: a.NoIdentifyingFeature, Identifiability: a.Identifiability().String(),
		Size: a.Original.Size, SHA256: hex.EncodeToString(a.Original.SHA256[:]), MIME: a.Original.MIME,
		TakenAt: a.Capture.At, TakenEstimated: a.Capture.Estimated, Make: a.Capture.Make, Model: a.Capture.Model,
		Serial: a.Capture.Serial, Orientation: a.Capture.Orientation, Width: a.Capture.Width, Height: a.Capture.Height,
		KeptAt: a.KeptAt, Badge: s.Badge.Words, BadgeState: s.Badge.State, Thumb: s.Thumb,
		UprightWidth: s.Width, UprightHeight: s.Height, Advice: ToAdvice(s.Advice),
	}
	if !a.Capture.Local.IsZero() {
		out.TakenLocal = a.Capture.Local.Format("2006-01-02T15:04:05")
	}
	return out
}

// ToAssets converts a listing for the wire.
func ToAssets(in []clinical.Shown) []Asset {
	out := make([]Asset, 0, len(in))
	for _, s := range in {
		out = append(out, ToAsset(s))
	}
	return out
}

// Job is a request for pictures.
type Job struct {
	ID           clinical.JobID       `json:"id,omitzero"`
	Rev          uint64               `json:"rev,omitempty"`
	Number       string               `json:"number" maxLength:"40"`
	Patient      clinical.PatientID   `json:"patient,omitzero"`
	PatientRef   *Identifier          `json:"patientRef,omitempty" doc:"instead of patient: a number it is known under"`
	Encounter    clinical.EncounterID `json:"encounter,omitzero"`
	Photographer clinical.PersonID    `json:"photographer,omitzero"`
	Specialty    clinical.Specialty   `json:"specialty,omitempty"`
	Wanted       []View               `json:"wanted,omitempty" maxItems:"200"`
	Frames       int                  `json:"frames,omitempty" minimum:"0" maximum:"10000"`
	Urgent       bool                 `json:"urgent,omitempty"`
	Ward         string               `json:"ward,omitempty" maxLength:"200"`
	Due          time.Time            `json:"due,omitzero"`
	Status       clinical.JobStatus   `json:"status,omitempty"`
}

// ToJob converts for the wire.
func ToJob(j clinical.Job) Job {
	out := Job{
		ID: j.ID, Rev: j.Rev, Number: j.Number, Patient: j.Patient, Encounter: j.Encounter,
		Photographer: j.Photographer, Specialty: j.Specialty, Frames: j.Frames, Urgent: j.Urgent,
		Ward: j.Ward, Due: j.Due, Status: j.Status,
	}
	for _, v := range j.Wanted {
		out.Wanted = append(out.Wanted, ToView(v))
	}
	return out
}

// Clinical converts from the wire.
func (j Job) Clinical() clinical.Job {
	out := clinical.Job{
		ID: j.ID, Rev: j.Rev, Number: j.Number, Patient: j.Patient, Encounter: j.Encounter,
		Photographer: j.Photographer, Specialty: j.Specialty, Frames: j.Frames, Urgent: j.Urgent,
		Ward: j.Ward, Due: j.Due, Status: j.Status,
	}
	for _, v := range j.Wanted {
		out.Wanted = append(out.Wanted, v.Clinical())
	}
	return out
}

// Session is one contact sheet.
type Session struct {
	ID           clinical.SessionID `json:"id"`
	Rev          uint64             `json:"rev,omitempty"`
	Studio       clinical.StudioID  `json:"studio"`
	Job          clinical.JobID     `json:"job,omitzero"`
	Photographer clinical.PersonID  `json:"photographer,omitzero"`
	Began        time.Time          `json:"began,omitzero"`
	Consent      string             `json:"photographyConsent,omitempty"`
	Chaperone    *Chaperone         `json:"chaperone,omitempty"`
	Assets       []Asset            `json:"assets"`
}

// Chaperone says whether one was offered, what the patient said, and who came.
type Chaperone struct {
	Offered  bool   `json:"offered,omitempty"`
	Accepted bool   `json:"accepted,omitempty" doc:"false where it was offered: declined"`
	Name     string `json:"name,omitempty" maxLength:"200"`
	Role     string `json:"role,omitempty" maxLength:"100" doc:"such as nurse"`
}

// Hold forbids acts on pictures.
type Hold struct {
	ID       clinical.HoldID    `json:"id,omitzero"`
	Kind     clinical.HoldKind  `json:"kind" enum:"legal,identity-dispute,unmerge"`
	Patient  clinical.PatientID `json:"patient,omitzero"`
	Assets   []clinical.AssetID `json:"assets,omitempty" maxItems:"1000"`
	Reason   string             `json:"reason" minLength:"1" maxLength:"1000"`
	PlacedAt time.Time          `json:"placedAt,omitzero"`
	LiftedAt time.Time          `json:"liftedAt,omitzero"`
}

// ToHold converts for the wire.
func ToHold(h clinical.Hold) Hold {
	return Hold{ID: h.ID, Kind: h.Kind, Patient: h.Patient, Assets: h.Assets, Reason: h.Reason, PlacedAt: h.PlacedAt, LiftedAt: h.LiftedAt}
}

// PatientPage is a patient's timeline.
type PatientPage struct {
	Patient    Patient   `json:"patient"`
	Consent    string    `json:"consent" doc:"what the patient allows, in one sentence"`
	Grants     []Grant   `json:"grants"`
	Holds      []Hold    `json:"holds"`
	Lesions    []Lesion  `json:"lesions" doc:"findings that are followed, open ones first"`
	Sessions   []Session `json:"sessions"`
	Restricted bool      `json:"restricted,omitempty" doc:"pictures exist that are shown to the treating team by name only"`
}

// ToPatientPage converts for the wire.
func ToPatientPage(p clinical.PatientPage) PatientPage {
	out := PatientPage{
		Patient: ToPatient(p.Patient), Consent: p.Consent, Restricted: p.Restricted,
		Grants: []Grant{}, Holds: []Hold{}, Lesions: []Lesion{}, Sessions: []Session{},
	}
	for _, g := range p.Grants {
		out.Grants = append(out.Grants, ToGrant(g))
	}
	for _, h := range p.Holds {
		out.Holds = append(out.Holds, ToHold(h))
	}
	for _, l := range p.Lesions {
		out.Lesions = append(out.Lesions, ToLesion(l))
	}
	for _, s := range p.Sessions {
		one := Session{
			ID: s.Session.ID, Rev: s.Session.Rev, Studio: s.Session.Studio, Job: s.Session.Job, Photographer: s.Session.Photographer,
			Began: s.Session.Began, Consent: string(s.Session.Consent), Assets: ToAssets(s.Shown),
		}
		if s.Session.Chaperone != (clinical.Chaperone{}) {
			c := Chaperone(s.Session.Chaperone)
			one.Chaperone = &c
		}
		out.Sessions = append(out.Sessions, one)
	}
	return out
}

// Run waits for confirmation.
type Run struct {
	ID       clinical.RunID    `json:"id"`
	Rev      uint64            `json:"rev" doc:"for If-Match when it is confirmed"`
	Studio   clinical.StudioID `json:"studio"`
	Camera   string            `json:"camera"`
	Patient  Patient           `json:"patient"`
	Job      clinical.JobID    `json:"job,omitzero"`
	From     time.Time         `json:"from"`
	To       time.Time         `json:"to"`
	Frames   int               `json:"frames"`
	Evidence []string          `json:"evidence"`
	Assets   []Asset           `json:"assets"`
}

// Counts of one studio add up: found = kept + duplicate + quarantined + ignored.
type Counts struct {
	Found       int `json:"found"`
	Kept        int `json:"kept"`
	Duplicate   int `json:"duplicate"`
	Quarantined int `json:"quarantined"`
	Ignored     int `json:"ignored"`
}

// Arrivals is what lies in the caller's studios.
type Arrivals struct {
	Runs       []Run             `json:"runs"`
	Quarantine []Asset           `json:"quarantine"`
	Counts     map[string]Counts `json:"counts"`
}

// ToArrivals converts for the wire.
func ToArrivals(a clinical.Arrivals) Arrivals {
	out := Arrivals{Runs: []Run{}, Quarantine: ToAssets(a.Quarantine), Counts: map[string]Counts{}}
	for _, r := range a.Runs {
		out.Runs = append(out.Runs, Run{
			ID: r.Run.ID, Rev: r.Run.Rev, Studio: r.Run.Studio, Camera: r.Run.Camera, Patient: ToPatient(r.Patient), Job: r.Run.Job,
			From: r.Run.From, To: r.Run.To, Frames: r.Run.Frames, Evidence: r.Run.Evidence, Assets: ToAssets(r.Shown),
		})
	}
	for id, c := range a.Counts {
		out.Counts[string(id)] = Counts(c)
	}
	return out
}
