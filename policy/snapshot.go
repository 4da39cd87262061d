package policy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"fovea/clinical"
)

// Site is what a hospital sets once: its zone and its limits.
type Site struct {
	Zone   *time.Location // nil: UTC
	Limits Limits
	Roles  Roles // entries that differ from DefaultRoles
	// ETagKey keys the strong ETags of what is served; it does not rotate.
	ETagKey [32]byte
	// Retention is how long pictures are kept; empty: nothing falls due.
	Retention Schedule
}

// Limits are the numbers of the rules that a site may set.
type Limits struct {
	// JobDays is how many days after filing a photographer keeps the pictures
	// of a job in sight; 0: 30.
	JobDays int
	// VerbalTeaching lets a witnessed verbal consent cover teaching.
	VerbalTeaching bool
	// SmallGroup and Cohort are the sizes of the audiences A2 and A3;
	// 0: 12 and 40.
	SmallGroup, Cohort int
	// EndingDays is how long before its end a consent is said to end; 0: 30.
	EndingDays int
	// GlassPerWeek is how many times a week somebody breaks the glass before
	// governance is alerted; 0: 5.
	GlassPerWeek int
	// TaskDays is how many days somebody has for what they are asked to do;
	// 0: 14.
	TaskDays int
	// BothParents asks both holders of parental responsibility for anything
	// beyond care; an authority, a court and a sole holder speak alone.
	BothParents bool
	// QuietSafeguarding leaves safeguarding pictures out of what a patient's
	// page says exists.
	QuietSafeguarding bool
}

