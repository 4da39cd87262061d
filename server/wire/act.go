package wire

import (
	"time"

	"fovea/clinical"
)

// Named is who can be recognised in a picture, and the lesion that it shows.
type Named struct {
	Patients []clinical.PatientID `json:"patients" doc:"the picture's own first"`
	Lesion   clinical.LesionID    `json:"lesion,omitzero"`
}

// Classify says what is in pictures: of a whole session, or of those named.
type Classify struct {
	Session              clinical.SessionID `json:"session,omitzero"`
	Assets               []clinical.AssetID `json:"assets,omitempty" maxItems:"1000"`
	Flags                []string           `json:"flags" maxItems:"8" doc:"face, intimate, safeguarding, vip; empty: plain"`
	NoIdentifyingFeature bool               `json:"noIdentifyingFeature,omitempty"`
	Reason               string             `json:"reason,omitempty" maxLength:"1000"`
}

// OnAssets is an act on pictures with a person's reason.
type OnAssets struct {
	Assets []clinical.AssetID `json:"assets" minItems:"1" maxItems:"1000"`
	Reason string             `json:"reason,omitempty" maxLength:"1000"`
}

// File puts quarantined pictures under a patient.
type File struct {
	OnAssets
	Patient clinical.PatientID `json:"patient"`
	Job     clinical.JobID     `json:"job,omitzero"`
}

// Refile corrects a wrong patient.
type Refile struct {
	OnAssets
	To clinical.PatientID `json:"to"`
}

// Describe edits the catalogue entry of one picture; absent fields are kept.
type Describe struct {
	Caption  *string            `json:"caption,omitempty" maxLength:"4000"`
	Keywords *[]string          `json:"keywords,omitempty" maxItems:"100"`
	View     *View              `json:"view,omitempty"`
	Lesion   *clinical.LesionID `json:"lesion,omitempty"`
}

// NameSubjects says who else can be recognised in pictures.
type NameSubjects struct {
	OnAssets
	Subjects []clinical.PatientID `json:"subjects,omitempty" maxItems:"50" doc:"who else is seen: each needs a consent of their own"`
	Away     []clinical.PatientID `json:"away,omitempty" maxItems:"50" doc:"who is not seen after all: for governance, with a reason"`
}

// Lesion is a finding that is followed over time.
type Lesion struct {
	ID         clinical.LesionID   `json:"id,omitzero"`
	Rev        uint64              `json:"rev,omitempty"`
	Patient    clinical.PatientID  `json:"patient,omitzero"`
	Label      string              `json:"label" minLength:"1" maxLength:"200" doc:"such as ulcer, medial"`
	Site       string              `json:"site,omitempty" maxLength:"80" doc:"body site"`
	Laterality clinical.Laterality `json:"laterality,omitempty" enum:"R,L,B,U"`
	Opened     time.Time           `json:"opened,omitzero"`
	Closed     time.Time           `json:"closed,omitzero" doc:"absent: still followed"`
}

// ToLesion converts for the wire.
func ToLesion(l clinical.Lesion) Lesion { return Lesion(l) }

// Clinical converts from the wire.
func (l Lesion) Clinical() clinical.Lesion { return clinical.Lesion(l) }

// Withdraw takes a consent back: one, or all beyond care when Grant is absent.
type Withdraw struct {
	Grant  clinical.GrantID `json:"grant,omitzero"`
	Reason string           `json:"reason,omitempty" maxLength:"1000"`
}

// Encounter opens a stay or visit.
type Encounter struct {
	ID        clinical.EncounterID `json:"id,omitzero"`
	Patient   clinical.PatientID   `json:"patient"`
	Specialty clinical.Specialty   `json:"specialty"`
	Team      []clinical.PersonID  `json:"team,omitempty" maxItems:"500"`
	Opened    time.Time            `json:"opened,omitzero"`
	Closed    time.Time            `json:"closed,omitzero"`
}

// Clinical converts from the wire.
func (e Encounter) Clinical() clinical.Encounter {
	return clinical.Encounter{ID: e.ID, Patient: e.Patient, Specialty: e.Specialty, Team: e.Team, Opened: e.Opened, Closed: e.Closed}
}

