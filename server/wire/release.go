package wire

import (
	"time"

	"fovea/clinical"
)

// MakeRelease puts pictures into the register of releases.
type MakeRelease struct {
	Kind      clinical.ReleaseKind   `json:"kind" enum:"subject-access,solicitor,police,court,print,journal,conference,research,online,device"`
	Authority string                 `json:"authority" minLength:"1" maxLength:"300" doc:"the order, request or agreement it rests on"`
	Recipient string                 `json:"recipient" minLength:"1" maxLength:"300" doc:"who receives it; for a publication or an event, as the consent names it"`
	Assets    []clinical.AssetID     `json:"assets" minItems:"1" maxItems:"2000"`
	Format    clinical.ReleaseFormat `json:"format,omitempty" enum:"zip,pdf,evidential" doc:"absent: the usual one of the kind"`
	UseBy     clinical.Date          `json:"useBy,omitzero" doc:"last day; a conference's: the event's last"`
}

// Clinical converts from the wire.
func (r MakeRelease) Clinical() clinical.Release {
	return clinical.Release{
		Kind: r.Kind, Authority: r.Authority, Recipient: r.Recipient, Assets: r.Assets, Format: r.Format, UseBy: r.UseBy,
	}
}

// Release is an entry of the register: who let which pictures go to whom, by
// which authority, until when.
type Release struct {
	ID          clinical.ReleaseID     `json:"id"`
	Kind        clinical.ReleaseKind   `json:"kind"`
	Authority   string                 `json:"authority"`
	Recipient   string                 `json:"recipient"`
	Patient     clinical.PatientID     `json:"patient,omitzero" doc:"where every picture is of one patient"`
	Session     clinical.SessionID     `json:"session,omitzero"`
	Assets      []clinical.AssetID     `json:"assets"`
	Rendition   clinical.RenditionKind `json:"rendition"`
	Format      clinical.ReleaseFormat `json:"format"`
	UseBy       clinical.Date          `json:"useBy,omitzero"`
	By          clinical.PersonID      `json:"by,omitzero"`
	At          time.Time              `json:"at"`
	Delivered   time.Time              `json:"delivered,omitzero"`
	DeliveredBy clinical.PersonID      `json:"deliveredBy,omitzero"`
	Attempts    int                    `json:"attempts,omitempty"`
	RetryAt     time.Time              `json:"retryAt,omitzero"`
	Fault       clinical.Reason        `json:"fault,omitempty"`
	Receipt     string                 `json:"receipt,omitempty"`
	Corrects    clinical.ReleaseID     `json:"corrects,omitzero"`
	Ended       time.Time              `json:"ended,omitzero"`
	EndedBy     clinical.PersonID      `json:"endedBy,omitzero"`
	Why         string                 `json:"why,omitempty" doc:"why it ended"`
}

// ToRelease converts for the wire.
func ToRelease(r clinical.Release) Release {
	return Release{
		ID: r.ID, Kind: r.Kind, Authority: r.Authority, Recipient: r.Recipient, Patient: r.Patient, Session: r.Session,
		Assets: append([]clinical.AssetID{}, r.Assets...), Rendition: r.Rendition, Format: r.Format, UseBy: r.UseBy, By: r.By, At: r.At,
		Delivered: r.Delivered, DeliveredBy: r.DeliveredBy, Attempts: r.Attempts, RetryAt: r.RetryAt, Fault: r.Fault, Receipt: r.Receipt,
		Corrects: r.Corrects, Ended: r.Ended, EndedBy: r.EndedBy, Why: r.Why,
	}
}

// Deliver says that a release was handed over.
type Deliver struct {
	Receipt string `json:"receipt,omitempty" maxLength:"4000" doc:"what shows it"`
}

// ReleasePassword opens the copy of a release that is fetched next.
type ReleasePassword struct {
	Password string    `json:"password" doc:"shown once; give it to the recipient another way than the copy"`
	Expires  time.Time `json:"expires" doc:"until then the copy is made with it"`
}

// Reader is somebody who reads a set.
type Reader struct {
	Person clinical.PersonID `json:"person"`
	Name   string            `json:"name,omitempty"`
	Role   clinical.Role     `json:"role,omitempty"`
	Cohort string            `json:"cohort,omitempty" doc:"absent: on the roster"`
	From   clinical.Date     `json:"from,omitzero"`
	Until  clinical.Date     `json:"until,omitzero"`
	Active bool              `json:"active" doc:"the account is there and its term has not ended"`
}

// RosterReport is what became of a roster file, row by row.
type RosterReport struct {
	Seq     uint64      `json:"seq,omitempty" doc:"journal number of the change; absent: nothing was changed"`
	Readers int         `json:"readers" doc:"people in it, each once"`
	Cohorts int         `json:"cohorts"`
	Faults  []RosterRow `json:"faults" doc:"rows that are wrong; with any nothing is changed"`
	Warning string      `json:"warning,omitempty" doc:"roster-over-audience: more readers than the audience that was declared"`
}

// RosterRow is a row of a roster file that is wrong.
type RosterRow struct {
	Row    int    `json:"row" doc:"as a spreadsheet counts, the heading being 1"`
	Reason string `json:"reason" doc:"unknown-person, columns, date, dates, cohort-dates, twice"`
	Words  string `json:"words"`
}
