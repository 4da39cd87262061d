package demo

import (
	"encoding/json"
	"fmt"
	"time"

	"fovea/clinical"
)

// World is the invented hospital. Records name one another by login, patient key, job number and picture name; fields
// of a Record that hold an ID are zero and are filled in by whoever commits it.
type World struct {
	Rules      []clinical.IdentifierRule // the systems that its patients' numbers are of
	Studios    []Studio
	People     []clinical.Person // by Login
	Patients   []Patient
	Encounters []Encounter
	Jobs       []Job
	Consents   []Consent
	Shoots     []Shoot
	Sets       []Set
}

// Studio is a room with a watch folder.
type Studio struct {
	ID        clinical.StudioID
	Name      string
	Specialty clinical.Specialty
	Rules     []string // how its files are identified: ticket, id-shot
	Cameras   []Camera
}

// Patient is one of the twelve, and why it is among them.
type Patient struct {
	Key    string
	Story  string
	Record clinical.Patient
}

// Encounter says who treats a patient.
type Encounter struct {
	Patient string
	Team    []string // logins
	Record  clinical.Encounter
}

// Job is a request for pictures.
type Job struct {
	Patient      string
	Requester    string // login
	Photographer string // login; empty: any of the studio
	Record       clinical.Job
}

// Consent is a grant to be recorded. Record.Covers is a course of treatment, so that it names no session.
type Consent struct {
	Patient    string
	RecordedBy string // login
	Record     clinical.Grant
}

// Shoot is one sitting: the files that a camera leaves in a studio's folder.
type Shoot struct {
	Studio       clinical.StudioID
	Folder       string // below the studio's folder; empty: in it
	Job          string // its number
	Photographer string // login
	Ticket       bool   // a ticket lies with the files: they are filed at once
	// Held are shoots of the walk: they are not dropped when the demo begins, but by the person who tries it.
	Held   bool
	Frames []Frame
}

// Frame is one file of a shoot.
type Frame struct {
	Name    string
	Kind    Kind
	Seed    uint64
	Options Options
	// What a person will say of it.
	Caption              string
	Keywords             []string
	View                 clinical.View
	Sensitivity          clinical.Sensitivity // zero: nobody has classified it yet
	NoIdentifyingFeature bool
}

// Draw returns the file's bytes.
func (f Frame) Draw() ([]byte, error) { return Picture(f.Kind, f.Seed, f.Options) }

// Set is a teaching set and what is put into it.
type Set struct {
	Owner    string   // login
	Roster   []string // logins
	Publish  string   // login of who publishes it; empty: it stays a draft
	Record   clinical.TeachingSet
	Pictures []string // JOB/NAME of frames, in order
	Labels   []string // beside them
}

// New invents the hospital as it is at now in zone. Dates are reckoned from now: one patient turns 18 tomorrow, jobs
// were due these days, and their numbers bear the year.
func New(now time.Time, zone *time.Location) World {
	c := calendar{now: now.In(zone), zone: zone}
	return World{
		Rules: rules(), Studios: studios(), People: people(c), Patients: patients(c), Encounters: encounters(c),
		Jobs: jobs(c), Consents: consents(c), Shoots: shoots(c), Sets: sets(c),
	}
}

// calendar reckons from the demo's first moment.
type calendar struct {
	now  time.Time
	zone *time.Location
}

// at is a time of day so many days from today.
func (c calendar) at(days, hour, minute int) time.Time {
	return time.Date(c.now.Year(), c.now.Month(), c.now.Day()+days, hour, minute, 0, 0, c.zone)
}

func (c calendar) date(days int) clinical.Date { return clinical.DateOf(c.at(days, 12, 0)) }

// job is the number of the nth job of the year, such as 26-1187.
func (c calendar) job(n int) string { return fmt.Sprintf("%02d-%04d", c.now.Year()%100, n) }

// TicketJSON returns the job ticket that lies with a shoot: ticket.json of the format ticket/1.
func (s Shoot) TicketJSON() ([]byte, error) {
	type view struct {
		Code         string              `json:"code,omitempty"`
		Site         string              `json:"site,omitempty"`
		Laterality   clinical.Laterality `json:"laterality,omitempty"`
		Ratio        string              `json:"ratio,omitempty"`
		Position     string              `json:"position,omitempty"`
		Phase        clinical.Phase      `json:"phase,omitempty"`
		ScaleInFrame bool                `json:"scale_in_frame,omitempty"`
	}
	type note struct {
		Caption  string   `json:"caption,omitempty"`
		Keywords []string `json:"keywords,omitempty"`
		View     view     `json:"view"`
	}
	files := map[string]note{}
	for _, f := range s.Frames {
		files[f.Name] = note{f.Caption, f.Keywords, view{
			f.View.Code, f.View.Site, f.View.Laterality, f.View.Ratio, f.View.Position, f.View.Phase, f.View.ScaleInFrame,
		}}
	}
	b, err := json.MarshalIndent(struct {
		Format       string          `json:"fovea"`
		Job          string          `json:"job"`
		Photographer string          `json:"photographer"`
		Files        map[string]note `json:"files"`
	}{"ticket/1", s.Job, s.Photographer, files}, "", "  ")
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "demo: ticket: %w", err)
	}
	return append(b, '\n'), nil
}
