package wire

import (
	"time"

	"fovea/clinical"
)

// Cover is which pictures a consent speaks of.
type Cover struct {
	Session     clinical.SessionID `json:"session,omitzero"`
	CourseFrom  time.Time          `json:"courseFrom,omitzero"`
	CourseUntil time.Time          `json:"courseUntil,omitzero"`
	Lesion      clinical.LesionID  `json:"lesion,omitzero"`
	Assets      []clinical.AssetID `json:"assets,omitempty" maxItems:"10000"`
	All         bool               `json:"all,omitempty" doc:"legacy import only"`
}

// Purpose is a purpose in a list. It is a struct because a list of bytes would
// be described, and demanded, as one base64 string.
type Purpose struct{ clinical.Purpose }

func toPurposes(all []clinical.Purpose) []Purpose {
	out := make([]Purpose, 0, len(all))
	for _, p := range all {
		out = append(out, Purpose{p})
	}
	return out
}

func purposes(all []Purpose) []clinical.Purpose {
	out := make([]clinical.Purpose, 0, len(all))
	for _, p := range all {
		out = append(out, p.Purpose)
	}
	return out
}

// Written is what stands on a form beside what is allowed, whoever typed it and
// however it came.
type Written struct {
	Covers           Cover             `json:"covers,omitzero"`
	IntimateBeyondA2 bool              `json:"intimateBeyondA2,omitempty"`
	NamedUse         string            `json:"namedUse,omitempty" maxLength:"500" doc:"P4, or a form of level 3: the one use"`
	ValidFrom        time.Time         `json:"validFrom,omitzero"`
	Expires          clinical.Date     `json:"expires,omitzero"`
	ReviewAt         clinical.Date     `json:"reviewAt,omitzero"`
	Capacity         clinical.Capacity `json:"capacity" enum:"adult,parental,mature-minor,best-interest,deceased"`
	Temporary        bool              `json:"temporary,omitempty" doc:"best interest: the patient is asked on recovery"`
	Giver            string            `json:"giver,omitempty" maxLength:"200"`
	Relationship     string            `json:"relationship,omitempty" maxLength:"100"`
	SecondGiver      string            `json:"secondGiver,omitempty" maxLength:"200" doc:"the other holder of parental responsibility"`
	Assent           clinical.Assent   `json:"assent,omitempty" enum:"assent,dissent"`
	Witness          string            `json:"witness,omitempty" maxLength:"200"`
	Interpreter      string            `json:"interpreter,omitempty" maxLength:"200"`
	Language         string            `json:"language,omitempty" maxLength:"35"`
	TakenBeforePhoto bool              `json:"takenBeforePhoto,omitempty"`
	ImagesShown      bool              `json:"imagesShown,omitempty" doc:"the patient saw the pictures; publication needs it"`
	CopyGiven        bool              `json:"copyGiven,omitempty"`
	Supersedes       clinical.GrantID  `json:"supersedes,omitzero" doc:"the consent that this one replaces; of a form, its first"`
}

// toWritten converts for the wire.
func toWritten(g clinical.Grant) Written {
	return Written{
		Covers: Cover(g.Covers), IntimateBeyondA2: g.IntimateBeyondA2, NamedUse: g.NamedUse, ValidFrom: g.ValidFrom, Expires: g.Expires,
		ReviewAt: g.ReviewAt, Capacity: g.Capacity, Temporary: g.Temporary, Giver: g.Giver, Relationship: g.Relationship, SecondGiver: g.SecondGiver,
		Assent: g.Assent, Witness: g.Witness, Interpreter: g.Interpreter, Language: g.Language, TakenBeforePhoto: g.TakenBeforePhoto,
		ImagesShown: g.ImagesShown, CopyGiven: g.CopyGiven, Supersedes: g.Supersedes,
	}
}

