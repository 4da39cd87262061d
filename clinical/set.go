package clinical

import (
	"slices"
	"time"
)

// TeachingSet is a named collection with a purpose, an audience and dates.
type TeachingSet struct {
	ID        SetID
	Rev       uint64
	Name      string // folder name on the mount: safe on Windows, unique ignoring case
	Title     string
	Purpose   Purpose
	Audience  Audience // the largest it will be shown to
	Owner     PersonID
	Specialty Specialty `json:",omitempty"`
	Roster    []PersonID
	From      Date `json:",omitzero"`
	Until     Date `json:",omitzero"` // last day; zero: no end
	Status    SetStatus
	// SubmittedBy and PublishedBy differ where a second person is required.
	// A set waits for that person while SubmittedAt is after PublishedAt.
	SubmittedBy PersonID  `json:",omitzero"`
	SubmittedAt time.Time `json:",omitzero"`
	PublishedBy PersonID  `json:",omitzero"`
	PublishedAt time.Time `json:",omitzero"`
	// NextNumber is the number the next item gets; it grows in irregular steps.
	NextNumber int
	CreatedAt  time.Time
}

// SetStatus is how far a set has come. The zero status is a draft.
type SetStatus string

// The statuses of a set.
const (
	SetDraft     SetStatus = ""
	SetSubmitted SetStatus = "submitted"
	SetPublished SetStatus = "published"
	SetClosed    SetStatus = "closed"
)

// OpenAt reports whether the set is published and within its dates at t.
func (s TeachingSet) OpenAt(t time.Time, zone *time.Location) bool {
	if s.Status != SetPublished {
		return false
	}
	if !s.From.IsZero() && t.Before(s.From.Start(zone)) {
		return false
	}
	return s.Until.IsZero() || t.Before(s.Until.End(zone))
}

// Reaches reports whether p is the owner or on the roster.
func (s TeachingSet) Reaches(p PersonID) bool {
	return !p.IsZero() && (s.Owner == p || slices.Contains(s.Roster, p))
}

// SetItem is the membership of an asset in a set. Number and Label never
// change: they make the stable file name NNNNNN-Label.jpg.
type SetItem struct {
	ID      ItemID
	Rev     uint64
	Set     SetID
	Asset   AssetID
	Number  int
	Label   string // at most 60 bytes, NFC, safe on Windows, no patient
	Caption string `json:",omitempty"`
	AddedBy PersonID
	AddedAt time.Time
	Removed bool `json:",omitempty"`
}

// Release is a way out other than a set: subject access, court, print, journal,
// conference, delivery to the patient record.
type Release struct {
	ID        ReleaseID
	Rev       uint64
	Kind      string // subject-access, solicitor, police, court, print, journal, conference, epr
	Authority string
	Recipient string
	Assets    []AssetID
	Rendition RenditionKind
	Format    string
	UseBy     Date `json:",omitzero"`
	By        PersonID
	At        time.Time
	Delivered time.Time `json:",omitzero"`
}
