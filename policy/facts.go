package policy

import (
	"math"
	"slices"
	"time"

	"fovea/clinical"
)

// picture is what policy knows of one asset. A vault holds many, so it is
// small: what frames of one sitting share is in frame, once.
type picture struct {
	id       clinical.AssetID
	rev      uint64
	captured int64 // Unix nanoseconds; unknown when not stated
	filed    int64 // the same, of filing, else of keeping
	frame    *frame
	ordinal  uint32
	edit     uint16 // number of the version it is shown in
	thumb    bool   // a 256 px rendition is there
}

// unknown is the instant of what has none.
const unknown = math.MinInt64

func nanos(t time.Time) int64 {
	if y := t.Year(); t.IsZero() || y < 1700 || y > 2250 {
		return unknown
	}
	return t.UnixNano()
}

func instant(n int64) time.Time {
	if n == unknown {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// frame is what decides on a picture apart from its own instant and number.
// Two pictures with the same frame differ to policy only by what names them.
// It is comparable: subjects holds the 16-byte IDs end to end.
type frame struct {
	patient     clinical.PatientID
	session     clinical.SessionID
	job         clinical.JobID
	encounter   clinical.EncounterID
	lesion      clinical.LesionID
	run         clinical.RunID
	subjects    string
	studio      clinical.StudioID
	specialty   clinical.Specialty
	state       clinical.AssetState
	sensitivity clinical.Sensitivity
	noFeature   bool
	idShot      bool
	form        bool
	moving      bool                     // a video
	masked      bool                     // the version it is shown in has masks
	cleared     clinical.Identifiability // of the flattened copy; zero: none may be shown
}

func frameOf(a *clinical.Asset) frame {
	f := frame{
		patient: a.Patient, session: a.Session, job: a.Job, encounter: a.Encounter, lesion: a.Lesion, run: a.Run,
		studio: a.Studio, specialty: a.Specialty, state: a.State, sensitivity: a.Sensitivity,
		noFeature: a.NoIdentifyingFeature, idShot: a.IDShot, form: a.Form, moving: moving(a), masked: a.Edit > 0 && a.Masked,
	}
	const known = clinical.Known | clinical.Face | clinical.Intimate | clinical.Safeguarding | clinical.VIP
	if f.sensitivity&^known != 0 { // a flag that nobody thought of here: as if nobody had looked
		f.sensitivity, f.noFeature = f.sensitivity&known&^clinical.Known, false
	}
	if a.Edit > 0 && (a.Cleared == clinical.I1 || a.Cleared == clinical.I2) && f.sensitivity.Has(clinical.Known) && !a.IDShot && !a.Form && !f.moving {
		f.cleared = a.Cleared
	}
	if len(a.Subjects) > 0 {
		b := make([]byte, 0, 16*len(a.Subjects))
		for _, s := range a.Subjects {
			b = append(b, s[:]...)
		}
		f.subjects = string(b)
	}
	return f
}

func (f *frame) eachSubject(do func(clinical.PatientID)) {
	for i := 0; i+16 <= len(f.subjects); i += 16 {
		do(clinical.PatientID([]byte(f.subjects[i : i+16])))
	}
}

// level is how far the pixels identify, as the vocabulary has it.
func (f *frame) level() clinical.Identifiability {
	return clinical.Asset{Sensitivity: f.sensitivity, NoIdentifyingFeature: f.noFeature, IDShot: f.idShot}.Identifiability()
}

// grant is a consent with the instants its dates stand for at the site.
type grant struct {
	clinical.Grant
	ends   time.Time // zero: no end
	review time.Time // zero: none
	single bool      // speaks of some pictures of a sitting and not of others
}

func newGrant(g clinical.Grant, zone *time.Location) *grant {
	return &grant{
		Grant: g, ends: g.Expires.End(zone), review: g.ReviewAt.Start(zone),
		single: len(g.Covers.Assets) > 0 || !g.Covers.CourseUntil.IsZero(),
	}
}

// covers is clinical.Cover.Includes on the facts alone, but for one thing: a
// course never covers a picture whose instant is not known.
func (g *grant) covers(p *picture) bool {
	c, f := &g.Covers, p.frame
	switch {
	case c.All, !c.Session.IsZero() && c.Session == f.session, !c.Lesion.IsZero() && c.Lesion == f.lesion:
		return true
	case slices.Contains(c.Assets, p.id):
		return true
	case c.CourseUntil.IsZero() || p.captured == unknown:
		return false
	default:
		at := instant(p.captured)
		return !at.Before(c.CourseFrom) && at.Before(c.CourseUntil)
	}
}

// shard is one patient's part of the snapshot. It is immutable once the edit
// that made it has ended.
type shard struct {
	by *token
	id clinical.PatientID
	// version moves whenever a decision on a picture already here may have
	// changed; a further picture does not move it.
	version uint64
	changed time.Time // when version last moved

	patient    *clinical.Patient // nil: not known
	adult      time.Time         // 18th birthday; zero: not known
	pictures   []*picture
	frames     []*frame
	encounters []*clinical.Encounter
	jobs       []*clinical.Job
	sessions   []*clinical.Session
	lesions    []*clinical.Lesion
	grants     []*grant
	holds      []*clinical.Hold // those on the whole patient
	consults   []*clinical.Task // what the family of somebody who died was asked
	aliases    []clinical.PatientID
	hosts      []clinical.PatientID // owners of pictures that show this patient too
}

// alive reports whether the patient is known and was not erased.
func (s *shard) alive() bool { return s.patient != nil && s.patient.Erased.IsZero() }

// own returns s, or a copy of it that the edit may write to.
func (s *shard) own(by *token) *shard {
	if s.by == by {
		return s
	}
	c := *s
	c.by = by
	c.pictures, c.frames = slices.Clip(s.pictures), slices.Clip(s.frames)
	c.encounters, c.jobs, c.sessions = slices.Clip(s.encounters), slices.Clip(s.jobs), slices.Clip(s.sessions)
	c.lesions = slices.Clip(s.lesions)
	c.grants, c.holds, c.consults = slices.Clip(s.grants), slices.Clip(s.holds), slices.Clip(s.consults)
	c.aliases, c.hosts = slices.Clip(s.aliases), slices.Clip(s.hosts)
	return &c
}

// intern returns the shard's one copy of f.
func (s *shard) intern(f frame) *frame {
	for i := len(s.frames) - 1; i >= 0; i-- {
		if *s.frames[i] == f {
			return s.frames[i]
		}
	}
	s.frames = append(s.frames, &f)
	return &f
}

// sweep forgets frames that no picture has any more, once they outnumber the
// pictures.
func (s *shard) sweep() {
	if len(s.frames) <= len(s.pictures)+8 {
		return
	}
	used := make(map[*frame]bool, len(s.pictures))
	for _, p := range s.pictures {
		used[p.frame] = true
	}
	s.frames = slices.DeleteFunc(slices.Clone(s.frames), func(f *frame) bool { return !used[f] })
}

// put replaces the record that same finds, or appends; the old list is left
// as it is.
func put[T any](list []*T, v *T, same func(*T) bool) []*T {
	i := slices.IndexFunc(list, same)
	if i < 0 {
		return append(list, v)
	}
	list = slices.Clone(list)
	list[i] = v
	return list
}

// drop takes out the record that same finds; the old list is left as it is.
func drop[T any](list []*T, same func(*T) bool) []*T {
	return slices.DeleteFunc(slices.Clone(list), same)
}

// set is a teaching set with its items in the owner's order.
type set struct {
	clinical.TeachingSet
	items   []*item
	version uint64
	changed time.Time
}

// marks reports whether what leaves by a channel is marked with whose it is.
func marks(s *set, ch clinical.Channel) bool { return s.Watermark && ch == clinical.Mount }

// item is one membership, and the files it may be on a drive, each once it is
// made: the picture, and its flattened copy.
type item struct {
	clinical.SetItem
	plain, flat *file
}

// file is what an item is on a drive, and how many bytes of it a reader gets
// whose copies are marked.
type file struct {
	clinical.Entry
	room int64
}

// as returns the file that a rendition is, with the length that it has for a
// reader; not while it is not made, nor where a mark is owed that it cannot carry.
func (i *item) as(k clinical.RenditionKind, marked bool) (clinical.Entry, bool) {
	f := i.plain
	if k == clinical.Masked {
		f = i.flat
	}
	if f == nil || marked && f.room == 0 {
		return clinical.Entry{}, false
	}
	e := f.Entry
	if marked {
		e.Size = f.room
	}
	return e, true
}

// slide is what a picture is shown by on a drive: its teaching rendition, or the
// flattened copy of the same size. Its record outlives its bytes.
type slide struct {
	blob     clinical.BlobID
	rev      uint64
	edit     uint16
	size     int64
	room     int64 // of its marked copies; 0: it cannot be marked
	width    int
	height   int
	etag     string
	mime     string
	modified time.Time
}