// onto writes it into a consent, but for its named use, which is a level's own,
// and for what it replaces.
func (w Written) onto(g *clinical.Grant) {
	g.Covers, g.IntimateBeyondA2 = clinical.Cover(w.Covers), w.IntimateBeyondA2
	g.ValidFrom, g.Expires, g.ReviewAt = w.ValidFrom, w.Expires, w.ReviewAt
	g.Capacity, g.Temporary, g.Giver, g.Relationship, g.SecondGiver = w.Capacity, w.Temporary, w.Giver, w.Relationship, w.SecondGiver
	g.Assent, g.Witness, g.Interpreter, g.Language = w.Assent, w.Witness, w.Interpreter, w.Language
	g.TakenBeforePhoto, g.ImagesShown, g.CopyGiven = w.TakenBeforePhoto, w.ImagesShown, w.CopyGiven
}

// Grant is one consent: what a patient allowed or refused.
type Grant struct {
	ID               clinical.GrantID         `json:"id,omitzero"`
	Rev              uint64                   `json:"rev,omitempty"`
	Status           clinical.GrantStatus     `json:"status" enum:"requested,pending,given,refused,withdrawn,superseded,entered-in-error"`
	Mode             clinical.Mode            `json:"mode" enum:"written,electronic,verbal,implied"`
	Purposes         []Purpose                `json:"purposes" maxItems:"16" doc:"P0 … P7"`
	Audience         clinical.Audience        `json:"audience" doc:"largest audience, A0 … A6"`
	Level            clinical.Identifiability `json:"identifiability" doc:"most that may be recognised: I0, I1 or I2"`
	Channels         clinical.Channel         `json:"channels" doc:"view,mount,download,print,online"`
	Study            string                   `json:"study,omitempty" maxLength:"200" doc:"P3: the study's ID"`
	Ethics           string                   `json:"ethics,omitempty" maxLength:"200" doc:"P3: the ethics committee's reference"`
	FormVersion      string                   `json:"formVersion,omitempty" maxLength:"80"`
	Form             bool                     `json:"form,omitempty" doc:"the scan of its paper form is kept"`
	RecordedBy       clinical.PersonID        `json:"recordedBy,omitzero"`
	RecordedAt       time.Time                `json:"recordedAt,omitzero"`
	WithdrawnAt      time.Time                `json:"withdrawnAt,omitzero"`
	WithdrawnBy      clinical.PersonID        `json:"withdrawnBy,omitzero" doc:"absent where the patient did it by code"`
	WithdrawalReason string                   `json:"withdrawalReason,omitempty"`
	Written
}

// ToGrant converts for the wire.
func ToGrant(g clinical.Grant) Grant {
	return Grant{
		ID: g.ID, Rev: g.Rev, Status: g.Status, Mode: g.Mode, Purposes: toPurposes(g.Purposes), Audience: g.Audience, Level: g.Level,
		Channels: g.Channels, Study: g.Study, Ethics: g.Ethics, FormVersion: g.FormVersion, Form: !g.FormBlob.IsZero(), RecordedBy: g.RecordedBy,
		RecordedAt: g.RecordedAt, WithdrawnAt: g.WithdrawnAt, WithdrawnBy: g.WithdrawnBy, WithdrawalReason: g.WithdrawalReason, Written: toWritten(g),
	}
}

// Clinical converts from the wire for patient.
func (g Grant) Clinical(patient clinical.PatientID) clinical.Grant {
	out := clinical.Grant{
		ID: g.ID, Patient: patient, Status: g.Status, Mode: g.Mode, Purposes: purposes(g.Purposes), Audience: g.Audience, Level: g.Level,
		Channels: g.Channels, Study: g.Study, Ethics: g.Ethics, FormVersion: g.FormVersion, NamedUse: g.NamedUse, Supersedes: g.Supersedes,
	}
	g.onto(&out)
	return out
}

// Set is a teaching set.
type Set struct {
	ID        clinical.SetID      `json:"id,omitzero"`
	Rev       uint64              `json:"rev,omitempty"`
	Name      string              `json:"name" minLength:"1" maxLength:"120" doc:"folder name on the drive"`
	Title     string              `json:"title,omitempty" maxLength:"200"`
	Purpose   clinical.Purpose    `json:"purpose" doc:"P2 for teaching"`
	Audience  clinical.Audience   `json:"audience" doc:"the largest it will be shown to"`
	Owner     clinical.PersonID   `json:"owner,omitzero"`
	Specialty clinical.Specialty  `json:"specialty,omitempty"`
	Roster    []clinical.PersonID `json:"roster,omitempty" maxItems:"5000"`
	Cohorts   []Cohort            `json:"cohorts,omitempty" maxItems:"200" doc:"readers for a term"`
	From      clinical.Date       `json:"from,omitzero"`
	Until     clinical.Date       `json:"until,omitzero"`
	Watermark *bool               `json:"watermark,omitempty" doc:"whether what leaves by drives is marked with whose drive it is; absent: yes"`
	Status    clinical.SetStatus  `json:"status,omitempty"`
	Path      string              `json:"path,omitempty" doc:"where it is mounted"`
}

