package clinical

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Date is a day in the civil calendar, without a zone: a birth date, an
// expiry. The zero Date is "not known".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads YYYY-MM-DD; an empty text is the zero Date.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return Date{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, Refuse(Invalid, "date", "A date is written YYYY-MM-DD, such as 2026-02-28. Write it again.")
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

// DateOf returns the day of t in t's zone.
func DateOf(t time.Time) Date { y, m, d := t.Date(); return Date{y, m, d} }

// IsZero reports whether the day is not known.
func (d Date) IsZero() bool { return d == Date{} }

// Before reports whether d is an earlier day than o.
func (d Date) Before(o Date) bool { return d.start(time.UTC).Before(o.start(time.UTC)) }

// End returns the first instant after the day in zone: a date-only expiry
// ends with that day there. The zero Date ends at the zero time.
func (d Date) End(zone *time.Location) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, zone)
}

// Start returns the first instant of the day in zone.
func (d Date) Start(zone *time.Location) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return d.start(zone)
}

func (d Date) start(zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
}

// Anniversary returns the day on which somebody born on d turns years old;
// 29 February falls on 1 March in a common year.
func (d Date) Anniversary(years int) Date {
	return DateOf(time.Date(d.Year+years, d.Month, d.Day, 0, 0, 0, 0, time.UTC))
}

func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText writes YYYY-MM-DD, nothing for the zero Date.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Date) UnmarshalText(b []byte) error {
	v, err := ParseDate(string(b))
	*d = v
	return err
}

// Sex is the administrative sex as the record states it (HL7 v2 table 0001).
type Sex string

// The administrative sexes; the zero Sex is not known.
const (
	SexUnknown Sex = ""
	Female     Sex = "F"
	Male       Sex = "M"
	OtherSex   Sex = "O"
)

// Patient is a person whose pictures are kept.
type Patient struct {
	ID          PatientID
	Rev         uint64 // journal number of the last change; 0: not stored yet
	Identifiers []Identifier
	Family      string
	Given       string
	Born        Date
	Sex         Sex
	Deceased    bool
	DeceasedOn  Date `json:",omitzero"` // zero: not known
	Vip         bool // named people only, never mounted
	// PhotographyRefused quarantines whatever arrives for this patient.
	PhotographyRefused bool
	// NamedTeam are those with a standing need to know beyond encounters.
	NamedTeam []PersonID `json:",omitempty"`
	// MergedInto is set when this record was found to be another's.
	MergedInto PatientID `json:",omitzero"`
	MergedAt   time.Time `json:",omitzero"` // since when
	// Erased is when the patient's keys were destroyed. Nothing but the IDs is
	// left of the record then, and nothing readable of what was the patient's.
	Erased time.Time `json:",omitzero"`
}

// DisplayName returns the name as wards write it: FAMILY, Given; of a patient
// without one, as an erased one is, nothing.
func (p Patient) DisplayName() string {
	name := strings.ToUpper(p.Family)
	if name != "" && p.Given != "" {
		name += ", "
	}
	return name + p.Given
}

// AdultAt reports whether the patient is 18 or older at t, seen in zone.
// A patient without a birth date counts as a child: the stricter reading.
func (p Patient) AdultAt(t time.Time, zone *time.Location) bool {
	if p.Born.IsZero() {
		return false
	}
	return !t.Before(p.Born.Anniversary(18).Start(zone))
}

// LogValue keeps the patient out of logs: the ID alone.
func (p Patient) LogValue() slog.Value { return slog.StringValue(p.ID.String()) }

// String keeps the patient out of formatted text.
func (p Patient) String() string { return "patient " + p.ID.String() }

// GoString keeps the patient out of %#v.
func (p Patient) GoString() string { return p.String() }

// Encounter is a stay or a visit: who treats the patient, where, how long.
type Encounter struct {
	ID        EncounterID
	Rev       uint64
	Patient   PatientID
	Specialty Specialty
	Team      []PersonID
	Opened    time.Time
	Closed    time.Time `json:",omitzero"` // zero: still open
}

// ActiveAt reports whether the encounter's team treats the patient at t.
func (e Encounter) ActiveAt(t time.Time) bool {
	return !t.Before(e.Opened) && (e.Closed.IsZero() || t.Before(e.Closed))
}

// Specialty is a department's code, such as "dermatology": the site's own list.
type Specialty string

// Lesion is a finding that is followed over time.
type Lesion struct {
	ID         LesionID
	Rev        uint64
	Patient    PatientID
	Label      string // such as "ulcer, medial"
	Site       string // body site, the site's vocabulary
	Laterality Laterality
	Opened     time.Time
	Closed     time.Time `json:",omitzero"`
}
