// Package clinicaltest holds a small invented hospital for tests: one person
// for each role, patients with what makes each of them special, and builders
// for pictures, consents and sets.
//
// Everything is fixed: the same name is the same ID in every run, so that a
// failure reads the same twice. Nobody in it exists. Start reading at Hospital.
package clinicaltest

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"fovea/clinical"
)

// Zone returns the time zone of the invented hospital.
func Zone() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic("clinicaltest: no time zones on this machine: " + err.Error())
	}
	return zone
}

// Now returns the hour at which the invented hospital's story begins: a
// Monday, ten in the morning in Paris.
func Now() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, Zone()) }

// ID returns the ID that stands for a name, always the same one.
func ID[K any](name string) clinical.ID[K] {
	sum := sha256.Sum256([]byte(name))
	var id clinical.ID[K]
	copy(id[6:], sum[:10])
	binary.BigEndian.PutUint16(id[:2], 0x0195) // some day in 2025
	return id
}

// StudioA is the studio of the invented hospital.
const StudioA clinical.StudioID = "studio-a"

// Hospital returns people, patients, an encounter and a job.
//
// People, by login: paula and piet (photographers of studio-a; paula has the
// job), clara (clinician, dermatology, treats everybody), carl (clinician,
// dermatology, treats nobody), oscar (clinician, surgery), nina (nurse), edith
// and emil (educators), stella (student), greta (governance), adam (admin).
//
// Patients: "adult" (born 1950), "child" (born 2015), "coming-of-age" (18
// tomorrow), "deceased", "vip", "refuses-photography".
func Hospital() clinical.Delta {
	var d clinical.Delta
	for _, p := range []struct {
		login     string
		role      clinical.Role
		specialty clinical.Specialty
	}{
		{"paula", clinical.Photographer, ""},
		{"piet", clinical.Photographer, ""},
		{"clara", clinical.Clinician, "dermatology"},
		{"carl", clinical.Clinician, "dermatology"},
		{"oscar", clinical.Clinician, "surgery"},
		{"nina", clinical.Nurse, ""},
		{"edith", clinical.Educator, "dermatology"},
		{"emil", clinical.Educator, "dermatology"},
		{"stella", clinical.Student, ""},
		{"greta", clinical.Governance, ""},
		{"adam", clinical.Admin, ""},
	} {
		person := clinical.Person{
			ID: ID[clinical.Person](p.login), Login: p.login, Name: "Invented " + p.login, Role: p.role,
			Specialty: p.specialty, Since: Now().AddDate(-1, 0, 0),
		}
		if p.role == clinical.Photographer {
			person.Studios = []clinical.StudioID{StudioA}
		}
		d.People = append(d.People, person)
	}
	for i, p := range []clinical.Patient{
		{Given: "adult", Born: clinical.Date{Year: 1950, Month: 3, Day: 1}},
		{Given: "child", Born: clinical.Date{Year: 2015, Month: 6, Day: 1}},
		{Given: "coming-of-age", Born: clinical.Date{Year: 2008, Month: 11, Day: 24}},
		{Given: "deceased", Born: clinical.Date{Year: 1930, Month: 1, Day: 2}, Deceased: true},
		{Given: "vip", Born: clinical.Date{Year: 1960, Month: 4, Day: 5}, Vip: true, NamedTeam: []clinical.PersonID{ID[clinical.Person]("oscar")}},
		{Given: "refuses-photography", Born: clinical.Date{Year: 1970, Month: 7, Day: 8}, PhotographyRefused: true},
	} {
		p.ID = ID[clinical.Patient](p.Given)
		p.Family = "Invented"
		p.Identifiers = []clinical.Identifier{{System: "hospital", Value: "H" + string(rune('A'+i)) + "000001"}}
		d.Patients = append(d.Patients, p)
		d.Encounters = append(d.Encounters, clinical.Encounter{
			ID: ID[clinical.Encounter](p.Given), Patient: p.ID, Specialty: "dermatology",
			Team: []clinical.PersonID{ID[clinical.Person]("clara")}, Opened: Now().AddDate(0, -1, 0),
		})
		d.Jobs = append(d.Jobs, clinical.Job{
			ID: ID[clinical.Job](p.Given), Number: "J-" + p.Given, Patient: p.ID, Encounter: ID[clinical.Encounter](p.Given),
			Requester: ID[clinical.Person]("clara"), Photographer: ID[clinical.Person]("paula"), Specialty: "dermatology",
			Due: Now(), Status: clinical.JobTaken,
		})
		d.Sessions = append(d.Sessions, clinical.Session{
			ID: ID[clinical.Session](p.Given), Patient: p.ID, Job: ID[clinical.Job](p.Given), Encounter: ID[clinical.Encounter](p.Given),
			Studio: StudioA, Photographer: ID[clinical.Person]("paula"), Specialty: "dermatology", Began: Now().Add(-time.Hour),
			Consent: clinical.PhotographyAgreed,
		})
	}
	return d
}