// ToSet converts for the wire.
func ToSet(s clinical.TeachingSet) Set {
	out := Set{
		ID: s.ID, Rev: s.Rev, Name: s.Name, Title: s.Title, Purpose: s.Purpose, Audience: s.Audience, Owner: s.Owner,
		Specialty: s.Specialty, Roster: s.Roster, From: s.From, Until: s.Until, Status: s.Status, Watermark: &s.Watermark,
		Path: "/dav/teaching/" + s.Name + "/",
	}
	for _, c := range s.Cohorts {
		out.Cohorts = append(out.Cohorts, Cohort(c))
	}
	return out
}

// Clinical converts from the wire.
func (s Set) Clinical() clinical.TeachingSet {
	out := clinical.TeachingSet{
		ID: s.ID, Rev: s.Rev, Name: s.Name, Title: s.Title, Purpose: s.Purpose, Audience: s.Audience, Owner: s.Owner,
		Specialty: s.Specialty, Roster: s.Roster, From: s.From, Until: s.Until,
		Watermark: s.Watermark == nil || *s.Watermark,
	}
	for _, c := range s.Cohorts {
		out.Cohorts = append(out.Cohorts, clinical.Cohort(c))
	}
	return out
}

// Cohort is a group of readers who share a term, such as a year of students.
type Cohort struct {
	Name   string              `json:"name" minLength:"1" maxLength:"100"`
	From   clinical.Date       `json:"from,omitzero" doc:"first day; absent: as soon as the set is open"`
	Until  clinical.Date       `json:"until,omitzero" doc:"last day; absent: as long as the set is open"`
	People []clinical.PersonID `json:"people" maxItems:"5000"`
}

// Item is one picture of a set and whether its readers see it.
type Item struct {
	ID       clinical.ItemID  `json:"id"`
	Asset    clinical.AssetID `json:"asset,omitzero"`
	Number   int              `json:"number"`
	Label    string           `json:"label"`
	Admitted bool             `json:"admitted"`
	Rule     string           `json:"rule,omitempty"`
	Reason   clinical.Reason  `json:"reason,omitempty"`
	Words    string           `json:"words,omitempty" doc:"why not, in plain words"`
	Gone     bool             `json:"withdrawn,omitempty"`
}

// ToItem converts for the wire.
func ToItem(r clinical.ItemReport) Item {
	return Item{
		ID: r.Item.ID, Asset: r.Item.Asset, Number: r.Item.Number, Label: r.Item.Label, Admitted: r.Decision.Permit,
		Rule: r.Decision.Rule, Reason: r.Decision.Reason, Words: r.Words, Gone: r.Withdrawn,
	}
}

// SetPage is a set with the reason for every item.
type SetPage struct {
	Set      Set            `json:"set"`
	Admitted int            `json:"admitted"`
	Hidden   int            `json:"hidden"`
	Reasons  map[string]int `json:"reasons" doc:"how many are hidden, by reason"`
	Items    []Item         `json:"items"`
}

// Hits is what a search found, inside what the caller may see.
type Hits struct {
	Total  int              `json:"total"`
	Items  []Asset          `json:"items"`
	Facets map[string][]Bin `json:"facets,omitempty"`
	Next   string           `json:"next,omitempty"`
}

// Bin is one value of a facet.
type Bin struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// ToHits converts for the wire.
func ToHits(f clinical.Found, shown []clinical.Shown) Hits {
	out := Hits{Total: f.Total, Items: ToAssets(shown), Facets: map[string][]Bin{}}
	for _, fc := range f.Facets {
		bins := []Bin{}
		for _, v := range fc.Values {
			bins = append(bins, Bin(v))
		}
		out.Facets[fc.Name] = bins
	}
	return out
}
