package testenv

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/vault"
)

// perPatient is how many pictures of a Lecture show one patient.
const perPatient = 20

// Lecture is a number of teaching pictures of many patients, each of whom has consented on their own.
type Lecture struct {
	tb       testing.TB
	vault    *vault.Vault
	pictures int
}

// NewLecture keeps n pictures in a vault that has clinicaltest's hospital. content gives the bytes of the teaching
// rendition of a picture.
func NewLecture(tb testing.TB, v *vault.Vault, n int, content func(nth int) []byte) *Lecture {
	tb.Helper()
	l := &Lecture{tb: tb, vault: v}
	for l.pictures < n {
		l.keep(min(n-l.pictures, 1000), content)
	}
	return l
}

// Picture is the name of a picture, for clinicaltest.ID.
func (l *Lecture) Picture(nth int) string { return fmt.Sprintf("lecture.%05d", nth) }

// Patient is the name of the patient whom a picture shows.
func (l *Lecture) Patient(nth int) string { return fmt.Sprintf("of-lecture.%05d", nth/perPatient) }

// keep keeps so many more pictures.
func (l *Lecture) keep(more int, content func(nth int) []byte) {
	l.tb.Helper()
	var d clinical.Delta
	from := l.pictures
	for nth := from; nth < from+more; nth++ {
		name, of := l.Picture(nth), l.Patient(nth)
		patient := clinicaltest.ID[clinical.Patient](of)
		if nth%perPatient == 0 {
			d.Patients = append(d.Patients, clinical.Patient{ID: patient, Family: of, Given: "Invented", Born: clinical.Date{Year: 1950, Month: 1, Day: 1}})
			d.Sessions = append(d.Sessions, clinical.Session{ID: clinicaltest.ID[clinical.Session](of), Patient: patient, Studio: clinicaltest.StudioA})
			d.Grants = append(d.Grants, clinicaltest.Teaching("consent of "+of, of))
		}
		a := clinicaltest.Picture(name, of)
		a.Job, a.Encounter, a.Original = clinical.JobID{}, clinical.EncounterID{}, clinical.Blob{}
		d.Assets = append(d.Assets, a)
	}
	l.commit(d)
	l.pictures += more
	for nth := from; nth < from+more; nth++ {
		l.put(nth, content(nth))
	}
}

func (l *Lecture) put(nth int, content []byte) {
	l.tb.Helper()
	r := clinicaltest.Slide(l.Picture(nth))
	r.Patient, r.Source = clinicaltest.ID[clinical.Patient](l.Patient(nth)), clinical.BlobID{}
	owner := clinical.Owner{Patient: r.Patient, Asset: r.Asset, Studio: clinicaltest.StudioA}
	_, err := l.vault.Put(l.tb.Context(), owner, bytes.NewReader(content), func(blob clinical.Blob) (clinical.Change, error) {
		blob.MIME = "image/jpeg"
		r.Blob = blob
		return clinical.Change{Event: filling(), Delta: clinical.Delta{Renditions: []clinical.Rendition{r}}}, nil
	})
	if err != nil {
		l.tb.Fatal(err)
	}
}

// Publish publishes a set of the first n pictures, which stella may mount.
func (l *Lecture) Publish(name string, n int) clinical.SetID {
	l.tb.Helper()
	set := clinicaltest.Set(name)
	set.NextNumber = n + 1
	l.commit(clinical.Delta{Sets: []clinical.TeachingSet{set}})
	items := make([]clinical.SetItem, n)
	for nth := range items {
		items[nth] = clinicaltest.Item(name, l.Picture(nth), nth+1)
	}
	for part := range slices.Chunk(items, 1000) {
		l.commit(clinical.Delta{Items: part})
	}
	return set.ID
}

func (l *Lecture) commit(d clinical.Delta) {
	l.tb.Helper()
	if _, err := l.vault.Commit(l.tb.Context(), clinical.Change{Event: filling(), Delta: d}); err != nil {
		l.tb.Fatal(err)
	}
}

func filling() clinical.Event {
	return clinical.Event{At: clinicaltest.Now(), Act: clinical.ActInit, Caller: clinical.Caller{Door: clinical.DoorIngest}}
}
