package clinical

import "time"

// Release is a way out other than a set: subject access, court, print, journal,
// conference, delivery to the patient record. It says who let which pictures
// go to whom, by which authority, until when. A release is never edited: it is
// delivered, and it ends.
type Release struct {
	ID        ReleaseID
	Rev       uint64
	Kind      ReleaseKind
	Authority string    // the order, request or agreement it rests on
	Recipient string    // who receives it; for P4 the named use
	Patient   PatientID `json:",omitzero"` // where every picture is of one patient
	Session   SessionID `json:",omitzero"` // EPR delivery: the filed session
	Assets    []AssetID
	Rendition RenditionKind
	Format    ReleaseFormat
	UseBy     Date `json:",omitzero"` // last day; a conference's: the event's last
	By        PersonID
	At        time.Time

	Delivered   time.Time `json:",omitzero"`
	DeliveredBy PersonID  `json:",omitzero"`
	// Attempts and Fault tell of a delivery to another system that did not
	// work yet; Receipt is what the other system answered.
	Attempts int       `json:",omitempty"`
	RetryAt  time.Time `json:",omitzero"`
	Fault    Reason    `json:",omitempty"`
	Receipt  string    `json:",omitempty"`
	// Corrects names the delivery that this one takes back or replaces.
	Corrects ReleaseID `json:",omitzero"`

	Ended   time.Time `json:",omitzero"` // before its use-by, by a person or a withdrawal
	EndedBy PersonID  `json:",omitzero"`
	Why     string    `json:",omitempty"` // why it ended
}

// OpenAt reports whether pictures may still leave by it at t.
func (r Release) OpenAt(t time.Time, zone *time.Location) bool {
	return r.Ended.IsZero() && (r.UseBy.IsZero() || t.Before(r.UseBy.End(zone)))
}

// ReleaseKind says what a release is for; the kind implies the purpose.
type ReleaseKind string

// The kinds of release. The zero kind is invalid.
const (
	SubjectAccess ReleaseKind = "subject-access" // the patient's own copy, P6
	ToSolicitor   ReleaseKind = "solicitor"      // P6
	ToPolice      ReleaseKind = "police"         // P6
	ToCourt       ReleaseKind = "court"          // P6
	PrintOut      ReleaseKind = "print"          // paper or disc for care, P0
	ToJournal     ReleaseKind = "journal"        // P4
	ToConference  ReleaseKind = "conference"     // P4, one named event, ends with it
	ToStudy       ReleaseKind = "research"       // P3
	ToPublic      ReleaseKind = "online"         // P5
	ToDevice      ReleaseKind = "device"         // P7
	EPRDelivery   ReleaseKind = "epr"            // the patient record of the hospital, P0
	EPRCorrection ReleaseKind = "epr-correction" // takes back what went to the wrong patient, P0
)

// Purpose returns what a release of this kind is for; NoPurpose for an
// unknown kind.
func (k ReleaseKind) Purpose() Purpose {
	switch k {
	case SubjectAccess, ToSolicitor, ToPolice, ToCourt:
		return P6
	case PrintOut, EPRDelivery, EPRCorrection:
		return P0
	case ToJournal, ToConference:
		return P4
	case ToStudy:
		return P3
	case ToPublic:
		return P5
	case ToDevice:
		return P7
	default:
		return NoPurpose
	}
}

// ReleaseFormat is the form in which a release leaves.
type ReleaseFormat string

// The formats. The zero format is invalid.
const (
	EncryptedZIP ReleaseFormat = "zip"        // AES-256, the password goes another way
	PrintPDF     ReleaseFormat = "pdf"        // pages to print
	Evidential   ReleaseFormat = "evidential" // untouched originals with custody report and ledger proof
	EPRFolder    ReleaseFormat = "epr"        // PDF, JPEGs and an index row in a folder
)
