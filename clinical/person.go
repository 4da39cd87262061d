package clinical

import (
	"log/slog"
	"slices"
	"time"
)

// Role is what somebody does in the hospital. The zero Role may do nothing.
type Role string

// The roles.
const (
	Photographer  Role = "photographer"
	Clinician     Role = "clinician"
	Educator      Role = "educator"
	Student       Role = "student"
	Governance    Role = "governance"
	Nurse         Role = "nurse"
	StudioAccount Role = "studio"
	Admin         Role = "admin"
	Operator      Role = "operator" // the machine's owner, on the admin socket: IDs only
	Ingest        Role = "ingest"   // the pipeline itself
	Darkroom      Role = "darkroom" // the renderer itself
	Exchange      Role = "exchange" // the deliverer to other systems itself
)

// Lead is something a person answers for in the whole hospital.
type Lead string

// The leads.
const (
	GovernanceLead   Lead = "governance"
	SafeguardingLead Lead = "safeguarding"
)

// Roles returns the roles that a person can be given.
func Roles() []Role {
	return []Role{Photographer, Clinician, Educator, Student, Governance, Nurse, StudioAccount, Admin}
}

// Person is somebody, or something, that asks and acts.
type Person struct {
	ID        PersonID
	Rev       uint64
	Login     string // lower case, unique
	Name      string
	Role      Role
	Specialty Specialty  `json:",omitempty"`
	Studios   []StudioID `json:",omitempty"`
	Language  string     `json:",omitempty"`
	Disabled  bool       `json:",omitempty"`
	// Shared marks an account that several people use, such as a lecture
	// hall's: it mounts nothing that identifies a patient.
	Shared bool `json:",omitempty"`
	// Leads are what the person answers for: those who lead governance and
	// safeguarding are told of broken glass.
	Leads    []Lead `json:",omitempty"`
	TermEnds Date   `json:",omitzero"` // students and guests: the last day
	Since    time.Time
}

// In reports whether the person works in studio s.
func (p Person) In(s StudioID) bool { return slices.Contains(p.Studios, s) }

// ActiveAt reports whether the person may act at t.
func (p Person) ActiveAt(t time.Time, zone *time.Location) bool {
	return !p.ID.IsZero() && p.Role != "" && !p.Disabled && (p.TermEnds.IsZero() || t.Before(p.TermEnds.End(zone)))
}

// LogValue shows the ID alone.
func (p Person) LogValue() slog.Value { return slog.StringValue(p.ID.String()) }

// Caller is who asks, through which door: what an entry in the ledger needs.
type Caller struct {
	Person PersonID
	// Operator is set when the machine's owner acts for Person (--as).
	Operator string
	Door     Door
	Device   string // app password's or session's ID, never its secret
	Remote   string // network address
	Agent    string // user agent as sent, at most 200 bytes
}

// Door is where a request came in.
type Door string

// The doors.
const (
	DoorPages    Door = "pages"
	DoorAPI      Door = "api"
	DoorWebDAV   Door = "webdav"
	DoorCLI      Door = "cli"
	DoorIngest   Door = "ingest"
	DoorDarkroom Door = "darkroom"
	DoorExchange Door = "exchange" // deliveries to other systems
	DoorPatient  Door = "patient"  // the patient's own code
	DoorGate     Door = "gate"     // what follows from an act by itself
)

// Use is what somebody wants a picture for. The zero Use is invalid and
// permits nothing.
type Use struct {
	Purpose  Purpose
	Audience Audience
	Channel  Channel // exactly one
}

// Valid reports whether every part is stated and one channel is meant.
func (u Use) Valid() bool {
	return u.Purpose.Valid() && u.Audience.Valid() && u.Channel != 0 && u.Channel&(u.Channel-1) == 0 && u.Channel <= Online
}

// Care is the use at a library or patient page: P0, the treating team, on screen.
func Care() Use { return Use{Purpose: P0, Audience: A0, Channel: ViewOnScreen} }