// AddItems adds pictures to a set in the given order.
type AddItems struct {
	Assets []clinical.AssetID `json:"assets" minItems:"1" maxItems:"10000"`
	Labels []string           `json:"labels,omitempty" maxItems:"10000"`
}

// RemoveItems takes items out of a set.
type RemoveItems struct {
	Items []clinical.ItemID `json:"items" minItems:"1" maxItems:"10000"`
}

// SignIn asks for a session.
type SignIn struct {
	Login    string `json:"login" maxLength:"64"`
	Password string `json:"password" maxLength:"1024"`
}

// SetPassword gives a person a password.
type SetPassword struct {
	Password string `json:"password" minLength:"10" maxLength:"1024"`
}

// IssueAppPassword asks for a password for one device.
type IssueAppPassword struct {
	Person clinical.PersonID `json:"person,omitzero" doc:"only for an administrator or the operator; absent: oneself"`
	Device string            `json:"device" minLength:"1" maxLength:"80" doc:"what a person calls the device"`
	Sets   []clinical.SetID  `json:"sets,omitempty" maxItems:"1000" doc:"absent: all the person's sets"`
	Days   int               `json:"days,omitempty" minimum:"0" maximum:"3650" doc:"valid for; 0: the site's limit"`
	Inbox  clinical.StudioID `json:"inbox,omitempty" maxLength:"64" doc:"a studio: the password opens its inbox and nothing else"`
}

// AppPassword is a device's password as listed; Secret only when issued.
type AppPassword struct {
	ID       string            `json:"id"`
	Person   clinical.PersonID `json:"person"`
	Device   string            `json:"device"`
	Sets     []clinical.SetID  `json:"sets,omitempty"`
	Issued   time.Time         `json:"issued,omitzero"`
	Expires  time.Time         `json:"expires,omitzero"`
	LastUsed time.Time         `json:"lastUsed,omitzero"`
	Inbox    clinical.StudioID `json:"inbox,omitempty"`

	LastAddress string `json:"lastAddress,omitempty"`
	LastAgent   string `json:"lastAgent,omitempty" doc:"the program, as it calls itself"`
	Ledger      string `json:"ledger,omitempty" doc:"how the ledger names the device"`

	Secret string `json:"secret,omitempty" doc:"shown once"`
	Login  string `json:"login,omitempty"`
}

// Me is who the caller is.
type Me struct {
	Person Person `json:"person"`
	Door   string `json:"door"`
}

// Nudge is an event of the change feed: something the caller may see changed.
type Nudge struct {
	Seq uint64 `json:"seq" doc:"journal number of the change; 0: nothing changed, the feed is open"`
}

// ImportFiles asks the server to take in files that lie on its own machine.
type ImportFiles struct {
	Studio clinical.StudioID `json:"studio"`
	Paths  []string          `json:"paths" minItems:"1" maxItems:"1000"`
}

// Progress is one step of a long act, a line of JSON each; the last has End,
// and where the act failed Error, Kind and Reason.
type Progress struct {
	Done   int             `json:"done"`
	Total  int             `json:"total"`
	End    bool            `json:"end,omitempty"`
	Error  string          `json:"error,omitempty" doc:"for the person; says what to do next"`
	Kind   string          `json:"kind,omitempty" doc:"invalid, not found, conflict, corrupt, unavailable, forbidden or internal"`
	Reason clinical.Reason `json:"reason,omitempty" doc:"stable code"`
	// Report is the act's own result, on the last line.
	Report any `json:"report,omitempty"`
}

// Fail notes why the act failed, with words for the person.
func (p *Progress) Fail(err error, words string) {
	p.Error, p.Kind, p.Reason = words, clinical.KindOf(err).String(), clinical.ReasonOf(err)
}

// Err is why the act failed, nil while it has not. A kind that is not known is
// a fault of ours.
func (p Progress) Err() error {
	if p.Error == "" {
		return nil
	}
	for k := clinical.Invalid; k <= clinical.Forbidden; k++ {
		if k.String() == p.Kind {
			return clinical.Refuse(k, p.Reason, p.Error)
		}
	}
	return clinical.Refuse(clinical.Internal, p.Reason, p.Error)
}