func (l Limits) filled() Limits {
	for _, d := range []struct {
		field *int
		value int
	}{{&l.JobDays, 30}, {&l.SmallGroup, 12}, {&l.Cohort, 40}, {&l.EndingDays, 30}, {&l.GlassPerWeek, 5}, {&l.TaskDays, 14}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return l
}

// Snapshot is everything policy knows at one moment. It never changes: With
// returns the next one, which shares what did not change.
type Snapshot struct {
	site    Site
	rules   *[ruleCount]rule      // the table, and
	steps   *[stepCount]condition // what it asks of each consent
	edition uint64                // counts edits
	seq     uint64                // every journal entry up to here is in

	people table[clinical.PersonID, *clinical.Person]
	logins map[string]clinical.PersonID

	shards   table[clinical.PatientID, *shard]
	pictures table[clinical.AssetID, *picture]
	ordinals row[*picture]

	encounters table[clinical.EncounterID, *clinical.Encounter]
	jobs       table[clinical.JobID, *clinical.Job]
	sessions   table[clinical.SessionID, *clinical.Session]
	lesions    table[clinical.LesionID, *clinical.Lesion]
	runs       table[clinical.RunID, *clinical.Run]
	grants     table[clinical.GrantID, *grant]
	renewed    table[clinical.GrantID, []clinical.GrantID] // what took a consent's place
	holds      table[clinical.HoldID, *clinical.Hold]
	pinned     table[clinical.AssetID, []*clinical.Hold] // holds on single pictures
	releases   table[clinical.ReleaseID, *clinical.Release]
	released   table[clinical.AssetID, []*clinical.Release]

	sets    table[clinical.SetID, *set]
	members table[clinical.AssetID, []clinical.SetID]
	slides  table[clinical.AssetID, *slide] // teaching renditions
	flats   table[clinical.AssetID, *slide] // flattened copies, each of the version that it says

	tasks      table[clinical.TaskID, *clinical.Task]
	recalls    table[clinical.RecallID, *clinical.Recall]
	unsettled  []clinical.RecallID // on their way
	codes      table[clinical.CodeID, *clinical.PatientCode]
	secrets    table[hashKey, clinical.CodeID]
	tickets    table[clinical.BreakGlassID, *clinical.BreakGlass]
	glasses    table[clinical.PersonID, []*clinical.BreakGlass] // tickets of a person, open and over
	erasures   table[clinical.ErasureID, *clinical.Erasure]
	undone     []clinical.ErasureID                           // decided, and the keys not known to be destroyed
	retentions table[clinical.PatientID, *clinical.Retention] // the latest review

	landings table[clinical.LandingID, landed]
	arrived  map[clinical.StudioID]arrived
}

// landed is what must be known of a receipt to count it once.
type landed struct {
	rev     uint64
	outcome clinical.Outcome
}

// arrived is what a studio's receipts add up to.
type arrived struct {
	counts clinical.LandingCounts
	recent []clinical.Landing // newest first
}

// NewSnapshot returns the snapshot of an empty vault.
func NewSnapshot(site Site) *Snapshot {
	if site.Zone == nil {
		site.Zone = time.UTC
	}
	site.Limits, site.Roles = site.Limits.filled(), site.Roles.filled()
	table, consents := rules(), steps()
	return &Snapshot{site: site, rules: &table, steps: &consents}
}

// With returns the snapshot after a change that happened at the given instant.
// It is idempotent: a record that is known in this or a newer Rev is passed
// over. The receiver stays as it is.
func (s *Snapshot) With(at time.Time, d clinical.Delta) *Snapshot {
	next, _ := s.with(at, d)
	return next
}

// withSeq returns a snapshot that knows it is complete up to seq.
func (s *Snapshot) withSeq(seq uint64) *Snapshot {
	if seq <= s.seq {
		return s
	}
	next := *s
	next.seq = seq
	return &next
}

// shard returns a patient's part; an unknown patient has an empty one.
func (s *Snapshot) shard(id clinical.PatientID) *shard {
	if sh, ok := s.shards.get(id); ok {
		return sh
	}
	return &shard{id: id}
}

// root follows merges to the record that stands for the patient.
func (s *Snapshot) root(id clinical.PatientID) clinical.PatientID {
	for range 16 {
		sh, ok := s.shards.get(id)
		if !ok || sh.patient == nil || sh.patient.MergedInto.IsZero() {
			return id
		}
		id = sh.patient.MergedInto
	}
	return id
}

// family returns every record that stands for the same patient as id, the
// root first.
func (s *Snapshot) family(id clinical.PatientID) []clinical.PatientID {
	out := []clinical.PatientID{s.root(id)}
	for i := 0; i < len(out); i++ {
		for _, a := range s.shard(out[i]).aliases {
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	if !slices.Contains(out, id) { // a circle of merges: keep to the record itself
		out = append(out, id)
	}
	return out
}

// subject returns all that is recorded of the person behind id: their own
// shard, or where records were merged the union of them. What one record
// refuses, the union refuses.
func (s *Snapshot) subject(id clinical.PatientID) *shard {
	own := s.shard(id)
	if len(own.aliases) == 0 && (own.patient == nil || own.patient.MergedInto.IsZero()) {
		return own
	}
	all := &shard{id: id}
	for _, id := range s.family(id) {
		sh := s.shard(id)
		all.version = max(all.version, sh.version)
		if sh.changed.After(all.changed) {
			all.changed = sh.changed
		}
		all.encounters = append(all.encounters, sh.encounters...)
		all.jobs = append(all.jobs, sh.jobs...)
		all.sessions = append(all.sessions, sh.sessions...)
		all.lesions = append(all.lesions, sh.lesions...)
		all.grants = append(all.grants, sh.grants...)
		all.holds = append(all.holds, sh.holds...)
		all.consults = append(all.consults, sh.consults...)
		if sh.patient == nil {
			continue
		}
		if all.patient == nil {
			p := *sh.patient
			p.NamedTeam = slices.Clone(p.NamedTeam)
			all.patient, all.adult = &p, sh.adult
			continue
		}
		if !all.adult.IsZero() && sh.adult.After(all.adult) { // two birth dates: a child for as long as either says so
			all.patient.Born, all.adult = sh.patient.Born, sh.adult
		}
		all.patient.Vip = all.patient.Vip || sh.patient.Vip
		all.patient.Deceased = all.patient.Deceased || sh.patient.Deceased
		all.patient.PhotographyRefused = all.patient.PhotographyRefused || sh.patient.PhotographyRefused
		all.patient.NamedTeam = append(all.patient.NamedTeam, sh.patient.NamedTeam...)
	}
	return all
}

// samePatient reports whether two records stand for one person.
func (s *Snapshot) samePatient(a, b clinical.PatientID) bool {
	return a == b || s.root(a) == s.root(b)
}

// etag is the strong ETag of bytes with this hash: the same across restarts
// and re-encryption, and no hash that somebody outside could compare.
func (s *Snapshot) etag(sha [32]byte) string {
	mac := hmac.New(sha256.New, s.site.ETagKey[:])
	mac.Write(sha[:])
	mac.Write([]byte{0}) // one rendition; the drive makes the tags of its marked copies from this one
	return `"` + hex.EncodeToString(mac.Sum(nil)) + `"`
}
