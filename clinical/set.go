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
	Specialty Specialty  `json:",omitempty"`
	Roster    []PersonID // readers as long as the set is open
	Cohorts   []Cohort   `json:",omitempty"` // readers for a term
	From      Date       `json:",omitzero"`
	Until     Date       `json:",omitzero"` // last day; zero: no end
	Status    SetStatus
	// Watermark has every picture that leaves by a mounted drive carry a mark of
	// whose drive it was.
	Watermark bool `json:",omitempty"`
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

// Reaches reports whether p is the owner or on the roster, in whatever term.
func (s TeachingSet) Reaches(p PersonID) bool {
	return !p.IsZero() && (s.Owner == p || slices.Contains(s.Roster, p) ||
		slices.ContainsFunc(s.Cohorts, func(c Cohort) bool { return slices.Contains(c.People, p) }))
}

// Cohort is a group of readers who share a term, such as a year of students.
type Cohort struct {
	Name   string
	From   Date `json:",omitzero"` // first day; zero: as soon as the set is open
	Until  Date `json:",omitzero"` // last day; zero: as long as the set is open
	People []PersonID
}

// Readers returns everybody on the roster and in the cohorts, each once, the
// owner not among them unless named.
func (s TeachingSet) Readers() []PersonID {
	out := slices.Clone(s.Roster)
	for _, c := range s.Cohorts {
		for _, p := range c.People {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
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