// Picture returns a filed, classified picture without flags and without
// identifying feature, of a patient of Hospital, taken an hour ago. The
// ordinal is the caller's to give.
func Picture(name, patient string) clinical.Asset {
	sum := sha256.Sum256([]byte(name))
	taken := Now().Add(-time.Hour)
	return clinical.Asset{
		ID: ID[clinical.Asset](name), State: clinical.Filed, Patient: ID[clinical.Patient](patient),
		Session: ID[clinical.Session](patient), Job: ID[clinical.Job](patient), Encounter: ID[clinical.Encounter](patient),
		Studio: StudioA, Specialty: "dermatology",
		Original: clinical.Blob{ID: ID[clinical.Blob](name), Size: int64(len(name)), SHA256: sum, MIME: "image/jpeg"},
		Capture:  clinical.Capture{Local: taken, At: taken, Make: "Invented", Width: 6000, Height: 4000, Orientation: 1},
		Name:     name + ".jpg", Sensitivity: clinical.Plain, NoIdentifyingFeature: true,
		KeptAt: Now().Add(-30 * time.Minute), FiledAt: Now().Add(-30 * time.Minute),
	}
}

// Teaching returns a written consent of a patient of Hospital: teaching, up to
// a class, no identifying feature, on screen and mounted, for today's session.
func Teaching(name, patient string) clinical.Grant {
	return clinical.Grant{
		ID: ID[clinical.Grant](name), Patient: ID[clinical.Patient](patient), Status: clinical.GrantGiven, Mode: clinical.Written,
		Covers: clinical.Cover{Session: ID[clinical.Session](patient)}, Purposes: []clinical.Purpose{clinical.P2},
		Audience: clinical.A3, Level: clinical.I1, Channels: clinical.ViewOnScreen | clinical.Mount,
		ValidFrom: Now().Add(-time.Hour), Capacity: clinical.AdultCapacity, Giver: "the patient",
		RecordedBy: ID[clinical.Person]("paula"), RecordedAt: Now().Add(-time.Hour),
	}
}

// Set returns edith's published set for a class of 40, with stella on its
// roster.
func Set(name string) clinical.TeachingSet {
	edith := ID[clinical.Person]("edith")
	return clinical.TeachingSet{
		ID: ID[clinical.TeachingSet](name), Name: name, Title: name, Purpose: clinical.P2, Audience: clinical.A3, Owner: edith,
		Roster: []clinical.PersonID{ID[clinical.Person]("stella")}, Status: clinical.SetPublished,
		SubmittedBy: edith, PublishedBy: edith, PublishedAt: Now().Add(-10 * time.Minute), NextNumber: 10, CreatedAt: Now().AddDate(0, 0, -1),
	}
}

// Item returns the membership of a picture in a set.
func Item(set, picture string, number int) clinical.SetItem {
	return clinical.SetItem{
		ID: ID[clinical.SetItem](set + "/" + picture), Set: ID[clinical.TeachingSet](set), Asset: ID[clinical.Asset](picture),
		Number: number, Label: "wound", AddedBy: ID[clinical.Person]("edith"), AddedAt: Now().Add(-20 * time.Minute),
	}
}

// Slide returns the teaching rendition of a picture.
func Slide(picture string) clinical.Rendition {
	sum := sha256.Sum256([]byte("slide of " + picture))
	return clinical.Rendition{
		ID: ID[clinical.Rendition]("slide of " + picture), Asset: ID[clinical.Asset](picture), Kind: clinical.Teaching, Recipe: 1,
		Source: ID[clinical.Blob](picture),
		Blob:   clinical.Blob{ID: ID[clinical.Blob]("slide of " + picture), Size: 400_000, SHA256: sum, MIME: "image/jpeg"},
		Width:  2048, Height: 1365, MadeAt: Now().Add(-15 * time.Minute),
	}
}
